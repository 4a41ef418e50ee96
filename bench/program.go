package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// program is a server under measurement, in a process of its own: ours or a ceiling's.
type program struct {
	cmd  *exec.Cmd
	addr string
	took time.Duration // from exec to the first answer
}

// serve starts Comptoir on a data folder and waits for its first answer.
func serve(ctx context.Context, w *work, data string, more ...string) (*program, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	args := append([]string{"serve", "--data", data, "--listen", addr, "--log-level", "error"}, more...)
	return run(ctx, addr, "/healthz", exec.CommandContext(ctx, w.binary, args...))
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// run starts a server and asks it for path until it answers.
func run(ctx context.Context, addr, path string, cmd *exec.Cmd) (*program, error) {
	p := &program{cmd: cmd, addr: addr}
	p.cmd.Stderr = os.Stderr
	p.cmd.Cancel = func() error { return p.cmd.Process.Signal(os.Interrupt) }
	began := time.Now()
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	for time.Since(began) < time.Minute && ctx.Err() == nil {
		resp, err := http.Get("http://" + addr + path)
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				p.took = time.Since(began)
				return p, nil
			}
		}
		time.Sleep(time.Millisecond)
	}
	p.stop()
	return nil, fmt.Errorf("%s never answered", cmd.Path)
}

// stop ends the server, by force if it takes its time.
func (p *program) stop() {
	p.cmd.Process.Signal(os.Interrupt)
	late := time.AfterFunc(15*time.Second, func() { p.cmd.Process.Kill() })
	defer late.Stop()
	p.cmd.Wait()
}

// memory is what of the server is resident, in bytes.
func (p *program) memory() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kb); n == 1 {
			return kb * 1024, nil
		}
	}
	return 0, fmt.Errorf("no VmRSS")
}

// cpu is how long the server has computed so far, from the kernel's own account.
func (p *program) cpu() (time.Duration, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	_, after, _ := strings.Cut(string(b), ") ") // the name may hold spaces
	fields := strings.Fields(after)
	var user, system int64
	if len(fields) < 13 {
		return 0, syscall.EINVAL
	}
	if _, err := fmt.Sscan(fields[11]+" "+fields[12], &user, &system); err != nil {
		return 0, err
	}
	return time.Duration(user+system) * (time.Second / 100), nil // USER_HZ
}
