package crash

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// disk is a file system in memory whose size a test chooses at any moment. It lives in a namespace of its own, for
// which nobody needs rights, and ends with the process that holds it, whatever becomes of the test.
type disk struct {
	dir   string   // as seen from outside, for plain files: SQLite sees through the link in it
	enter []string // put before a program, it runs where the disk is /mnt
	say   io.Writer
	heard *bufio.Reader
}

const disky = `mount -t tmpfs -o size=1g none /mnt && echo $$ && while read -r how; do mount -t tmpfs -o "remount,$how" none /mnt && echo done || echo no; done`

func newDisk(t *testing.T) *disk {
	t.Helper()
	unshare, nsenter := []string{"-Urm"}, []string{"-U", "-m", "--preserve-credentials"}
	if os.Getuid() == 0 { // root in a namespace of users would lose what it may elsewhere
		unshare, nsenter = []string{"-m"}, []string{"-m"}
	}
	cmd := exec.Command("unshare", append(unshare, "sh", "-c", disky)...)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Skipf("no namespace to mount a disk in: %v", err)
	}
	t.Cleanup(func() { in.Close(); cmd.Wait() })
	d := &disk{say: in, heard: bufio.NewReader(out)}
	pid, err := d.heard.ReadString('\n')
	if err != nil {
		t.Skip("this machine lets nobody mount a disk in a namespace")
	}
	pid = strings.TrimSpace(pid)
	d.dir = filepath.Join("/proc", pid, "root/mnt")
	d.enter = append(append([]string{"nsenter", "-t", pid}, nsenter...), "--")
	return d
}

// house moves a house onto the disk, and start begins a life there.
func (d *disk) house(t *testing.T, h *house) *house {
	t.Helper()
	copyFolder(t, h.data, filepath.Join(d.dir, "data"))
	moved := *h
	moved.data = "/mnt/data"
	return &moved
}

func (d *disk) start(t *testing.T, h *house, env ...string) *server {
	t.Helper()
	s := launch(t, h, h.addr, env, d.enter...)
	if !s.ready(t) {
		t.Fatalf("it ended before it was ready:\n%s", s.Log())
	}
	return s
}

// away takes a copy of what is on the disk to a folder of the test's own.
func (d *disk) away(t *testing.T, h *house) *house {
	t.Helper()
	moved := *h
	moved.data = filepath.Join(t.TempDir(), "data")
	copyFolder(t, filepath.Join(d.dir, "data"), moved.data)
	return &moved
}

func copyFolder(t *testing.T, from, to string) {
	t.Helper()
	if out, err := exec.Command("cp", "-a", from, to).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

// mount changes the disk's options.
func (d *disk) mount(t *testing.T, how string) {
	t.Helper()
	fmt.Fprintln(d.say, how)
	if said, err := d.heard.ReadString('\n'); err != nil || said != "done\n" {
		t.Fatalf("remount %s: %s %v", how, said, err)
	}
}

// leave leaves room for so many pages of 4 KiB, while a server does not move.
func (d *disk) leave(t *testing.T, s *server, pages int) {
	t.Helper()
	s.Signal(syscall.SIGSTOP)
	defer s.Signal(syscall.SIGCONT)
	var st syscall.Statfs_t
	if err := syscall.Statfs(d.dir, &st); err != nil {
		t.Fatal(err)
	}
	d.mount(t, fmt.Sprintf("size=%d", (st.Blocks-st.Bfree+uint64(pages))*uint64(st.Bsize)))
}

func (d *disk) free(t *testing.T) { d.mount(t, "size=1g") }

// A journey writes to the disk again and again. Whichever of these writes is the first that finds no room, people get
// a clear answer, nothing is acknowledged that is not kept, and everything works again soon after there is room.
func TestAFullDiskIsSaidAndLosesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, database string) {
		d := newDisk(t)
		h := d.house(t, settle(t, database, 50))
		s := d.start(t, h)
		c := newCrowd(h, h.signIn(t))
		c.write(0)
		eventually(t, "the first mail is there", func() bool { return len(c.listed("")) == 1 })
		for n, room := range rooms("rooms " + database[:min(1, len(database))]) {
			d.leave(t, s, room)
			said := c.ask(n)
			letter := c.write(3 * n) // with a file
			c.answer(t.Context(), c.listed("")[0])
			if room == 0 && database == "" {
				if page := guestReads(t, h); said != refused || !strings.Contains(page, "votre mot n’est pas parti") {
					t.Errorf("no room at all, and the guest is told %d:\n%s", said, page)
				}
			}
			eventually(t, "it says that it is not ready", func() bool { return s.answers("/readyz") == http.StatusServiceUnavailable })
			time.Sleep(200 * time.Millisecond) // the mail is being read, the answer sent
			d.free(t)
			back := time.Now()
			eventually(t, "it is ready again", func() bool { return s.answers("/readyz") == http.StatusOK })
			eventually(t, "guests are heard again", func() bool { return c.ask(n) == taken })
			eventually(t, "the mail is there", func() bool {
				time.Sleep(200 * time.Millisecond) // a member may not load pages without end
				return len(c.listed("&q="+letter)) == 1
			})
			if took := time.Since(back); took > 10*time.Second {
				t.Errorf("with room for %d pages: it works again after %v", room, took)
			}
		}
		if s.ended(0) {
			t.Fatalf("it ended:\n%s", s.Log())
		}
		s.kill()
		c.h = d.away(t, h)
		s = c.h.start(t)
		t.Log(c.judge(t))
		s.end(t)
	})
}

// rooms are how many pages are left in each round: the whole journey writes about a hundred.
func rooms(part string) []int {
	all := append([]int{0}, dice(part).Perm(130)...)
	if *each == 0 {
		return all[:4]
	}
	return all
}

// guestReads is the page that a guest gets who asks for something.
func guestReads(t *testing.T, h *house) string {
	t.Helper()
	resp, err := browser().PostForm("http://"+h.addr+h.tables[0], url.Values{"kind": {"bill"}})
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	page, _ := io.ReadAll(resp.Body)
	return string(page)
}

func TestOnADiskThatCannotBeWrittenItDoesNotStart(t *testing.T) {
	t.Parallel()
	d := newDisk(t)
	h := d.house(t, settle(t, "", 1))
	d.mount(t, "ro")
	s := launch(t, h, h.addr, []string{"LANG=C"}, d.enter...)
	if !s.ended(20*time.Second) || !strings.Contains(s.Log(), "The folder /mnt/data cannot be written. Check its rights.") {
		t.Errorf("it ended: %v\n%s", s.ended(0), s.Log())
	}
	d.mount(t, "rw")
	d.start(t, h).end(t)
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}
