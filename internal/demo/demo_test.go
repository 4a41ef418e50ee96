package demo

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/email"
	"comptoir/internal/network/mastodon"
	"comptoir/internal/network/wordpress"
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

// heard waits until somebody's words are at the counter.
func (s *stage) heard(t *testing.T, kind network.Kind, words string) inbox.Row {
	t.Helper()
	for range 300 {
		page, err := s.app.Inbox.List(t.Context(), s.place.ID, inbox.Query{MemberID: s.owner.ID, Only: kind})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range page.Rows {
			if strings.Contains(row.Name+" "+row.Excerpt, words) {
				return row
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("%q is not at the counter", words)
	return inbox.Row{}
}

// The main job, as whoever tries the demonstration does it: a card is scanned, the counter and the floor hear of it,
// somebody goes, the guest's page says who, and what is done no longer waits. The pictures are those of the README.
func TestAGuestIsHungryAColleagueGoesAndBothPhonesKnow(t *testing.T) {
	s, link := begin(t)
	desk := browsertest.New(t, browsertest.Desk)
	phone := browsertest.New(t, browsertest.Phone.Evening())
	counter, room := "http://"+address(s.app)+"/p/le-zinc/inbox", "http://"+address(s.app)+"/p/le-zinc/floor"
	desk.Goto(link)
	desk.Follow("main form button")
	desk.Goto(room)
	desk.WaitForText("#prendre", "Tout le monde est servi")
	s.heard(t, email.Kind, "Théo Lacasse") // everything is read by itself
	s.heard(t, mastodon.Kind, "Fabienne")
	s.heard(t, bluesky.Kind, "Odile")
	s.heard(t, wordpress.Kind, "Bastien")
	desk.Goto(counter)
	desk.WaitForText("#rangs", "Théo Lacasse")
	desk.WaitFor("html[data-stream=open]")

	phone.Goto("http://" + address(s.app) + "/t/" + s.tables[7])
	phone.Screenshot("table")
	phone.Follow("button[name=kind][value=hungry]")
	phone.WaitForText("main", "Reçu")
	desk.WaitForText("#nouvelles", "1 nouvelle") // by itself
	desk.Click("#nouvelles")
	desk.WaitForText("#rangs", "Table 7")
	desk.Click("#rangs .conv")
	desk.WaitForText("#fil h2", "Table 7")
	desk.Screenshot("comptoir")
	desk.Axe()

	desk.Goto(room)
	desk.WaitForText("#prendre", "On a faim")
	desk.Screenshot("salle")
	desk.Click("#prendre form[action$='/take'] button")
	desk.WaitForText("#route", "On a faim")
	phone.WaitForText("main", "Élie") // by itself: who is on the way
	phone.Screenshot("suivi")

	desk.Click("#route form[action$='/done'] button")
	phone.WaitForText("main", "Tout va bien?")
	desk.Goto(counter)
	desk.WaitForText("#rangs", "Théo Lacasse")
	if waiting := desk.Text("#rangs"); strings.Contains(waiting, "Table 7") {
		t.Errorf("who was served still waits for an answer: %s", waiting)
	}
	phone.Axe()
}
