package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxTerms    = 10 // of one search
	maxTermRune = 64 // of one term
)

// Words returns the folded words of s: its runs of letters and digits, in order. It is what an index
// should hold for Terms to find.
func Words(s string) []string { return strings.FieldsFunc(Fold(s), isNoWord) }

func isNoWord(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }

// Terms splits what a person typed into a search box into at most ten folded terms of at most 64
// characters. A term is one word, or several with single spaces between (a phrase): those that the
// person put in quotes, and those that they wrote as one, such as aujourd'hui or an address. It ends with
// "*" when the person ended it so, and then means the beginning of a word. Apart from that star and
// those spaces a term has only letters and digits, so it carries no syntax of any search engine.
func Terms(query string) []string {
	var terms []string
	q := strings.NewReplacer("«", `"`, "»", `"`).Replace(Fold(query))
	for q != "" && len(terms) < maxTerms {
		var piece string
		if q[0] == '"' {
			piece, q, _ = strings.Cut(q[1:], `"`)
			if strings.HasPrefix(q, "*") {
				piece, q = piece+"*", q[1:]
			}
		} else if end := strings.IndexFunc(q, func(r rune) bool { return r == '"' || unicode.IsSpace(r) }); end > 0 {
			piece, q = q[:end], q[end:]
		} else if end == 0 {
			q = strings.TrimLeftFunc(q, unicode.IsSpace)
			continue
		} else {
			piece, q = q, ""
		}
		if t := term(piece); t != "" {
			terms = append(terms, t)
		}
	}
	return terms
}

// term makes one term of a folded piece of a query, "" when there is no word in it.
func term(piece string) string {
	t := strings.Join(strings.FieldsFunc(piece, isNoWord), " ")
	if t == "" {
		return ""
	}
	star := strings.HasSuffix(piece, "*")
	if utf8.RuneCountInString(t) > maxTermRune {
		t, star = strings.TrimRight(string([]rune(t)[:maxTermRune]), " "), true // what was cut off may go on
	}
	if star {
		t += "*"
	}
	return t
}
