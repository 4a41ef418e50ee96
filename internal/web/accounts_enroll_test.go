package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/bluesky/blueskytest"
	"comptoir/internal/outgoing"
	"comptoir/internal/place"
	"comptoir/internal/web"
	"comptoir/internal/web/webtest"
)

const (
	blueskyPath = accountsPath + "/new/bluesky"
	appPassword = "zinc-zinc-zinc-zinc"
)

// blueskyHouse is a house that can be connected to a server on loopback, and what its log said.
func blueskyHouse(t *testing.T, allow ...string) (*webtest.House, *blueskytest.Server, *bytes.Buffer) {
	t.Helper()
	server, err := blueskytest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	server.Add("lezinc.test", "Le Zinc", appPassword)
	server.Add("autre.test", "Quelqu’un d’autre", "autr-autr-autr-autr")
	out, err := outgoing.New(outgoing.Config{Allow: allow, OwnAddresses: func() []netip.Addr { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(out.Close)
	said := &bytes.Buffer{}
	h := webtest.New(t, func(s *web.Server) {
		s.Log = slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s.Guard.Log = s.Log
		s.Networks = &place.Networks{DB: s.DB, Drivers: map[network.Kind]network.Driver{bluesky.Kind: server.Driver()}, Wire: out.Account, Forget: out.Forget}
	})
	return h, server, said
}

func accountsOf(t *testing.T, h *webtest.House, kind network.Kind) (all []place.Account) {
	t.Helper()
	accounts, err := place.Accounts(t.Context(), h.DB, h.Place.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accounts {
		if a.Kind == kind {
			all = append(all, a)
		}
	}
	return all
}

func TestAnAccountIsConnectedByItsNameAndAnAppPassword(t *testing.T) {
	h, _, _ := blueskyHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	if p := b.Get(accountsPath + "/new").Want(200); p.Attr(".nc", "href") != blueskyPath || !strings.Contains(p.Text(".nc"), "Deux minutes") {
		t.Errorf("what can be connected: %s", p.Text("main"))
	}
	form := b.Get(blueskyPath).Want(200)
	for _, want := range []string{"Votre nom sur Bluesky", "Sans le @", "Jamais votre mot de passe principal"} {
		if !strings.Contains(form.Text("main"), want) {
			t.Errorf("does not say %q: %s", want, form.Text("main"))
		}
	}
	done := b.Follow(b.Post(blueskyPath, "name", "@lezinc.test", "password", appPassword).Want(303))
	if !strings.Contains(done.Text("main"), "@lezinc.test est branché") {
		t.Errorf("%s", done.Text("main"))
	}
	all := accountsOf(t, h, bluesky.Kind)
	if len(all) != 1 || all[0].Handle != "@lezinc.test" || all[0].State != place.AccountOK {
		t.Fatalf("%+v", all)
	}
}

func TestWhatIsWrongWithANameOrAPasswordIsSaidAndNothingIsKept(t *testing.T) {
	h, server, _ := blueskyHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	for _, c := range []struct{ name, password, field, want string }{
		{"lezinc", appPassword, "#en-e", "pas un nom de Bluesky"},
		{"personne.invalid", appPassword, "#en-e", "Personne ne porte ce nom"},
		{"lezinc.test", "mon mot de passe", "#ep-e", "n’a été envoyé nulle part"},
		{"lezinc.test", "faux-faux-faux-faux", "#ep-e", "n’accepte pas ce mot de passe"},
	} {
		p := b.Post(blueskyPath, "name", c.name, "password", c.password).Want(422)
		if !strings.Contains(p.Text(c.field), c.want) || p.Attr("#en", "value") != c.name || p.Attr("#ep", "value") != "" {
			t.Errorf("%s: %s", c.name, p.Text("main"))
		}
	}
	server.Set(blueskytest.Trouble{Takedown: true})
	p := b.Post(blueskyPath, "name", "lezinc.test", "password", appPassword).Want(422)
	if !strings.Contains(p.Text(".banner"), "suspendu ou désactivé") || !strings.Contains(p.Text(".banner"), "Rien n’est enregistré") {
		t.Errorf("%s", p.Text("main"))
	}
	if all := accountsOf(t, h, bluesky.Kind); len(all) != 0 {
		t.Errorf("%+v", all)
	}
}

// leaveForHost asks for an account's host by the account's name, and returns the query of the page there.
func leaveForHost(t *testing.T, b *webtest.Browser, server *blueskytest.Server, more ...string) string {
	t.Helper()
	p := b.Post(blueskyPath, append([]string{"name", "lezinc.test", "password", ""}, more...)...).Want(200)
	to, err := url.Parse(p.Attr("a[rel=noreferrer]", "href"))
	if err != nil || to.Host != server.Host() || !strings.Contains(p.Text(".check--ok"), "répond") || !strings.Contains(p.Text("main"), "Pas de lire vos messages privés") {
		t.Fatalf("leads to %v, %v: %s", to, err, p.Text("main"))
	}
	return to.RawQuery
}

func TestAnAccountIsConnectedOnItsHostsOwnPage(t *testing.T) {
	h, server, _ := blueskyHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	to, wrong := server.Consent(leaveForHost(t, b, server), "lezinc.test")
	back, err := url.Parse(to)
	if wrong != "" || err != nil {
		t.Fatal(to, wrong, err)
	}
	done := b.Get(back.RequestURI()).Want(303)
	if !strings.Contains(b.Follow(done).Text("main"), "@lezinc.test est branché") || strings.Contains(done.Header.Get("Location"), "cod-") {
		t.Errorf("%s", b.Follow(done).Text("main"))
	}
	all := accountsOf(t, h, bluesky.Kind)
	if len(all) != 1 || all[0].State != place.AccountOK {
		t.Fatalf("%+v", all)
	}
	b.Get(back.RequestURI()).Want(303) // a second time it is over
	if n := server.Asked("com.atproto.server.createSession"); n != 0 || len(accountsOf(t, h, bluesky.Kind)) != 1 {
		t.Errorf("%d logins", n)
	}

	to, _ = server.Consent(leaveForHost(t, b, server, "account", all[0].ID), "")
	refused, _ := url.Parse(to)
	if said := b.Follow(b.Get(refused.RequestURI()).Want(303)).Text(".banner"); !strings.Contains(said, "La permission a été refusée") || !strings.Contains(said, "Rien n’est enregistré") {
		t.Errorf("%s", said)
	}
	to, _ = server.Consent(leaveForHost(t, b, server, "account", all[0].ID), "autre.test")
	other, _ := url.Parse(to)
	if said := b.Follow(b.Get(other.RequestURI()).Want(303)).Text(".banner"); !strings.Contains(said, "Un autre compte que @lezinc.test") {
		t.Errorf("%s", said)
	}
	server.Set(blueskytest.Trouble{NoPage: true})
	if said := b.Post(blueskyPath, "name", "lezinc.test", "password", "").Want(422).Text(".banner"); !strings.Contains(said, "pas de page où dire oui") {
		t.Errorf("%s", said)
	}
}

// Servers read who asks before they let anybody say yes. What they read is made of the address alone.
func TestWhatIsSaidOfThisProgramIsMadeOfItsAddress(t *testing.T) {
	h, _, _ := blueskyHouse(t)
	const key = "axfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li_hp_m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q" // the curve's own point
	for _, slug := range []string{"le-zinc", "nulle-part"} {
		p := h.Visitor().Get("/programs/bluesky/" + slug + "." + key).Want(200)
		var said struct {
			ID        string   `json:"client_id"`
			Redirects []string `json:"redirect_uris"`
		}
		if err := json.Unmarshal([]byte(p.Body), &said); err != nil || said.ID != h.URL+"/programs/bluesky/"+slug+"."+key || said.Redirects[0] != h.URL+"/p/"+slug+"/settings/accounts/back" {
			t.Errorf("%s, %v", p.Body, err)
		}
		if kind := p.Header.Get("Content-Type"); kind != "application/json" {
			t.Errorf("it is %s", kind)
		}
	}
	h.Visitor().Get("/programs/bluesky/le-zinc." + strings.Repeat("A", 86)).Want(404)
}

// Where an account lives is its own word: it leads to no address of this house.
func TestAnAccountThatLivesInThisHouseIsNotEntered(t *testing.T) {
	h, server, _ := blueskyHouse(t)
	p := h.As(h.Owner).Post(blueskyPath, "name", "lezinc.test", "password", appPassword).Want(422)
	if !strings.Contains(p.Text(".banner"), "ne peut pas atteindre cette adresse") {
		t.Errorf("%s", p.Text("main"))
	}
	if n := server.Asked("com.atproto.server.createSession"); n != 0 {
		t.Errorf("%d logins", n)
	}
}

func TestAnAccountIsEnteredAgainAndOnlyAsItself(t *testing.T) {
	h, server, _ := blueskyHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	b.Post(blueskyPath, "name", "lezinc.test", "password", appPassword).Want(303)
	a := accountsOf(t, h, bluesky.Kind)[0]
	server.Set(blueskytest.Trouble{Revoked: true})
	client, err := h.Web.Networks.Client(a, h.Keys)
	if err != nil {
		t.Fatal(err)
	}
	_, cause := client.Profile(t.Context())
	if !fault.Is(cause, fault.Unauthenticated) {
		t.Fatal(cause)
	}
	h.Write(func(ctx context.Context, tx db.Tx) error {
		if err := place.Received(ctx, tx, a, "read so far", 0); err != nil {
			return err
		}
		return place.Trouble(ctx, tx, a, cause)
	})
	server.Set(blueskytest.Trouble{})
	p := b.Get(accountsPath).Want(200)
	if !strings.Contains(p.Text(".banner"), "n’accepte plus le mot de passe d’application") {
		t.Errorf("%s", p.Text("main"))
	}
	form := b.Get(p.Attr(".banner a", "href")).Want(200)
	if form.Attr("#en", "value") != "lezinc.test" || form.Attr("[name=account]", "value") != a.ID {
		t.Errorf("%s", form.Body)
	}
	wrong := b.Post(blueskyPath, "name", "autre.test", "password", "autr-autr-autr-autr", "account", a.ID).Want(422)
	if said := wrong.Text(".banner"); !strings.Contains(said, "C’est @autre.test qui est revenu") {
		t.Errorf("%s", said)
	}
	b.Post(blueskyPath, "name", "lezinc.test", "password", appPassword, "account", a.ID).Want(303)
	if all := accountsOf(t, h, bluesky.Kind); len(all) != 1 || all[0].ID != a.ID || all[0].State != place.AccountOK || all[0].Cursor != "read so far" {
		t.Fatalf("%+v", all)
	}
	b.Post(blueskyPath, "name", "lezinc.test", "password", appPassword, "account", otherPlace(t, h)).Want(404)
}

// Neither the password nor a token is in a page, a line of the log, a row of the journal, an endpoint.
func TestAnAppPasswordIsSeenNowhere(t *testing.T) {
	h, _, said := blueskyHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	refused := b.Post(blueskyPath, "name", "autre.test", "password", appPassword).Want(422)
	done := b.Post(blueskyPath, "name", "lezinc.test", "password", appPassword).Want(303)
	a := accountsOf(t, h, bluesky.Kind)[0]
	cred, err := a.Credential(h.Keys)
	if err != nil {
		t.Fatal(err)
	}
	entries, err := db.Collect(func(r db.Row) (s string, err error) { err = r.Scan(&s); return s, err })(h.DB.Query(t.Context(), "SELECT kind || data FROM journal WHERE place_id = $1", h.Place.ID))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{appPassword, cred.Field(bluesky.AccessJWT), cred.Field(bluesky.RefreshJWT)} {
		if len(secret) < 15 {
			t.Fatalf("no secret: %q", secret)
		}
		for _, text := range append(entries, said.String(), a.Endpoint, refused.Body, b.Follow(done).Body, b.Get(accountsPath).Body) {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows in %.300s", secret, text)
			}
		}
	}
}
