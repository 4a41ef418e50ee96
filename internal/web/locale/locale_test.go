package locale

import (
	"errors"
	"testing"
	"time"

	"comptoir/internal/fault"
)

func montreal(t *testing.T) *time.Location {
	t.Helper()
	z, err := time.LoadLocation("America/Montreal")
	if err != nil {
		t.Skip("no time zones on this machine")
	}
	return z
}

func TestEachCountryWritesTimesAndNumbersItsOwnWay(t *testing.T) {
	z := montreal(t)
	now := time.Date(2026, 11, 26, 22, 0, 0, 0, z)
	at := time.Date(2026, 11, 26, 21, 38, 0, 0, z)
	old := time.Date(2025, 11, 1, 9, 5, 0, 0, z)
	const s, n = "\u00a0", "\u202f"
	for _, c := range []struct{ tag, clock, hour, date, old, number, percent, wait string }{
		{"fr-CA", "21" + s + "h" + s + "38", "22" + s + "h", "2026-11-26", "samedi 1er" + s + "novembre 2025", "2" + s + "200", "72" + s + "%", "1" + s + "h" + s + "20"},
		{"fr-FR", "21:38", "22:00", "26/11/2026", "samedi 1er" + s + "novembre 2025", "2" + n + "200", "72" + s + "%", "1" + s + "h" + s + "20"},
		{"en-CA", "9:38" + s + "pm", "10" + s + "pm", "2026-11-26", "Saturday 1" + s + "November 2025", "2,200", "72%", "1" + s + "h" + s + "20"},
		{"en-US", "9:38" + s + "pm", "10" + s + "pm", "11/26/2026", "Saturday, November" + s + "1, 2025", "2,200", "72%", "1" + s + "h" + s + "20"},
		{"en-GB", "21:38", "22:00", "26/11/2026", "Saturday 1" + s + "November 2025", "2,200", "72%", "1" + s + "h" + s + "20"},
	} {
		l := New(c.tag, z)
		for what, got := range map[string][2]string{
			"clock": {l.Clock(at), c.clock}, "hour": {l.Clock(now), c.hour}, "date": {l.Date(at), c.date},
			"day": {l.Day(old, now), c.old}, "number": {l.Number(2200), c.number}, "percent": {l.Percent(72), c.percent},
			"wait": {l.Wait(80 * time.Minute), c.wait},
		} {
			if got[0] != got[1] {
				t.Errorf("%s %s: %q, want %q", c.tag, what, got[0], got[1])
			}
		}
	}
}

func TestNearDaysHaveWords(t *testing.T) {
	z := montreal(t)
	now := time.Date(2026, 3, 8, 23, 30, 0, 0, z) // the night after the clocks changed
	l := New("fr-CA", z)
	for days, want := range map[int]string{0: "aujourd’hui", -1: "hier", 1: "demain", -2: "vendredi 6\u00a0mars"} {
		if got := l.Day(now.AddDate(0, 0, days), now); got != want {
			t.Errorf("%d days: %q, want %q", days, got, want)
		}
	}
	if got := l.When(now.AddDate(0, 0, -1), now); got != "hier, 23\u00a0h\u00a030" {
		t.Errorf("when: %q", got)
	}
	if got := l.Brief(now.AddDate(0, -1, 0), now); got != "8\u00a0févr." {
		t.Errorf("brief: %q", got)
	}
}

func TestZeroIsSingularInFrenchOnly(t *testing.T) {
	for _, c := range []struct {
		tag  string
		n    int
		want string
	}{{"fr-CA", 0, "0\u00a0jour"}, {"fr-CA", 1, "1\u00a0jour"}, {"fr-CA", 2, "2\u00a0jours"}, {"en-CA", 0, "0\u00a0days"}, {"en-CA", 1, "1\u00a0day"}} {
		if got := New(c.tag, nil).N("time.days", c.n); got != c.want {
			t.Errorf("%s %d: %q, want %q", c.tag, c.n, got, c.want)
		}
	}
}

func TestFranceSpacesItsHighPunctuation(t *testing.T) {
	for in, want := range map[string]string{
		"On s’en vient!": "On s’en vient\u202f!", "Prêt?": "Prêt\u202f?", "«\u00a0oui\u00a0»; non": "«\u00a0oui\u00a0»\u202f; non", "a:b": "a:b", "Quoi?!": "Quoi\u202f?!",
	} {
		if got := inFrance(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestThePhoneChoosesTheLanguage(t *testing.T) {
	for accept, want := range map[string]string{
		"fr-CA,fr;q=0.9,en;q=0.8": "fr-CA", "en-US,en;q=0.9": "en-US", "fr": "fr-CA", "fr-FR": "fr-FR", "en": "en-CA",
		"en-GB": "en-GB", "en-AU,fr": "en-GB", "fr-BE": "fr-FR", "de-DE,en;q=0.5": "en-CA", "": Default, "zz;;;q=": Default, "ja": Default,
	} {
		if got := Match(accept); got != want {
			t.Errorf("%q: %s, want %s", accept, got, want)
		}
	}
}

func TestEveryFaultHasASentenceAndHidesItsCause(t *testing.T) {
	secret := errors.New("dial tcp 10.0.0.3: refused")
	for _, tag := range Tags {
		l := New(tag, nil)
		seen := map[string]bool{}
		for _, code := range fault.Codes {
			text := l.Fault(fault.Wrap(secret, code, "x.y", ""))
			if text == "" || seen[text] {
				t.Errorf("%s %s: %q", tag, code, text)
			}
			seen[text] = true
		}
		if got := l.Fault(secret); got != l.T("fault.internal") {
			t.Errorf("a foreign error says %q", got)
		}
		if got := l.Fault(&fault.Error{Code: fault.Rejected, Key: "no.such.key"}); got != l.T("fault.rejected") {
			t.Errorf("an unknown key says %q", got)
		}
	}
}

func TestAnUnknownKeyStopsATest(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	New("fr-CA", nil).T("no.such.key")
}

func TestListsAndSizesReadAsSentences(t *testing.T) {
	fr, en := New("fr-CA", nil), New("en-CA", nil)
	if got := fr.List([]string{"Maude", "Karim", "Jo"}); got != "Maude, Karim et Jo" {
		t.Error(got)
	}
	for bytes, want := range map[int64][2]string{999: {"999\u00a0octets", "999\u00a0bytes"}, 340_500: {"340\u00a0ko", "340\u00a0kB"}, 1_400_000: {"1,4\u00a0Mo", "1.4\u00a0MB"}, 2_000_000: {"2\u00a0Mo", "2\u00a0MB"}} {
		if fr.Size(bytes) != want[0] || en.Size(bytes) != want[1] {
			t.Errorf("%d: %q %q", bytes, fr.Size(bytes), en.Size(bytes))
		}
	}
}

func TestACountEndsAtThreeDigits(t *testing.T) {
	for n, want := range map[int]string{0: "0", 999: "999", 1000: "999+", 12345: "999+"} {
		if got := New("fr-CA", time.UTC).Count(n); got != want {
			t.Errorf("%d is counted as %q, want %q", n, got, want)
		}
	}
}
