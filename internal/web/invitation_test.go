package web_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// invite makes an invitation for the floor and returns the path of its link.
func invite(t *testing.T, h *webtest.House, email string) (path string) {
	t.Helper()
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, code, err := place.Invite(ctx, tx, h.Owner.As(h.Place.ID, place.Owner), h.Place.ID, email, place.Floor)
		path = "/invite/" + code
		return err
	})
	return path
}

// named has a browser stand at a name that passkeys are made for.
func named(b *webtest.Browser) *webtest.Browser {
	b.Header.Set("X-Forwarded-Host", "localhost:8080")
	return b
}

// giveKey gives a member a passkey, as far as pages look at it.
func giveKey(h *webtest.House, m place.Member) (id string) {
	id = db.NewID()
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO passkey (id, member_id, credential, public_key, host, name, transports, synced, counter, created_at) VALUES ($1, $2, $1, $3, 'localhost', 'Téléphone', '', FALSE, 0, 0)", id, m.ID, []byte{})
		return err
	})
	return id
}

// The choice waits for a script that finds passkeys in the browser. Until then, and where there are none, the page is a
// form for a password.
func TestAnInvitationOffersAPasskeyWhereBrowsersHaveThem(t *testing.T) {
	h := webtest.New(t)
	path := invite(t, h, "noemie@lezinc.example")
	p := named(h.Visitor()).Get(path).Want(200)
	if !p.Has("fieldset[disabled][hidden] [name=way][value=passkey][checked]") || !p.Has(".bypass #passe") || p.Has("#passe[required]") {
		t.Errorf("%s", p.Body)
	}
	p = h.Visitor().Get(path).Want(200)
	if p.Has("[name=way]") || !p.Has("#passe[required]") {
		t.Errorf("at an address in figures: %s", p.Body)
	}
	h.Visitor().Post(path, "name", "Noémie", "way", "passkey").Want(501)
	p = named(h.Visitor()).Post(path, "name", "Noémie", "way", "password", "password", "court").Want(422)
	if !p.Has("#passe-e") || !p.Has("[value=password][checked]") || p.Has("[value=passkey][checked]") {
		t.Errorf("a refused password: %s", p.Text("main"))
	}
	named(h.Visitor()).Post(path, "name", "Noémie", "password", webtest.Password).Want(303) // without script
}

func TestAPasskeyIsAskedForWithTheNameAndNothingIsUsedUp(t *testing.T) {
	h := webtest.New(t)
	path := invite(t, h, "noemie@lezinc.example")
	b := named(h.Visitor())
	p := b.Post(path, "name", " ", "way", "passkey").Want(422)
	if !p.Has("#nom-e") || !p.Has("[value=passkey][checked]") {
		t.Errorf("without a name: %s", p.Text("main"))
	}
	p = b.Post(path, "name", "Noémie", "way", "passkey").Want(200)
	if asked := p.Attr("form[data-passkey-make]", "data-passkey-make"); !strings.Contains(asked, `"name":"noemie@lezinc.example"`) || !strings.Contains(asked, `"displayName":"Noémie"`) {
		t.Errorf("%s", asked)
	}
	if p.Attr("form [name=name]", "value") != "Noémie" || p.Attr("form", "action") != path {
		t.Errorf("%s", p.Body)
	}
	p = b.Post(path, "name", "Noémie", "response", "none").Want(422)
	if !strings.Contains(p.Text("#cle-e"), "La clé n’a pas été créée") || !p.Has("form[data-passkey-make]") {
		t.Errorf("%s", p.Text("main"))
	}
	b.Get("/me").Want(303) // nobody is in
	b.Get(path).Want(200)  // and the link is good
}

func TestAKnownAddressIsAskedForItsPasswordOrItsPasskey(t *testing.T) {
	h := webtest.New(t)
	h.Write(func(ctx context.Context, tx db.Tx) error { // she works elsewhere
		q, err := place.Create(ctx, tx, place.System(), place.New{Name: "Le Cuivre", Language: "fr", TimeZone: "UTC"})
		if err == nil {
			_, err = place.AddMember(ctx, tx, place.System(), q.ID, place.NewMember{Name: "Luce", Email: "luce@lecuivre.example"}, place.Owner)
		}
		return err
	})
	path := invite(t, h, "luce@lecuivre.example")
	b := named(h.Visitor())
	p := b.Get(path).Want(200)
	if p.Has("fieldset") || p.Attr("#passe", "autocomplete") != "current-password" || !p.Has("form[data-passkey-way][hidden] button[value=passkey]") {
		t.Errorf("%s", p.Body)
	}
	if h.Visitor().Get(path).Has("button[value=passkey]") {
		t.Error("a passkey is offered where there are none")
	}
	p = b.Post(path, "way", "passkey").Want(200)
	if !strings.Contains(p.Attr("form[data-passkey]", "data-passkey"), `"userVerification":"required"`) || p.Attr("form[data-passkey]", "action") != path || p.Attr("[data-passkey-again]", "href") != path {
		t.Errorf("%s", p.Body)
	}
	if p = b.Post(path, "response", "none").Want(422); !strings.Contains(p.Text("main"), "n’a pas ouvert") || p.Has("form[data-passkey]") {
		t.Errorf("%s", p.Text("main"))
	}
}

func TestWhoHasNoPasswordIsOfferedOneAfterAProof(t *testing.T) {
	h := webtest.New(t)
	noemie := h.Add("Noémie", "noemie@lezinc.example", place.Floor)
	b := named(h.As(noemie))
	if text := b.Get("/me/sessions").Want(200).Text("[aria-labelledby=cles]"); !strings.Contains(text, "Un lien vous a ouvert") {
		t.Errorf("with nothing: %s", text)
	}
	id := giveKey(h, noemie)
	if text := b.Get("/me/sessions").Want(200).Text("[aria-labelledby=cles]"); strings.Contains(text, "Un lien vous a ouvert") || !strings.Contains(text, "Aucun. Une clé d’accès ouvre sans lui.") {
		t.Errorf("with a passkey: %s", text)
	}
	if p := b.Post("/me/passkeys/remove", "passkey", id).Want(303); p.Location() != "/me#motdepasse" {
		t.Errorf("the last passkey: to %s", p.Location())
	}
	p := b.Get("/me").Want(200)
	if p.Has("#mo") || !p.Has("#passe") || !strings.Contains(p.Text("#avis"), "Choisissez-en un d’abord") {
		t.Errorf("%s / %s", p.Text("#motdepasse"), p.Text("#avis"))
	}

	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE session SET authenticated_at = 0")
		return err
	})
	b.Header.Set("Referer", "http://localhost:8080/me/password")
	p = b.Post("/me/password", "password", webtest.Password).Want(303)
	if p.Location() != "/sign-in/again?to=%2Fme%2Fpassword" {
		t.Fatalf("without a proof: to %s", p.Location())
	}
	p = b.Follow(p).Want(200)
	if p.Attr("form[data-passkey]", "action") != "/sign-in/again/passkey" || p.Attr("form [name=to]", "value") != "/me/password" || p.Has("a[href^=/sign-in/again?]") || strings.Contains(p.Text("noscript"), "autre chemin") {
		t.Errorf("a password that is not there is offered: %s", p.Body)
	}
	if p = b.Get("/me/password").Want(303); p.Location() != "/me" {
		t.Errorf("and back to %s", p.Location())
	}

	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE session SET authenticated_at = $1", db.Micros(time.Now()))
		return err
	})
	if p = b.Post("/me/password", "password", "court").Want(422); !p.Has("#passe-e") || p.Has("#mo") {
		t.Errorf("%s", p.Text("#motdepasse"))
	}
	b.Post("/me/password", "password", webtest.Password).Want(303)
	if p = b.Get("/me").Want(200); !p.Has("#mo") || !strings.Contains(p.Text("#avis"), "Le mot de passe est choisi") {
		t.Errorf("%s / %s", p.Text("#motdepasse"), p.Text("#avis"))
	}
	b.Post("/me/passkeys/remove", "passkey", id).Want(303)
	if p := b.Get("/me/sessions"); p.Has("form[action=/me/passkeys/remove]") {
		t.Error("it stays for ever")
	}
}

// Nothing can be proved: a link let them in, or the passkey is of another address.
func TestWhoCannotProveWhoTheyAreIsToldWhoHelps(t *testing.T) {
	h := webtest.New(t)
	noemie := h.Add("Noémie", "noemie@lezinc.example", place.Floor)
	giveKey(h, noemie)
	p := h.As(noemie).Get("/sign-in/again?to=/me").Want(403)
	if !strings.Contains(p.Text("main"), "Une personne propriétaire peut vous faire un lien") {
		t.Errorf("%s", p.Text("main"))
	}
}
