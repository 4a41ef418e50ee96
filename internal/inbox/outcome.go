package inbox

import (
	"context"
	"math/rand/v2"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// maxLooks is how often an uncertain answer is looked for before only a person can tell: over about two
// hours.
const maxLooks = 8

// settle stores the outcome of an attempt: the one table of what becomes of an answer. An outcome whose
// claim was overtaken changes nothing, but for the certain knowledge that the network has the answer.
func (b *Inbox) settle(ctx context.Context, d Delivery, o outcome) error {
	return b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, d.PlaceID); err != nil {
			return err
		}
		now, err := delivery(ctx, tx, d.PlaceID, d.MessageID)
		if err != nil {
			return err
		}
		if now.fence != d.fence && (o.err != nil || now.State != Uncertain) {
			return nil
		}
		if o.err == nil {
			return b.sent(ctx, tx, d, o)
		}
		return b.notSent(ctx, tx, d, o)
	})
}

func (b *Inbox) sent(ctx context.Context, tx db.Tx, d Delivery, o outcome) error {
	if _, err := tx.Exec(ctx, "UPDATE reply SET state = 'sent', fence = fence + 1, fault_code = '', fault_key = '', note = $3 WHERE place_id = $1 AND message_id = $2", d.PlaceID, d.MessageID, cut(o.receipt.Note, 2000)); err != nil {
		return err
	}
	// A collector that was quick may have read our own message back: it is the same one.
	id := string(o.receipt.ID)
	twin, err := messageByRemote(ctx, tx, d, id)
	if err != nil {
		return err
	}
	if twin.ID != "" {
		if err := b.DB.Unindex(ctx, tx, twin.N); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM message WHERE place_id = $1 AND id = $2", d.PlaceID, twin.ID); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, "UPDATE message SET remote_id = $3, url = $4, sent_at = $5 WHERE place_id = $1 AND id = $2", d.PlaceID, d.MessageID, nullable(id), cut(o.receipt.URL, 2000), db.Micros(time.Now())); err != nil {
		return err
	}
	if err := place.Sent(ctx, tx, d.PlaceID, d.AccountID); err != nil {
		return err
	}
	return tell(ctx, tx, place.System(), d.PlaceID, d.MessageID, "reply.sent", nil)
}

// messageByRemote is another message than ours that carries our remote id.
func messageByRemote(ctx context.Context, q db.Querier, d Delivery, id string) (m Message, err error) {
	if id == "" {
		return m, nil
	}
	m, err = scanMessage(q.QueryRow(ctx, "SELECT "+messageColumns+" FROM message m WHERE m.place_id = $1 AND m.account_id = $2 AND m.remote_id = $3 AND m.id <> $4", d.PlaceID, d.AccountID, id, d.MessageID))
	if err == db.ErrNoRows {
		return Message{}, nil
	}
	return m, err
}

// notSent is the outcome table of ARCHITECTURE.md.
func (b *Inbox) notSent(ctx context.Context, tx db.Tx, d Delivery, o outcome) error {
	f := fault.As(o.err)
	if o.step == look {
		return b.lookedFor(ctx, tx, d, f)
	}
	switch f.Code {
	case fault.RateLimited:
		return b.later(ctx, tx, d, f, waitFor(f, d.Attempts), d.Attempts-1)
	case fault.Unavailable:
		return b.later(ctx, tx, d, f, waitFor(f, d.Attempts), d.Attempts)
	case fault.Unauthenticated:
		if err := b.mark(ctx, tx, d, Held, f); err != nil {
			return err
		}
		return b.comeBack(ctx, tx, &d, "reply.held", f.Code)
	case fault.Ambiguous, fault.Internal:
		// A driver that failed in a way of its own may have sent: that is not known either.
		if err := b.doubt(ctx, tx, d, f, firstLook); err != nil {
			return err
		}
		return b.comeBack(ctx, tx, &d, "reply.uncertain", f.Code)
	}
	if err := b.mark(ctx, tx, d, Failed, f); err != nil {
		return err
	}
	return b.comeBack(ctx, tx, &d, "reply.failed", f.Code)
}

const firstLook = 5 * time.Second

// lookedFor is what follows when a search did not find an answer.
func (b *Inbox) lookedFor(ctx context.Context, tx db.Tx, d Delivery, f *fault.Error) error {
	why := &fault.Error{Code: fault.Ambiguous, Key: "reply.unknown"}
	if d.FaultKey == FromBackup {
		why.Key = FromBackup
	}
	if f.Code == fault.NotFound && d.FaultKey == FromBackup { // a person releases it
		return b.mark(ctx, tx, d, Held, why)
	}
	if f.Code == fault.NotFound { // surely absent: it may leave again, with the same key
		if _, err := tx.Exec(ctx, "UPDATE reply SET state = 'waiting', fence = fence + 1, due_at = $3, looks = 0, fault_code = '', fault_key = '' WHERE place_id = $1 AND message_id = $2", d.PlaceID, d.MessageID, db.Micros(time.Now())); err != nil {
			return err
		}
		return b.again(ctx, tx, place.System(), d.PlaceID, d.MessageID, "reply.delayed", time.Now())
	}
	if d.Looks < maxLooks {
		return b.doubt(ctx, tx, d, why, waitFor(f, d.Looks+1))
	}
	if err := b.mark(ctx, tx, d, Uncertain, why); err != nil {
		return err
	}
	return b.comeBack(ctx, tx, &d, "reply.uncertain", fault.Ambiguous)
}

// doubt stores that nobody knows whether an answer arrived, and has it looked for after a while.
func (b *Inbox) doubt(ctx context.Context, tx db.Tx, d Delivery, f *fault.Error, wait time.Duration) error {
	if err := b.mark(ctx, tx, d, Uncertain, f); err != nil {
		return err
	}
	at := time.Now().Add(wait)
	if _, err := tx.Exec(ctx, "UPDATE reply SET due_at = $3 WHERE place_id = $1 AND message_id = $2", d.PlaceID, d.MessageID, db.Micros(at)); err != nil {
		return err
	}
	return b.Queue.Enqueue(ctx, tx, DeliverArgs{d.PlaceID, d.MessageID}, at)
}

// mark stores a state and its reason.
func (b *Inbox) mark(ctx context.Context, tx db.Tx, d Delivery, s DeliveryState, f *fault.Error) error {
	_, err := tx.Exec(ctx, "UPDATE reply SET state = $3, fence = fence + 1, fault_code = $4, fault_key = $5 WHERE place_id = $1 AND message_id = $2", d.PlaceID, d.MessageID, string(s), string(f.Code), f.Key)
	return err
}

// later has an answer sent again after a pause.
func (b *Inbox) later(ctx context.Context, tx db.Tx, d Delivery, f *fault.Error, wait time.Duration, attempts int) error {
	due := time.Now().Add(wait)
	if _, err := tx.Exec(ctx, "UPDATE reply SET state = 'waiting', fence = fence + 1, due_at = $3, attempts = $4, fault_code = $5, fault_key = $6 WHERE place_id = $1 AND message_id = $2",
		d.PlaceID, d.MessageID, db.Micros(due), attempts, string(f.Code), f.Key); err != nil {
		return err
	}
	return b.again(ctx, tx, place.System(), d.PlaceID, d.MessageID, "reply.delayed", due)
}

// waitFor is how long to wait before the n-th try again: what the network asked for, else 1, 2, 4 … 60 minutes,
// give or take a fifth.
func waitFor(f *fault.Error, n int) time.Duration {
	if f.RetryAfter > 0 {
		return min(f.RetryAfter, 24*time.Hour)
	}
	wait := min(time.Minute<<max(0, min(n-1, 10)), time.Hour)
	return wait*4/5 + rand.N(wait*2/5)
}

// comeBack brings a conversation whose answer did not leave before somebody's eyes again.
func (b *Inbox) comeBack(ctx context.Context, tx db.Tx, d *Delivery, kind string, code fault.Code) error {
	m, err := messageMark(ctx, tx, d.PlaceID, d.MessageID)
	if err != nil {
		return err
	}
	c, err := shownOf(ctx, tx, d.PlaceID, m.ConversationID)
	if err != nil {
		return err
	}
	c.State, c.SnoozedUntil, c.Unread = Open, time.Time{}, true
	if err := c.save(ctx, tx); err != nil {
		return err
	}
	return place.Record(ctx, tx, d.PlaceID, place.System(), place.Entry{Kind: kind, SubjectID: c.ID, Data: map[string]any{"message": d.MessageID, "code": string(code)}})
}

// Resume sends what an account held back, once a person has seen to it. What a restore holds back waits for a
// person all the same.
func (b *Inbox) Resume(ctx context.Context, tx db.Tx, placeID, accountID string) error {
	ids, err := db.Collect(func(r db.Row) (id string, err error) { err = r.Scan(&id); return })(
		tx.Query(ctx, "UPDATE reply SET state = 'waiting', fence = fence + 1, due_at = $3 WHERE place_id = $1 AND account_id = $2 AND state = 'held' AND fault_key <> $4 RETURNING message_id", placeID, accountID, db.Micros(time.Now()), FromBackup))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := b.again(ctx, tx, place.System(), placeID, id, "reply.delayed", time.Now()); err != nil {
			return err
		}
	}
	return nil
}
