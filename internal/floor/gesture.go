package floor

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// Take says that the actor goes. The first one has it: for everybody else it is a fault.Conflict with
// the name of who was first.
func (f *Floor) Take(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id string) (Call, error) {
	if err := actor.Needs(place.Floor, placeID); err != nil {
		return Call{}, err
	}
	return f.give(ctx, tx, actor, placeID, id, actor.ID, actor.Name, "state = 'received'")
}

// Give sends a colleague, whoever had the call before.
func (f *Floor) Give(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id string, to place.Member) (Call, error) {
	if err := actor.Needs(place.Floor, placeID); err != nil {
		return Call{}, err
	}
	role, err := place.RoleIn(ctx, tx, to.ID, placeID)
	if err != nil {
		return Call{}, err
	}
	if role == "" {
		return Call{}, fault.New(fault.NotFound, "floor.give", "")
	}
	return f.give(ctx, tx, actor, placeID, id, to.ID, to.Name, "state IN ('received', 'taken')")
}

func (f *Floor) give(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id, to, name, when string) (Call, error) {
	n, err := tx.Exec(ctx, "UPDATE call SET state = 'taken', taken_by = $3, taken_name = $4, taken_at = $5 WHERE place_id = $1 AND id = $2 AND "+when,
		placeID, id, to, name, db.Micros(time.Now()))
	if err != nil {
		return Call{}, err
	}
	c, err := Get(ctx, tx, placeID, id)
	switch {
	case err != nil:
		return c, err
	case n == 1:
		return c, f.changed(ctx, tx, actor, c, WasTaken)
	case c.State == Taken && c.TakenBy == to && to != "":
		return c, nil // pressed twice
	}
	return c, tooLate("floor.take", c)
}

// HandBack lets a taken call ring again for everybody.
func (f *Floor) HandBack(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id string) (Call, error) {
	if err := actor.Needs(place.Floor, placeID); err != nil {
		return Call{}, err
	}
	return f.move(ctx, tx, actor, placeID, id, Received, WasHandedBack,
		"UPDATE call SET state = 'received', taken_by = '', taken_name = '', taken_at = 0 WHERE place_id = $1 AND id = $2 AND state = 'taken'")
}

// Finish says that somebody was at the table.
func (f *Floor) Finish(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id string) (Call, error) {
	if err := actor.Needs(place.Floor, placeID); err != nil {
		return Call{}, err
	}
	return f.move(ctx, tx, actor, placeID, id, Done, WasDone,
		"UPDATE call SET state = 'done', taken_by = CASE WHEN taken_by = '' THEN $4 ELSE taken_by END, taken_name = CASE WHEN taken_by = '' THEN $5 ELSE taken_name END, taken_at = CASE WHEN taken_by = '' THEN $3 ELSE taken_at END, closed_at = $3 WHERE place_id = $1 AND id = $2 AND state IN ('received', 'taken')",
		db.Micros(time.Now()), actor.ID, actor.Name)
}

// Reopen takes a finished call up again where it was: a wrong tap, or not over after all.
func (f *Floor) Reopen(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id string) (Call, error) {
	if err := actor.Needs(place.Floor, placeID); err != nil {
		return Call{}, err
	}
	return f.move(ctx, tx, actor, placeID, id, Taken, WasReopened,
		"UPDATE call SET state = CASE WHEN taken_by = '' THEN 'received' ELSE 'taken' END, closed_at = 0, answer = '' WHERE place_id = $1 AND id = $2 AND state = 'done'")
}

// Cancel drops a call that nobody needs to see to.
func (f *Floor) Cancel(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id string) (Call, error) {
	if err := actor.Needs(place.Floor, placeID); err != nil {
		return Call{}, err
	}
	return f.move(ctx, tx, actor, placeID, id, Cancelled, WasCancelled,
		"UPDATE call SET state = 'cancelled', closed_at = $3 WHERE place_id = $1 AND id = $2 AND state IN ('received', 'taken')", db.Micros(time.Now()))
}

// SeatAt says at which table a call is, when it came from a network.
func (f *Floor) SeatAt(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id, tableID string) (Call, error) {
	if err := actor.Needs(place.Floor, placeID); err != nil {
		return Call{}, err
	}
	if _, err := GetTable(ctx, tx, placeID, tableID); err != nil {
		return Call{}, err
	}
	return f.move(ctx, tx, actor, placeID, id, "", WasPlaced,
		"UPDATE call SET table_id = $3 WHERE place_id = $1 AND id = $2 AND state IN ('received', 'taken')", tableID)
}

// move runs one guarded UPDATE. A call that is already where it should go is no error: somebody pressed
// twice, or on two phones.
func (f *Floor) move(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id string, to State, what Change, sql string, args ...any) (Call, error) {
	n, err := tx.Exec(ctx, sql, append([]any{placeID, id}, args...)...)
	if err != nil {
		return Call{}, err
	}
	c, err := Get(ctx, tx, placeID, id)
	switch {
	case err != nil:
		return c, err
	case n == 1:
		return c, f.changed(ctx, tx, actor, c, what)
	case c.State == to:
		return c, nil
	}
	return c, tooLate("floor."+string(what), c)
}

// tooLate says who or what was first.
func tooLate(op string, c Call) error {
	switch c.State {
	case Taken:
		return fault.New(fault.Conflict, op, "floor.taken_by", "who", FirstName(c.TakenName))
	case Done:
		return fault.New(fault.Conflict, op, "floor.done_by", "who", FirstName(c.TakenName))
	case Cancelled:
		return fault.New(fault.Conflict, op, "floor.cancelled")
	}
	return fault.New(fault.Conflict, op, "floor.not_taken")
}
