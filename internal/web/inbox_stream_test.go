package web_test

import (
	"bufio"
	"net/http"
	"strings"
	"testing"
	"time"

	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// events opens the stream of a page as its browser does and returns what it brings.
func events(t *testing.T, h *webtest.House, m place.Member, address string) <-chan string {
	t.Helper()
	return openStream(t, h.URL+address, &http.Cookie{Name: "comptoir", Value: h.Cookie(m)})
}

// openStream opens a stream with a cookie.
func openStream(t *testing.T, address string, c *http.Cookie) <-chan string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Accept", "text/event-stream")
	r.AddCookie(c)
	resp, err := http.DefaultClient.Do(r)
	if err != nil || resp.StatusCode != 200 {
		t.Fatal(resp, err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	all := make(chan string, 100)
	go func() {
		defer close(all)
		var event strings.Builder
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			if lines.Text() != "" {
				event.WriteString(lines.Text() + "\n")
				continue
			}
			all <- event.String()
			event.Reset()
		}
	}()
	return all
}

// next is the next event that holds the words.
func next(t *testing.T, all <-chan string, words string) string {
	t.Helper()
	for timeout := time.After(10 * time.Second); ; {
		select {
		case e := <-all:
			if strings.Contains(e, words) {
				return e
			}
		case <-timeout:
			t.Fatalf("no event holds %q", words)
		}
	}
}

func TestAnOpenCounterLives(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	id := say(t, h, from("Maude", "Bonsoir", time.Now()))[0]
	at := "/p/le-zinc/inbox/c/" + id
	stream := func(page *webtest.Page) string { return page.Attr("div[id^=flux-]", "hx-sse:connect") }
	list := events(t, h, h.Owner, stream(b.Get("/p/le-zinc/inbox").Want(200)))
	settled := events(t, h, h.Owner, stream(b.Get("/p/le-zinc/inbox?state=settled").Want(200)))
	open := events(t, h, h.Owner, stream(b.Get(at).Want(200)))

	say(t, h, from("Karim", "Une chanson?", time.Now()))
	arrived := next(t, list, "Une chanson?")
	if !strings.Contains(arrived, "#arrivees") || !strings.Contains(arrived, "#n-counter") || !strings.Contains(arrived, "2 à lire") {
		t.Errorf("a new conversation: %s", arrived)
	}
	b.Post(at+"/reply", "text", "On arrive!").Want(303)
	if answered := next(t, open, "On arrive!"); !strings.Contains(answered, "#fil-"+id) || !strings.Contains(answered, "msg--us") {
		t.Errorf("the open conversation: %s", answered)
	}
	b.Post(at + "/settle").Want(303)
	next(t, list, `hx-target="#c-`+id+`" hx-swap="delete"`)
	next(t, settled, `hx-target="#c-`+id+`" hx-swap="outerMorph"`)
	say(t, h, from("Maude", "Encore moi", time.Now()))
	next(t, list, "Encore moi")
	next(t, settled, `hx-target="#c-`+id+`" hx-swap="delete"`)
	next(t, open, "Encore moi")
}

func TestColleaguesSeeWhoLooksAndWhoWrites(t *testing.T) {
	h := webtest.New(t)
	marco, noemie := h.As(h.Owner), h.As(h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Manager))
	id := say(t, h, from("Maude", "Bonsoir", time.Now()))[0]
	at := "/p/le-zinc/inbox/c/" + id
	if p := noemie.Get(at).Want(200); p.Attr("#vu-"+id, "hx-post") != at+"/seen" {
		t.Errorf("the page does not say that it is seen: %s", p.Text("#fil"))
	}
	noemie.Post(at + "/seen").Want(204)
	p := marco.Get(at).Want(200)
	if !strings.Contains(p.Text("#ici-"+id), "Noémie regarde aussi") || p.Attr("#ici-"+id, "hx-post") != at+"/presence" {
		t.Errorf("looking: %s", p.Text("#ici-"+id))
	}
	noemie.Post(at+"/draft", "text", "Je").Want(204)
	if p := marco.Post(at + "/presence").Want(200); !strings.Contains(p.Text("#ici-"+id), "Noémie écrit") {
		t.Errorf("writing: %s", p.Text("#ici-"+id))
	}
}
