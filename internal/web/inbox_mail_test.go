package web_test

import (
	"context"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/web"
	"comptoir/internal/web/webtest"
)

// paper is a mailbox that takes every answer and sends none.
type paper struct{}

func (paper) Profile(context.Context) (network.Profile, error) { return network.Profile{}, nil }
func (paper) Limits() network.Limits                           { return network.Limits{Attachments: 10, FileBytes: 20 << 20} }
func (paper) Publish(context.Context, network.Draft) (network.Receipt, error) {
	return network.Receipt{}, fault.New(fault.Unavailable, "paper", "")
}

// withMail is a house with a mailbox, and a floor that takes note of what is passed to it.
func withMail(t *testing.T) (h *webtest.House, box place.Account, passed *[]inbox.Passed) {
	t.Helper()
	passed = new([]inbox.Passed)
	h = webtest.New(t, func(s *web.Server) {
		s.Inbox.Open = func(place.Account) (network.Client, error) { return paper{}, nil }
		s.Inbox.ToFloor = func(_ context.Context, _ db.Tx, _ place.Actor, p inbox.Passed) (string, error) {
			*passed = append(*passed, p)
			return "call", nil
		}
	})
	h.Write(func(ctx context.Context, tx db.Tx) (err error) {
		box, err = place.AddAccount(ctx, tx, h.Keys, h.Owner.As(h.Place.ID, place.Owner), h.Place.ID, place.NewAccount{Kind: "email", Name: "Le Zinc", Handle: "bonjour@lezinc.example", Credential: network.NewCredential(map[string]string{"password": "x"})})
		return err
	})
	return h, box, passed
}

// mail is what Théo writes to the place.
func mail(t *testing.T, words string) network.Message {
	m := from("Théo Lacasse", words, time.Now().Add(-time.Hour))
	m.Author.Handle, m.Subject, m.Visibility = "theo@exemple.example", "Réservation pour 14 personnes", network.Private
	m.Quoted = "Le 20 nov. 2026 à 16 h 12, Le Zinc a écrit :\n> Combien serez-vous?\n\n-- \nThéo Lacasse\n514 555-0100"
	m.HTML = `<p>Bonjour</p><img src="https://exemple.example/pixel.gif"><img src="cid:logo"><img src="https://exemple.example/logo.png">`
	sent := picture(t)
	m.Attachments = []network.Attachment{
		{Name: "la-terrasse.png", Alt: "La terrasse, en juin", Content: func() io.Reader { return strings.NewReader(sent) }},
		{Name: "menu du groupe.pdf", Size: 7, Content: func() io.Reader { return strings.NewReader("%PDF-1.") }},
		{Name: "film.mov", Size: 80 << 20},
	}
	return m
}

// addTables sets up tables 1 to n.
func addTables(ctx context.Context, tx db.Tx, h *webtest.House, n int) ([]floor.Table, error) {
	return floor.AddTables(ctx, tx, h.Owner.As(h.Place.ID, place.Owner), h.Place.ID, n, "")
}

func arrive(t *testing.T, h *webtest.House, box place.Account, messages ...network.Message) {
	t.Helper()
	if err := h.Web.Inbox.Receive(t.Context(), box, network.Page{Messages: messages, Next: "1"}); err != nil {
		t.Fatal(err)
	}
}

// first is the conversation at the top of a list.
func first(h *webtest.House, list string) string {
	p := h.As(h.Owner).Get("/p/le-zinc/inbox" + list).Want(200)
	return strings.TrimPrefix(p.Attr("#rangs .convw", "id"), "c-")
}

func TestAMailShowsItsSubjectAndFoldsWhatItQuotes(t *testing.T) {
	h, box, _ := withMail(t)
	b := h.As(h.Owner)
	second := mail(t, "Finalement, nous serons quinze.")
	second.Subject, second.SentAt, second.HTML, second.Attachments = "RE: Réservation pour 14 personnes", time.Now(), "", nil
	second.Thread = "Théo Lacasse"
	arrive(t, h, box, mail(t, "Bonjour, nous fêtons le départ d’une collègue."), second)
	p := b.Get("/p/le-zinc/inbox/c/" + first(h, "")).Want(200)
	if p.Text("#corps h3") != "Réservation pour 14 personnes" || p.Has("#corps .msg .med") || !strings.Contains(p.Text("#fil .pane__head"), "Courriel, theo@exemple.example") {
		t.Errorf("the head: %s / %s", p.Text("#fil .pane__head"), p.Text("#corps h3"))
	}
	if p.Count("#corps details.fold") != 2 || p.Has("#corps details.fold[open]") || !strings.Contains(p.Text("#corps details.fold"), "514 555-0100") {
		t.Errorf("what is quoted: %s", p.Text("#corps details.fold"))
	}
	if got := p.Text("#corps .msg"); !strings.Contains(got, "2 images distantes n’ont pas été chargées") || strings.Contains(p.Body, "pixel.gif") {
		t.Errorf("pictures from elsewhere: %s", got)
	}
	if p.Count("#corps .files a.file") != 2 || p.Count("#corps .file__pic img") != 1 || !strings.Contains(p.Text("#corps .files"), "trop lourd pour être gardé") {
		t.Errorf("files: %s", p.Text("#corps .files"))
	}
}

func TestMachinesStandApart(t *testing.T) {
	h, box, _ := withMail(t)
	b := h.As(h.Owner)
	m := mail(t, "Nos offres de novembre")
	m.Automatic, m.Author.Name = true, "L’infolettre"
	arrive(t, h, box, m)
	if p := b.Get("/p/le-zinc/inbox").Want(200); p.Has("#rangs .convw") || !strings.Contains(p.Text("#rangs"), "Tout le monde est servi") {
		t.Errorf("to answer: %s", p.Text("#rangs"))
	}
	id := first(h, "?state=automatic")
	if p := b.Get("/p/le-zinc/inbox/c/" + id); !strings.Contains(p.Text("#corps .msg__head"), "Automatique") {
		t.Errorf("%s", p.Text("#corps"))
	}
}

// answered has Marc-Antoine answer, and what became of the answer.
func answered(t *testing.T, h *webtest.House, id, words, state, key string) string {
	t.Helper()
	h.As(h.Owner).Post("/p/le-zinc/inbox/c/"+id+"/reply", "text", words).Want(303)
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE reply SET state = $2, fault_code = $3, fault_key = $4 WHERE place_id = $1 AND message_id = (SELECT id FROM message WHERE place_id = $1 AND text = $5)",
			h.Place.ID, state, map[string]string{"failed": "rejected", "held": "unauthenticated", "uncertain": "ambiguous"}[state], key, words)
		return err
	})
	return words
}

func TestEachFateOfAnAnswerHasItsWaysOut(t *testing.T) {
	h, box, _ := withMail(t)
	b := h.As(h.Owner)
	arrive(t, h, box, mail(t, "Bonjour"))
	id := first(h, "")
	for _, fate := range []struct {
		state, key, says string
		ways             []string
	}{
		{"waiting", "", "Part dans un instant", []string{"/cancel"}},
		{"sending", "", "On envoie", nil},
		{"held", "", "le compte a besoin de quelqu’un", []string{"/cancel"}},
		{"failed", "email.fault.recipient", "n’accepte pas de courriel", []string{"/retry", "/cancel"}},
		{"failed", "reply.bounced", "l’adresse ne répond pas", nil},
		{"failed", "reply.late", "n’a pas pu partir à temps", []string{"/retry", "/cancel"}},
		{"uncertain", "", "rien ne dit si elle est arrivée", []string{"/anyway", "/arrived"}},
	} {
		words := answered(t, h, id, "Oui: "+fate.state+fate.key, fate.state, fate.key)
		p := b.Get("/p/le-zinc/inbox/c/" + id).Want(200)
		last := "#corps .msg--" + fate.state
		text := p.Text(last)
		if !strings.Contains(text, words) || !strings.Contains(text, fate.says) {
			t.Errorf("%s %s: %s", fate.state, fate.key, text)
		}
		for _, way := range []string{"/cancel", "/retry", "/anyway", "/arrived"} {
			if want := slices.Contains(fate.ways, way); offers(p, last, way) != want {
				t.Errorf("%s %s: %s is offered: %v, want %v", fate.state, fate.key, way, !want, want)
			}
		}
		if fate.state == "held" && p.Attr(last+" a.link", "href") != "/p/le-zinc/settings/accounts/"+box.ID {
			t.Error("held, and it does not lead to the account")
		}
		h.Write(func(ctx context.Context, tx db.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE reply SET state = 'sent' WHERE place_id = $1", h.Place.ID)
			return err
		})
	}
}

// offers tells whether a form or a button of an element leads to an address with this end.
func offers(p *webtest.Page, element, end string) bool {
	ways := append(p.Attrs(element+" form", "action"), p.Attrs(element+" button", "formaction")...)
	return slices.ContainsFunc(ways, func(to string) bool { return strings.HasSuffix(to, end) })
}

func TestAnAnswerThatSettlesIsTakenBackFromTheList(t *testing.T) {
	h, box, _ := withMail(t)
	b := h.As(h.Owner)
	arrive(t, h, box, mail(t, "Bonjour"))
	id := first(h, "")
	p := b.Follow(b.Post("/p/le-zinc/inbox/c/"+id+"/reply", "text", "C’est noté!", "then", "settle").Want(303))
	if p.Has("#c-"+id) || !p.Has("#avis [data-until]") {
		t.Errorf("settled: %s", p.Text("main"))
	}
	p = b.Follow(b.Post(p.Attr("#avis form", "action")).Want(303))
	if !p.Has("#c-"+id) || p.Text("textarea[name=text]") != "C’est noté!" {
		t.Errorf("taken back: %s", p.Text("#fil"))
	}
}

func TestAMessageIsPassedToTheTableThatItNames(t *testing.T) {
	h, box, passed := withMail(t)
	b := h.As(h.Owner)
	var seven string
	h.Write(func(ctx context.Context, tx db.Tx) error {
		tables, err := addTables(ctx, tx, h, 8)
		seven = tables[6].ID
		return err
	})
	arrive(t, h, box, mail(t, "On a faim à la TABLE 7, mais on ne voit personne!"))
	at := "/p/le-zinc/inbox/c/" + first(h, "")
	p := b.Get(at).Want(200)
	if p.Attr("#passer option[selected]", "value") != seven || p.Count("#passer option") != 9 {
		t.Errorf("the tables: %s", p.Text("#passer"))
	}
	b.Post(at+"/floor", "table", seven, "note", "Apporte les menus").Want(303)
	if got := *passed; len(got) != 1 || got[0].TableID != seven || got[0].Note != "Apporte les menus" {
		t.Errorf("%+v", got)
	}
	if p := b.Get(at); !strings.Contains(p.Text("#corps"), "l’a passée à la salle") {
		t.Errorf("%s", p.Text("#corps"))
	}
}

func TestAnAccountThatWaitsForSomebodySaysSoAboveTheList(t *testing.T) {
	h, box, _ := withMail(t)
	b := h.As(h.Owner)
	p := b.Get("/p/le-zinc/inbox").Want(200)
	if p.Has("#sante .strip") {
		t.Error("all is well, and a strip says otherwise")
	}
	stream := events(t, h, h.Owner, p.Attr("div[id^=flux-]", "hx-sse:connect"))
	h.Write(func(ctx context.Context, tx db.Tx) error {
		return place.Trouble(ctx, tx, box, fault.New(fault.Unauthenticated, "email.fetch", "email.fault.imap_login"))
	})
	next(t, stream, "bonjour@lezinc.example attend quelqu’un") // by itself
	p = b.Get("/p/le-zinc/inbox").Want(200)
	if !strings.Contains(p.Text("#sante"), "bonjour@lezinc.example attend quelqu’un") || p.Attr("#sante a", "href") != "/p/le-zinc/settings/accounts/"+box.ID {
		t.Errorf("%s", p.Text("#sante"))
	}
}

func TestAListThatCannotBeReadLeavesWhatIsOpen(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	id := say(t, h, from("Maude", "Bonsoir", time.Now()))[0]
	p := b.Get("/p/le-zinc/inbox/c/" + id + "?after=rien").Want(200)
	if !p.Has("#rangs .banner--brique") || !strings.Contains(p.Text("#rangs"), "La liste n’a pas pu être lue") || !strings.Contains(p.Text("#corps"), "Bonsoir") {
		t.Errorf("%s", p.Text("main"))
	}
}

// Everything that a mail can look like, on every screen.
func TestMailHoldsOnEveryScreen(t *testing.T) {
	h, box, _ := withMail(t)
	arrive(t, h, box, mail(t, "Bonjour, nous fêtons le départ d’une collègue et nous aimerions garder le fond de la salle. Est-ce possible le vendredi 4 décembre, à la table 7? https://exemple.example/plan"))
	id := first(h, "")
	h.Write(func(ctx context.Context, tx db.Tx) error { _, err := addTables(ctx, tx, h, 8); return err })
	answered(t, h, id, "Oui, c’est possible!", "failed", "reply.bounced")
	answered(t, h, id, "Le fond de la salle est à vous.", "held", "")
	answered(t, h, id, "À quelle heure?", "failed", "email.fault.too_big")
	answered(t, h, id, "On vous attend.", "uncertain", "")
	h.Write(func(ctx context.Context, tx db.Tx) error {
		return place.Trouble(ctx, tx, box, fault.New(fault.Unauthenticated, "email.fetch", "email.fault.imap_login"))
	})
	for name, v := range map[string]browsertest.View{
		"1440-matin": browsertest.Desk, "1440-soir": browsertest.Desk.Evening(), "390-matin": browsertest.Phone, "390-soir": browsertest.Phone.Evening(),
		"1024-matin": {Width: 1024, Height: 768}, "320-matin": {Width: 320, Height: 640, Touch: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := signedIn(t, h, v, "/sign-in", h.Owner)
			for shot, at := range map[string]string{"courriel": "/c/" + id, "sante": "", "fusion": "/c/" + id + "/merge", "introuvable": "?after=rien"} {
				p.Goto(h.URL + "/p/le-zinc/inbox" + at)
				p.Fits()
				p.Axe()
				p.Screenshot("comptoir-" + shot + "-" + name)
			}
			p.Goto(h.URL + "/p/le-zinc/inbox/c/" + id)
			p.Eval("() => { document.querySelector('#corps').scrollTop = 0; document.querySelector('details.fold').open = true }")
			p.Screenshot("comptoir-courriel-haut-" + name)
			p.Eval("() => document.querySelector('#passer').showPopover()")
			p.Axe()
			p.Fits()
			p.Screenshot("comptoir-passer-" + name)
		})
	}
}
