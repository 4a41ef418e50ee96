package text

import (
	"hash/fnv"
	"strings"
	"unicode"
)

// particles are the small words inside a name that carry no initial, folded.
var particles = map[string]bool{
	"de": true, "du": true, "des": true, "la": true, "le": true, "les": true, "et": true, "and": true,
	"da": true, "di": true, "dos": true, "van": true, "von": true, "der": true, "den": true, "ter": true, "el": true, "al": true, "bin": true,
}

// Initials returns the one or two upper-case letters that stand for a name in an avatar: of its first and
// last words, leaving out particles ("Jean de La Fontaine" is JF, "Charles d’Artagnan" CA, "Le Zinc" LZ), or the
// first two letters of a single word ("Noémie" is NO).
// An address counts as its part before the @. A name that ends with a number of up to three digits is that number:
// "Table 12" is 12, as its plate. A name without a letter or digit is "?".
func Initials(name string) string {
	name = Line(Clip(Line(name), 200))
	local := false
	if i := strings.LastIndexByte(name, '@'); i > 0 {
		name, local = name[:i], true
	}
	words := strings.FieldsFunc(name, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune(`"«»()<>,/|`, r) || local && strings.ContainsRune("._-+", r)
	})
	if n := len(words); n > 1 && len(words[n-1]) <= 3 && strings.Trim(words[n-1], "0123456789") == "" {
		return words[n-1]
	}
	first, last, single := rune(-1), rune(-1), ""
	for _, w := range words {
		r := initial(w, first >= 0)
		switch {
		case r < 0:
		case first < 0:
			first, single = r, w
		default:
			last = r
		}
	}
	switch {
	case first < 0:
		return "?"
	case last < 0:
		return string(first) + second(single)
	}
	return string([]rune{first, last})
}

// initial returns the letter that stands for one word, or -1. Particles count only as the first word.
func initial(word string, later bool) rune {
	if f := Fold(word); later {
		if particles[f] {
			return -1
		}
		if strings.HasPrefix(f, "d'") {
			word = strings.TrimLeftFunc(word[1:], func(r rune) bool { return !unicode.IsLetter(r) })
		}
	}
	for _, r := range word {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return unicode.ToUpper(r)
		}
	}
	return -1
}

// second is the second letter of a word, "" for none, and in scripts without capitals, where one sign says enough.
func second(word string) string {
	word = strings.TrimLeftFunc(word, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) })
	for i, r := range word {
		if i > 0 && unicode.IsLetter(r) && unicode.ToUpper(r) != unicode.ToLower(r) {
			return string(unicode.ToUpper(r))
		} else if i > 0 {
			break
		}
	}
	return ""
}

// Hues is how many colours an avatar can have.
const Hues = 36

// Hue returns the colour step (0 to Hues-1) of whoever has this id. It never changes for an id.
func Hue(id string) int {
	h := fnv.New32a()
	h.Write([]byte(id))
	x := h.Sum32()
	return int((x ^ x>>16) % Hues) // the low bits of FNV alone are uneven for short ids
}
