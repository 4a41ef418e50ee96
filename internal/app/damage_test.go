package app_test

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/place"
)

// checked is what a deep check finds wrong: the sentences, one a line.
func checked(t *testing.T, cfg app.Config) []string {
	t.Helper()
	cfg.Listen = ":0"
	var out bytes.Buffer
	ok, err := app.Check(t.Context(), cfg, true, &out)
	if err != nil {
		t.Fatal(err)
	}
	var wrong []string
	for line := range strings.Lines(out.String()) {
		if rest, found := strings.CutPrefix(line, "WRONG "); found {
			wrong = append(wrong, strings.TrimSpace(rest))
		}
	}
	if ok != (len(wrong) == 0) {
		t.Errorf("it says %v\n%s", ok, &out)
	}
	return wrong
}

// copyFolder copies a data folder as it lies on the disk, a running one as if its process had just been killed.
func copyFolder(t *testing.T, from string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "data")
	err := filepath.WalkDir(from, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, _ := filepath.Rel(from, path)
		if e.IsDir() {
			return os.MkdirAll(filepath.Join(to, rel), 0o700)
		}
		b, err := os.ReadFile(path)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return errors.Join(err, os.WriteFile(filepath.Join(to, rel), b, 0o600))
	})
	if err != nil {
		t.Fatal(err)
	}
	return to
}

// behind opens the database behind the program's back.
func behind(t *testing.T, cfg app.Config, fn func(ctx context.Context, tx db.Tx) error) {
	t.Helper()
	url := cfg.Database
	if url == "" {
		url = filepath.Join(cfg.Data, "comptoir.db")
	}
	ctx := context.Background() // also when the test is over, to mend
	d, err := db.Open(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Write(ctx, func(tx db.Tx) error { return fn(ctx, tx) }); err != nil {
		t.Fatal(err)
	}
}

// changed changes a database, and changes it back after the test: on PostgreSQL every damage is done to the same.
func changed(t *testing.T, cfg app.Config, there, back string) {
	t.Helper()
	run := func(q string) {
		behind(t, cfg, func(ctx context.Context, tx db.Tx) error {
			if n, err := tx.Exec(ctx, q); err != nil || n == 0 {
				return cmp.Or(err, errors.New("nothing to change"))
			}
			return nil
		})
	}
	run(there)
	t.Cleanup(func() { run(back) })
}

// anyFile is the path of the one file that somebody attached.
func anyFile(t *testing.T, data string) string {
	t.Helper()
	all, err := filepath.Glob(filepath.Join(data, "files", "*", "*", "*"))
	if err != nil || len(all) != 1 {
		t.Fatalf("%v, %v", all, err)
	}
	return all[0]
}

func rename(t *testing.T, from, to string) {
	t.Helper()
	if err := os.Rename(from, to); err != nil {
		t.Fatal(err)
	}
}

func overwrite(t *testing.T, path string, at int64, with []byte) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err == nil {
		_, err = f.WriteAt(with, at)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		t.Fatal(err)
	}
}

// sentences of what can be wrong, by the damage that is done.
var sentences = map[string]string{
	"a torn page":           "database is whole: The database is damaged.",
	"a cut log":             "what was written last: The end of the database’s log is missing",
	"a missing file":        "files are there: Missing files: 1,",
	"a changed file":        "files are what they were: Files that are no longer what was stored: 1,",
	"the wrong key":         "key: This database belongs with another key.",
	"a swapped database":    "folder: The database is of another installation",
	"a hole in the journal": "Le Zinc: journal: 2 lines are missing",
	"a changed secret":      "Le Zinc: sealed values: This secret does not open",
	"a changed app":         "second factors: This secret was sealed with another key.",
	"a row without its own": "references between rows: Rows that refer to others that are not there: 1",
	"an answer never due":   "Le Zinc: answers on their way: Answers on their way that will never arrive: 1",
}

func TestEachDamageHasItsOwnSentence(t *testing.T) {
	each(t, func(t *testing.T, cfg app.Config) {
		e := anEvening(t, cfg)
		if e.cfg.Database == "" {
			running := copyFolder(t, e.cfg.Data)
			t.Run("a cut log", func(t *testing.T) {
				if wrong := checked(t, app.Config{Data: copyFolder(t, running)}); len(wrong) > 0 {
					t.Fatalf("before it is cut: %v", wrong)
				}
				log := filepath.Join(running, "comptoir.db-wal")
				st, err := os.Stat(log)
				if err != nil {
					t.Fatal(err)
				}
				if err := os.Truncate(log, st.Size()*3/4); err != nil {
					t.Fatal(err)
				}
				says(t, app.Config{Data: running}, "a cut log")
			})
		}
		e.stop()
		if wrong := checked(t, e.cfg); len(wrong) > 0 {
			t.Fatalf("undamaged: %v", wrong)
		}
		for name, damage := range damages {
			t.Run(name, func(t *testing.T) {
				cfg := app.Config{Data: copyFolder(t, e.cfg.Data), Database: e.cfg.Database}
				if !damage(t, cfg) {
					t.Skip("of SQLite only")
				}
				says(t, cfg, name)
			})
		}
	})
}

// says fails the test unless a check says the sentence of a damage, and no other's.
func says(t *testing.T, cfg app.Config, damage string) {
	t.Helper()
	wrong := checked(t, cfg)
	heard := false
	for _, line := range wrong {
		heard = heard || strings.HasPrefix(line, sentences[damage])
		for other, sentence := range sentences {
			if other != damage && strings.HasPrefix(line, sentence) {
				t.Errorf("it also says %q", line)
			}
		}
	}
	if !heard {
		t.Errorf("it says %q", wrong)
	}
}

// damages are done to a copy of a folder; one that cannot be done on PostgreSQL says so. What is changed in a
// database is put back afterwards: on PostgreSQL all share one.
var damages = map[string]func(t *testing.T, cfg app.Config) bool{
	"a torn page": func(t *testing.T, cfg app.Config) bool {
		if cfg.Database != "" {
			return false
		}
		path := filepath.Join(cfg.Data, "comptoir.db")
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		page := bytes.Index(whole, []byte("voici le plan")) / 4096 // one that holds a message
		overwrite(t, path, int64(page)*4096, bytes.Repeat([]byte("torn"), 512))
		return true
	},
	"a missing file": func(t *testing.T, cfg app.Config) bool {
		if err := os.Remove(anyFile(t, cfg.Data)); err != nil {
			t.Fatal(err)
		}
		return true
	},
	"a changed file": func(t *testing.T, cfg app.Config) bool {
		overwrite(t, anyFile(t, cfg.Data), 3, []byte("X"))
		return true
	},
	"the wrong key": func(t *testing.T, cfg app.Config) bool {
		if err := os.WriteFile(filepath.Join(cfg.Data, place.KeyFile), []byte(place.NewKeys().Reveal()), 0o600); err != nil {
			t.Fatal(err)
		}
		return true
	},
	"a swapped database": func(t *testing.T, cfg app.Config) bool {
		if cfg.Database != "" {
			return false
		}
		other := closed(t)
		rename(t, filepath.Join(other.Data, "comptoir.db"), filepath.Join(cfg.Data, "comptoir.db"))
		rename(t, filepath.Join(other.Data, place.KeyFile), filepath.Join(cfg.Data, place.KeyFile)) // even with its key
		return true
	},
	"a hole in the journal": func(t *testing.T, cfg app.Config) bool {
		changed(t, cfg, "UPDATE journal SET seq = 1000000 WHERE seq = 3", "UPDATE journal SET seq = 3 WHERE seq = 1000000")
		return true
	},
	"a changed secret": func(t *testing.T, cfg app.Config) bool {
		flip := func() {
			behind(t, cfg, func(ctx context.Context, tx db.Tx) error {
				var sealed []byte
				if err := tx.QueryRow(ctx, "SELECT credential FROM account WHERE credential IS NOT NULL").Scan(&sealed); err != nil {
					return err
				}
				sealed[len(sealed)-1] ^= 1
				_, err := tx.Exec(ctx, "UPDATE account SET credential = $1 WHERE credential IS NOT NULL", sealed)
				return err
			})
		}
		flip()
		t.Cleanup(flip)
		return true
	},
	"a changed app": func(t *testing.T, cfg app.Config) bool {
		run := func(q string, args ...any) {
			behind(t, cfg, func(ctx context.Context, tx db.Tx) error { _, err := tx.Exec(ctx, q, args...); return err })
		}
		run("INSERT INTO authenticator (member_id, secret, step, created_at) SELECT id, $1, 0, 0 FROM member", []byte("nonsense"))
		t.Cleanup(func() { run("DELETE FROM authenticator") })
		return true
	},
	"a row without its own": func(t *testing.T, cfg app.Config) bool {
		if cfg.Database != "" {
			return false // db's own tests do it
		}
		d, err := db.Open(t.Context(), filepath.Join(cfg.Data, "comptoir.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		conn, err := d.SQLDB().Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, q := range []string{"PRAGMA foreign_keys = 0", "UPDATE message SET conversation_id = 'gone' WHERE direction = 'in'"} {
			if _, err := conn.ExecContext(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		return true
	},
	"an answer never due": func(t *testing.T, cfg app.Config) bool {
		const year = "31536000000000"
		changed(t, cfg, "UPDATE reply SET due_at = due_at + "+year, "UPDATE reply SET due_at = due_at - "+year)
		return true
	},
}
