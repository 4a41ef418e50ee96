package web_test

import (
	"cmp"
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/db"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

var refusedWords = map[string]string{"": "n’a pas ouvert", "en": "did not open"}

// byName is the house under a name that browsers have passkeys for.
func byName(h *webtest.House) string { return strings.Replace(h.URL, "127.0.0.1", "localhost", 1) }

// speaking makes the owner's language that of their browser.
func speaking(h *webtest.House, screen browsertest.View) {
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := place.ChangeMember(ctx, tx, h.Owner.ID, func(m *place.Member) { m.Language = map[string]string{"en": "en-CA"}[screen.Language] })
		return err
	})
}

// speaks fails the test for a page that is in another language than its reader's, whatever the place speaks.
func speaks(t *testing.T, p *browsertest.Page, screen browsertest.View) {
	t.Helper()
	if got, want := p.Attr("html", "lang"), cmp.Or(screen.Language, "fr"); !strings.HasPrefix(got, want) {
		t.Errorf("the page speaks %s, its reader %s", got, want)
	}
}

func enterByPassword(d *browsertest.Page, h *webtest.House, to string) {
	d.Goto(byName(h) + "/sign-in?to=" + to)
	d.Fill("#courriel", h.Owner.Email)
	d.Fill("#passe", webtest.Password)
	d.Follow("button.btn--lit")
}

// A passkey is made, opens by itself, after the password, and before a change that matters.
func TestAPasskeyFromTheFirstDayToTheLast(t *testing.T) {
	for name, screen := range map[string]browsertest.View{"desk": browsertest.Desk, "phone": browsertest.Phone, "evening": browsertest.Desk.Evening(), "english": browsertest.Phone.Evening().English()} {
		t.Run(name, func(t *testing.T) {
			h := webtest.New(t)
			speaking(h, screen)
			d := browsertest.New(t, screen)
			look := func(shot string) {
				t.Helper()
				speaks(t, d, screen)
				d.Fits()
				d.Axe()
				d.Screenshot("factor-" + shot + "-" + name)
			}
			d.Goto(byName(h) + "/sign-in")
			device := d.Device()
			d.WaitFor("a[href^='/sign-in/passkey']")
			look("sign-in")
			enterByPassword(d, h, "/me/sessions")
			d.WaitFor("#cles")
			look("none-yet")
			d.Follow("form[action='/me/passkeys/new'] button")
			look("new-passkey")
			d.Fill("#nom", "Téléphone d’Élie")
			d.Follow("button.btn--lit")
			d.WaitFor("#codes li")
			look("codes")
			d.Follow("a.btn--lit")
			d.WaitForText("[aria-labelledby=cles]", "Téléphone d’Élie")
			look("one-key")

			// Alone.
			signOut(d, h)
			d.Click("a[href^='/sign-in/passkey']")
			d.WaitFor(".side a, .tabbar a") // in
			d.Goto(byName(h) + "/me/sessions")
			d.WaitFor("#cles")

			// After the password.
			signOut(d, h)
			enterByPassword(d, h, "/me/sessions")
			d.WaitFor("a[href^='/sign-in/code/passkey']")
			look("second-by-passkey")
			d.Click("a[href^='/sign-in/code/passkey']")
			d.WaitFor("#cles")

			// Waiting for a hand, and in vain for a finger that the device does not know.
			signOut(d, h)
			device.Waits(true)
			d.Follow("a[href^='/sign-in/passkey']")
			d.WaitFor("[data-passkey-waiting]")
			look("waiting")
			device.Knows(false)
			device.Waits(false)
			d.Click("[data-passkey-again]")
			d.WaitFor("[data-passkey-failed]")
			look("silent")
			device.Knows(true)
			d.Follow("[data-passkey-again]")
			// Strangers have made the account pause. It opens all the same.
			signOut(d, h)
			for range 11 {
				place.SignIn(t.Context(), h.DB, h.Keys, place.Attempt{Email: h.Owner.Email, Password: "au hasard", Addr: netip.MustParseAddr("203.0.113.9")})
			}
			stranger := browsertest.New(t, screen)
			stranger.Allow("status of 429")
			enterByPassword(stranger, h, "/me/sessions")
			stranger.WaitFor(".banner")
			stranger.Fits()
			stranger.Axe()
			stranger.Screenshot("factor-pause-" + name)
			d.Click("a[href^='/sign-in/passkey']")
			d.WaitFor(".side a, .tabbar a") // in

			d.Goto(byName(h) + "/sign-in/again?to=/me/sessions")
			d.Click("a[href^='/sign-in/again/passkey']")
			d.WaitFor("#cles")
			d.Follow("form[action='/me/passkeys/remove'] button")
			d.WaitForText("[aria-labelledby=cles]", map[string]string{"": "seul", "en": "by itself"}[screen.Language])
			if n := d.Count("form[action='/me/passkeys/remove']"); n != 0 {
				t.Errorf("%d keys are left", n)
			}
			// The device still has it. Here nobody knows it any more.
			signOut(d, h)
			d.Allow("status of 422")
			d.Click("a[href^='/sign-in/passkey']")
			d.WaitForText("main", refusedWords[screen.Language])
			look("refused")
		})
	}
}

// signOut goes the way there is: on a phone through one's own page.
func signOut(d *browsertest.Page, h *webtest.House) {
	d.Goto(byName(h) + "/p/le-zinc/floor")
	if d.Eval("() => innerWidth < 768") == "true" {
		d.Click(".top a[href='/me']")
		d.WaitFor("#mn")
		d.Click("button[form=sortir]")
	} else {
		d.Click(".me__b")
		d.WaitFor("#moi form[action='/sign-out'] button")
		d.Click("#moi form[action='/sign-out'] button")
	}
	d.WaitFor("main.porte #courriel")
}

// An app is added with eyes and thumbs, asked for at the door, and what was kept on paper opens when it is lost.
func TestACodeFromTheFirstDayToTheLast(t *testing.T) {
	for name, screen := range map[string]browsertest.View{"desk": browsertest.Desk, "phone": browsertest.Phone, "evening": browsertest.Phone.Evening(), "english": browsertest.Desk.Evening().English(), "without-script": browsertest.Phone.WithoutScript()} {
		t.Run(name, func(t *testing.T) {
			h := webtest.New(t)
			speaking(h, screen)
			h.Write(func(ctx context.Context, tx db.Tx) error {
				_, err := place.Change(ctx, tx, place.System(), h.Place.ID, func(p *place.Place) error {
					p.Settings.OwnersSecondFactor = true
					return nil
				})
				return err
			})
			d := browsertest.New(t, screen)
			look := func(shot string) {
				t.Helper()
				d.Fits()
				if !screen.NoScript { // it is one
					d.Axe()
				}
				d.Screenshot("factor-" + shot + "-" + name)
			}
			enterByPassword(d, h, "/p/le-zinc/settings/team")
			d.WaitFor("form[action='/me/app']")
			look("asked")
			d.Follow("form[action='/me/app'] button")
			app := webtest.NewPhone(t, d.Value("#secret"))
			look("app")
			d.Fill("#code", "000000")
			d.Allow("status of 422")
			d.Follow("button.btn--lit")
			d.WaitFor("#code-e")
			look("app-refused")
			d.Fill("#code", app.Code(-30*time.Second))
			d.Follow("button.btn--lit")
			d.WaitFor("#codes li")
			kept := strings.Fields(d.Text("#codes"))[0]
			d.Follow("a.btn--lit")
			d.Goto(byName(h) + "/me/sessions")
			d.WaitFor("form[action='/me/app/remove']")
			look("one-app")

			signOut(d, h)
			enterByPassword(d, h, "/me")
			d.WaitFor("#code")
			look("code")
			d.Fill("#code", "123456")
			d.Follow("button.btn--lit")
			d.WaitFor("#code-e")
			look("code-refused")
			d.Fill("#code", app.Code(0))
			d.Follow("button.btn--lit")
			d.WaitFor("#mn")

			signOut(d, h)
			enterByPassword(d, h, "/me")
			d.Click("summary")
			d.WaitFor("#secours")
			look("recovery")
			d.Fill("#secours", kept)
			d.Follow("details button")
			d.WaitFor("#cles")
			look("recovered")
			d.Follow("form[action='/me/recovery'] button")
			d.WaitFor("#codes li")
			d.OnPaper()
			d.Screenshot("factor-paper-" + name)
		})
	}
}

// Nothing here needs a mouse.
func TestASecondFactorIsGivenByKeyboardAlone(t *testing.T) {
	h := webtest.New(t)
	d := browsertest.New(t, browsertest.Desk)
	enterByPassword(d, h, "/me/sessions")
	d.Follow("form[action='/me/app'] button")
	app := webtest.NewPhone(t, d.Value("#secret"))
	d.Fill("#code", app.Code(-30*time.Second))
	d.Follow("button.btn--lit")
	d.WaitFor("#codes li")
	signOut(d, h)
	d.Fill("#courriel", h.Owner.Email)
	d.Fill("#passe", webtest.Password)
	d.Press("Enter")
	d.WaitFor("#code")
	d.Press(strings.Split(app.Code(0), "")...) // the field has the focus
	d.Press("Enter")
	d.WaitFor(".me__b")
}
