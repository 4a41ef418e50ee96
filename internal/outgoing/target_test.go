package outgoing

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"comptoir/internal/fault"
)

func TestAURLIsCheckedBeforeAnythingIsAsked(t *testing.T) {
	d := open(t, Config{Allow: []string{"wp.maison.local:8000", "10.0.0.5:6600"}})
	long := strings.Repeat("a23456789.", 26) + "example" // 267 characters
	for _, c := range []struct {
		url  string
		want string // the URL that goes to the wire, "" = refused
	}{
		{"https://exemple.quebec/fil?x=1#frag", "https://exemple.quebec/fil?x=1"},
		{"HTTP://Exemple.Quebec./", "http://exemple.quebec/"},
		{"https://café.example/", "https://xn--caf-dma.example/"},
		{"https://ｅｘａｍｐｌｅ。org/", "https://example.org/"},
		{"http://8.8.8.8:8080/", "http://8.8.8.8:8080/"},
		{"http://⑧.⑧.⑧.⑧/", "http://8.8.8.8/"},
		{"http://[2606:4700::1111]/", "http://[2606:4700::1111]/"},
		{"http://[::ffff:8.8.8.8]:8443/", "http://8.8.8.8:8443/"},
		{"http://example.org:0080/", "http://example.org:80/"},
		{"https://ma_boutique.example/", "https://ma_boutique.example/"},
		{"http://wp.maison.local:8000/feed", "http://wp.maison.local:8000/feed"},
		{"http://10.0.0.5:6600/", "http://10.0.0.5:6600/"},

		{"ftp://example.org/", ""}, {"file:///etc/passwd", ""}, {"gopher://example.org/", ""}, {"http:example.org", ""},
		{"//example.org/", ""}, {"http://", ""}, {"http:///x", ""}, {"", ""},
		{"http://moi@example.org/", ""}, {"http://moi:secret@example.org/", ""}, {"http://@example.org/", ""},
		{"http://example.org:22/", ""}, {"http://example.org:25/", ""}, {"http://example.org:65616/", ""}, {"http://example.org:0/", ""}, {"http://example.org:/", ""},
		{"http://" + long + "/", ""}, {"http://" + strings.Repeat("é", 2000) + "/", ""},
		{"http://imprimante.local/", ""}, {"http://IMPRIMANTE.LOCAL./", ""}, {"http://local/", ""}, {"http://x.internal/", ""},
		{"http://localhost/", ""}, {"http://a.localhost/", ""}, {"http://nas.home.arpa/", ""}, {"http://x.onion/", ""},
		{"http://ｌｏｃａｌｈｏｓｔ/", ""}, {"http://loc\u00adalhost/", ""},
		{"http://127.0.0.1/", ""}, {"http://127.0.0.1./", ""}, {"http://①②⑦.⓪.⓪.①/", ""}, {"http://127。0。0。1/", ""},
		{"http://127.1/", ""}, {"http://0x7f.1/", ""}, {"http://2130706433/", ""}, {"http://0x7f000001/", ""}, {"http://0177.0.0.1/", ""}, {"http://0/", ""},
		{"http://[::1]/", ""}, {"http://[::]/", ""}, {"http://[fe80::1%25eth0]/", ""}, {"http://[2606:4700::1%25eth0]/", ""}, {"http://[64:ff9b::808:808]/", ""},
		{"http://wp.maison.local/", ""}, {"http://wp.maison.local:8001/", ""}, {"http://10.0.0.6:6600/", ""},
		{"http://exa mple.org/", ""}, {"http://a..b/", ""}, {"http://" + strings.Repeat("a", 64) + ".org/", ""}, {"http://*.org/", ""}, {"http://a%2fb.org/", ""},
	} {
		u, err := url.Parse(c.url)
		if err != nil {
			if c.want != "" {
				t.Errorf("%s: %v", c.url, err)
			}
			continue
		}
		got, err := (&wire{door: d, kind: Stranger}).clean(u)
		switch {
		case c.want == "" && err == nil:
			t.Errorf("%s passes as %s", c.url, got)
		case c.want != "" && err != nil:
			t.Errorf("%s: %v", c.url, err)
		case c.want != "" && got.String() != c.want:
			t.Errorf("%s goes out as %s, want %s", c.url, got, c.want)
		case c.want == "":
			wantFault(t, d.CheckURL(u, Stranger), fault.Invalid, "outgoing.refused")
		}
	}
}

func TestAMailServerIsCheckedByItsPort(t *testing.T) {
	d := open(t, Config{Allow: []string{"127.0.0.1:2143"}})
	for _, c := range []struct {
		host string
		port uint16
		want bool
	}{
		{"imap.exemple.quebec", 993, true}, {"imap.exemple.quebec", 143, true}, {"smtp.exemple.quebec", 587, true},
		{"smtp.exemple.quebec", 465, true}, {"smtp.exemple.quebec", 25, true}, {"127.0.0.1", 2143, true},
		{"imap.exemple.quebec", 80, false}, {"imap.exemple.quebec", 6379, false}, {"imap.exemple.quebec", 0, false},
		{"127.0.0.1", 993, false}, {"127.0.0.1", 2144, false}, {"mail.local", 993, false}, {"a/b", 993, false}, {"", 993, false},
	} {
		if err := d.CheckHost(c.host, c.port); (err == nil) != c.want {
			t.Errorf("%s:%d: %v", c.host, c.port, err)
		}
	}
}

func TestTheOperatorsListIsRefusedWhenItWouldOpenTooMuch(t *testing.T) {
	for _, entry := range []string{
		"169.254.169.254:80", "169.254.170.2:80", "[::ffff:169.254.169.254]:80", "[fd00:ec2::254]:80", "[fe80::1]:80", "[fe80::1%eth0]:80",
		"100.100.100.200:80", "168.63.129.16:80", "[64:ff9b::a9fe:a9fe]:80", "[2002:a9fe:a9fe::]:80", "[::a9fe:a9fe]:80",
		"metadata.google.internal:80", "METADATA.google.internal.:80", "①⑥⑨.254.169.254:80", "2852039166:80",
		"10.0.0.1:*", "nas.local:*", "0.0.0.0:80", "[::]:80", "224.0.0.1:80",
		"10.0.0.1", "10.0.0.1:0", "10.0.0.1:65536", "10.0.0.1:http", ":80", "*:80", "10.0.0.0/8:80", "http://10.0.0.1:80",
	} {
		_, err := New(Config{Allow: []string{entry}})
		wantFault(t, err, fault.Invalid, "outgoing.allow")
	}
	for _, entry := range []string{"10.0.0.1:80", "nas.local:8080", "127.0.0.1:*", "[::1]:*", "localhost:2143", "[fd12::1]:80"} {
		if _, err := New(Config{Allow: []string{entry}}); err != nil {
			t.Error(err)
		}
	}
}

func TestAListedTargetIsReachedOnlyByItsListedName(t *testing.T) {
	tr := listen(t)
	resolver, _ := resolve(t, map[string][][]string{"wp.maison.example": {{"127.0.0.1"}}, "autre.example": {{"127.0.0.1"}}})
	l := quick()
	l.web = append(l.web[:len(l.web):len(l.web)], port(t, tr.port))
	d := openWith(t, Config{Resolver: resolver, Allow: []string{"wp.maison.example:" + tr.port}}, l)
	get := func(host string) error {
		_, err := d.Stranger().Get("http://" + host + ":" + tr.port + "/")
		return err
	}
	wantFault(t, get("autre.example"), fault.Unavailable, "outgoing.refused")
	wantFault(t, get("127.0.0.1"), fault.Invalid, "outgoing.refused")
	if n := tr.visits(); n != 0 {
		t.Fatalf("%d connections by a name that is not listed", n)
	}
	get("wp.maison.example")
	if tr.visits() == 0 {
		t.Error("the listed target was not reached")
	}
}

func TestAListedNameNeverLeadsToAMetadataService(t *testing.T) {
	resolver, n := resolve(t, map[string][][]string{"nas.example": {{"169.254.169.254"}}})
	d := open(t, Config{Resolver: resolver, Allow: []string{"nas.example:80"}})
	seen := record(d)
	_, err := d.Stranger().Get("http://nas.example/")
	wantFault(t, err, fault.Unavailable, "outgoing.refused")
	_, err = d.Operator().HTTP.Get("http://nas.example/")
	wantFault(t, err, fault.Unavailable, "outgoing.refused")
	_, err = d.Operator().HTTP.Get("http://169.254.169.254/")
	wantFault(t, err, fault.Invalid, "outgoing.refused")
	if len(seen.all()) != 0 || n.lookups("nas.example") == 0 {
		t.Errorf("connected to %v after %d look-ups", seen.all(), n.lookups("nas.example"))
	}
}

func TestOnlyTCPPassesTheLastCheck(t *testing.T) {
	d := open(t, Config{})
	for _, c := range []struct{ network, addr string }{
		{"udp4", "8.8.8.8:80"}, {"unix", "/run/docker.sock"}, {"tcp", "8.8.8.8:80"}, {"tcp4", "127.0.0.1:80"}, {"tcp6", "[fe80::1%eth0]:80"}, {"tcp4", "nonsense"},
	} {
		if d.admit(c.network, c.addr, d.judgeStrange) == nil {
			t.Errorf("%s %s passes", c.network, c.addr)
		}
	}
	if err := d.admit("tcp4", "8.8.8.8:80", d.judgeStrange); err != nil {
		t.Error(err)
	}
	for _, network := range []string{"udp", "unix", "ip", ""} {
		_, err := d.Account("a").Dial(t.Context(), network, "8.8.8.8:993")
		wantFault(t, err, fault.Invalid, "outgoing.refused")
	}
}

// FuzzCheckURL holds the door against what net/netip knows: nothing that is, or carries, an address of a
// private place passes, and what passes is stable and has none of the forbidden parts.
func FuzzCheckURL(f *testing.F) {
	for _, s := range []string{"http://127.0.0.1/", "http://[::ffff:10.0.0.1]:8080/", "https://a.example/#f", "http://①.1.1.1", "http://[64:ff9b::1.2.3.4]", "http://0x7f.1", "http://x.local.", "http://u@h", "http:opaque"} {
		f.Add(s)
	}
	d := open(f, Config{OwnAddresses: func() []netip.Addr { return nil }})
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil {
			return
		}
		clean, err := (&wire{door: d, kind: Stranger}).clean(u)
		if err != nil {
			if _, ok := errors.AsType[refusal](err); !ok {
				t.Fatalf("%q: %v is no refusal", text, err)
			}
			return
		}
		if again, err := (&wire{door: d, kind: Stranger}).clean(clean); err != nil || again.String() != clean.String() {
			t.Fatalf("%q: %s then %v %v", text, clean, again, err)
		}
		if clean.User != nil || clean.Fragment != "" || clean.Opaque != "" || !ascii(clean.Host) || len(clean.Hostname()) > 253 {
			t.Fatalf("%q passes as %s", text, clean)
		}
		if _, err := http.NewRequest("GET", clean.String(), nil); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if a, err := netip.ParseAddr(clean.Hostname()); err == nil {
			checkFacts(t, a)
		} else if net.ParseIP(clean.Hostname()) != nil {
			t.Fatalf("%q: an address for package net only", text)
		}
	})
}

// FuzzJudge compares the tables with the facts of net/netip, for every address.
func FuzzJudge(f *testing.F) {
	for _, s := range []string{"::1", "127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "8.8.8.8", "2606:4700::1"} {
		b := netip.MustParseAddr(s).As16()
		f.Add(b[:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		a, ok := netip.AddrFromSlice(b)
		if !ok {
			return
		}
		if (Judge(a) == nil) != (Judge(a.Unmap()) == nil) {
			t.Fatalf("%s and %s are judged differently", a, a.Unmap())
		}
		if Judge(a.WithZone("eth0")) == nil && a.Is6() {
			t.Fatalf("%s passes with a zone", a)
		}
		if Judge(a) == nil {
			checkFacts(t, a)
		}
	})
}

// checkFacts fails for an address that passed and must not have.
func checkFacts(t *testing.T, a netip.Addr) {
	t.Helper()
	a = a.Unmap()
	if a.IsLoopback() || a.IsPrivate() || a.IsLinkLocalUnicast() || a.IsMulticast() || a.IsUnspecified() || !a.IsGlobalUnicast() {
		t.Fatalf("%s passes", a)
	}
	if forbidden(a) {
		t.Fatalf("%s passes, within a refused range", a)
	}
}

// forbidden says it without the package's tables.
func forbidden(a netip.Addr) bool {
	a = a.Unmap()
	for _, b := range boundaries {
		first, last := netip.MustParseAddr(b.first), netip.MustParseAddr(b.last)
		if first.Is4() == a.Is4() && first.Compare(a) <= 0 && a.Compare(last) <= 0 {
			return true
		}
	}
	return false
}
