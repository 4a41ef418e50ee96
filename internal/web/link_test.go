package web_test

import (
	"context"
	"strings"
	"testing"

	"comptoir/internal/db"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

func setupCode(h *webtest.House) (code string) {
	h.Write(func(ctx context.Context, tx db.Tx) (err error) {
		code, err = place.SetupLink(ctx, tx)
		return err
	})
	return code
}

func TestTheFirstPlaceIsMadeOnOnePageAndOnce(t *testing.T) {
	h := webtest.Empty(t)
	old, code := setupCode(h), setupCode(h)
	b := h.Visitor()
	b.Get("/setup/" + old).Want(404)
	b.Get("/setup/" + strings.Repeat("a", 43)).Want(404)
	for range 2 { // a mail scanner looks, and looks again
		p := b.Get("/setup/" + code).Want(200)
		if fields := p.Count("main select") + p.Count("main input") - p.Count("main input[type=radio]") + 1; fields > 12 {
			t.Errorf("%d fields", fields)
		}
		if !p.Has("select[data-zone]") || !strings.Contains(p.Text("select option[selected]"), "Montréal, Québec, Toronto, il est") {
			t.Errorf("zones: %s", p.Text("select option[selected]"))
		}
	}
	p := b.Post("/setup/"+code, "place", "Le Zinc", "language", "fr-CA", "timezone", "Mars/Phobos", "name", "Marco", "email", "marco", "password", "lezinc lezinc").Want(422)
	if !p.Has("#oe-e") || !p.Has("#passe-e") || !p.Has("#pz-e") || p.Attr("#pn", "value") != "Le Zinc" || p.Attr("#oe", "value") != "marco" {
		t.Errorf("%s", p.Text("main"))
	}
	p = b.Post("/setup/"+code, "place", "Le Zinc", "language", "fr-CA", "timezone", "America/Toronto", "name", "Marco", "email", "marco@lezinc.example", "password", webtest.Password).Want(303)
	if p.Location() != "/p/le-zinc/start/message" {
		t.Errorf("to %s", p.Location())
	}
	if p = b.Follow(p).Want(200); p.Text("li[aria-current=step]") != "Un premier message" || p.Text(".plaque") != "1" || !p.Has("main a[target=_blank]") {
		t.Errorf("%s", p.Text("main"))
	}
	h.Visitor().Get("/setup/" + code).Want(404)
	h.Visitor().Post("/setup/"+code, "place", "Encore").Want(404)
}

func TestASetUpLinkThatIsOverSaysHowToGetAnother(t *testing.T) {
	h := webtest.Empty(t)
	code := setupCode(h)
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE link SET expires_at = 1")
		return err
	})
	p := h.Visitor().Get("/setup/" + code).Want(410)
	if p.Text(".code") != "comptoir setup --link" {
		t.Errorf("%s", p.Text("main"))
	}
}

func TestSomebodyInvitedJoinsTheTeam(t *testing.T) {
	h := webtest.New(t)
	owner := h.As(h.Owner)
	owner.Get("/p/le-zinc/settings/team").Want(200)
	owner.Post("/p/le-zinc/settings/team/invite", "email", "pas une adresse", "role", "floor").Want(422)
	p := owner.Post("/p/le-zinc/settings/team/invite", "email", "noemie@lezinc.example", "role", "floor").Want(200)
	path := strings.TrimPrefix(p.Attr("#lien", "value"), h.URL)
	if !strings.HasPrefix(path, "/invite/") {
		t.Fatalf("the link is %q", p.Attr("#lien", "value"))
	}
	if again := owner.Get("/p/le-zinc/settings/team").Want(200); strings.Contains(again.Body, path) || !strings.Contains(again.Text("main"), "noemie@lezinc.example") {
		t.Error("the link is shown twice, or the invitation not at all")
	}
	b := h.Visitor()
	for range 2 {
		p = b.Get(path).Want(200)
	}
	if p.Text("h1") != "Marc-Antoine vous invite : Le Zinc" || !p.Has("input[name=email][readonly]") {
		t.Errorf("%s", p.Text("main"))
	}
	if p = b.Post(path, "name", "Noémie", "password", "noemie noemie").Want(422); !p.Has("#passe-e") || p.Attr("#nom", "value") != "Noémie" {
		t.Errorf("%s", p.Text("main"))
	}
	if got := b.Post(path, "name", "Noémie", "email", "autre@lezinc.example", "password", webtest.Password).Want(303).Location(); got != "/p/le-zinc/floor" {
		t.Errorf("lands on %s", got)
	}
	b.Get("/p/le-zinc/settings/team").Want(403)
	b.Get("/me").Want(200)
	p = h.Visitor().Get(path).Want(410)
	if !strings.Contains(p.Text("main"), "Ce lien a déjà servi. Rien n’a été changé.") {
		t.Errorf("%s", p.Text("main"))
	}
}

func TestARemovedMemberIsOutOnTheNextRequest(t *testing.T) {
	h := webtest.New(t)
	noemie := h.Add("Noémie", "noemie@lezinc.example", place.Manager)
	b, owner := h.As(noemie), h.As(h.Owner)
	b.Get("/p/le-zinc/settings/team").Want(200)
	owner.Post("/p/le-zinc/settings/team/role", "member", noemie.ID, "role", "floor").Want(303)
	b.Get("/p/le-zinc/settings/team").Want(303) // to sign in again
	b = h.As(noemie)
	b.Get("/p/le-zinc/settings/team").Want(403)
	owner.Post("/p/le-zinc/settings/team/remove", "member", noemie.ID).Want(303)
	b.Get("/me").Want(303)
	owner.Post("/p/le-zinc/settings/team/remove", "member", h.Owner.ID).Want(409)
}

func TestANewPasswordByLinkEndsTheOldSessions(t *testing.T) {
	h := webtest.New(t)
	noemie := h.Add("Noémie", "noemie@lezinc.example", place.Floor)
	old, owner := h.As(noemie), h.As(h.Owner)
	p := owner.Post("/p/le-zinc/settings/team/reset", "member", noemie.ID).Want(200)
	path := strings.TrimPrefix(p.Attr("#lien", "value"), h.URL)
	b := h.Visitor()
	b.Get(path).Want(200)
	old.Get("/me").Want(200)
	b.Post(path, "password", "court").Want(422)
	b.Post(path, "password", "le tramway passe à minuit").Want(303)
	old.Get("/me").Want(303)
	b.Get("/me").Want(200)
	h.Visitor().Post(path, "password", "le tramway passe à midi").Want(410)
}

func TestASignInLinkActsOnPostOnly(t *testing.T) {
	h := webtest.New(t)
	var code string
	h.Write(func(ctx context.Context, tx db.Tx) (err error) {
		code, err = place.SignInLink(ctx, tx, h.Owner.ID)
		return err
	})
	b := h.Visitor()
	for range 3 {
		if p := b.Get("/enter/" + code).Want(200); len(p.Header.Values("Set-Cookie")) > 0 {
			t.Fatal("looking signs in")
		}
	}
	b.Post("/enter/" + code).Want(303)
	b.Get("/me").Want(200)
	h.Visitor().Post("/enter/" + code).Want(410)
}
