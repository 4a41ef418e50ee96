package floor_test

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

func TestWordsOfGuestsAreStoredAsPlainText(t *testing.T) {
	each(t, func(r *room) {
		for _, c := range []struct{ name, typed, stored string }{
			{"only emoji", "🍟🍟🍺", "🍟🍟🍺"},
			{"right to left", "שלום, אפשר תפריט?", "שלום, אפשר תפריט?"},
			{"direction tricks", "ok\u202egnol\u202c", "okgnol"},
			{"html", `<script>alert(1)</script> & "un menu"`, `<script>alert(1)</script> & "un menu"`},
			{"nul", "un\x00 menu", "un menu"},
			{"not utf-8", "menu \xff", "menu �"},
			{"a hundred and fifty words", strings.Repeat("é", floor.MaxText), strings.Repeat("é", floor.MaxText)},
			{"windows line ends", "a\r\nb", "a\nb"},
		} {
			r.later(time.Hour)
			a, err := r.asks(floor.Guest{}, 0, floor.Other, c.typed)
			if err != nil {
				r.Errorf("%s: %v", c.name, err)
				continue
			}
			last := a.Call.Asks[len(a.Call.Asks)-1]
			if last.Text != c.stored || r.said[len(r.said)-1].Text != c.stored {
				r.Errorf("%s: stored %q, want %q", c.name, last.Text, c.stored)
			}
			r.write(func(tx db.Tx) error { _, err := r.Finish(r.Context(), tx, r.tom, r.place.ID, a.Call.ID); return err })
		}
	})
}

func TestWordsThatCannotBeKeptAreRefusedAndNothingIsWritten(t *testing.T) {
	each(t, func(r *room) {
		r.change(func(s *place.Settings) { s.GuestKinds = []string{"hungry", "other", "kind"} })
		for _, c := range []struct {
			name, key string
			kind      floor.Kind
			text      string
		}{
			{"10,000 characters", "floor.text_long", floor.Other, strings.Repeat("x", 10_000)},
			{"one too many", "floor.text_long", floor.Hungry, strings.Repeat("é", floor.MaxText+1)},
			{"nothing said", "floor.text_missing", floor.Other, " \n\x00\t"},
			{"nothing kind said", "floor.text_missing", floor.Kindly, ""},
			{"a kind that is not offered", "floor.kind_unknown", floor.Bill, ""},
			{"an unknown kind", "floor.kind_unknown", "'; DROP TABLE call", "x"},
			{"nothing at all", "floor.kind_unknown", "", ""},
		} {
			_, err := r.asks(floor.Guest{}, 0, c.kind, c.text)
			if !fault.Is(err, fault.Invalid) || fault.As(err).Fields[0].Key != c.key {
				r.Errorf("%s: %v", c.name, err)
			}
		}
		if n := r.count("SELECT (SELECT count(*) FROM guest) + (SELECT count(*) FROM call) + (SELECT count(*) FROM guest_said)"); n != 0 {
			r.Errorf("%d rows were written", n)
		}
	})
}

func TestTheSameCallOfATableIsJoined(t *testing.T) {
	each(t, func(r *room) {
		first := r.mustAsk(floor.Guest{}, 0, floor.Hungry, "deux menus")
		second := r.mustAsk(floor.Guest{}, 0, floor.Hungry, "")
		other := r.mustAsk(first.Guest, 0, floor.Bill, "")
		elsewhere := r.mustAsk(floor.Guest{}, 1, floor.Hungry, "")
		if !second.Joined || second.Call.ID != first.Call.ID || len(second.Call.Asks) != 2 {
			r.Errorf("second: %+v", second)
		}
		if other.Joined || elsewhere.Joined {
			r.Error("another kind or another table joined")
		}
		if diff := cmp.Diff([]string{"received", "joined", "joined", "received", "received"}, r.changes); diff != "" {
			r.Error("told (the joined one in both conversations): " + diff)
		}
		r.write(func(tx db.Tx) error { _, err := r.Take(r.Context(), tx, r.tom, r.place.ID, first.Call.ID); return err })
		if a := r.mustAsk(second.Guest, 0, floor.Hungry, ""); !a.Joined {
			r.Error("within a minute, on its way: a second call")
		}
		r.later(2 * r.place.Settings.JoinWithin)
		if a := r.mustAsk(second.Guest, 0, floor.Hungry, ""); a.Joined {
			r.Error("later, the first on its way: should ring anew")
		}
	})
}

func TestAGuestSeesOnlyWhatThisGuestSent(t *testing.T) {
	each(t, func(r *room) {
		maude := r.mustAsk(floor.Guest{}, 0, floor.Hungry, "on meurt de faim")
		ginette := r.mustAsk(floor.Guest{}, 0, floor.Hungry, "un menu sans gluten")
		r.mustAsk(maude.Guest, 0, floor.Bill, "")
		hers, err := floor.OfGuest(r.Context(), r.DB, ginette.Guest, time.Now().Add(-time.Hour))
		if err != nil {
			r.Fatal(err)
		}
		if len(hers) != 1 || len(hers[0].Asks) != 1 || hers[0].Asks[0].Text != "un menu sans gluten" {
			r.Errorf("Ginette sees %+v", hers)
		}
		bill, err := floor.OfGuest(r.Context(), r.DB, maude.Guest, time.Now().Add(-time.Hour))
		if err != nil || len(bill) != 2 {
			r.Fatalf("Maude sees %+v %v", bill, err)
		}
		err = r.try(func(tx db.Tx) error { _, err := r.Withdraw(r.Context(), tx, ginette.Guest, bill[0].ID); return err })
		wantCode(r.T, err, fault.NotFound, "")
	})
}

func TestWhatTwoAskedForIsCancelledWhenBothWithdraw(t *testing.T) {
	each(t, func(r *room) {
		a, b := r.mustAsk(floor.Guest{}, 0, floor.Water, ""), r.mustAsk(floor.Guest{}, 0, floor.Water, "")
		withdraw := func(g floor.Guest) (c floor.Call) {
			r.write(func(tx db.Tx) (err error) { c, err = r.Withdraw(r.Context(), tx, g, a.Call.ID); return err })
			return c
		}
		if c := withdraw(a.Guest); c.State != floor.Received || len(c.Asks) != 1 {
			r.Errorf("one left: %+v", c)
		}
		if c := withdraw(b.Guest); c.State != floor.Cancelled {
			r.Errorf("both left: %+v", c)
		}
	})
}

func TestNobodyCameLetsTheCallRingAgain(t *testing.T) {
	each(t, func(r *room) {
		a := r.mustAsk(floor.Guest{}, 0, floor.Hungry, "")
		answer := func(what floor.Answer) error {
			return r.try(func(tx db.Tx) error { _, err := r.Answer(r.Context(), tx, a.Guest, a.Call.ID, what); return err })
		}
		wantCode(r.T, answer(floor.Again), fault.Conflict, "floor.not_taken")
		r.write(func(tx db.Tx) error { _, err := r.Finish(r.Context(), tx, r.tom, r.place.ID, a.Call.ID); return err })
		if err := answer(floor.Again); err != nil {
			r.Fatal(err)
		}
		waiting, err := floor.Waiting(r.Context(), r.DB, r.place.ID)
		if err != nil || len(waiting) != 1 || waiting[0].State != floor.Received || waiting[0].TakenName != "" || waiting[0].Answer != floor.Again {
			r.Errorf("%+v %v", waiting, err)
		}
	})
}

func TestKindWordsAreAMessageAndNoCall(t *testing.T) {
	each(t, func(r *room) {
		a := r.mustAsk(floor.Guest{}, 0, floor.Kindly, "Le grilled cheese… merci!")
		if a.Call.ID != "" || a.Guest.ConversationID == "" || len(r.said) != 1 || r.said[0].Kind != floor.Kindly || r.said[0].Table != "1" {
			r.Errorf("%+v %+v", a, r.said)
		}
		if n := r.count("SELECT count(*) FROM call"); n != 0 {
			r.Errorf("%d calls", n)
		}
	})
}

func TestAThousandPostsFromOnePhoneCostReadsOnly(t *testing.T) {
	each(t, func(r *room) {
		for _, c := range []struct {
			name string
			keep bool // the phone keeps its cookie
			most int
		}{{"with its cookie", true, r.place.Settings.PerGuest}, {"refusing cookies", false, r.place.Settings.PerTable}} {
			r.later(time.Hour)
			before := r.count("SELECT count(*) FROM guest_said")
			var g floor.Guest
			through, refused := 0, 0
			start := time.Now()
			for range 1000 {
				a, err := r.asks(g, 0, floor.Other, "allo")
				switch {
				case err == nil:
					through++
					if c.keep {
						g = a.Guest
					}
				case fault.Is(err, fault.RateLimited) && fault.As(err).RetryAfter > 9*time.Minute && fault.As(err).RetryAfter <= floor.Window:
					refused++
				default:
					r.Fatal(err)
				}
			}
			if through != c.most || refused != 1000-c.most {
				r.Errorf("%s: %d through, %d refused", c.name, through, refused)
			}
			if n := r.count("SELECT count(*) FROM guest_said") - before; n != c.most {
				r.Errorf("%s: %d rows", c.name, n)
			}
			if took := time.Since(start); took > 20*time.Second {
				r.Errorf("%s: took %s", c.name, took)
			}
			if _, err := r.asks(floor.Guest{}, 1, floor.Water, ""); err != nil {
				r.Errorf("%s: the next table pays for it: %v", c.name, err)
			}
		}
	})
}

func TestAPlaceDecidesHowMuchIsTooMuch(t *testing.T) {
	each(t, func(r *room) {
		r.change(func(s *place.Settings) { s.PerGuest, s.PerTable, s.JoinWithin = 2, 3, 20*time.Minute })
		g := r.mustAsk(floor.Guest{}, 0, floor.Water, "").Guest
		r.mustAsk(g, 0, floor.Other, "du pain")
		_, err := r.asks(g, 0, floor.Other, "du beurre")
		wantCode(r.T, err, fault.RateLimited, "floor.limit_guest")
		first := r.mustAsk(floor.Guest{}, 0, floor.Bill, "")
		_, err = r.asks(floor.Guest{}, 0, floor.Bill, "")
		wantCode(r.T, err, fault.RateLimited, "floor.limit_table")
		r.write(func(tx db.Tx) error {
			_, err := r.Take(r.Context(), tx, r.noemie, r.place.ID, first.Call.ID)
			return err
		})
		r.later(15 * time.Minute)
		if again := r.mustAsk(floor.Guest{}, 0, floor.Bill, ""); !again.Joined {
			r.Error("the same call is not joined as long as the place says")
		}
		for key, fn := range map[string]func(*place.Settings){
			"place.join_range": func(s *place.Settings) { s.JoinWithin = time.Second }, "place.guest_range": func(s *place.Settings) { s.PerGuest = 0 },
			"place.table_range": func(s *place.Settings) { s.PerTable = 201 }, "place.masked_range": func(s *place.Settings) { s.Masked = []string{strings.Repeat("x", 41)} },
		} {
			err := r.try(func(tx db.Tx) error {
				_, err := place.Change(r.Context(), tx, r.owner, r.place.ID, func(p *place.Place) error { fn(&p.Settings); return nil })
				return err
			})
			wantCode(r.T, err, fault.Invalid, key)
		}
	})
}

func TestAClockThatWasAheadSilencesNobody(t *testing.T) {
	each(t, func(r *room) {
		var g floor.Guest
		for range r.place.Settings.PerGuest {
			a, err := r.asks(g, 0, floor.Other, "allo")
			if err != nil {
				r.Fatal(err)
			}
			g = a.Guest
		}
		if _, err := r.asks(g, 0, floor.Other, "allo"); !fault.Is(err, fault.RateLimited) {
			r.Fatalf("one more: %v", err)
		}
		r.later(-24 * time.Hour) // it was a day ahead when they were counted, and has gone back
		if _, err := r.asks(g, 0, floor.Other, "allo"); err != nil {
			r.Errorf("silent for a day: %v", err)
		}
	})
}

func TestABarSharesOneAddressUpToALimit(t *testing.T) {
	each(t, func(r *room) {
		r.write(func(tx db.Tx) error {
			more, err := floor.AddTables(r.Context(), tx, r.owner, r.place.ID, 10, "")
			r.tables = append(r.tables, more...)
			return err
		})
		for i := range floor.PerAddress {
			r.mustAsk(floor.Guest{}, i%len(r.tables), floor.Water, "")
		}
		_, err := r.asks(floor.Guest{}, 0, floor.Water, "")
		wantCode(r.T, err, fault.RateLimited, "floor.limit_place")
		_, err = r.Ask(r.Context(), floor.Asking{Place: r.place, Table: r.tables[0], Address: netip.MustParseAddr("2001:db8::1"), Kind: floor.Water, Language: "fr-CA"})
		if err != nil {
			r.Errorf("another address: %v", err)
		}
		if n := r.count("SELECT count(*) FROM guest_said WHERE address LIKE '%192%'"); n != 0 {
			r.Error("an address is stored")
		}
	})
}

func TestAnAddressIsAnotherHashEveryDayAndIPv6VisitorsAreTheirNetwork(t *testing.T) {
	r := newRoom(t, dbtest.SQLite(t))
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	hash := func(addr string, day time.Time) string { return r.HashOf(netip.MustParseAddr(addr), day) }
	if hash("192.0.2.7", noon) != hash("192.0.2.7", noon.Add(time.Hour)) || hash("2001:db8::1", noon) != hash("2001:db8::ffff", noon) {
		t.Error("the limits cannot count: one visitor has two hashes on one day")
	}
	for what, other := range map[string]string{"the next day": hash("192.0.2.7", noon.Add(24*time.Hour)), "a neighbour": hash("192.0.2.8", noon), "another network": hash("2001:db8:0:1::1", noon), "another house": newRoom(t, dbtest.SQLite(t)).HashOf(phone, noon)} {
		if other == hash("192.0.2.7", noon) || other == hash("2001:db8::1", noon) {
			t.Errorf("%s has the same hash", what)
		}
	}
}

func TestNothingRingsWhenThePagesDoNotAnswer(t *testing.T) {
	each(t, func(r *room) {
		open := func(s floor.OpeningState) {
			r.write(func(tx db.Tx) (err error) {
				r.place, err = floor.SetOpening(r.Context(), tx, r.noemie, r.place.ID, s)
				return err
			})
		}
		open(floor.Paused)
		_, err := r.asks(floor.Guest{}, 0, floor.Water, "")
		wantCode(r.T, err, fault.Unavailable, "floor.paused")
		open(floor.Shut)
		_, err = r.asks(floor.Guest{}, 0, floor.Water, "")
		wantCode(r.T, err, fault.Unavailable, "floor.closed")
		if o := floor.OpeningOf(r.place, time.Now().Add(floor.Evening+time.Minute)); o.State != floor.Answering {
			r.Errorf("the next evening: %+v", o)
		}
		open(floor.Answering)
		r.change(func(s *place.Settings) {
			day := (time.Now().In(r.place.Location()).Weekday() + 3) % 7
			s.Hours.Days[day] = []place.Span{{From: 16 * 60, To: 27 * 60}}
		})
		_, err = r.asks(floor.Guest{}, 0, floor.Water, "")
		wantCode(r.T, err, fault.Unavailable, "floor.closed")
		if o := floor.OpeningOf(r.place, time.Now()); o.State != floor.Shut || o.Next.In(r.place.Location()).Hour() != 16 {
			r.Errorf("says it opens %v", o.Next)
		}
	})
}

func TestABlockedGuestRingsNowhereForTheNight(t *testing.T) {
	each(t, func(r *room) {
		a, neighbour := r.mustAsk(floor.Guest{}, 0, floor.Other, "bouh"), r.mustAsk(floor.Guest{}, 0, floor.Water, "")
		r.write(func(tx db.Tx) error { return floor.Block(r.Context(), tx, r.noemie, r.place.ID, a.Guest.ID) })
		g, err := r.Guest(r.Context(), r.DB, r.place.ID, a.Cookie)
		if err != nil || !g.Blocked(time.Now()) || g.Blocked(time.Now().Add(floor.Evening)) {
			r.Fatalf("%+v %v", g, err)
		}
		for name, g := range map[string]floor.Guest{"as known now": g, "as known before": a.Guest} {
			if _, err := r.asks(g, 1, floor.Water, ""); fault.As(err) == nil || fault.As(err).Key != "floor.closed" {
				r.Errorf("%s: %v", name, err)
			}
		}
		r.mustAsk(neighbour.Guest, 0, floor.Bill, "")
		list, err := floor.BlockedGuests(r.Context(), r.DB, r.place.ID)
		if err != nil || len(list) != 1 || list[0].Table != "1" || list[0].BlockedBy != "Noémie Tremblay" {
			r.Errorf("%+v %v", list, err)
		}
		r.write(func(tx db.Tx) error { return floor.Unblock(r.Context(), tx, r.noemie, r.place.ID, a.Guest.ID) })
		r.mustAsk(a.Guest, 0, floor.Bill, "")
	})
}

func TestACookieIsAGuestOfOnePlaceForOneEvening(t *testing.T) {
	each(t, func(r *room) {
		a := r.mustAsk(floor.Guest{}, 0, floor.Water, "")
		if a.Cookie == "" || r.count("SELECT count(*) FROM guest WHERE hash LIKE '%"+a.Cookie[:8]+"%'") != 0 {
			r.Error("the cookie itself is stored")
		}
		known := func(placeID, cookie string) bool {
			g, err := r.Guest(r.Context(), r.DB, placeID, cookie)
			if err != nil {
				r.Fatal(err)
			}
			return g.Known()
		}
		if !known(r.place.ID, a.Cookie) || known(db.NewID(), a.Cookie) || known(r.place.ID, "x") || known(r.place.ID, "") || known(r.place.ID, strings.Repeat("A", 22)) {
			r.Error("cookies are mixed up")
		}
		if b := r.mustAsk(a.Guest, 0, floor.Bill, ""); b.Cookie != "" || b.Guest.ID != a.Guest.ID {
			r.Error("a known guest gets another cookie")
		}
		r.later(floor.Evening)
		if known(r.place.ID, a.Cookie) {
			r.Error("still known the next day")
		}
	})
}

func TestWhatGuestsWroteIsForgotten(t *testing.T) {
	each(t, func(r *room) {
		old := r.mustAsk(floor.Guest{}, 0, floor.Other, "mon numéro est le 555-0100").Call
		r.later(31 * 24 * time.Hour)
		fresh := r.mustAsk(floor.Guest{}, 1, floor.Other, "un menu").Call
		r.write(func(tx db.Tx) error { return floor.Prune(r.Context(), tx, time.Now()) })
		for id, want := range map[string]string{old.ID: "", fresh.ID: "un menu"} {
			c, err := floor.Get(r.Context(), r.DB, r.place.ID, id)
			if err != nil || c.Asks[0].Text != want {
				r.Errorf("%+v %v, want %q", c, err, want)
			}
		}
		if n := r.count("SELECT count(*) FROM guest_said"); n != 1 {
			r.Errorf("%d rows of limits", n)
		}
		if n := r.count("SELECT count(*) FROM guest"); n != 1 {
			r.Errorf("%d guests", n)
		}
	})
}
