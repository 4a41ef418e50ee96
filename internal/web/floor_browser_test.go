package web_test

import (
	"strings"
	"testing"

	"comptoir/internal/browsertest"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// signedIn opens a browser in which a member is signed in. It loads an open page first: a cookie needs one.
func signedIn(t *testing.T, h *webtest.House, v browsertest.View, open string, m place.Member) *browsertest.Page {
	t.Helper()
	p := browsertest.New(t, v)
	p.Goto(h.URL + open)
	p.Eval("(value) => { document.cookie = 'comptoir=' + value + '; path=/'; return '' }", h.Cookie(m))
	return p
}

func TestATableCallsAndTheRoomAnswersLive(t *testing.T) {
	h := webtest.New(t)
	paths := tables(t, h, 11)
	table, noemie := paths[6], h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Floor)

	desk := signedIn(t, h, browsertest.Desk, table, h.Owner)
	desk.Goto(h.URL + "/p/le-zinc/floor")
	desk.WaitForText("#prendre", "Tout le monde est servi")
	thumb := signedIn(t, h, browsertest.Phone.Evening(), table, noemie)
	thumb.Goto(h.URL + "/p/le-zinc/floor")

	guest := browsertest.New(t, browsertest.Phone)
	guest.Goto(h.URL + table)
	guest.Fits()
	guest.Axe()
	guest.Screenshot("table-390")
	guest.Click("button.btn[value=hungry]")
	guest.WaitForText("#suivi", "On a faim")
	desk.WaitForText("#prendre", "On a faim")
	thumb.WaitForText("#prendre", "On a faim")
	thumb.Fits()
	thumb.Axe()
	thumb.Screenshot("salle-390-soir")
	other := browsertest.New(t, browsertest.Phone.English())
	other.Goto(h.URL + paths[3])
	other.Screenshot("table-en-390")
	other.Fill("#mots", "Water for four, please")
	other.Click("button[aria-label=Send]")
	other.WaitForText("#suivi", "Water for four")
	desk.WaitForText("#prendre", "Water for four")
	desk.Fits()
	desk.Axe()
	desk.Screenshot("salle-1440")

	desk.Press("j", "j", "Enter") // the second slip, not the first
	desk.WaitForText("#route", "Water for four")
	other.WaitForText("#suivi", "Marc-Antoine")

	thumb.Click("#prendre .btn--lit")
	guest.WaitForText("#suivi", "Noémie")
	guest.WaitForText("h1", "On s’en vient!")
	desk.WaitForText("#route", "On a faim")
	guest.Axe()
	guest.Fits()
	guest.Screenshot("suivi-390")
	thumb.Click("#route button[data-key=e]")
	guest.WaitForText("#suivi", "Tout va bien?")
	guest.Click("button[value=good]")
	guest.WaitForText("h1", "Merci à vous!")
	desk.WaitForText("#plan", "1 appel")
}

func TestASmallPhoneWithoutScriptHasEverything(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	small := browsertest.Phone.WithoutScript()
	small.Width = 320
	p := browsertest.New(t, small)
	p.Goto(h.URL + table)
	p.Fits()
	p.Follow("button.btn[value=water]")
	p.WaitForText("#suivi", "De l’eau")
	p.Fits()
	p.Screenshot("suivi-320-sansjs")

	staff := h.As(h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Floor))
	take := taking(t, staff.Get("/p/le-zinc/floor"), "take")
	staff.Post(take).Want(303)
	p.WaitForText("#suivi", "Noémie") // the page has loaded itself again
	staff.Post(strings.Replace(take, "/take", "/done", 1)).Want(303)
	p.WaitForText("#suivi", "Tout va bien?")
	p.Follow("button[value=again]")
	p.WaitForText("#suivi", "Ça sonne de nouveau")
	p.Follow("form[action$=withdraw] button")
	p.WaitForText("h1", "Bon")
	p.Click(".go--love summary") // opens without script
	p.Fill("#gentil", "Merci pour tout!")
	p.Follow("#mot .btn--lit")
	p.Goto(h.URL + table)
	p.Fill("#mots", "du pain")
	p.Follow("button[aria-label=Envoyer]")
	p.WaitForText("#suivi", "du pain")
	p.Fits()
}
