package networktest_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf16"

	"comptoir/internal/network"
	"comptoir/internal/network/networktest"
)

// server is a network as small as can be, on which the suite itself is tried: one list of notes behind HTTP. It
// counts in UTF-16, knows a draft by its key, and is particular: what was done already is an error to it.
type server struct {
	*httptest.Server
	mu       sync.Mutex
	notes    []*note
	epoch    int // of cursors
	revoked  bool
	throttle time.Duration
	ahead    time.Duration
}

type note struct {
	N, Key, Text, To, Thread, Author string
	At                               time.Time
	Private                          bool
	Files                            []networktest.File
	Spoilt                           any    `json:",omitempty"`
	Padding                          string `json:",omitempty"`

	ours, gone bool
	gestures   map[string]bool
	counts     network.Counts
}

const (
	token    = "s3cret-token"
	longest  = 3000 // UTF-16 units
	pageSize = 20
)

func newServer(t testing.TB) networktest.Fake {
	s := &server{}
	mux := http.NewServeMux()
	for pattern, answer := range map[string]func(*http.Request) (int, any){
		"GET /me": s.me, "GET /notes": s.list, "POST /notes": s.post, "GET /find": s.find, "GET /counts/{id}": s.count,
		"DELETE /notes/{id}": s.remove, "PUT /notes/{id}/{gesture}": s.gesture, "DELETE /notes/{id}/{gesture}": s.gesture,
	} {
		mux.HandleFunc(pattern, s.serve(answer))
	}
	mux.HandleFunc("GET /stream", s.stream)
	s.Server = httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

type refusal struct {
	Error string `json:"error"`
	ID    string `json:"id,omitempty"`
}

// part is a part of the list, and how it goes on.
type part struct {
	Items []*note
	Next  string
}

func (s *server) serve(answer func(*http.Request) (int, any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		status, out := s.refuses(r)
		if status == 0 {
			status, out = answer(r)
		}
		now := time.Now().Add(s.ahead)
		w.Header().Set("Date", now.UTC().Format(http.TimeFormat))
		if status == http.StatusTooManyRequests {
			w.Header().Set("Retry-After", now.Add(s.throttle+time.Second/2).UTC().Format(http.TimeFormat))
		}
		if p, ok := out.(part); ok {
			w.Header().Set("X-Next", p.Next)
		}
		w.WriteHeader(status)
		json.NewEncoder(w).Encode(out)
	}
}

func (s *server) refuses(r *http.Request) (int, any) {
	switch {
	case s.throttle > 0:
		return http.StatusTooManyRequests, refusal{Error: "too much"}
	case s.revoked || r.Header.Get("Authorization") != "Bearer "+token:
		return http.StatusUnauthorized, refusal{Error: "who are you?"}
	}
	return 0, nil
}

func (s *server) me(*http.Request) (int, any) { return http.StatusOK, map[string]string{"id": "me"} }

func (s *server) list(r *http.Request) (int, any) {
	after, ok := s.after(r)
	if !ok {
		return http.StatusGone, refusal{Error: "forgotten cursor"}
	}
	size := pageSize
	if r.URL.Query().Get("few") != "" {
		size = 1
	}
	end := min(after+size, len(s.notes))
	return http.StatusOK, part{Items: s.notes[after:end], Next: s.cursor(end)}
}

// after is how far a cursor has come.
func (s *server) after(r *http.Request) (n int, ok bool) {
	epoch, rest, given := strings.Cut(r.URL.Query().Get("after"), ".")
	n, _ = strconv.Atoi(rest)
	return min(n, len(s.notes)), !given || epoch == strconv.Itoa(s.epoch)
}

func (s *server) cursor(n int) string { return fmt.Sprintf("%d.%d", s.epoch, n) }

func (s *server) post(r *http.Request) (int, any) {
	var n note
	if json.NewDecoder(r.Body).Decode(&n) != nil || n.Key == "" || len(n.Files) > 4 || !s.Takes(n.Text) {
		return http.StatusUnprocessableEntity, refusal{Error: "no such note"}
	}
	for _, known := range s.notes {
		if known.Key == n.Key {
			return http.StatusConflict, refusal{Error: "known", ID: known.N}
		}
	}
	n.ours = true
	s.add(&n)
	return http.StatusOK, &n
}

func (s *server) add(n *note) {
	n.N = fmt.Sprintf("n%d", len(s.notes))
	if n.Thread = n.N; n.To != "" && s.note(n.To) != nil {
		n.Thread = s.note(n.To).Thread
	}
	if n.At.IsZero() {
		n.At = time.Now().Add(s.ahead)
	}
	n.gestures = map[string]bool{}
	s.notes = append(s.notes, n)
}

func (s *server) note(id string) *note {
	for _, n := range s.notes {
		if n.N == id && !n.gone {
			return n
		}
	}
	return nil
}

func (s *server) find(r *http.Request) (int, any) {
	found := part{}
	for _, n := range s.notes {
		if n.ours && n.Key == r.URL.Query().Get("key") {
			found.Items = append(found.Items, n)
		}
	}
	return http.StatusOK, found
}

func (s *server) count(r *http.Request) (int, any) {
	if n := s.note(r.PathValue("id")); n != nil {
		return http.StatusOK, n.counts
	}
	return http.StatusNotFound, refusal{Error: "no such note"}
}

func (s *server) remove(r *http.Request) (int, any) {
	n := s.note(r.PathValue("id"))
	if n == nil {
		return http.StatusNotFound, refusal{Error: "no such note"}
	}
	n.gone = true
	return http.StatusOK, n
}

func (s *server) gesture(r *http.Request) (int, any) {
	n, g, on := s.note(r.PathValue("id")), r.PathValue("gesture"), r.Method == http.MethodPut
	switch {
	case n == nil:
		return http.StatusNotFound, refusal{Error: "no such note"}
	case n.gestures[g] == on:
		return http.StatusConflict, refusal{Error: "it is so already"}
	}
	n.gestures[g] = on
	return http.StatusOK, n
}

// stream writes one line for each note after the cursor, as they come.
func (s *server) stream(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	after, _ := s.after(r)
	s.mu.Unlock()
	w.(http.Flusher).Flush()
	for r.Context().Err() == nil {
		s.mu.Lock()
		for ; after < len(s.notes); after++ {
			json.NewEncoder(w).Encode(part{Items: s.notes[after : after+1], Next: s.cursor(after + 1)})
		}
		s.mu.Unlock()
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// What follows is the server as the suite sees it.

func (s *server) Account() (string, network.Credential) {
	return s.URL, network.NewCredential(map[string]string{"token": token})
}

func (s *server) Wire() network.Wire      { return network.Wire{HTTP: s.Client()} }
func (s *server) Someone() network.Author { return network.Author{ID: "maude", Handle: "@maude"} }

func (s *server) Say(x networktest.Said) error { return s.SayFile(x, networktest.File{}) }

func (s *server) SayFile(x networktest.Said, f networktest.File) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := &note{Text: x.Text, To: string(x.Answers), Author: string(x.From.ID), At: x.At, Private: x.Private, Padding: strings.Repeat("x", x.Padding)}
	if f.Type != "" {
		n.Files = []networktest.File{f}
	}
	s.add(n)
	return nil
}

func (s *server) SaySpoilt() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(&note{Spoilt: []int{1}})
	return nil
}

func (s *server) Accepted() (out []networktest.Accepted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.notes {
		if n.ours {
			seen := network.Public
			if n.Private {
				seen = network.Private
			}
			out = append(out, networktest.Accepted{Visibility: seen, Key: n.Key, Text: n.Text, Answers: network.RemoteID(n.To), Gone: n.gone, Files: n.Files})
		}
	}
	return out
}

func (s *server) set(f func()) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
	return nil
}

func (s *server) Revoke(on bool)           { s.set(func() { s.revoked = on }) }
func (s *server) Throttle(d time.Duration) { s.set(func() { s.throttle = d }) }
func (s *server) Skew(ahead time.Duration) { s.set(func() { s.ahead = ahead }) }
func (s *server) Renumber() error          { return s.set(func() { s.epoch++ }) }
func (s *server) Takes(text string) bool   { return len(utf16.Encode([]rune(text))) <= longest }
func (s *server) Applaud(id network.RemoteID, c network.Counts) error {
	return s.set(func() { s.note(string(id)).counts = c })
}

func (s *server) Gestures(id network.RemoteID) (out []network.Reaction) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range []network.Reaction{network.Like, network.Boost} {
		if s.note(string(id)).gestures[string(r)] {
			out = append(out, r)
		}
	}
	return out
}
