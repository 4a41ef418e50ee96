package db

import (
	"context"
	"fmt"
	"strings"
)

// SQLite plans a fresh database as if any first column of an index found ten rows. Ours begin with a
// place or an account, which find nearly all of them: a list of a hundred ids would be looked for by
// reading the whole place. So the planner is told once what a grown database looks like; PostgreSQL
// finds out by itself.

// Rows that one value of a column finds in a grown table of a million; any other column is selective.
var crowd = map[string]int{
	"place_id": 100_000, "account_id": 50_000, "kind": 30_000, "state": 30_000, "automatic": 50_000,
	"member_id": 10_000, "table_id": 10_000, "person_id": 20, "conversation_id": 20,
}

const grown = 1_000_000

// teach writes the planner's statistics for every index and has this connection take them.
func (d *DB) teach(ctx context.Context) error {
	if d.kind != SQLite {
		return nil
	}
	type index struct {
		table, name, column string
		unique              bool
	}
	columns, err := Collect(func(r Row) (x index, err error) {
		err = r.Scan(&x.table, &x.name, &x.unique, &x.column)
		return
	})(d.Query(ctx, `SELECT m.name, l.name, l."unique", i.name FROM sqlite_schema m JOIN pragma_index_list(m.name) l JOIN pragma_index_info(l.name) i
		WHERE m.type = 'table' AND m.name NOT LIKE 'search%' AND m.name NOT LIKE 'river%' AND m.name NOT LIKE 'sqlite%' AND i.name IS NOT NULL ORDER BY m.name, l.seq, i.seqno`))
	if err != nil {
		return err
	}
	var script strings.Builder
	script.WriteString("ANALYZE schema_version; DELETE FROM sqlite_stat1;")
	for i := 0; i < len(columns); {
		first := columns[i]
		finds := grown
		stat := fmt.Sprint(grown)
		for ; i < len(columns) && columns[i].name == first.name; i++ {
			n, crowded := crowd[columns[i].column]
			if !crowded {
				n = 1
			}
			finds = min(finds, n)
			if last := i+1 == len(columns) || columns[i+1].name != first.name; last && first.unique {
				finds = 1
			}
			stat += fmt.Sprint(" ", finds)
		}
		fmt.Fprintf(&script, "INSERT INTO sqlite_stat1 VALUES ('%s', '%s', '%s');", first.table, first.name, stat)
	}
	// A change of the schema has the readers load it again, statistics included; the writer is told.
	script.WriteString("CREATE TABLE taught (x); DROP TABLE taught; ANALYZE sqlite_schema;")
	return d.Write(ctx, func(tx Tx) error { return d.script(ctx, tx, script.String()) })
}
