// Package leash runs a server for as long as this process lives, and no longer.
//
// Tests start real servers: PostgreSQL, a browser, a mail server. A test process may end in ways that run
// no clean-up at all (a timeout's SIGQUIT, kill -9, os.Exit), and a server left behind spoils the next run.
// So a small shell stands between: it reads a pipe whose other end only this process holds, and when
// reading ends, for whatever reason, it stops the server, waits for it and removes its folder.
//
// Only tests and their tools import this package.
package leash

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// Command says what to run and how to end it.
type Command struct {
	Args []string            // the program and its arguments
	Env  []string            // added to our own environment
	Dir  string              // its working folder ("" = /)
	As   *syscall.Credential // the user it runs as (nil = ours); see User
	Stop syscall.Signal      // what asks it to end (0 = SIGTERM); SIGKILL follows five seconds later
	// Remove is a folder that is deleted after the end, with all it holds; "" deletes nothing.
	Remove string
}

// Process is a running server. Its methods may be called from any goroutine.
type Process struct {
	shell *exec.Cmd
	hold  *os.File // the leash: the server lives until this is closed
	log   *os.File
	pid   chan int // holds the server's number once it is known
	done  chan struct{}
	stop  sync.Once
}

// The shell says on file descriptor 3 which process the server is, and keeps it open exactly as long as the server
// runs, which tells us that it ended; the server itself does not get it, because servers close or keep what they
// inherit as they like.
const script = `
signal=$1 remove=$2; shift 2
exec 4<&0 </dev/null
"$@" 3>&- 4<&- & server=$!
echo $server >&3
(
	while read -r _; do :; done
	kill -"$signal" $server
	for _ in 1 2 3 4 5 6 7 8 9 10; do sleep 0.5; kill -0 $server || exit; done
	kill -KILL $server
) <&4 3>&- 2>/dev/null & reader=$!
exec 4<&-
wait $server
kill $reader 2>/dev/null
[ -z "$remove" ] || rm -rf -- "$remove"
`

// Start starts the server and returns at once; whether it is ready is for the caller to find out.
func Start(c Command) (*Process, error) {
	if len(c.Args) == 0 {
		return nil, errors.New("leash: no command")
	}
	if c.Stop == 0 {
		c.Stop = syscall.SIGTERM
	}
	if c.Dir == "" {
		c.Dir = "/"
	}
	log, err := os.CreateTemp("", "leash-*.log")
	if err != nil {
		return nil, fmt.Errorf("leash: %w", err)
	}
	os.Remove(log.Name()) // the open file is all we need, and nothing stays behind
	held, hold, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("leash: %w", err)
	}
	alive, aliveEnd, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("leash: %w", err)
	}
	sh := exec.Command("/bin/sh", append([]string{"-c", script, "leash", strconv.Itoa(int(c.Stop)), c.Remove}, c.Args...)...)
	sh.Env, sh.Dir = append(os.Environ(), c.Env...), c.Dir
	sh.Stdin, sh.Stdout, sh.Stderr, sh.ExtraFiles = held, log, log, []*os.File{aliveEnd}
	// A group of its own: Ctrl-C at the terminal reaches us, and through the leash the server.
	sh.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: c.As}
	err = sh.Start()
	held.Close()
	aliveEnd.Close()
	if err != nil {
		hold.Close()
		alive.Close()
		return nil, fmt.Errorf("leash: %s: %w", c.Args[0], err)
	}
	p := &Process{shell: sh, hold: hold, log: log, pid: make(chan int, 1), done: make(chan struct{})}
	go func() {
		said := bufio.NewReader(alive)
		line, _ := said.ReadString('\n')
		pid, _ := strconv.Atoi(strings.TrimSpace(line))
		p.pid <- pid
		io.Copy(io.Discard, said)
		alive.Close()
		close(p.done)
	}()
	return p, nil
}

// Signal sends the server a signal. One that has ended already does not mind.
func (p *Process) Signal(s syscall.Signal) {
	if pid := p.Pid(); pid > 0 {
		syscall.Kill(pid, s)
	}
}

// Pid is the server's process, 0 when it could not be started.
func (p *Process) Pid() int {
	pid := <-p.pid
	p.pid <- pid
	return pid
}

// Done is closed when the server has ended, by itself or by Stop.
func (p *Process) Done() <-chan struct{} { return p.done }

// Stop ends the server and returns when it is gone and its folder removed. Further calls do nothing.
func (p *Process) Stop() {
	p.stop.Do(func() {
		p.hold.Close()
		p.shell.Wait()
		<-p.done
	})
}

// Log returns what the server has printed so far, at most its first MiB.
func (p *Process) Log() string {
	b, _ := io.ReadAll(io.NewSectionReader(p.log, 0, 1<<20))
	return string(b)
}

// User returns the credential of the first of these users that exists when we are root, and nil (run as
// ourselves) when we are not. Servers such as PostgreSQL refuse to run as root.
func User(names ...string) (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range names {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
		gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
		if err := errors.Join(errUID, errGID); err != nil {
			return nil, fmt.Errorf("leash: user %s: %w", name, err)
		}
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("leash: none of the users %v exists", names)
}

// TempDir makes a folder in parent ("" = the usual place for temporary files) that the user c (nil =
// ourselves) owns and can reach. Where parent is closed to others, as a private TMPDIR of root's is, /tmp
// takes its place.
func TempDir(parent, pattern string, c *syscall.Credential) (string, error) {
	if parent == "" {
		parent = os.TempDir()
	}
	if c != nil && !open(parent) {
		parent = "/tmp"
	}
	dir, err := os.MkdirTemp(parent, pattern)
	if err != nil {
		return "", fmt.Errorf("leash: %w", err)
	}
	if c != nil {
		if err := os.Chown(dir, int(c.Uid), int(c.Gid)); err != nil {
			os.Remove(dir)
			return "", fmt.Errorf("leash: %w", err)
		}
	}
	return dir, nil
}

// open tells whether everybody may pass through every folder down to dir.
func open(dir string) bool {
	for {
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm()&0o001 == 0 {
			return false
		}
		up := filepath.Dir(dir)
		if up == dir {
			return true
		}
		dir = up
	}
}
