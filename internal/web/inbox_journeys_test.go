package web_test

import (
	"strings"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/web/webtest"
)

func TestTwoConversationsAreMergedAndPartedInABrowser(t *testing.T) {
	h := webtest.New(t)
	ids := say(t, h, from("Maude Gervais", "Avez-vous trouvé mon foulard?", time.Now().Add(-time.Hour)), from("M. Gervais", "C’est encore moi, pour le foulard", time.Now()))
	for name, v := range map[string]browsertest.View{"1440-matin": browsertest.Desk, "390-soir": browsertest.Phone.Evening()} {
		p := signedIn(t, h, v, "/sign-in", h.Owner)
		p.Goto(h.URL + "/p/le-zinc/inbox/c/" + ids[0])
		p.Click("[popovertarget=gestes]")
		p.Click("#gestes a[href$='/merge']")
		p.Fill("#recherche-fusion", "encore")
		p.Press("Enter")
		p.WaitForText("#fil li", "M. Gervais")
		p.Click("#fil li a")
		p.WaitForText("#fil .check", "Chaque réponse repart")
		p.Fits()
		p.Axe()
		p.Screenshot("fusion-" + name)
		p.Click("#fil form .btn--lit")
		p.WaitForText("#corps", "encore moi")
		p.WaitForText("#avis", "n’en font plus qu’une")
		p.Screenshot("fusion-faite-" + name)
		p.Click("#avis button")
		p.WaitForText("#avis", "C’est annulé")
		p.WaitGone("#corps .msg + .msg, #corps .msg ~ .event ~ .msg")
		if text := p.Text("#corps"); strings.Contains(text, "encore moi") {
			t.Errorf("taken back: %s", text)
		}
	}
}

func TestAFileIsSavedAndAPictureIsLookedAt(t *testing.T) {
	h, box, _ := withMail(t)
	arrive(t, h, box, mail(t, "Voici"))
	p := signedIn(t, h, browsertest.Desk, "/sign-in", h.Owner)
	at := h.URL + "/p/le-zinc/inbox/c/" + first(h, "")
	p.Goto(at)
	if wide := p.Eval("async () => { const i = document.querySelector('.file__pic img'); await i.decode(); return i.naturalWidth }"); wide != "40" {
		t.Errorf("the picture is %s pixels wide", wide)
	}
	saved := p.Eval(`async () => { const a = document.querySelector('a.file'); const r = await fetch(a.href); return [a.hasAttribute('download'), r.status, r.headers.get('Content-Disposition')].join(' ') }`)
	if saved != `"true 200 attachment; filename*=UTF-8''la-terrasse.png"` {
		t.Errorf("saved as %s", saved)
	}
	p.Click("a.file")
	if p.URL() != at || p.Count("#corps .msg") != 1 {
		t.Errorf("to save a file leads to %s", p.URL())
	}
}

func TestAKeptReplyIsFoundInsertedAndSent(t *testing.T) {
	h := webtest.New(t)
	ids := anEvening(t, h)
	b := h.As(h.Owner)
	for title, words := range map[string]string{"On arrive": "On arrive!", "Cuisine jusqu’à": "Oui, jusqu’à 23 h! {moi} s’en vient.", "Merci": "Merci du fond du cœur."} {
		b.Post(counterSettings+"/replies", "title", title, "text", words).Want(303)
	}
	p := signedIn(t, h, browsertest.Desk, "/sign-in", h.Owner)
	p.Goto(h.URL + "/p/le-zinc/inbox/c/" + ids[0])
	p.Press(";")
	p.Fill("#gardees input", "CUISINE JUSQU")
	p.WaitGone("#gardees [data-name^=Merci]")
	p.Axe()
	p.Screenshot("reponses-gardees-1440-matin")
	p.Press("Enter") // chooses, and sends nothing
	p.WaitGone("#gardees")
	if got := p.Value("textarea[name=text]"); got != "Oui, jusqu’à 23 h! Marc-Antoine s’en vient." || p.Count("#corps .msg--us") != 0 {
		t.Errorf("inserted %q, %d sent", got, p.Count("#corps .msg--us"))
	}
	p.Press("Control+Enter")
	p.WaitForText("#corps .msg--us", "Marc-Antoine s’en vient")

	thumb := signedIn(t, h, browsertest.Phone, "/sign-in", h.Owner)
	thumb.Goto(h.URL + counterSettings)
	thumb.Click(".kept__o button[value='1']")
	thumb.WaitFor(".kept:nth-child(2) b.sm")
	thumb.Click(".kept details summary")
	thumb.Fill(".kept details[open] input[name=title]", "Bonsoir")
	thumb.Click(".kept details[open] form .btn:not(.btn--danger)")
	thumb.WaitForText("#avis", "C’est gardé")
	thumb.WaitForText(".kept", "Bonsoir")
	thumb.Fits()
	thumb.Axe()
	thumb.Screenshot("reglages-comptoir-390-matin")
}

func TestSeveralAreChosenAndSettledAtOnce(t *testing.T) {
	h := webtest.New(t)
	ids := anEvening(t, h)
	h.As(h.Owner).Post("/p/le-zinc/inbox/c/"+ids[1]+"/label", "new", "Réservation").Want(303)
	p := signedIn(t, h, browsertest.Desk, "/sign-in", h.Owner)
	p.Goto(h.URL + "/p/le-zinc/inbox")
	p.Click("[popovertarget=filtre]")
	p.Click("#filtre a[href$='pick=1']")
	p.WaitForText(".bulk__n", "Cochez des conversations")
	p.Click("#c-" + ids[0] + " .conv__pick")
	p.Click("#c-" + ids[2] + " .conv__pick")
	p.WaitForText(".bulk__n", "2 choisies")
	p.Screenshot("choisies-1440-matin")
	p.Click("[popovertarget=groupe-e]")
	p.WaitForText("#groupe-e", "Réservation")
	p.Fits()
	p.Screenshot("choisies-etiquettes-1440-matin")
	p.Press("Escape")
	p.Click("#c-" + ids[2] + " .conv__pick")
	p.WaitForText(".bulk__n", "1 choisie")
	p.Click("#groupe button[value=settle]")
	p.WaitForText("#avis", "1 conversation réglée")
	p.WaitGone("#c-" + ids[0])
	p.Press("z")
	p.WaitFor("#c-" + ids[0])
}

func TestAGestureThatTheNetworkDidNotTakeIsSaid(t *testing.T) {
	h := webtest.New(t)
	ids := anEvening(t, h)
	p := signedIn(t, h, browsertest.Desk, "/sign-in", h.Owner)
	p.Goto(h.URL + "/p/le-zinc/inbox/c/" + ids[0])
	p.Fill("textarea[name=text]", "Oui, jusqu’à 23 h")
	p.Allow("htmx:error: cut")
	p.Eval("() => { window.fetch = () => Promise.reject(new TypeError('cut')) }")
	p.Press("Control+Enter")
	p.WaitForText("#avis", "La connexion a lâché")
	if got := p.Value("textarea[name=text]"); got != "Oui, jusqu’à 23 h" {
		t.Errorf("what was written is %q", got)
	}
	p.Screenshot("coupure-1440-matin")
}

func TestLettersAreSilentForWhoTurnedThemOff(t *testing.T) {
	h := webtest.New(t)
	ids := anEvening(t, h)
	h.As(h.Owner).Post("/me", "name", h.Owner.Name).Want(303) // without keys=on
	p := signedIn(t, h, browsertest.Desk, "/sign-in", h.Owner)
	p.Goto(h.URL + "/p/le-zinc/inbox/c/" + ids[0])
	p.Press("e", "a", "?", "j")
	p.Press("Control+k") // a chord is no letter
	p.WaitForText("#pl", "Le comptoir")
	if p.Count(":popover-open") != 1 || !strings.Contains(p.Text("#fil h2"), "Maude") {
		t.Error("a letter did something")
	}
}

func TestAConversationIsWorkedOnAPhone(t *testing.T) {
	h := webtest.New(t)
	ids := anEvening(t, h)
	p := signedIn(t, h, browsertest.Phone, "/sign-in", h.Owner)
	p.Goto(h.URL + "/p/le-zinc/inbox")
	p.Click("#c-" + ids[0] + " .conv")
	p.WaitForText("#corps", "Vous servez encore")
	p.Click("[popovertarget=gestes]")
	p.Click("#gestes [popovertarget=etiquettes]")
	p.Fill("#etiquette-nom", "Réservation")
	p.Click("#etiquettes .btn")
	p.WaitForText("#corps", "a mis l’étiquette")
	p.Click("[popovertarget=gestes]")
	p.Click("#gestes [popovertarget=veille]")
	p.Click("#veille button[value=morning]")
	p.WaitForText("#avis", "En veille jusqu’à demain")
	p.WaitGone("#c-" + ids[0])
	p.Click("#avis button")
	p.WaitForText("#c-"+ids[0], "Réservation")
	p.Fits()
}

func TestALabelIsFoundOrMadeByTyping(t *testing.T) {
	h := webtest.New(t)
	ids := anEvening(t, h)
	h.As(h.Owner).Post("/p/le-zinc/inbox/c/"+ids[1]+"/label", "new", "Présents et mercis").Want(303)
	h.As(h.Owner).Post("/p/le-zinc/inbox/c/"+ids[1]+"/label", "new", "Réservation").Want(303)
	p := signedIn(t, h, browsertest.Desk, "/sign-in", h.Owner)
	p.Goto(h.URL + "/p/le-zinc/inbox/c/" + ids[0])
	p.Click("[popovertarget=gestes]")
	p.Click("#gestes [popovertarget=etiquettes]")
	p.Fill("#etiquette-nom", "RESERV")
	p.WaitGone("#etiquettes [data-name^=Pré]")
	p.Press("Enter")
	p.WaitForText("#corps .chips", "Réservation")
	p.WaitGone("#gestes")
	p.Click("[popovertarget=gestes]")
	p.Click("#gestes [popovertarget=etiquettes]")
	p.Fill("#etiquette-nom", "Objet perdu")
	p.Press("Enter") // none of that name: it is made
	p.WaitForText("#corps .chips", "Objet perdu")
	if p.Value("#etiquette-nom") != "" {
		t.Error("the field keeps the name")
	}
}
