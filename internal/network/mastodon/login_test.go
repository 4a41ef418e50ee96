package mastodon_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/mastodon"
	"comptoir/internal/network/mastodon/mastodontest"
)

const back = "https://comptoir.test/p/le-zinc/settings/accounts/back"

// begin meets the server and asks for the page on which somebody says yes.
func (f *fake) begin(t *testing.T) (page *url.URL, pending network.Credential) {
	t.Helper()
	s, err := mastodon.Driver{}.Meet(t.Context(), f.URL(), f.Wire())
	if err != nil {
		t.Fatal(err)
	}
	at, pending, err := mastodon.Driver{}.Authorize(t.Context(), s, network.Return{URL: back, State: "state of a session", Lang: "fr"}, f.Wire())
	if err != nil {
		t.Fatal(err)
	}
	if page, err = url.Parse(at); err != nil {
		t.Fatal(err)
	}
	return page, pending
}

// say is what somebody brings back who said yes as an account, or no ("").
func (f *fake) consent(t *testing.T, page *url.URL, acct string) url.Values {
	t.Helper()
	to, wrong := f.Consent(page.RawQuery, acct)
	if wrong != "" {
		t.Fatal(wrong)
	}
	u, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, back+"?") || u.Query().Get("state") != "state of a session" {
		t.Fatalf("sent back to %s, %v", to, err)
	}
	return u.Query()
}

func TestALoginGivesAnAccountThatWorks(t *testing.T) {
	for _, mood := range moods {
		f := start(t, mood)
		page, pending := f.begin(t)
		endpoint, cred, err := mastodon.Driver{}.Finish(t.Context(), pending, f.consent(t, page, "lezinc"), f.Wire())
		if err != nil {
			t.Fatal(err)
		}
		e, err := mastodon.ParseEndpoint(endpoint)
		if want := f.Endpoint("lezinc"); err != nil || e.Handle != "@lezinc@"+mastodontest.Domain || e.Account != want.Account || e.Text != want.Text || e.Link != want.Link || e.Software != string(mood) {
			t.Errorf("%s: endpoint %+v, %v", mood, e, err)
		}
		c, err := mastodon.Driver{}.Open(endpoint, cred, f.Wire())
		if err != nil {
			t.Fatal(err)
		}
		// Everything that the driver does is within what was asked for.
		f.say(t, mastodontest.Post{Text: "@lezinc bonsoir"})
		client := c.(*mastodon.Client)
		got, _ := all(t, client, "")
		d := draft("Bonsoir")
		d.ReplyTo = &got[0]
		r, err := client.Publish(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		_, found := client.Find(t.Context(), d)
		_, measured := client.Measure(t.Context(), r.ID)
		for what, err := range map[string]error{"find": found, "measure": measured, "like": client.React(t.Context(), got[0].ID, network.Like, true), "boost": client.React(t.Context(), got[0].ID, network.Boost, true), "delete": client.Delete(t.Context(), r.ID)} {
			if err != nil {
				t.Errorf("%s: %v", what, err)
			}
		}
	}
}

func TestALoginAsksForTheLeastWithPKCE(t *testing.T) {
	f := start(t, mastodontest.Mastodon)
	page, _ := f.begin(t)
	q := page.Query()
	if q.Get("code_challenge_method") != "S256" || len(q.Get("code_challenge")) != 43 || q.Get("response_type") != "code" || q.Get("redirect_uri") != back {
		t.Errorf("asked with %v", q)
	}
	for _, scope := range strings.Fields(q.Get("scope")) {
		if scope == "read" || scope == "write" || strings.Contains(scope, "follow") || strings.HasPrefix(scope, "admin") || scope == "write:accounts" {
			t.Errorf("asks for %s", scope)
		}
	}
}

func TestWhatIsBroughtBackIsDistrusted(t *testing.T) {
	f := start(t, mastodontest.Mastodon)
	page, pending := f.begin(t)
	_, other := f.begin(t)
	finish := func(p network.Credential, q url.Values) error {
		_, _, err := mastodon.Driver{}.Finish(t.Context(), p, q, f.Wire())
		return err
	}
	wantFault(t, finish(pending, f.consent(t, page, "")), fault.Forbidden, "mastodon.fault.denied")
	wantFault(t, finish(pending, url.Values{"error": {"server_error"}}), fault.Rejected, "mastodon.fault.login")
	wantFault(t, finish(pending, url.Values{"code": {"guessed"}}), fault.Rejected, "mastodon.fault.login")
	yes := f.consent(t, page, "lezinc")
	wantFault(t, finish(other, yes), fault.Rejected, "mastodon.fault.login") // of another login: other program, other verifier
	yes = f.consent(t, page, "lezinc")
	yes.Set("iss", "https://evil.test")
	wantFault(t, finish(pending, yes), fault.Rejected, "mastodon.fault.issuer")
	yes.Set("iss", f.URL())
	if err := finish(pending, yes); err != nil {
		t.Error(err)
	}
	wantFault(t, finish(pending, yes), fault.Rejected, "mastodon.fault.login") // a code serves once
}

func TestAnAddressIsReadHoweverItIsTyped(t *testing.T) {
	f := start(t, mastodontest.Mastodon)
	for _, typed := range []string{f.URL(), f.URL() + "/", " " + f.URL() + "/@lezinc ", f.URL() + "/web/home?x=1"} {
		if s, err := (mastodon.Driver{}).Meet(t.Context(), typed, f.Wire()); err != nil || s.Host != f.Host() || s.Software != "mastodon" || s.Limits.Text != 500 || !s.Polls {
			t.Errorf("Meet(%q) = %+v, %v", typed, s, err)
		}
	}
	seen := ""
	w := network.Wire{HTTP: &http.Client{Transport: trip(func(r *http.Request) (*http.Response, error) {
		seen = r.URL.Scheme + "://" + r.URL.Host
		return nil, fault.New(fault.Unavailable, "test", "outgoing.refused")
	})}}
	for typed, want := range map[string]string{
		"jasette.quebec": "https://jasette.quebec", "@lezinc@jasette.quebec": "https://jasette.quebec", "lezinc@jasette.quebec": "https://jasette.quebec",
		"https://jasette.quebec/@lezinc": "https://jasette.quebec", "Jasette.Quebec.": "https://jasette.quebec", "café.test": "https://xn--caf-dma.test", "social.test:8443": "https://social.test:8443",
	} {
		_, err := mastodon.Driver{}.Meet(t.Context(), typed, w)
		if wantFault(t, err, fault.Unavailable, "outgoing.refused"); seen != want {
			t.Errorf("%q asks %s", typed, seen)
		}
	}
	seen = ""
	for _, typed := range []string{"", "lezinc", "http://jasette.quebec", "ftp://jasette.quebec", "a b.test", "https://", "jasette.quebec\r\nHost: x", "https://u:p@jasette.quebec", "x@", "//"} {
		if _, err := (mastodon.Driver{}).Meet(t.Context(), typed, w); !fault.Is(err, fault.Invalid) || seen != "" {
			t.Errorf("Meet(%q) = %v, asked %q", typed, err, seen)
		}
	}
}

type trip func(*http.Request) (*http.Response, error)

func (f trip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestAnotherNetworkIsToldFromASilentServer(t *testing.T) {
	answers := map[string]any{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v, ok := answers[r.URL.Path]; ok {
			json.NewEncoder(w).Encode(v)
			return
		}
		http.NotFound(w, r)
	}))
	defer s.Close()
	meet := func() (network.Server, error) {
		return mastodon.Driver{}.Meet(t.Context(), s.URL, network.Wire{HTTP: s.Client()})
	}
	_, err := meet()
	wantFault(t, err, fault.Rejected, "mastodon.fault.other_network")
	answers["/api/v1/instance"] = map[string]any{"uri": "vieux.test", "max_toot_chars": 1200} // before Mastodon 4, and its relatives
	if got, err := meet(); err != nil || got.Limits.Text != 1200 || got.Limits.Attachments != 4 || got.Software != "" {
		t.Errorf("an old server is %+v, %v", got, err)
	}
	s.Close()
	_, err = meet()
	wantFault(t, err, fault.Unavailable, "")
}
