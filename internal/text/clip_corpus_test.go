package text

import (
	"fmt"
	"strings"
	"testing"
)

// The library's tables are those of Unicode 15; later ones join a few Indic conjuncts more.
func TestGraphemesCountsAsUnicodeDoes(t *testing.T) {
	file := read(t, corpus(t, "unicode-graphemes"), "unicodetools/data/ucd/15.0.0/auxiliary/GraphemeBreakTest.txt")
	cases := 0
	for line := range strings.Lines(file) {
		line, _, _ = strings.Cut(line, "#")
		fields := strings.Fields(line)
		if len(fields) == 0 {
			continue
		}
		var s strings.Builder
		want := strings.Count(line, "÷") - 1
		for _, f := range fields {
			if f != "÷" && f != "×" {
				var r rune
				if _, err := fmt.Sscanf(f, "%X", &r); err != nil {
					t.Fatal(err)
				}
				s.WriteRune(r)
			}
		}
		if cases++; Graphemes(s.String()) != want {
			t.Errorf("%+q: %d graphemes, want %d", s.String(), Graphemes(s.String()), want)
		}
		if clipped := Clip(s.String(), 1); want > 1 && clipped != "…" {
			t.Errorf("%+q clipped to one is %+q", s.String(), clipped)
		}
	}
	if cases != 602 {
		t.Errorf("%d cases, want 602", cases)
	}
}
