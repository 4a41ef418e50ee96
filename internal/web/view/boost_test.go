package view

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"sync"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/static"
)

// A gesture is a plain form; the page it leads to is morphed into the one that is open.
func TestAGestureChangesThePageInPlace(t *testing.T) {
	var mu sync.Mutex
	draft, toast, sent := "", "", []string{}
	mux := http.NewServeMux()
	mux.Handle("GET "+static.Prefix, static.Handler(func(*http.Request) bool { return true }))
	open, pages, begun := map[string]int{}, 0, ""
	mux.HandleFunc("GET /flux/{n}", func(w http.ResponseWriter, r *http.Request) {
		count := func(by int) { mu.Lock(); open[r.PathValue("n")] += by; mu.Unlock() }
		count(1)
		begun += r.URL.Path + " from " + r.URL.Query().Get("from") + " "
		defer count(-1)
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprint(w, ": bonsoir\n\n")
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	})
	mux.HandleFunc("GET /{path...}", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		c := Counter{Shell: shellOf("", ""), List: list(), Thread: thread(), Card: card()}
		c.Thread.Reply.Text = draft
		pages++
		c.Shell.Stream = "/flux/" + path.Base(r.URL.Path) + "?from=" + itoa(pages)
		if toast != "" {
			c.Shell.Toasts = []Toast{{Text: toast, Undo: "/c/1/undo"}}
			toast = ""
		}
		for _, words := range sent {
			c.Thread.Items = append(c.Thread.Items, MessageItem(Message{ID: "s", Face: house, Us: true, Name: "Le Zinc", Text: words, State: "waiting", Until: time.Now().Add(9 * time.Second).UnixMilli(), Undo: "/c/1/undo"}))
		}
		CounterScreen(c).Render(locale.With(r.Context(), locale.New("fr-CA", time.UTC)), w)
	})
	mux.HandleFunc("POST /c/1/{do}", func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		r.ParseMultipartForm(1 << 20)
		switch r.PathValue("do") {
		case "draft":
			draft = r.FormValue("text")
			w.WriteHeader(http.StatusNoContent)
			return
		case "assign":
			toast = "Confié à " + r.FormValue("member")
		case "reply":
			draft, sent = "", append(sent, r.FormValue("text"))
		}
		http.Redirect(w, r, "/c/1", http.StatusSeeOther)
	})
	srv := httptest.NewServer(mux)
	t.Cleanup(func() { srv.CloseClientConnections(); srv.Close() })

	page := browsertest.New(t, browsertest.View{Width: 1440, Height: 700})
	page.Goto(srv.URL + "/c/1")
	page.Eval("() => { window.same = true; document.querySelector('#liste .pane__body').scrollTop = 200 }")
	page.Fill("#rep-1", "Oui, jusqu’à 23 h!")

	page.Click(`[popovertarget=confier]`)
	page.Click(`#confier [value=n]`)
	until(t, page, "the notice comes", `document.querySelector('#avis .toast')?.textContent.includes('Confié à n')`)
	for what, js := range map[string]string{
		"the page was not loaded again": "window.same === true",
		"the menu closed":               "!document.querySelector('#confier').matches(':popover-open')",
		"the list stays where it was":   "document.querySelector('#liste .pane__body').scrollTop === 200",
		"what was typed is still there": "document.getElementById('rep-1').value === 'Oui, jusqu’à 23 h!'",
	} {
		if page.Eval("() => "+js) != "true" {
			t.Errorf("not true that %s", what)
		}
	}

	// Sent by the keyboard, from within the field: the words are in the thread, no longer in the box.
	page.Eval("() => document.getElementById('rep-1').focus()")
	page.Press("Control+Enter")
	until(t, page, "the reply waits in the thread", `document.querySelector('#m-s .msg__state')?.textContent.match(/Part dans \d\ss/)`)
	until(t, page, "the box is empty again", `document.getElementById('rep-1').value === ''`)
	page.Fill("#rep-1", "Encore")
	mu.Lock()
	draft = "" // as if the draft had not come through yet
	mu.Unlock()
	page.Click(`#fil [data-key=a]`)
	page.Click(`#confier [value=f]`)
	until(t, page, "another gesture", `document.querySelector('#avis').textContent.includes('Confié à f')`)
	if got := page.Value("#rep-1"); got != "Encore" {
		t.Errorf("a gesture made of the typed words %q", got)
	}

	mu.Lock()
	if begun != "/flux/1 from 1 " {
		t.Errorf("gestures on one page began streams: %s", begun)
	}
	mu.Unlock()

	page.Click(`#c-2 a`)
	until(t, page, "a link changes the address", `location.pathname === '/c/2'`)
	if page.Eval("() => window.same === true") != "true" {
		t.Error("a link loaded the page again")
	}
	streams := ""
	for range 100 {
		mu.Lock()
		streams = fmt.Sprint(open)
		mu.Unlock()
		if streams == "map[1:0 2:1]" {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if streams != "map[1:0 2:1]" {
		t.Errorf("streams that are open: %s", streams)
	}
	page.Eval("() => history.back()")
	until(t, page, "back goes back", `location.pathname === '/c/1'`)
	mu.Lock()
	defer mu.Unlock()
	if fmt.Sprint(sent) != "[Oui, jusqu’à 23 h!]" {
		t.Errorf("sent %q", sent)
	}
}
