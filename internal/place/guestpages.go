package place

import (
	"context"
	"encoding/json"
	"time"

	"comptoir/internal/db"
)

// ChangeGuestPages pauses the table pages, closes them until a time, or opens them again. It is the one
// setting that everybody on the floor may change: whoever is there when it gets too much.
func ChangeGuestPages(ctx context.Context, tx db.Tx, actor Actor, placeID string, fn func(Place) (paused bool, closed time.Time)) (Place, error) {
	if err := actor.Needs(Floor, placeID); err != nil {
		return Place{}, err
	}
	p, err := Get(ctx, tx, placeID)
	if err != nil {
		return p, err
	}
	p.Settings.GuestPaused, p.Settings.GuestClosed = fn(p)
	settings, err := json.Marshal(p.Settings)
	if err != nil {
		return p, err
	}
	if _, err := tx.Exec(ctx, "UPDATE place SET settings = $2 WHERE id = $1", p.ID, string(settings)); err != nil {
		return p, err
	}
	state := "open"
	switch {
	case !p.Settings.GuestClosed.IsZero():
		state = "closed"
	case p.Settings.GuestPaused:
		state = "paused"
	}
	return p, Record(ctx, tx, p.ID, actor, Entry{Kind: "tables.opening_changed", SubjectID: p.ID, Data: map[string]any{"state": state}})
}
