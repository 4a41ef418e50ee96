package db

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"comptoir/internal/fault"
)

// sqliteEngine is a SQLite file in WAL mode: one writing connection, owned by the writer, and a few
// readers that never wait for it.
type sqliteEngine struct {
	w       *sql.DB // two connections at most: the writer's, and the job queue's
	r       *sql.DB
	reads   stmtCache
	writer  *writer
	wakes   *wakes
	stop    context.CancelFunc
	watched sync.WaitGroup
}

const readers = 4

func sqliteDSN(path string, readonly bool) string {
	q := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"temp_store(MEMORY)", "wal_autocheckpoint(4000)", "journal_size_limit(67108864)",
	}}
	if readonly {
		q["_pragma"] = append(q["_pragma"], "query_only(1)", "cache_size(-4096)")
	} else {
		q["_pragma"] = append(q["_pragma"], "cache_size(-16384)")
		q.Set("_txlock", "immediate")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func openSQLite(ctx context.Context, path string, wk *wakes) (engine, error) {
	w, err := sql.Open("sqlite", sqliteDSN(path, false))
	if err != nil {
		return nil, err
	}
	w.SetMaxOpenConns(2)
	w.SetMaxIdleConns(2)
	conn, err := w.Conn(ctx)
	if err == nil {
		// The first statement reads the header and replays the log: a damaged file says so here.
		var n int
		err = conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_master").Scan(&n)
	}
	if err != nil {
		w.Close()
		return nil, classifySQLite(err)
	}
	r, err := sql.Open("sqlite", sqliteDSN(path, true))
	if err != nil {
		w.Close()
		return nil, err
	}
	r.SetMaxOpenConns(readers)
	r.SetMaxIdleConns(readers)
	wctx, stop := context.WithCancel(context.Background())
	e := &sqliteEngine{w: w, r: r, wakes: wk, stop: stop}
	e.reads.prepare = r.PrepareContext
	e.writer = newWriter(conn, wk)
	e.watched.Go(func() { e.watchOthers(wctx) })
	return e, nil
}

func (e *sqliteEngine) close() {
	e.stop()
	e.watched.Wait()
	e.writer.close()
	e.reads.close()
	e.r.Close()
	e.w.Close()
}

// SQLDB is the writing handle of SQLite, for the job queue; nil on PostgreSQL.
func (d *DB) SQLDB() *sql.DB {
	if e, ok := d.engine.(*sqliteEngine); ok {
		return e.w
	}
	return nil
}

func (e *sqliteEngine) Query(ctx context.Context, q string, args ...any) (Rows, error) {
	st, err := e.reads.get(ctx, q)
	if err != nil {
		return nil, classifySQLite(err)
	}
	return query(ctx, st, args)
}

func (e *sqliteEngine) QueryRow(ctx context.Context, q string, args ...any) Row {
	st, err := e.reads.get(ctx, q)
	if err != nil {
		return sqlRow{err: err}
	}
	return sqlRow{row: st.QueryRowContext(ctx, args...)}
}

func (e *sqliteEngine) write(ctx context.Context, fn func(Tx) error) error {
	return e.writer.do(ctx, fn)
}

func (e *sqliteEngine) snapshot(ctx context.Context, fn func(Querier) error) error {
	tx, err := e.r.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return classifySQLite(err)
	}
	defer tx.Rollback()
	return fn(sqliteSnapshot{tx})
}

func (e *sqliteEngine) script(ctx context.Context, tx Tx, text string) error {
	_, err := tx.Raw().(*sql.Tx).ExecContext(ctx, text)
	return classifySQLite(err)
}

func (e *sqliteEngine) ping(ctx context.Context) error {
	var n int
	return classifySQLite(e.r.QueryRowContext(ctx, "SELECT 1").Scan(&n))
}

// watchOthers notices commits of other processes (a command line beside the server) by SQLite's own
// change counter and wakes every place.
func (e *sqliteEngine) watchOthers(ctx context.Context) {
	conn, err := e.r.Conn(ctx)
	if err != nil {
		return
	}
	defer conn.Close()
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	var last, own int64 = -1, -1
	for {
		var v int64
		if conn.QueryRowContext(ctx, "PRAGMA data_version").Scan(&v) == nil {
			commits := e.writer.commits.Load()
			// Our own commits move the counter too, and have woken their places themselves.
			if last >= 0 && v != last && commits == own {
				e.wakes.wake(AllPlaces)
			}
			last, own = v, commits
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// classifySQLite gives an error of the driver its meaning.
func classifySQLite(err error) error {
	var se *sqlite.Error
	if err == nil || !errors.As(err, &se) {
		return err
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return &fault.Error{Code: fault.Internal, Op: "db", Key: "db.corrupt", Err: err}
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
		return &fault.Error{Code: fault.Unavailable, Op: "db", Key: "db.disk", Err: err}
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return &fault.Error{Code: fault.Unavailable, Op: "db", Key: "db.busy", Err: err}
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return &fault.Error{Code: fault.Unavailable, Op: "db", Key: "db.unwritable", Err: err}
	}
	return err
}

func uniqueSQLite(err error) bool {
	var se *sqlite.Error
	return errors.As(err, &se) && (se.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || se.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}
