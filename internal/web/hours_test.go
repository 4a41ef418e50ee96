package web

import (
	"strings"
	"testing"
	"time"

	"comptoir/internal/place"
	"comptoir/internal/web/locale"
)

func TestHoursAreSaidADayOnceAndDaysAlikeTogether(t *testing.T) {
	var h place.Hours
	for day, to := range map[time.Weekday]int{time.Tuesday: 25, time.Wednesday: 25, time.Thursday: 27, time.Friday: 27, time.Saturday: 27, time.Sunday: 23} {
		h.Days[day] = []place.Span{{From: 16 * 60, To: to * 60}}
	}
	h.Days[time.Sunday] = []place.Span{{From: 11*60 + 30, To: 15 * 60}, {From: 18 * 60, To: 23 * 60}}
	for tag, want := range map[string]string{
		"fr-CA": "Lundi: fermé | Mardi, mercredi: 16 h à 1 h | Jeudi au samedi: 16 h à 3 h | Dimanche: 11 h 30 à 15 h, 18 h à 23 h",
		"en-CA": "Monday: closed | Tuesday, Wednesday: 4 pm to 1 am | Thursday to Saturday: 4 pm to 3 am | Sunday: 11:30 am to 3 pm, 6 pm to 11 pm",
	} {
		var lines []string
		for _, f := range hourFacts(locale.New(tag, time.UTC), h) {
			lines = append(lines, f.Term+": "+f.Text)
		}
		if got := strings.ReplaceAll(strings.Join(lines, " | "), "\u00a0", " "); got != want {
			t.Errorf("%s: %s\nwant %s", tag, got, want)
		}
	}
	for day := range h.Days {
		h.Days[day] = []place.Span{{From: 7 * 60, To: 31 * 60}}
	}
	if facts := hourFacts(locale.New("fr-CA", time.UTC), h); len(facts) != 1 || facts[0].Text != "jour et nuit" {
		t.Errorf("never closed: %v", facts)
	}
	if facts := hourFacts(locale.New("fr-CA", time.UTC), place.Hours{}); facts != nil {
		t.Errorf("always open: %v", facts)
	}
}

func TestAnEveningKeepsItsNameUntilTheSmallHours(t *testing.T) {
	montreal, err := time.LoadLocation("America/Montreal")
	if err != nil {
		t.Fatal(err)
	}
	for at, want := range map[string]string{
		"2026-11-26T16:59:00-05:00": "jeudi", "2026-11-26T17:00:00-05:00": "jeudi soir", "2026-11-27T02:30:00-05:00": "jeudi soir", "2026-11-27T05:00:00-05:00": "vendredi",
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := floorSub(locale.New("fr-CA", montreal), now.UTC()); got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}
