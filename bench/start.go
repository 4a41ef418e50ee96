package main

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// start measures the program itself: its size, the time from exec to the first answer, its memory when
// nobody does anything.
func start(ctx context.Context, w work) ([]result, error) {
	st, err := os.Stat(w.binary)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(w.dir, "start")
	var cold []time.Duration
	var rss float64
	for i := range 5 {
		s, err := serve(ctx, w, data)
		if err != nil {
			return nil, err
		}
		if i > 0 { // the first one makes the data folder
			cold = append(cold, s.took)
		}
		if i == 4 {
			time.Sleep(10 * time.Second)
			if rss, err = s.rss(); err != nil {
				return nil, err
			}
		}
		s.stop()
	}
	mb := float64(st.Size()) / 1e6
	ms := median(cold)
	return []result{
		{"binary", fmt.Sprintf("%.1f MB", mb), "≤ 45 MB", mb <= 45},
		{"cold start to the first 200, SQLite", ms.Round(time.Millisecond).String(), "≤ 150 ms", ms <= 150*time.Millisecond},
		{"memory at rest after 10 s", fmt.Sprintf("%.1f MB", rss), "≤ 64 MB", rss <= 64},
	}, nil
}

// server is the program running.
type server struct {
	cmd  *exec.Cmd
	base string
	took time.Duration // from exec to the first answer
}

// serve starts the program on a free port and waits for its first answer.
func serve(ctx context.Context, w work, data string, more ...string) (*server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	addr := l.Addr().String()
	l.Close()
	s := &server{base: "http://" + addr}
	s.cmd = exec.CommandContext(ctx, w.binary, append([]string{"serve", "--data", data, "--listen", addr, "--log-level", "error"}, more...)...)
	s.cmd.Stderr = os.Stderr
	began := time.Now()
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	for time.Since(began) < 20*time.Second {
		resp, err := http.Get(s.base + "/healthz")
		if err == nil {
			resp.Body.Close()
			s.took = time.Since(began)
			return s, nil
		}
		time.Sleep(time.Millisecond)
	}
	s.stop()
	return nil, fmt.Errorf("the server never answered")
}

func (s *server) stop() {
	s.cmd.Process.Signal(os.Interrupt)
	s.cmd.Wait()
}

// rss is the resident memory in MB.
func (s *server) rss() (float64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(b)) {
		var kb float64
		if n, _ := fmt.Sscanf(line, "VmRSS: %f kB", &kb); n == 1 {
			return kb / 1024, nil
		}
	}
	return 0, fmt.Errorf("no VmRSS")
}
