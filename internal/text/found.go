package text

import (
	"strings"
	"unicode"
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
