package web_test

import (
	"strings"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// anEvening is what people said at Le Zinc before anybody looked.
func anEvening(t *testing.T, h *webtest.House) []string {
	t.Helper()
	now := time.Now()
	daho := from("Maude Gervais", "Soirée parfaite au Zinc. Le DJ a passé Étienne Daho, j’ai failli pleurer.", now.Add(-26*time.Hour))
	var all []network.Message
	for i, m := range []struct{ who, words string }{
		{"Inès Duval", "C’était quoi la toune vers 23 h hier? Celle avec l’orgue."},
		{"Théo Lacasse", "Réservation pour 14 personnes, le vendredi 4 décembre. Bonjour, nous fêtons le départ d’une collègue."},
		{"Sandrine Roy", "La lumière ce soir 😍 On revient jeudi prochain, c’est promis."},
		{"Karim Belkacem", "Élie, tu nous mets « 1990 » de Leloup avant minuit?"},
		{"Maude Gervais", "On a faim à la table 7, mais on ne voit personne! Vous servez encore la cuisine?"},
	} {
		all = append(all, from(m.who, m.words, now.Add(time.Duration(i-6)*time.Minute)))
	}
	return say(t, h, append([]network.Message{daho}, all...)...)
}

func TestTheCounterHoldsOnEveryScreen(t *testing.T) {
	h := webtest.New(t)
	h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Manager)
	empty := webtest.New(t)
	ids := anEvening(t, h)
	maude := ids[0]
	h.As(h.Owner).Post("/p/le-zinc/inbox/c/"+maude+"/note", "text", "Je l’ai dit à Noémie, elle s’en va les voir avec des menus.").Want(303)
	h.As(h.Owner).Post("/p/le-zinc/inbox/c/"+maude+"/label", "new", "Réservation").Want(303)
	h.As(h.Owner).Post(counterSettings+"/replies", "title", "Cuisine jusqu’à…", "text", "Oui {prénom}, jusqu’à 23 h! {moi} s’en vient avec les menus.").Want(303)
	h.As(h.Owner).Post("/p/le-zinc/inbox/c/"+maude+"/card", "about", "Allergie aux noix\nNegroni sans alcool, toujours").Want(303)
	english := h.Add("Tom Roy", "tom@lezinc.example", place.Manager)
	h.As(english).Post("/me", "name", english.Name, "language", "en-CA", "keys", "on").Want(303)
	for name, v := range map[string]browsertest.View{
		"1440-matin": browsertest.Desk, "1440-soir": browsertest.Desk.Evening(), "390-matin": browsertest.Phone, "390-soir": browsertest.Phone.Evening(),
		"1024-soir": {Width: 1024, Height: 768, Theme: "soir"}, "768-matin": {Width: 768, Height: 1024}, "320-matin": {Width: 320, Height: 640, Touch: true}, "1440-en": browsertest.Desk, "390-en": browsertest.Phone,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			who := h.Owner
			if strings.HasSuffix(name, "en") {
				who = english
			}
			p := signedIn(t, h, v, "/sign-in", who)
			for shot, at := range map[string]string{
				"comptoir": "/p/le-zinc/inbox", "fil": "/p/le-zinc/inbox/c/" + maude, "recherche-vide": "/p/le-zinc/inbox?q=introuvable",
				"choisir": "/p/le-zinc/inbox?pick=1", "en-veille": "/p/le-zinc/inbox?state=snoozed", "recherche": "/p/le-zinc/inbox?q=soir",
				"gardees": counterSettings,
			} {
				p.Goto(h.URL + at)
				p.Fits()
				p.Axe()
				p.Screenshot("comptoir-" + shot + "-" + name)
			}
			first := signedIn(t, empty, v, "/sign-in", empty.Owner)
			first.Goto(empty.URL + "/p/le-zinc/inbox")
			first.Fits()
			first.Axe()
			first.Screenshot("comptoir-vide-" + name)
		})
	}
}

func TestTheWholeCounterIsWorkedByKeyboard(t *testing.T) {
	h := webtest.New(t)
	ids := anEvening(t, h)
	p := signedIn(t, h, browsertest.Desk, "/sign-in", h.Owner)
	p.Goto(h.URL + "/p/le-zinc/inbox")
	p.Press("j", "j", "Enter") // the newest is Maude's, then Karim's
	p.WaitForText("#fil h2", "Karim Belkacem")
	read(t, h, ids[4])
	p.Press("j", "Enter")
	p.WaitForText("#fil h2", "Sandrine Roy")
	read(t, h, ids[3])
	p.Press("k", "Enter")
	p.WaitForText("#fil h2", "Karim Belkacem")
	p.Press("r")
	p.Fill("textarea[name=text]", "Leloup à 23 h 30, promis!")
	p.Press("Control+Enter")
	p.WaitForText("#corps .msg--us", "Leloup à 23 h 30")
	p.WaitForText("#corps .msg--us .msg__state", "Part dans")
	p.WaitFor("textarea[name=text]:placeholder-shown:not(:focus)") // the keys are the page's again
	p.Press("z")
	p.WaitForText("#avis", "Rien n’est parti")
	if got := p.Value("textarea[name=text]"); got != "Leloup à 23 h 30, promis!" {
		t.Errorf("the words came back as %q", got)
	}
	p.Press("?")
	p.WaitForText("#raccourcis", "Le clavier")
	p.Press("Escape")
	p.Press("v")
	p.WaitForText("#veille", "Demain matin")
	p.Press("Escape")
	p.Press("a")
	p.WaitForText("#confier", "Moi")
	p.Press("ArrowDown", "Enter")
	p.WaitForText("#avis", "C’est à vous.")
	p.Press("e")
	p.WaitForText("#avis", "C’est réglé.")
	p.WaitGone("#c-" + ids[4])
	p.Press("z")
	p.WaitFor("#c-" + ids[4])
	p.WaitForText("#avis", "C’est annulé.")
	time.Sleep(700 * time.Millisecond)
	if n := p.Count(".convw"); n != 5 {
		t.Errorf("%d rows after undoing, want each of the 5 once: %s", n, p.Text("#rangs"))
	}
	p.Press("k", "k", "Enter") // one is at Sandrine's, which took the place of what was settled
	p.WaitForText("#fil h2", "Maude Gervais")
	p.Press("f") // the card, to be completed
	p.WaitFor("#fiche-savoir")
	p.Press("Control+Shift+l")
	p.WaitFor("html[data-theme=soir]")
	p.Reload() // for good
	p.WaitFor("html[data-theme=soir]")
	p.Press("/")
	p.Fill("#recherche", "reservation")
	p.Press("Enter")
	p.WaitGone("#c-" + ids[0])
	p.WaitForText("#rangs", "Théo Lacasse")
	if n := p.Count("#rangs .convw"); n != 1 {
		t.Errorf("%d are found", n)
	}
}

// read waits until the page of a conversation has said that somebody sees it.
func read(t *testing.T, h *webtest.House, id string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if c, err := h.Web.Inbox.Get(t.Context(), h.Place.ID, id); err != nil || !c.Unread {
			return
		}
	}
	t.Errorf("%s is open in a browser and unread", id)
}

// Enter takes a kept answer as it is, Option with Enter in the other language; where there is none, as it is.
func TestAKeptAnswerIsInsertedInEitherLanguageByTheKeyboard(t *testing.T) {
	h := webtest.New(t)
	id := say(t, h, from("Maude Gervais", "Hello!", time.Now()))[0]
	b := h.As(h.Owner)
	b.Post(counterSettings+"/replies", "title", "Merci", "text", "Merci bien.", "other", "Thank you.").Want(303)
	b.Post(counterSettings+"/replies", "title", "Chaise", "text", "Une chaise suit.").Want(303)
	p := signedIn(t, h, browsertest.Desk, "/sign-in", h.Owner)
	p.Goto(h.URL + "/p/le-zinc/inbox/c/" + id)
	for _, step := range []struct{ typed, chord, want string }{{"mer", "Alt+Enter", "Thank you."}, {"mer", "Enter", "Thank you.Merci bien."}, {"cha", "Alt+Enter", "Thank you.Merci bien.Une chaise suit."}} {
		p.Press("Escape", ";")
		p.WaitFor("#gardees")
		p.Axe()
		p.Fill("#gardees input", step.typed)
		p.Press(step.chord)
		p.WaitGone("#gardees")
		if got := p.Value("#reponse textarea"); got != step.want {
			t.Errorf("%s after %q: %q, want %q", step.chord, step.typed, got, step.want)
		}
	}
}

func TestWhatArrivesWaitsUntilItIsAskedFor(t *testing.T) {
	h := webtest.New(t)
	noemie := h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Manager)
	ids := anEvening(t, h)
	desk, thumb := signedIn(t, h, browsertest.Desk, "/sign-in", h.Owner), signedIn(t, h, browsertest.Phone, "/sign-in", noemie)
	desk.Goto(h.URL + "/p/le-zinc/inbox/c/" + ids[0])
	desk.WaitFor("html[data-stream=open]")
	thumb.Goto(h.URL + "/p/le-zinc/inbox")
	say(t, h, from("Ginette Dubé", "Très belle ambiance!", time.Now()))
	desk.WaitForText("#nouvelles", "1 nouvelle")
	thumb.WaitForText("#nouvelles", "1 nouvelle")
	if text := desk.Text("#rangs"); strings.Contains(text, "Ginette") {
		t.Error("it pushed what was being read")
	}
	desk.Click("#nouvelles")
	desk.WaitForText("#rangs", "Ginette Dubé")

	thumb.Click("#c-" + ids[0] + " .conv")
	thumb.WaitForText("#corps", "Vous servez encore")
	read(t, h, ids[0])
	thumb.Fill("textarea[name=text]", "On arrive!")
	desk.WaitForText("#ici-"+ids[0], "Noémie")
	thumb.Click("#reponse .btn--lit[data-default]")
	desk.WaitForText("#corps .msg--us", "On arrive!") // by itself
	thumb.Click(".back")
	thumb.WaitFor("#liste")
}
