package web_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// addApp gives the browser's member an app, as they do it, and returns it with the page of the recovery codes.
func addApp(t *testing.T, b *webtest.Browser) (webtest.Phone, *webtest.Page) {
	t.Helper()
	p := b.Post("/me/app").Want(200)
	phone := webtest.NewPhone(t, p.Attr("#secret", "value"))
	return phone, b.Post("/me/app/confirm", "sealed", p.Attr("[name=sealed]", "value"), "code", phone.Code(-30*time.Second)).Want(200)
}

// signIn gives the password and returns the page that comes after it.
func signIn(t *testing.T, h *webtest.House, b *webtest.Browser, to string) *webtest.Page {
	t.Helper()
	return b.Follow(b.Post("/sign-in", "email", h.Owner.Email, "password", webtest.Password, "to", to).Want(303))
}

// From the list of sessions to an app, and in again with its code: all of it without script.
func TestAnAppIsAddedAndAskedForWithoutScript(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	if p := b.Get("/me/sessions").Want(200); !strings.Contains(p.Text("[aria-labelledby=cles]"), "Le mot de passe ouvre seul") {
		t.Errorf("before: %s", p.Text("main"))
	}
	start := b.Post("/me/app").Want(200)
	if !start.Has("svg.qr path") || start.Attr("#code", "autocomplete") != "one-time-code" || !strings.Contains(start.Text("main"), "Rien n’est gardé") {
		t.Errorf("%s", start.Text("main"))
	}
	sealed := start.Attr("[name=sealed]", "value")
	again := b.Post("/me/app/confirm", "sealed", sealed, "code", "000000").Want(422)
	if again.Attr("#secret", "value") != start.Attr("#secret", "value") || !again.Has("#code-e") {
		t.Errorf("after a wrong code: %s", again.Text("main"))
	}
	app, codes := addApp(t, b)
	if codes.Count("#codes li") != 10 || !strings.Contains(codes.Text("main"), h.Owner.Email) {
		t.Errorf("%s", codes.Text("main"))
	}
	if p := b.Follow(b.Get("/me/recovery")).Want(200); p.Has("#codes") || !strings.Contains(p.Text("[aria-labelledby=cles]"), "10 codes restent") {
		t.Errorf("codes are shown twice, or not counted: %s", p.Text("main"))
	}

	v := h.Visitor()
	p := signIn(t, h, v, "/p/le-zinc/settings/team").Want(200)
	if p.Attr("#code", "inputmode") != "numeric" || p.Attr("input[name=to]", "value") != "/p/le-zinc/settings/team" {
		t.Fatalf("%s", p.Text("main"))
	}
	v.Get("/p/le-zinc/settings/team").Want(303) // not in yet
	if p := v.Post("/sign-in/code", "code", "000000", "to", "/me").Want(422); !strings.Contains(p.Text("#code-e"), "n’ouvre pas") || p.Attr("input[name=to]", "value") != "/me" {
		t.Errorf("%s", p.Text("main"))
	}
	p = v.Post("/sign-in/code", "code", app.Code(0), "to", "/p/le-zinc/settings/team").Want(303)
	if p.Location() != "/p/le-zinc/settings/team" {
		t.Errorf("then to %s", p.Location())
	}
	v.Get("/p/le-zinc/settings/team").Want(200)
	if p := v.Post("/sign-in/code", "code", app.Code(30*time.Second)).Want(303); p.Location() != "/sign-in?to=%2F" {
		t.Errorf("the step serves twice: %s", p.Location())
	}
}

func TestARecoveryCodeOpensAndLeadsToWhereTheLostPhoneIsRemoved(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	_, codes := addApp(t, b)
	code := strings.Fields(codes.Text("#codes li"))[3]
	v := h.Visitor()
	if p := signIn(t, h, v, "/"); !p.Has("details #secours") {
		t.Fatalf("%s", p.Text("main"))
	}
	if p := v.Post("/sign-in/code", "code", "abcde-fghjk", "paper", "on").Want(422); !p.Has("details[open] #secours-e") || p.Has("#code-e") {
		t.Errorf("a wrong one: %s", p.Text("main"))
	}
	p := v.Post("/sign-in/code", "code", code, "paper", "on").Want(303)
	if p.Location() != "/me/sessions" {
		t.Errorf("to %s", p.Location())
	}
	p = v.Get("/me/sessions").Want(200)
	if !strings.Contains(p.Text("#avis"), "Le téléphone est perdu?") || !strings.Contains(p.Text("[aria-labelledby=cles]"), "9 codes restent") {
		t.Errorf("%s / %s", p.Text("#avis"), p.Text("[aria-labelledby=cles]"))
	}
	if fresh := v.Post("/me/recovery").Want(200); fresh.Count("#codes li") != 10 || strings.Contains(fresh.Text("#codes"), code) {
		t.Errorf("%s", fresh.Text("main"))
	}
	v.Post("/me/app/remove").Want(303)
	if p := signIn(t, h, h.Visitor(), "/me").Want(200); !p.Has("#mn") {
		t.Errorf("the password alone: %s", p.Text("main"))
	}
	b.Get("/me").Want(303) // the lost phone's session
}

func TestOwnersAreLedToASecondFactorBeforeAnythingElse(t *testing.T) {
	h := webtest.New(t)
	owner, manager := h.As(h.Owner), h.As(h.Add("Élie", "elie@lezinc.example", place.Manager))
	if p := manager.Get("/p/le-zinc/settings/place").Want(200); p.Has("[name=owners_second]") {
		t.Error("a manager is shown what owners prove")
	}
	owner.Post("/p/le-zinc/settings/place", append(placeForm, "owners_second", "on")...).Want(303)
	manager.Post("/p/le-zinc/settings/place", placeForm...).Want(303) // changes nothing of it

	v := h.Visitor()
	p := signIn(t, h, v, "/me")
	if !strings.Contains(p.Text("main"), "Le Zinc en demande un à ses propriétaires") {
		t.Fatalf("%s", p.Text("main"))
	}
	for _, page := range []string{"/", "/p/le-zinc/inbox", "/p/le-zinc/settings/team"} {
		if p := v.Follow(v.Get(page)); !p.Has("form[action=/me/app]") {
			t.Errorf("%s: %s", page, p.Text("main"))
		}
	}
	if p := v.Post("/p/le-zinc/settings/place", placeForm...).Want(303); p.Location() != "/me/second" {
		t.Errorf("an owner who is in already goes on: %s", p.Location())
	}
	if _, codes := addApp(t, v); codes.Attr("a.btn--lit", "href") != "/" {
		t.Errorf("then to %s", codes.Attr("a.btn--lit", "href"))
	}
	v.Get("/p/le-zinc/settings/team").Want(200)
	v.Get("/me/second").Want(303)
	journal := v.Get("/p/le-zinc/settings/journal").Want(200).Text("main")
	for _, want := range []string{"Demande un second facteur aux propriétaires", "A ajouté un second facteur application de codes"} {
		if !strings.Contains(journal, want) {
			t.Errorf("the journal does not say %q: %s", want, journal)
		}
	}
}

func TestAResetLinkDoesNotSkipTheSecondFactor(t *testing.T) {
	h := webtest.New(t)
	addApp(t, h.As(h.Owner))
	var code string
	h.Write(func(ctx context.Context, tx db.Tx) (err error) {
		code, err = place.ResetLink(ctx, tx, place.System(), "", h.Owner.ID)
		return err
	})
	v := h.Visitor()
	p := v.Post("/reset/"+code, "password", "un autre tramway passe à midi").Want(303)
	if p.Location() != "/sign-in/code?to=%2F" {
		t.Errorf("to %s", p.Location())
	}
	v.Get("/me").Want(303)
}

// Nobody who has not given the right password is told that there is a second factor: not by a byte of the page that
// refuses, and not by the pause.
func TestAWrongPasswordSaysNothingOfASecondFactor(t *testing.T) {
	h := webtest.New(t)
	addApp(t, h.As(h.Owner))
	answers := func(email string) (out []string) {
		b := h.Visitor()
		for i := range 12 {
			password := "pas le bon mot de passe"
			if i == 11 && email == h.Owner.Email {
				password = webtest.Password // even the right one, during the pause
			}
			out = append(out, whole(t, b.Post("/sign-in", "email", email, "password", password), email))
		}
		return out
	}
	if diff := cmp.Diff(answers(h.Owner.Email), answers("personne@lezinc.example")); diff != "" {
		t.Error(diff)
	}
}

func TestChangesOfASecondFactorAskThePasswordAgain(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE session SET authenticated_at = 0")
		return err
	})
	b.Header.Set("Referer", h.URL+"/me/sessions")
	for _, path := range []string{"/me/app", "/me/app/confirm", "/me/app/remove", "/me/passkeys/new", "/me/passkeys", "/me/passkeys/remove", "/me/recovery"} {
		if p := b.Post(path).Want(303); p.Location() != "/sign-in/again?to=%2Fme%2Fsessions" {
			t.Errorf("%s: to %s", path, p.Location())
		}
	}
	b.Header.Set("Referer", h.URL+"/p/le-zinc/settings/place")
	if p := b.Post("/p/le-zinc/settings/place", placeForm...).Want(303); p.Location() != "/p/le-zinc/settings/place" {
		t.Errorf("hours and names ask too: %s", p.Location())
	}
	if p := b.Post("/p/le-zinc/settings/place", append(placeForm, "owners_second", "on")...).Want(303); !strings.HasPrefix(p.Location(), "/sign-in/again?") {
		t.Errorf("what owners prove: to %s", p.Location())
	}
}

var placeForm = slices.Clip([]string{"place", "Le Zinc", "language", "fr-CA", "timezone", "America/Montreal", "undo", "10", "wait", "5", "keep", "30"})

// Where browsers have no passkeys, nothing leads to them and a sentence says why.
func TestPasskeysAreOfferedWhereBrowsersHaveThem(t *testing.T) {
	h := webtest.New(t)
	for name, c := range map[string]struct {
		host, proto string
		offered     bool
	}{
		"in figures":           {"127.0.0.1:8080", "http", false},
		"this machine by name": {"localhost:8080", "http", true},
	} {
		b := h.As(h.Owner)
		b.Header.Set("X-Forwarded-Host", c.host)
		b.Header.Set("X-Forwarded-Proto", c.proto)
		p := h.Visitor()
		p.Header = b.Header
		page, list := p.Get("/sign-in").Want(200), b.Get("/me/sessions").Want(200)
		if page.Has("a[href^=/sign-in/passkey]") != c.offered || list.Has("form[action=/me/passkeys/new]") != c.offered {
			t.Errorf("%s: %s", name, page.Text("main"))
		}
		if said := strings.Contains(page.Text("main"), "https") && strings.Contains(list.Text("main"), "https"); said == c.offered {
			t.Errorf("%s: the reason is said: %v", name, said)
		}
		if c.offered {
			asked := p.Get("/sign-in/passkey").Want(200)
			if !strings.Contains(asked.Attr("form[data-passkey]", "data-passkey"), `"rpId":"localhost"`) || asked.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s: %s", name, asked.Body)
			}
		} else {
			p.Get("/sign-in/passkey").Want(501)
			b.Post("/me/passkeys/new").Want(501)
		}
	}
}
