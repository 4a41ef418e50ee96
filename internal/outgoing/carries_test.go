package outgoing

import (
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"comptoir/internal/fault"
)

func TestARequestLeavesWithoutWhatItShouldNotTell(t *testing.T) {
	var got http.Header
	s := serve(t, func(w http.ResponseWriter, r *http.Request) { got = r.Header.Clone() })
	d := open(t, Config{Allow: everywhere, UserAgent: "Comptoir"})
	for kind, client := range map[string]*http.Client{"stranger": d.Stranger(), "account": d.Account("a").HTTP} {
		req, err := http.NewRequest("GET", s.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{"Accept-Encoding": "br, zstd", "Referer": "https://comptoir.example/secret", "Cookie": "a=b"} {
			req.Header.Set(name, value)
		}
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		read(t, resp)
		wantCookie := map[string]string{"stranger": "", "account": "a=b"}[kind]
		for name, want := range map[string]string{"Accept-Encoding": "gzip", "Referer": "", "Cookie": wantCookie, "User-Agent": "Comptoir"} {
			if v := got.Get(name); v != want {
				t.Errorf("%s: %s is %q, want %q", kind, name, v, want)
			}
		}
		if req.Header.Get("Referer") == "" {
			t.Errorf("%s: the caller's request was changed", kind)
		}
	}
}

func TestAnOpaqueURLIsRefused(t *testing.T) {
	d := open(t, Config{})
	u := &url.URL{Scheme: "http", Host: "example.org", Opaque: "//127.0.0.1/"}
	wantFault(t, d.CheckURL(u, Stranger), fault.Invalid, "outgoing.refused")
}

func TestALongUploadOfAnAccountIsGivenTime(t *testing.T) {
	d := open(t, Config{})
	for _, c := range []struct {
		kind Kind
		body io.Reader
		want time.Duration
	}{
		{Account, nil, 30 * time.Second},
		{Account, strings.NewReader(strings.Repeat("a", 10<<16)), 40 * time.Second},
		{Account, io.MultiReader(strings.NewReader("of unknown size")), 30*time.Second + 5*time.Minute},
		{Stranger, strings.NewReader(strings.Repeat("a", 10<<16)), 30 * time.Second},
	} {
		req, err := http.NewRequest("POST", "https://example.org/", c.body)
		if err != nil {
			t.Fatal(err)
		}
		if c.body != nil && req.ContentLength == 0 {
			req.ContentLength = -1
		}
		if got := d.newWire(c.kind).whole(req); got != c.want {
			t.Errorf("%s, %d bytes: %v, want %v", c.kind, req.ContentLength, got, c.want)
		}
	}
}

func TestTheHostOfACertificateIsCleanedLikeAnyHost(t *testing.T) {
	server, cfg := certified(t)
	d := open(t, cfg)
	dial := func() net.Conn {
		c, err := d.Account("a").Dial(t.Context(), "tcp", mailServer(t, server, true))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c, err := d.Account("a").StartTLS(t.Context(), dial(), "Ｅxample.COM.")
	greeting(t, c, err)
	_, err = d.Account("a").StartTLS(t.Context(), dial(), "fe80::1%eth0")
	wantFault(t, err, fault.Invalid, "outgoing.refused")
}
