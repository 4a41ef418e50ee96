package db_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
)

func index(t *testing.T, d *db.DB, place int64, items ...db.Item) {
	t.Helper()
	if err := d.Write(t.Context(), func(tx db.Tx) error { return d.Index(t.Context(), tx, place, items...) }); err != nil {
		t.Fatal(err)
	}
}

func search(t *testing.T, d *db.DB, place, before int64, limit int, terms ...db.Term) []int64 {
	t.Helper()
	found, err := d.Search(t.Context(), place, terms, before, limit)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func word(w string) db.Term   { return db.Term{Words: []string{w}} }
func prefix(w string) db.Term { return db.Term{Words: []string{w}, Prefix: true} }

func TestASearchGoesBackAsFarAsNumbersGo(t *testing.T) {
	const far = 1 << 16
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		index(t, d, 1, db.Item{Number: 3, Words: db.Words("bonsoir la lune")}, db.Item{Number: far - 1, Words: db.Words("bonsoir")}, db.Item{Number: far, Words: db.Words("bonsoirs")},
			db.Item{Number: 9*far + 2, Words: db.Words("bonsoir la lune 🌛 pleine")}, db.Item{Number: 9*far + 1, Words: db.Words("rien lu\ue001ne 5e9b4e91")})
		index(t, d, 11, db.Item{Number: 5, Words: db.Words("bonsoir la lune")}, db.Item{Number: 9*far + 3, Words: db.Words("bonsoir")})
		for _, c := range []struct {
			name   string
			terms  []db.Term
			before int64
			limit  int
			want   []int64
		}{
			{"the newest first", []db.Term{prefix("bonsoir")}, 0, 10, []int64{9*far + 2, far, far - 1, 3}},
			{"no more than asked", []db.Term{prefix("bonsoir")}, 0, 2, []int64{9*far + 2, far}},
			{"below a number", []db.Term{prefix("bonsoir")}, far, 10, []int64{far - 1, 3}},
			{"below all", []db.Term{prefix("bonsoir")}, 3, 10, nil},
			{"a whole word", []db.Term{word("bonsoir")}, 0, 10, []int64{9*far + 2, far - 1, 3}},
			{"a word with what no language has as a letter", []db.Term{word("lu\ue001ne")}, 0, 10, []int64{9*far + 1}},
			{"a word that begins like a number", []db.Term{prefix("5e9b4e91")}, 0, 10, []int64{9*far + 1}},
			{"a phrase", []db.Term{{Words: []string{"la", "lu"}, Prefix: true}}, 0, 10, []int64{9*far + 2, 3}},
			{"two words", []db.Term{word("lune"), prefix("bon")}, 0, 10, []int64{9*far + 2, 3}},
			{"a word with what is no letter in it", []db.Term{prefix("lune🌛pl")}, 0, 10, []int64{9*far + 2}},
		} {
			if diff := cmp.Diff(c.want, search(t, d, 1, c.before, c.limit, c.terms...)); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
		}
		if found := search(t, d, 1, 0, 10, prefix("🌛")); len(found) > 0 {
			t.Errorf("what is no word found %v", found)
		}
	})
}

// Ten phrases are the most that anybody can ask for.
func TestTenPhrasesAreLookedForInTheDrawersOfManyYears(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var words []string
		var terms []db.Term
		for i := range 300 {
			if words = append(words, fmt.Sprint("m", i)); i%30 == 29 {
				terms = append(terms, db.Term{Words: words[i-29:], Prefix: true})
			}
		}
		index(t, d, 1, db.Item{Number: 2, Words: db.Words(strings.Join(words, " "))}, db.Item{Number: 100 << 16, Words: db.Words("bonsoir")})
		if diff := cmp.Diff([]int64{2}, search(t, d, 1, 0, 10, terms...)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAWordOfAnyLengthIsStoredAndFound(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		long := strings.Repeat("é", 5000)
		index(t, d, 1, db.Item{Number: 1, Words: db.Words("oh " + long)})
		for _, term := range []db.Term{word("oh"), word(long), prefix("éé"), {Words: []string{"oh", long}}} {
			if diff := cmp.Diff([]int64{1}, search(t, d, 1, 0, 10, term)); diff != "" {
				t.Error(diff)
			}
		}
	})
}

func TestWhatSQLiteStoredBeforeThereWereDrawersIsFound(t *testing.T) {
	d := dbtest.SQLite(t)
	err := d.Write(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO search (rowid, words) VALUES (1, 'place1z bonsoir la lune'), (2, 'place2z bonsoir'), (3, 'place1z bonsoirs')")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	index(t, d, 1, db.Item{Number: 4, Words: db.Words("bonsoir la lune")})
	if diff := cmp.Diff([]int64{4, 3, 1}, search(t, d, 1, 0, 10, prefix("bonsoir"))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int64{4, 1}, search(t, d, 1, 0, 10, db.Term{Words: []string{"la", "lune"}})); diff != "" {
		t.Error(diff)
	}
}

// A plan for a common word reads everything for one that nobody said, the other way round likewise, and a server that has not looked at its
// tables yet knows of neither.
func TestPostgresReadsAsLittleForAnyWord(t *testing.T) {
	for name, look := range map[string]string{"before it has looked at its tables": "SELECT 1", "after": "VACUUM ANALYZE search"} {
		t.Run(name, func(t *testing.T) {
			url := dbtest.PostgresURL(t)
			d, err := db.Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Close()
			const stored, rare, searches, newest = 20_000, 100, 30, 2000
			items := make([]db.Item, stored)
			for i := range items {
				items[i] = db.Item{Number: int64(i + 1), Words: db.Words(fmt.Sprintf("bonsoir numero %d", i))}
			}
			index(t, d, 1, items...)
			if _, err := d.Pool().Exec(t.Context(), look); err != nil {
				t.Fatal(err)
			}
			for i := range searches {
				if found := search(t, d, 1, 0, 75, word(fmt.Sprint(rare+i))); len(found) != 1 {
					t.Fatalf("found %v", found)
				}
				if found := search(t, d, 1, 0, 75, prefix("bon")); len(found) != 75 {
					t.Fatalf("found %v", found)
				}
			}
			d.Close() // its connections tell what they read
			if read := readOfSearch(t, url); read > searches*(newest+10*75) {
				t.Errorf("%d searches read %d entries", 2*searches, read)
			}
		})
	}
}

func TestWhatPostgresStoredBeforeThereWereDrawersIsFound(t *testing.T) {
	d := blank(t, db.Postgres)
	if err := d.BeginLoad(t.Context(), 14); err != nil { // the schema as it was
		t.Fatal(err)
	}
	awkward(t, d)
	err := d.Write(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO search (n, words) VALUES (41, to_tsvector('simple', 'place1z bonsoir la lune bonsoir'))")
		return err
	})
	if err == nil {
		err = d.MigrateLoaded(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	for name, terms := range map[string][]db.Term{
		"a word": {word("lune")}, "a beginning": {prefix("bon")}, "a phrase": {{Words: []string{"la", "lune", "bonsoir"}}},
	} {
		if diff := cmp.Diff([]int64{41}, search(t, d, 1, 0, 10, terms...)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	if found := search(t, d, 1, 0, 10, prefix("place1")); len(found) > 0 {
		t.Errorf("the name of the place found %v", found)
	}
}

func TestPostgresHasItsIndexBackWhenEverythingWasIndexedAgain(t *testing.T) {
	d := dbtest.Postgres(t)
	made := func() (how string) {
		if err := d.QueryRow(t.Context(), "SELECT coalesce(string_agg(indexdef, ''), '') FROM pg_indexes WHERE indexname = 'search_words'").Scan(&how); err != nil {
			t.Fatal(err)
		}
		return how
	}
	before := made()
	err := d.Reindexing(t.Context(), func() error {
		if how := made(); how != "" {
			t.Errorf("it is filled word by word: %s", how)
		}
		index(t, d, 1, db.Item{Number: 1, Words: db.Words("bonsoir")})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if after := made(); after != before || !strings.Contains(after, "fastupdate") {
		t.Errorf("it was made as %q, it was %q", after, before)
	}
	if diff := cmp.Diff([]int64{1}, search(t, d, 1, 0, 10, prefix("bon"))); diff != "" {
		t.Error(diff)
	}
}

// readOfSearch is how many rows of the index the finished connections have gone through.
func readOfSearch(t *testing.T, url string) (n int64) {
	t.Helper()
	d, err := db.Open(context.WithoutCancel(t.Context()), url)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	err = d.QueryRow(t.Context(), "SELECT t.seq_tup_read + sum(i.idx_tup_read) FROM pg_stat_user_tables t JOIN pg_stat_user_indexes i USING (relid) WHERE t.relname = 'search' GROUP BY t.seq_tup_read").Scan(&n)
	if err != nil {
		t.Fatal(err)
	}
	return n
}
