package text

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// folding returns what stands for a letter that Unicode does not take apart, or for a typographic variant
// of a sign; "" for all others. A switch, because it is asked for every character of every mail.
func folding(r rune) string {
	switch r {
	case 'œ':
		return "oe"
	case 'æ':
		return "ae"
	case 'ß':
		return "ss"
	case 'ø':
		return "o"
	case 'ł':
		return "l"
	case 'đ', 'ð':
		return "d"
	case 'þ':
		return "th"
	case 'ı':
		return "i"
	case 'ħ':
		return "h"
	case 'ς':
		return "σ"
	case '’', '‘', '‛', 'ʼ', 'ʹ', '′':
		return "'"
	case '“', '”', '„':
		return `"`
	case '‐', '‒', '–', '—', '―', '−':
		return "-"
	}
	return ""
}

// Fold returns s without accents and without upper case, for searching and comparing: "Été à Nîmes, l’Œuf"
// becomes "ete a nimes, l'oeuf". Compatibility forms become plain ones (ﬁ is fi, ① is 1, a no-break space is
// a space), and characters of no width disappear. Fold(Fold(s)) is Fold(s).
func Fold(s string) string {
	if ascii, lower := scanASCII(s); ascii {
		if lower {
			return s
		}
		return strings.ToLower(s)
	}
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range norm.NFKD.String(strings.ToValidUTF8(s, "\ufffd")) {
		if r < utf8.RuneSelf {
			b.WriteByte(lowerASCII(byte(r)))
			continue
		}
		if unicode.Is(unicode.Mn, r) || unicode.Is(unicode.Cf, r) {
			continue
		}
		r = unicode.ToLower(r)
		if f := folding(r); f != "" {
			b.WriteString(f)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func scanASCII(s string) (ascii, lower bool) {
	lower = true
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false, false
		}
		if 'A' <= s[i] && s[i] <= 'Z' {
			lower = false
		}
	}
	return true, lower
}

func lowerASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}
