package db_test

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
)

// leftBehind copies the files of an open database as a killed process leaves them.
func leftBehind(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "comptoir.db")
	for _, end := range []string{"", "-wal", "-shm"} {
		b, err := os.ReadFile(path + end)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(to+end, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

func TestALogWhoseEndIsMissingIsNoticedBeforeSQLiteForgetsIt(t *testing.T) {
	path := filepath.Join(t.TempDir(), "comptoir.db")
	d, err := db.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		set(t, d, strconv.Itoa(i), strings.Repeat("x", 1000))
	}
	for name, tt := range map[string]struct {
		damage func(wal string) error
		cut    bool
	}{
		"whole":                 {func(string) error { return nil }, false},
		"cut in a frame":        {func(wal string) error { return os.Truncate(wal, 32+3*4120+100) }, true},
		"cut behind a frame":    {func(wal string) error { return os.Truncate(wal, 32+3*4120) }, true},
		"cut to nothing":        {func(wal string) error { return os.Truncate(wal, 0) }, true},
		"gone":                  {os.Remove, true},
		"changed in the middle": {func(wal string) error { return poke(wal, 32+2*4120+2000) }, true},
		"without its index":     {func(wal string) error { return os.Remove(strings.TrimSuffix(wal, "-wal") + "-shm") }, false},
		"begun anew":            {func(wal string) error { return poke(wal, 17) }, false}, // another salt
	} {
		t.Run(name, func(t *testing.T) {
			left := leftBehind(t, path)
			if err := tt.damage(left + "-wal"); err != nil {
				t.Fatal(err)
			}
			err := db.CheckLog(left)
			if tt.cut != (err != nil) || err != nil && fault.As(err).Key != "db.log_cut" {
				t.Errorf("it says %v", err)
			}
		})
	}
	d.Close()
	if err := db.CheckLog(path); err != nil {
		t.Errorf("closed in peace: %v", err)
	}
}

// poke changes one byte.
func poke(path string, at int64) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	b := make([]byte, 1)
	if _, err = f.ReadAt(b, at); err == nil {
		b[0] ^= 0xff
		_, err = f.WriteAt(b, at)
	}
	return errors.Join(err, f.Close())
}

func TestACopyIsMadeWhileWritesGoOn(t *testing.T) {
	d := dbtest.SQLite(t)
	set(t, d, "before", "")
	to := filepath.Join(t.TempDir(), "copy.db")
	stop := make(chan struct{})
	wrote := make(chan int)
	go func() {
		for n := 0; ; n++ {
			select {
			case <-stop:
				wrote <- n
				return
			default:
				set(t, d, "w"+strconv.Itoa(n), "")
			}
		}
	}()
	err := d.CopyTo(t.Context(), to)
	close(stop)
	if n := <-wrote; err != nil {
		t.Fatalf("after %d writes: %v", n, err)
	}
	if st, err := os.Stat(to); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("the copy is %v, %v", st, err)
	}
	c, err := db.Open(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if got := names(t, c); len(got) == 0 || got[0] != "before" {
		t.Errorf("it holds %v", got)
	}
	if err := c.CheckVersion(t.Context()); err != nil {
		t.Error(err)
	}
	if err := d.CopyTo(t.Context(), filepath.Join(t.TempDir(), "nowhere", "copy.db")); !fault.Is(err, fault.Unavailable) {
		t.Errorf("to a folder that is not there: %v", err)
	}
}

func TestRowsThatReferToNothingAreCounted(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		awkward(t, d)
		if err := d.ForeignKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := d.Integrity(t.Context()); err != nil {
			t.Fatal(err)
		}
		orphan(t, d)
		err := d.ForeignKeys(t.Context())
		if f := fault.As(err); f == nil || f.Key != "db.orphans" || f.Args[1] != 2 || !strings.Contains(err.Error(), "identity: 2") {
			t.Errorf("it says %v", err)
		}
	})
}

// orphan stores two rows that refer to nothing, as a repair by hand does.
func orphan(t *testing.T, d *db.DB) {
	t.Helper()
	const rows = "INSERT INTO identity (place_id, person_id, kind, remote_id, handle, name, url, avatar) VALUES ('p', 'nobody', 'a', 'a', '', '', '', ''), ('q', 'nobody', 'a', 'a', '', '', '', '')"
	if d.Engine() == db.SQLite {
		c := d.SQLDB()
		c.SetMaxOpenConns(3)
		conn, err := c.Conn(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		for _, q := range []string{"PRAGMA foreign_keys = 0", rows, "PRAGMA foreign_keys = 1"} {
			if _, err := conn.ExecContext(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}
		return
	}
	err := d.Write(t.Context(), func(tx db.Tx) error {
		for _, q := range []string{"SET LOCAL session_replication_role = replica", rows} {
			if _, err := tx.Exec(t.Context(), q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
