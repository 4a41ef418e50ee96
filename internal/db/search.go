package db

import (
	"context"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Full-text search is the one place where the engines differ. Words are folded (package text) before they come here:
// letters and digits only matter, everything else separates.
//
// Each engine reads about as much as it returns, whatever is searched, however old the place, and nothing of another place. Left to
// themselves both read all postings of all words that begin with what was typed before they return the first, and PostgreSQL the rows
// that these name. So the numbers are dealt into drawers, and what is stored is each word behind the names of its place and its drawer.
// The newest drawer is searched first, then more and more of the older ones at once: a rare word costs a look into each.

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
// neither engine takes apart in its own way is left; everything else separates. Of a very long one its beginning counts.
func Words(folded string) []string {
	words := strings.FieldsFunc(folded, func(r rune) bool { return !isWordRune(r) })
	for i, w := range words {
		if len(w) > longestWord {
			words[i] = strings.ToValidUTF8(w[:longestWord], "")
		}
	}
	return words
}

// longestWord is how much of a word counts, in bytes: PostgreSQL stores nothing with one of more than 2046.
const longestWord = 1000

// Index stores the searchable words of items of a place.
func (d *DB) Index(ctx context.Context, tx Tx, placeNumber int64, items ...Item) error {
	if d.kind == Postgres {
		numbers, words := make([]int64, len(items)), make([]string, len(items))
		for i, it := range items {
			numbers[i], words[i] = it.Number, tsvector(placeNumber, it)
		}
		_, err := tx.Exec(ctx, "INSERT INTO search (n, words) SELECT n, CAST(w AS tsvector) FROM unnest($1::bigint[], $2::text[]) AS item (n, w)", numbers, words)
		return err
	}
	t := tx.(*sqliteTx)
	for _, it := range items {
		t.found = append(t.found, found{it.Number, named(nameOf(placeNumber, it.Number/drawer), it.Words, " ")})
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

// Reindexing runs fill, which indexes everything again. PostgreSQL makes its index of the words of all in half the time that it takes
// to put in one after the other, so it is away meanwhile: nobody must be searching.
func (d *DB) Reindexing(ctx context.Context, fill func() error) error {
	if d.kind != Postgres {
		return fill()
	}
	var made string
	err := d.QueryRow(ctx, "SELECT pg_get_indexdef(to_regclass('search_words'))").Scan(&made)
	if err != nil {
		return err
	}
	do := func(statement string) error {
		return d.Write(ctx, func(tx Tx) error { return d.script(ctx, tx, statement) })
	}
	if err := do("DROP INDEX search_words"); err != nil {
		return err
	}
	if err := fill(); err != nil {
		return err
	}
	return do(made)
}

// tsvector writes an item's words with the places where they stand. PostgreSQL's own parser would take some of them apart.
func tsvector(place int64, it Item) string {
	name := nameOf(place, it.Number/drawer)
	var b strings.Builder
	for i, w := range it.Words {
		b.WriteString("'" + name + w + "':" + strconv.Itoa(i+1) + " ")
	}
	return b.String()
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
func (d *DB) Search(ctx context.Context, placeNumber int64, terms []Term, before int64, limit int) (found []int64, err error) {
	if before <= 0 {
		before = math.MaxInt64
	}
	terms = slices.DeleteFunc(slices.Clone(terms), func(t Term) bool { return len(t.words()) == 0 })
	x := indexes[d.kind]
	newest, err := Collect(scanNumber)(d.Query(ctx, x.newest, before))
	if err != nil || len(newest) == 0 || len(terms) == 0 {
		return nil, err
	}
	look := func(statement, query string) error {
		more, err := Collect(scanNumber)(d.Query(ctx, statement, query, before, limit-len(found)))
		if found = append(found, more...); len(more) > 0 {
			before = more[len(more)-1]
		}
		return err
	}
	asked := 0
	for _, t := range terms {
		asked += len(t.words())
	}
	atOnce := max(wordsAtOnce/int64(asked), 1)
	top := newest[0] / drawer
	if d.kind == Postgres {
		if err := look(amongNewest, x.anyOf(placeNumber, max(top-1, 0), top, terms)); err != nil {
			return nil, err
		}
	}
	for at := top; at >= 0 && len(found) < limit; {
		oldest := max(at+1-min(max(top-at, 1), atOnce), 0) // as many as were searched before
		if err := look(x.drawers, x.anyOf(placeNumber, oldest, at, terms)); err != nil {
			return nil, err
		}
		at = oldest - 1
	}
	if len(found) < limit && d.kind == SQLite { // the oldest were stored when there were no drawers
		err = look(x.drawers, `"place`+strconv.FormatInt(placeNumber, 10)+`z" AND `+x.all("", terms))
	}
	return found, err
}

func scanNumber(r Row) (n int64, err error) { err = r.Scan(&n); return }

const (
	// drawer is how many numbers share one, wordsAtOnce how many words, each once for a drawer, one query asks for: for PostgreSQL
	// they cost their square.
	drawer      = 1 << 16
	wordsAtOnce = 32

	// PostgreSQL reads all rows of a drawer that hold a word. One that many say is among these few.
	amongNewest = `SELECT n FROM (SELECT n, words FROM search WHERE n < $2 ORDER BY n DESC LIMIT 2000) AS newest
		WHERE words @@ CAST($1 AS tsquery) ORDER BY n DESC LIMIT $3`
)

// index is how an engine's index is asked.
type index struct{ newest, drawers, open, between, close, further, and, or string }

var indexes = map[Engine]index{
	SQLite: {
		newest:  "SELECT rowid FROM search WHERE rowid < $1 ORDER BY rowid DESC LIMIT 1",
		drawers: "SELECT rowid FROM search WHERE search MATCH $1 AND rowid < $2 ORDER BY rowid DESC LIMIT $3",
		open:    `"`, between: " ", close: `"`, further: "*", and: " AND ", or: " OR ",
	},
	Postgres: {
		newest: "SELECT n FROM search WHERE n < $1 ORDER BY n DESC LIMIT 1",
		// MATERIALIZED, that its planner does not go back through everything for a word that it takes for a common one.
		drawers: "WITH found AS MATERIALIZED (SELECT n FROM search WHERE words @@ CAST($1 AS tsquery)) SELECT n FROM found WHERE n < $2 ORDER BY n DESC LIMIT $3",
		open:    "'", between: "' <-> '", close: "'", further: ":*", and: " & ", or: " | ",
	},
}

// anyOf asks for all terms, in one of several drawers of a place.
func (x index) anyOf(place, oldest, newest int64, terms []Term) string {
	var each []string
	for n := newest; n >= oldest; n-- {
		each = append(each, "("+x.all(nameOf(place, n), terms)+")")
	}
	return strings.Join(each, x.or)
}

// all asks for all terms, their words behind a name.
func (x index) all(name string, terms []Term) string {
	var each []string
	for _, t := range terms {
		phrase := x.open + named(name, t.words(), x.between) + x.close
		if t.Prefix {
			phrase += x.further
		}
		each = append(each, phrase)
	}
	return strings.Join(each, x.and)
}

// nameOf is what stands before each word in a drawer of a place.
func nameOf(place, drawer int64) string {
	return strconv.FormatInt(place, 10) + "x" + strconv.FormatInt(drawer, 10) + "z"
}

// named writes a name before each word.
func named(name string, words []string, between string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteString(between)
		}
		b.WriteString(name)
		b.WriteString(w)
	}
	return b.String()
}

func isWordRune(r rune) bool {
	if r < utf8.RuneSelf {
		return r >= 'a' && r <= 'z' || r >= '0' && r <= '9'
	}
	return unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.Co, r)
}

// words splits what a person typed exactly as what was stored.
func (t Term) words() []string { return Words(strings.Join(t.Words, " ")) }
