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

// hourFacts writes opening hours, a line for days in a row that are alike; nothing for a place that is always open.
func hourFacts(l locale.Locale, h place.Hours) []view.Fact {
	if h.Always() {
		return nil
	}
	var facts []view.Fact
	for i := 0; i < len(week); {
		text, n := dayHours(l, h.Days[week[i]]), 1
		for i+n < len(week) && dayHours(l, h.Days[week[i+n]]) == text {
			n++
		}
		facts = append(facts, view.Fact{Term: capital(someDays(l, week[i:i+n])), Text: text})
		i += n
	}
	return facts
}

func dayHours(l locale.Locale, open []place.Span) string {
	if len(open) == 0 {
		return l.T("hours.closed")
	}
	var spans []string
	for _, s := range open {
		if s.To-s.From >= 24*60 {
			return l.T("hours.round")
		}
		spans = append(spans, l.T("hours.span", "from", clockOf(l, s.From), "to", clockOf(l, s.To)))
	}
	return strings.Join(spans, ", ")
}

// someDays names days in a row: "lundi", "mardi, mercredi", "jeudi au samedi".
func someDays(l locale.Locale, days []time.Weekday) string {
	first, last := dayName(l, days[0]), dayName(l, days[len(days)-1])
	switch len(days) {
	case 1:
		return first
	case 2:
		return first + ", " + last
	}
	return l.T("hours.days", "first", first, "last", last)
}

func dayName(l locale.Locale, d time.Weekday) string {
	return l.T("time.weekday." + strconv.Itoa(int(d)))
}

// clockOf is a time of day from minutes after midnight, past 24 h too.
func clockOf(l locale.Locale, minutes int) string {
	if minutes%(24*60) == 0 {
		return l.T("hours.midnight")
	}
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
