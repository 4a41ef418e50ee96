package outgoing

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

var zeros = make([]byte, 1<<20)

// gzipped is size zeros, a thousandth of it.
func gzipped(size int) []byte {
	var w bytes.Buffer
	z, _ := gzip.NewWriterLevel(&w, gzip.BestSpeed)
	for ; size > 0; size -= len(zeros) {
		z.Write(zeros[:min(size, len(zeros))])
	}
	z.Close()
	return w.Bytes()
}

func TestABodyIsReadUpToSixteenMebibytesAndNoFurther(t *testing.T) {
	t.Parallel()
	bomb, fits := gzipped(64<<20), gzipped(network.MaxBody)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(bomb)
		case "/fits":
			w.Header().Set("Content-Encoding", "gzip")
			w.Write(fits)
		case "/endless":
			for {
				if _, err := w.Write(zeros); err != nil {
					return
				}
			}
		case "/announced":
			w.Header().Set("Content-Length", fmt.Sprint(network.MaxBody+1))
			w.Write(zeros)
		case "/brotli":
			w.Header().Set("Content-Encoding", "br")
			w.Write(zeros)
		case "/events":
			w.Header().Set("Content-Type", "text/event-stream")
			for {
				if _, err := w.Write(zeros); err != nil {
					return
				}
			}
		}
	})
	d := open(t, Config{Allow: everywhere})
	for kind, client := range map[string]*http.Client{"stranger": d.Stranger(), "account": d.Account("a").HTTP} {
		for _, path := range []string{"/bomb", "/endless", "/announced", "/events"} {
			resp, err := client.Get(s.URL + path)
			var n int64
			if err == nil {
				n, err = io.Copy(io.Discard, resp.Body)
				resp.Body.Close()
			}
			wantFault(t, err, fault.Rejected, "outgoing.too_large")
			if n > network.MaxBody {
				t.Errorf("%s %s: %d bytes were read", kind, path, n)
			}
		}
		resp, err := client.Get(s.URL + "/fits")
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, resp.Body); n != network.MaxBody || err != nil {
			t.Errorf("%s: %d bytes, %v", kind, n, err)
		}
		resp.Body.Close()
		_, err = client.Get(s.URL + "/brotli")
		wantFault(t, err, fault.Rejected, "outgoing.unreadable")
	}
	resp, err := d.Operator().HTTP.Get(s.URL + "/bomb")
	if err != nil {
		t.Fatal(err)
	}
	if n, err := io.Copy(io.Discard, resp.Body); n != 64<<20 || err != nil {
		t.Errorf("the operator's own store: %d bytes, %v", n, err)
	}
	resp.Body.Close()
}

func TestHeadersAreBounded(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Long", strings.Repeat("a", 200<<10))
	})
	_, err := open(t, Config{Allow: everywhere}).Stranger().Get(s.URL)
	wantFault(t, err, fault.Rejected, "outgoing.too_large")
}

// hang is a server of raw TCP that waits for a request, says what it is given, then nothing, until the
// test ends.
func hang(t *testing.T, says string) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			go func() {
				if n, _ := c.Read(make([]byte, 4096)); n > 0 {
					io.WriteString(c, says)
				}
			}()
		}
	}()
	return l.Addr().String()
}

func TestTimeRunsOut(t *testing.T) {
	t.Parallel()
	const budget = 150 * time.Millisecond
	silent := hang(t, "")
	for _, c := range []struct {
		name, url string
		shorten   func(*limits)
	}{
		{"no TLS", "https://" + silent, func(l *limits) { l.tls = budget }},
		{"no first byte", "http://" + silent, func(l *limits) { l.firstByte = budget }},
		{"headers without end", "http://" + hang(t, "HTTP/1.1 200 OK\r\nX-A: b\r\n"), func(l *limits) { l.firstByte = budget }},
		{"half a body", "http://" + hang(t, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"), func(l *limits) { l.whole = budget }},
		{"half a compressed body", "http://" + hang(t, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 100\r\n\r\n\x1f\x8b\x08\x00"), func(l *limits) { l.whole = budget }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			l := quick()
			c.shorten(&l)
			d := openWith(t, Config{Allow: everywhere}, l)
			for kind, client := range map[string]*http.Client{"stranger": d.Stranger(), "account": d.Account("a").HTTP} {
				began := time.Now()
				resp, err := client.Get(c.url)
				if err == nil {
					_, err = read(t, resp)
				}
				if took := time.Since(began); took < budget || took > budget+2*time.Second { // the budgets next to it are 5 s and more
					t.Errorf("%s: after %v, want %v", kind, took, budget)
				}
				wantFault(t, err, fault.Unavailable, "outgoing.slow")
			}
		})
	}
}

func TestTheCallersDeadlineEndsAVisitToo(t *testing.T) {
	d := open(t, Config{Allow: everywhere})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", "http://"+hang(t, ""), nil)
	_, err := d.Stranger().Do(req)
	wantFault(t, err, fault.Unavailable, "outgoing.slow")
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v hides the caller's deadline", err)
	}
}

func TestAnUnansweredPostIsAmbiguousOnceItMayHaveBeenSent(t *testing.T) {
	l := quick()
	l.firstByte = 50 * time.Millisecond
	d := openWith(t, Config{Allow: everywhere}, l)
	_, err := d.Account("a").HTTP.Post("http://"+hang(t, ""), "text/plain", strings.NewReader("x"))
	wantFault(t, err, fault.Ambiguous, "outgoing.slow")
	cut := serve(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		panic(http.ErrAbortHandler)
	})
	_, err = d.Account("a").HTTP.Post(cut.URL, "text/plain", strings.NewReader("x"))
	wantFault(t, err, fault.Ambiguous, "outgoing.unreached")
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	free.Close()
	_, err = d.Account("a").HTTP.Post("http://"+free.Addr().String(), "text/plain", strings.NewReader("x"))
	wantFault(t, err, fault.Unavailable, "outgoing.unreached")
}

// crowd counts how many requests are in hand at once.
type crowd struct {
	mu       sync.Mutex
	now, max int
}

func (c *crowd) enter() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now++
	c.max = max(c.max, c.now)
}

func (c *crowd) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now--
}

func TestAHostIsAskedTwiceAtOnceAtMost(t *testing.T) {
	var c crowd
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		c.enter()
		time.Sleep(5 * time.Millisecond)
		c.leave()
	})
	d := open(t, Config{Allow: everywhere})
	var wg sync.WaitGroup
	for range 12 {
		wg.Go(func() {
			resp, err := d.Stranger().Get(s.URL)
			if err != nil {
				t.Error(err)
				return
			}
			read(t, resp)
		})
	}
	wg.Wait()
	if c.max != 2 {
		t.Errorf("%d at once, want 2", c.max)
	}
}

func TestStrangersWaitForASlotAndGiveItBack(t *testing.T) {
	t.Parallel()
	l := quick()
	l.strangers, l.perHost, l.whole = 3, 100, 300*time.Millisecond
	d := openWith(t, Config{Allow: everywhere}, l)
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "bonjour") })
	var open []*http.Response
	for range 3 {
		resp, err := d.Stranger().Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		open = append(open, resp)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	req, _ := http.NewRequestWithContext(ctx, "GET", s.URL, nil)
	_, err := d.Stranger().Do(req)
	wantFault(t, err, fault.Unavailable, "outgoing.slow")
	open[0].Body.Close() // closed
	read(t, open[1])     // read
	for range 2 {
		resp, err := d.Stranger().Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
	}
	// open[2] is forgotten: its time runs out.
	waitFor(t, func() bool { return len(d.slots) == 0 })
	refused := []string{"http://10.0.0.1/", "ftp://x/", "http://127.0.0.1:1/"}
	for _, u := range refused {
		d.Stranger().Get(u)
	}
	if n := len(d.slots); n != 0 {
		t.Errorf("%d slots are lost", n)
	}
}

func waitFor(t *testing.T, done func() bool) {
	t.Helper()
	for range 200 {
		if done() {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	t.Error("it never happened")
}

func TestConnectionsAreSharedByNobody(t *testing.T) {
	var mu sync.Mutex
	who := map[string]map[string]bool{}
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		if who[r.RemoteAddr] == nil {
			who[r.RemoteAddr] = map[string]bool{}
		}
		who[r.RemoteAddr][r.URL.Path] = true
	})
	d := open(t, Config{Allow: everywhere})
	for range 3 {
		for path, client := range map[string]*http.Client{"/a": d.Account("a").HTTP, "/b": d.Account("b").HTTP, "/o": d.Operator().HTTP} {
			resp, err := client.Get(s.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			read(t, resp)
		}
		for _, path := range []string{"/s1", "/s2"} {
			resp, err := d.Stranger().Get(s.URL + path)
			if err != nil {
				t.Fatal(err)
			}
			read(t, resp)
		}
	}
	own := 0
	for addr, paths := range who {
		if len(paths) > 1 {
			t.Errorf("%s served %v", addr, paths)
		}
		if paths["/a"] {
			own++
		}
	}
	if own != 1 {
		t.Errorf("an account used %d connections for 3 requests in a row", own)
	}
}

func TestAnEventStreamOutlivesTheBudgetOfAVisit(t *testing.T) {
	t.Parallel()
	var quiet atomic.Bool
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for i := range 10 {
			fmt.Fprintf(w, "data: %d\n\n", i)
			w.(http.Flusher).Flush()
			time.Sleep(30 * time.Millisecond)
		}
		if quiet.Load() {
			<-r.Context().Done()
		}
	})
	l := quick()
	l.whole, l.idle = 150*time.Millisecond, 200*time.Millisecond
	d := openWith(t, Config{Allow: everywhere}, l)
	get := func(client *http.Client) (string, error) {
		req, _ := http.NewRequest("GET", s.URL, nil)
		req.Header.Set("Accept", "text/event-stream")
		resp, err := client.Do(req)
		if err != nil {
			return "", err
		}
		return read(t, resp)
	}
	if text, err := get(d.Account("a").HTTP); err != nil || !strings.Contains(text, "data: 9") {
		t.Errorf("%q %v", text, err)
	}
	_, err := get(d.Stranger())
	wantFault(t, err, fault.Unavailable, "outgoing.slow")
	quiet.Store(true)
	_, err = get(d.Account("a").HTTP)
	wantFault(t, err, fault.Unavailable, "outgoing.slow")
}

func TestASwitchedProtocolIsForAccountsOnly(t *testing.T) {
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "echo")
		w.WriteHeader(http.StatusSwitchingProtocols)
		c, rw, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return
		}
		defer c.Close()
		line, _ := rw.ReadString('\n')
		io.WriteString(c, "echo "+line)
	})
	d := open(t, Config{Allow: everywhere})
	ask := func(client *http.Client) (*http.Response, error) {
		req, _ := http.NewRequest("GET", s.URL, nil)
		req.Header.Set("Connection", "Upgrade")
		req.Header.Set("Upgrade", "echo")
		return client.Do(req)
	}
	resp, err := ask(d.Account("a").HTTP)
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(resp.Body.(io.Writer), "bonjour\n")
	if text, err := read(t, resp); text != "echo bonjour\n" || err != nil {
		t.Errorf("%q %v", text, err)
	}
	_, err = ask(d.Stranger())
	wantFault(t, err, fault.Rejected, "outgoing.unreadable")
}

func TestManyRequestsOverHTTP2StayWithinTheBudgets(t *testing.T) {
	s, roots := serveTLS(t, func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.Proto) })
	d := open(t, Config{Allow: everywhere, RootCAs: roots})
	for _, client := range []*http.Client{d.Stranger(), d.Account("a").HTTP} {
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				resp, err := client.Get(s.URL)
				if err != nil {
					t.Error(err)
					return
				}
				if text, err := read(t, resp); text != "HTTP/2.0" || err != nil {
					t.Errorf("%q %v", text, err)
				}
			})
		}
		wg.Wait()
	}
}
