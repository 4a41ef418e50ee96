package db

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// List returns "$from, $from+1, …" for n values: the inside of IN (…).
func List(from, n int) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteByte('$')
		b.WriteString(strconv.Itoa(from + i))
	}
	return b.String()
}

// In returns the inside of IN (…) for values, with placeholders from $from on, and args with the values
// behind them. It repeats the last value until there are as many as statements of a few lengths have, so that
// these are found prepared: a power of two, or a hundred. There must be one value at least.
func In[T ~string](from int, values []T, args ...any) (list string, all []any) {
	n := 1
	for n < len(values) {
		n *= 2
	}
	if n > maxInsert && len(values) <= maxInsert {
		n = maxInsert
	}
	args = slices.Grow(args, n)
	for i := range n {
		args = append(args, string(values[min(i, len(values)-1)]))
	}
	return kept(shape{from: from, n: n}, func() string { return List(from, n) }), args
}

// shape is all that the text of a long statement depends on.
type shape struct {
	head, tail         string
	from, shared, cols int
	n                  int
}

// texts are the long statements of this program by their shapes: a few dozen, each some thousand bytes that would
// be put together for every page of messages.
var texts sync.Map

func kept(s shape, text func() string) string {
	if t, ok := texts.Load(s); ok {
		return t.(string)
	}
	t, _ := texts.LoadOrStore(s, text())
	return t.(string)
}

// maxInsert is the most rows of one INSERT. A longer list goes out in several, of few different sizes,
// so that their prepared statements are found again.
const maxInsert = 100

// Insert collects rows for one table and writes many with one statement.
type Insert struct {
	Head   string // "INSERT INTO message (place_id, id, text)"
	Tail   string // " ON CONFLICT …"; may be empty
	Shared []any  // the first columns' values, where all rows have the same
	Expect int    // how many rows come, when that is known
	AtOnce int    // the most rows of one statement, maxInsert when 0
	args   []any
	cols   int
}

// Row adds a row: the values behind Shared. Every row has as many as the first.
func (in *Insert) Row(values ...any) {
	in.cols = len(values)
	if in.args == nil {
		in.args = append(make([]any, 0, len(in.Shared)+in.Expect*in.cols), in.Shared...)
	}
	in.args = append(in.args, values...)
}

// Rows is how many rows wait.
func (in *Insert) Rows() int {
	if len(in.args) == 0 {
		return 0
	}
	return (len(in.args) - len(in.Shared)) / in.cols
}

// Exec writes the rows, and forgets them.
func (in *Insert) Exec(ctx context.Context, tx Tx) error {
	return in.each(func(q string, args []any) error {
		_, err := tx.Exec(ctx, q, args...)
		return err
	})
}

// Numbered does so in a table whose n grows by itself, and returns the n of each row by its id, the first value
// behind Shared.
func (in *Insert) Numbered(ctx context.Context, tx Tx) (map[string]int64, error) {
	numbers := make(map[string]int64, in.Rows())
	if _, yes := tx.(*sqliteTx); yes {
		return numbers, in.each(func(q string, args []any) error { return in.counted(ctx, tx, q, args, numbers) })
	}
	in.Tail += " RETURNING id, n"
	return numbers, in.each(func(q string, args []any) error {
		rows, err := tx.Query(ctx, q, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var id string
			var n int64
			if err := rows.Scan(&id, &n); err != nil {
				return err
			}
			numbers[id] = n
		}
		return rows.Err()
	})
}

// counted is one statement of Numbered on SQLite, which numbers its rows in their order, with nobody between: there is
// one writer. What a statement returns SQLite gathers in a table of its own first, at a tenth of the price of the rows.
func (in *Insert) counted(ctx context.Context, tx Tx, q string, args []any, numbers map[string]int64) error {
	if _, err := tx.Exec(ctx, q, args...); err != nil {
		return err
	}
	var last int64
	if err := tx.QueryRow(ctx, "SELECT last_insert_rowid()").Scan(&last); err != nil {
		return err
	}
	own := args[len(in.Shared):]
	n := last - int64(len(own)/in.cols)
	for i := 0; i < len(own); i += in.cols {
		n++
		numbers[own[i].(string)] = n
	}
	return nil
}

func (in *Insert) each(run func(q string, args []any) error) error {
	for in.Rows() > 0 {
		n := chunk(in.Rows(), cmp.Or(in.AtOnce, maxInsert))
		end := len(in.Shared) + n*in.cols
		if err := run(in.statement(n), in.args[:end:end]); err != nil {
			return err
		}
		in.args = in.args[n*in.cols:] // what is left, behind what is shared
		copy(in.args, in.Shared)
	}
	in.args = nil
	return nil
}

// chunk is how many of n rows go into the next statement: full hundreds, else a power of two.
func chunk(n, most int) int {
	if n >= maxInsert {
		return min(n-n%maxInsert, most)
	}
	p := 1
	for p*2 <= n {
		p *= 2
	}
	return p
}

func (in *Insert) statement(n int) string {
	return kept(shape{head: in.Head, tail: in.Tail, shared: len(in.Shared), cols: in.cols, n: n}, func() string { return in.text(n) })
}

func (in *Insert) text(n int) string {
	var b strings.Builder
	b.WriteString(in.Head + " VALUES ")
	shared := List(1, len(in.Shared))
	if shared != "" {
		shared += ", "
	}
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(" + shared + List(1+len(in.Shared)+i*in.cols, in.cols) + ")")
	}
	b.WriteString(in.Tail)
	return b.String()
}
