package crash

import (
	"cmp"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// tampered is a wrapper that answers some of a program's system calls in the system's place: strace's own fault
// injection, for which nobody needs rights over their own child. The program stays the process that is started;
// what was answered stands in the file.
// Only calls on these paths are answered, on any when there are none.
func tampered(t *testing.T, calls, how string, paths ...string) (wrap []string, told string) {
	t.Helper()
	if _, err := exec.LookPath("strace"); err != nil {
		if os.Getenv("COMPTOIR_REAL") != "" {
			t.Fatal(err)
		}
		t.Skip("strace is not installed")
	}
	told = filepath.Join(t.TempDir(), "calls")
	wrap = []string{"strace", "-D", "-f", "--seccomp-bpf", "-qq", "-o", told, "-e", "trace=" + calls, "-e", "inject=" + calls + ":" + how}
	for _, p := range paths {
		wrap = append(wrap, "-P", p)
	}
	return wrap, told
}

func injected(told string) bool {
	b, _ := os.ReadFile(told)
	return strings.Contains(string(b), "(INJECTED)")
}

// After a sync that failed, nobody knows what the disk holds: the program must not try again, it stops. Started
// again, it reads what is really there.
func TestASyncThatFailsStopsTheProgramAndLosesNothing(t *testing.T) {
	t.Parallel()
	h := settle(t, "", 40)
	s := h.start(t)
	c := newCrowd(h, h.signIn(t))
	s.end(t)
	// SQLite syncs the folder too when it begins a log, and takes no answer; nothing of a promise stands there.
	database := filepath.Join(h.data, "comptoir.db")
	times := cmp.Or(2**each, 5)
	for n := range times {
		wrap, told := tampered(t, "fsync,fdatasync", fmt.Sprintf("error=EIO:when=%d", n+1), database, database+"-wal")
		s := launch(t, h, h.addr, []string{"LANG=C"}, wrap...)
		for i, end := 0, time.Now().Add(30*time.Second); time.Now().Before(end) && !injected(told) && !s.ended(20*time.Millisecond); i++ {
			c.ask(n*7 + i)
		}
		if !injected(told) || !s.ended(40*time.Second) || !strings.Contains(s.Log(), "The disk did not confirm what was written") {
			t.Errorf("sync %d: failed %v, ended %v:\n%s", n+1, injected(told), s.ended(0), s.Log())
		}
		s.kill()
	}
	s = h.start(t)
	t.Logf("%d syncs failed: %s", times, c.judge(t))
	s.end(t)
}

// A disk that takes a second for every sync makes everybody wait, together: they share it.
func TestASlowDiskIsWaitedForTogether(t *testing.T) {
	t.Parallel()
	h := settle(t, "", 40)
	wrap, _ := tampered(t, "fsync,fdatasync", "delay_enter=1000000")
	s := launch(t, h, h.addr, nil, wrap...)
	if !s.ready(t) {
		t.Fatal(s.Log())
	}
	c := newCrowd(h, h.signIn(t))
	begun := time.Now()
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() { c.ask(i) })
	}
	all.Wait()
	took := time.Since(begun)
	if ok, _, _ := c.guests.of3(); ok != 40 || took > 20*time.Second {
		t.Errorf("%d of 40 guests were heard, in %v", ok, took)
	}
	s.kill()
	s = h.start(t)
	t.Logf("40 guests in %v: %s", took.Round(100*time.Millisecond), c.judge(t))
	s.end(t)
}

// The log beside the database is removed, as a hasty tidying does. What is written from then on has no name: the
// program notices, saves what it holds into the database and stops.
func TestALogThatIsRemovedIsNoticedAndLosesNothing(t *testing.T) {
	t.Parallel()
	h := settle(t, "", 40)
	s := launch(t, h, h.addr, []string{"LANG=C"})
	if !s.ready(t) {
		t.Fatal(s.Log())
	}
	c := newCrowd(h, h.signIn(t))
	for i := range 10 {
		c.ask(i)
	}
	if err := os.Remove(filepath.Join(h.data, "comptoir.db-wal")); err != nil {
		t.Fatal(err)
	}
	for i := 0; i < 100 && !s.ended(10*time.Millisecond); i++ {
		c.ask(10 + i)
	}
	if !s.ended(40*time.Second) || !strings.Contains(s.Log(), "comptoir.db-wal was removed or replaced") {
		t.Fatalf("it ended: %v\n%s", s.ended(0), s.Log())
	}
	s = h.start(t)
	t.Log(c.judge(t))
	s.end(t)
}

// A disk with errors turns into one that can only be read, as many are set to do. There is room on it, so only the
// writes tell.
func TestADiskThatTurnsReadOnlyIsSaidAndLosesNothing(t *testing.T) {
	t.Parallel()
	h := settle(t, "", 40)
	wrap, _ := tampered(t, "pwrite64", "error=EROFS:when=200+")
	s := launch(t, h, h.addr, nil, wrap...)
	if !s.ready(t) {
		t.Fatal(s.Log())
	}
	c := newCrowd(h, h.signIn(t))
	n := 0
	eventually(t, "the disk can only be read", func() bool { n++; return c.ask(n) == refused })
	if status := s.answers("/readyz"); status != http.StatusServiceUnavailable {
		t.Errorf("/readyz answers %d", status)
	}
	c.ask(n + 1)
	s.kill()
	s = h.start(t)
	t.Log(c.judge(t))
	s.end(t)
}
