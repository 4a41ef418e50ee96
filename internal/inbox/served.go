package inbox

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// Served settles a conversation whose people were served in person, so that nobody at the counter answers what is
// done. over tells of each message without an answer whether what it asked for is over; while one is not, or was no
// request at all, the conversation waits on. It runs in the caller's transaction, and the caller's journal entry
// about the conversation tells of it.
func (b *Inbox) Served(ctx context.Context, tx db.Tx, placeID, id string, over func(network.Message) bool) error {
	if _, err := place.Lock(ctx, tx, placeID); err != nil {
		return err
	}
	c, err := shownOf(ctx, tx, placeID, id)
	if err != nil || c.State == Settled || c.WaitingSince.IsZero() {
		return err
	}
	waiting, err := unanswered(ctx, tx, c)
	if err != nil {
		return err
	}
	for _, m := range waiting {
		if !over(m.network()) {
			return nil
		}
	}
	c.AnsweredIn = time.Since(c.WaitingSince)
	c.State, c.SnoozedUntil, c.Unread, c.WaitingSince = Settled, time.Time{}, false, time.Time{}
	return c.save(ctx, tx)
}

// Awaits takes Served back: what was asked for at a time was not done after all. It runs in the caller's
// transaction.
func (b *Inbox) Awaits(ctx context.Context, tx db.Tx, placeID, id string, since time.Time) error {
	if _, err := place.Lock(ctx, tx, placeID); err != nil {
		return err
	}
	c, err := shownOf(ctx, tx, placeID, id)
	if err != nil {
		return err
	}
	if c.WaitingSince.IsZero() || c.WaitingSince.After(since) {
		c.WaitingSince = since
	}
	c.State, c.SnoozedUntil, c.Unread = Open, time.Time{}, true
	return c.save(ctx, tx)
}

// unanswered are the messages of theirs that a conversation waits with.
func unanswered(ctx context.Context, q db.Querier, c Conversation) ([]Message, error) {
	ids, err := family(ctx, q, c.PlaceID, c.ID)
	if err != nil {
		return nil, err
	}
	list, args := db.In(3, ids, c.PlaceID, db.Micros(c.WaitingSince))
	return db.Collect(scanMessage)(q.Query(ctx, "SELECT "+messageColumns+" FROM message m WHERE m.place_id = $1 AND m.sort_at >= $2 AND m.direction = 'in' AND NOT m.automatic AND m.conversation_id IN ("+list+") ORDER BY m.n", args...))
}
