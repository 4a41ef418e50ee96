package db

import (
	"context"
	"strconv"
	"strings"
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
// behind them. It repeats the last value up to a power of two, so that lists of many lengths share a few
// prepared statements. There must be one value at least.
func In[T ~string](from int, values []T, args ...any) (list string, all []any) {
	n := 1
	for n < len(values) {
		n *= 2
	}
	for i := range n {
		args = append(args, string(values[min(i, len(values)-1)]))
	}
	return List(from, n), args
}

// maxInsert is the most rows of one INSERT. A longer list goes out in several, of few different sizes,
// so that their prepared statements are found again.
const maxInsert = 100

// Insert collects rows for one table and writes many with one statement.
type Insert struct {
	Head string // "INSERT INTO message (id, text)"
	Tail string // " ON CONFLICT …", may be empty
	args []any
	cols int
}

// Row adds a row. Every row has as many values as the first.
func (in *Insert) Row(values ...any) {
	in.cols = len(values)
	in.args = append(in.args, values...)
}

// Rows is how many rows wait.
func (in *Insert) Rows() int {
	if in.cols == 0 {
		return 0
	}
	return len(in.args) / in.cols
}

// Exec writes the rows, and forgets them.
func (in *Insert) Exec(ctx context.Context, tx Tx) error {
	for in.Rows() > 0 {
		n := chunk(in.Rows())
		if _, err := tx.Exec(ctx, in.statement(n), in.args[:n*in.cols]...); err != nil {
			return err
		}
		in.args = in.args[n*in.cols:]
	}
	in.args = nil
	return nil
}

// chunk is how many of n rows go into the next statement: a full hundred, else a power of two.
func chunk(n int) int {
	if n >= maxInsert {
		return maxInsert
	}
	p := 1
	for p*2 <= n {
		p *= 2
	}
	return p
}

func (in *Insert) statement(n int) string {
	var b strings.Builder
	b.WriteString(in.Head + " VALUES ")
	for i := range n {
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(" + List(1+i*in.cols, in.cols) + ")")
	}
	b.WriteString(in.Tail)
	return b.String()
}
