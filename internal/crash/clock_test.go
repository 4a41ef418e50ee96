package crash

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
)

// A program in Go asks the kernel for the time and not the C library, so what fakes the time of other programs does
// nothing to it, and nobody wants the machine's own clock set. So the program is built with a standard library whose
// time.Now adds a leap that it reads from memory shared with the test: the wall clock leaps while the program runs, and
// the monotonic one, as in reality, does not notice. Timers inside SQLite and PostgreSQL stay with the real time.
const leaping = `package time

import (
	"sync/atomic"
	"syscall"
	"unsafe"
)

var leapt *int64

func init() {
	name, ok := syscall.Getenv("COMPTOIR_CLOCK")
	if !ok {
		return
	}
	fd, err := syscall.Open(name, syscall.O_RDONLY, 0)
	if err != nil {
		panic(err)
	}
	b, err := syscall.Mmap(fd, 0, 8, syscall.PROT_READ, syscall.MAP_SHARED)
	if err != nil {
		panic(err)
	}
	leapt = (*int64)(unsafe.Pointer(&b[0]))
}

// leap is how many seconds the wall clock is off.
func leap() int64 {
	if leapt == nil {
		return 0
	}
	return atomic.LoadInt64(leapt)
}
`

var clockwork struct {
	once sync.Once
	path string
	err  error
}

// withClock builds that program. It builds the standard library and all else anew, which takes minutes the first time,
// so only the long form does it.
func withClock(t *testing.T) string {
	t.Helper()
	if *each == 0 {
		t.Skip("builds the standard library anew: left to make crash")
	}
	dir := filepath.Dir(built(t))
	clockwork.once.Do(func() { clockwork.path, clockwork.err = buildClock(dir) })
	if clockwork.err != nil {
		t.Fatal(clockwork.err)
	}
	return clockwork.path
}

func buildClock(dir string) (string, error) {
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		return "", err
	}
	original := filepath.Join(strings.TrimSpace(string(root)), "src/time/time.go")
	text, err := os.ReadFile(original)
	if err != nil {
		return "", err
	}
	head, body, found := strings.Cut(string(text), "func Now() Time {\n")
	const asked = "sec, nsec, mono := runtimeNow()\n"
	if !found || !strings.Contains(body, asked) {
		return "", fmt.Errorf("time.Now of this Go is not the one that this test knows")
	}
	changed, added := filepath.Join(dir, "time.go"), filepath.Join(dir, "leap.go")
	overlay, _ := json.Marshal(map[string]any{"Replace": map[string]string{original: changed, filepath.Join(filepath.Dir(original), "leap.go"): added}})
	for path, content := range map[string]string{
		changed: head + "func Now() Time {\n" + strings.Replace(body, asked, asked+"\tsec += leap()\n", 1), added: leaping, filepath.Join(dir, "overlay.json"): string(overlay),
	} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			return "", err
		}
	}
	out := filepath.Join(dir, "comptoir-clock")
	cmd := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-tags", "faults", "-o", out, "comptoir/cmd/comptoir")
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, said)
	}
	return out, nil
}

// clock is the leap of one process.
type clock struct{ path string }

func newClock(t *testing.T) *clock {
	t.Helper()
	c := &clock{filepath.Join(t.TempDir(), "clock")}
	c.set(t, 0)
	return c
}

func (c *clock) set(t *testing.T, off time.Duration) {
	t.Helper()
	f, err := os.OpenFile(c.path, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteAt(binary.NativeEndian.AppendUint64(nil, uint64(off/time.Second)), 0); err != nil {
		t.Fatal(err)
	}
}

func (c *clock) env() []string { return []string{"COMPTOIR_CLOCK=" + c.path} }

// The wall clock leaps while everybody speaks, and goes back again. Nothing is sent twice, nothing is put off for as
// long as it was wrong, nobody is silenced, and nothing is forgotten; what is too late by it asks a person.
func TestAClockThatLeapsAndGoesBackDoublesNothingAndPutsNothingOff(t *testing.T) {
	t.Parallel()
	program := withClock(t)
	for name, off := range map[string]time.Duration{"an hour ahead": time.Hour, "an hour behind": -time.Hour, "a day behind": -24 * time.Hour, "ten years ahead": 10 * 365 * 24 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, database string) {
				h := settle(t, database, 60)
				h.program = program
				k := newClock(t)
				s := h.start(t, k.env()...)
				c := newCrowd(h, h.signIn(t))
				c.late = true
				c.write(0)
				asleep := ""
				eventually(t, "the first mail is there", func() bool {
					time.Sleep(200 * time.Millisecond)
					asleep = append(c.listed(""), "")[0]
					return asleep != ""
				})
				if o := send(c.client, post(t.Context(), "http://"+h.addr+"/p/le-zinc/inbox/c/"+asleep+"/snooze", url.Values{"until": {"2h"}})); o != taken {
					t.Fatalf("it is not snoozed: %d", o)
				}
				for i, to := range []time.Duration{off, 0} {
					c.speak(t)
					time.Sleep(2 * time.Second)
					k.set(t, to)
					time.Sleep(2 * time.Second)
					c.stop()
					begun := time.Now()
					c.client = h.signIn(t) // the session may be over
					eventually(t, "guests are heard", func() bool { return c.ask(i) == taken })
					letter := c.write(1)
					eventually(t, "the mail is there", func() bool {
						time.Sleep(200 * time.Millisecond)
						return len(c.listed("&q="+letter)) == 1
					})
					c.answer(t.Context(), c.listed("&q=" + letter)[0])
					if took := time.Since(begun); took > 20*time.Second {
						t.Errorf("after the clock was put to %v, it took %v", to, took)
					}
					eventually(t, "it is ready", func() bool { return s.answers("/readyz") == http.StatusOK })
					if to > 365*24*time.Hour {
						eventually(t, "the snooze is over", func() bool { return journalled(t, h, "conversation.woken") == 1 })
					}
				}
				said := c.judge(t)
				t.Log(said)
				woken := map[time.Duration]int{10 * 365 * 24 * time.Hour: 1}[off]
				if n := journalled(t, h, "conversation.woken"); n != woken {
					t.Errorf("a snooze of two hours ended %d times, want %d", n, woken)
				}
				s.end(t)
			})
		})
	}
}

// Two processes on one database, their clocks a minute and a half apart, and the one ahead is killed again and again.
func TestTwoProcessesWhoseClocksDifferDoubleNothing(t *testing.T) {
	t.Parallel()
	program := withClock(t)
	h := settle(t, dbtest.PostgresURL(t), 100)
	h.program = program
	ahead := newClock(t)
	ahead.set(t, 90*time.Second)
	behind := h.start(t)
	other, address := (*server)(nil), freeAddress(t)
	c := newCrowd(h, h.signIn(t))
	c.late = true
	c.speak(t)
	d := dice("apart")
	for range 10 {
		other = launch(t, h, address, ahead.env())
		if !other.ready(t) {
			t.Fatal(other.Log())
		}
		time.Sleep(time.Duration(1000+d.IntN(3000)) * time.Millisecond)
		other.kill()
	}
	c.stop()
	t.Log(c.judge(t))
	behind.end(t)
}

func journalled(t *testing.T, h *house, kind string) (n int) {
	t.Helper()
	s := h.open(t)
	defer s.Close()
	collect(t, s, "SELECT kind FROM journal", func(r db.Row) error {
		var k string
		err := r.Scan(&k)
		if k == kind {
			n++
		}
		return err
	})
	return n
}
