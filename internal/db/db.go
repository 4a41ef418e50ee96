// Package db is the store: one SQL text for SQLite and PostgreSQL, behind two small interfaces.
//
// Statements use $1 placeholders; ids are UUIDv7 text made in Go; times are BIGINT microseconds UTC;
// JSON lives in columns declared JSONB, written as text and read with ->> or decoded in Go. What
// differs between the two engines (identity columns, full-text search, waking other processes, the
// class of an error) stays in this package.
//
// On SQLite all writers share one connection and commit in groups: see writer. On PostgreSQL each
// Write is a transaction of its own. A function given to Write must not do anything but talk to the
// database: it holds up every other writer.
package db

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"comptoir/internal/fault"
)

// ErrNoRows is what Row.Scan returns when there was no row, on both engines.
var ErrNoRows = errors.New("db: no rows")

// Engine names the database behind a DB.
type Engine string

const (
	SQLite   Engine = "sqlite"
	Postgres Engine = "postgres"
)

// Row is one row: the result of a query of at most one, or the current one of Rows.
type Row interface {
	Scan(dest ...any) error // ErrNoRows when there was none
}

// Rows is the result of a query; close it.
type Rows interface {
	Row
	Next() bool
	Err() error
	Close()
}

// Querier reads.
type Querier interface {
	Query(ctx context.Context, sql string, args ...any) (Rows, error)
	QueryRow(ctx context.Context, sql string, args ...any) Row
}

// Tx reads and writes within one transaction.
type Tx interface {
	Querier
	// Exec returns the number of rows changed.
	Exec(ctx context.Context, sql string, args ...any) (int64, error)
	// Wake tells every process, once this transaction is committed, that the journal of a place grew.
	Wake(placeID string)
	// Raw is the engine's own transaction, *sql.Tx or pgx.Tx, for the job queue.
	Raw() any
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine
	kind  Engine
	url   string
	wakes wakes
	trust trust
	last  lastWrite

	closing sync.Once
}

// engine is what SQLite and PostgreSQL each implement.
type engine interface {
	Querier
	write(ctx context.Context, fn func(Tx) error) error
	snapshot(ctx context.Context, fn func(Querier) error) error
	// script runs several statements without arguments, in tx.
	script(ctx context.Context, tx Tx, sql string) error
	ping(ctx context.Context) error
	integrity(ctx context.Context, d *DB) error
	close()
}

// Open opens the database named by url: "postgres://…" (or "postgresql://…"), or else the path of a
// SQLite file, which is made when it does not exist. It does not migrate.
//
// It returns fault.Unavailable when the database cannot be reached and fault.Internal with the key
// "db.corrupt" when a SQLite file is damaged.
func Open(ctx context.Context, url string) (*DB, error) {
	d := &DB{url: url, kind: SQLite, trust: trust{lost: make(chan struct{})}}
	open := openSQLite
	if strings.HasPrefix(url, "postgres://") || strings.HasPrefix(url, "postgresql://") {
		d.kind, open = Postgres, openPostgres
	}
	var err error
	if d.engine, err = open(ctx, url, d); err != nil {
		return nil, err
	}
	return d, nil
}

// Engine tells which database this is.
func (d *DB) Engine() Engine { return d.kind }

// URL is what the database was opened with. It may hold a password: never print it.
func (d *DB) URL() string { return d.url }

// Close waits for writes under way and closes the database. Further calls do nothing.
func (d *DB) Close() { d.closing.Do(d.close) }

// Write runs fn in a transaction and commits it; when fn fails or panics, nothing of it is kept. On
// SQLite fn may share its commit with other writers, each undone alone. When Write returns nil, what fn
// did is durable. fault.Ambiguous means that the connection was lost during the commit.
func (d *DB) Write(ctx context.Context, fn func(Tx) error) error {
	err := d.write(ctx, fn)
	d.last.note(err)
	return err
}

// Read runs fn on one consistent snapshot. Single statements need no Read: use Query and QueryRow.
func (d *DB) Read(ctx context.Context, fn func(Querier) error) error { return d.snapshot(ctx, fn) }

// Ping tells whether the database answers.
func (d *DB) Ping(ctx context.Context) error { return d.ping(ctx) }

// NewID returns a fresh id: UUIDv7, so ids of one process sort by time.
func NewID() string { return uuid.Must(uuid.NewV7()).String() }

// NamedID returns the id that these words name: the same words in the same order give the same id (UUIDv8 of
// their hash), so what is asked for twice under one name is found again. It does not sort by time.
func NamedID(words ...string) string {
	var name []byte
	for _, w := range words {
		name = binary.AppendUvarint(name, uint64(len(w)))
		name = append(name, w...)
	}
	return uuid.NewHash(sha256.New(), uuid.Nil, name, 8).String()
}

// IsID tells whether s has the form of an id of ours. Anything else is not looked up.
func IsID(s string) bool {
	if len(s) != 36 {
		return false
	}
	_, err := uuid.Parse(s)
	return err == nil
}

// Micros is t as stored: microseconds since 1970 UTC; the zero time is 0.
func Micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// Time is the inverse of Micros, in UTC.
func Time(us int64) time.Time {
	if us == 0 {
		return time.Time{}
	}
	return time.UnixMicro(us).UTC()
}

// NotFound turns ErrNoRows into fault.NotFound and leaves other errors as they are.
func NotFound(err error, op string) error {
	if errors.Is(err, ErrNoRows) {
		return fault.New(fault.NotFound, op, "")
	}
	return err
}

// IsUnique tells whether err says that a row with this key exists already.
func IsUnique(err error) bool { return uniqueSQLite(err) || uniquePostgres(err) }

// Collect scans every row of a query with one function and closes the rows:
//
//	tables, err := db.Collect(scanTable)(tx.Query(ctx, …))
func Collect[T any](scan func(Row) (T, error)) func(Rows, error) ([]T, error) {
	return func(rows Rows, err error) ([]T, error) {
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var all []T
		for rows.Next() {
			v, err := scan(rows)
			if err != nil {
				return nil, err
			}
			all = append(all, v)
		}
		return all, rows.Err()
	}
}
