package wordpress_test

import (
	"net/http"
	"strings"
	"testing"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/wordpress"
	"comptoir/internal/network/wordpress/wordpresstest"
)

// named leads the web's names to a site on loopback, as if it were there.
type named struct {
	f     *fake
	hosts []string // sent on the way to it, for the record
}

func (n *named) RoundTrip(r *http.Request) (*http.Response, error) {
	n.hosts = append(n.hosts, r.URL.Host)
	there := r.Clone(r.Context())
	there.URL.Scheme, there.URL.Host = "http", strings.TrimPrefix(strings.TrimSuffix(n.f.URL(), "/blog"), "http://")
	resp, err := n.f.http.Transport.RoundTrip(there)
	if resp != nil {
		resp.Request = r
	}
	return resp, err
}

func enroll(t testing.TB, w network.Wire, site, name, password string) (string, network.Credential, error) {
	return wordpress.Driver{}.Enroll(t.Context(), network.Claim{Site: site, Name: name, Password: password}, w)
}

func TestASiteIsFoundByWhateverAPersonTypesOfIt(t *testing.T) {
	for _, mood := range []wordpresstest.Mood{wordpresstest.Pretty, wordpresstest.Plain} {
		f := start(t, mood)
		password := f.cred.Field(wordpress.Password)
		grouped := password[:4] + " " + password[4:8] + " " + password[8:]
		for _, typed := range []string{f.URL(), f.URL() + "/", " " + f.URL() + "/wp-admin/profile.php \n", f.URL() + "/wp-login.php?redirect_to=x"} {
			endpoint, cred, err := enroll(t, f.Wire(), typed, " patron ", grouped)
			if err != nil {
				t.Errorf("%s, %q: %v", mood, typed, err)
				continue
			}
			e, err := wordpress.ParseEndpoint(endpoint)
			if want := f.Endpoint("patron"); err != nil || e != want || cred.Field(wordpress.Password) != password {
				t.Errorf("%s, %q: %+v, want %+v", mood, typed, e, want)
			}
			if c := (wordpress.Driver{}).ClaimOf(endpoint); c.Site != f.URL() || c.Name != "patron" || c.Password != "" {
				t.Errorf("connected again as %+v", c)
			}
		}
	}
}

func TestWhatIsWrongWithASiteANameOrAPasswordIsSaid(t *testing.T) {
	f := start(t, wordpresstest.Pretty)
	guest := f.Add("guest", "Guest", false)
	good := f.cred.Field(wordpress.Password)
	for _, c := range []struct{ site, name, password, field, key string }{
		{"", "patron", good, "site", "wordpress.field.site"},
		{"le blog du zinc", "patron", good, "site", "wordpress.field.site"},
		{"ftp://lezinc.test", "patron", good, "site", "wordpress.field.site"},
		{"http://lezinc.test", "patron", good, "site", "wordpress.field.site_plain"},
		{f.URL(), "", good, "name", "wordpress.field.name"},
		{f.URL(), "a:b", good, "name", "wordpress.field.name"},
		{f.URL(), "patron", "mon mot de passe", "password", "wordpress.field.password"},
		{f.URL(), "patron", strings.Repeat("z", 24), "password", "wordpress.field.password_refused"},
		{f.URL() + "/ailleurs", "patron", good, "site", "wordpress.field.site_other"},
	} {
		_, _, err := enroll(t, f.Wire(), c.site, c.name, c.password)
		if e := fault.As(err); e == nil || e.Code != fault.Invalid || len(e.Fields) != 1 || e.Fields[0].Name != c.field || e.Fields[0].Key != c.key {
			t.Errorf("%q, %q: %v, want %s", c.site, c.name, err, c.key)
		}
	}
	if f.Asked("GET users/me") != 1 {
		t.Error("a password that is none was sent somewhere")
	}
	_, _, err := enroll(t, f.Wire(), f.URL(), "guest", guest.Password)
	wantFault(t, err, fault.Forbidden, "wordpress.fault.role")
	hosted := start(t, wordpresstest.Hosted)
	_, _, err = enroll(t, hosted.Wire(), hosted.URL(), "patron", good)
	wantFault(t, err, fault.Rejected, "wordpress.fault.no_passwords")
	stripped := start(t, wordpresstest.Pretty)
	stripped.Set(wordpresstest.Trouble{Stripped: true})
	_, _, err = enroll(t, stripped.Wire(), stripped.URL(), "patron", good)
	if e := fault.As(err); len(e.Fields) != 1 || e.Fields[0].Key != "wordpress.field.password_refused" {
		t.Errorf("a host that keeps the header: %v", err)
	}
}

// What a page says of its API is a stranger's word: a password goes to the host that a person named, and on
// WordPress.com to nobody.
func TestAPasswordGoesWhereAPersonSaidAndNowhereElse(t *testing.T) {
	f := start(t, wordpresstest.Pretty)
	n := &named{f: f}
	w := network.Wire{HTTP: &http.Client{Transport: n}}
	_, _, err := enroll(t, w, "lezinc.wordpress.com", "patron", f.cred.Field(wordpress.Password))
	wantFault(t, err, fault.Rejected, "wordpress.fault.hosted")
	_, _, err = enroll(t, w, "lezinc.test", "patron", f.cred.Field(wordpress.Password)) // whose page names loopback
	if e := fault.As(err); e == nil || len(e.Fields) != 1 || e.Fields[0].Key != "wordpress.field.site_elsewhere" {
		t.Errorf("%v", err)
	}
	if f.Asked("GET users/me") != 0 || len(n.hosts) != 2 {
		t.Errorf("asked %q", n.hosts)
	}
}
