// Package webtest serves the pages of a house on a real database and asks for them as browsers do, through
// every check at the door. It is for tests of package web.
package webtest

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/door"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/jobs"
	"comptoir/internal/live"
	"comptoir/internal/media"
	"comptoir/internal/network"
	"comptoir/internal/network/house"
	"comptoir/internal/place"
	"comptoir/internal/web"
)

// Password is that of the owner.
const Password = "quatre chaises autour du poêle"

// House is an installation that answers on loopback. It trusts X-Forwarded-* from there, so that a test can
// come from elsewhere.
type House struct {
	DB    *db.DB
	Keys  place.Keys
	Web   *web.Server
	Guard *door.Guard
	Table *door.Table
	URL   string
	Place place.Place  // « Le Zinc », in French, Montréal; zero for Empty
	Owner place.Member // marco@lezinc.example; zero for Empty

	t testing.TB
}

// New returns a house with one place and its owner. Each change is made before the routes are registered.
func New(t testing.TB, change ...func(*web.Server)) *House {
	t.Helper()
	h := Empty(t, change...)
	var err error
	h.Place, h.Owner, err = place.SetUp(t.Context(), h.DB, place.First{
		Place: place.New{Name: "Le Zinc", Language: "fr", TimeZone: "America/Montreal"},
		Owner: place.NewMember{Name: "Marc-Antoine", Email: "marco@lezinc.example", Password: Password},
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// Empty returns a house that nobody has set up.
func Empty(t testing.TB, change ...func(*web.Server)) *House {
	t.Helper()
	h := &House{DB: dbtest.SQLiteWith(t, "jobs", jobs.Migrate), Table: &door.Table{}, t: t}
	log := slog.New(slog.DiscardHandler)
	var err error
	if h.Keys, err = place.LoadKeys(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	hub := live.New(h.DB, log)
	files, err := media.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	counter := &inbox.Inbox{DB: h.DB, Files: files, Log: log, Open: openHouse}
	workers := jobs.NewWorkers()
	jobs.Work(workers, counter.Deliver)
	jobs.Work(workers, counter.Wake)
	jobs.Work(workers, counter.AskNetwork)
	jobs.Work(workers, counter.AskStanding)
	if counter.Queue, err = jobs.New(h.DB, workers, log); err != nil {
		t.Fatal(err)
	}
	h.Web = &web.Server{DB: h.DB, Keys: h.Keys, Hub: hub, Queue: counter.Queue, Floor: floor.New(h.DB, h.Keys), Inbox: counter, Log: log, Version: "test"}
	public := func() *url.URL { return nil }
	h.Guard = &door.Guard{DB: h.DB, Log: log, Fail: h.Web.Fail, Origin: door.Origin{Public: public, Proxies: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}}
	h.Web.Guard = h.Guard
	for _, fn := range change {
		fn(h.Web)
	}
	h.Web.Routes(h.Table)
	h.serve(hub)
	return h
}

// openHouse opens the account of the place's own tables; a test that connects another network says how it is opened.
func openHouse(a place.Account) (network.Client, error) {
	return house.Driver{}.Open(a.Endpoint, network.Credential{}, network.Wire{})
}

func (h *House) serve(hub *live.Hub) {
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); hub.Run(ctx) }()
	s := httptest.NewServer(h.Guard.Handler(h.Table))
	h.URL = s.URL
	h.t.Cleanup(func() {
		stop()
		<-ended
		s.CloseClientConnections()
		s.Close()
	})
}

// Write changes the house's database.
func (h *House) Write(fn func(context.Context, db.Tx) error) {
	h.t.Helper()
	if err := h.DB.Write(h.t.Context(), func(tx db.Tx) error { return fn(h.t.Context(), tx) }); err != nil {
		h.t.Fatal(err)
	}
}

// Add makes a member of the place.
func (h *House) Add(name, email string, role place.Role) place.Member {
	h.t.Helper()
	var m place.Member
	h.Write(func(ctx context.Context, tx db.Tx) (err error) {
		m, err = place.AddMember(ctx, tx, place.System(), h.Place.ID, place.NewMember{Name: name, Email: email}, role)
		return err
	})
	return m
}

// Cookie signs a member in and returns the session cookie's value, for a browser of another kind.
func (h *House) Cookie(m place.Member) string {
	h.t.Helper()
	var value string
	h.Write(func(ctx context.Context, tx db.Tx) (err error) {
		value, err = place.StartSession(ctx, tx, m.ID, "Firefox, Linux")
		return err
	})
	return value
}

// Visitor returns a browser that nobody is signed in to.
func (h *House) Visitor() *Browser {
	jar, err := cookiejar.New(nil)
	if err != nil {
		h.t.Fatal(err)
	}
	return &Browser{h: h, Header: http.Header{"Accept-Language": {"fr-CA"}}, client: &http.Client{
		Jar: jar, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// As returns a browser in which a member is signed in.
func (h *House) As(m place.Member) *Browser {
	h.t.Helper()
	b := h.Visitor()
	b.SignIn(m)
	return b
}

// SignIn signs a member in, in this browser.
func (b *Browser) SignIn(m place.Member) {
	b.h.t.Helper()
	u, err := url.Parse(b.h.URL)
	if err != nil {
		b.h.t.Fatal(err)
	}
	b.client.Jar.SetCookies(u, []*http.Cookie{{Name: "comptoir", Value: b.h.Cookie(m), Path: "/"}})
}

// Browser asks for pages, with cookies and without script. It does not follow redirects by itself.
type Browser struct {
	Header http.Header // sent with each request
	h      *House
	client *http.Client
}

// Get loads a page.
func (b *Browser) Get(path string) *Page { b.h.t.Helper(); return b.do("GET", path, nil) }

// Post sends a form of a page of ours: name, value, name, value.
func (b *Browser) Post(path string, form ...string) *Page {
	b.h.t.Helper()
	values := url.Values{}
	for i := 0; i+1 < len(form); i += 2 {
		values.Add(form[i], form[i+1])
	}
	return b.do("POST", path, values)
}

// Follow loads the page that a redirect names, again and again, up to five times.
func (b *Browser) Follow(p *Page) *Page {
	b.h.t.Helper()
	for range 5 {
		if p.Location() == "" {
			return p
		}
		p = b.Get(p.Location())
	}
	b.h.t.Fatalf("redirects without end, to %s", p.Location())
	return nil
}

func (b *Browser) do(method, path string, form url.Values) *Page {
	b.h.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.h.t.Context(), method, b.h.URL+path, body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for name, values := range b.Header {
		r.Header[name] = values
	}
	resp, err := b.client.Do(r)
	if err != nil {
		b.h.t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		b.h.t.Fatal(err)
	}
	return newPage(b.h.t, method+" "+path, resp, text)
}
