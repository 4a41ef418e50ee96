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
)

// sqliteEngine is a SQLite file in WAL mode: one writing connection, owned by the writer, and a few
// readers that never wait for it.
type sqliteEngine struct {
	w       *sql.DB // two connections at most: the writer's, and the job queue's
	r       *sql.DB
	reads   stmtCache
	writer  *writer
	wakes   *wakes
	trust   *trust
	stop    context.CancelFunc
	watched sync.WaitGroup
}

const readers = 4

// The log is copied into the file after 12,000 pages of it (48 MB): a page that is written again and again, like the
// last ones of each index, is copied once. It is read through after a crash before anything is answered.
func sqliteDSN(path string, readonly bool) string {
	q := url.Values{"_pragma": {
		"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)",
		"temp_store(MEMORY)", "wal_autocheckpoint(12000)", "journal_size_limit(67108864)",
	}}
	if readonly {
		q["_pragma"] = append(q["_pragma"], "query_only(1)", "cache_size(-4096)")
	} else {
		q["_pragma"] = append(q["_pragma"], "cache_size(-16384)")
		q.Set("_txlock", "immediate")
	}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

func openSQLite(ctx context.Context, path string, d *DB) (engine, error) {
	w, err := openOverseen(sqliteDSN(path, false), &d.trust)
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
	r, err := openOverseen(sqliteDSN(path, true), &d.trust)
	if err != nil {
		w.Close()
		return nil, err
	}
	r.SetMaxOpenConns(readers)
	r.SetMaxIdleConns(readers)
	wctx, stop := context.WithCancel(context.Background())
	e := &sqliteEngine{w: w, r: r, wakes: &d.wakes, trust: &d.trust, stop: stop}
	e.reads.prepare = r.PrepareContext
	e.writer = newWriter(conn, d)
	files := filesOf(path)
	e.watched.Go(func() { e.watch(wctx, files) })
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

// watch notices commits of other processes (a command line beside the server) by SQLite's own change counter
// and wakes every place, and that the files are still those that we opened.
func (e *sqliteEngine) watch(ctx context.Context, open files) {
	conn, err := e.r.Conn(ctx)
	if err != nil {
		return
	}
	defer conn.Close()
	tick := time.NewTicker(time.Second)
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
		if err := open.gone(); err != nil {
			e.trust.lose(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func uniqueSQLite(err error) bool {
	var se *sqlite.Error
	return errors.As(err, &se) && (se.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || se.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY)
}
