package app

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

// pruneEvery is how often what is past keeping is forgotten. Several processes may do it at once: what one
// has deleted, the others do not find.
const pruneEvery = time.Hour

// A clock that leaps years ahead, as a machine without a battery may for an hour, would have everything forgotten
// at once. After a leap of whatever kind nothing is forgotten until the clock has gone on for a day.
const (
	leap   = 2 * 24 * time.Hour // no program stands still for so long without a reason
	proven = 24 * time.Hour
)

// prune forgets sign-in failures, sessions, links and guests' traces whose time is over.
func (a *App) prune(ctx context.Context) error {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		if err := a.pruneAt(ctx, time.Now()); err != nil && ctx.Err() == nil {
			a.log.Error("forgetting what is past keeping", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (a *App) pruneAt(ctx context.Context, now time.Time) error {
	believed := false
	err := a.DB.Write(ctx, func(tx db.Tx) (err error) {
		believed, err = place.BelieveClock(ctx, tx, now, leap, proven)
		return err
	})
	if err != nil || !believed {
		return err
	}
	return a.pruneOnce(ctx, now)
}

func (a *App) pruneOnce(ctx context.Context, now time.Time) error {
	for _, forget := range []func(context.Context, db.Tx, time.Time) error{place.Prune, floor.Prune, a.Inbox.ForgetGuests} {
		if err := a.DB.Write(ctx, func(tx db.Tx) error { return forget(ctx, tx, now) }); err != nil {
			return err
		}
	}
	return nil
}
