package web_test

import (
	"context"
	"testing"

	"comptoir/internal/browsertest"
	"comptoir/internal/db"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// From the link to the floor, out and in again, and a password at last: with a thumb on a phone, and nothing to remember.
func TestAnInvitationIsAcceptedWithAPasskey(t *testing.T) {
	for name, screen := range map[string]browsertest.View{"desk": browsertest.Desk, "phone": browsertest.Phone, "evening": browsertest.Phone.Evening(), "desk-evening": browsertest.Desk.Evening(), "english": browsertest.Phone.English()} {
		t.Run(name, func(t *testing.T) {
			h := webtest.New(t)
			h.Write(func(ctx context.Context, tx db.Tx) error {
				_, err := place.Change(ctx, tx, place.System(), h.Place.ID, func(p *place.Place) error {
					if screen.Language != "" {
						p.Language = "en-CA"
					}
					return nil
				})
				return err
			})
			d := browsertest.New(t, screen)
			look := func(shot string) {
				t.Helper()
				d.Fits()
				d.Axe()
				if screen.Touch {
					d.Fingers()
				}
				d.Whole("invitation-" + shot + "-" + name)
			}
			d.Goto(byName(h) + invite(t, h, "noemie@lezinc.example"))
			device := d.Device()
			d.WaitFor("[name=way][value=passkey]")
			d.WaitGone("#passe")
			look("choice")
			d.Click("[name=way][value=password]")
			d.WaitFor("#passe")
			look("password")
			d.Click("[name=way][value=passkey]")
			d.WaitGone("#passe")
			d.Fill("#nom", "Noémie")
			d.Follow("button.btn--lit")
			d.WaitFor("form[data-passkey-make] button")
			look("key")
			device.Knows(false)
			d.Click("form[data-passkey-make] button")
			d.WaitFor("[data-passkey-failed]")
			look("silent")
			device.Knows(true)
			d.Click("form[data-passkey-make] button")
			d.WaitFor("#codes li")
			look("codes")
			d.Follow("a.btn--lit")
			d.WaitFor("#salle")

			signOut(d, h)
			d.Click("a[href^='/sign-in/passkey']")
			d.WaitFor("#salle, .side a, .tabbar a")
			d.Goto(byName(h) + "/me/sessions")
			d.WaitFor("#cles")
			look("ways")
			d.Follow("form[action='/me/passkeys/remove'] button")
			d.WaitFor("#motdepasse")
			look("last")
			h.Write(func(ctx context.Context, tx db.Tx) error {
				_, err := tx.Exec(ctx, "UPDATE session SET authenticated_at = 0")
				return err
			})
			d.Allow("status of 401")
			d.Fill("#passe", webtest.Password)
			d.Click("#motdepasse button") // the device answers by itself, and leads back
			d.WaitForText("#avis", map[string]string{"": "recommencer le changement", "en": "make the change again"}[screen.Language])
			d.Fill("#passe", webtest.Password)
			d.Click("#motdepasse button")
			d.WaitFor("#mo")
			look("chosen")
		})
	}
}

// Without script there are no passkeys: the page is the form that it always was.
func TestAnInvitationIsAcceptedWithoutScript(t *testing.T) {
	h := webtest.New(t)
	d := browsertest.New(t, browsertest.Phone.WithoutScript())
	d.Goto(byName(h) + invite(t, h, "noemie@lezinc.example"))
	d.WaitFor("#passe")
	d.WaitGone("[name=way]")
	d.Fits()
	d.Screenshot("invitation-without-script")
	d.Fill("#nom", "Noémie")
	d.Fill("#passe", webtest.Password)
	d.Follow("button.btn--lit")
	d.WaitFor("#salle")
}

// A device that is asked twice for the same account keeps the second key in the place of the first. Until the server has
// answered, nobody asks again.
func TestADeviceIsAskedForOneKey(t *testing.T) {
	h := webtest.New(t)
	d := browsertest.New(t, browsertest.Phone)
	d.Goto(byName(h) + invite(t, h, "noemie@lezinc.example"))
	d.Device()
	d.WaitFor("[name=way][value=passkey]")
	d.Fill("#nom", "Noémie")
	d.Follow("button.btn--lit")
	d.WaitFor("form[data-passkey-make] button")
	d.Eval(`() => { // a slow network: the form stays where it is
		const create = navigator.credentials.create.bind(navigator.credentials), form = document.querySelector('form[data-passkey-make]');
		navigator.credentials.create = options => { document.body.dataset.asked = +(document.body.dataset.asked || 0) + 1; return create(options); };
		form.submit = () => { document.body.dataset.sent = 'yes'; };
	}`)
	d.Click("form[data-passkey-make] button")
	d.WaitFor("body[data-sent]")
	d.Click("form[data-passkey-make] button")
	d.Click("form[data-passkey-make] button")
	if n := d.Attr("body", "data-asked"); n != "1" {
		t.Errorf("asked %s times", n)
	}
	d.Eval("() => HTMLFormElement.prototype.submit.call(document.querySelector('form[data-passkey-make]'))")
	d.WaitFor("#codes li")
}

// Somebody has the invitation open in two tabs. The second waits for the first, and then makes no key: the device would
// keep it in the place of the one that is stored.
func TestTwoTabsOfAnInvitationMakeOneKey(t *testing.T) {
	h := webtest.New(t)
	link := byName(h) + invite(t, h, "noemie@lezinc.example")
	first := browsertest.New(t, browsertest.Desk)
	second := first.Tab()
	for _, tab := range []*browsertest.Page{first, second} {
		tab.Goto(link)
		tab.WaitFor("[name=way][value=passkey]")
		tab.Fill("#nom", "Noémie")
		tab.Follow("button.btn--lit")
		tab.WaitFor("form[data-passkey-make] button")
	}
	mine, other := first.Device(), second.Device()
	first.Front()
	first.Eval(`() => { document.querySelector('form[data-passkey-make]').submit = () => { document.body.dataset.sent = 'yes'; }; }`) // a slow network
	first.Click("form[data-passkey-make] button")
	first.WaitFor("body[data-sent]")
	second.Allow("status of 410")
	second.Front()
	second.Click("form[data-passkey-make] button")
	second.WaitFor("[data-passkey-waiting]")
	first.Eval("() => HTMLFormElement.prototype.submit.call(document.querySelector('form[data-passkey-make]'))")
	first.WaitFor("#codes li")
	second.WaitForText("main", "déjà servi")
	if mine.Keys() != 1 || other.Keys() != 0 {
		t.Errorf("%d keys are kept by the first tab's device, %d by the second's", mine.Keys(), other.Keys())
	}
}
