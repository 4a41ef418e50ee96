package place

import (
	_ "embed"
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"comptoir/internal/fault"
	"comptoir/internal/text"
)

// A password has so many code points.
const (
	PasswordMin = 12
	PasswordMax = 128
)

// commonList holds the 3,000 commonest passwords, as zxcvbn 4.4.2 ranks them (MIT, see common.LICENSE).
//
//go:embed common.txt
var commonList string

// ours are words that anybody guesses first for an installation of ours, and the French half of what the
// list lacks.
var ours = []string{"comptoir", "motdepasse", "monmotdepasse", "azerty", "azertyuiop", "bonjour", "bonsoir", "soleil", "jetaime", "doudou", "chouchou", "montreal", "quebec", "canada", "paris", "bienvenue", "secret", "admin", "administrateur", "utilisateur", "changezmoi", "changeme", "welcome"}

type commonWords struct {
	whole map[string]bool
	parts []string // of five letters or more, to be found within
}

var common = sync.OnceValue(func() commonWords {
	c := commonWords{whole: map[string]bool{}}
	for w := range strings.FieldsSeq(commonList) {
		c.whole[w] = true
		if len(w) >= 5 && strings.ContainsFunc(w, unicode.IsLetter) {
			c.parts = append(c.parts, w)
		}
	}
	c.parts = append(c.parts, ours...)
	slices.SortStableFunc(c.parts, func(a, b string) int { return len(b) - len(a) }) // "sunshine" before "shine"
	return c
})

// checkPassword returns the key of what is wrong with a new password, "" for nothing. There are no rules
// about which signs it has; what counts is that neither a list nor somebody who knows the place, the
// product and the member would guess it.
func checkPassword(password string, own ...string) string {
	n := utf8.RuneCountInString(password)
	if n < PasswordMin || !utf8.ValidString(password) {
		return "password.short"
	}
	if n > PasswordMax {
		return "password.long"
	}
	folded := lettersAndDigits(password)
	c := common()
	if c.whole[folded] || c.whole[strings.ToLower(password)] || repeats(folded) || runs(folded) {
		return "password.common"
	}
	if rest, hits := without(folded, ownWords(own)); hits > 0 && len([]rune(letters(rest))) < 6 {
		return "password.own"
	}
	// A phrase of three words is a good password, however common each of them is.
	if rest, hits := without(folded, c.parts); hits > 0 && hits < 3 && len([]rune(letters(rest))) < 4 {
		return "password.common"
	}
	return ""
}

// passwordField is checkPassword as a refused form field.
func passwordField(password string, own ...string) []fault.Field {
	if key := checkPassword(password, own...); key != "" {
		return []fault.Field{{Name: "password", Key: key, Args: []any{"min", PasswordMin, "max", PasswordMax}}}
	}
	return nil
}

func lettersAndDigits(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return -1
	}, text.Fold(s))
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, s)
}

// ownWords are the words of names and addresses, alone and joined: "lezinc" and "zinc" of "Le Zinc".
func ownWords(names []string) []string {
	words := []string{"comptoir"}
	for _, name := range names {
		var joined string
		for _, w := range strings.FieldsFunc(text.Fold(name), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
			joined += w
			if len(w) >= 3 {
				words = append(words, w)
			}
		}
		if len(joined) >= 3 {
			words = append([]string{joined}, words...)
		}
	}
	return words
}

// without cuts every word out of s, and tells how many different ones there were.
func without(s string, words []string) (rest string, hits int) {
	for _, w := range words {
		if strings.Contains(s, w) {
			s = strings.ReplaceAll(s, w, " ")
			hits++
		}
	}
	return s, hits
}

// repeats tells whether s is one short piece again and again, or has hardly any different signs.
func repeats(s string) bool {
	rs := []rune(s)
	seen := map[rune]bool{}
	for _, r := range rs {
		seen[r] = true
	}
	if len(seen) <= 4 {
		return true
	}
	for size := 1; size <= len(rs)/2; size++ {
		same := true
		for i := size; i < len(rs) && same; i++ {
			same = rs[i] == rs[i-size]
		}
		if same {
			return true
		}
	}
	return false
}

// rows are the paths that fingers take.
var rows = []string{"abcdefghijklmnopqrstuvwxyz", "01234567890123456789", "qwertyuiopasdfghjklzxcvbnm", "azertyuiopqsdfghjklmwxcvbn", "1qaz2wsx3edc4rfv5tgb6yhn7ujm", "1q2w3e4r5t6y7u8i9o0p", "qazwsxedcrfvtgbyhnujm"}

// runs tells whether s follows such paths, forwards or backwards, for all but a few signs.
func runs(s string) bool {
	for _, row := range append(reversed(rows), rows...) {
		for size := len(row); size >= 4; size-- {
			for i := 0; i+size <= len(row); i++ {
				s = strings.ReplaceAll(s, row[i:i+size], "")
			}
		}
	}
	return len([]rune(s)) < 4
}

func reversed(all []string) []string {
	var out []string
	for _, s := range all {
		b := []byte(s)
		for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
		out = append(out, string(b))
	}
	return out
}
