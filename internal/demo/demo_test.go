package demo

import (
	"context"
	"log/slog"
	"sync"
	"testing"

	"comptoir/internal/browsertest"
)

// begin opens Le Zinc with nobody acting but the test, and returns it with a link that signs its owner in.
func begin(t *testing.T) (*stage, string) {
	t.Helper()
	s, err := open(t.Context(), Config{Listen: "127.0.0.1:0", Seed: 1, Speed: 1}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var served sync.WaitGroup
	served.Go(func() {
		if err := s.app.Serve(ctx); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(func() { stop(); served.Wait(); s.close() })
	link, err := s.build(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return s, "http://" + address(s.app) + link
}

func TestAGuestIsHungryAColleagueGoesAndBothPhonesKnow(t *testing.T) {
	s, link := begin(t)
	desk := browsertest.New(t, browsertest.Desk)
	phone := browsertest.New(t, browsertest.Phone)
	desk.Goto(link)
	desk.Follow("main form button")
	room := "http://" + address(s.app) + "/p/le-zinc/floor"
	desk.Goto(room)
	desk.WaitForText("#prendre", "Tout le monde est servi")

	phone.Goto("http://" + address(s.app) + "/t/" + s.tables[7])
	phone.Screenshot("demo-table")
	phone.Follow("button[name=kind][value=hungry]")
	phone.WaitForText("main", "Reçu")
	desk.WaitForText("#prendre", "On a faim") // by itself
	desk.Screenshot("demo-salle")

	desk.Click("#prendre form[action$='/take'] button")
	desk.WaitForText("#route", "On a faim")
	phone.WaitForText("main", "Élie") // by itself: who is on the way
	phone.Screenshot("demo-suivi")

	desk.Click("#route form[action$='/done'] button")
	phone.WaitForText("main", "Tout va bien?")
	phone.Axe()
	desk.Axe()
}
