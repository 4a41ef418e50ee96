package db

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"comptoir/internal/fault"
)

// loading marks a database into which a backup is being read. It is a table of its own, outside of the
// schema, so that nothing else has to know of it.
const loading = "restore_unfinished"

// loadAtOnce is how many rows of a dump go into one transaction.
const loadAtOnce = 2000

// BeginLoad makes an empty database ready to be filled by Load with the schema that it had at version.
// Until EndLoad no program starts on it: "db.half_restored". It returns fault.Conflict ("db.not_empty") for
// a database that has a schema already, and "db.newer" for a version that this program does not know.
func (d *DB) BeginLoad(ctx context.Context, version int) error {
	have, err := d.Version(ctx)
	if err != nil {
		return err
	}
	unfinished, err := d.has(ctx, loading)
	if err != nil {
		return err
	}
	if have > 0 || unfinished {
		return fault.New(fault.Conflict, "db.load", "db.not_empty")
	}
	if known := len(Migrations()); version > known {
		return fault.New(fault.Conflict, "db.load", "db.newer", "have", version, "known", known)
	}
	err = d.Write(ctx, func(tx Tx) error { return d.script(ctx, tx, "CREATE TABLE "+loading+" (x BIGINT)") })
	if err != nil {
		return err
	}
	_, err = d.migrateTo(ctx, version)
	return err
}

// MigrateLoaded brings a database that is being filled from its backup's schema to the newest one.
func (d *DB) MigrateLoaded(ctx context.Context) error {
	_, err := d.migrateTo(ctx, len(Migrations()))
	return err
}

// EndLoad says that everything is there, and runs last, in the transaction that makes it fit to be used.
func (d *DB) EndLoad(ctx context.Context, tx Tx) error {
	end := "DROP TABLE " + loading
	if d.kind == Postgres { // else it plans as for an empty database until it looks by itself, a minute later
		end += "; ANALYZE"
	}
	return d.script(ctx, tx, end)
}

// checkWhole refuses a database that a restore left half filled.
func (d *DB) checkWhole(ctx context.Context) error {
	half, err := d.has(ctx, loading)
	if err == nil && half {
		return fault.New(fault.Conflict, "db.version", "db.half_restored")
	}
	return err
}

// Load reads what Dump wrote into an empty table, and returns what it read. The tables that it refers to must be
// filled already.
func (d *DB) Load(ctx context.Context, t Table, r io.Reader) (c Content, err error) {
	in := bufio.NewReaderSize(r, 256<<10)
	head, err := in.ReadBytes('\n')
	if err != nil {
		return c, fmt.Errorf("db: load %s: %w", t.Name, err)
	}
	if t.Columns, err = t.named(head); err != nil {
		return c, err
	}
	for end := false; !end; {
		var batch [][]any
		for len(batch) < loadAtOnce && !end {
			line, err := in.ReadBytes('\n')
			if end = err == io.EOF; end && len(line) == 0 {
				break
			} else if err != nil && !end {
				return c, err
			}
			row, err := lineOf(bytes.TrimSuffix(line, []byte("\n")), t.Columns)
			if err != nil {
				return c, fmt.Errorf("db: load %s, row %d: %w", t.Name, c.Rows+1, err)
			}
			batch = append(batch, row)
			c.add(line)
		}
		if err := d.insertAll(ctx, t, batch); err != nil {
			return c, err
		}
	}
	return c, d.count(ctx, t)
}

// named returns the columns that a dump's first line names, in its order.
func (t Table) named(head []byte) ([]Column, error) {
	var names []string
	if err := json.Unmarshal(head, &names); err != nil {
		return nil, fmt.Errorf("db: load %s: %w", t.Name, err)
	}
	var columns []Column
	for _, name := range names {
		i := slices.IndexFunc(t.Columns, func(c Column) bool { return c.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("db: load %s: there is no column %q", t.Name, name)
		}
		columns = append(columns, t.Columns[i])
	}
	return columns, nil
}

func (d *DB) insertAll(ctx context.Context, t Table, batch [][]any) error {
	if len(batch) == 0 {
		return nil
	}
	return d.Write(ctx, func(tx Tx) error {
		// across places: every table is filled, from a backup
		rows := Insert{Head: "INSERT INTO " + t.Name + " (" + t.names() + ")"}
		for _, row := range batch {
			rows.Row(row...)
		}
		return rows.Exec(ctx, tx)
	})
}

// count tells PostgreSQL's sequences of the numbers that rows brought with them. SQLite finds out itself.
func (d *DB) count(ctx context.Context, t Table) error {
	for _, c := range t.Columns {
		if !c.Auto {
			continue
		}
		var last int64
		query := strings.NewReplacer("{table}", t.Name, "{column}", c.Name).Replace(
			"SELECT setval(pg_get_serial_sequence('{table}', '{column}'), greatest(max({column}), 1), count(*) > 0) FROM {table}")
		if err := d.QueryRow(ctx, query).Scan(&last); err != nil {
			return err
		}
	}
	return nil
}
