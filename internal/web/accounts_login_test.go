package web_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/mastodon"
	"comptoir/internal/network/mastodon/mastodontest"
	"comptoir/internal/outgoing"
	"comptoir/internal/place"
	"comptoir/internal/web"
	"comptoir/internal/web/webtest"
)

const mastodonPath = accountsPath + "/new/mastodon"

// mastodonHouse is a house that can be connected to a Mastodon server on loopback, and what its log said.
func mastodonHouse(t *testing.T, allow ...string) (*webtest.House, *mastodontest.Server, *bytes.Buffer) {
	t.Helper()
	server, err := mastodontest.Start(mastodontest.Mastodon)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	server.Add("lezinc", "Le Zinc")
	server.Add("autre", "Quelqu’un d’autre")
	out, err := outgoing.New(outgoing.Config{Allow: allow, OwnAddresses: func() []netip.Addr { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(out.Close)
	said := &bytes.Buffer{}
	h := webtest.New(t, func(s *web.Server) {
		s.Log = slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s.Guard.Log = s.Log
		s.Networks = &place.Networks{DB: s.DB, Drivers: map[network.Kind]network.Driver{mastodon.Kind: mastodon.Driver{}}, Wire: out.Account, Forget: out.Forget}
	})
	return h, server, said
}

// leave asks for a server and returns the query of the page there.
func leave(t *testing.T, b *webtest.Browser, server *mastodontest.Server, more ...string) string {
	t.Helper()
	p := b.Post(mastodonPath, append([]string{"address", server.URL()}, more...)...).Want(200)
	to, err := url.Parse(p.Attr("a[rel=noreferrer]", "href"))
	if err != nil || to.Host != server.Host() {
		t.Fatalf("leads to %v, %v: %s", to, err, p.Text("main"))
	}
	return to.RawQuery
}

// consent brings back what somebody said there as an account, "" = no.
func consent(t *testing.T, server *mastodontest.Server, query, acct string) (path string) {
	t.Helper()
	to, wrong := server.Consent(query, acct)
	if wrong != "" {
		t.Fatal(wrong)
	}
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	return u.RequestURI()
}

func mastodonAccounts(t *testing.T, h *webtest.House) (all []place.Account) {
	t.Helper()
	accounts, err := place.Accounts(t.Context(), h.DB, h.Place.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accounts {
		if a.Kind == mastodon.Kind {
			all = append(all, a)
		}
	}
	return all
}

func TestAnAccountIsConnectedOnItsServersOwnPage(t *testing.T) {
	h, server, _ := mastodonHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	if p := b.Get(accountsPath + "/new").Want(200); p.Attr(".nc", "href") != mastodonPath || !strings.Contains(p.Text(".nc"), "Une minute") {
		t.Errorf("what can be connected: %s", p.Text("main"))
	}
	if p := b.Get(mastodonPath).Want(200); p.Has("a[rel=noreferrer]") || p.Attr("form", "method") != "post" {
		t.Errorf("%s", p.Text("main"))
	}
	found := b.Post(mastodonPath, "address", server.URL()).Want(200)
	for _, want := range []string{server.Host() + " répond", "Mastodon : 500 caractères, 4 images et sondages.", "lire vos mentions et messages", "Continuer sur " + server.Host()} {
		if !strings.Contains(found.Text("main"), want) {
			t.Errorf("does not say %q: %s", want, found.Text("main"))
		}
	}
	back := b.Get(consent(t, server, leave(t, b, server), "lezinc")).Want(303)
	if to := back.Header.Get("Location"); strings.Contains(to, "code") || strings.Contains(to, "state") {
		t.Errorf("what was brought back stays in the address: %s", to)
	}
	if done := b.Follow(back); !strings.Contains(done.Text("main"), "@lezinc@"+mastodontest.Domain+" est branché") {
		t.Errorf("%s", done.Text("main"))
	}
	all := mastodonAccounts(t, h)
	if len(all) != 1 || all[0].Handle != "@lezinc@"+mastodontest.Domain || all[0].State != place.AccountOK {
		t.Fatalf("%+v", all)
	}
	client, err := h.Web.Networks.Client(all[0], h.Keys)
	if err != nil {
		t.Fatal(err)
	}
	if who, err := client.Profile(t.Context()); err != nil || who.Handle != all[0].Handle {
		t.Errorf("%+v, %v", who, err)
	}
}

// Whoever brings back what is not theirs to bring connects nothing.
func TestAStateServesOnceInTheSessionThatLeftForTenMinutes(t *testing.T) {
	h, server, _ := mastodonHouse(t, "127.0.0.1:*")
	b, colleague := h.As(h.Owner), h.As(h.Add("Noémie", "noemie@lezinc.example", place.Manager))
	otherPlace(t, h)
	nothing := func(what string, b *webtest.Browser, path string) {
		t.Helper()
		p := b.Get(path).Want(303)
		if p.Header.Get("Location") != accountsPath {
			t.Errorf("%s leads to %s", what, p.Header.Get("Location"))
		}
		if said := b.Follow(p).Text("body"); !strings.Contains(said, "n’est plus valable") {
			t.Errorf("%s: %s", what, said)
		}
		if n := len(mastodonAccounts(t, h)); n != 0 {
			t.Fatalf("%s connected an account", what)
		}
	}
	yes := consent(t, server, leave(t, b, server), "lezinc")
	nothing("another session", colleague, yes)
	nothing("another session of the same member", h.As(h.Owner), yes)
	nothing("an invented state", b, accountsPath+"/back?code=x&state="+strings.Repeat("a", 43))
	nothing("no state", b, accountsPath+"/back?code=x")
	late := consent(t, server, leave(t, b, server), "lezinc")
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE login SET expires_at = 1")
		return err
	})
	nothing("a state of long ago", b, late)
	yes = consent(t, server, leave(t, b, server), "")
	b.Get(yes).Want(303) // no is an answer too
	nothing("a state that was used", b, yes)
	floor := h.As(h.Add("Marc", "marc@lezinc.example", place.Floor))
	floor.Get(mastodonPath).Want(403)
	floor.Post(mastodonPath, "address", server.URL()).Want(403)
	floor.Get(accountsPath + "/back?state=x").Want(403)
}

func TestWhatGoesWrongOnTheWayIsSaidInWords(t *testing.T) {
	h, server, _ := mastodonHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	other := httptest.NewServer(http.NotFoundHandler())
	defer other.Close()
	for typed, want := range map[string]string{
		"lezinc": "Ce n’est pas l’adresse d’un serveur", "http://jasette.quebec": "Ce n’est pas l’adresse d’un serveur",
		other.URL: "ce n’est pas un serveur Mastodon", "https://10.0.0.3": "ne peut pas atteindre cette adresse", "no-such-host.invalid": "ne peut pas atteindre cette adresse",
	} {
		p := b.Post(mastodonPath, "address", typed).Want(422)
		if !strings.Contains(p.Text("#ms-e"), want) || p.Attr("#ms", "value") != typed || p.Has("a[rel=noreferrer]") {
			t.Errorf("%s: %s", typed, p.Text("main"))
		}
	}
	no := b.Get(consent(t, server, leave(t, b, server), "")).Want(303)
	if no.Header.Get("Location") != mastodonPath {
		t.Fatalf("leads to %s", no.Header.Get("Location"))
	}
	p := b.Follow(no)
	if !strings.Contains(p.Text(".banner"), "La permission a été refusée sur "+server.Host()) || !strings.Contains(p.Text(".banner"), "Rien n’est enregistré") {
		t.Errorf("%s", p.Text("main"))
	}
}

func TestAnAccountIsConnectedAgainAndOnlyAsItself(t *testing.T) {
	h, server, _ := mastodonHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	b.Get(consent(t, server, leave(t, b, server), "lezinc")).Want(303)
	a := mastodonAccounts(t, h)[0]
	server.Set(mastodontest.Trouble{Revoked: true})
	client, err := h.Web.Networks.Client(a, h.Keys)
	if err != nil {
		t.Fatal(err)
	}
	_, cause := client.Profile(t.Context())
	h.Write(func(ctx context.Context, tx db.Tx) error {
		if err := place.Received(ctx, tx, a, "read so far", 0); err != nil {
			return err
		}
		return place.Trouble(ctx, tx, a, cause)
	})
	server.Set(mastodontest.Trouble{})
	p := b.Get(accountsPath).Want(200)
	if !strings.Contains(p.Text(".banner"), mastodontest.Domain+" n’accepte plus la permission") {
		t.Errorf("%s", p.Text("main"))
	}
	form := b.Get(p.Attr(".banner a", "href")).Want(200)
	if form.Attr("#ms", "value") != server.URL() || form.Attr("[name=account]", "value") != a.ID {
		t.Errorf("%s", form.Body)
	}
	wrong := b.Get(consent(t, server, leave(t, b, server, "account", a.ID), "autre")).Want(303)
	if said := b.Follow(wrong).Text(".banner"); !strings.Contains(said, "C’est @autre@"+mastodontest.Domain+" qui est revenu") {
		t.Errorf("%s", said)
	}
	if all := mastodonAccounts(t, h); len(all) != 1 || all[0].State != place.AccountPerson {
		t.Fatalf("%+v", all)
	}
	b.Get(consent(t, server, leave(t, b, server, "account", a.ID), "lezinc")).Want(303)
	if all := mastodonAccounts(t, h); len(all) != 1 || all[0].ID != a.ID || all[0].State != place.AccountOK || all[0].Cursor != "read so far" {
		t.Fatalf("%+v", all)
	}
	b.Post(mastodonPath, "address", server.URL(), "account", otherPlace(t, h)).Want(404)
}

// Whoever has kept a copy of what an account was given has nothing once it is let go; a server that is away keeps
// nobody from it.
func TestAnAccountThatIsLetGoGivesItsTokenBack(t *testing.T) {
	h, server, _ := mastodonHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	for _, away := range []bool{false, true} {
		b.Get(consent(t, server, leave(t, b, server), "lezinc")).Want(303)
		a := mastodonAccounts(t, h)[0]
		copied, err := h.Web.Networks.Client(a, h.Keys)
		if err != nil {
			t.Fatal(err)
		}
		if away {
			server.Set(mastodontest.Trouble{Page: 503})
		}
		b.Post(accountsPath + "/" + a.ID + "/disconnect").Want(303)
		server.Set(mastodontest.Trouble{})
		if gone := mastodonAccounts(t, h)[0]; gone.State != place.AccountOff {
			t.Errorf("away %v: it is %s", away, gone.State)
		}
		if _, err := copied.Profile(t.Context()); fault.Is(err, fault.Unauthenticated) == away {
			t.Errorf("away %v: a copy of the token: %v", away, err)
		}
	}
}

// What a login is made of is in no page but the one that leaves, no line of the log, no row of the journal, no endpoint.
func TestALoginIsSeenNowhere(t *testing.T) {
	h, server, said := mastodonHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	query := leave(t, b, server)
	asked, _ := url.ParseQuery(query)
	path := consent(t, server, query, "lezinc")
	brought, _ := url.Parse(path)
	done := b.Get(path).Want(303)
	a := mastodonAccounts(t, h)[0]
	cred, err := a.Credential(h.Keys)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{said.String(), a.Endpoint, b.Follow(done).Body, b.Get(accountsPath).Body}
	entries, err := db.Collect(func(r db.Row) (s string, err error) { err = r.Scan(&s); return s, err })(h.DB.Query(t.Context(), "SELECT kind || data FROM journal WHERE place_id = $1", h.Place.ID))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{asked.Get("state"), brought.Query().Get("code"), cred.Field(mastodon.AccessToken), cred.Field("client_secret")} {
		if len(secret) < 20 {
			t.Fatalf("no secret: %q", secret)
		}
		for _, text := range append(texts, entries...) {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows in %.300s", secret, text)
			}
		}
	}
	if n := server.Asked("POST /api/v1/apps"); n != 1 {
		t.Errorf("made known %d times", n)
	}
}
