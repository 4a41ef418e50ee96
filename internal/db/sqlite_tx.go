package db

import (
	"context"
	"database/sql"
	"errors"
	"strconv"
	"strings"
	"sync"
)

// sqliteTx is one caller's part of a group of writes.
//
// Its statements are prepared once on the writer's connection and run directly on it: the transaction
// is the connection's. A cancelled context must not interrupt a statement of a shared transaction
// (SQLite would roll all of it back), so statements run to their end.
type sqliteTx struct {
	tx    *sql.Tx
	stmts *stmtCache
	woken []string
	found []found // stored at the end of the group
}

func (t *sqliteTx) Raw() any            { return t.tx }
func (t *sqliteTx) Wake(placeID string) { t.woken = append(t.woken, placeID) }

func (t *sqliteTx) Exec(ctx context.Context, q string, args ...any) (int64, error) {
	ctx = context.WithoutCancel(ctx)
	st, err := t.stmts.get(ctx, q)
	if err != nil {
		return 0, classifySQLite(err)
	}
	res, err := st.ExecContext(ctx, args...)
	if err != nil {
		return 0, classifySQLite(err)
	}
	return res.RowsAffected()
}

func (t *sqliteTx) Query(ctx context.Context, q string, args ...any) (Rows, error) {
	ctx = context.WithoutCancel(ctx)
	st, err := t.stmts.get(ctx, q)
	if err != nil {
		return nil, classifySQLite(err)
	}
	return query(ctx, st, args)
}

func (t *sqliteTx) QueryRow(ctx context.Context, q string, args ...any) Row {
	ctx = context.WithoutCancel(ctx)
	st, err := t.stmts.get(ctx, q)
	if err != nil {
		return sqlRow{err: err}
	}
	return sqlRow{row: st.QueryRowContext(ctx, args...)}
}

// sqliteSnapshot reads within one transaction of a reader.
type sqliteSnapshot struct{ tx *sql.Tx }

func (s sqliteSnapshot) Query(ctx context.Context, q string, args ...any) (Rows, error) {
	rows, err := s.tx.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, classifySQLite(err)
	}
	return sqlRows{rows}, nil
}

func (s sqliteSnapshot) QueryRow(ctx context.Context, q string, args ...any) Row {
	return sqlRow{row: s.tx.QueryRowContext(ctx, q, args...)}
}

func query(ctx context.Context, st *sql.Stmt, args []any) (Rows, error) {
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return nil, classifySQLite(err)
	}
	return sqlRows{rows}, nil
}

type sqlRows struct{ *sql.Rows }

func (r sqlRows) Close()                 { r.Rows.Close() }
func (r sqlRows) Err() error             { return classifySQLite(r.Rows.Err()) }
func (r sqlRows) Scan(dest ...any) error { return classifySQLite(r.Rows.Scan(dest...)) }

type sqlRow struct {
	row *sql.Row
	err error
}

func (r sqlRow) Scan(dest ...any) error {
	if r.err != nil {
		return classifySQLite(r.err)
	}
	err := r.row.Scan(dest...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNoRows
	}
	return classifySQLite(err)
}

// stmtCache keeps prepared statements by their text: parsing costs more than running. The program's
// statements are constants, so the cache does not grow without end; the few built ones (lists of
// placeholders) are bounded by maxStmts.
type stmtCache struct {
	prepare func(ctx context.Context, q string) (*sql.Stmt, error)
	mu      sync.Mutex
	m       map[string]*sql.Stmt
}

const maxStmts = 500

func (c *stmtCache) get(ctx context.Context, q string) (*sql.Stmt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if st, ok := c.m[q]; ok {
		return st, nil
	}
	st, err := c.prepare(context.WithoutCancel(ctx), unnamed(q))
	if err != nil {
		return nil, err
	}
	if c.m == nil {
		c.m = map[string]*sql.Stmt{}
	}
	if len(c.m) >= maxStmts {
		for k := range c.m { // any one will do; a statement in use is closed by its user's end
			c.m[k].Close()
			delete(c.m, k)
			break
		}
	}
	c.m[q] = st
	return st, nil
}

// unnamed writes $1, $2 … as ? where each first stands in order, as in the rows of a long INSERT, and as ?1 where
// it stands again. SQLite takes $1 for a name, and looks every name up in a list: a thousand of them cost a
// million steps.
func unnamed(q string) string {
	var b strings.Builder
	rest := q
	for most := 0; ; {
		before, after, found := strings.Cut(rest, "$")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		digits := len(after) - len(strings.TrimLeft(after, "0123456789"))
		n, err := strconv.Atoi(after[:digits])
		if err != nil || n < 1 || n > most+1 {
			return q
		}
		b.WriteByte('?')
		if n <= most {
			b.WriteString(after[:digits])
		}
		most = max(most, n)
		rest = after[digits:]
	}
}

func (c *stmtCache) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, st := range c.m {
		st.Close()
	}
	c.m = nil
}
