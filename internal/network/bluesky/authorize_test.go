package bluesky_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/bluesky/blueskytest"
	"comptoir/internal/network/networktest"
)

// Where somebody comes back to: an installation with an address, and one on a machine of its own.
var (
	public   = network.Return{URL: "https://comptoir.test/p/le-zinc/settings/accounts/back", State: "state of a session", About: "https://comptoir.test", Page: "https://comptoir.test/programs/bluesky/le-zinc."}
	loopback = network.Return{URL: "http://127.0.0.1:8080/p/le-zinc/settings/accounts/back", State: "state of a session", About: "http://127.0.0.1:8080", Page: "http://127.0.0.1:8080/programs/bluesky/le-zinc."}
)

// introduced lets the server read what this program says of itself.
func (f *fake) introduced() {
	f.Documents(func(address string) ([]byte, error) {
		b, ok := f.Driver().Introduce(strings.TrimPrefix(address, public.Page), public)
		if !ok {
			return nil, fault.New(fault.NotFound, "test", "")
		}
		return b, nil
	})
}

// leave asks for the page on which somebody says yes.
func (f *fake) leave(t testing.TB, back network.Return) (page *url.URL, pending network.Credential) {
	t.Helper()
	f.introduced()
	s, err := f.Driver().Meet(t.Context(), "@lezinc.test", f.Wire())
	if err != nil {
		t.Fatal(err)
	}
	at, pending, err := f.Driver().Authorize(t.Context(), s, back, f.Wire())
	if err != nil {
		t.Fatal(err)
	}
	if page, err = url.Parse(at); err != nil || page.Host != f.Host() || s.Host != f.Host() {
		t.Fatalf("leads to %s, %v", at, err)
	}
	return page, pending
}

// consent is what somebody brings back who said yes as an account, or no ("").
func (f *fake) consent(t testing.TB, page *url.URL, handle string) url.Values {
	t.Helper()
	to, wrong := f.Consent(page.RawQuery, handle)
	u, err := url.Parse(to)
	if wrong != "" || err != nil || u.Query().Get("state") != "state of a session" {
		t.Fatalf("sent back to %s, %v: %s", to, err, wrong)
	}
	return u.Query()
}

// granted is the account as a login gives it.
func (f *fake) granted(t testing.TB, back network.Return) (endpoint string, cred network.Credential) {
	t.Helper()
	page, pending := f.leave(t, back)
	endpoint, cred, err := f.Driver().Finish(t.Context(), pending, f.consent(t, page, "lezinc.test"), f.Wire())
	if err != nil {
		t.Fatal(err)
	}
	return endpoint, cred
}

// grantedFake is the fake with an account for which somebody said yes.
type grantedFake struct {
	*fake
	endpoint string
}

func (f grantedFake) Account() (string, network.Credential) { return f.endpoint, f.cred }

// RequestsServeOnce implements networktest.OneTime: the server remembers every proof.
func (f grantedFake) RequestsServeOnce() {}

func TestConformanceOfAGrant(t *testing.T) {
	networktest.Run(t, bluesky.Driver{}, func(t testing.TB) networktest.Fake {
		f := grantedFake{fake: start(t)}
		f.endpoint, f.cred = f.granted(t, public)
		return f
	})
}

func TestALoginGivesAnAccountThatWorks(t *testing.T) {
	for _, back := range []network.Return{public, loopback} {
		f := start(t)
		endpoint, cred := f.granted(t, back)
		c, err := bluesky.Driver{}.Open(endpoint, cred, f.Wire())
		if err != nil {
			t.Fatal(err)
		}
		if p, err := c.Profile(t.Context()); err != nil || p.Handle != "@lezinc.test" {
			t.Errorf("%+v, %v", p, err)
		}
		if name := f.Driver().ServerOf(endpoint); name != "lezinc.test" || cred.Field(bluesky.Password) != "" {
			t.Errorf("known as %q", name)
		}
	}
}

// Everything that is asked for is pushed: the page's address holds nothing that a browser could change.
func TestALoginIsPushedAndItsPageNamesNothing(t *testing.T) {
	f := start(t)
	page, _ := f.leave(t, public)
	q := page.Query()
	if len(q) != 2 || !strings.HasPrefix(q.Get("client_id"), public.Page) || q.Get("request_uri") == "" {
		t.Errorf("the page is %s", page)
	}
	if other, _ := f.leave(t, public); other.Query().Get("client_id") == q.Get("client_id") {
		t.Error("two logins have one key")
	}
}

// What is said of this program holds no secret, and nothing is said at names that are none.
func TestWhatIsSaidOfThisProgramHoldsNoSecret(t *testing.T) {
	f := start(t)
	page, pending := f.leave(t, public)
	name := strings.TrimPrefix(page.Query().Get("client_id"), public.Page)
	b, ok := f.Driver().Introduce(name, public)
	var said struct {
		Keys struct {
			Keys []map[string]string `json:"keys"`
		} `json:"jwks"`
	}
	if err := json.Unmarshal(b, &said); !ok || err != nil || len(said.Keys.Keys) != 1 || said.Keys.Keys[0]["d"] != "" {
		t.Errorf("%s, %v", b, err)
	}
	var kept map[string]string
	if err := json.Unmarshal(pending.Reveal(), &kept); err != nil {
		t.Fatal(err)
	}
	for _, field := range []string{"client_key", "proof_key", "code_verifier"} {
		if len(kept[field]) < 40 || strings.Contains(string(b), kept[field]) || strings.Contains(page.String(), kept[field]) {
			t.Errorf("%s is %q, or shows", field, kept[field])
		}
	}
	for _, none := range []string{"", "x", name[:80], name + "A", strings.Repeat("A", 86), "../../readyz"} {
		if b, ok := f.Driver().Introduce(none, public); ok {
			t.Errorf("%q is %s", none, b)
		}
	}
}

func TestWhatIsBroughtBackIsDistrusted(t *testing.T) {
	for name, c := range map[string]struct {
		change func(f *fake, q url.Values)
		as     string
		code   fault.Code
		key    string
	}{
		"no":               {nil, "", fault.Forbidden, "bluesky.fault.denied"},
		"another issuer":   {func(_ *fake, q url.Values) { q.Set("iss", "https://bsky.social") }, "lezinc.test", fault.Rejected, "bluesky.fault.issuer"},
		"no issuer":        {func(_ *fake, q url.Values) { q.Del("iss") }, "lezinc.test", fault.Rejected, "bluesky.fault.issuer"},
		"no code":          {func(_ *fake, q url.Values) { q.Del("code") }, "lezinc.test", fault.Rejected, "bluesky.fault.login"},
		"another code":     {func(_ *fake, q url.Values) { q.Set("code", "cod-999") }, "lezinc.test", fault.Rejected, "bluesky.fault.login"},
		"another account":  {nil, "autre.test", fault.Conflict, "bluesky.fault.other_account"},
		"a part of it":     {func(f *fake, _ url.Values) { f.Set(blueskytest.Trouble{FewScopes: true}) }, "lezinc.test", fault.Forbidden, "bluesky.fault.scopes"},
		"nothing to renew": {func(f *fake, _ url.Values) { f.Set(blueskytest.Trouble{NoRefresh: true}) }, "lezinc.test", fault.Unavailable, "bluesky.fault.unreadable"},
		"a proxy's page":   {func(f *fake, _ url.Values) { f.Set(blueskytest.Trouble{Page: 200}) }, "lezinc.test", fault.Unavailable, "bluesky.fault.unreadable"},
	} {
		t.Run(name, func(t *testing.T) {
			f := start(t)
			f.Add("autre.test", "Quelqu’un d’autre", "autr-autr-autr-autr")
			page, pending := f.leave(t, public)
			brought := f.consent(t, page, c.as)
			if c.change != nil {
				c.change(f, brought)
			}
			_, cred, err := f.Driver().Finish(t.Context(), pending, brought, f.Wire())
			if wantFault(t, err, c.code, c.key); !cred.IsZero() {
				t.Error("it gives a credential")
			}
		})
	}
}

// A code is of no use to whoever does not hold both keys and the verifier.
func TestAStolenCodeOpensNothing(t *testing.T) {
	f := start(t)
	page, pending := f.leave(t, public)
	brought := f.consent(t, page, "lezinc.test")
	_, thief := f.leave(t, public)
	_, _, err := f.Driver().Finish(t.Context(), thief, brought, f.Wire())
	wantFault(t, err, fault.Rejected, "bluesky.fault.login")
	_, _, err = f.Driver().Finish(t.Context(), pending, brought, f.Wire()) // and a code that was tried is over
	wantFault(t, err, fault.Rejected, "bluesky.fault.login")
}

func TestAStolenTokenOpensNothing(t *testing.T) {
	f := start(t)
	_, cred := f.granted(t, public)
	for _, scheme := range []string{"Bearer ", "DPoP "} {
		req := httptest.NewRequest(http.MethodGet, f.URL()+"/xrpc/app.bsky.actor.getProfile?actor=did:plc:lezinctest", nil)
		req.RequestURI = ""
		req.Header.Set("Authorization", scheme+cred.Field(bluesky.AccessJWT))
		resp, err := f.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusOK {
			t.Errorf("%sopens", scheme)
		}
	}
}

// A server may lie about itself, or not know how: then there is the app password.
func TestAServerWithoutSuchAPageSaysSo(t *testing.T) {
	for name, trouble := range map[string]blueskytest.Trouble{
		"none":             {NoPage: true},
		"another issuer":   {Metadata: map[string]any{"issuer": "https://bsky.social"}},
		"leads elsewhere":  {Metadata: map[string]any{"token_endpoint": "https://elsewhere.test/oauth/token"}},
		"names no issuer":  {Metadata: map[string]any{"authorization_response_iss_parameter_supported": false}},
		"no PKCE":          {Metadata: map[string]any{"code_challenge_methods_supported": []string{"plain"}}},
		"other signatures": {Metadata: map[string]any{"dpop_signing_alg_values_supported": []string{"RS256"}}},
	} {
		f := start(t)
		f.Set(trouble)
		_, err := f.Driver().Meet(t.Context(), "lezinc.test", f.Wire())
		if fault.CodeOf(err) != fault.Unsupported || fault.As(err).Key != "bluesky.fault.no_page" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The client's page has to be read by others, and a token sent back over a wire that nobody reads.
func TestAnAddressThatOthersCannotReachIsNoWayBack(t *testing.T) {
	f := start(t)
	s, err := f.Driver().Meet(t.Context(), "lezinc.test", f.Wire())
	if err != nil {
		t.Fatal(err)
	}
	for _, base := range []string{"http://zinc.local:8080", "http://localhost:8080", "https://192.0.2.7", "https://zinc.example:8443", "http://192.168.1.5"} {
		_, _, err := f.Driver().Authorize(t.Context(), s, network.Return{URL: base + "/back", State: "s", About: base, Page: base + "/programs/"}, f.Wire())
		wantFault(t, err, fault.Unsupported, "bluesky.fault.no_address")
	}
	if n := f.Asked("/oauth/par"); n != 0 {
		t.Errorf("pushed %d times", n)
	}
}

func TestAProofFollowsTheServersNonceAndClock(t *testing.T) {
	for _, ahead := range []time.Duration{time.Hour, -time.Hour, 0} {
		f := start(t)
		f.Skew(ahead)
		endpoint, cred := f.granted(t, public)
		c, err := bluesky.Driver{}.Open(endpoint, cred, f.Wire())
		if err != nil {
			t.Fatal(err)
		}
		for range 12 { // a nonce of this server serves five times
			if _, err := c.Profile(t.Context()); err != nil {
				t.Errorf("by a clock %v ahead: %v", ahead, err)
			}
		}
	}
}

// A token that runs out is exchanged for another, once; shown twice it would end the grant.
func TestAGrantIsRenewedAndNeverWithATokenThatWasSpent(t *testing.T) {
	f := start(t)
	var kept network.Credential
	endpoint, cred := f.granted(t, public)
	c, err := bluesky.Driver{}.Open(endpoint, cred, f.keeping(&kept))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		f.Expire()
		if _, err := c.Profile(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	f.Expire()
	f.Set(blueskytest.Trouble{Page: http.StatusUnauthorized})
	_, err = c.Profile(t.Context())
	wantFault(t, err, fault.Unavailable, "bluesky.fault.unreadable")
	f.Set(blueskytest.Trouble{NoRefresh: true})
	before := kept.Field(bluesky.RefreshJWT)
	if _, err := c.Profile(t.Context()); err != nil || kept.Field(bluesky.RefreshJWT) != before {
		t.Errorf("a good token was overwritten: %v", err)
	}
	f.Set(blueskytest.Trouble{})
	f.Expire()
	if _, err := c.Profile(t.Context()); err != nil {
		t.Fatal(err)
	}

	again, err := bluesky.Driver{}.Open(endpoint, cred, f.Wire()) // a copy of what there was at first
	if err != nil {
		t.Fatal(err)
	}
	_, err = again.Profile(t.Context())
	wantFault(t, err, fault.Unauthenticated, "bluesky.fault.grant_gone")
}

func TestWhatIsLetGoIsGivenBack(t *testing.T) {
	f := start(t)
	endpoint, cred := f.granted(t, public)
	password, entered := f.Account()
	for at, with := range map[string]network.Credential{endpoint: cred, password: entered} {
		c, err := bluesky.Driver{}.Open(at, with, f.Wire())
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // already given back is no error
			if err := c.(network.Revoker).Revoke(t.Context()); err != nil {
				t.Errorf("%s: %v", at, err)
			}
		}
	}
	c, _ := bluesky.Driver{}.Open(endpoint, cred, f.Wire())
	_, err := c.Profile(t.Context())
	wantFault(t, err, fault.Unauthenticated, "bluesky.fault.grant_gone")
	if f.Knows(entered.Field(bluesky.RefreshJWT)) {
		t.Error("the session stays")
	}
}
