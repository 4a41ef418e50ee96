package db

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"comptoir/internal/fault"
)

// A dumped table is text: a line with the names of its columns, then a line for each row, both JSON arrays.
// Bytes are in base64, JSON is in a string and has its keys in order, so that the same row gives the same
// line on both engines.
//
// The lines are in no order. A server that is asked for one sorts whole tables before it hands out the first row, as fast as it
// can, beside those who work; without, it reads along as slowly as we do.

// Content tells what a table or its dump holds: two that hold the same rows have the same, in whatever order they stand.
type Content struct {
	Rows int64
	sum  [4]uint64
}

// add counts a line. Sums are added, for a row may be there twice.
func (c *Content) add(line []byte) {
	sum := sha256.Sum256(line)
	for i := range c.sum {
		c.sum[i] += binary.LittleEndian.Uint64(sum[8*i:])
	}
	c.Rows++
}

// Dump writes a table's rows, as q sees them, and returns what it wrote.
func (d *DB) Dump(ctx context.Context, q Querier, t Table, w io.Writer) (c Content, err error) {
	out := bufio.NewWriterSize(w, 16<<10)
	var names []string
	for _, c := range t.Columns {
		names = append(names, c.Name)
	}
	head, err := json.Marshal(names)
	if err != nil {
		return c, err
	}
	out.Write(append(head, '\n'))
	all, err := q.Query(ctx, "SELECT "+t.names()+" FROM "+t.Name)
	if err != nil {
		return c, err
	}
	defer all.Close()
	row := newDumpRow(t)
	for all.Next() {
		if err := all.Scan(row.dest...); err != nil {
			return c, err
		}
		line, err := row.line()
		if err != nil {
			return c, fmt.Errorf("db: dump %s: %w", t.Name, err)
		}
		if _, err := out.Write(line); err != nil {
			return c, err
		}
		c.add(line)
	}
	if err := all.Err(); err != nil {
		return c, err
	}
	return c, out.Flush()
}

// dumpRow is where a row is scanned into, and its line.
type dumpRow struct {
	columns []Column
	dest    []any
	buf     []byte
}

func newDumpRow(t Table) *dumpRow {
	r := &dumpRow{columns: t.Columns}
	for _, c := range t.Columns {
		switch c.Type {
		case Text, JSON:
			r.dest = append(r.dest, new(*string))
		case Int:
			r.dest = append(r.dest, new(*int64))
		case Bool:
			r.dest = append(r.dest, new(*bool))
		case Double:
			r.dest = append(r.dest, new(*float64))
		case Bytes:
			r.dest = append(r.dest, new(any)) // SQLite's driver gives empty bytes as nil ones
		}
	}
	return r
}

// line is the row that was scanned; good until the next call.
func (r *dumpRow) line() ([]byte, error) {
	b := append(r.buf[:0], '[')
	for i, dest := range r.dest {
		if i > 0 {
			b = append(b, ',')
		}
		switch v := dest.(type) {
		case **string:
			switch {
			case *v == nil:
				b = append(b, "null"...)
			case r.columns[i].Type == JSON:
				ordered, err := inOrder(**v)
				if err != nil {
					return nil, err
				}
				b = appendJSON(b, ordered)
			default: // what SQLite took and is no text could not come back as it was, and nothing would be restored
				b = appendJSON(b, plain(**v))
			}
		case **int64:
			b = appendOr(b, *v, func(n int64) []byte { return strconv.AppendInt(b, n, 10) })
		case **bool:
			b = appendOr(b, *v, func(on bool) []byte { return strconv.AppendBool(b, on) })
		case **float64:
			b = appendOr(b, *v, func(f float64) []byte { return strconv.AppendFloat(b, f, 'g', -1, 64) })
		case *any:
			if content, ok := (*v).([]byte); ok {
				b = append(base64.StdEncoding.AppendEncode(append(b, '"'), content), '"')
			} else {
				b = append(b, "null"...)
			}
		}
	}
	r.buf = append(b, ']', '\n')
	return r.buf, nil
}

func appendOr[T any](b []byte, v *T, add func(T) []byte) []byte {
	if v == nil {
		return append(b, "null"...)
	}
	return add(*v)
}

const hexDigits = "0123456789abcdef"

// appendJSON is a JSON string as encoding/json writes it, without its care for HTML, at a fifth of the cost.
func appendJSON(b []byte, s string) []byte {
	b = append(b, '"')
	from := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[from:i]...)
		from = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, '\\', 'n')
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(b, s[from:]...), '"')
}

// inOrder writes a JSON value with its keys in order and no spaces. PostgreSQL keeps keys in an order of
// its own.
func inOrder(s string) (string, error) {
	if s == "{}" {
		return s, nil
	}
	dec := json.NewDecoder(strings.NewReader(s))
	dec.UseNumber() // an id that is a number must not become a fraction
	var v any
	if err := dec.Decode(&v); err != nil {
		return "", err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSuffix(out.String(), "\n"), err
}

// lineOf turns a line of a dump back into the values of a row, in the order of columns.
func lineOf(line []byte, columns []Column) ([]any, error) {
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	var raw []any
	if err := dec.Decode(&raw); err != nil {
		return nil, err
	}
	if len(raw) != len(columns) {
		return nil, fmt.Errorf("%d values in a row of %d columns", len(raw), len(columns))
	}
	for i, v := range raw {
		if v == nil {
			continue
		}
		var err error
		if raw[i], err = columns[i].value(v); err != nil {
			return nil, fmt.Errorf("column %s: %w", columns[i].Name, err)
		}
	}
	return raw, nil
}

func (c Column) value(v any) (any, error) {
	switch v := v.(type) {
	case string:
		switch c.Type {
		case Text, JSON:
			return v, nil
		case Bytes:
			return base64.StdEncoding.DecodeString(v)
		}
	case bool:
		if c.Type == Bool {
			return v, nil
		}
	case json.Number:
		switch c.Type {
		case Int:
			return v.Int64()
		case Double:
			return v.Float64()
		}
	}
	return nil, fault.New(fault.Invalid, "db.load", "", "value", v)
}
