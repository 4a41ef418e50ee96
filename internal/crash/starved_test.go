package crash

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
)

// A flood of connections takes every file handle that the program may have. Whoever is not let in waits or goes
// away; when the flood is over everything works, and what was taken is there.
func TestWithoutFileHandlesNothingIsLost(t *testing.T) {
	t.Parallel()
	h := settle(t, "", 60)
	s := launch(t, h, h.addr, nil, "sh", "-c", `ulimit -n 64; exec "$@"`, "sh")
	if !s.ready(t) {
		t.Fatal(s.Log())
	}
	c := newCrowd(h, h.signIn(t))
	for round := range 3 {
		var idle []net.Conn
		for range 100 {
			if conn, err := net.DialTimeout("tcp", h.addr, time.Second); err == nil {
				idle = append(idle, conn)
			}
		}
		c.write(3 * round) // with a file
		done := make(chan outcome)
		go func() { done <- c.ask(round) }()
		time.Sleep(2 * time.Second)
		for _, conn := range idle {
			conn.Close()
		}
		over := time.Now()
		<-done
		eventually(t, "guests are heard again", func() bool { return c.ask(round) == taken })
		if took := time.Since(over); took > 10*time.Second {
			t.Errorf("guests are heard %v after the flood", took)
		}
	}
	t.Log(c.judge(t))
	if n := handles(t, s); n > 60 {
		t.Errorf("%d handles are open", n)
	}
	s.end(t)
}

func handles(t *testing.T, s *server) int {
	t.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", s.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

// confined is a wrapper that gives a program so many MiB of memory, its files' pages not counted against it for long.
// Only root can make one.
func confined(t *testing.T, mib int) []string {
	t.Helper()
	dir, limit := "/sys/fs/cgroup/memory", "memory.limit_in_bytes"
	if _, err := os.Stat(dir); err != nil {
		dir, limit = "/sys/fs/cgroup", "memory.max"
	}
	group := filepath.Join(dir, "comptoir-"+db.NewID())
	if err := os.Mkdir(group, 0o755); err != nil {
		t.Skipf("memory cannot be limited here: %v", err)
	}
	t.Cleanup(func() { eventually(t, "the group is empty", func() bool { return os.Remove(group) == nil }) })
	if err := os.WriteFile(filepath.Join(group, limit), fmt.Append(nil, mib<<20), 0o644); err != nil {
		t.Skipf("memory cannot be limited here: %v", err)
	}
	return []string{"sh", "-c", `echo $$ > "$0/cgroup.procs" && exec "$@"`, group}
}

// A machine with little memory: an evening, mails of 60 MB and people who sign in fit into 128 MiB.
func TestAnEveningFitsInto128MiB(t *testing.T) {
	t.Parallel()
	wrap := confined(t, 128)
	h := settle(t, "", 60)
	s := launch(t, h, h.addr, nil, wrap...)
	if !s.ready(t) {
		t.Fatal(s.Log())
	}
	c := gather(t, h, h.signIn(t))
	for range 2 {
		word := c.mails.word()
		if err := h.mail.Deliver(barAddress, huge(word, 60<<20), time.Time{}); err != nil {
			t.Fatal(err)
		}
		c.mails.note(word, taken)
		for range 4 {
			h.signIn(t)
		}
	}
	time.Sleep(5 * time.Second)
	c.stop()
	if s.ended(0) {
		t.Fatalf("it ended:\n%s", s.Log())
	}
	t.Logf("at most %s: %s", most(t, s), c.judge(t))
	s.end(t)
}

// most is the most memory that a program ever had.
func most(t *testing.T, s *server) string {
	t.Helper()
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.Pid()))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(b), "VmHWM:")
	line, _, _ := strings.Cut(rest, "\n")
	return strings.TrimSpace(line)
}

// huge is a mail of so many bytes, nearly all of them in a file that it carries.
func huge(word string, size int) []byte {
	head, _, _ := bytes.Cut(letter(word, 0), []byte("Content-Transfer-Encoding: base64\r\n\r\n"))
	line := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{0xa5}, 57)) + "\r\n"
	return append(append(append(head, "Content-Transfer-Encoding: base64\r\n\r\n"...), strings.Repeat(line, size/len(line))...), "--b--\r\n"...)
}
