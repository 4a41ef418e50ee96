package inbox

import (
	"strings"

	"comptoir/internal/text"
)

// Variables fill a kept answer.
type Variables struct {
	Name    string // of the person: "Maude Gervais"
	Place   string
	Member  string // who answers
	Time    string // now, as the reader writes it
	Day     string
	Closing string // until when it is open, "" unknown
}

// VariableNames are the words that a kept answer may hold between braces, in French and in English, in the order in
// which they are explained. Accents and case do not matter.
var VariableNames = [][2]string{{"prénom", "first_name"}, {"nom", "name"}, {"lieu", "place"}, {"moi", "me"}, {"heure", "time"}, {"jour", "day"}, {"fermeture", "closing"}}

// Piece is a part of a kept answer: its own words, or those of a variable.
type Piece struct {
	Text     string
	Variable bool
}

// Value is what stands for a word between braces, "" when that is not known; known tells whether the word is one of
// VariableNames at all.
func (v Variables) Value(word string) (value string, known bool) {
	first, _, _ := strings.Cut(v.Name, " ")
	values := []string{first, v.Name, v.Place, v.Member, v.Time, v.Day, v.Closing}
	word = text.Fold(strings.TrimSpace(word))
	for i, names := range VariableNames {
		if word == text.Fold(names[0]) || word == names[1] {
			return values[i], true
		}
	}
	return "", false
}

// Pieces puts the variables in. One whose value is not known goes, with the comma before it; an unknown word between
// braces stays as it is, so that the member sees it.
func (v Variables) Pieces(s string) []Piece {
	var all []Piece
	own := ""
	for {
		before, rest, ok := strings.Cut(s, "{")
		own += before
		if !ok {
			break
		}
		word, after, closed := strings.Cut(rest, "}")
		value, known := v.Value(word)
		switch {
		case !closed || !known:
			own, s = own+"{", rest
		case value == "":
			own, s = strings.TrimRight(own, ", "), after
		default:
			if own != "" {
				all = append(all, Piece{Text: own})
			}
			all = append(all, Piece{Text: value, Variable: true})
			own, s = "", after
		}
	}
	if own != "" {
		all = append(all, Piece{Text: own})
	}
	return all
}

// Fill is Pieces in one text.
func (v Variables) Fill(s string) string {
	var b strings.Builder
	for _, p := range v.Pieces(s) {
		b.WriteString(p.Text)
	}
	return b.String()
}
