package inbox

import (
	"context"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// Change is several gestures on one conversation that belong together.
type Change struct {
	Gestures []Gesture
	On, Off  []string // labels to put on and to take off, by id
}

// Change makes the gestures of a change in their order and then sees to its labels: all of it, or nothing. It
// returns fault.Conflict ("inbox.merged") for a conversation that is shown as part of another one, and
// fault.Invalid for a label that the place does not have.
func (b *Inbox) Change(ctx context.Context, actor place.Actor, placeID, id string, c Change) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	return b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		if _, err := onScreen(ctx, tx, "inbox.change", placeID, id); err != nil {
			return err
		}
		for _, g := range c.Gestures {
			if _, err := b.do(ctx, tx, actor, placeID, g, id); err != nil {
				return err
			}
		}
		for _, l := range []struct {
			field string
			ids   []string
			on    bool
		}{{"on", c.On, true}, {"off", c.Off, false}} {
			for _, label := range l.ids {
				_, err := putLabel(ctx, tx, actor, placeID, id, label, l.on)
				if fault.Is(err, fault.NotFound) {
					err = fault.InvalidFields("inbox.change", fault.Field{Name: l.field, Key: "inbox.label_unknown"})
				}
				if err != nil {
					return err
				}
			}
		}
		return nil
	})
}
