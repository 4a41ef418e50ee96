package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"comptoir/internal/db"
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
			"ready": ready, "get": get, "send": send, "pick": pick, "overwrite": overwrite, "stdoutfile": stdoutFile,
			"sql": sqlCommand, "tear": tear, "halve": halve,
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
	ask(ts, "GET", args[0], args[1], "", args[2:])
}

// send sends a body, as JSON unless a header says otherwise: send METHOD STATUS PATH BODY [HEADER: VALUE].
func send(ts *testscript.TestScript, neg bool, args []string) {
	ask(ts, args[0], args[1], args[2], args[3], append([]string{"Content-Type: application/json"}, args[4:]...))
}

func ask(ts *testscript.TestScript, method, status, path, body string, headers []string) {
	req, err := http.NewRequest(method, "http://"+ts.Getenv("ADDR")+path, strings.NewReader(body))
	ts.Check(err)
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ": ")
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	ts.Check(err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs("body"), b, 0o600))
	if got := resp.Status[:3]; got != status {
		ts.Fatalf("%s: %s\n%s", path, resp.Status, b)
	}
}

// pick puts what a pattern finds in the file "body" into a variable: pick NAME PATTERN.
func pick(ts *testscript.TestScript, neg bool, args []string) {
	b := ts.ReadFile("body")
	m := regexp.MustCompile(args[1]).FindStringSubmatch(b)
	if m == nil {
		ts.Fatalf("nothing fits %s in\n%s", args[1], b)
	}
	ts.Setenv(args[0], m[1])
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

// sqlCommand changes a database behind the program's back: sql FILE STATEMENT.
func sqlCommand(ts *testscript.TestScript, neg bool, args []string) {
	d, err := db.Open(context.Background(), ts.MkAbs(args[0]))
	ts.Check(err)
	defer d.Close()
	_, err = d.SQLDB().Exec(args[1])
	ts.Check(err)
}

// tear fills the first page of a table with rubbish: tear FILE TABLE.
func tear(ts *testscript.TestScript, neg bool, args []string) {
	d, err := db.Open(context.Background(), ts.MkAbs(args[0]))
	ts.Check(err)
	var page int64
	ts.Check(d.QueryRow(context.Background(), "SELECT rootpage FROM sqlite_schema WHERE name = $1", args[1]).Scan(&page))
	d.Close()
	overwrite(ts, neg, []string{args[0], strconv.FormatInt((page-1)*4096, 10), "torn"})
}

// halve cuts a file in the middle: halve FILE.
func halve(ts *testscript.TestScript, neg bool, args []string) {
	st, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), st.Size()/2))
}

// stdoutFile puts a file's trimmed text into a variable: stdoutfile NAME FILE.
func stdoutFile(ts *testscript.TestScript, neg bool, args []string) {
	b, err := os.ReadFile(filepath.Clean(ts.MkAbs(args[1])))
	ts.Check(err)
	ts.Setenv(args[0], strings.TrimSpace(string(b)))
}
