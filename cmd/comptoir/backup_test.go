package main

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"comptoir/internal/app"
	copies "comptoir/internal/backup"
	"comptoir/internal/db"
	"comptoir/internal/place"
)

// program runs this test as the program itself.
func program(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return &exec.Cmd{Path: self, Args: append([]string{"comptoir"}, args...), Env: append(os.Environ(), "LANG=C")}
}

// large is the data folder of a place that takes a moment to back up.
func large(t *testing.T) (data string, p place.Place) {
	t.Helper()
	data = t.TempDir()
	s, err := app.Open(t.Context(), app.Config{Data: data}, true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err = app.SetUp(t.Context(), s, place.First{
		Place: place.New{Name: "Le Zinc", Language: "fr", TimeZone: "UTC"},
		Owner: place.NewMember{Name: "Élie", Email: "elie@zinc.example", Password: "un mot de passe assez long"},
	})
	if err != nil {
		t.Fatal(err)
	}
	sql(t, s, "WITH RECURSIVE i (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM i WHERE n < 20000) INSERT INTO person (place_id, id, name, first_seen_at, last_seen_at) SELECT $1, 'p' || n, 'Maude ' || n, 0, 0 FROM i", p.ID)
	return data, p
}

func sql(t *testing.T, s *app.Store, q string, args ...any) {
	t.Helper()
	err := s.DB.Write(t.Context(), func(tx db.Tx) error { _, err := tx.Exec(t.Context(), q, args...); return err })
	if err != nil {
		t.Fatal(err)
	}
}

func whole(t *testing.T, path string) {
	t.Helper()
	a, err := copies.Open(path, copies.Secrets{})
	if err == nil {
		defer a.Close()
		err = a.Verify(t.Context())
	}
	if err != nil {
		t.Error(err)
	}
}

func exist(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func TestABackupThatIsKilledLeavesNothingUnderItsName(t *testing.T) {
	data, p := large(t)
	// A file that never ends being opened holds the backup in its middle.
	hash := strings.Repeat("ab", 32)
	pipe := filepath.Join(data, "files", p.ID, "ab", hash)
	if err := os.MkdirAll(filepath.Dir(pipe), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := app.Open(t.Context(), app.Config{Data: data}, true)
	if err != nil {
		t.Fatal(err)
	}
	sql(t, s, "INSERT INTO conversation (place_id, id, account_id, kind, subject, subject_key, state, automatic, unread, waiting_since, last_at, excerpt, ours, lang, created_at) SELECT place_id, 'c', id, kind, '', '', 'open', FALSE, FALSE, 0, 0, '', FALSE, '', 0 FROM account WHERE place_id = $1", p.ID)
	sql(t, s, "INSERT INTO message (place_id, id, conversation_id, account_id, direction, automatic, subject, text, quoted, lang, url, visibility, remote, sent_at, received_at, sort_at) SELECT place_id, 'm', 'c', account_id, 'in', FALSE, '', '', '', '', '', '', '{}', 0, 0, 0 FROM conversation WHERE place_id = $1", p.ID)
	sql(t, s, "INSERT INTO attachment (place_id, id, message_id, position, name, type, size, hash, picture, inline, alt) VALUES ($1, 'a', 'm', 0, 'x', 'x', 1, $2, FALSE, FALSE, '')", p.ID, hash)
	s.Close()
	to := filepath.Join(t.TempDir(), "comptoir.zip")
	c := program(t, "backup", to, "--data", data)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if st, err := os.Stat(to + ".part"); err == nil && st.Size() > 20_000 {
			break
		}
		if time.Now().After(end) {
			t.Error("the backup never came to its middle")
			break
		}
	}
	c.Process.Kill()
	c.Wait()
	if exist(to) {
		t.Error("half a backup has the name of a whole one")
	}
	if err := os.Remove(pipe); err != nil {
		t.Fatal(err)
	}
	// The next one goes over what was left. It says that the file is missing.
	out, err := program(t, "backup", to, "--data", data).Output()
	if err == nil || !strings.Contains(string(out), "WRONG files: Missing files: 1,") {
		t.Errorf("%v\n%s", err, out)
	}
	if exist(to + ".part") {
		t.Error("the half one is still there")
	}
	whole(t, to)
}

func TestABackupThatIsKilledAtAnyMomentIsWholeOrNotThere(t *testing.T) {
	data, _ := large(t)
	to := filepath.Join(t.TempDir(), "comptoir.zip")
	started := time.Now()
	if out, err := program(t, "backup", to, "--data", data).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	takes := time.Since(started)
	killed, before := 0, exist(to)
	for range 12 {
		os.Remove(to)
		ctx, cancel := context.WithTimeout(t.Context(), rand.N(takes*3/2))
		c := program(t, "backup", to, "--data", data)
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		stop := context.AfterFunc(ctx, func() { c.Process.Kill() })
		if c.Wait() != nil {
			killed++
		}
		stop()
		cancel()
		if exist(to) {
			whole(t, to)
		}
	}
	if killed == 0 || !before {
		t.Errorf("%d were killed", killed)
	}
}
