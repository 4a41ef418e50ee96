package outgoing

import (
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"comptoir/internal/fault"
)

// serve starts a server on loopback, to be listed by its address.
func serve(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func serveTLS(t testing.TB, h http.HandlerFunc) (*httptest.Server, *x509.CertPool) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.EnableHTTP2 = true
	s.Config.ErrorLog = quiet
	s.StartTLS()
	t.Cleanup(s.Close)
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s, roots
}

// quiet is for servers whose clients break off on purpose.
var quiet = log.New(io.Discard, "", 0)

var everywhere = []string{"127.0.0.1:*", "[::1]:*"}

func read(t testing.TB, resp *http.Response) (string, error) {
	t.Helper()
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func TestABareRequestFollowsFiveRedirectsAndLeaksNothing(t *testing.T) {
	var hops atomic.Int32
	var leaked atomic.Value
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		for _, h := range []string{"Referer", "Cookie"} {
			if v := r.Header.Get(h); v != "" {
				leaked.Store(h + ": " + v)
			}
		}
		n := hops.Add(1)
		http.SetCookie(w, &http.Cookie{Name: "a", Value: "b"})
		if r.URL.Path == "/forever" || n <= 5 {
			http.Redirect(w, r, r.URL.Path, http.StatusFound)
			return
		}
		io.WriteString(w, "arrived")
	})
	d := open(t, Config{Allow: everywhere})
	resp, err := d.Stranger().Get(s.URL + "/five")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := read(t, resp); text != "arrived" || err != nil {
		t.Errorf("%q %v", text, err)
	}
	hops.Store(0)
	_, err = d.Stranger().Get(s.URL + "/forever")
	wantFault(t, err, fault.Rejected, "outgoing.redirect")
	if n := hops.Load(); n != 6 {
		t.Errorf("%d requests, want 6", n)
	}
	if v := leaked.Load(); v != nil {
		t.Error(v)
	}
}

func TestARequestThatCarriesSomethingIsNeverSentOn(t *testing.T) {
	var reached atomic.Int32
	other := serve(t, func(w http.ResponseWriter, r *http.Request) { reached.Add(1) })
	var status atomic.Int32
	s := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", other.URL+"/elsewhere")
		w.WriteHeader(int(status.Load()))
	})
	d := open(t, Config{Allow: everywhere})
	account, stranger, operator := d.Account("a").HTTP, d.Stranger(), d.Operator().HTTP
	for _, c := range []struct {
		name   string
		client *http.Client
		method string
		query  string
		header string
		body   string
		follow bool
	}{
		{"a stranger's page", stranger, "GET", "", "Accept", "", true},
		{"a stranger's feed", stranger, "GET", "?feed=rss2", "If-None-Match", "", true},
		{"a stranger's head", stranger, "HEAD", "", "", "", true},
		{"a public page of an account", account, "GET", "", "Accept-Language", "", true},
		{"a token", account, "GET", "", "Authorization", "", false},
		{"a key", account, "GET", "", "X-Api-Key", "", false},
		{"a token in the query", account, "GET", "?access_token=x", "", "", false},
		{"a cookie", account, "GET", "", "Cookie", "", false},
		{"a post", account, "POST", "", "", "x", false},
		{"an empty post", account, "POST", "", "", "", false},
		{"a deletion", account, "DELETE", "", "", "", false},
		{"a webhook", stranger, "POST", "", "Webhook-Signature", "{}", false},
		{"a signed get", stranger, "GET", "", "Signature", "", false},
		{"a token to a stranger", stranger, "GET", "", "Authorization", "", false},
		{"an object store", operator, "GET", "", "", "", false},
	} {
		for _, code := range []int32{301, 302, 303, 307, 308} {
			status.Store(code)
			reached.Store(0)
			req, err := http.NewRequest(c.method, s.URL+"/"+c.query, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			if c.body == "" {
				req.Body = nil
			}
			if c.header != "" {
				req.Header.Set(c.header, "x")
			}
			resp, err := c.client.Do(req)
			if err != nil {
				t.Errorf("%s, %d: %v", c.name, code, err)
				continue
			}
			resp.Body.Close()
			if followed := reached.Load() == 1; followed != c.follow || !followed && resp.StatusCode != int(code) {
				t.Errorf("%s, %d: answered %d, followed %v", c.name, code, resp.StatusCode, followed)
			}
		}
	}
}

func TestARedirectNeverLeavesTLS(t *testing.T) {
	var reached atomic.Int32
	plain := serve(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	s, roots := serveTLS(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, plain.URL, http.StatusFound) })
	d := open(t, Config{Allow: everywhere, RootCAs: roots})
	_, err := d.Stranger().Get(s.URL)
	wantFault(t, err, fault.Rejected, "outgoing.redirect")
	if reached.Load() != 0 {
		t.Error("the plain server was asked")
	}
}

func TestTheInternetDoesNotSendToAListedTarget(t *testing.T) {
	d := open(t, Config{Allow: []string{"10.0.0.5:80", "10.0.0.5:443"}})
	w := d.newWire(Stranger)
	req, err := http.NewRequest("GET", "http://example.org/", nil)
	if err != nil {
		t.Fatal(err)
	}
	v := w.begin(req)
	defer v.end()
	if _, err := v.next(req, req, "http://10.0.0.5/"); err == nil {
		t.Error("a public page sends to a listed target")
	} else {
		wantFault(t, err, fault.Unavailable, "outgoing.refused")
	}
	from := req.Clone(t.Context())
	from.URL = &url.URL{Scheme: "http", Host: "10.0.0.5", Path: "/"}
	if _, err := v.next(req, from, "https://10.0.0.5/"); err != nil {
		t.Errorf("a listed target does not send to itself: %v", err)
	}
	if _, err := v.next(req, from, "http://[::1/"); err == nil {
		t.Error("a malformed Location is followed")
	}
}
