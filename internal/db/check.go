package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"strings"

	"comptoir/internal/fault"
)

// Integrity has SQLite check the whole file. PostgreSQL has no such question to ask: there, every row of
// every table of ours is read, which fails on a page that cannot be. It reads everything.
func (d *DB) Integrity(ctx context.Context) error { return d.integrity(ctx, d) }

func (e *sqliteEngine) integrity(ctx context.Context, _ *DB) error { return integrity(ctx, e.r) }

// Examine has SQLite look for torn pages, in a quarter of the time of Integrity; on PostgreSQL it does nothing.
func (d *DB) Examine(ctx context.Context) error {
	e, ok := d.engine.(*sqliteEngine)
	if !ok {
		return nil
	}
	return examine(ctx, e.r, "PRAGMA quick_check(1)")
}

func integrity(ctx context.Context, c *sql.DB) error {
	return examine(ctx, c, "PRAGMA integrity_check(1)")
}

func examine(ctx context.Context, c *sql.DB, question string) error {
	var said string
	if err := c.QueryRowContext(ctx, question).Scan(&said); err != nil {
		return classifySQLite(err)
	}
	if said != "ok" {
		return &fault.Error{Code: fault.Internal, Op: "db.integrity", Key: "db.corrupt", Err: errors.New(said)}
	}
	return nil
}

func (e *postgresEngine) integrity(ctx context.Context, d *DB) error {
	tables, err := d.Tables(ctx)
	if err != nil {
		return err
	}
	return d.Read(ctx, func(q Querier) error {
		for _, t := range tables {
			if _, err := d.Dump(ctx, q, t, io.Discard); err != nil {
				return fault.Wrap(err, fault.Internal, "db.integrity", "db.corrupt")
			}
		}
		return nil
	})
}

// ForeignKeys returns fault.Internal ("db.orphans") when rows refer to others that are not there. Both
// engines forbid it; a repair by hand, or a copy made with their checks off, leaves such rows.
func (d *DB) ForeignKeys(ctx context.Context) error {
	questions := []string{`SELECT "table", count(*) FROM pragma_foreign_key_check GROUP BY 1`}
	if d.kind == Postgres {
		var err error
		if questions, err = d.orphanQuestions(ctx); err != nil {
			return err
		}
	}
	orphans := 0
	var tables []string
	for _, q := range questions {
		type found struct {
			table string
			n     int
		}
		all, err := Collect(func(r Row) (f found, err error) { err = r.Scan(&f.table, &f.n); return })(d.Query(ctx, q))
		if err != nil {
			return err
		}
		for _, f := range all {
			if f.n > 0 {
				orphans += f.n
				tables = append(tables, fmt.Sprintf("%s: %d", f.table, f.n))
			}
		}
	}
	if orphans == 0 {
		return nil
	}
	return &fault.Error{Code: fault.Internal, Op: "db.foreign_keys", Key: "db.orphans", Args: []any{"n", orphans}, Err: errors.New(strings.Join(tables, ", "))}
}

// orphanQuestions asks PostgreSQL of each foreign key, one by one, what SQLite asks of all.
func (d *DB) orphanQuestions(ctx context.Context) ([]string, error) {
	return Collect(func(r Row) (string, error) {
		var from, to, all, match string
		err := r.Scan(&from, &to, &all, &match)
		return strings.NewReplacer("{from}", from, "{to}", to, "{all}", all, "{match}", match).Replace(
			"SELECT '{from}', count(*) FROM {from} a WHERE {all} AND NOT EXISTS (SELECT 1 FROM {to} b WHERE {match})"), err
	})(d.Query(ctx, `SELECT f.conrelid::regclass::text, f.confrelid::regclass::text,
			string_agg(format('a.%I IS NOT NULL', x.attname), ' AND '), string_agg(format('b.%I = a.%I', y.attname, x.attname), ' AND ')
		FROM pg_constraint f CROSS JOIN unnest(f.conkey, f.confkey) AS k (one, other)
			JOIN pg_attribute x ON x.attrelid = f.conrelid AND x.attnum = k.one JOIN pg_attribute y ON y.attrelid = f.confrelid AND y.attnum = k.other
		WHERE f.contype = 'f' AND f.connamespace = current_schema()::regnamespace GROUP BY f.oid, f.conrelid, f.confrelid ORDER BY 1, 2`))
}
