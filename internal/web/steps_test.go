package web_test

import (
	"strings"
	"testing"

	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

func TestTheFirstStepsMakeTablesAndEndAtTheCounter(t *testing.T) {
	h := addressed(t, "", "http://localhost:8080", "http://192.168.1.4:8080")
	b := h.As(h.Owner)
	p := b.Get("/p/le-zinc/start/message").Want(200)
	if p.Has(".qr") || p.Attr(".banner form", "action") != "/p/le-zinc/start/trial" {
		t.Errorf("without a table: %s", p.Text("main"))
	}
	for range 2 { // pressed twice
		b.Post("/p/le-zinc/start/trial").Want(303)
	}
	p = b.Get("/p/le-zinc/start/message").Want(200)
	if p.Text(".plaque") != "1" || !strings.HasPrefix(p.Text("p.code"), "192.168.1.4:8080/t/") || !p.Has(".qr path") || !strings.Contains(p.Text(".banner"), "votre Wi-Fi") {
		t.Errorf("%s", p.Text("main"))
	}
	tables := "/p/le-zinc/start/tables"
	b.Get(tables).Want(200)
	p = b.Post(tables, "zone", "Fenêtres", "count", "six", "zone", "Bar", "count", "1").Want(422)
	if !p.Has("#z-e") || p.Attr("#z0", "value") != "Fenêtres" {
		t.Errorf("%s", p.Text("main"))
	}
	b.Post(tables, "zone", "Bar", "count", "1", "zone", "bar", "count", "2").Want(422)
	b.Post(tables, "zone", "Fenêtres", "count", "6", "zone", "Bar", "count", "1", "zone", "", "count", "").Want(303)
	all, err := floor.Tables(t.Context(), h.DB, h.Place.ID)
	if err != nil || len(all) != 7 || all[0].ZoneID == "" || all[0].ZoneID != all[5].ZoneID || all[6].ZoneID == all[0].ZoneID {
		t.Fatalf("%d tables, %v: %+v", len(all), err, all)
	}
	b.Post(tables, "zone", "Terrasse", "count", "6").Want(303) // the back key
	if p = b.Get(tables).Want(200); p.Count(".pls .plaque") != 7 || p.Has("[name=count]") || p.Count(".qc") != 1 || !p.Has(".banner--amber input[name=address]") {
		t.Errorf("made twice, or without their cards: %s", p.Text("main"))
	}
	if got := b.Post("/p/le-zinc/start/done").Want(303).Location(); got != "/p/le-zinc/inbox" {
		t.Errorf("ends at %s", got)
	}
	if got, _ := place.Get(t.Context(), h.DB, h.Place.ID); !got.Settings.FirstStepsDone {
		t.Error("the first steps come back")
	}
}

func TestWhatIsNextLeavesTheCounterWhenItIsDoneOrPutAway(t *testing.T) {
	h := addressed(t, "", "http://192.168.1.4:8080")
	b := h.As(h.Owner)
	tables(t, h, 1)
	const next = ".strip--next"
	if p := b.Get("/p/le-zinc/inbox"); p.Has(next) {
		t.Error("it is there before the first steps are over")
	}
	b.Post("/p/le-zinc/start/done").Want(303)
	if got := b.Get("/p/le-zinc/inbox").Text(next + " .chip"); got != "Inviter quelqu’un Donner une adresse https Imprimer les affichettes" {
		t.Errorf("%q", got)
	}
	h.Add("Noémie", "noemie@lezinc.example", place.Floor)
	b.Post("/p/le-zinc/settings/address", "address", "https://lezinc.example", "do", "use").Want(303)
	if got := b.Get("/p/le-zinc/inbox").Text(next + " .chip"); got != "Imprimer les affichettes" {
		t.Errorf("%q", got)
	}
	b.Post("/p/le-zinc/start/next").Want(303)
	if b.Get("/p/le-zinc/inbox").Has(next) {
		t.Error("it comes back by itself")
	}
}

func TestEveryStepCanWait(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	p := b.Get("/p/le-zinc/start/message").Want(200)
	for _, next := range []string{"/p/le-zinc/start/network", "/p/le-zinc/start/tables"} {
		if got := p.Attr(".wf a.end", "href"); got != next || p.Text(".wf a.end") != "Plus tard" {
			t.Fatalf("from %s to %s, %q", p.Text("h2"), got, p.Text(".wf a.end"))
		}
		p = b.Get(next).Want(200)
	}
	if p.Attr("form.wf", "action") != "/p/le-zinc/start/done" || p.Text("form.wf .btn--ghost") != "Plus tard" {
		t.Errorf("%s", p.Text("main"))
	}
}

func TestTheAddressIsGivenWhereTheCardsAreFirstSeen(t *testing.T) {
	h := addressed(t, "", "http://192.168.1.4:8080")
	b := h.As(h.Owner)
	b.Post("/p/le-zinc/start/tables", "zone", "Salle", "count", "2").Want(303)
	address := "/p/le-zinc/settings/address"
	if p := b.Post(address, "from", "steps", "address", "lezinc", "do", "use").Want(422); p.Text("li[aria-current=step]") != "Les tables" || !p.Has("#adresse-c-e") {
		t.Errorf("%s", p.Text("main"))
	}
	if p := b.Post(address, "from", "steps", "address", "https://lezinc.example", "do", "test").Want(200); !strings.Contains(p.Text("[role=status]"), "en https") {
		t.Errorf("%s", p.Text("main"))
	}
	p := b.Follow(b.Post(address, "from", "steps", "address", "https://lezinc.example", "do", "use").Want(303))
	if p.Text("li[aria-current=step]") != "Les tables" || !p.Has(".banner--verre") || !strings.HasPrefix(p.Text(".qc__u"), "lezinc.example/t/") {
		t.Errorf("%s", p.Text("main"))
	}
}
