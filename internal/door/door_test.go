package door_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// house is a guarded table with one route of each kind.
type house struct {
	t     *testing.T
	db    *db.DB
	guard *door.Guard
	table *door.Table
	h     http.Handler
	zinc  place.Place
	other place.Place

	streams atomic.Int32 // opened
}

func open(t *testing.T, change func(*door.Guard)) *house {
	t.Helper()
	h := &house{t: t, db: dbtest.SQLite(t), table: &door.Table{}}
	h.write(func(tx db.Tx) (err error) {
		if h.zinc, err = place.Create(t.Context(), tx, place.System(), place.New{Name: "Zinc", Language: "fr", TimeZone: "UTC"}); err != nil {
			return err
		}
		h.other, err = place.Create(t.Context(), tx, place.System(), place.New{Name: "Other", Language: "en", TimeZone: "UTC"})
		return err
	})
	say := func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
		if r.Method == http.MethodPost {
			if _, err := io.Copy(io.Discard, r.Body); err != nil {
				return err
			}
		}
		_, err := io.WriteString(w, v.Addr.String()+" "+v.Base()+" "+string(v.Actor.Role)+" "+v.Place.Slug)
		return err
	}
	for _, r := range []door.Route{
		{Method: "GET", Pattern: "/open", Kind: door.Open},
		{Method: "POST", Pattern: "/open", Kind: door.Open, Body: 100},
		{Method: "POST", Pattern: "/form", Kind: door.Open},
		{Method: "POST", Pattern: "/form/long", Kind: door.Open, Fields: 500},
		{Method: "POST", Pattern: "/upload", Kind: door.Open, Body: 32 << 20},
		{Method: "GET", Pattern: "/me", Kind: door.Team},
		{Method: "GET", Pattern: "/p/{place}/floor", Kind: door.Team, Role: place.Floor, Place: true},
		{Method: "GET", Pattern: "/p/{place}/inbox", Kind: door.Team, Role: place.Manager, Place: true},
		{Method: "GET", Pattern: "/api/v1/calls", Kind: door.API, Scope: place.ScopeRead, Place: true},
		{Method: "PATCH", Pattern: "/api/v1/calls", Kind: door.API, Scope: place.ScopeFloor, Place: true},
		{Method: "GET", Pattern: "/metrics", Kind: door.Operator},
		{Method: "GET", Pattern: "/panic", Kind: door.Open},
		{Method: "GET", Pattern: "/stream", Kind: door.Team, Stream: true},
		{Method: "GET", Pattern: "/t/{code}/stream", Kind: door.Guest, Stream: true},
	} {
		fn := say
		if r.Stream {
			fn = func(w http.ResponseWriter, r *http.Request, _ *door.Visit) error {
				h.streams.Add(1)
				<-r.Context().Done()
				return nil
			}
		}
		if r.Pattern == "/panic" {
			fn = func(_ http.ResponseWriter, r *http.Request, _ *door.Visit) error {
				if thrown := r.Header.Get("X-Thrown"); thrown != "" {
					panic(errors.New("cannot read " + thrown))
				}
				return []error{}[len(r.URL.RawQuery)]
			}
		}
		h.table.Add(r, fn)
	}
	fail := func(w http.ResponseWriter, _ *http.Request, _ *door.Visit, err error) {
		w.WriteHeader(map[fault.Code]int{fault.Invalid: 422, fault.Unauthenticated: 401, fault.Forbidden: 403, fault.NotFound: 404, fault.RateLimited: 429, fault.Internal: 500}[fault.CodeOf(err)] + boolInt(fault.Is(err, fault.Rejected))*421)
		io.WriteString(w, fault.As(err).Key)
	}
	h.guard = &door.Guard{DB: h.db, Log: slog.New(slog.DiscardHandler), Fail: fail, FailAPI: fail}
	if change != nil {
		change(h.guard)
	}
	h.h = h.guard.Handler(h.table)
	return h
}

func boolInt(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (h *house) write(fn func(db.Tx) error) {
	h.t.Helper()
	if err := h.db.Write(context.Background(), fn); err != nil {
		h.t.Fatal(err)
	}
}

// signIn makes a member with a role in zinc and returns their cookie's value.
func (h *house) signIn(name string, role place.Role) (value string) {
	h.write(func(tx db.Tx) (err error) {
		id := db.NewID()
		ctx := context.Background()
		if _, err = tx.Exec(ctx, "INSERT INTO member (id, email, name, password, settings, created_at) VALUES ($1, $2, $2, '', '{}', 0)", id, name); err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, "INSERT INTO membership (place_id, member_id, role, created_at) VALUES ($1, $2, $3, 0)", h.zinc.ID, id, string(role)); err != nil {
			return err
		}
		value, err = place.StartSession(ctx, tx, id, "test")
		return err
	})
	return value
}

// ask sends a request, changed by with, and returns status and body.
func (h *house) ask(method, path string, with func(*http.Request)) (int, string) {
	r := httptest.NewRequest(method, "http://localhost"+path, nil)
	r.RemoteAddr = "127.0.0.1:5000"
	if with != nil {
		with(r)
	}
	w := httptest.NewRecorder()
	h.h.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func cookie(value string) func(*http.Request) {
	return func(r *http.Request) { r.AddCookie(&http.Cookie{Name: "comptoir", Value: value}) }
}

func TestEveryRoleOpensItsOwnDoorsAndNoOther(t *testing.T) {
	h := open(t, nil)
	floor, manager := h.signIn("floor", place.Floor), h.signIn("manager", place.Manager)
	for _, c := range []struct {
		path, cookie string
		want         int
	}{
		{"/open", "", 200}, {"/me", "", 401}, {"/me", "x", 401}, {"/me", floor, 200},
		{"/p/zinc/floor", floor, 200}, {"/p/zinc/inbox", floor, 403}, {"/p/zinc/inbox", manager, 200},
		{"/p/other/floor", manager, 404}, {"/p/unknown/floor", manager, 404}, {"/p/zinc/floor", "", 401},
		{"/api/v1/calls", manager, 401}, // a cookie is nothing there
		{"/nowhere", "", 404},
	} {
		if got, body := h.ask("GET", c.path, cookie(c.cookie)); got != c.want {
			t.Errorf("%s: %d %s, want %d", c.path, got, body, c.want)
		}
	}
}

func TestATokenOpensOnlyWhatItsScopesSay(t *testing.T) {
	h := open(t, nil)
	var value string
	h.write(func(tx db.Tx) (err error) {
		_, value, err = place.CreateToken(context.Background(), tx, place.System(), h.zinc.ID, "test", []place.Scope{place.ScopeRead}, 0)
		return err
	})
	bearer := func(v string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+v) }
	}
	got, body := h.ask("GET", "/api/v1/calls", bearer(value))
	if got != 200 || !strings.HasSuffix(body, " zinc") {
		t.Errorf("%d %s", got, body)
	}
	if got, _ := h.ask("PATCH", "/api/v1/calls", bearer(value)); got != 403 {
		t.Errorf("without its scope: %d", got)
	}
	if got, _ := h.ask("GET", "/p/zinc/floor", bearer(value)); got != 401 {
		t.Errorf("a token opened a page: %d", got)
	}
	for _, bad := range []string{"", "cpt_", value[:len(value)-1] + "A", strings.ToUpper(value)} {
		if got, _ := h.ask("GET", "/api/v1/calls", bearer(bad)); got != 401 {
			t.Errorf("token %q: %d", bad, got)
		}
	}
	if got, _ := h.ask("GET", "/api/v1/calls?token="+value, nil); got != 401 {
		t.Errorf("a token in the query: %d", got)
	}
}

func TestAPlaceThatAsksForASecondFactorKeepsItsOwnersOutWithoutOne(t *testing.T) {
	h := open(t, nil)
	owner, manager := h.signIn("owner", place.Owner), h.signIn("manager", place.Manager)
	h.write(func(tx db.Tx) error {
		_, err := place.Change(context.Background(), tx, place.System(), h.zinc.ID, func(p *place.Place) error {
			p.Settings.OwnersSecondFactor = true
			return nil
		})
		return err
	})
	if got, body := h.ask("GET", "/p/zinc/inbox", cookie(owner)); got != 403 || body != "door.second_factor" {
		t.Errorf("an owner without one: %d %s", got, body)
	}
	if got, body := h.ask("GET", "/p/zinc/inbox", cookie(manager)); got != 200 {
		t.Errorf("a manager: %d %s", got, body)
	}
	if got, body := h.ask("GET", "/me", cookie(owner)); got != 200 {
		t.Errorf("their own pages, where one is made: %d %s", got, body)
	}
	h.write(func(tx db.Tx) error {
		_, err := tx.Exec(context.Background(), "INSERT INTO authenticator (member_id, secret, step, created_at) SELECT id, id, 0, 1 FROM member WHERE name = 'owner'")
		return err
	})
	if got, body := h.ask("GET", "/p/zinc/inbox", cookie(owner)); got != 200 {
		t.Errorf("an owner with one: %d %s", got, body)
	}
}

func TestForwardedHeadersCountOnlyFromTrustedProxies(t *testing.T) {
	h := open(t, func(g *door.Guard) {
		g.Origin.Proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}
		g.Origin.Public = func() *url.URL { return &url.URL{Scheme: "https", Host: "zinc.example"} }
	})
	from := func(addr, xff string) func(*http.Request) {
		return func(r *http.Request) {
			r.RemoteAddr = addr
			r.Header.Set("X-Forwarded-For", xff)
			r.Header.Set("X-Forwarded-Proto", "https")
			r.Header.Set("X-Forwarded-Host", "zinc.example")
		}
	}
	for _, c := range []struct{ addr, xff, want string }{
		{"192.0.2.1:1", "203.0.113.9", "192.0.2.1 http://localhost  "},
		{"10.0.0.1:1", "203.0.113.9", "203.0.113.9 https://zinc.example  "},
		{"10.0.0.1:1", "1.1.1.1, 203.0.113.9, 10.0.0.2", "203.0.113.9 https://zinc.example  "},
		{"10.0.0.1:1", "nonsense", "10.0.0.1 https://zinc.example  "},
	} {
		if _, got := h.ask("GET", "/open", from(c.addr, c.xff)); got != c.want {
			t.Errorf("%s via %s: %q, want %q", c.xff, c.addr, got, c.want)
		}
	}
}

func TestANameThatIsNotOursIsRefused(t *testing.T) {
	h := open(t, func(g *door.Guard) {
		g.Origin.Public = func() *url.URL { return &url.URL{Scheme: "https", Host: "zinc.example:8443"} }
	})
	for host, want := range map[string]int{
		"localhost": 200, "localhost:8080": 200, "127.0.0.1:8080": 200, "[::1]:80": 200, "192.168.1.5": 200,
		"zinc.example": 200, "ZINC.example.:8443": 200,
		"evil.example": 421, "zinc.example.evil.example": 421, "localhost.evil.example": 421, "": 421,
	} {
		if got, _ := h.ask("GET", "/open", func(r *http.Request) { r.Host = host }); got != want {
			t.Errorf("%q: %d, want %d", host, got, want)
		}
	}
}

func TestAFormFromAnotherSiteChangesNothing(t *testing.T) {
	h := open(t, nil)
	for name, c := range map[string]struct {
		header, value string
		want          int
	}{
		"same origin":  {"Sec-Fetch-Site", "same-origin", 200},
		"cross site":   {"Sec-Fetch-Site", "cross-site", 403},
		"same site":    {"Sec-Fetch-Site", "same-site", 403},
		"null origin":  {"Origin", "null", 403},
		"other origin": {"Origin", "https://evil.example", 403},
		"own origin":   {"Origin", "http://localhost", 200},
		"neither":      {"X-Nothing", "1", 200},
	} {
		if got, body := h.ask("POST", "/open", func(r *http.Request) { r.Header.Set(c.header, c.value) }); got != c.want {
			t.Errorf("%s: %d %s, want %d", name, got, body, c.want)
		}
	}
}

func TestMembersDoNotSignInOverPlainHTTPFromAfar(t *testing.T) {
	h := open(t, nil)
	c := h.signIn("m", place.Owner)
	afar := func(r *http.Request) { cookie(c)(r); r.RemoteAddr = "192.168.1.9:1" }
	if got, body := h.ask("GET", "/me", afar); got != 403 || body != "door.plain_http" {
		t.Errorf("%d %s", got, body)
	}
	h.guard.PlainSignIn = true
	if got, _ := h.ask("GET", "/me", afar); got != 200 {
		t.Errorf("allowed by the operator: %d", got)
	}
}

func TestMetricsAreForThisMachineOrTheOperatorsToken(t *testing.T) {
	h := open(t, func(g *door.Guard) { g.OperatorToken = "let me see" })
	afar := func(token string) func(*http.Request) {
		return func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1"; r.Header.Set("Authorization", "Bearer "+token) }
	}
	near, _ := h.ask("GET", "/metrics", nil)
	with, _ := h.ask("GET", "/metrics", afar("let me see"))
	without, _ := h.ask("GET", "/metrics", afar(""))
	if diff := cmp.Diff([]int{200, 200, 404}, []int{near, with, without}); diff != "" {
		t.Error(diff)
	}
}

func TestAPanicIsAFaultAndABodyHasItsLimit(t *testing.T) {
	h := open(t, nil)
	if got, _ := h.ask("GET", "/panic", nil); got != 500 {
		t.Errorf("panic: %d", got)
	}
	big := func(r *http.Request) { r.Body = io.NopCloser(strings.NewReader(strings.Repeat("x", 101))) }
	if got, body := h.ask("POST", "/open", big); got != 421 || body != "door.too_large" {
		t.Errorf("a large body: %d %s", got, body)
	}
}

func TestAFormHasItsLimit(t *testing.T) {
	h := open(t, nil)
	form := func(n int) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.Body = io.NopCloser(strings.NewReader(strings.Repeat("a&", n)))
		}
	}
	for path, most := range map[string]int{"/form": 200, "/form/long": 500} {
		if got, body := h.ask("POST", path, form(most)); got != 200 {
			t.Errorf("%d values at %s: %d %s", most, path, got, body)
		}
		if got, body := h.ask("POST", path, form(most+1)); got != 421 || body != "door.too_many" {
			t.Errorf("%d values at %s: %d %s", most+1, path, got, body)
		}
	}
	wrong := func(r *http.Request) { form(1)(r); r.Body = io.NopCloser(strings.NewReader("a=%zz")) }
	if got, _ := h.ask("POST", "/form", wrong); got != 422 {
		t.Errorf("a form that is none: %d", got)
	}
}

// A phone at the end of the garden uploads a picture slowly, and that is fine; a connection that is kept open for its
// own sake is cut.
func TestALargeBodyIsGivenTimeAsLongAsItComes(t *testing.T) {
	defer door.SetPatience(300 * time.Millisecond)()
	h := open(t, nil)
	s := httptest.NewServer(h.h)
	defer s.Close()
	send := func(piece int, every time.Duration, pieces int) (int, string) {
		r, w := io.Pipe()
		go func() {
			for range pieces {
				if _, err := w.Write(bytes.Repeat([]byte("x"), piece)); err != nil {
					return
				}
				time.Sleep(every)
			}
			w.Close()
		}()
		resp, err := http.Post(s.URL+"/upload", "application/octet-stream", r)
		if err != nil {
			return 0, err.Error()
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	if got, body := send(4096, 100*time.Millisecond, 10); got != 200 {
		t.Errorf("40 KiB in a second: %d %s", got, body)
	}
	if got, body := send(10, 100*time.Millisecond, 50); got != 421 || body != "door.too_slow" {
		t.Errorf("100 bytes a second: %d %s", got, body)
	}
	if got, body := send(1<<20, time.Minute, 2); got != 421 || body != "door.too_slow" {
		t.Errorf("silence in the middle: %d %s", got, body)
	}
}

// A handler that panics while it holds secrets: the operator reads where, and nothing of what was sent.
func TestAPanicTellsWhereAndNothingOfTheRequest(t *testing.T) {
	var log bytes.Buffer
	h := open(t, func(g *door.Guard) { g.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	got, _ := h.ask("GET", "/panic?q=canary-query", func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer canary-token")
		r.Header.Set("X-Thrown", "canary-thrown")
		cookie("canary-cookie")(r)
	})
	if text := log.String(); got != 500 || strings.Contains(text, "canary") || !strings.Contains(text, "request.failed") || !strings.Contains(text, "door_test.go") {
		t.Errorf("%d %s", got, text)
	}
	h.ask("GET", "/panic", nil)
	if text := log.String(); !strings.Contains(text, "index out of range") {
		t.Errorf("the runtime's own words are left out: %s", text)
	}
}

func TestTooMuchIsRefusedForThatVisitorAlone(t *testing.T) {
	h := open(t, nil)
	codes := map[int]int{}
	for range 400 {
		got, _ := h.ask("GET", "/open", nil)
		codes[got]++
	}
	if diff := cmp.Diff(map[int]int{200: 300, 429: 100}, codes); diff != "" {
		t.Error(diff)
	}
	if got, _ := h.ask("GET", "/open", func(r *http.Request) { r.RemoteAddr = "192.0.2.77:1" }); got != 200 {
		t.Errorf("a neighbour: %d", got)
	}
}

func TestHeadersAreTheExactOnes(t *testing.T) {
	h := open(t, func(g *door.Guard) {
		g.Origin.Public = func() *url.URL { return &url.URL{Scheme: "https", Host: "zinc.example"} }
		g.Origin.Proxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	})
	want := map[string]string{
		"Content-Security-Policy":      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types comptoir",
		"X-Content-Type-Options":       "nosniff",
		"Referrer-Policy":              "same-origin",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Permissions-Policy":           "camera=(), microphone=(), geolocation=(), payment=(), usb=(), interest-cohort=()",
		"Strict-Transport-Security":    "max-age=31536000",
		"Cache-Control":                "no-store",
	}
	for _, path := range []string{"/open", "/nowhere", "/me"} {
		r := httptest.NewRequest("GET", "http://zinc.example"+path, nil)
		r.RemoteAddr = "127.0.0.1:1"
		r.Header.Set("X-Forwarded-Proto", "https")
		w := httptest.NewRecorder()
		h.h.ServeHTTP(w, r)
		for name, value := range want {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s %s: %q", path, name, got)
			}
		}
	}
}

func TestARowThatForgetsWhoMayComeInDoesNotStart(t *testing.T) {
	for name, r := range map[string]door.Route{
		"no kind":                 {Method: "GET", Pattern: "/x"},
		"no role":                 {Method: "GET", Pattern: "/p/{place}/x", Kind: door.Team, Place: true},
		"role without place":      {Method: "GET", Pattern: "/x", Kind: door.Team, Role: place.Floor},
		"place but not in path":   {Method: "GET", Pattern: "/x", Kind: door.Team, Role: place.Floor, Place: true},
		"api without scope":       {Method: "GET", Pattern: "/api/v1/x", Kind: door.API},
		"scope without a token":   {Method: "GET", Pattern: "/x", Kind: door.Open, Scope: place.ScopeRead},
		"no method":               {Pattern: "/x", Kind: door.Open},
		"path that is not a path": {Method: "GET", Pattern: "x", Kind: door.Open},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: accepted", name)
				}
			}()
			(&door.Table{}).Add(r, nil)
		}()
	}
}

// A guest has four open pages, an address two hundred: a whole bar shares one.
func TestAGuestAndAnAddressHaveTheirShareOfStreams(t *testing.T) {
	h := open(t, nil)
	ctx, closeAll := context.WithCancel(t.Context())
	defer closeAll()
	var wg sync.WaitGroup
	ask := func(guest string) func(*http.Request) {
		return func(r *http.Request) {
			r.AddCookie(&http.Cookie{Name: "guest", Value: guest})
			*r = *r.WithContext(ctx)
		}
	}
	opened := func(n int32) {
		t.Helper()
		for end := time.Now().Add(5 * time.Second); h.streams.Load() < n; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatalf("%d of %d streams are open", h.streams.Load(), n)
			}
		}
	}
	for i := range 200 {
		wg.Go(func() { h.ask("GET", "/t/x/stream", ask(fmt.Sprint("guest ", i/4))) })
		if i == 3 {
			opened(4)
			if got, _ := h.ask("GET", "/t/x/stream", ask("guest 0")); got != 429 {
				t.Errorf("the fifth of one guest: %d", got)
			}
		}
	}
	opened(200)
	if got, _ := h.ask("GET", "/t/x/stream", ask("somebody new")); got != 429 {
		t.Errorf("the 201st of one address: %d", got)
	}
	if h.guard.Streams() != 200 {
		t.Errorf("%d are counted", h.guard.Streams())
	}
	closeAll()
	wg.Wait()
	if h.guard.Streams() != 0 {
		t.Errorf("%d are left", h.guard.Streams())
	}
}

func TestASessionKeepsEightStreamsOpenAndANinthMustWait(t *testing.T) {
	h := open(t, nil)
	c := h.signIn("m", place.Owner)
	ctx, closeAll := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			h.ask("GET", "/stream", func(r *http.Request) { cookie(c)(r); *r = *r.WithContext(ctx) })
		})
	}
	for h.streams.Load() < 8 {
		time.Sleep(time.Millisecond)
	}
	ninth := func() (got int) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		got, _ = h.ask("GET", "/stream", func(r *http.Request) { cookie(c)(r); *r = *r.WithContext(ctx) })
		return got
	}
	if got := ninth(); got != 429 {
		t.Errorf("the ninth: %d", got)
	}
	closeAll()
	wg.Wait()
	if got := ninth(); got != 200 {
		t.Errorf("after they closed: %d", got)
	}
}
