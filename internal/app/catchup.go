package app

import (
	"context"
	"time"
)

// catchUpEvery is how often what is overdue is looked for.
const catchUpEvery = 10 * time.Second

// catchUp has what was lost with a killed process, or put off by a wrong clock, done after all.
func (a *App) catchUp(ctx context.Context) error {
	tick := time.NewTicker(catchUpEvery)
	defer tick.Stop()
	for {
		if err := a.Inbox.CatchUp(ctx); err != nil && ctx.Err() == nil {
			a.log.Error("doing what is overdue", "err", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}
