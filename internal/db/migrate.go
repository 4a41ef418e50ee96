package db

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"regexp"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/fault/point"
)

//go:embed migrations/*.sql
var migrationFiles embed.FS

// Migration is one step of the schema, forward only.
type Migration struct {
	Version int
	Name    string
	SQL     string // as written; see dialect for what differs between engines
}

// Migrations lists the steps in order.
func Migrations() []Migration {
	entries, err := fs.ReadDir(migrationFiles, "migrations")
	if err != nil {
		panic(err) // embedded
	}
	var all []Migration
	for i, e := range entries {
		text, _ := fs.ReadFile(migrationFiles, "migrations/"+e.Name())
		number, name, _ := strings.Cut(strings.TrimSuffix(e.Name(), ".sql"), "_")
		if v, err := strconv.Atoi(number); err != nil || v != i+1 {
			panic(fmt.Sprintf("db: migration %s should have number %04d", e.Name(), i+1))
		}
		all = append(all, Migration{Version: i + 1, Name: name, SQL: string(text)})
	}
	return all
}

// Version returns the schema's version, 0 for an empty database.
func (d *DB) Version(ctx context.Context) (int, error) {
	var v int
	if there, err := d.has(ctx, "schema_version"); err != nil || !there {
		return 0, err
	}
	err := d.QueryRow(ctx, "SELECT coalesce(max(version), 0) FROM schema_version").Scan(&v)
	return v, err
}

// has tells whether there is a table of this name.
func (d *DB) has(ctx context.Context, table string) (bool, error) {
	count := "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = $1"
	if d.kind == Postgres {
		count = "SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename = $1"
	}
	var n int
	err := d.QueryRow(ctx, count, table).Scan(&n)
	return n > 0, err
}

// CheckVersion returns fault.Conflict when the schema is not exactly the one this program knows:
// "db.newer" when a newer program wrote it, "db.older" when it must be migrated first, "db.half_restored"
// when a restore did not come to its end.
func (d *DB) CheckVersion(ctx context.Context) error {
	if err := d.checkWhole(ctx); err != nil {
		return err
	}
	v, err := d.Version(ctx)
	if err != nil {
		return err
	}
	switch known := len(Migrations()); {
	case v > known:
		return fault.New(fault.Conflict, "db.version", "db.newer", "have", v, "known", known)
	case v < known:
		return fault.New(fault.Conflict, "db.version", "db.older", "have", v, "known", known)
	}
	return nil
}

// Migrate brings the schema to the newest version, each step in one transaction, and returns how many
// steps it took. Killed at any moment, it goes on where it was. Two processes may call it at once.
func (d *DB) Migrate(ctx context.Context) (int, error) {
	if err := d.checkWhole(ctx); err != nil {
		return 0, err
	}
	return d.migrateTo(ctx, len(Migrations()))
}

func (d *DB) migrateTo(ctx context.Context, version int) (int, error) {
	v, err := d.Version(ctx)
	if err != nil {
		return 0, err
	}
	all := Migrations()
	if v > len(all) {
		return 0, d.CheckVersion(ctx)
	}
	steps := 0
	for _, m := range all[min(v, version):version] {
		done, err := d.step(ctx, m)
		if err != nil {
			return steps, fmt.Errorf("migration %04d %s: %w", m.Version, m.Name, err)
		}
		if done {
			steps++
		}
	}
	if steps > 0 {
		return steps, d.teach(ctx)
	}
	return steps, nil
}

// step applies one migration unless another process was first.
func (d *DB) step(ctx context.Context, m Migration) (done bool, err error) {
	err = d.Write(ctx, func(tx Tx) error {
		if d.kind == Postgres { // held to the end of the transaction; the number is ours alone
			if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(7243201)"); err != nil {
				return err
			}
		}
		if _, err := tx.Exec(ctx, "CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT NOT NULL)"); err != nil {
			return err
		}
		var n int
		if err := tx.QueryRow(ctx, "SELECT count(*) FROM schema_version WHERE version = $1", m.Version).Scan(&n); err != nil || n > 0 {
			return err
		}
		for _, statement := range statements(d.dialect(m.SQL)) {
			if err := d.script(ctx, tx, statement); err != nil {
				return err
			}
			point.Reached(point.MigrateStatement)
		}
		done = true
		_, err := tx.Exec(ctx, "INSERT INTO schema_version (version, name, applied_at) VALUES ($1, $2, $3)", m.Version, m.Name, Micros(time.Now()))
		return err
	})
	point.Reached(point.MigrateStep)
	return done, err
}

// statements cuts a migration at the lines that end with a semicolon, so that one that fails is named alone.
func statements(text string) []string {
	var all []string
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(line)
		code, _, _ := strings.Cut(line, "--")
		if strings.HasSuffix(strings.TrimSpace(code), ";") {
			all = append(all, b.String())
			b.Reset()
		}
	}
	return append(all, b.String()) // what remains is a comment, or no SQL at all
}

var onlyFor = regexp.MustCompile(`(?ms)^-- only (sqlite|postgres)\n(.*?)^-- end\n`)

// dialect turns a migration's text into the engine's own: {identity} is a growing integer primary key,
// and a block between "-- only sqlite" (or postgres) and "-- end" is for that engine alone.
func (d *DB) dialect(text string) string {
	text = onlyFor.ReplaceAllStringFunc(text, func(block string) string {
		m := onlyFor.FindStringSubmatch(block)
		if m[1] == string(d.kind) {
			return m[2]
		}
		return ""
	})
	identity := "INTEGER PRIMARY KEY AUTOINCREMENT"
	if d.kind == Postgres {
		identity = "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY"
	}
	return strings.ReplaceAll(text, "{identity}", identity)
}
