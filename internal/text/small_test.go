package text

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestInitials(t *testing.T) {
	for in, want := range map[string]string{
		"Marie Roy":                  "MR",
		"marie":                      "MA",
		"Élie":                       "ÉL",
		"X":                          "X",
		"Jean de La Fontaine":        "JF",
		"Charles d’Artagnan":         "CA",
		"Élise L'Heureux":            "ÉL",
		"De Gaulle":                  "DG",
		"Le Zinc":                    "LZ",
		"Jean-Paul Sartre":           "JS",
		"Marie Anne Roy-Tremblay":    "MR",
		"marie.roy@edgar.test":       "MR",
		"@edgar":                     "ED",
		"🎉 Zoé 🎉":                    "ZO",
		"«Le Zinc»":                  "LZ",
		"7 Nains":                    "7N",
		"Table 12":                   "12",
		"Bar 1000":                   "B1",
		"Мария Иванова":              "МИ",
		"李小龍":                        "李",
		"🎉":                          "?",
		"":                           "?",
		"\x00\u202e":                 "?",
		"Ludwig van der Rohe (Bar)":  "LB",
		strings.Repeat("abc ", 9000): "AA",
	} {
		if got := Initials(in); got != want {
			t.Errorf("Initials(%.40q) = %q, want %q", in, got, want)
		}
	}
}

func TestHueIsStableAndSpreadOut(t *testing.T) {
	for id, want := range map[string]int{"": 33, "0190b5c6-7f1e-7c3a-9d2e-3f4a5b6c7d8e": 19} {
		if got := Hue(id); got != want {
			t.Errorf("Hue(%q) = %d, want %d: avatars have changed their colours", id, got, want)
		}
	}
	var seen [Hues]int
	for i := range 3600 {
		seen[Hue("0190b5c6-7f1e-7c3a-9d2e-"+strings.Repeat("f", i%7)+string(rune('a'+i%26))+string(rune('0'+i/26)))]++
	}
	for hue, n := range seen {
		if n < 40 || n > 200 {
			t.Errorf("hue %d came %d times in 3600", hue, n)
		}
	}
}

func TestHeaderValueHoldsOneHeader(t *testing.T) {
	for in, want := range map[string]string{
		"Bonjour":                       "Bonjour",
		"x\r\nBcc: all@world.test":      "x Bcc: all@world.test",
		"x\rBcc: a\nCc: b\x00c\u2028d":  "x Bcc: a Cc: b c d",
		"=?utf-8?q?x?=":                 "=?utf-8?q?x?=",
		"Réservation\u202e\u00a0: oui ": "Réservation\u00a0: oui",
	} {
		if got := HeaderValue(in); got != want {
			t.Errorf("HeaderValue(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestCSVCellCalculatesNothing(t *testing.T) {
	for in, want := range map[string]string{
		"Bonjour":          "Bonjour",
		"=1+1":             "'=1+1",
		"+1 514 555-0199":  "'+1 514 555-0199",
		"-2":               "'-2",
		"@SUM(A1)":         "'@SUM(A1)",
		"\t=1":             "'=1",
		"\tx":              "'x",
		" \r\n=cmd|'/c'!A": "'=cmd|'/c'!A",
		"\x00=1":           "'=1",
		"＝1":               "'＝1",
		"a=b":              "a=b",
		"a\r\nb":           "a b",
		"":                 "",
	} {
		if got := CSVCell(in); got != want {
			t.Errorf("CSVCell(%q) = %q, want %q", in, got, want)
		}
	}
}

func FuzzOneLineValues(f *testing.F) {
	f.Add("x\r\nBcc: y")
	f.Add("\t\x00=1\u2028")
	f.Add("\u202e+\xff")
	f.Fuzz(func(t *testing.T, s string) {
		h, c := HeaderValue(s), CSVCell(s)
		if strings.ContainsAny(h, "\r\n\x00") || !utf8.ValidString(h) {
			t.Errorf("HeaderValue(%q) = %q", s, h)
		}
		if strings.ContainsAny(c, "\r\n\x00\t") || c != "" && strings.ContainsRune("=+-@", rune(c[0])) {
			t.Errorf("CSVCell(%q) = %q", s, c)
		}
		if n := Runes(Initials(s)); n < 1 || n > 2 {
			t.Errorf("Initials(%q) = %q", s, Initials(s))
		}
		if h := Hue(s); h < 0 || h >= Hues {
			t.Errorf("Hue(%q) = %d", s, h)
		}
	})
}

func TestUnflow(t *testing.T) {
	for _, c := range []struct {
		name, in string
		delsp    bool
		want     string
	}{
		{"a paragraph broken softly", "une ligne \nqui continue\nfin", false, "une ligne qui continue\nfin"},
		{"CRLF", "a \r\nb\r\nc", false, "a b\nc"},
		{"DelSp joins without the space", "abc \ndef", true, "abcdef"},
		{"stuffed lines", " From here\n >not a quote", false, "From here\n>not a quote"},
		{"quotes join on their own level", "> a \n> b\n>> c \n> d\ne", false, "> a b\n>> c \n> d\ne"},
		{"the signature mark stays", "a \n-- \nMarie", false, "a \n-- \nMarie"},
		{"blank lines stay", "a\n\n>\nb", false, "a\n\n>\nb"},
		{"soft break at the end", "a ", false, "a "},
		{"nothing", "", false, ""},
	} {
		if got := Unflow(c.in, c.delsp); got != c.want {
			t.Errorf("%s: Unflow(%q) = %q, want %q", c.name, c.in, got, c.want)
		}
	}
}
