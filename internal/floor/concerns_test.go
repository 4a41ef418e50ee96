package floor_test

import (
	"slices"
	"testing"

	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

// A full house has hundreds of phones open; what happens at one table is drawn anew on the phones of that table.
func TestAGuestsPageIsConcernedByWhatIsTheirsAlone(t *testing.T) {
	each(t, func(r *room) {
		mine := r.mustAsk(floor.Guest{}, 0, floor.Hungry, "")
		beside := r.mustAsk(floor.Guest{}, 0, floor.Hungry, "") // joins the same call
		other := r.mustAsk(floor.Guest{}, 1, floor.Bill, "")
		from, err := place.Last(r.Context(), r.DB, r.place.ID)
		if err != nil {
			r.Fatal(err)
		}
		r.write(func(tx db.Tx) error {
			_, err := r.Take(r.Context(), tx, r.noemie, r.place.ID, mine.Call.ID)
			return err
		})
		r.write(func(tx db.Tx) error {
			_, err := r.Take(r.Context(), tx, r.tom, r.place.ID, other.Call.ID)
			return err
		})
		r.write(func(tx db.Tx) error { // their own ask goes, and with it their name on the call
			_, err := r.Withdraw(r.Context(), tx, beside.Guest, beside.Call.ID)
			return err
		})
		r.write(func(tx db.Tx) error { return floor.Block(r.Context(), tx, r.noemie, r.place.ID, other.Guest.ID) })
		entries, err := place.Since(r.Context(), r.DB, r.place.ID, from, 100)
		if err != nil {
			r.Fatal(err)
		}
		for _, c := range []struct {
			who   floor.Guest
			kinds []string
		}{
			{mine.Guest, []string{"call.taken", "call.joined"}},
			{beside.Guest, []string{"call.taken", "call.joined"}},
			{other.Guest, []string{"call.taken", "guest.blocked"}},
		} {
			var got []string
			for _, e := range entries {
				if c.who.Concerns(e) {
					got = append(got, e.Kind)
				}
			}
			if !slices.Equal(got, c.kinds) {
				r.Errorf("concerned by %v, want %v", got, c.kinds)
			}
		}
		said := place.Entry{Kind: "reply.sent", SubjectID: mine.Guest.ConversationID}
		if !mine.Guest.Concerns(said) || other.Guest.Concerns(said) {
			r.Error("an answer concerns whom it answers, and nobody else")
		}
	})
}
