package db

import (
	"context"
	"strconv"
	"strings"
)

// Full-text search is the one place where the engines differ. Both hold, for each message number, the
// folded words of the message and a word that names its place, so that one place's search never reads
// another's postings. Words are folded (package text) before they come here: letters and digits only
// matter, everything else separates.

// Term is one folded word, or phrase (several words), of a search. With Prefix its last word may go on.
type Term struct {
	Words  []string
	Prefix bool
}

// Item is what is found: its growing number in the place, and its searchable words, folded.
type Item struct {
	Number int64
	Words  string
}

// Index stores the searchable words of items of a place.
func (d *DB) Index(ctx context.Context, tx Tx, placeNumber int64, items ...Item) error {
	place := placeWord(placeNumber) + " "
	if d.kind == Postgres {
		numbers, words := make([]int64, len(items)), make([]string, len(items))
		for i, it := range items {
			numbers[i], words[i] = it.Number, place+searchable(it.Words)
		}
		_, err := tx.Exec(ctx, "INSERT INTO search (n, words) SELECT n, to_tsvector('simple', w) FROM unnest($1::bigint[], $2::text[]) AS item (n, w)", numbers, words)
		return err
	}
	rows := Insert{Head: "INSERT INTO search (rowid, words)"}
	for _, it := range items {
		rows.Row(it.Number, place+searchable(it.Words))
	}
	return rows.Exec(ctx, tx)
}

// Unindex forgets an item.
func (d *DB) Unindex(ctx context.Context, tx Tx, number int64) error {
	q := "DELETE FROM search WHERE rowid = $1"
	if d.kind == Postgres {
		q = "DELETE FROM search WHERE n = $1"
	}
	_, err := tx.Exec(ctx, q, number)
	return err
}

// Search returns the numbers of the items of a place that hold every term, newest (largest) first,
// those below before when it is not 0, at most limit.
func (d *DB) Search(ctx context.Context, placeNumber int64, terms []Term, before int64, limit int) ([]int64, error) {
	if before <= 0 {
		before = 1<<63 - 1
	}
	q := "SELECT rowid FROM search WHERE search MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3"
	match := fts5(placeNumber, terms)
	if d.kind == Postgres {
		q = "SELECT n FROM search WHERE words @@ CAST($1 AS tsquery) AND n < $2 ORDER BY n DESC LIMIT $3"
		match = tsquery(placeNumber, terms)
	}
	if match == "" {
		return nil, nil
	}
	return Collect(func(r Row) (n int64, err error) { err = r.Scan(&n); return })(d.Query(ctx, q, match, before, limit))
}

func placeWord(n int64) string { return "place" + strconv.FormatInt(n, 10) + "z" }

// searchable leaves letters, digits and spaces: what neither tokenizer takes apart in its own way.
func searchable(s string) string {
	return strings.Map(func(r rune) rune {
		if isWordRune(r) {
			return r
		}
		return ' '
	}, s)
}

func isWordRune(r rune) bool {
	switch {
	case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
		return true
	case r < 0x80, r >= 0x2000 && r < 0x2070, r == 0xa0, r == 0xab, r == 0xbb, r >= 0x3000 && r < 0x3004, r == 0xfeff:
		return false
	}
	return true
}

// words splits what a person typed exactly as searchable splits what was stored.
func (t Term) words() []string {
	return strings.Fields(searchable(strings.Join(t.Words, " ")))
}

func fts5(place int64, terms []Term) string {
	parts := []string{placeWord(place)}
	for _, t := range terms {
		w := t.words()
		if len(w) == 0 {
			continue
		}
		p := `"` + strings.Join(w, " ") + `"`
		if t.Prefix {
			p += "*"
		}
		parts = append(parts, p)
	}
	if len(parts) == 1 {
		return ""
	}
	return strings.Join(parts, " AND ")
}

func tsquery(place int64, terms []Term) string {
	parts := []string{"'" + placeWord(place) + "'"}
	for _, t := range terms {
		w := t.words()
		if len(w) == 0 {
			continue
		}
		for i := range w {
			w[i] = "'" + w[i] + "'"
		}
		if t.Prefix {
			w[len(w)-1] += ":*"
		}
		parts = append(parts, "("+strings.Join(w, " <-> ")+")")
	}
	if len(parts) == 1 {
		return ""
	}
	return strings.Join(parts, " & ")
}
