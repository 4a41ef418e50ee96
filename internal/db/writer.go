package db

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
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

func newWriter(conn *sql.Conn, d *DB) *writer {
	w := &writer{conn: conn, queue: make(chan *write), quit: make(chan struct{}), wakes: &d.wakes}
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
	members := []*write{first}
	tx, err := w.conn.BeginTx(context.Background(), nil)
	if err == nil {
		for err = w.one(tx, first); err == nil && len(members) < maxGroup; {
			wr := w.next()
			if wr == nil {
				break
			}
			members = append(members, wr)
			err = w.one(tx, wr)
		}
		if err == nil {
			err = w.index(context.Background(), &sqliteTx{tx: tx, stmts: &w.stmts}, members)
		}
		if err == nil {
			err = tx.Commit()
		}
		if err != nil {
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

// next is a write that waits, nil when none does.
func (w *writer) next() *write {
	select {
	case wr := <-w.queue:
		return wr
	default:
		return nil
	}
}

// one runs a write in a savepoint: when it fails, its neighbours do not notice. An error says that SQLite has
// ended the whole transaction by itself (a full disk, a broken one): then none of the group is kept, and what is
// run now would be committed alone, whatever its caller is told.
func (w *writer) one(tx *sql.Tx, wr *write) error {
	bg := context.Background()
	if wr.err = wr.ctx.Err(); wr.err != nil {
		return nil
	}
	wr.tx = &sqliteTx{tx: tx, stmts: &w.stmts}
	if _, wr.err = wr.tx.Exec(bg, "SAVEPOINT w"); wr.err != nil {
		return wr.err
	}
	func() {
		defer func() { wr.panic = recover() }()
		wr.err = wr.fn(wr.tx)
	}()
	if wr.err == nil && wr.panic == nil {
		if _, wr.err = wr.tx.Exec(bg, "RELEASE w"); wr.err == nil {
			return nil
		}
	}
	_, err := wr.tx.Exec(bg, "ROLLBACK TO w")
	if err == nil {
		_, err = wr.tx.Exec(bg, "RELEASE w")
	}
	if err == nil {
		return nil
	}
	if f, ok := errors.AsType[*fault.Error](cmp.Or(wr.err, err)); ok && f.Code == fault.Unavailable {
		return f
	}
	return fault.Wrap(cmp.Or(wr.err, err), fault.Unavailable, "db.write", "db.busy") // the others may try again
}
