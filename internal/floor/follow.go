package floor

import (
	"context"
	"slices"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// OfGuest returns the calls that a guest asked for since a time, the latest first. Each carries only
// this guest's own words: another phone of the same table is not seen.
func OfGuest(ctx context.Context, q db.Querier, g Guest, since time.Time) ([]Call, error) {
	all, err := calls(ctx, q, g.PlaceID, "c.id IN (SELECT call_id FROM call_ask WHERE place_id = $1 AND guest_id = $2 AND at > $3 AND cancelled_at = 0)", "c.id DESC", g.ID, db.Micros(since))
	for i := range all {
		all[i].Asks = only(all[i].Asks, g.ID)
	}
	return all, err
}

// Concerns tells whether what happened can change what a guest's page shows: something about them, about their
// conversation or about a call that they asked for, or something that they did.
func (g Guest) Concerns(e place.Entry) bool {
	if e.SubjectID == g.ID || e.ActorID == g.ID || e.SubjectID != "" && e.SubjectID == g.ConversationID {
		return true
	}
	guests, _ := e.Data["guests"].([]any)
	return slices.Contains(guests, any(g.ID))
}

func only(asks []Ask, guestID string) []Ask {
	var own []Ask
	for _, a := range asks {
		if a.GuestID == guestID {
			own = append(own, a)
		}
	}
	return own
}

// Withdraw takes back what a guest asked for ("never mind"). When nobody else asked for the same, the
// call is cancelled.
func (f *Floor) Withdraw(ctx context.Context, tx db.Tx, g Guest, callID string) (Call, error) {
	c, err := own(ctx, tx, g, callID)
	if err != nil {
		return c, err
	}
	if !c.State.Open() {
		return c, tooLate("floor.withdraw", c)
	}
	now := db.Micros(time.Now())
	others := len(c.Asks) > len(only(c.Asks, g.ID))
	if !others {
		if _, err := tx.Exec(ctx, "UPDATE call SET state = 'cancelled', closed_at = $3 WHERE place_id = $1 AND id = $2", c.PlaceID, c.ID, now); err != nil {
			return c, err
		}
		c.State, c.ClosedAt = Cancelled, db.Time(now)
		return c, f.changed(ctx, tx, g.Actor(), c, WasCancelled) // told in the guest's conversation: before the ask goes
	}
	if _, err := tx.Exec(ctx, "UPDATE call_ask SET cancelled_at = $4 WHERE place_id = $1 AND call_id = $2 AND guest_id = $3", c.PlaceID, c.ID, g.ID, now); err != nil {
		return c, err
	}
	if c, err = Get(ctx, tx, c.PlaceID, c.ID); err != nil {
		return c, err
	}
	return c, f.changed(ctx, tx, g.Actor(), c, WasJoined)
}

// Answer is what a guest says to "all good?". Again lets the call ring once more.
func (f *Floor) Answer(ctx context.Context, tx db.Tx, g Guest, callID string, a Answer) (Call, error) {
	c, err := own(ctx, tx, g, callID)
	if err != nil {
		return c, err
	}
	if c.State != Done || a != Good && a != Again {
		return c, tooLate("floor.answer", c)
	}
	sql, what := "UPDATE call SET answer = $3 WHERE place_id = $1 AND id = $2", WasAnswered
	args := []any{c.PlaceID, c.ID, string(a)}
	if a == Again {
		sql = "UPDATE call SET answer = $3, state = 'received', taken_by = '', taken_name = '', taken_at = 0, closed_at = 0, last_at = $4 WHERE place_id = $1 AND id = $2"
		args, what = append(args, db.Micros(time.Now())), WasReopened
	}
	if _, err := tx.Exec(ctx, sql, args...); err != nil {
		return c, err
	}
	if c, err = Get(ctx, tx, c.PlaceID, c.ID); err != nil {
		return c, err
	}
	return c, f.changed(ctx, tx, g.Actor(), c, what)
}

// own returns a call if the guest asked for it; to anybody else it does not exist.
func own(ctx context.Context, tx db.Tx, g Guest, callID string) (Call, error) {
	if !g.Known() || !db.IsID(callID) {
		return Call{}, fault.New(fault.NotFound, "floor.own", "")
	}
	c, err := Get(ctx, tx, g.PlaceID, callID)
	if err == nil && len(only(c.Asks, g.ID)) == 0 {
		err = fault.New(fault.NotFound, "floor.own", "")
	}
	return c, err
}

// FirstName is the first word of a name: what guests are told of a colleague.
func FirstName(name string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(name), " ")
	return first
}
