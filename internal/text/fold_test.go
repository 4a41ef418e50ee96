package text

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

func TestFold(t *testing.T) {
	for in, want := range map[string]string{
		"Été à Nîmes":              "ete a nimes",
		"L’Œuf, l‘ÆTHER":           "l'oeuf, l'aether",
		"Straße STRASSE ẞ":         "strasse strasse ss",
		"ﬁn ① ＡＢ x² ½":             "fin 1 ab x2 1⁄2",
		"a\u00a0b\u202fc\u00add":   "a b cd",
		"Łódź Ørsted İstanbul ısı": "lodz orsted istanbul isi",
		"ΣΊΣΥΦΟΣ σίσυφος":          "σισυφοσ σισυφοσ",
		"Ёлка й":                   "елка и",
		"e\u0301 \u00e9":           "e e",
		"plain":                    "plain",
		"\xff":                     "\ufffd",
		"":                         "",
	} {
		if got := Fold(in); got != want {
			t.Errorf("Fold(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestTerms(t *testing.T) {
	long := strings.Repeat("x", 100)
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{"words", "Table  Samedi", []string{"table", "samedi"}},
		{"accents do not count", "Été bœuf", []string{"ete", "boeuf"}},
		{"a phrase in quotes", `bruit "mur du son" hier`, []string{"bruit", "mur du son", "hier"}},
		{"French and curly quotes", `« mur du son » “à table”`, []string{"mur du son", "a table"}},
		{"a quote that is not closed", `"mur du`, []string{"mur du"}},
		{"a beginning", `rés* "bière bl"*`, []string{"res*", "biere bl*"}},
		{"words written as one stay together", "aujourd’hui marie@roy.test", []string{"aujourd hui", "marie roy test"}},
		{"search syntax is only text", `a OR (b:c) -d NEAR/3 ^e*f & !g 'h`, []string{"a", "or", "b c", "d", "near 3", "e f", "g", "h"}},
		{"nothing to find", `"" * - «»`, nil},
		{"a long word becomes a beginning", long, []string{long[:64] + "*"}},
		{"ten at most", "a b c d e f g h i j k l", strings.Fields("a b c d e f g h i j")},
		{"invisible characters", "bru\u200bit\x00fort", []string{"bruit fort"}},
	} {
		if d := cmp.Diff(c.want, Terms(c.in)); d != "" {
			t.Errorf("%s: Terms(%q) (-want +got)\n%s", c.name, c.in, d)
		}
	}
}

func TestWordsAreWhatTermsFind(t *testing.T) {
	if d := cmp.Diff([]string{"l", "oeuf", "a", "7", "marie", "roy", "test"}, Words("L’Œuf à 7\u00a0$, <Marie@Roy.test>!")); d != "" {
		t.Error(d)
	}
}

func FuzzFold(f *testing.F) {
	for _, s := range []string{"Été", "ﷺ", "İ", "ẞ", "\xff", `"a b"* c`, "ϔ", "Å", strings.Repeat("ﷺ", 200)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		once := Fold(s)
		if !utf8.ValidString(once) {
			t.Errorf("Fold(%q) = %q is not UTF-8", s, once)
		}
		if twice := Fold(once); twice != once {
			t.Errorf("Fold(%q) = %q, again %q", s, once, twice)
		}
		terms := Terms(s)
		if len(terms) > maxTerms {
			t.Errorf("%d terms", len(terms))
		}
		for _, term := range terms {
			bare := strings.TrimSuffix(term, "*")
			if n := Runes(bare); n == 0 || n > maxTermRune || strings.Trim(bare, " ") != bare {
				t.Errorf("term %q of %q", term, s)
			}
			if strings.IndexFunc(bare, func(r rune) bool { return r != ' ' && isNoWord(r) }) >= 0 {
				t.Errorf("term %q of %q carries syntax", term, s)
			}
		}
		if subject := Subject(s); Subject(subject) != subject {
			t.Errorf("Subject(%q) = %q is not done after one pass", s, subject)
		}
	})
}

func TestSubject(t *testing.T) {
	for in, want := range map[string]string{
		"Réservation samedi":                     "reservation samedi",
		"Re: Réservation samedi":                 "reservation samedi",
		"RE\u00a0: TR : Re: Réservation  samedi": "reservation samedi",
		"Ré: Réf: reservation samedi":            "reservation samedi",
		"Fwd: FW: AW: WG: SV: Antw: Tr :x":       "x",
		"Re[2]: Re (3): RE^4: x":                 "x",
		"[Bar-liste] Re: [Bar-liste] x":          "x",
		"Re: [EXTERNE] x":                        "x",
		"Rebecca: x":                             "rebecca: x",
		"Re x":                                   "re x",
		"Tr\u200b: x\r\nBcc: y":                  "x bcc: y",
		"Re：x":                                   "x",
		"Re:":                                    "",
		"[liste]":                                "",
		"[ouvert":                                "[ouvert",
		strings.Repeat("Re: ", 100) + "x":        "x",
	} {
		if got := Subject(in); got != want {
			t.Errorf("Subject(%q) = %q, want %q", in, got, want)
		}
	}
}

func BenchmarkFold(b *testing.B) {
	for name, s := range map[string]string{
		"ascii":  strings.Repeat("Good evening, a table for six?\n", 100),
		"french": strings.Repeat("Bonsoir, à six, c’est possible?\n", 100),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				Fold(s)
			}
		})
	}
}
