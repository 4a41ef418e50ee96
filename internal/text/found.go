package text

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Piece is a piece of a text. Found says that it is what was searched.
type Piece struct {
	Text  string
	Found bool
}

// foundLead is how much of a text stands before the first word that was searched, in graphemes.
const foundLead = 30

// Found shows where searched words stand in s: one line of at most n graphemes around the first of them, with every
// word marked that fits. fits is asked with folded words, as an index holds them. When none fits, it returns the
// beginning of s and false.
func Found(s string, fits func(folded string) bool, n int) ([]Piece, bool) {
	line := Line(s)
	hits := hitsIn(line, fits)
	if len(hits) == 0 {
		return []Piece{{Text: Clip(line, n)}}, false
	}
	from := lead(line, hits[0][0])
	shown := line[from:]
	if from > 0 {
		n--
	}
	clipped := Clip(shown, n)
	end := from + len(shown)
	if clipped != shown {
		end = from + len(strings.TrimSuffix(clipped, "…"))
	}
	var pieces []Piece
	add := func(text string, found bool) {
		if text != "" {
			pieces = append(pieces, Piece{text, found})
		}
	}
	at := from
	if from > 0 {
		add("…", false)
	}
	for _, h := range hits {
		if h[1] > end {
			break
		}
		add(line[at:h[0]], false)
		add(line[h[0]:h[1]], true)
		at = h[1]
	}
	add(line[at:end], false)
	if clipped != shown {
		add("…", false)
	}
	return pieces, true
}

// hitsIn finds the words of a line that fit, from byte to byte.
func hitsIn(line string, fits func(string) bool) [][2]int {
	var hits [][2]int
	start := -1
	end := func(at int) {
		if start < 0 {
			return
		}
		for _, folded := range Words(line[start:at]) {
			if fits(folded) {
				hits = append(hits, [2]int{start, at})
				break
			}
		}
		start = -1
	}
	for i, r := range line {
		switch {
		case !isNoWord(r) || unicode.Is(unicode.Mn, r) && start >= 0:
			if start < 0 {
				start = i
			}
		default:
			end(i)
		}
	}
	end(len(line))
	return hits
}

// lead is where to begin so that a little stands before the byte at: at the beginning of a word.
func lead(line string, at int) int {
	from := at
	for from > 0 {
		word := strings.LastIndexByte(line[:from-1], ' ') + 1
		if Graphemes(line[word:at]) > foundLead {
			break
		}
		from = word
	}
	return from
}

// Begin tells whether every wanted word, folded, begins some word of s.
func Begin(s string, wanted []string) bool {
	words := Words(s)
	for _, w := range wanted {
		if !slices.ContainsFunc(words, func(word string) bool { return strings.HasPrefix(word, w) }) {
			return false
		}
	}
	return true
}

// Beginnings marks in s, on one line, the beginnings of words that are wanted, folded words.
func Beginnings(s string, wanted []string) []Piece {
	line := Line(s)
	var pieces []Piece
	at := 0
	for _, h := range hitsIn(line, func(word string) bool { return begins(word, wanted) > 0 }) {
		end, word := h[0], line[h[0]:h[1]]
		for i := 1; i <= len(word); i++ { // the longest part of the word that folds to what is wanted
			if i < len(word) && !utf8.RuneStart(word[i]) {
				continue
			}
			if part := Words(word[:i]); len(part) > 0 && begins(part[len(part)-1], wanted) == len(part[len(part)-1]) {
				end = h[0] + i
			}
		}
		if h[0] > at {
			pieces = append(pieces, Piece{Text: line[at:h[0]]})
		}
		pieces = append(pieces, Piece{Text: line[h[0]:end], Found: true})
		at = end
	}
	if at < len(line) {
		pieces = append(pieces, Piece{Text: line[at:]})
	}
	return pieces
}

// begins is the length of the longest wanted word that begins a word, 0 for none.
func begins(word string, wanted []string) int {
	longest := 0
	for _, w := range wanted {
		if strings.HasPrefix(word, w) {
			longest = max(longest, len(w))
		}
	}
	return longest
}
