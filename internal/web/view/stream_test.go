package view

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/static"

	"github.com/a-h/templ"
)

// tap is a server with one page and its stream: a journal that a test writes to, in memory.
type tap struct {
	mu      sync.Mutex
	journal []string // HTML of each event; its id is the index + 1
	wake    chan struct{}
	cut     chan struct{} // closed to end the open streams
	resumed []string      // the Last-Event-ID of each connection
}

func (s *tap) write(t *testing.T, c templ.Component) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.journal = append(s.journal, render(t, "fr-CA", c))
	close(s.wake)
	s.wake = make(chan struct{})
}

func (s *tap) hangUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.cut)
	s.cut = make(chan struct{})
}

func (s *tap) stream(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	last := r.Header.Get("Last-Event-ID")
	at := 0
	fmt.Sscan(last, &at)
	s.mu.Lock()
	s.resumed = append(s.resumed, last)
	cut := s.cut
	s.mu.Unlock()
	fmt.Fprint(w, ": bonsoir\n\n")
	w.(http.Flusher).Flush()
	for {
		s.mu.Lock()
		events, wake := s.journal[at:], s.wake
		s.mu.Unlock()
		for _, e := range events {
			at++
			fmt.Fprintf(w, "id: %d\n", at)
			for line := range strings.Lines(e) {
				fmt.Fprintf(w, "data: %s\n", strings.TrimRight(line, "\r\n"))
			}
			fmt.Fprint(w, "\n")
		}
		w.(http.Flusher).Flush()
		select {
		case <-wake:
		case <-cut:
			return
		case <-r.Context().Done():
			return
		}
	}
}

func serveTap(t *testing.T) (*tap, string) {
	t.Helper()
	s := &tap{wake: make(chan struct{}), cut: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle(static.Prefix, static.Handler(func(*http.Request) bool { return true }))
	mux.HandleFunc("GET /flux", s.stream)
	mux.HandleFunc("POST /c/{conversation}/seen", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		sh := shellOf("", "")
		sh.Stream = "/flux"
		c := Counter{Shell: sh, List: list(), Thread: thread()}
		var b bytes.Buffer
		CounterScreen(c).Render(locale.With(context.Background(), locale.New("fr-CA", time.UTC)), &b)
		w.Write(b.Bytes())
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(func() { s.hangUp(); srv.CloseClientConnections(); srv.Close() })
	return s, srv.URL
}

func TestAStreamKeepsThePageAlive(t *testing.T) {
	s, url := serveTap(t)
	page := browsertest.New(t, browsertest.Desk)
	page.Goto(url)
	until(t, page, "the stream opens", "document.documentElement.dataset.stream === 'open'")

	known := rows()[1]
	known.Excerpt, known.New = "Merci, c'est déjà passé!", false
	s.write(t, StreamRow(known))
	until(t, page, "a row that is there changes in place", `document.querySelector('#rangs #c-2 .conv__txt').textContent.includes('déjà passé')`)
	if page.Eval("() => document.getElementById('nouvelles').hidden && document.querySelectorAll('#c-2').length === 1") != "true" {
		t.Error("a known row also waits behind the pill")
	}

	fresh := known
	fresh.ID, fresh.Name, fresh.Excerpt = "90", "Zoé <img src=x onerror=\"window.bad=1\">", "Bonsoir<script>window.bad=1</script>"
	s.write(t, StreamRow(fresh))
	until(t, page, "a new row waits", `document.getElementById('nouvelles').textContent.trim() === '1 nouvelle' && !document.querySelector('#rangs #c-90')`)
	fresh.ID = "91"
	s.write(t, StreamRow(fresh))
	until(t, page, "two wait", `document.getElementById('nouvelles').textContent.trim() === '2 nouvelles'`)

	// The line is cut; what happens meanwhile arrives once it is back, and only that.
	s.hangUp()
	s.write(t, StreamItem("1", EventItem("cut", "Pendant la coupure")))
	until(t, page, "what was missed arrives", `document.querySelectorAll('#fil-1 #m-cut').length === 1`)
	s.mu.Lock()
	if got := s.resumed[len(s.resumed)-1]; got != "3" && got != "4" {
		t.Errorf("resumed after %q, want 3; all: %q", got, s.resumed)
	}
	s.mu.Unlock()

	if page.Eval("() => document.documentElement.dataset.stream") != `"open"` {
		t.Error("a short cut was called a loss")
	}
	page.Click("#nouvelles")
	until(t, page, "the pill brings them", `document.querySelector('#rangs > :first-child').id === 'c-91' && document.getElementById('nouvelles').hidden`)

	s.write(t, StreamItem("1", EventItem("cut", "Encore la même")))
	until(t, page, "an item that comes twice stays once", `document.querySelectorAll('#m-cut').length === 1 && document.getElementById('m-cut').textContent === 'Encore la même'`)
	s.write(t, StreamGone("3"))
	until(t, page, "a row leaves", `!document.getElementById('c-3')`)
	s.write(t, StreamPart("ici-1", PresenceLine("1", "/c/1", []Presence{{face("Noémie", 15, ""), "Noémie", true}})))
	until(t, page, "presence", `document.getElementById('ici-1').textContent.includes('Noémie écrit')`)
	s.write(t, templ.Join(StreamCount("counter", 11), StreamToast(Toast{Text: "Réglé"})))
	until(t, page, "two blocks in one event", `document.getElementById('n-counter').textContent.trim() === '11' && document.querySelector('#avis .toast')`)
	s.write(t, StreamGone("not-on-this-page"))
	s.write(t, StreamCount("counter", 10))
	until(t, page, "a target that is not here is skipped", `document.getElementById('n-counter').textContent.trim() === '10'`)
	if page.Eval("() => window.bad === 1") == "true" {
		t.Error("words from outside ran as a script")
	}
}

// With extensions in files of their own, htmx sometimes started before them and the stream stayed shut.
func TestAHundredLoadsInARowConnect(t *testing.T) {
	_, url := serveTap(t)
	page := browsertest.New(t, browsertest.Desk)
	loads, slow := 10, time.Duration(0)
	if thorough() {
		loads = 100
	}
	for range loads {
		page.Goto(url)
		start := time.Now()
		until(t, page, "the stream opens", "document.documentElement.dataset.stream === 'open'")
		if slow = max(slow, time.Since(start)); slow > 2*time.Second {
			t.Fatalf("the stream took %v", slow)
		}
	}
	t.Logf("slowest of %d: %v", loads, slow)
}

func TestTheKeyboardReachesEverything(t *testing.T) {
	_, url := serveTap(t)
	page := browsertest.New(t, browsertest.Desk)
	page.Goto(url)
	page.Press("j")
	until(t, page, "J goes to the next row", `document.activeElement.closest('#c-2')`)
	page.Press("j", "k")
	until(t, page, "K goes back", `document.activeElement.closest('#c-2')`)
	page.Press("a")
	until(t, page, "A opens Confier", `document.getElementById('confier').matches(':popover-open')`)
	page.Press("ArrowDown")
	until(t, page, "an arrow enters the menu", `document.activeElement.matches('#confier .menu__item')`)
	page.Press("Escape")
	until(t, page, "Escape closes it", `!document.getElementById('confier').matches(':popover-open')`)
	page.Press("v")
	until(t, page, "V opens the snoozes", `document.getElementById('veille').matches(':popover-open')`)
	page.Press("Escape", "?")
	until(t, page, "? lists the keys", `document.getElementById('raccourcis').matches(':popover-open')`)
	page.Press("Escape", ";")
	until(t, page, "; opens the kept replies", `document.getElementById('gardees').matches(':popover-open')`)
	page.Press("Escape", "/")
	until(t, page, "/ goes to the search", `document.activeElement.id === 'recherche'`)
	page.Press("j")
	until(t, page, "letters in a field are letters", `document.getElementById('recherche').value === 'j'`)
	page.Press("Escape", "r")
	until(t, page, "R goes to the reply", `document.activeElement.id === 'rep-1'`)
	page.Press("Escape")
	page.Eval("() => { document.documentElement.dataset.keys = 'off' }")
	page.Press("a")
	if page.Eval("() => document.getElementById('confier').matches(':popover-open')") == "true" {
		t.Error("a letter acts although letters are off")
	}
}
