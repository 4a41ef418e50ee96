package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// opening has the place open from noon to three at night, but for today's hours.
func hours(h *webtest.House, today []place.Span) {
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := place.Change(ctx, tx, place.System(), h.Place.ID, func(p *place.Place) error {
			now := time.Now().In(p.Location()).Weekday()
			for day := range p.Settings.Hours.Days {
				p.Settings.Hours.Days[day] = []place.Span{{From: 16 * 60, To: 24 * 60}}
			}
			p.Settings.Hours.Days[(now+6)%7], p.Settings.Hours.Days[now] = nil, today
			return nil
		})
		return err
	})
}

// Every page that a guest's phone can come to, in both lights and languages.
func TestAGuestsPagesHoldOnEveryScreen(t *testing.T) {
	for name, v := range map[string]browsertest.View{
		"1440-matin": browsertest.Desk, "1440-soir": browsertest.Desk.Evening(), "390-matin": browsertest.Phone, "390-soir": browsertest.Phone.Evening(), "390-en": browsertest.Phone.English(),
		"320": {Width: 320, Height: 640, Touch: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := webtest.New(t)
			table, staff := tables(t, h, 7)[6], h.As(h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Floor))
			p := browsertest.New(t, v)
			look := func(shot string) {
				t.Helper()
				p.Fits()
				p.Axe()
				if v.Touch {
					p.Fingers()
				}
				p.Screenshot("table-" + shot + "-" + name)
			}
			do := func(gesture string) { staff.Post(taking(t, staff.Get("/p/le-zinc/floor"), gesture)).Want(303) }

			p.Goto(h.URL + table)
			look("page")
			p.Click("#appel button.btn[value=hungry]")
			p.WaitFor("#suivi [aria-current=step]")
			look("recu")
			do("take")
			p.WaitForText("#suivi", "Noémie")
			look("en-route")
			do("done")
			p.WaitFor("button[value=good]")
			look("sur-place")
			p.Click("button[value=good]")
			p.WaitGone("button[value=good]")
			look("merci")

			p.Goto(h.URL + table)
			p.Click(".go--love summary")
			p.Fill("#gentil", "Le grilled cheese au Oka… on en parle encore. Merci!")
			look("mot")
			p.Click("#mot .btn--lit")
			p.WaitFor("#suivi")
			look("mot-merci")
			p.Goto(h.URL + table)
			p.Fill("#mots", strings.Repeat("à table, ", 55))
			look("long")

			hours(h, nil)
			p.Goto(h.URL + table)
			p.WaitFor(".facts")
			look("fermee")
			hours(h, []place.Span{{From: 0, To: 24 * 60}})
			h.Write(func(ctx context.Context, tx db.Tx) error {
				_, err := floor.SetOpening(ctx, tx, h.Owner.As(h.Place.ID, place.Owner), h.Place.ID, floor.Paused)
				return err
			})
			p.Goto(h.URL + table)
			look("pause")
			p.Goto(h.URL + table + "/privacy")
			look("garde")
			p.Allow("status of 404")
			p.Goto(h.URL + "/t/inconnu")
			look("inconnu")
		})
	}
	for _, w := range widths {
		t.Run(fmt.Sprint(w), func(t *testing.T) {
			t.Parallel()
			h := webtest.New(t)
			table := tables(t, h, 1)[0]
			p := browsertest.New(t, browsertest.View{Width: w, Height: 700})
			p.Goto(h.URL + table)
			p.Fits()
			p.Click("#appel button.btn[value=loud]")
			p.WaitFor("#suivi")
			p.Fits()
		})
	}
}
