package web_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

func TestTheCardSaysWhoSpeaksAndWhatHappenedBefore(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	now := time.Now()
	before := from("Maude Gervais", "Avez-vous trouvé mon foulard?", now.AddDate(0, -2, 0))
	before.Thread = "autrefois"
	ids := say(t, h, before, from("Maude Gervais", "Bonsoir", now.Add(-time.Minute)))
	var table floor.Table
	h.Write(func(ctx context.Context, tx db.Tx) error {
		tables, err := floor.AddTables(ctx, tx, h.Owner.As(h.Place.ID, place.Owner), h.Place.ID, 7, "")
		if err != nil {
			return err
		}
		table = tables[6]
		_, err = h.Web.Floor.FromConversation(ctx, tx, h.Owner.As(h.Place.ID, place.Owner), h.Place.ID, floor.FromNetwork{ConversationID: ids[1], Network: "house", Author: "Maude", Text: "On a faim", TableID: table.ID, Kind: floor.Hungry})
		return err
	})
	p := b.Get("/p/le-zinc/inbox/c/" + ids[1]).Want(200)
	card := plain(p.Text("#fiche"))
	for _, want := range []string{"Maude Gervais", "Ici depuis", "Messages 2, dont 1 ce mois-ci", "Table 7 : On a faim", "Avez-vous trouvé mon foulard?", "À la table 7 depuis"} {
		if !strings.Contains(card, want) {
			t.Errorf("%q is not on the card: %s", want, card)
		}
	}
	if to := p.Attr("#fiche .timeline a", "href"); to != "/p/le-zinc/inbox/c/"+ids[0] {
		t.Errorf("what happened before leads to %s", to)
	}
	if p.Has("#fiche .timeline a[href=/p/le-zinc/inbox/c/" + ids[1] + "]") {
		t.Error("the card tells of the conversation that is open")
	}
}

func TestTheTeamWritesOnTheCard(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	id := say(t, h, from("maudeg", "Bonsoir", time.Now()))[0]
	at := "/p/le-zinc/inbox/c/" + id
	p := b.Get(at).Want(200)
	if p.Attr("#fiche input[name=name]", "value") != "" {
		t.Error("the network's name stands as ours")
	}
	b.Post(p.Attr("#fiche form", "action"), "name", "Maude Gervais", "about", "Allergie aux noix\n\nNegroni sans alcool <b>").Want(303)
	p = b.Get(at).Want(200)
	if p.Count("#fiche .section li") != 2 || !strings.Contains(p.Text("#fiche .section li"), "Negroni sans alcool <b>") || p.Text("#fiche h2") != "Maude Gervais" || p.Text("#c-"+id+" .conv__who") != "Maude Gervais" {
		t.Errorf("%s", p.Text("main"))
	}
	say(t, h, from("maudeg", "Encore moi", time.Now())) // its network does not take the name back
	if p := b.Get(at); p.Text("#fiche h2") != "Maude Gervais" || p.Attr("#fiche input[name=name]", "value") != "Maude Gervais" {
		t.Errorf("%s", p.Text("#fiche"))
	}
	b.Post(at+"/card", "name", "", "about", "").Want(303)
	if p := b.Get(at); p.Text("#fiche h2") != "maudeg" || strings.Contains(p.Text("#fiche"), "À savoir Allergie") {
		t.Errorf("emptied: %s", p.Text("#fiche"))
	}
}

func TestTheCardIsOneStepAwayWhereThereIsNoRoomForIt(t *testing.T) {
	h := webtest.New(t)
	ids := anEvening(t, h)
	h.As(h.Owner).Post("/p/le-zinc/inbox/c/"+ids[0]+"/card", "about", "Allergie aux noix\nNegroni sans alcool, toujours").Want(303)
	at := h.URL + "/p/le-zinc/inbox/c/" + ids[0]

	desk := signedIn(t, h, browsertest.Desk, "/sign-in", h.Owner)
	desk.Goto(at)
	desk.WaitForText("#fiche", "Negroni sans alcool")
	desk.Press("f")
	desk.WaitFor("#fiche-savoir")
	desk.Axe()
	desk.Screenshot("fiche-1440-matin")

	half := signedIn(t, h, browsertest.View{Width: 1024, Height: 768}.Evening(), "/sign-in", h.Owner)
	half.Goto(at)
	half.WaitGone("#fiche")
	half.Press("f")
	half.WaitForText("#fiche", "Negroni sans alcool")
	half.Fits()
	half.Axe()
	half.Screenshot("fiche-1024-soir")
	half.Press("Escape")
	half.WaitGone("#fiche")

	thumb := signedIn(t, h, browsertest.Phone, "/sign-in", h.Owner)
	thumb.Goto(at)
	thumb.Click("[popovertarget=gestes]")
	thumb.Click("#gestes [popovertarget=fiche]")
	thumb.WaitForText("#fiche", "Negroni sans alcool")
	thumb.Fits()
	thumb.Axe()
	thumb.Screenshot("fiche-390-matin")
	thumb.Click("#fiche .card__close")
	thumb.WaitGone("#fiche")
}
