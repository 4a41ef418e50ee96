package db_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/db/dbtest/pgtest"
	"comptoir/internal/fault"
)

// awkward fills a few tables with what is easily lost on the way: quotes, lines, emoji, HTML, the largest numbers,
// empty bytes beside none, JSON whose keys are in no order.
func awkward(t *testing.T, d *db.DB) {
	t.Helper()
	for _, row := range []struct {
		sql  string
		args []any
	}{
		{"INSERT INTO place (id, n, slug, name, language, timezone, settings, seq, created_at) VALUES ('p', 1, 'zinc', $1, 'fr-CA', 'UTC', $2, 2, $3)",
			[]any{"Le « Zinc » \"doré\"\\\n\t\u0001", `{"b": 9007199254740993, "a": {"z": "<é>", "y": [1.50, null]}}`, int64(1<<63 - 1)}},
		{"INSERT INTO account (id, place_id, kind, name, handle, endpoint, credential, state, created_at) VALUES ('none', 'p', 'email', '', '', '', NULL, 'ok', -1)", nil},
		{"INSERT INTO account (id, place_id, kind, name, handle, endpoint, credential, state, created_at) VALUES ('empty', 'p', 'email', '', '', '', $1, 'ok', 0)", []any{[]byte{}}},
		{"INSERT INTO account (id, place_id, kind, name, handle, endpoint, credential, state, created_at) VALUES ('Full', 'p', 'email', '', '', '', $1, 'ok', 0)", []any{[]byte{0, 255, '\n'}}},
		{"INSERT INTO conversation (place_id, id, account_id, kind, subject, subject_key, state, automatic, unread, waiting_since, last_at, excerpt, ours, lang, created_at) VALUES ('p', 'c', 'Full', 'email', $1, '', 'open', TRUE, FALSE, 0, 0, '', FALSE, '', 0)",
			[]any{"👩\u200d🍳 <b>a & b</b> \u2028 مرحبا"}},
		{"INSERT INTO message (n, place_id, id, conversation_id, account_id, direction, automatic, subject, text, quoted, lang, url, visibility, remote, sent_at, received_at, sort_at) VALUES (41, 'p', 'm', 'c', 'Full', 'in', FALSE, '', '', '', '', '', '', '{}', 0, 0, 0)", nil},
		{"INSERT INTO journal (place_id, seq, at, actor, actor_id, kind, subject_id, data) VALUES ('p', 10, 0, 'system', '', 'a', '', '{}'), ('p', 9, 0, 'system', '', 'b', '', '{\"n\":1}')", nil},
		{"INSERT INTO signin_failure (subject, at) VALUES ('same', 1), ('same', 1), ('SAME', 1), ('éte', 1)", nil},
	} {
		err := d.Write(t.Context(), func(tx db.Tx) error {
			_, err := tx.Exec(t.Context(), row.sql, row.args...)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// dumped is the text of every table, its rows in order.
func dumped(t *testing.T, d *db.DB) map[string]string {
	t.Helper()
	all := map[string]string{}
	tables, err := d.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = d.Read(t.Context(), func(q db.Querier) error {
		for _, table := range tables {
			var b bytes.Buffer
			if _, err := d.Dump(t.Context(), q, table, &b); err != nil {
				return err
			}
			head, rows, _ := strings.Cut(b.String(), "\n")
			all[table.Name] = head + "\n" + strings.Join(slices.Sorted(strings.Lines(rows)), "")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func load(t *testing.T, d *db.DB, texts map[string]string) {
	t.Helper()
	if err := d.BeginLoad(t.Context(), len(db.Migrations())); err != nil {
		t.Fatal(err)
	}
	tables, err := d.Tables(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, table := range tables {
		read, err := d.Load(t.Context(), table, strings.NewReader(texts[table.Name]))
		if err != nil {
			t.Fatal(err)
		}
		if want := int64(strings.Count(texts[table.Name], "\n")) - 1; read.Rows != want {
			t.Errorf("%s: %d rows of %d", table.Name, read.Rows, want)
		}
	}
}

// blank is a database without a schema, of either engine.
func blank(t *testing.T, engine db.Engine) *db.DB {
	t.Helper()
	url := filepath.Join(t.TempDir(), "comptoir.db")
	if engine == db.Postgres {
		url = pgtest.URL(t)
	}
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

func TestRowsAreTheSameLinesOnBothEnginesAndComeBackOnEither(t *testing.T) {
	first := dbtest.SQLite(t)
	awkward(t, first)
	want := dumped(t, first)
	if !strings.Contains(want["place"], `"{\"a\":{\"y\":[1.50,null],\"z\":\"<é>\"},\"b\":9007199254740993}",2,9223372036854775807]`) {
		t.Errorf("the place is\n%s", want["place"])
	}
	if n := strings.Count(want["account"], "null"); n != 1 {
		t.Errorf("%d credentials are none, want one beside an empty one:\n%s", n, want["account"])
	}
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			d := blank(t, engine)
			load(t, d, want)
			if diff := cmp.Diff(want, dumped(t, d)); diff != "" {
				t.Error(diff)
			}
			// And on from there: to the other one.
			other := blank(t, db.SQLite)
			load(t, other, dumped(t, d))
			if diff := cmp.Diff(want, dumped(t, other)); diff != "" {
				t.Error(diff)
			}
			err := d.Write(t.Context(), func(tx db.Tx) error {
				var n int64
				err := tx.QueryRow(t.Context(), "INSERT INTO message (place_id, id, conversation_id, account_id, direction, automatic, subject, text, quoted, lang, url, visibility, remote, sent_at, received_at, sort_at) VALUES ('p', 'next', 'c', 'Full', 'in', FALSE, '', '', '', '', '', '', '{}', 0, 0, 0) RETURNING n").Scan(&n)
				if n != 42 {
					t.Errorf("the next message has the number %d", n)
				}
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBytesThatAreNoTextDoNotMakeABackupThatCannotBeRestored(t *testing.T) {
	from := dbtest.SQLite(t)
	set(t, from, "cut", "Bonsoi\xc3, \x00 et \xff\xfe")
	want := dumped(t, from)
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			d := blank(t, engine)
			load(t, d, want)
			if diff := cmp.Diff(want, dumped(t, d)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestWhatATableHoldsIsComparedInWhateverOrderItsRowsStand(t *testing.T) {
	const head, one, other = `["subject","at"]` + "\n", `["a",1]` + "\n", `["b",2]` + "\n"
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		table := db.Table{Name: "signin_failure", Columns: []db.Column{{Name: "subject", Type: db.Text}, {Name: "at", Type: db.Int}}}
		written, err := d.Load(t.Context(), table, strings.NewReader(head+one+other+one))
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range []struct {
			name, rows string
			same       bool
		}{
			{"as they were", one + other + one, true},
			{"in another order", other + one + one, true},
			{"without one", one + other, false},
			{"with another instead of one", one + other + other, false},
			{"with others instead of the two that are alike", other + other + other, false},
		} {
			err := d.Write(t.Context(), func(tx db.Tx) error {
				_, err := tx.Exec(t.Context(), "DELETE FROM signin_failure")
				return err
			})
			if err == nil {
				_, err = d.Load(t.Context(), table, strings.NewReader(head+c.rows))
			}
			if err != nil {
				t.Fatal(err)
			}
			if found, err := d.Dump(t.Context(), d, table, io.Discard); err != nil || (found == written) != c.same {
				t.Errorf("%s: it holds %v, it was %v; %v", c.name, found, written, err)
			}
		}
	})
}

// explained asks how a query would be answered, and answers nothing.
type explained struct {
	*db.DB
	plan string
}

func (e *explained) Query(ctx context.Context, q string, args ...any) (db.Rows, error) {
	how, last := "EXPLAIN QUERY PLAN ", 3
	if e.Engine() == db.Postgres {
		how, last = "EXPLAIN ", 0
	}
	steps, err := db.Collect(func(r db.Row) (step string, err error) {
		dest := append(make([]any, last), &step)
		for i := range last {
			dest[i] = new(int)
		}
		return step, r.Scan(dest...)
	})(e.DB.Query(ctx, how+q, args...))
	e.plan = strings.Join(steps, "\n")
	if err == nil {
		err = errExplained
	}
	return nil, err
}

var errExplained = errors.New("explained")

// Who works beside a backup must not wait for a server that sorts all messages.
func TestADumpIsReadWithoutSorting(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		tables, err := d.Tables(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, table := range tables {
			e := &explained{DB: d}
			if _, err := d.Dump(t.Context(), e, table, io.Discard); err != errExplained {
				t.Fatal(err)
			}
			if !strings.Contains(strings.ToUpper(e.plan), "SCAN") || strings.Contains(e.plan, "Sort") || strings.Contains(e.plan, "TEMP B-TREE") {
				t.Errorf("%s is read by\n%s", table.Name, e.plan)
			}
		}
	})
}

func TestADatabaseThatIsHalfFilledIsNotUsed(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			d := blank(t, engine)
			if err := d.BeginLoad(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			_, err := d.Migrate(t.Context())
			if key := fault.As(err).Key; key != "db.half_restored" || fault.As(d.CheckVersion(t.Context())).Key != key {
				t.Errorf("it is %v", err)
			}
			if v, err := d.Version(t.Context()); v != 1 || err != nil {
				t.Errorf("the schema has the version %d, %v", v, err)
			}
			if err := d.BeginLoad(t.Context(), 1); fault.As(err).Key != "db.not_empty" {
				t.Errorf("a second restore: %v", err)
			}
			if err := d.MigrateLoaded(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := d.Write(t.Context(), func(tx db.Tx) error { return d.EndLoad(t.Context(), tx) }); err != nil {
				t.Fatal(err)
			}
			if err := d.CheckVersion(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	d := blank(t, db.SQLite)
	if err := d.BeginLoad(t.Context(), len(db.Migrations())+1); fault.As(err).Key != "db.newer" {
		t.Errorf("a backup of a newer program: %v", err)
	}
}

func TestPostgreSQLKnowsFromTheStartWhatADatabaseHoldsThatWasFilled(t *testing.T) {
	from, d := dbtest.SQLite(t), blank(t, db.Postgres)
	awkward(t, from)
	load(t, d, dumped(t, from))
	if err := d.Write(t.Context(), func(tx db.Tx) error { return d.EndLoad(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
	var rows float64
	err := d.QueryRow(t.Context(), "SELECT reltuples FROM pg_class WHERE relname = 'journal'").Scan(&rows)
	if err != nil || rows != 2 {
		t.Errorf("it takes the journal for one of %v entries, %v", rows, err)
	}
}

func TestEveryTableOfTheSchemaIsInABackup(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		catalogue := "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name"
		if d.Engine() == db.Postgres {
			catalogue = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
		}
		there, err := db.Collect(func(r db.Row) (s string, err error) { err = r.Scan(&s); return })(d.Query(t.Context(), catalogue))
		if err != nil {
			t.Fatal(err)
		}
		there = slices.DeleteFunc(there, func(name string) bool { return strings.HasPrefix(name, "search") || name == "schema_version" })
		tables, err := d.Tables(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var named []string
		for _, table := range tables {
			named = append(named, table.Name)
			if len(table.Columns) == 0 {
				t.Errorf("%s has no columns", table.Name)
			}
		}
		slices.Sort(named)
		if diff := cmp.Diff(there, named); diff != "" {
			t.Error(diff)
		}
	})
}

func TestARowThatIsNotOneIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"cut":              `["name","value"]` + "\n" + `["a","b"`,
		"too short":        `["name","value"]` + "\n" + `["a"]` + "\n",
		"of another type":  `["name","value"]` + "\n" + `["a",1]` + "\n",
		"of no column":     `["name","worth"]` + "\n",
		"without its head": "",
	} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.SQLite(t)
			tables, err := d.Tables(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.Load(t.Context(), tables[0], strings.NewReader(text)); err == nil {
				t.Error("it was taken")
			}
		})
	}
}
