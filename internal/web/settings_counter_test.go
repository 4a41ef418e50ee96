package web_test

import (
	"strings"
	"testing"
	"time"

	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

const counterSettings = "/p/le-zinc/settings/counter"

// titles are those of the kept answers, in the order of the page.
func titles(p *webtest.Page) string { return p.Text(".kept .kept__s b.sm") }

func TestAnswersAreKeptChangedOrderedAndRemoved(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	id := say(t, h, from("Maude Gervais", "Vous servez encore?", time.Now()))[0]
	conversation := "/p/le-zinc/inbox/c/" + id
	p := b.Get(b.Get(conversation).Want(200).Attr(".reply__kept a", "href")).Want(200) // with none, the box leads to where they are kept
	if !strings.Contains(p.Text("main"), "Aucune pour l’instant") || !strings.Contains(p.Text("main"), "{prénom} son prénom Maude") {
		t.Errorf("%s", p.Text("main"))
	}
	for _, k := range [][2]string{{"On arrive", "On arrive!"}, {"Cuisine", "Oui {prénom}, {moi} s’en vient."}, {"Merci", "Merci!"}} {
		p = b.Follow(b.Post(p.Attr("#nouvelle", "action"), "title", k[0], "text", k[1]).Want(303))
	}
	if titles(p) != "On arrive Cuisine Merci" || !strings.Contains(p.Text("#avis"), "C’est gardé") {
		t.Errorf("kept: %q", titles(p))
	}
	cuisine := strings.TrimPrefix(p.Attr(".kept details[id^=g-] form[id^=f-]", "id"), "f-")
	p = b.Follow(b.Post(counterSettings+"/replies", "id", cuisine, "title", "On s’en vient", "text", "On s’en vient, {prénom}!").Want(303))
	p = b.Follow(b.Post(p.Attr(".kept form.kept__o", "action"), "id", cuisine, "by", "1").Want(303))
	if titles(p) != "Cuisine On s’en vient Merci" {
		t.Errorf("changed and moved: %q", titles(p))
	}
	p = b.Get(conversation).Want(200)
	if got := p.Attr("#gardees [data-insert^=On]", "data-insert"); got != "On s’en vient!" { // a guest at a table has no name
		t.Errorf("it is offered as %q", got)
	}
	if p.Count("#reponse .chip[data-insert]") != 3 || p.Attr("#gardees .help a", "href") != counterSettings {
		t.Errorf("in the box: %s", p.Text("#reponse"))
	}
	p = b.Follow(b.Post(counterSettings+"/replies/remove", "id", cuisine).Want(303))
	if titles(p) != "Cuisine Merci" {
		t.Errorf("removed: %q", titles(p))
	}
	b.Post(counterSettings+"/replies/remove", "id", cuisine).Want(404)
	b.Post(counterSettings+"/replies/move", "id", "x", "by", "1").Want(404)
}

// An answer that is kept in the house's other language too is offered in both, its variables in the words of each.
func TestAnAnswerIsKeptInTheOtherLanguageToo(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	conversation := "/p/le-zinc/inbox/c/" + say(t, h, from("Maude Gervais", "Are you still serving?", time.Now()))[0]
	p := b.Follow(b.Post(counterSettings+"/replies", "title", "Aujourd’hui", "text", "On est là {jour}.", "other", "We’re here {day}.").Want(303))
	if got := p.Text(".kept [name=other]"); got != "We’re here {day}." {
		t.Errorf("kept as %q", got)
	}
	b.Post(counterSettings+"/replies", "title", "Merci", "text", "Merci!").Want(303)
	p = b.Get(conversation).Want(200)
	if got := p.Attr("#gardees [data-other]", "data-insert"); got != "We’re here today." || p.Text("#gardees [data-other]") != "en anglais" || p.Count("#gardees [data-other]") != 1 {
		t.Errorf("offered as %q: %s", got, p.Text("#gardees"))
	}
	if got := b.Get(p.Attr("#gardees [data-other]", "href")).Text("#reponse textarea"); got != "We’re here today." {
		t.Errorf("without script the box holds %q", got)
	}
	if got := b.Get(p.Attr("#gardees [data-insert]", "href")).Text("#reponse textarea"); got != "On est là aujourd’hui." {
		t.Errorf("in the first language: %q", got)
	}
}

func TestARefusedAnswerIsShownWithWhatWasTyped(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	p := b.Post(counterSettings+"/replies", "title", strings.Repeat("a", 41), "text", "Bonsoir").Want(422)
	if !strings.Contains(p.Text("#nouvelle .err"), "40 caractères") || p.Text("#nouvelle textarea") != "Bonsoir" {
		t.Errorf("%s", p.Text("#nouvelle"))
	}
	p = b.Follow(b.Post(counterSettings+"/replies", "title", "Merci", "text", "Merci!").Want(303))
	id := strings.TrimPrefix(p.Attr(".kept form[id^=f-]", "id"), "f-")
	p = b.Post(counterSettings+"/replies", "id", id, "title", "Merci", "text", " ").Want(422)
	if !p.Has("#g-"+id+"[open]") || !strings.Contains(p.Text("#f-"+id+" .err"), "a besoin d’un texte") || p.Has("#nouvelle .err") {
		t.Errorf("%s", p.Text("main"))
	}
}

func TestLabelsAreRenamedColouredAndRemoved(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	id := say(t, h, from("Maude", "Bonsoir", time.Now()))[0]
	b.Post("/p/le-zinc/inbox/c/"+id+"/label", "new", "Reservation").Want(303)
	p := b.Get(counterSettings).Want(200)
	if !strings.Contains(p.Text("#etiquettes details"), "Reservation 1 conversation") {
		t.Errorf("%s", p.Text("#etiquettes"))
	}
	label := strings.TrimPrefix(p.Attr("#etiquettes details", "id"), "e-")
	b.Post(counterSettings+"/labels", "id", label, "name", "Réservation", "tone", "vin").Want(303)
	if p := b.Get("/p/le-zinc/inbox"); p.Text("#c-"+id+" .tag--vin") != "Réservation" {
		t.Errorf("in the list: %s", p.Text("#c-"+id))
	}
	b.Post(counterSettings+"/labels", "name", "Avis").Want(303)
	p = b.Post(counterSettings+"/labels", "id", label, "name", "AVIS", "tone", "vin").Want(422)
	if !strings.Contains(p.Text("#e-"+label+" .err"), "porte déjà ce nom") {
		t.Errorf("a name that is taken: %s", p.Text("#etiquettes"))
	}
	if p := b.Post(counterSettings+"/labels", "name", " ").Want(422); !p.Has("#etiquette .err") {
		t.Errorf("no name: %s", p.Text("#etiquette"))
	}
	p = b.Follow(b.Post(counterSettings+"/labels/remove", "id", label).Want(303))
	if strings.Contains(p.Text("#etiquettes"), "Réservation") || b.Get("/p/le-zinc/inbox").Has("#c-"+id+" .tag--vin") {
		t.Error("a removed label is still there")
	}
	if text := b.Get("/p/le-zinc/inbox/c/" + id).Text("#corps"); strings.Contains(text, "«") {
		t.Errorf("the thread names a label without a name: %s", text)
	}
}

func TestTheFloorKeepsNoAnswers(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Add("Noémie", "noemie@lezinc.example", place.Floor))
	b.Get(counterSettings).Want(403)
	b.Post(counterSettings+"/replies", "title", "x", "text", "x").Want(403)
	b.Post(counterSettings+"/labels", "name", "x").Want(403)
}
