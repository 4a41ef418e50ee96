package web

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// week is the order in which people read days here, Monday first.
var week = []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday, time.Sunday}

// hourFacts writes opening hours, a line a day; nothing for a place that is always open.
func hourFacts(l locale.Locale, h place.Hours) []view.Fact {
	if h.Always() {
		return nil
	}
	var facts []view.Fact
	for _, day := range week {
		var spans []string
		for _, s := range h.Days[day] {
			spans = append(spans, l.T("hours.span", "from", clockOf(l, s.From), "to", clockOf(l, s.To)))
		}
		text := l.T("hours.closed")
		if len(spans) > 0 {
			text = strings.Join(spans, ", ")
		}
		facts = append(facts, view.Fact{Term: dayName(l, day), Text: text})
	}
	return facts
}

func dayName(l locale.Locale, d time.Weekday) string {
	return l.T("time.weekday." + strconv.Itoa(int(d)))
}

// clockOf is a time of day from minutes after midnight, past 24 h too.
func clockOf(l locale.Locale, minutes int) string {
	return l.Clock(time.Date(2000, 1, 3, 0, minutes, 0, 0, l.Zone))
}

// timeValue is minutes as a time field holds them: "16:00".
func timeValue(minutes int) string {
	return fmt.Sprintf("%02d:%02d", minutes/60%24, minutes%60)
}

// parseTime is the inverse of timeValue; ok is false for anything else.
func parseTime(s string) (minutes int, ok bool) {
	t, err := time.Parse("15:04", s)
	return t.Hour()*60 + t.Minute(), err == nil
}
