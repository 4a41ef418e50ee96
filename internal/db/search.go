package db

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/jackc/pgx/v5"
)

// Full-text search is the one place where the engines differ. Words are folded (package text) before they come here:
// letters and digits only matter, everything else separates. Each engine reads about as much as it returns, whatever is
// searched, and nothing of another place:
//
// PostgreSQL holds with a message's words one that names its place. A word that many say is found by going back from the newest
// message, a rare one by its postings. Which it is, the server's planner knows if it sees the word, so it plans each search anew.
//
// SQLite reads all postings of all words that begin with what was typed before it returns the first. So the numbers are dealt
// into drawers, and what is stored is each word behind the names of its place and its drawer. The newest drawer is searched first.

// Term is one folded word, or phrase (several words), of a search. With Prefix its last word may go on.
type Term struct {
	Words  []string
	Prefix bool
}

// Item is what is found: its growing number in the place, and its searchable words (see Words).
type Item struct {
	Number int64
	Words  []string
}

// Words are the words of a folded text as the index has them: letters, digits and what is for private use. What
// neither engine takes apart in its own way is left; everything else separates.
func Words(folded string) []string {
	return strings.FieldsFunc(folded, func(r rune) bool { return !isWordRune(r) })
}

// Index stores the searchable words of items of a place.
func (d *DB) Index(ctx context.Context, tx Tx, placeNumber int64, items ...Item) error {
	if d.kind == Postgres {
		numbers, words := make([]int64, len(items)), make([]string, len(items))
		for i, it := range items {
			numbers[i], words[i] = it.Number, placeWord(placeNumber)+" "+strings.Join(it.Words, " ")
		}
		_, err := tx.Exec(ctx, "INSERT INTO search (n, words) SELECT n, to_tsvector('simple', w) FROM unnest($1::bigint[], $2::text[]) AS item (n, w)", numbers, words)
		return err
	}
	t := tx.(*sqliteTx)
	for _, it := range items {
		t.found = append(t.found, found{it.Number, inDrawer(placeNumber, it.Number/drawer, it.Words)})
	}
	return nil
}

// found is a row of SQLite's index that waits for the end of its group: FTS5 writes out what it holds in memory at
// each savepoint, and puts in order what it wrote.
type found struct {
	number int64
	words  string
}

// indexAtOnce is how many of them one statement stores: what four pages of messages bring.
const indexAtOnce = 400

// index stores what the writes of a group are found by.
func (w *writer) index(ctx context.Context, tx Tx, group []*write) error {
	rows := Insert{Head: "INSERT INTO search (rowid, words)", AtOnce: indexAtOnce}
	for _, wr := range group {
		if wr.err != nil || wr.panic != nil || wr.tx == nil {
			continue
		}
		for _, f := range wr.tx.found {
			rows.Row(f.number, f.words)
		}
	}
	return rows.Exec(ctx, tx)
}

// Unindex forgets an item.
func (d *DB) Unindex(ctx context.Context, tx Tx, number int64) error {
	q := "DELETE FROM search WHERE rowid = $1"
	if d.kind == Postgres {
		q = "DELETE FROM search WHERE n = $1"
	} else {
		t := tx.(*sqliteTx)
		t.found = slices.DeleteFunc(t.found, func(f found) bool { return f.number == number })
	}
	_, err := tx.Exec(ctx, q, number)
	return err
}

// Search returns the numbers of the items of a place that hold every term, newest (largest) first,
// those below before when it is not 0, at most limit.
func (d *DB) Search(ctx context.Context, placeNumber int64, terms []Term, before int64, limit int) ([]int64, error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	if d.kind == Postgres {
		return d.searchPostgres(ctx, tsquery(placeNumber, terms), before, limit)
	}
	return d.searchDrawers(ctx, placeNumber, terms, before, limit)
}

func (d *DB) searchPostgres(ctx context.Context, query string, before int64, limit int) ([]int64, error) {
	if query == "" {
		return nil, nil
	}
	const q = "SELECT n FROM search WHERE words @@ CAST($1 AS tsquery) AND n < $2 ORDER BY n DESC LIMIT $3"
	return Collect(scanNumber)(d.Query(ctx, q, pgx.QueryExecModeExec, query, before, limit)) // not prepared: planned for this word
}

func scanNumber(r Row) (n int64, err error) { err = r.Scan(&n); return }

// drawer is how many numbers share one. A word that everybody says costs at most a drawer's postings, a rare one a look into each.
const drawer = 1 << 16

func (d *DB) searchDrawers(ctx context.Context, placeNumber int64, terms []Term, before int64, limit int) (found []int64, err error) {
	look := func(query string) error {
		const q = "SELECT rowid FROM search WHERE search MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3"
		more, err := Collect(scanNumber)(d.Query(ctx, q, query, before, limit-len(found)))
		found = append(found, more...)
		return err
	}
	undivided := fts5(terms, func(words []string) string { return strings.Join(words, " ") })
	if undivided == "" {
		return nil, nil
	}
	newest, err := Collect(scanNumber)(d.Query(ctx, "SELECT rowid FROM search WHERE rowid < $1 ORDER BY rowid DESC LIMIT 1", before))
	if err != nil || len(newest) == 0 {
		return nil, err
	}
	for n := newest[0] / drawer; n >= 0 && len(found) < limit; n-- {
		if err := look(fts5(terms, func(words []string) string { return inDrawer(placeNumber, n, words) })); err != nil {
			return nil, err
		}
	}
	if len(found) < limit { // the oldest were stored when there were no drawers
		err = look(placeWord(placeNumber) + " AND " + undivided)
	}
	return found, err
}

// inDrawer names place and drawer before each word.
func inDrawer(place, n int64, words []string) string {
	name := strconv.FormatInt(place, 10) + "x" + strconv.FormatInt(n, 10) + "z"
	var b strings.Builder
	for _, w := range words {
		b.WriteString(name)
		b.WriteString(w)
		b.WriteByte(' ')
	}
	return strings.TrimSuffix(b.String(), " ")
}

func placeWord(n int64) string { return "place" + strconv.FormatInt(n, 10) + "z" }

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Co, r)
}

// words splits what a person typed exactly as what was stored.
func (t Term) words() []string { return Words(strings.Join(t.Words, " ")) }

// fts5 asks for every term, its words written as the index has them. It is "" when there is none.
func fts5(terms []Term, write func(words []string) string) string {
	var parts []string
	for _, t := range terms {
		w := t.words()
		if len(w) == 0 {
			continue
		}
		p := `"` + write(w) + `"`
		if t.Prefix {
			p += "*"
		}
		parts = append(parts, p)
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
