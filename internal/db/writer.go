package db

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"sync/atomic"

	"comptoir/internal/fault"
)

// maxGroup bounds how many writes share a commit, so that the first of them does not wait long.
const maxGroup = 200

// writer is the one hand that writes to SQLite. Writes that wait while a commit is under way form the
// next group: each runs in a savepoint of its own, all share one transaction and one sync of the disk.
// Nobody waits for a group to fill: an idle writer commits a lone write at once.
type writer struct {
	conn    *sql.Conn
	stmts   stmtCache
	queue   chan *write
	quit    chan struct{}
	done    sync.WaitGroup
	wakes   *wakes
	commits atomic.Int64 // transactions committed, for watchOthers
}

type write struct {
	ctx   context.Context
	fn    func(Tx) error
	err   error
	panic any
	tx    *sqliteTx
	end   chan struct{}
}

func newWriter(conn *sql.Conn, wk *wakes) *writer {
	w := &writer{conn: conn, queue: make(chan *write), quit: make(chan struct{}), wakes: wk}
	w.stmts.prepare = conn.PrepareContext
	w.done.Go(w.run)
	return w
}

func (w *writer) close() {
	close(w.quit)
	w.done.Wait()
	w.stmts.close()
	w.conn.Close()
}

// do queues fn and waits until it is committed or undone. Once begun it runs to its end, whatever
// becomes of ctx.
func (w *writer) do(ctx context.Context, fn func(Tx) error) error {
	wr := &write{ctx: ctx, fn: fn, end: make(chan struct{})}
	select {
	case w.queue <- wr:
	case <-ctx.Done():
		return ctx.Err()
	case <-w.quit:
		return fault.New(fault.Unavailable, "db.write", "db.closed")
	}
	<-wr.end
	if wr.panic != nil {
		panic(wr.panic)
	}
	return wr.err
}

func (w *writer) run() {
	for {
		select {
		case <-w.quit:
			return
		case first := <-w.queue:
			w.group(first)
		}
	}
}

// group runs first and whatever waits behind it in one transaction.
func (w *writer) group(first *write) {
	bg := context.Background()
	members := []*write{first}
	tx, err := w.conn.BeginTx(bg, nil)
	if err == nil {
		w.one(bg, tx, first)
	more:
		for len(members) < maxGroup {
			select {
			case wr := <-w.queue:
				members = append(members, wr)
				w.one(bg, tx, wr)
			default:
				break more
			}
		}
		if err = tx.Commit(); err != nil {
			tx.Rollback()
		}
	}
	err = classifySQLite(err)
	w.commits.Add(1)
	var woken []string
	for _, wr := range members {
		if wr.err == nil && wr.panic == nil {
			wr.err = err
			if err == nil && wr.tx != nil {
				woken = append(woken, wr.tx.woken...)
			}
		}
		close(wr.end)
	}
	w.wakes.wake(woken...)
}

// one runs a write in a savepoint: when it fails, its neighbours do not notice.
func (w *writer) one(bg context.Context, tx *sql.Tx, wr *write) {
	if wr.err = wr.ctx.Err(); wr.err != nil {
		return
	}
	t := &sqliteTx{tx: tx, stmts: &w.stmts}
	wr.tx = t
	if _, wr.err = t.Exec(bg, "SAVEPOINT w"); wr.err != nil {
		return
	}
	func() {
		defer func() { wr.panic = recover() }()
		wr.err = wr.fn(t)
	}()
	if wr.err == nil && wr.panic == nil {
		_, wr.err = t.Exec(bg, "RELEASE w")
		return
	}
	if _, err := t.Exec(bg, "ROLLBACK TO w"); err == nil {
		_, err = t.Exec(bg, "RELEASE w")
		if err == nil {
			return
		}
	} else if wr.err == nil {
		wr.err = fmt.Errorf("undo a write: %w", err)
	}
	// SQLite has ended the whole transaction by itself (a full disk): the commit will fail and tell all.
}
