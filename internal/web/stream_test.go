package web_test

import (
	"bufio"
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"comptoir/internal/place"
	"comptoir/internal/web"
	"comptoir/internal/web/webtest"
)

// listen opens a stream of the floor as its browser does, with these headers.
func listen(t *testing.T, h *webtest.House, cookie string, headers ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), "GET", h.URL+"/p/le-zinc/floor/stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "comptoir", Value: cookie})
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp
}

// Events are packed one by one, and together are one body that unpacks as it comes.
func TestAStreamIsPackedForABrowserThatTakesIt(t *testing.T) {
	h := webtest.New(t)
	for name, accepts := range map[string]string{"packed": "gzip, deflate, br", "plain": "identity"} {
		t.Run(name, func(t *testing.T) {
			resp := listen(t, h, h.Cookie(h.Owner), "Accept-Encoding", accepts)
			body := io.Reader(resp.Body)
			if packed := resp.Header.Get("Content-Encoding") == "gzip"; packed != (name == "packed") {
				t.Fatalf("Content-Encoding %q", resp.Header.Get("Content-Encoding"))
			} else if packed {
				var err error
				if body, err = gzip.NewReader(resp.Body); err != nil {
					t.Fatal(err)
				}
			}
			lines := bufio.NewScanner(body)
			lines.Buffer(nil, 1<<20)
			for range 3 {
				h.As(h.Owner).Post("/p/le-zinc/tables/add", "count", "1").Want(303)
				for lines.Scan() && !strings.HasPrefix(lines.Text(), "id: ") {
				}
				if !strings.HasPrefix(lines.Text(), "id: ") || !lines.Scan() || !strings.Contains(lines.Text(), `id="salle"`) {
					t.Fatalf("not the room: %s, %v", lines.Text(), lines.Err())
				}
			}
		})
	}
}

func TestAStreamIsCountedUntilItsBrowserGoesAway(t *testing.T) {
	h := webtest.New(t)
	noemie := h.Cookie(h.Add("Noémie", "noemie@lezinc.example", place.Floor))
	var first *http.Response
	for i := range 8 {
		resp := listen(t, h, noemie)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/event-stream; charset=utf-8" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Fatalf("stream %d: %d %v", i, resp.StatusCode, resp.Header)
		}
		if i == 0 {
			first = resp
		}
	}
	if resp := listen(t, h, noemie); resp.StatusCode != http.StatusTooManyRequests {
		t.Fatalf("a ninth stream: %d", resp.StatusCode)
	}
	first.Body.Close()
	for end := time.Now().Add(5 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if resp := listen(t, h, noemie); resp.StatusCode == 200 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("a stream that nobody reads any more still counts")
		}
	}
}

// A browser ends a line at CR, LF or both, and an event at an empty line: people write all of them.
func TestWordsCannotEndAnEvent(t *testing.T) {
	for _, words := range []string{
		"", "bonsoir", "un\ndeux", "un\r\ndeux", "un\rdeux", "\n\n", "\r\r", "\r\n\r\n", "\n\r\n\r",
		"\n\nevent: reload\ndata: x\n\n", "\r\rid: 999\r\r", "\x00\n\x00\nid: 999", "a\x00b", "\u2028\u0085\v\f", ": a remark", "id: 999", "retry: 1",
	} {
		events := parseEvents(string(web.Event(7, []byte(words))))
		told := strings.NewReplacer("\r\n", "\n", "\r", "\n", "\x00", "").Replace(words)
		if len(events) != 1 || events[0] != (event{id: "7", data: told}) {
			t.Errorf("%q became %+v", words, events)
		}
	}
}

type event struct{ id, name, data string }

// parseEvents reads a stream as the standard says that a browser does
// (https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation).
func parseEvents(stream string) (events []event) {
	var e event
	var data []string
	for line := range strings.SplitSeq(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(stream), "\n") {
		field, value, _ := strings.Cut(line, ":")
		value = strings.TrimPrefix(value, " ")
		switch field {
		case "":
			if line == "" && data != nil {
				e.data = strings.Join(data, "\n")
				events = append(events, e)
				e, data = event{}, nil
			}
		case "id":
			e.id = value
		case "event":
			e.name = value
		case "data":
			data = append(data, value)
		}
	}
	return events
}
