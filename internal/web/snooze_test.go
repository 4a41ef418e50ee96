package web

import (
	"testing"
	"time"

	"comptoir/internal/place"
	"comptoir/internal/web/locale"
)

func TestASnoozeEndsAtTheTimeThatWasReadOnTheNightsWhenClocksChange(t *testing.T) {
	for _, c := range []struct{ zone, now, in2h, morning, monday string }{
		{"America/Montreal", "2026-03-08T01:30:00-05:00", "2026-03-08T04:30:00-04:00", "2026-03-09T10:00:00-04:00", "2026-03-09T10:00:00-04:00"},
		{"America/Montreal", "2026-03-07T23:30:00-05:00", "2026-03-08T01:30:00-05:00", "2026-03-08T10:00:00-04:00", "2026-03-09T10:00:00-04:00"},
		{"America/Montreal", "2026-11-01T00:30:00-04:00", "2026-11-01T01:30:00-05:00", "2026-11-02T10:00:00-05:00", "2026-11-02T10:00:00-05:00"},
		{"Europe/Paris", "2026-03-29T01:30:00+01:00", "2026-03-29T04:30:00+02:00", "2026-03-30T10:00:00+02:00", "2026-03-30T10:00:00+02:00"},
		{"Europe/Paris", "2026-10-24T23:30:00+02:00", "2026-10-25T01:30:00+02:00", "2026-10-25T10:00:00+01:00", "2026-10-26T10:00:00+01:00"},
		{"Europe/Paris", "2026-10-25T01:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-26T10:00:00+01:00", "2026-10-26T10:00:00+01:00"},
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		if err != nil {
			t.Fatal(err)
		}
		p := place.Place{TimeZone: c.zone}
		for choice, want := range map[string]string{"2h": c.in2h, "morning": c.morning, "monday": c.monday} {
			until, ok := snoozeTime(choice, p, now)
			if got := until.In(p.Location()).Format(time.RFC3339); !ok || got != want {
				t.Errorf("%s at %s, %s: until %s, want %s", c.zone, c.now, choice, got, want)
			}
		}
	}
}

func TestTheSnoozeMenuSaysOfEachChoiceWhatItsNameDoesNot(t *testing.T) {
	p := place.Place{TimeZone: "America/Montreal"}
	menu := snoozeMenu(locale.New("fr-CA", p.Location()), p, time.Date(2026, 11, 27, 3, 40, 0, 0, time.UTC)) // a Thursday, 22 h 40
	for i, want := range []string{"0\u00a0h\u00a040", "vendredi, 10\u00a0h", "30\u00a0nov., 10\u00a0h", ""} {
		if got := menu.Options[i].Hint; got != want {
			t.Errorf("%s: %q, want %q", menu.Options[i].Label, got, want)
		}
	}
}
