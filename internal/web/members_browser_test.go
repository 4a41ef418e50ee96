package web_test

import (
	"strings"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// Every page of members, in both lights, looked at by axe.
func TestMembersPagesHoldOnEveryScreen(t *testing.T) {
	h := webtest.New(t)
	h.Add("Élie", "elie@lezinc.example", place.Manager)
	h.Add("Noémie", "noemie@lezinc.example", place.Floor)
	for name, screen := range map[string]browsertest.View{"desk": browsertest.Desk, "phone": browsertest.Phone, "evening": browsertest.Desk.Evening(), "english": browsertest.Phone.English()} {
		t.Run(name, func(t *testing.T) {
			speaking(h, screen)
			d := browsertest.New(t, screen)
			look := func(shot string) {
				t.Helper()
				speaks(t, d, screen)
				d.Fits()
				d.Axe()
				d.Screenshot("members-" + shot + "-" + name)
			}
			d.Goto(h.URL + "/sign-in?to=/p/le-zinc/settings/team")
			look("sign-in")
			d.Fill("#courriel", h.Owner.Email)
			d.Fill("#passe", "pas le bon mot")
			d.Allow("status of 422")
			d.Follow("button.btn--lit")
			d.WaitFor("#passe-e")
			look("refused")
			d.Fill("#passe", webtest.Password)
			d.Follow("button.btn--lit")
			d.WaitFor("#equipe")
			look("team")
			if wide := d.Eval(`() => [...document.querySelectorAll("main *")].filter(e => e.scrollWidth > e.clientWidth + 1 && getComputedStyle(e).overflowX === "auto").map(e => e.className)`); screen.Touch && wide != `["setn"]` {
				t.Errorf("on a phone one scrolls sideways in %s", wide)
			}
			d.Fill("main form [name=email]", "tom-"+name+"@lezinc.example")
			d.Click("main form button.btn--lit")
			d.WaitFor("#lien")
			look("invited")
			d.Click("#lien") // it can be seen, and pressed
			link := d.Value("#lien")
			for _, page := range []string{"/p/le-zinc/settings/place", "/p/le-zinc/settings/tokens", "/p/le-zinc/settings/journal", "/me", "/me/sessions", "/sign-in/again"} {
				d.Goto(h.URL + page)
				look(strings.ReplaceAll(strings.TrimPrefix(strings.TrimPrefix(page, "/p/le-zinc/settings"), "/"), "/", "-"))
			}
			d.Goto(h.URL + "/p/le-zinc/settings/tokens")
			d.Fill("main form [name=name]", "Caisse")
			d.Click("main form button.btn--lit")
			d.WaitFor("#jeton")
			look("token")

			tom := browsertest.New(t, screen)
			tom.Goto(link)
			tom.Fits()
			tom.Axe()
			tom.Screenshot("members-invitation-" + name)
			tom.Fill("#nom", "Tom")
			tom.Fill("#passe", "le tramway passe à minuit")
			tom.Follow("button.btn--lit")
			tom.WaitFor("#salle")
			tom.Allow("status of 410")
			tom.Goto(link)
			tom.Axe()
			tom.Screenshot("members-over-" + name)
		})
	}
}

// A light chosen in the menu is there on the next page, and a session that ends closes an open page.
func TestALightStaysAndASignOutIsAtOnce(t *testing.T) {
	h := webtest.New(t)
	d := browsertest.New(t, browsertest.Desk)
	d.Goto(h.URL + "/sign-in?to=/me")
	d.Fill("#courriel", h.Owner.Email)
	d.Fill("#passe", webtest.Password)
	d.Follow("button.btn--lit")
	d.WaitFor("#mn")
	d.Click(".me__b")
	d.WaitFor("#moi [data-light]")
	d.Click("#moi [data-light]")
	d.WaitFor("html[data-theme=soir]")
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) { // the page shows it before the server knows
		if m, err := place.GetMember(t.Context(), h.DB, h.Owner.ID); err == nil && m.Theme == "soir" {
			break
		} else if time.Now().After(end) {
			t.Fatalf("not kept: %+v %v", m, err)
		}
	}
	d.Goto(h.URL + "/me")
	d.WaitFor("html[data-theme=soir]")
	d.Click(".me__b")
	d.WaitFor("#moi form[action='/sign-out'] button")
	d.Click("#moi form[action='/sign-out'] button")
	d.WaitFor("main.porte #courriel")
}
