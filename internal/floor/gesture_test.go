package floor_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

func TestACallGoesFromTheTableToDoneAndIsToldAtEachStep(t *testing.T) {
	each(t, func(r *room) {
		asked := r.mustAsk(floor.Guest{}, 0, floor.Hungry, "")
		id := asked.Call.ID
		r.write(func(tx db.Tx) error { _, err := r.Take(r.Context(), tx, r.noemie, r.place.ID, id); return err })
		r.write(func(tx db.Tx) error { _, err := r.HandBack(r.Context(), tx, r.noemie, r.place.ID, id); return err })
		r.write(func(tx db.Tx) error { _, err := r.Take(r.Context(), tx, r.tom, r.place.ID, id); return err })
		r.write(func(tx db.Tx) error { _, err := r.Finish(r.Context(), tx, r.tom, r.place.ID, id); return err })
		r.write(func(tx db.Tx) error { _, err := r.Answer(r.Context(), tx, asked.Guest, id, floor.Good); return err })
		c, err := floor.Get(r.Context(), r.DB, r.place.ID, id)
		if err != nil {
			r.Fatal(err)
		}
		if c.State != floor.Done || c.Table != "1" || c.TakenName != "Tom Roy" || c.Answer != floor.Good || c.ClosedAt.Before(c.TakenAt) {
			r.Errorf("at the end: %+v", c)
		}
		want := []string{"received", "taken", "handed_back", "taken", "done", "answered"}
		if diff := cmp.Diff(want, r.changes); diff != "" {
			r.Errorf("told in the conversation: %s", diff)
		}
		var kinds []string
		entries, err := place.About(r.Context(), r.DB, r.place.ID, id)
		if err != nil {
			r.Fatal(err)
		}
		for _, e := range entries {
			kinds = append(kinds, e.Kind)
		}
		if diff := cmp.Diff([]string{"call.received", "call.taken", "call.handed_back", "call.taken", "call.done", "call.answered"}, kinds); diff != "" {
			r.Errorf("journal: %s", diff)
		}
	})
}

func TestOfTwentyThumbsOneTakesTheCallAndTheOthersSeeWho(t *testing.T) {
	each(t, func(r *room) {
		id := r.mustAsk(floor.Guest{}, 0, floor.Bill, "").Call.ID
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 20 {
			wg.Go(func() {
				actor := place.Actor{Kind: place.MemberActor, ID: db.NewID(), PlaceID: r.place.ID, Role: place.Floor, Name: "Fatou Diop"}
				err := r.try(func(tx db.Tx) error { _, err := r.Take(r.Context(), tx, actor, r.place.ID, id); return err })
				switch {
				case err == nil:
					won.Add(1)
				case !fault.Is(err, fault.Conflict) || fault.As(err).Key != "floor.taken_by" || fault.As(err).Args[1] != "Fatou":
					r.Errorf("too late: %v", err)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			r.Errorf("%d have taken it", won.Load())
		}
	})
}

func TestPressingTwiceIsNoErrorAndWritesNothingMore(t *testing.T) {
	each(t, func(r *room) {
		id := r.mustAsk(floor.Guest{}, 0, floor.Water, "").Call.ID
		for range 2 {
			r.write(func(tx db.Tx) error { _, err := r.Take(r.Context(), tx, r.noemie, r.place.ID, id); return err })
		}
		for range 2 {
			r.write(func(tx db.Tx) error { _, err := r.Finish(r.Context(), tx, r.noemie, r.place.ID, id); return err })
		}
		if diff := cmp.Diff([]string{"received", "taken", "done"}, r.changes); diff != "" {
			r.Error(diff)
		}
	})
}

func TestWhatIsOverCannotBeTakenAndSaysWhy(t *testing.T) {
	each(t, func(r *room) {
		done, gone := r.mustAsk(floor.Guest{}, 0, floor.Water, "").Call.ID, r.mustAsk(floor.Guest{}, 1, floor.Water, "").Call.ID
		r.write(func(tx db.Tx) error { _, err := r.Finish(r.Context(), tx, r.tom, r.place.ID, done); return err })
		r.write(func(tx db.Tx) error { _, err := r.Cancel(r.Context(), tx, r.tom, r.place.ID, gone); return err })
		take := func(id string) error {
			return r.try(func(tx db.Tx) error { _, err := r.Take(r.Context(), tx, r.noemie, r.place.ID, id); return err })
		}
		wantCode(r.T, take(done), fault.Conflict, "floor.done_by")
		wantCode(r.T, take(gone), fault.Conflict, "floor.cancelled")
		wantCode(r.T, take(db.NewID()), fault.NotFound, "")
		wantCode(r.T, take("' OR 1=1 --"), fault.NotFound, "")
		r.write(func(tx db.Tx) error { _, err := r.Reopen(r.Context(), tx, r.tom, r.place.ID, done); return err })
		wantCode(r.T, take(done), fault.Conflict, "floor.taken_by")
	})
}

func TestAnotherPlacesColleagueFindsNoCall(t *testing.T) {
	each(t, func(r *room) {
		id := r.mustAsk(floor.Guest{}, 0, floor.Water, "").Call.ID
		stranger := r.noemie
		stranger.PlaceID = db.NewID()
		for name, gesture := range map[string]func(db.Tx) error{
			"take":   func(tx db.Tx) error { _, err := r.Take(r.Context(), tx, stranger, r.place.ID, id); return err },
			"finish": func(tx db.Tx) error { _, err := r.Finish(r.Context(), tx, stranger, r.place.ID, id); return err },
			"own place": func(tx db.Tx) error {
				_, err := r.Take(r.Context(), tx, stranger, stranger.PlaceID, id)
				return err
			},
			"rotate": func(tx db.Tx) error {
				return floor.Rotate(r.Context(), tx, stranger, stranger.PlaceID, time.Time{}, r.tables[0].ID)
			},
			"rename": func(tx db.Tx) error {
				_, err := floor.ChangeTable(r.Context(), tx, stranger, r.place.ID, r.tables[0].ID, func(*floor.Table) {})
				return err
			},
		} {
			if err := r.try(gesture); !fault.Is(err, fault.NotFound) {
				r.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestACallIsGivenToAColleagueOfThePlaceOnly(t *testing.T) {
	each(t, func(r *room) {
		id := r.mustAsk(floor.Guest{}, 0, floor.Water, "").Call.ID
		marc := place.Member{ID: db.NewID(), Name: "Marc-Antoine Côté"}
		give := func() error {
			return r.try(func(tx db.Tx) error { _, err := r.Give(r.Context(), tx, r.noemie, r.place.ID, id, marc); return err })
		}
		wantCode(r.T, give(), fault.NotFound, "")
		r.write(func(tx db.Tx) error {
			now := db.Micros(time.Now())
			if _, err := tx.Exec(r.Context(), "INSERT INTO member (id, email, name, password, settings, created_at) VALUES ($1, 'm@zinc.example', $2, '', '{}', $3)", marc.ID, marc.Name, now); err != nil {
				return err
			}
			_, err := tx.Exec(r.Context(), "INSERT INTO membership (place_id, member_id, role, created_at) VALUES ($1, $2, 'floor', $3)", r.place.ID, marc.ID, now)
			return err
		})
		if err := give(); err != nil {
			r.Fatal(err)
		}
		c, err := floor.Get(r.Context(), r.DB, r.place.ID, id)
		if err != nil || c.TakenBy != marc.ID {
			r.Errorf("%+v %v", c, err)
		}
	})
}

func TestAMessageOfAnyNetworkBecomesACall(t *testing.T) {
	each(t, func(r *room) {
		var c floor.Call
		r.write(func(tx db.Tx) (err error) {
			c, err = r.FromConversation(r.Context(), tx, r.owner, r.place.ID, floor.FromNetwork{ConversationID: "c1", Network: "mastodon", Author: "Maude", Text: "on a faim\x00", Language: "fr"})
			return err
		})
		if c.Table != "" || c.Asks[0].Author != "Maude" || c.Asks[0].Text != "on a faim" || c.State != floor.Received {
			r.Errorf("%+v", c)
		}
		r.write(func(tx db.Tx) (err error) {
			c, err = r.SeatAt(r.Context(), tx, r.noemie, r.place.ID, c.ID, r.tables[2].ID)
			return err
		})
		of, err := floor.OfConversation(r.Context(), r.DB, r.place.ID, "c1")
		if err != nil || len(of) != 1 || of[0].Table != "3" {
			r.Errorf("%+v %v", of, err)
		}
		if diff := cmp.Diff([]string{"received", "placed"}, r.changes); diff != "" {
			r.Error(diff)
		}
	})
}

func TestACallThatAProgramTookSaysSo(t *testing.T) {
	each(t, func(r *room) {
		var value string
		r.write(func(tx db.Tx) (err error) {
			_, value, err = place.CreateToken(r.Context(), tx, place.System(), r.place.ID, "Bouton du bar", []place.Scope{place.ScopeFloor}, 0)
			return err
		})
		button, _, err := place.FindToken(r.Context(), r.DB, value)
		if err != nil {
			r.Fatal(err)
		}
		id := r.mustAsk(floor.Guest{}, 0, floor.Water, "").Call.ID
		var c floor.Call
		r.write(func(tx db.Tx) (err error) { c, err = r.Take(r.Context(), tx, button, r.place.ID, id); return err })
		if !c.Program || c.TakenBy != button.ID {
			r.Errorf("taken: %+v", c)
		}
		err = r.try(func(tx db.Tx) error { _, err := r.Take(r.Context(), tx, r.tom, r.place.ID, id); return err })
		if who := fault.As(err).Args; len(who) != 2 || who[1] != "Bouton\u00a0du\u00a0bar" {
			r.Errorf("who comes too late reads %v", who)
		}
		r.write(func(tx db.Tx) error { _, err := r.HandBack(r.Context(), tx, button, r.place.ID, id); return err })
		r.write(func(tx db.Tx) (err error) { c, err = r.Take(r.Context(), tx, r.tom, r.place.ID, id); return err })
		if c.Program {
			r.Error("a colleague is told to be a program")
		}
	})
}

func TestCallsAreListedNewestFirstByState(t *testing.T) {
	each(t, func(r *room) {
		var ids []string
		for i, kind := range []floor.Kind{floor.Hungry, floor.Bill, floor.Water} {
			ids = append(ids, r.mustAsk(floor.Guest{}, i, kind, "").Call.ID)
		}
		r.write(func(tx db.Tx) error { _, err := r.Take(r.Context(), tx, r.tom, r.place.ID, ids[0]); return err })
		r.write(func(tx db.Tx) error { _, err := r.Finish(r.Context(), tx, r.tom, r.place.ID, ids[1]); return err })
		for _, tt := range []struct {
			state floor.State
			after string
			want  []string
		}{
			{"", "", []string{ids[2], ids[1], ids[0]}},
			{floor.AnyOpen, "", []string{ids[2], ids[0]}},
			{floor.Taken, "", []string{ids[0]}},
			{floor.Done, "", []string{ids[1]}},
			{"", ids[2], []string{ids[1], ids[0]}},
		} {
			all, err := floor.List(r.Context(), r.DB, r.place.ID, tt.state, tt.after, 10)
			if err != nil {
				r.Fatal(err)
			}
			var got []string
			for _, c := range all {
				got = append(got, c.ID)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				r.Errorf("state %q after %q: %s", tt.state, tt.after, diff)
			}
		}
	})
}

func TestTheCallsOfAConversationAreFound(t *testing.T) {
	each(t, func(r *room) {
		guest := r.mustAsk(floor.Guest{}, 0, floor.Hungry, "").Guest
		r.mustAsk(guest, 0, floor.Bill, "")
		r.mustAsk(floor.Guest{}, 1, floor.Water, "")
		mine := "conversation of " + guest.ID
		for limit, want := range map[int]int{10: 2, 1: 1} {
			calls, err := floor.CallsIn(r.Context(), r.DB, r.place.ID, limit, mine, "c9")
			if err != nil || len(calls) != want || calls[0].Kind != floor.Bill || calls[0].Table != "1" {
				r.Errorf("at most %d: %v, %v", limit, calls, err)
			}
		}
		if calls, err := floor.CallsIn(r.Context(), r.DB, db.NewID(), 10, mine); err != nil || len(calls) != 0 {
			r.Errorf("of another place: %v, %v", calls, err)
		}
		if calls, err := floor.CallsIn(r.Context(), r.DB, r.place.ID, 10); err != nil || len(calls) != 0 {
			r.Errorf("of none: %v, %v", calls, err)
		}
	})
}
