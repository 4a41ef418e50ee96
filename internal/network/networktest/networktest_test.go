package networktest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/networktest"
	"comptoir/internal/text"
)

// The suite is tried on a network as small as can be: one list of notes behind HTTP.

func TestTheSuiteAcceptsAnHonestDriverOverHTTP(t *testing.T) {
	networktest.Run(t, driver{}, newServer)
}

type note struct {
	N                     int
	Key, Text, To, Author string
	At                    time.Time
	Ours, Gone            bool
}

type server struct {
	*httptest.Server
	mu       sync.Mutex
	notes    []note
	revoked  bool
	throttle time.Duration
}

func newServer(t testing.TB) networktest.Fake {
	s := &server{}
	s.Server = httptest.NewServer(s)
	t.Cleanup(s.Close)
	return s
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.throttle > 0:
		w.Header().Set("Retry-After", strconv.Itoa(int(s.throttle.Seconds())))
		w.WriteHeader(429)
		return
	case s.revoked || r.Header.Get("Authorization") != "Bearer s3cret-token":
		w.WriteHeader(401)
		return
	}
	var out any = map[string]string{"id": "me"}
	switch r.URL.Path {
	case "/notes":
		after, _ := strconv.Atoi(r.URL.Query().Get("after"))
		page := []note{}
		for _, n := range s.notes[min(after, len(s.notes)):] {
			if page = append(page, n); len(page) == 20 {
				break
			}
		}
		out = page
	case "/post":
		var n note
		if json.NewDecoder(r.Body).Decode(&n) != nil {
			w.WriteHeader(422)
			return
		}
		n.N, n.Ours = len(s.notes)+1, true
		s.notes = append(s.notes, n)
	case "/find":
		found := []note{}
		for _, n := range s.notes {
			if n.Ours && n.Key == r.URL.Query().Get("key") {
				found = append(found, n)
			}
		}
		out = found
	case "/delete":
		for i := range s.notes {
			s.notes[i].Gone = s.notes[i].Gone || s.notes[i].Key == r.URL.Query().Get("key")
		}
	}
	json.NewEncoder(w).Encode(out)
}

func (s *server) Account() (string, network.Credential) {
	return s.URL, network.NewCredential(map[string]string{"token": "s3cret-token"})
}
func (s *server) Wire() network.Wire      { return network.Wire{HTTP: s.Client()} }
func (s *server) Someone() network.Author { return network.Author{ID: "maude", Handle: "@maude"} }
func (s *server) Say(x networktest.Said) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x.At.IsZero() {
		x.At = time.Now()
	}
	s.notes = append(s.notes, note{N: len(s.notes) + 1, Key: fmt.Sprintf("n%d", len(s.notes)), Text: x.Text, To: string(x.Answers), Author: string(x.From.ID), At: x.At})
	return nil
}
func (s *server) Accepted() (out []networktest.Accepted) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.notes {
		if n.Ours {
			out = append(out, networktest.Accepted{Key: n.Key, Text: n.Text, Answers: network.RemoteID(n.To), Gone: n.Gone})
		}
	}
	return out
}
func (s *server) Revoke(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = on
}
func (s *server) Throttle(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.throttle = d
}

type driver struct{}

func (driver) Kind() network.Kind { return "notes" }
func (driver) Open(endpoint string, cred network.Credential, w network.Wire) (network.Client, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" || cred.Field("token") == "" {
		return nil, fault.New(fault.Invalid, "notes.Open", "")
	}
	return &client{base: endpoint, token: cred.Field, http: w.HTTP}, nil
}

type client struct {
	base  string
	token func(string) string
	http  *http.Client
}

func (c *client) ask(ctx context.Context, path string, body, out any) error {
	var buf bytes.Buffer
	method := http.MethodGet
	if body != nil {
		method = http.MethodPost
		json.NewEncoder(&buf).Encode(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, &buf)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "notes", "")
	}
	req.Header.Set("Authorization", "Bearer "+c.token("token"))
	lost := fault.Unavailable
	if body != nil {
		lost = fault.Ambiguous
	}
	if ctx.Err() != nil {
		lost = fault.Unavailable
	}
	resp, err := c.http.Do(req)
	if err != nil {
		if strings.Contains(err.Error(), "refused") {
			lost = fault.Unavailable
		}
		return fault.Wrap(err, lost, "notes", "")
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case 401:
		return fault.New(fault.Unauthenticated, "notes", "")
	case 429:
		s, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
		return &fault.Error{Code: fault.RateLimited, RetryAfter: time.Duration(s) * time.Second}
	case 200:
	default:
		return fault.Wrap(errors.New(resp.Status), lost, "notes", "")
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, network.MaxBody))
	if err == nil {
		err = json.Unmarshal(b, out)
	}
	return fault.Wrap(err, lost, "notes", "")
}

func (c *client) Profile(ctx context.Context) (network.Profile, error) {
	var out map[string]string
	if err := c.ask(ctx, "/me", nil, &out); err != nil {
		return network.Profile{}, err
	}
	return network.Profile{ID: network.RemoteID(out["id"]), Handle: "@me"}, nil
}

func (c *client) Fetch(ctx context.Context, cur network.Cursor) (network.Page, error) {
	var notes []note
	if err := c.ask(ctx, "/notes?after="+string(cur), nil, &notes); err != nil {
		return network.Page{}, err
	}
	p := network.Page{Next: cur, More: len(notes) == 20}
	for _, n := range notes {
		p.Next = network.Cursor(strconv.Itoa(n.N))
		if n.Ours {
			continue
		}
		thread := n.Key
		if n.To != "" {
			thread, _, _ = strings.Cut(n.To, "/") // the key of an answer begins with its thread
		}
		p.Messages = append(p.Messages, network.Message{ID: network.RemoteID(n.Key), Thread: network.RemoteID(thread), ReplyTo: network.RemoteID(n.To), Author: network.Author{ID: network.RemoteID(n.Author)}, Text: text.Plain(n.Text), SentAt: n.At})
	}
	return p, nil
}

func (c *client) Limits() network.Limits { return network.Limits{} }

func (c *client) Publish(ctx context.Context, d network.Draft) (network.Receipt, error) {
	n := note{Key: d.Key, Text: d.Text}
	id := d.Key
	if d.ReplyTo != nil {
		n.To, id = string(d.ReplyTo.ID), string(d.ReplyTo.Thread)+"/"+d.Key
	}
	if err := d.Leaving(ctx); err != nil {
		return network.Receipt{}, err
	}
	var out any
	return network.Receipt{ID: network.RemoteID(id)}, c.ask(ctx, "/post", n, &out)
}

func (c *client) Find(ctx context.Context, d network.Draft) (network.Receipt, error) {
	var out []note
	if err := c.ask(ctx, "/find?key="+url.QueryEscape(d.Key), nil, &out); err != nil {
		return network.Receipt{}, err
	}
	if len(out) == 0 {
		return network.Receipt{}, fault.New(fault.NotFound, "notes", "")
	}
	return network.Receipt{ID: network.RemoteID(d.Key)}, nil
}

func (c *client) Delete(ctx context.Context, id network.RemoteID) error {
	var out any
	return c.ask(ctx, "/delete?key="+url.QueryEscape(string(id)), nil, &out)
}
