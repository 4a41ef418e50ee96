package text

import (
	"strings"
	"unicode/utf8"

	"github.com/rivo/uniseg"
)

// Graphemes counts what a reader calls characters: a family emoji or a letter with its accents is one.
func Graphemes(s string) int { return uniseg.GraphemeClusterCount(s) }

// Runes counts Unicode code points.
func Runes(s string) int { return utf8.RuneCountInString(s) }

// Clip returns s if it has at most n graphemes, else its beginning and "…", together at most n graphemes.
// It never cuts inside a grapheme.
func Clip(s string, n int) string {
	if n <= 0 {
		return ""
	}
	if len(s) <= n {
		return s
	}
	keep, rest, state := 0, s, -1 // keep is the length in bytes of the first n-1 graphemes
	for i := 0; i < n && rest != ""; i++ {
		var cluster string
		cluster, rest, _, state = uniseg.FirstGraphemeClusterInString(rest, state)
		if i < n-1 {
			keep += len(cluster)
		}
	}
	if rest == "" {
		return s
	}
	return strings.TrimRight(s[:keep], " \n\t\u00a0\u202f") + "…"
}

// Excerpt returns the beginning of s on one line of at most n graphemes, for lists.
func Excerpt(s string, n int) string {
	// A grapheme of a sane text is far below 16 bytes: no need to read a whole novel for one line.
	if most := 16*n + 64; n > 0 && len(s) > most {
		head := s[:most]
		for i := 0; i < utf8.UTFMax && len(head) > 0 && !utf8.RuneStart(s[len(head)]); i++ {
			head = head[:len(head)-1]
		}
		if head = Line(head); Graphemes(head) > n {
			return Clip(head, n)
		}
	}
	return Clip(Line(s), n)
}
