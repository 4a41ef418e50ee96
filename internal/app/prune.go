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

// prune forgets sign-in failures, sessions, links and guests' traces whose time is over.
func (a *App) prune(ctx context.Context) error {
	tick := time.NewTicker(pruneEvery)
	defer tick.Stop()
	for {
		if err := a.pruneOnce(ctx, time.Now()); err != nil && ctx.Err() == nil {
			a.log.Error("forgetting what is past keeping", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (a *App) pruneOnce(ctx context.Context, now time.Time) error {
	for _, forget := range []func(context.Context, db.Tx, time.Time) error{place.Prune, floor.Prune, a.Inbox.ForgetGuests} {
		if err := a.DB.Write(ctx, func(tx db.Tx) error { return forget(ctx, tx, now) }); err != nil {
			return err
		}
	}
	return nil
}
