package db_test

import (
	"context"
	"fmt"
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
			db.Item{Number: 9*far + 2, Words: db.Words("bonsoir la lune 🌛 pleine")}, db.Item{Number: 9*far + 1, Words: db.Words("rien")})
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

// A plan made for any word reads everything for one that nobody said.
func TestPostgresPlansASearchForItsWord(t *testing.T) {
	url := dbtest.PostgresURL(t)
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	const stored, rare, searches = 20_000, 100, 30
	items := make([]db.Item, stored)
	for i := range items {
		items[i] = db.Item{Number: int64(i + 1), Words: db.Words(fmt.Sprintf("bonsoir numero %d", i))}
	}
	index(t, d, 1, items...)
	if _, err := d.Pool().Exec(t.Context(), "VACUUM ANALYZE search"); err != nil { // as the server does by itself in the first minute
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
	if read := readOfSearch(t, url); read > 10*searches*75 {
		t.Errorf("%d searches read %d entries", 2*searches, read)
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
