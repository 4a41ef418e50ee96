package web_test

import (
	"strings"
	"testing"

	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/web"
	"comptoir/internal/web/webtest"
)

func TestTheFirstStepsMakeTablesAndEndAtTheCounter(t *testing.T) {
	h := webtest.New(t, func(s *web.Server) {
		s.Addresses = func() []string { return []string{"http://localhost:8080", "http://192.168.1.4:8080"} }
	})
	b := h.As(h.Owner)
	p := b.Get("/p/le-zinc/start/message").Want(200)
	if p.Has(".qr") || !p.Has("main a[href=/p/le-zinc/start/tables]") {
		t.Errorf("without a table: %s", p.Text("main"))
	}
	b.Get("/p/le-zinc/start/tables").Want(200)
	p = b.Post("/p/le-zinc/start/tables", "zone", "Fenêtres", "count", "six", "zone", "Bar", "count", "1").Want(422)
	if !p.Has("#z-e") || p.Attr("#z0", "value") != "Fenêtres" {
		t.Errorf("%s", p.Text("main"))
	}
	b.Post("/p/le-zinc/start/tables", "zone", "Bar", "count", "1", "zone", "bar", "count", "2").Want(422)
	b.Post("/p/le-zinc/start/tables", "zone", "Fenêtres", "count", "6", "zone", "Bar", "count", "1", "zone", "", "count", "").Want(303)
	tables, err := floor.Tables(t.Context(), h.DB, h.Place.ID)
	if err != nil || len(tables) != 7 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	b.Post("/p/le-zinc/start/tables", "zone", "Fenêtres", "count", "6").Want(303) // the back key
	if p = b.Get("/p/le-zinc/start/tables").Want(200); p.Count(".plaque") != 7 || p.Has("[name=count]") {
		t.Errorf("made twice: %s", p.Text("main"))
	}
	if p = b.Get("/p/le-zinc/start/network").Want(200); !strings.Contains(p.Text(".nc--ok"), "7 plaques, prêtes") {
		t.Errorf("%s", p.Text("main"))
	}
	p = b.Get("/p/le-zinc/start/message").Want(200)
	if !strings.HasPrefix(p.Text("p.code"), "192.168.1.4:8080/t/") || !p.Has(".qr path") || !strings.Contains(p.Text(".banner"), "votre Wi-Fi") {
		t.Errorf("%s", p.Text("main"))
	}
	if got := b.Post("/p/le-zinc/start/done").Want(303).Location(); got != "/p/le-zinc/inbox" {
		t.Errorf("ends at %s", got)
	}
	if got, _ := place.Get(t.Context(), h.DB, h.Place.ID); !got.Settings.FirstStepsDone {
		t.Error("the first steps come back")
	}
}

func TestEveryStepCanWait(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	p := b.Get("/p/le-zinc/start/tables").Want(200)
	for range 2 {
		next := ""
		for _, step := range []string{"network", "message"} {
			if p.Has("a.end[href=/p/le-zinc/start/" + step + "]") {
				next = "/p/le-zinc/start/" + step
			}
		}
		if next == "" {
			t.Fatalf("no way on from %s", p.Text("h2"))
		}
		p = b.Get(next).Want(200)
	}
	if p.Attr("form.wf", "action") != "/p/le-zinc/start/done" {
		t.Errorf("%s", p.Text("main"))
	}
}
