package crash

import (
	"cmp"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"comptoir/internal/leash"
)

var (
	seed  = flag.Uint64("seed", 0, "plays the same plan of faults again; 0 takes a new one")
	runs  = flag.Int("runs", 0, "kills at random moments; 0 is the short form")
	each  = flag.Int("each", 0, "kills at each named point; 0 is the short form")
	flood = flag.Int("rate", 20, "what guests say in a second")
)

func TestMain(m *testing.M) {
	flag.Parse()
	if *seed == 0 {
		*seed = uint64(time.Now().UnixNano() % 1_000_000)
	}
	code := m.Run()
	if program.dir != "" {
		os.RemoveAll(program.dir)
	}
	os.Exit(code)
}

// program is the built binary.
var program struct {
	once sync.Once
	dir  string
	err  error
}

// built builds the program with its fault points, once.
func built(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds and kills the whole program, left out by -short")
	}
	program.once.Do(func() {
		if program.dir, program.err = os.MkdirTemp("", "crash-"); program.err != nil {
			return
		}
		os.Chmod(program.dir, 0o755) // another user may run it
		cmd := exec.Command("go", "build", "-tags", "faults", "-o", filepath.Join(program.dir, "comptoir"), "comptoir/cmd/comptoir")
		if out, err := cmd.CombinedOutput(); err != nil {
			program.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if program.err != nil {
		t.Fatal(program.err)
	}
	return filepath.Join(program.dir, "comptoir")
}

// server is one life of `comptoir serve`.
type server struct {
	*leash.Process
	url string
}

// launch starts a life and does not wait for it to be ready. wrap is put before the program: what changes its
// surroundings and then becomes it.
func launch(t *testing.T, h *house, addr string, env []string, wrap ...string) *server {
	t.Helper()
	args := append(wrap, cmp.Or(h.program, built(t)), "serve", "--listen", addr, "--log-level", "warn", "--allow-private", strings.Join(h.allowed, ","))
	p, err := leash.Start(leash.Command{Args: append(args, h.where()...), Env: env, Stop: syscall.SIGKILL})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return &server{p, "http://" + addr}
}

// ready waits until the server can do its work; false means that it ended before.
func (s *server) ready(t *testing.T) bool {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		if s.answers("/readyz") == http.StatusOK {
			return true
		}
		select {
		case <-s.Done():
			return false
		case <-time.After(5 * time.Millisecond):
		}
	}
	t.Fatalf("it is not ready after 30 s:\n%s", s.Log())
	return false
}

// answers asks for a path and returns the status, 0 for none.
func (s *server) answers(path string) int {
	c := http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{DisableKeepAlives: true}}
	resp, err := c.Get(s.url + path)
	if err != nil {
		return 0
	}
	resp.Body.Close()
	return resp.StatusCode
}

// ended tells whether the server ended by itself within a time.
func (s *server) ended(within time.Duration) bool {
	select {
	case <-s.Done():
		return true
	case <-time.After(within):
		return false
	}
}

// fired tells whether the server died of its planted fault.
func (s *server) fired(point string) bool {
	return strings.Contains(s.Log(), "fault "+point+" fired\n")
}

// freeAddress is an address that nobody listens on, most likely still in a moment.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// comptoir runs a verb to its end and returns what it said.
func comptoir(t *testing.T, h *house, env []string, args ...string) (said string, err error) {
	t.Helper()
	cmd := exec.Command(built(t), append(args, h.where()...)...)
	cmd.Env = append(os.Environ(), append([]string{"LANG=C"}, env...)...)
	cmd.Stdin = strings.NewReader(password) // for the verbs that ask for one
	out, err := cmd.CombinedOutput()
	return string(out), err
}
