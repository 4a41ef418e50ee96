package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"comptoir": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			os.Exit(run(ctx, os.Args[1:], terminal{os.Stdin, os.Stdout, os.Stderr}))
		},
	})
}

// TestScripts runs the program as an operator does: testdata/script/*.txtar, one story a file.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(e *testscript.Env) error {
			e.Setenv("LANG", "C")
			l, err := net.Listen("tcp", "127.0.0.1:0") // a free port, most likely still free in a moment
			if err != nil {
				return err
			}
			e.Setenv("ADDR", l.Addr().String())
			return l.Close()
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"ready": ready, "get": get, "overwrite": overwrite, "stdoutfile": stdoutFile,
		},
	})
}

// ready waits until the server at $ADDR answers.
func ready(ts *testscript.TestScript, neg bool, _ []string) {
	for range 200 {
		resp, err := http.Get("http://" + ts.Getenv("ADDR") + "/readyz")
		if err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("the server was never ready")
}

// get asks for a path: get STATUS PATH [HEADER: VALUE]. Its body is then the content of the file "body".
func get(ts *testscript.TestScript, neg bool, args []string) {
	req, err := http.NewRequest("GET", "http://"+ts.Getenv("ADDR")+args[1], nil)
	ts.Check(err)
	for _, h := range args[2:] {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("body"), b, 0o600))
	if got := resp.Status[:3]; got != args[0] {
		ts.Fatalf("%s: %s\n%s", args[1], resp.Status, b)
	}
}

// overwrite damages a file: overwrite FILE OFFSET TEXT.
func overwrite(ts *testscript.TestScript, neg bool, args []string) {
	f, err := os.OpenFile(ts.MkAbs(args[0]), os.O_WRONLY, 0)
	ts.Check(err)
	defer f.Close()
	at, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	_, err = f.WriteAt([]byte(strings.Repeat(args[2], 4096/len(args[2]))), at)
	ts.Check(err)
}

// stdoutFile puts a file's trimmed text into a variable: stdoutfile NAME FILE.
func stdoutFile(ts *testscript.TestScript, neg bool, args []string) {
	b, err := os.ReadFile(filepath.Clean(ts.MkAbs(args[1])))
	ts.Check(err)
	ts.Setenv(args[0], strings.TrimSpace(string(b)))
}
