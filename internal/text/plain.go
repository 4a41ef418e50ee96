package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxMarks is how many combining marks and joiners may follow one character. Real languages need four;
// more is "Zalgo", which climbs over the lines around it.
const maxMarks = 4

// maxTags is how many tag characters (U+E0020–E007F) may follow one another. The flags of Scotland and
// Wales need six; more is text that nobody can see.
const maxTags = 8

// Plain returns what may be stored of s: valid UTF-8, lines ended by \n, no NUL, no C0 or C1 control
// except \n and \t, no character that reverses the direction of what follows it (U+202A–202E,
// U+2066–2069), no more than four combining marks on a character, no white space around it.
// Bytes that are not UTF-8 become U+FFFD. Plain(Plain(s)) is Plain(s).
func Plain(s string) string {
	if isPlainASCII(s) {
		return strings.TrimSpace(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	var c cleaner
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		if r == '\r' {
			r = '\n'
			if strings.HasPrefix(s[i+1:], "\n") {
				n = 2
			}
		}
		i += n
		if r = c.keep(r); r >= 0 {
			b.WriteRune(r)
		}
	}
	return strings.TrimSpace(b.String())
}

// Line is Plain on one line, for names and subjects: line ends and tabs become spaces, and runs of
// spaces become one. No-break spaces stay as they are.
func Line(s string) string {
	s = Plain(s)
	if !strings.ContainsAny(s, "\n\t") && !strings.Contains(s, "  ") {
		return s
	}
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return r == ' ' || r == '\n' || r == '\t' }), " ")
}

// isPlainASCII reports whether s has only characters that Plain keeps one by one, the common case.
func isPlainASCII(s string) bool {
	for i := range len(s) {
		if c := s[i]; c >= 0x7f || c < ' ' && c != '\n' && c != '\t' {
			return false
		}
	}
	return true
}

// cleaner decides rune by rune what is kept. It remembers the run of marks it is in: a character that is
// dropped does not end the run, so marks cannot be smuggled between controls.
type cleaner struct{ marks, tags int }

// keep returns the rune to store for r, or -1.
func (c *cleaner) keep(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
	case r < ' ' || r >= 0x7f && r <= 0x9f, isBidiControl(r):
		return -1
	case r == '\u2028' || r == '\u2029': // line and paragraph separators
		r = '\n'
	case r == '\ufeff': // byte order mark
		return -1
	case r >= 0xe0000 && r <= 0xe007f:
		if c.tags++; c.tags > maxTags {
			return -1
		}
		return r
	case r < 0x300: // no mark below
	case unicode.In(r, unicode.Mn, unicode.Me) || isJoiner(r):
		if c.marks++; c.marks > maxMarks {
			return -1
		}
		return r
	}
	c.marks, c.tags = 0, 0
	return r
}

func isBidiControl(r rune) bool {
	return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// isJoiner reports zero-width characters that glue or separate without being seen.
func isJoiner(r rune) bool {
	return r >= '\u200b' && r <= '\u200f' || r >= '\u2060' && r <= '\u2064'
}
