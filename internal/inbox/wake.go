package inbox

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// WakeArgs is the job that ends a conversation's sleep.
type WakeArgs struct {
	Place        string `json:"place"`
	Conversation string `json:"conversation"`
	Until        int64  `json:"until"` // microseconds; another time than the row's means that it was set anew
}

// Kind names the job.
func (WakeArgs) Kind() string { return "inbox.wake" }

// Wake does the job.
func (b *Inbox) Wake(ctx context.Context, args WakeArgs) error {
	err := b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, args.Place); err != nil {
			return err
		}
		c, err := get(ctx, tx, args.Place, args.Conversation)
		if err != nil {
			return err
		}
		if c.State != Snoozed || db.Micros(c.SnoozedUntil) != args.Until {
			return nil
		}
		c.State, c.SnoozedUntil, c.Unread = Open, time.Time{}, true
		if err := c.save(ctx, tx); err != nil {
			return err
		}
		return place.Record(ctx, tx, args.Place, place.System(), place.Entry{Kind: "conversation.woken", SubjectID: c.ID})
	})
	if fault.Is(err, fault.NotFound) {
		return nil // the place or the conversation is gone
	}
	return err
}
