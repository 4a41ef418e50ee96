package dbtest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest/pgtest"
)

// Postgres returns a fresh, migrated PostgreSQL database, copied from one that is migrated once for
// each state of the schema. It skips or fails the test when there is no server: see pgtest.
func Postgres(t testing.TB) *db.DB {
	t.Helper()
	return open(t, PostgresURL(t))
}

// PostgresURL names a fresh, migrated PostgreSQL database, for tests that open it more than once.
func PostgresURL(t testing.TB) string {
	t.Helper()
	return postgresURL(t, "", nothing)
}

func postgresURL(t testing.TB, name string, more func(context.Context, *db.DB) error) string {
	t.Helper()
	h := sha256.New()
	for _, m := range db.Migrations() {
		h.Write([]byte(m.SQL))
	}
	return pgtest.From(t, name+hex.EncodeToString(h.Sum(nil)[:8]), func(url string) error {
		d, err := db.Open(context.Background(), url)
		if err != nil {
			return err
		}
		defer d.Close()
		if _, err = d.Migrate(context.Background()); err != nil {
			return err
		}
		return more(context.Background(), d)
	})
}
