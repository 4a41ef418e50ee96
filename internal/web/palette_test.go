package web_test

import (
	"strings"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

func TestThePaletteFindsPeoplePlacesGesturesAndConversations(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	now := time.Now()
	ids := say(t, h, from("Maude Gervais", "On a faim", now.Add(-time.Hour)), from("Théo Lacasse", "Le matin du 4, est-ce possible?", now))
	p := b.Get("/p/le-zinc/go?q=MA").Want(200)
	for selector, want := range map[string]string{
		"#pl a[href=/p/le-zinc/inbox/c/" + ids[0] + "]":              "Ma ude Gervais",
		"#pl a[href=/p/le-zinc/settings/team#m-" + h.Owner.ID + "]":  "Ma rc-Antoine Propriété",
		"#pl a[href=/p/le-zinc/inbox?state=automatic]":               "Ma chines",
		"#pl button[data-press=light]":                               "Lumière du soir, du ma tin",
		"#pl a[href^=/p/le-zinc/inbox/c/" + ids[1] + "?at=]":         "Le matin du 4, est-ce possible? Théo Lacasse",
		"#pl a[href=/p/le-zinc/inbox/c/" + ids[0] + "] b":            "Ma",
		"#pl a[href^=/p/le-zinc/inbox/c/" + ids[1] + "?at=] .clip b": "matin",
		"#pl [role=status]": "résultats",
	} {
		if got := plain(p.Text(selector)); !strings.Contains(got, want) {
			t.Errorf("%s says %q, want %q", selector, got, want)
		}
	}
	if p.Has("#pl a[href=/p/le-zinc/floor]") {
		t.Error("what does not fit is there")
	}
	if p := b.Get("/p/le-zinc/go?q=imprimer"); !p.Has("#pl a[href=/p/le-zinc/tables/cards]") {
		t.Errorf("another word for it finds nothing: %s", p.Text("#pl"))
	}
	if p := b.Get("/p/le-zinc/go?q=introuvable"); !strings.Contains(p.Text("#pl"), "On ne trouve rien") {
		t.Errorf("%s", p.Text("#pl"))
	}
}

func TestThePaletteOffersOnlyWhatTheMemberMayDo(t *testing.T) {
	h := webtest.New(t)
	id := say(t, h, from("Maude Gervais", "Maintenant", time.Now()))[0]
	other := another(h, "Le Magasin")
	floor := h.As(h.Add("Noémie", "noemie@lezinc.example", place.Floor))
	for _, q := range []string{"", "ma"} {
		p := floor.Get("/p/le-zinc/go?q=" + q + "&open=" + id).Want(200)
		for _, never := range []string{"#pl a[href^=/p/le-zinc/inbox]", "#pl a[href^=/p/le-zinc/settings]", "#pl a[href^=/p/" + other.Slug + "]", "#pl button[data-press=e]"} {
			if p.Has(never) {
				t.Errorf("%q: the floor is offered %s", q, never)
			}
		}
	}
	if p := floor.Get("/p/le-zinc/go"); !p.Has("#pl a[href=/p/le-zinc/floor]") || !p.Has("#pl form[action=/p/le-zinc/floor/opening]") {
		t.Errorf("%s", p.Text("#pl"))
	}
	owner := h.As(h.Owner)
	if p := owner.Get("/p/le-zinc/go?open=" + id); !p.Has("#pl button[data-press=e]") || !p.Has("#pl a[href=/p/le-zinc/inbox/c/"+id+"/merge]") || !p.Has("#pl a[href=/p/"+other.Slug+"/inbox]") {
		t.Errorf("%s", p.Text("#pl"))
	}
	owner.Post("/p/le-zinc/inbox/c/" + id + "/settle").Want(303)
	if got := owner.Get("/p/le-zinc/go?open=" + id).Text("#pl button[data-press=e]"); !strings.Contains(got, "Rouvrir") {
		t.Errorf("of what is settled it offers %q", got)
	}
	owner.Get("/p/" + other.Slug + "/go?open=" + id).Want(404)
}

func TestThePaletteWorksFromAnywhere(t *testing.T) {
	h := webtest.New(t)
	ids := anEvening(t, h)
	p := signedIn(t, h, browsertest.Desk, "/sign-in", h.Owner)
	p.Goto(h.URL + "/p/le-zinc/inbox/c/" + ids[0])
	title := p.Eval("() => document.title")
	p.Fill("textarea[name=text]", "Oui, jusqu’à 23 h")
	p.Press("Control+k") // from within a field
	p.WaitForText("#pl", "Dans cette conversation")
	p.Axe()
	p.Screenshot("palette-1440-matin")
	p.Fill("#palette-q", "kar")
	p.WaitForText("#pl", "Karim Belkacem")
	p.Screenshot("palette-trouve-1440-matin")
	p.Press("Enter")
	p.WaitForText("#fil h2", "Karim Belkacem")
	p.WaitGone("#palette")
	p.Press("Control+k")
	p.WaitForText("#pl", "Régler")
	p.Fill("#palette-q", "confier")
	p.WaitGone("#pl a[href^='/p/le-zinc/tables']")
	p.Press("ArrowDown", "Enter")
	p.WaitForText("#confier", "Moi") // the menu of the page
	p.Press("Escape")
	p.Press("Control+k")
	p.WaitForText("#pl", "La salle")
	p.Press("ArrowDown", "s", "a", "l", "l", "e") // who types on goes on searching
	p.WaitGone("#pl a[href='/p/le-zinc/inbox']")
	if got := p.Value("#palette-q"); got != "salle" {
		t.Errorf("the field holds %q", got)
	}
	if got := p.Eval("() => document.title"); got != title {
		t.Errorf("looking changed the title to %s", got)
	}
	p.Click("#pl a[href='/p/le-zinc/floor']")
	p.WaitFor("#salle")
	p.Press("Control+k")
	p.WaitForText("#pl", "La salle")
	p.Press("Control+k")
	p.WaitGone("#palette")
}

func TestThePaletteIsAPageWithoutScript(t *testing.T) {
	h := webtest.New(t)
	ids := anEvening(t, h)
	p := signedIn(t, h, browsertest.Phone.WithoutScript(), "/sign-in", h.Owner)
	p.Goto(h.URL + "/p/le-zinc/go")
	p.Fill("#aller", "maude")
	p.Press("Enter")
	p.WaitForText("#pl", "Maude Gervais")
	p.Fits()
	p.Screenshot("palette-390-sans-script")
	p.Follow("#pl a[href='/p/le-zinc/inbox/c/" + ids[0] + "']")
	p.WaitForText("#corps", "Vous servez encore")
}
