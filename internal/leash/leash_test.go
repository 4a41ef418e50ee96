package leash

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// server is a shell that writes its process id and then sleeps; it says so when it is asked to end.
func server(dir string) Command {
	return Command{
		Args:   []string{"/bin/sh", "-c", `trap 'echo bye; exit' TERM; echo $$ >"$0/pid.new"; mv "$0/pid.new" "$0/pid"; while :; do sleep 0.05; done`, dir},
		Remove: dir,
	}
}

func waitFor(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited 10 s in vain: %s", what)
}

func pidIn(t *testing.T, dir string) int {
	t.Helper()
	var pid int
	waitFor(t, "the server writes its process id", func() bool {
		b, err := os.ReadFile(filepath.Join(dir, "pid"))
		pid, _ = strconv.Atoi(strings.TrimSpace(string(b)))
		return err == nil
	})
	return pid
}

func gone(pid int) bool { return errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

func TestStopEndsTheServerAndRemovesItsFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	p, err := Start(server(dir))
	if err != nil {
		t.Fatal(err)
	}
	pid := pidIn(t, dir)
	p.Stop()
	p.Stop()
	if !gone(pid) {
		t.Errorf("process %d still runs", pid)
	}
	if _, err := os.Stat(dir); !os.IsNotExist(err) {
		t.Errorf("the folder is still there: %v", err)
	}
	if got := p.Log(); got != "bye\n" {
		t.Errorf("log = %q; the server was not asked politely", got)
	}
}

func TestDoneTellsThatTheServerEndedByItself(t *testing.T) {
	p, err := Start(Command{Args: []string{"/bin/sh", "-c", "echo no such port >&2; exit 3"}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	select {
	case <-p.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("a server that ended is still thought alive")
	}
	if got := p.Log(); got != "no such port\n" {
		t.Errorf("log = %q", got)
	}
}

// The whole reason for this package: no clean-up of ours runs, and the server still ends.
func TestTheServerEndsWhenItsStarterIsKilled(t *testing.T) {
	if dir := os.Getenv("LEASH_TEST_DIR"); dir != "" {
		if _, err := Start(server(dir)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		return
	}
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	starter := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	starter.Env = append(os.Environ(), "LEASH_TEST_DIR="+dir)
	if err := starter.Start(); err != nil {
		t.Fatal(err)
	}
	pid := pidIn(t, dir)
	if err := starter.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	starter.Wait()
	waitFor(t, "the orphaned server ends", func() bool { return gone(pid) })
	waitFor(t, "its folder is removed", func() bool {
		_, err := os.Stat(dir)
		return os.IsNotExist(err)
	})
}

func TestTempDirLeavesAFolderThatIsClosedToOthers(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root starts servers as somebody else")
	}
	private := t.TempDir()
	if err := os.Chmod(private, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", private)
	as, err := User("nobody")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := TempDir("", "leash-test-", as)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	look := exec.Command("/bin/sh", "-c", `touch "$0/mine"`, dir)
	look.Dir, look.SysProcAttr = "/", &syscall.SysProcAttr{Credential: as}
	if out, err := look.CombinedOutput(); err != nil {
		t.Errorf("nobody cannot use %s: %v %s", dir, err, out)
	}
}

func TestASignalReachesTheServerItself(t *testing.T) {
	dir := t.TempDir()
	p, err := Start(server(dir))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	if pid := pidIn(t, dir); p.Pid() != pid {
		t.Errorf("Pid = %d, and the server is %d", p.Pid(), pid)
	}
	p.Signal(syscall.SIGTERM)
	select {
	case <-p.Done():
	case <-time.After(10 * time.Second):
		t.Fatal("the server did not get the signal")
	}
	p.Signal(syscall.SIGTERM) // nobody is there any more
	if got := p.Log(); got != "bye\n" {
		t.Errorf("log = %q", got)
	}
}
