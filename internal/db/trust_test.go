package db_test

import (
	"bytes"
	"context"
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
)

// must runs a statement.
func must(t *testing.T, d *db.DB, statement string, args ...any) {
	t.Helper()
	err := d.Write(t.Context(), func(tx db.Tx) error { _, err := tx.Exec(t.Context(), statement, args...); return err })
	if err != nil {
		t.Fatal(err)
	}
}

// open opens a SQLite file until the test ends, and returns what its Run will say.
func open(t *testing.T, path string) (*db.DB, <-chan error) {
	t.Helper()
	d, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	said := make(chan error, 1)
	go func() { said <- d.Run(t.Context()) }()
	return d, said
}

func stops(t *testing.T, said <-chan error, key string) {
	t.Helper()
	select {
	case err := <-said:
		if err == nil || fault.As(err).Key != key {
			t.Errorf("Run = %v, want %s", err, key)
		}
	case <-time.After(10 * time.Second):
		t.Error("the program goes on")
	}
}

// SQLite may undo a whole transaction by itself (a full disk, a broken one). Then every write of the group is undone,
// and none that comes after may pass for one of it.
func TestWhatEndsTheTransactionIsToldToAllThatShareIt(t *testing.T) {
	d := dbtest.SQLite(t)
	must(t, d, "CREATE TRIGGER breaks BEFORE INSERT ON instance WHEN new.name = 'broken' BEGIN SELECT RAISE(ROLLBACK, 'the disk is gone'); END")
	release := make(chan struct{})
	told := make([]error, 6)
	var wg sync.WaitGroup
	insert := func(i int, name string, hold bool) {
		wg.Go(func() {
			told[i] = d.Write(context.Background(), func(tx db.Tx) error {
				if hold {
					<-release
				}
				_, err := tx.Exec(context.Background(), "INSERT INTO instance (name, value) VALUES ($1, '')", name)
				return err
			})
		})
		time.Sleep(30 * time.Millisecond) // they queue in this order
	}
	insert(0, "n0", true)
	for i := 1; i < len(told); i++ {
		name := fmt.Sprint("n", i)
		if i == 3 {
			name = "broken"
		}
		insert(i, name, false)
	}
	close(release)
	wg.Wait()
	kept := strings.Join(names(t, d), " ")
	for i, err := range told {
		if there := strings.Contains(kept, fmt.Sprint("n", i)); there != (err == nil) {
			t.Errorf("write %d: %v, and kept is %v", i, err, there)
		}
	}
	if !fault.Is(told[0], fault.Unavailable) || told[3] == nil || told[5] != nil {
		t.Errorf("they are told %v", told)
	}
}

func TestADamagedPageStopsTheProgram(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.db")
	first, _ := open(t, path)
	for i := range 200 {
		must(t, first, "INSERT INTO instance (name, value) VALUES ($1, $2)", fmt.Sprint(i), strings.Repeat("mot ", 200))
	}
	first.Close()
	d, said := open(t, path)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for page := 0; page < len(whole)/4096; page++ {
		if bytes.Contains(whole[page*4096:(page+1)*4096], []byte("mot mot")) {
			if _, err := f.WriteAt(bytes.Repeat([]byte("torn"), 1024), int64(page)*4096); err != nil {
				t.Fatal(err)
			}
		}
	}
	if _, err := db.Collect(func(r db.Row) (s string, err error) { err = r.Scan(&s); return })(d.Query(t.Context(), "SELECT value FROM instance")); err == nil {
		t.Fatal("a torn page is read")
	}
	stops(t, said, "db.corrupt")
}

func TestFilesThatAreRemovedUnderUsStopTheProgramAndClosingSavesWhatTheyHeld(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.db")
	d, said := open(t, path)
	must(t, d, "INSERT INTO instance (name, value) VALUES ('kept', '')")
	if err := os.Remove(path + "-wal"); err != nil {
		t.Fatal(err)
	}
	stops(t, said, "db.replaced")
	d.Close()
	again, _ := open(t, path)
	if got := names(t, again); len(got) != 1 || got[0] != "kept" {
		t.Errorf("after the log was removed there is %q", got)
	}
	if err := os.Rename(path, path+".old"); err != nil {
		t.Fatal(err)
	}
	other, _ := open(t, path)
	defer other.Close()
	select {
	case <-time.After(5 * time.Second):
		t.Error("another file lies where ours was, and nobody notices")
	case <-func() chan struct{} {
		done := make(chan struct{})
		go func() { again.Run(context.Background()); close(done) }()
		return done
	}():
	}
}

func TestAFullDiskIsKnownUntilAWriteSucceeds(t *testing.T) {
	d := dbtest.SQLite(t)
	room := func(pages int) {
		t.Helper()
		err := d.Write(t.Context(), func(tx db.Tx) error {
			_, err := tx.Raw().(*sql.Tx).ExecContext(t.Context(), fmt.Sprint("PRAGMA max_page_count = ", pages))
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	write := func() error {
		return d.Write(t.Context(), func(tx db.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO instance (name, value) VALUES ($1, $2)", db.NewID(), strings.Repeat("x", 1<<20))
			return err
		})
	}
	room(1) // no more than there are
	if err := write(); fault.As(err).Key != "db.disk" {
		t.Fatalf("Write = %v", err)
	}
	if err := d.Writable(); err == nil || fault.As(err).Key != "db.disk" {
		t.Errorf("Writable = %v", err)
	}
	d.Write(t.Context(), func(db.Tx) error { return fault.New(fault.Invalid, "x", "x") })
	if d.Writable() == nil {
		t.Error("a refusal of ours passes for a write")
	}
	room(1 << 30)
	if err := write(); err != nil || d.Writable() != nil {
		t.Errorf("Write = %v, Writable = %v", err, d.Writable())
	}
}
