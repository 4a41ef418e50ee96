package db_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
)

func set(t *testing.T, d *db.DB, name, value string) {
	t.Helper()
	err := d.Write(t.Context(), func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), "INSERT INTO instance (name, value) VALUES ($1, $2)", name, value)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, d *db.DB) []string {
	t.Helper()
	all, err := db.Collect(func(r db.Row) (s string, err error) { err = r.Scan(&s); return })(d.Query(t.Context(), "SELECT name FROM instance ORDER BY name"))
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestAFailedWriteLeavesNothingAndItsNeighboursAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				name := string(rune('A'+i%26)) + strings.Repeat("x", i/26)
				err := d.Write(t.Context(), func(tx db.Tx) error {
					if _, err := tx.Exec(t.Context(), "INSERT INTO instance (name, value) VALUES ($1, '')", name); err != nil {
						return err
					}
					if i%2 == 1 {
						return errors.New("changed my mind")
					}
					return nil
				})
				if (err != nil) != (i%2 == 1) {
					t.Errorf("write %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if got := len(names(t, d)); got != 25 {
			t.Errorf("%d rows, want the 25 that were committed", got)
		}
	})
}

// Ids come from addresses and forms: whatever bytes they hold, on both engines they name nothing.
func TestTextThatIsNoTextNamesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		for i, id := range []string{"a\x00b", "\xff\xfe", "\x00"} {
			err := d.Write(t.Context(), func(tx db.Tx) error {
				if n, err := tx.Exec(t.Context(), "DELETE FROM instance WHERE name = $1", id); n != 0 || err != nil {
					t.Errorf("%q in a statement: %d, %v", id, n, err)
				}
				_, err := tx.Exec(t.Context(), "INSERT INTO instance (name, value) VALUES ($1, '')", strconv.Itoa(i)+id)
				return err
			})
			var n int
			if err != nil || d.QueryRow(t.Context(), "SELECT count(*) FROM instance WHERE name = $1", id).Scan(&n) != nil || n != 0 {
				t.Errorf("%q: %v, %d rows", id, err, n)
			}
		}
	})
}

func TestManyRowsAreWrittenWithWhatTheyShareAndSayTheirNumbers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		identity := "BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY"
		if d.Engine() == db.SQLite {
			identity = "INTEGER PRIMARY KEY AUTOINCREMENT"
		}
		const rows = 2*100 + 37 // whole statements, and what is left
		var told map[string]int64
		err := d.Write(t.Context(), func(tx db.Tx) error {
			if _, err := tx.Exec(t.Context(), "CREATE TABLE counted (n "+identity+", shared TEXT, id TEXT, other TEXT)"); err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), "INSERT INTO counted (id) VALUES ('before')"); err != nil {
				return err
			}
			in := db.Insert{Head: "INSERT INTO counted (shared, id, other)", Shared: []any{"the same"}}
			for i := range rows {
				in.Row("row "+strconv.Itoa(i), strconv.Itoa(i))
			}
			var err error
			told, err = in.Numbered(t.Context(), tx)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		stored := map[string]int64{}
		found, err := d.Query(t.Context(), "SELECT id, n FROM counted WHERE shared = 'the same' AND id = 'row ' || other")
		if err != nil {
			t.Fatal(err)
		}
		defer found.Close()
		for found.Next() {
			var id string
			var n int64
			if err := found.Scan(&id, &n); err != nil {
				t.Fatal(err)
			}
			stored[id] = n
		}
		if len(stored) != rows || !maps.Equal(stored, told) {
			t.Errorf("%d rows stored and %d told, want %d, each by its number", len(stored), len(told), rows)
		}
	})
}

func TestAPanicUndoesItsWriteAndReachesItsCaller(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		func() {
			defer func() {
				if recover() != "stop" {
					t.Error("the panic did not come through")
				}
			}()
			d.Write(t.Context(), func(tx db.Tx) error {
				tx.Exec(t.Context(), "INSERT INTO instance (name, value) VALUES ('p', '')")
				panic("stop")
			})
		}()
		set(t, d, "after", "")
		if diff := cmp.Diff([]string{"after"}, names(t, d)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAUniqueRowIsRecognised(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		set(t, d, "a", "")
		err := d.Write(t.Context(), func(tx db.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO instance (name, value) VALUES ('a', '')")
			return err
		})
		if !db.IsUnique(err) {
			t.Errorf("not recognised: %v", err)
		}
	})
}

func TestACancelledCallerDoesNotBreakTheGroup(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx, cancel := context.WithCancel(t.Context())
		d.Write(ctx, func(tx db.Tx) error {
			cancel()
			_, err := tx.Exec(ctx, "INSERT INTO instance (name, value) VALUES ('mid', '')")
			return err
		})
		set(t, d, "next", "")
		if got := names(t, d); got[len(got)-1] != "next" {
			t.Errorf("the writer is stuck: %v", got)
		}
	})
}

func TestNoRowsSaysSoOnBothEngines(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var v string
		if err := d.QueryRow(t.Context(), "SELECT value FROM instance WHERE name = 'none'").Scan(&v); !errors.Is(err, db.ErrNoRows) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAWakeReachesListenersAfterTheCommit(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		woken := make(chan string, 10)
		defer d.OnWake(func(id string) { woken <- id })()
		d.Write(t.Context(), func(tx db.Tx) error { tx.Wake("p1"); return errors.New("no") })
		d.Write(t.Context(), func(tx db.Tx) error { tx.Wake("p2"); return nil })
		for id := range woken {
			if id == db.AllPlaces {
				continue // PostgreSQL's listener has just connected
			}
			if id != "p2" {
				t.Errorf("woken for %q", id)
			}
			break
		}
	})
}

func TestAnotherHandleOfTheSameFileIsWoken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.db")
	a, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	if _, err := a.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	b, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	woken := make(chan string, 10)
	defer a.OnWake(func(id string) { woken <- id })()
	for i := range 100 {
		set(t, b, strings.Repeat("z", i+1), "")
		select {
		case <-woken:
			return
		case <-time.After(50 * time.Millisecond):
		}
	}
	t.Error("never woken")
}

func TestSearchFindsNewestFirstWithinAPlace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		texts := map[int64]string{1: "on a faim a la table 7", 2: "la lumiere ce soir", 3: "faim de loup", 4: "affamee"}
		err := d.Write(t.Context(), func(tx db.Tx) error {
			for n, s := range texts {
				if err := d.Index(t.Context(), tx, 1, db.Item{Number: n, Words: db.Words(s)}); err != nil {
					return err
				}
			}
			return d.Index(t.Context(), tx, 2, db.Item{Number: 9, Words: db.Words("faim ailleurs")})
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name  string
			terms []db.Term
			want  []int64
		}{
			{"a word", []db.Term{{Words: []string{"faim"}}}, []int64{3, 1}},
			{"a phrase", []db.Term{{Words: []string{"faim", "a", "la"}}}, []int64{1}},
			{"a prefix", []db.Term{{Words: []string{"lum"}, Prefix: true}}, []int64{2}},
			{"two words", []db.Term{{Words: []string{"faim"}}, {Words: []string{"loup"}}}, []int64{3}},
			{"another place's name", []db.Term{{Words: []string{"place2z"}}}, nil},
			{"syntax is only words", []db.Term{{Words: []string{`fai"m OR NOT (`}}}, nil},
			{"nothing", nil, nil},
		} {
			got, err := d.Search(t.Context(), 1, c.terms, 0, 10)
			if err != nil {
				t.Fatalf("%s: %v", c.name, err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: %s", c.name, diff)
			}
		}
		d.Write(t.Context(), func(tx db.Tx) error { return d.Unindex(t.Context(), tx, 3) })
		got, _ := d.Search(t.Context(), 1, []db.Term{{Words: []string{"faim"}}}, 0, 10)
		if diff := cmp.Diff([]int64{1}, got); diff != "" {
			t.Error("after Unindex: ", diff)
		}
	})
}

func TestMigratingTwiceChangesNothing(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		n, err := d.Migrate(t.Context())
		if n != 0 || err != nil {
			t.Errorf("second time: %d steps, %v", n, err)
		}
		if err := d.CheckVersion(t.Context()); err != nil {
			t.Error(err)
		}
		set(t, d, "x", "")
		d.Write(t.Context(), func(tx db.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO schema_version (version, name, applied_at) VALUES (9999, 'later', 0)")
			return err
		})
		if err := d.CheckVersion(t.Context()); !fault.Is(err, fault.Conflict) {
			t.Errorf("a newer schema was taken: %v", err)
		}
		if _, err := d.Migrate(t.Context()); !fault.Is(err, fault.Conflict) {
			t.Errorf("a newer schema was migrated: %v", err)
		}
	})
}

func TestADamagedFileIsRefusedWithItsSentence(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.db")
	if err := os.WriteFile(path, []byte(strings.Repeat("not a database ", 1000)), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := db.Open(t.Context(), path)
	if fault.As(err).Key != "db.corrupt" {
		t.Errorf("got %v", err)
	}
}

func TestASecondHolderOfTheFolderIsRefused(t *testing.T) {
	dir := t.TempDir()
	unlock, err := db.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Lock(dir); fault.As(err).Key != "data.locked" {
		t.Errorf("got %v", err)
	}
	unlock()
	again, err := db.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	again()
}
