package text

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestPlain(t *testing.T) {
	zalgo := "e" + strings.Repeat("\u0301", 50)
	for _, c := range []struct{ name, in, want string }{
		{"ordinary text stays", "Bonsoir, on a faim!\n\tTable 7", "Bonsoir, on a faim!\n\tTable 7"},
		{"line ends become one", "a\r\nb\rc\u2028d", "a\nb\nc\nd"},
		{"NUL and controls go", "a\x00b\x07c\x1b[31md\x7fe\u0085f", "abc[31mdef"},
		{"direction overrides go", "abc\u202egpj.exe\u202c\u2066x\u2069", "abcgpj.exex"},
		{"marks that help Arabic and Hebrew stay", "\u05d0\u200f!", "\u05d0\u200f!"},
		{"broken UTF-8 is shown as such", "caf\xe9 \xff", "caf\ufffd \ufffd"},
		{"a tower of marks keeps four", zalgo + "t", "e" + strings.Repeat("\u0301", 4) + "t"},
		{"controls between marks hide nothing", "e\u0301\u0301\u0301\x01\u0301\u202e\u0301\u0301", "e" + strings.Repeat("\u0301", 4)},
		{"a family stays one family", "👨‍👩‍👧‍👦", "👨‍👩‍👧‍👦"},
		{"a flag made of tags stays", "🏴󠁧󠁢󠁳󠁣󠁴󠁿", "🏴󠁧󠁢󠁳󠁣󠁴󠁿"},
		{"text hidden in tags does not", "a" + strings.Repeat("\U000e0041", 100), "a" + strings.Repeat("\U000e0041", 8)},
		{"white space around goes", " \n\u00a0 x \n", "x"},
		{"nothing", "", ""},
	} {
		if got := Plain(c.in); got != c.want {
			t.Errorf("%s: Plain(%q) = %q, want %q", c.name, c.in, got, c.want)
		}
	}
}

func TestLineIsOneLine(t *testing.T) {
	for in, want := range map[string]string{
		"Marie\r\nBcc: x@y.test":               "Marie Bcc: x@y.test",
		"  a \t b\n\nc ":                       "a b c",
		"C'est parti\u00a0: «\u00a0oui\u00a0»": "C'est parti\u00a0: «\u00a0oui\u00a0»",
	} {
		if got := Line(in); got != want {
			t.Errorf("Line(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestClipCutsBetweenGraphemes(t *testing.T) {
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"bonjour", 7, "bonjour"},
		{"bonjour", 6, "bonjo…"},
		{"bon jour", 5, "bon…"},
		{"été", 3, "été"},
		{"e\u0301te\u0301", 3, "e\u0301te\u0301"},
		{"👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦", 2, "👨‍👩‍👧‍👦…"},
		{"🇨🇦🇫🇷🇨🇭", 2, "🇨🇦…"},
		{"ab", 1, "…"},
		{"ab", 0, ""},
		{"ab", -1, ""},
		{"", 5, ""},
	} {
		if got := Clip(c.in, c.n); got != c.want {
			t.Errorf("Clip(%q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func TestCounts(t *testing.T) {
	for _, c := range []struct {
		in               string
		graphemes, runes int
	}{{"", 0, 0}, {"été", 3, 3}, {"👨‍👩‍👧‍👦", 1, 7}, {"e\u0301", 1, 2}, {"🇨🇦", 1, 2}} {
		if g, r := Graphemes(c.in), Runes(c.in); g != c.graphemes || r != c.runes {
			t.Errorf("%q: %d graphemes and %d runes, want %d and %d", c.in, g, r, c.graphemes, c.runes)
		}
	}
}

func TestExcerptIsOneShortLine(t *testing.T) {
	long := strings.Repeat("Une phrase assez longue.\n\n", 10000)
	for _, c := range []struct {
		in   string
		n    int
		want string
	}{
		{"Bonjour,\n\nune table?", 50, "Bonjour, une table?"},
		{"Bonjour,\n\nune table?", 12, "Bonjour, un…"},
		{long, 12, "Une phrase…"},
		{strings.Repeat("\x00", 1000) + "après", 10, "après"},
		{long, 0, ""},
	} {
		if got := Excerpt(c.in, c.n); got != c.want {
			t.Errorf("Excerpt(%.20q, %d) = %q, want %q", c.in, c.n, got, c.want)
		}
	}
}

func FuzzPlain(f *testing.F) {
	for _, s := range []string{"a\r\n\tb", "\xff\u202e", "e\u0301\u0301\u200d\u0301\u0301\u0301", "\u2028\u0085\ufeff "} {
		f.Add(s, 5)
	}
	f.Fuzz(func(t *testing.T, s string, n int) {
		p := Plain(s)
		if !utf8.ValidString(p) || strings.ContainsAny(p, "\x00\r\u202a\u202e\u2066\u2069") {
			t.Errorf("Plain(%q) = %q", s, p)
		}
		if again := Plain(p); again != p {
			t.Errorf("Plain is not done after one pass: %q, then %q", p, again)
		}
		l := Line(s)
		if strings.ContainsAny(l, "\n\t\r") || Line(l) != l {
			t.Errorf("Line(%q) = %q", s, l)
		}
		n %= 50
		if c := Clip(p, n); Graphemes(c) > max(n, 0) {
			t.Errorf("Clip(%q, %d) = %q", p, n, c)
		}
		if e := Excerpt(s, n); Graphemes(e) > max(n, 0) || strings.Contains(e, "\n") {
			t.Errorf("Excerpt(%q, %d) = %q", s, n, e)
		}
	})
}

func BenchmarkPlain(b *testing.B) {
	for name, s := range map[string]string{
		"ascii":  strings.Repeat("Good evening, a table for six?\n", 100),
		"french": strings.Repeat("Bonsoir, à six, c’est possible?\r\n", 100),
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				Plain(s)
			}
		})
	}
}
