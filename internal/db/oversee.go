package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"

	"modernc.org/sqlite"
)

// openOverseen opens a SQLite file with connections whose errors cost trust wherever they appear: the job queue
// writes by itself, and a statement may fail only when it ends.
func openOverseen(dsn string, t *trust) (*sql.DB, error) {
	c, err := sqlite.NewConnector(dsn)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(overseer{c, t}), nil
}

type overseer struct {
	driver.Connector
	trust *trust
}

func (o overseer) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := o.Connector.Connect(ctx)
	if err != nil {
		return nil, o.trust.seen(err)
	}
	return conn{c.(connection), o.trust, map[string]driver.Stmt{}}, nil
}

// connection is what SQLite's driver can do and database/sql asks for.
type connection interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ConnPrepareContext
	driver.ExecerContext
	driver.QueryerContext
	driver.Pinger
	driver.SessionResetter
	driver.Validator
}

type conn struct {
	connection
	trust *trust
	kept  map[string]driver.Stmt // by query, those that nobody uses now
}

// maxKept bounds the statements that a connection keeps.
const maxKept = 50

// Close gives up what was kept too.
func (c conn) Close() error {
	for _, s := range c.kept {
		s.Close() // the connection's own error counts
	}
	return c.connection.Close()
}

func (c conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	r, err := c.connection.ExecContext(ctx, query, args)
	return r, c.trust.seen(err)
}

// QueryContext keeps the statement for the next time. The job queue asks the same few times a second and prepares
// nothing itself; parsing its question takes several times as long as finding that there is nothing to do.
func (c conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s := c.kept[query]
	delete(c.kept, query) // ours until its rows are closed
	if s == nil {
		var err error
		if s, err = c.connection.PrepareContext(ctx, query); err != nil {
			return nil, c.trust.seen(err)
		}
	}
	r, err := s.(statement).QueryContext(ctx, args)
	if err != nil {
		s.Close()
		return nil, c.trust.seen(err)
	}
	return rows{r, c.trust, func() error { return c.keep(query, s) }}, nil
}

func (c conn) keep(query string, s driver.Stmt) error {
	if c.kept[query] != nil || len(c.kept) >= maxKept {
		return s.Close()
	}
	c.kept[query] = s
	return nil
}

func (c conn) PrepareContext(ctx context.Context, query string) (driver.Stmt, error) {
	s, err := c.connection.PrepareContext(ctx, query)
	if err != nil {
		return nil, c.trust.seen(err)
	}
	return stmt{s.(statement), c.trust}, nil
}

func (c conn) BeginTx(ctx context.Context, o driver.TxOptions) (driver.Tx, error) {
	x, err := c.connection.BeginTx(ctx, o)
	if err != nil {
		return nil, c.trust.seen(err)
	}
	return tx{x, c.trust}, nil
}

type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

type stmt struct {
	statement
	trust *trust
}

func (s stmt) ExecContext(ctx context.Context, args []driver.NamedValue) (driver.Result, error) {
	r, err := s.statement.ExecContext(ctx, args)
	return r, s.trust.seen(err)
}

func (s stmt) QueryContext(ctx context.Context, args []driver.NamedValue) (driver.Rows, error) {
	r, err := s.statement.QueryContext(ctx, args)
	return overseeRows(r, err, s.trust)
}

type tx struct {
	driver.Tx
	trust *trust
}

func (x tx) Commit() error { return x.trust.seen(x.Tx.Commit()) }

type rows struct {
	driver.Rows
	trust *trust
	done  func() error // after Close, may be nil
}

func overseeRows(r driver.Rows, err error, t *trust) (driver.Rows, error) {
	if err != nil {
		return nil, t.seen(err)
	}
	return rows{r, t, nil}, nil
}

func (r rows) Next(dest []driver.Value) error { return r.trust.seen(r.Rows.Next(dest)) }

func (r rows) Close() error {
	err := r.Rows.Close()
	if r.done != nil {
		err = errors.Join(err, r.done())
	}
	return r.trust.seen(err)
}
