package outgoing

import (
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"sync"
	"testing"

	"comptoir/internal/fault"
)

// A member who tries an address on the screen of cards reaches this installation and the public internet: no
// neighbour in the house, no other port of this machine, and no redirect leads further.
func TestAnAddressOfTheHouseIsTriedAndNoOtherDoorOfIt(t *testing.T) {
	here := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/away" {
			http.Redirect(w, r, "/readyz", http.StatusFound)
		}
	}))
	defer here.Close()
	hereAt, _ := url.Parse(here.URL)
	beside := listen(t)
	resolver, _ := resolve(t, map[string][][]string{
		"zinc.example": {{"8.8.8.8"}}, "nas.local": {{"192.168.1.77"}}, "house.local": {{"127.0.0.1"}}, "both.example": {{"8.8.8.8", "192.168.1.77"}},
	})
	d := open(t, Config{Resolver: resolver, Allow: []string{beside.addr}})
	seen := record(d)
	c := d.Self(port(t, hereAt.Port()))
	for at, want := range map[string]int{here.URL + "/readyz": 200, here.URL + "/away": 302, "http://house.local:" + hereAt.Port() + "/": 200, "http://localhost:" + hereAt.Port() + "/": 200} {
		resp, err := c.Get(at)
		if err != nil || resp.StatusCode != want {
			t.Errorf("%s: %v %v", at, resp, err)
			continue
		}
		resp.Body.Close()
	}
	_, err := c.Get("https://zinc.example/readyz")
	wantFault(t, err, fault.Unavailable, "outgoing.unreached") // by the recorder
	public := seen.all()[len(seen.all())-1]
	if public != netip.MustParseAddrPort("8.8.8.8:443") {
		t.Errorf("the public address was tried at %s", public)
	}
	before := len(seen.all())
	for _, at := range []string{"http://" + beside.addr, "http://127.0.0.1:8080", "http://192.168.1.77:" + hereAt.Port(), "http://nas.local", "http://169.254.169.254", "http://10.0.0.1:8443", "http://8.8.8.8:22", "http://[::1]:22", "http://zinc.example:9200"} {
		_, err := c.Get(at)
		if f := fault.As(err); f.Key != "outgoing.refused" {
			t.Errorf("%s: %v", at, err)
		}
	}
	if n := len(seen.all()); n != before || beside.visits() > 0 {
		t.Errorf("%d connections more, %d to the neighbour: %v", n-before, beside.visits(), seen.all()[before:])
	}
}

// The operator reads what was refused and why; a name that does not exist is no refusal.
func TestTheOperatorIsToldOfWhatWasRefused(t *testing.T) {
	resolver, _ := resolve(t, map[string][][]string{"intranet.example": {{"10.0.0.1"}}})
	var mu sync.Mutex
	var told []string
	d := open(t, Config{Resolver: resolver, Refused: func(k Kind, reason error) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, string(k)+" "+reason.Error())
	}})
	d.Stranger().Get("http://10.0.0.7/")
	d.Stranger().Get("http://absent.example/")
	d.Account("a").Dial(t.Context(), "tcp", "intranet.example:993")
	d.Account("a").HTTP.Get("ftp://example.com/")
	got := strings.Join(told, "\n")
	for _, want := range []string{"stranger refused: 10.0.0.7 is in 10.0.0.0/8", "10.0.0.1 is in 10.0.0.0/8", `scheme "ftp"`} {
		if !strings.Contains(got, want) {
			t.Errorf("nobody was told %q:\n%s", want, got)
		}
	}
	if len(told) != 3 || strings.Contains(got, "absent") {
		t.Errorf("told %d times:\n%s", len(told), got)
	}
}
