package app_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

// dial opens a connection to the program as no browser would.
func (w *world) dial(t *testing.T) net.Conn {
	t.Helper()
	c, err := net.Dial("tcp", w.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// Whoever holds a connection open without saying anything is let go, whatever they had begun.
func TestAConnectionThatSaysNothingIsLetGo(t *testing.T) {
	if testing.Short() {
		t.Skip("takes half a minute")
	}
	t.Parallel()
	w := newWorld(t, app.Config{})
	for name, c := range map[string]struct {
		begin string
		most  time.Duration
	}{
		"in its head":       {"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", 5 * time.Second},
		"in its first line": {"GET /", 5 * time.Second},
		"in a form":         {"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\nemail=", 30 * time.Second},
		"in a program's":    {"POST /api/v1/labels HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer " + w.anyToken() + "\r\nContent-Length: 100\r\n\r\n{", 30 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := w.dial(t)
			start := time.Now()
			fmt.Fprint(conn, c.begin)
			go func() { // a byte now and then does not help
				for range 60 {
					time.Sleep(time.Second)
					if _, err := conn.Write([]byte("x")); err != nil {
						return
					}
				}
			}()
			conn.SetReadDeadline(time.Now().Add(c.most + 10*time.Second))
			if _, err := io.Copy(io.Discard, conn); err != nil && strings.Contains(err.Error(), "timeout") {
				t.Fatalf("still open after %v", time.Since(start))
			}
			if took := time.Since(start); took > c.most+3*time.Second {
				t.Errorf("let go after %v", took)
			}
		})
	}
}

func (w *world) anyToken() string {
	_, value := w.here.token(place.Scopes...)
	return value
}

func TestAHeadHasItsLimit(t *testing.T) {
	w := newWorld(t, app.Config{})
	conn := w.dial(t)
	fmt.Fprintf(conn, "GET /healthz HTTP/1.1\r\nHost: localhost\r\nCookie: %s\r\n\r\n", strings.Repeat("x", 40<<10))
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil || resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("%v %v", resp, err)
	}
}

// A page that is open and does not read what it is sent is cut; when it comes back it has missed nothing.
func TestAStreamThatDoesNotReadIsCutAndResumes(t *testing.T) {
	if testing.Short() {
		t.Skip("takes a quarter of a minute")
	}
	t.Parallel()
	w := newWorld(t, app.Config{})
	v := w.here.things(place.Member{}).signedIn(w.here.member(place.Owner))
	table := w.room(t, 100)[0]
	from := w.last(w.here)
	open := func(resume int64) (net.Conn, *bufio.Reader) {
		conn := w.dial(t)
		conn.(*net.TCPConn).SetReadBuffer(4 << 10)
		fmt.Fprintf(conn, "GET /p/le-zinc/floor/stream HTTP/1.1\r\nHost: localhost\r\nCookie: comptoir=%s\r\nLast-Event-ID: %d\r\n\r\n", v.cookie, resume)
		return conn, bufio.NewReaderSize(conn, 16)
	}
	_, lazy := open(from)
	if line, err := lazy.ReadString('\n'); err != nil || !strings.Contains(line, "200") {
		t.Fatalf("%s %v", line, err)
	}
	streams := func() float64 { _, all := w.metrics(t); return all["comptoir_streams"] }
	cut := false
	for i, end := 0, time.Now().Add(60*time.Second); !cut && time.Now().Before(end); i++ {
		w.rename(t, table, fmt.Sprint("T", i))
		time.Sleep(20 * time.Millisecond)
		cut = i%20 == 0 && streams() == 0
	}
	if !cut {
		t.Fatal("a stream that reads nothing stays open")
	}
	last := w.last(w.here)
	conn, again := open(from)
	conn.SetReadDeadline(time.Now().Add(20 * time.Second))
	for {
		line, err := again.ReadString('\n')
		if err != nil {
			t.Fatalf("it did not catch up with %d: %v", last, err)
		}
		if strings.TrimSpace(line) == fmt.Sprint("id: ", last) || strings.HasPrefix(line, "event: reload") {
			break
		}
	}
}

// room sets tables, which the stream of the floor draws anew whenever one of them changes.
func (w *world) room(t *testing.T, n int) (all []floor.Table) {
	t.Helper()
	w.write(func(ctx context.Context, tx db.Tx) (err error) {
		all, err = floor.AddTables(ctx, tx, w.here.owner, w.here.place.ID, n, "")
		return err
	})
	return all
}

func (w *world) rename(t *testing.T, table floor.Table, name string) {
	t.Helper()
	w.write(func(ctx context.Context, tx db.Tx) error {
		_, err := floor.ChangeTable(ctx, tx, w.here.owner, w.here.place.ID, table.ID, func(t *floor.Table) { t.Name = name })
		return err
	})
}
