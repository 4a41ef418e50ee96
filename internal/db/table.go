package db

import (
	"context"
	"fmt"
	"regexp"
	"strings"
)

// Table is one table of the program's own data, as a backup copies it: the same on both engines.
type Table struct {
	Name    string
	Columns []Column
}

// Column is one column of a table.
type Column struct {
	Name string
	Type ColumnType
	Auto bool // PostgreSQL counts it by a sequence, which must be told of rows that brought their own number
}

// ColumnType is one of the few types that the schema uses.
type ColumnType string

const (
	Text   ColumnType = "text"
	Int    ColumnType = "int"
	Bool   ColumnType = "bool"
	Double ColumnType = "double"
	Bytes  ColumnType = "bytes"
	JSON   ColumnType = "json"
)

var columnTypes = map[string]ColumnType{
	"TEXT": Text, "BIGINT": Int, "INTEGER": Int, "BOOLEAN": Bool, "DOUBLE PRECISION": Double, "BYTEA": Bytes, "JSONB": JSON,
}

var creates = regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)

// Tables lists the tables that hold the program's data, each behind those it refers to. The index of the
// search is not among them, nor are the job queue's: both are made again from the rows.
func (d *DB) Tables(ctx context.Context) ([]Table, error) {
	version, err := d.Version(ctx)
	if err != nil {
		return nil, err
	}
	if version > len(Migrations()) {
		return nil, d.CheckVersion(ctx)
	}
	var all []Table
	for _, m := range Migrations()[:version] {
		for _, found := range creates.FindAllStringSubmatch(d.dialect(m.SQL), -1) {
			if found[1] == "search" {
				continue
			}
			t := Table{Name: found[1]}
			if t.Columns, err = d.columns(ctx, t.Name); err != nil {
				return nil, err
			}
			all = append(all, t)
		}
	}
	return all, nil
}

func (d *DB) columns(ctx context.Context, table string) ([]Column, error) {
	catalogue := "SELECT name, type, FALSE FROM pragma_table_info($1) ORDER BY cid"
	if d.kind == Postgres {
		catalogue = `SELECT attname, format_type(atttypid, atttypmod), attidentity <> ''
			FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`
	}
	return Collect(func(r Row) (c Column, err error) {
		var declared string
		if err = r.Scan(&c.Name, &declared, &c.Auto); err != nil {
			return c, err
		}
		var known bool
		if c.Type, known = columnTypes[strings.ToUpper(declared)]; !known {
			return c, fmt.Errorf("db: column %s.%s has the type %s, which a backup does not know", table, c.Name, declared)
		}
		return c, nil
	})(d.Query(ctx, catalogue, table))
}

func (t Table) names() string {
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	return strings.Join(names, ", ")
}
