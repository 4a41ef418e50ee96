package db

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"
	"sync/atomic"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"comptoir/internal/fault"
)

// trust is whether a database can still be relied on. Once lost it does not come back in this process.
type trust struct {
	once sync.Once
	lost chan struct{}
	why  error
}

func (t *trust) lose(why error) {
	t.once.Do(func() {
		t.why = why
		close(t.lost)
	})
}

// Run watches over the database until ctx ends. It returns the fault for which the program must stop: a
// damaged file; a disk that did not confirm a write, of which nobody knows any more what it holds; files that
// were removed or replaced under us. Closing saves what SQLite still has, and starting again reads what is
// really there.
func (d *DB) Run(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.trust.lost:
		return d.Lost()
	}
}

// Lost returns what Run returns, nil while there is no such fault.
func (d *DB) Lost() error {
	select {
	case <-d.trust.lost:
		return d.trust.why
	default:
		return nil
	}
}

// seen takes note of an error of SQLite's driver and returns it.
func (t *trust) seen(err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	if f, ok := classifySQLite(err).(*fault.Error); ok && (f.Key == "db.corrupt" || f.Key == "db.unconfirmed") {
		t.lose(f)
	}
	return err
}

// classifySQLite gives an error of SQLite's driver its meaning.
func classifySQLite(err error) error {
	var se *sqlite.Error
	if err == nil || !errors.As(err, &se) {
		return err
	}
	switch se.Code() & 0xff {
	case sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB:
		return &fault.Error{Code: fault.Internal, Op: "db", Key: "db.corrupt", Err: err}
	case sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR:
		if c := se.Code(); c == sqlite3.SQLITE_IOERR_FSYNC || c == sqlite3.SQLITE_IOERR_DIR_FSYNC {
			return &fault.Error{Code: fault.Unavailable, Op: "db", Key: "db.unconfirmed", Err: err}
		}
		return &fault.Error{Code: fault.Unavailable, Op: "db", Key: "db.disk", Err: err}
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return &fault.Error{Code: fault.Unavailable, Op: "db", Key: "db.busy", Err: err}
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM:
		return &fault.Error{Code: fault.Unavailable, Op: "db", Key: "db.unwritable", Err: err}
	}
	return err
}

// files are those of an open SQLite database, as they were when it was opened.
type files map[string]os.FileInfo

func filesOf(path string) files {
	f := files{}
	for _, name := range []string{path, path + "-wal"} {
		if st, err := os.Stat(name); err == nil {
			f[name] = st
		}
	}
	return f
}

// gone returns fault.Internal ("db.replaced") when one of the files is no longer the one that is open. What is
// written into a file without a name is lost with the process.
func (f files) gone() error {
	for name, was := range f {
		st, err := os.Stat(name)
		if errors.Is(err, fs.ErrNotExist) || err == nil && !os.SameFile(st, was) {
			return fault.New(fault.Internal, "db.watch", "db.replaced", "path", name)
		}
	}
	return nil
}

// lastWrite is how the latest write ended, as far as the database is concerned.
type lastWrite struct{ trouble atomic.Pointer[fault.Error] }

func (l *lastWrite) note(err error) {
	if err == nil {
		l.trouble.Store(nil)
		return
	}
	switch f := fault.As(err); f.Key {
	case "db.disk", "db.unwritable", "db.unconfirmed", "db.unreachable":
		l.trouble.Store(f)
	}
}

// Writable returns why the latest write failed, when it was the database that failed it: a full disk, one that
// can only be read, a server that is away. The program writes every few seconds by itself, so it is soon nil again.
func (d *DB) Writable() error {
	if f := d.last.trouble.Load(); f != nil {
		return f
	}
	return nil
}
