package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

// house is a running installation with two places, asked over HTTP.
type house struct {
	*testing.T
	*app.App
	base  string
	owner place.Actor
	table floor.Table // of the place
	me    caller      // a token of the place with every scope
	other caller      // of another place
	spec  routers.Router
}

// each runs a story on SQLite and on PostgreSQL.
func each(t *testing.T, fn func(h *house)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); fn(open(t, app.Config{})) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); fn(open(t, app.Config{Database: dbtest.PostgresURL(t)})) })
}

func open(t *testing.T, cfg app.Config) *house {
	t.Helper()
	cfg.Data, cfg.Listen = t.TempDir(), "127.0.0.1:0"
	a, err := app.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.Serve(ctx); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(func() { stop(); wg.Wait() })
	h := &house{T: t, App: a, base: "http://" + a.Addr().String()}
	var other place.Place
	h.owner, _ = h.setUp("Le Zinc", "elie@zinc.example")
	_, other = h.setUp("Ailleurs", "jo@ailleurs.example")
	h.write(func(tx db.Tx) error {
		_, err := place.Change(t.Context(), tx, h.owner, h.owner.PlaceID, func(p *place.Place) error { p.Settings.UndoSeconds = 1; return nil })
		if err != nil {
			return err
		}
		tables, err := floor.AddTables(t.Context(), tx, h.owner, h.owner.PlaceID, 1, "")
		h.table = tables[0]
		return err
	})
	h.me, h.other = h.token(h.owner.PlaceID, "Robot de nuit", place.Scopes...), h.token(other.ID, "Voisin", place.Scopes...)
	h.spec = h.document()
	return h
}

func (h *house) setUp(name, email string) (place.Actor, place.Place) {
	h.Helper()
	p, m, err := place.SetUp(h.Context(), h.DB, place.First{
		Place: place.New{Name: name, Language: "fr", TimeZone: "America/Montreal"},
		Owner: place.NewMember{Name: "Élie Roy", Email: email, Password: "un mot de passe assez long"},
	})
	if err != nil {
		h.Fatal(err)
	}
	return m.As(p.ID, place.Owner), p
}

func (h *house) write(fn func(db.Tx) error) {
	h.Helper()
	if err := h.DB.Write(context.Background(), fn); err != nil {
		h.Fatal(err)
	}
}

// document reads the OpenAPI document as a client does, and makes of it what judges every answer.
func (h *house) document() routers.Router {
	h.Helper()
	resp, err := http.Get(h.base + "/api/v1/openapi.json")
	if err != nil {
		h.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		h.Fatalf("the document: %d %v", resp.StatusCode, err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		h.Fatal(err)
	}
	if err := doc.Validate(h.Context()); err != nil {
		h.Fatalf("the document is not OpenAPI 3.1: %v", err)
	}
	r, err := legacy.NewRouter(doc)
	if err != nil {
		h.Fatal(err)
	}
	return r
}

// caller is a program with a token.
type caller struct {
	h       *house
	token   string
	headers http.Header
}

func (h *house) token(placeID, name string, scopes ...place.Scope) caller {
	h.Helper()
	var value string
	h.write(func(tx db.Tx) (err error) {
		_, value, err = place.CreateToken(context.Background(), tx, place.System(), placeID, name, scopes, 0)
		return err
	})
	return caller{h: h, token: value}
}

// with is the same program with one more header.
func (c caller) with(name, value string) caller {
	c.headers = c.headers.Clone()
	if c.headers == nil {
		c.headers = http.Header{}
	}
	c.headers.Set(name, value)
	return c
}

// answer is what a program gets.
type answer struct {
	h      *house
	status int
	header http.Header
	body   []byte
	asked  string
}

func (c caller) get(path string) answer         { return c.ask(http.MethodGet, path, "") }
func (c caller) post(path, body string) answer  { return c.ask(http.MethodPost, path, body) }
func (c caller) patch(path, body string) answer { return c.ask(http.MethodPatch, path, body) }
func (c caller) delete(path string) answer      { return c.ask(http.MethodDelete, path, "") }
func (c caller) ask(method, path, body string) (got answer) {
	return c.send(c.request(method, path, body))
}

func (c caller) request(method, path, body string) *http.Request {
	r, err := http.NewRequest(method, c.h.base+"/api/v1"+path, strings.NewReader(body))
	if err != nil {
		c.h.Fatal(err)
	}
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, values := range c.headers {
		r.Header[name] = values
	}
	if host := r.Header.Get("Host"); host != "" {
		r.Host = host
	}
	return r
}

// unjudged sends a request, for tests that send very many.
func (c caller) unjudged(r *http.Request) answer {
	got := answer{h: c.h, asked: r.Method + " " + r.URL.RequestURI()}
	resp, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		c.h.Error(err)
		return got
	}
	defer resp.Body.Close()
	got.status, got.header = resp.StatusCode, resp.Header
	if got.body, err = io.ReadAll(resp.Body); err != nil {
		c.h.Error(err)
	}
	return got
}

// send sends a request and has its answer judged by the document: its status, headers and body are those that the
// document promises, and the request was one that it describes if it was done.
func (c caller) send(r *http.Request) answer {
	c.h.Helper()
	got := c.unjudged(r)
	described := r.Clone(r.Context())
	described.URL = &url.URL{Path: r.URL.Path, RawQuery: r.URL.RawQuery}
	route, params, err := c.h.spec.FindRoute(described)
	if err != nil {
		return got // not an operation
	}
	if r.GetBody != nil {
		described.Body, _ = r.GetBody()
	}
	in := &openapi3filter.RequestValidationInput{Request: described, PathParams: params, Route: route, Options: &openapi3filter.Options{
		AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true, ExcludeReadOnlyValidations: true,
	}}
	if got.status < 300 {
		if err := openapi3filter.ValidateRequest(c.h.Context(), in); err != nil {
			c.h.Errorf("%s was done, and is not described: %v", got.asked, err)
		}
	}
	out := &openapi3filter.ResponseValidationInput{RequestValidationInput: in, Status: got.status, Header: got.header, Options: in.Options}
	out.SetBodyBytes(got.body)
	if err := openapi3filter.ValidateResponse(c.h.Context(), out); err != nil {
		c.h.Errorf("%s answers %d\n%s\nwhich is not described: %v", got.asked, got.status, got.body, err)
	}
	return got
}

// want fails the test unless the answer has this status.
func (a answer) want(status int) answer {
	a.h.Helper()
	if a.status != status {
		a.h.Fatalf("%s: %d, want %d\n%s", a.asked, a.status, status, a.body)
	}
	return a
}

// as reads a body.
func as[T any](a answer) (v T) {
	a.h.Helper()
	dec := json.NewDecoder(bytes.NewReader(a.body))
	if err := dec.Decode(&v); err != nil {
		a.h.Fatalf("%s: %v in %s", a.asked, err, a.body)
	}
	return v
}

// guest asks for something from the table, as a phone does.
func (h *house) guest(kind floor.Kind, words string) {
	h.Helper()
	p, err := place.Get(h.Context(), h.DB, h.owner.PlaceID)
	if err != nil {
		h.Fatal(err)
	}
	resp, err := http.PostForm(h.base+"/t/"+h.Floor.Code(p, h.table), url.Values{"kind": {string(kind)}, "text": {words}})
	if err != nil {
		h.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		h.Fatalf("the guest's form: %d", resp.StatusCode)
	}
}

// eventually waits for something that the program does by itself.
func (h *house) eventually(what string, ok func() bool) {
	h.Helper()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	h.Fatalf("never: %s", what)
}
