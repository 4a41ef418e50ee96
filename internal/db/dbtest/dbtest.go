// Package dbtest runs storage tests on real databases: SQLite always, PostgreSQL when there is one.
package dbtest

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"comptoir/internal/db"
)

// Each runs fn on a fresh, migrated database of every engine, in parallel.
func Each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	EachWith(t, "", nothing, fn)
}

func nothing(context.Context, *db.DB) error { return nil }

// EachWith runs fn on databases in which more was done: once for each name, then copied.
func EachWith(t *testing.T, name string, more func(context.Context, *db.DB) error, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		fn(t, SQLiteWith(t, name, more))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		fn(t, open(t, postgresURL(t, name, more)))
	})
}

// SQLite returns a fresh, migrated SQLite database in a temporary folder.
func SQLite(t testing.TB) *db.DB {
	t.Helper()
	return SQLiteWith(t, "", nothing)
}

// SQLiteWith returns such a database in which more was done: once in this process for each name, then copied.
func SQLiteWith(t testing.TB, name string, more func(context.Context, *db.DB) error) *db.DB {
	t.Helper()
	once, _ := made.LoadOrStore(name, sync.OnceValues(func() ([]byte, error) { return original(more) }))
	content, err := once.(func() ([]byte, error))()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "comptoir.db")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return open(t, path)
}

var made sync.Map // of func() ([]byte, error), by name

// original makes the database that others are copies of, and returns its file.
func original(more func(context.Context, *db.DB) error) ([]byte, error) {
	dir, err := os.MkdirTemp("", "comptoir-db-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "comptoir.db")
	ctx := context.Background()
	d, err := db.Open(ctx, path)
	if err != nil {
		return nil, err
	}
	_, err = d.Migrate(ctx)
	if err == nil {
		err = more(ctx, d)
	}
	d.Close() // the last to close a database writes its log into it
	if err != nil {
		return nil, err
	}
	return os.ReadFile(path)
}

func open(t testing.TB, url string) *db.DB {
	t.Helper()
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}
