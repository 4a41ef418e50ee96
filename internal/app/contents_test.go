package app_test

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"comptoir/internal/db"
)

// contents says what each table holds, of one place or of all (""), as a count and a hash. What the program writes by
// itself while it runs is left out: the queue of jobs, the tries to mail a notice, and when a session or token was last used.
func (w *world) contents(placeID string) map[string]string {
	w.t.Helper()
	w.hold()
	all := map[string]string{}
	for _, table := range w.tables() {
		columns := w.columns(table)
		if strings.HasPrefix(table, "river_") || placeID != "" && !slices.Contains(columns, "place_id") {
			continue
		}
		columns = slices.DeleteFunc(columns, func(c string) bool {
			return c == "used_at" && table != "link" || table == "account" && (c == "holder" || c == "held_until") || table == "notice" && (c == "tries" || c == "next_at")
		})
		query, args := "SELECT "+strings.Join(columns, ", ")+" FROM "+table, []any{}
		if placeID != "" {
			query, args = query+" WHERE place_id = $1", []any{placeID}
		}
		rows := w.rows(query, args...)
		slices.Sort(rows)
		sum := sha256.Sum256([]byte(strings.Join(rows, "\n")))
		all[table] = fmt.Sprint(len(rows), " rows ", hex.EncodeToString(sum[:6]))
	}
	return all
}

func (w *world) tables() []string {
	if w.DB.Engine() == db.SQLite {
		// Shadow tables of the search index say nothing more than the index does.
		return w.rows("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' AND name NOT LIKE 'search%'")
	}
	return w.rows("SELECT table_name::text FROM information_schema.tables WHERE table_schema = current_schema() AND table_name <> 'search'")
}

func (w *world) columns(table string) []string {
	if w.DB.Engine() == db.SQLite {
		return w.rows("SELECT name FROM pragma_table_info('" + table + "')")
	}
	return w.rows("SELECT column_name::text FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = $1", table)
}

// rows reads whatever a query gives, a line a row.
func (w *world) rows(query string, args ...any) (all []string) {
	w.t.Helper()
	ctx := context.Background()
	line := func(values []any) {
		words := make([]string, len(values))
		for i, v := range values {
			words[i] = fmt.Sprint(v)
		}
		all = append(all, strings.Join(words, "\t"))
	}
	var err error
	if d := w.DB.SQLDB(); d != nil {
		err = readSQL(ctx, d, query, args, line)
	} else {
		rows, qerr := w.DB.Pool().Query(ctx, query, args...)
		if err = qerr; err == nil {
			defer rows.Close()
			for rows.Next() {
				values, verr := rows.Values()
				if verr != nil {
					w.t.Fatal(verr)
				}
				line(values)
			}
			err = rows.Err()
		}
	}
	if err != nil {
		w.t.Fatalf("%s: %v", query, err)
	}
	return all
}

func readSQL(ctx context.Context, d *sql.DB, query string, args []any, line func([]any)) error {
	rows, err := d.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	names, err := rows.Columns()
	if err != nil {
		return err
	}
	for rows.Next() {
		values := make([]any, len(names))
		into := make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		if err := rows.Scan(into...); err != nil {
			return err
		}
		line(values)
	}
	return rows.Err()
}
