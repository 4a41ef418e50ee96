package inbox

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// FromBackup is the fault key of answers that were on their way when the backup was made from which this database was
// filled. They may have left since, from where the backup came from: none leaves again by itself.
const FromBackup = "reply.restored"

// Restored makes a counter that was filled from a backup fit to be opened: what was on its way is held back or
// looked for, and the search finds again. There are no jobs: CatchUp does what the rows say is due. It returns how
// many answers wait for a person.
func (b *Inbox) Restored(ctx context.Context) (held int, err error) {
	places, err := place.All(ctx, b.DB)
	if err != nil {
		return 0, err
	}
	err = b.DB.Reindexing(ctx, func() error {
		for _, p := range places {
			if err := b.reindex(ctx, p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, err
	}
	return b.HoldBack(ctx)
}

// HoldBack has every answer that has not surely arrived wait for a person, and returns how many: the rows say what
// was once, not what has become of it.
func (b *Inbox) HoldBack(ctx context.Context) (held int, err error) {
	places, err := place.All(ctx, b.DB)
	if err != nil {
		return 0, err
	}
	for _, p := range places {
		n, err := b.holdBack(ctx, p.ID)
		if err != nil {
			return held, err
		}
		held += n
	}
	return held, nil
}

// holdBack stops every answer of a place that has not surely arrived.
func (b *Inbox) holdBack(ctx context.Context, placeID string) (n int, err error) {
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		all, err := db.Collect(scanDelivery)(tx.Query(ctx, "SELECT "+deliveryColumns+" FROM reply WHERE place_id = $1 AND state IN ('waiting', 'sending', 'held', 'uncertain') ORDER BY message_id", placeID))
		if err != nil {
			return err
		}
		// What was about to be liked, shared or decided is so where the backup came from, or nobody misses it.
		if _, err := tx.Exec(ctx, "UPDATE reaction SET wanted = done, due_at = 0, fence = fence + 1 WHERE place_id = $1 AND due_at > 0", placeID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE standing SET wanted = done, due_at = 0, fence = fence + 1 WHERE place_id = $1 AND due_at > 0", placeID); err != nil {
			return err
		}
		n = len(all)
		for _, d := range all {
			if err := b.hold(ctx, tx, &d); err != nil {
				return err
			}
		}
		return nil
	})
	return n, err
}

// hold holds one answer back: of what may have begun to leave, the network is asked first.
func (b *Inbox) hold(ctx context.Context, tx db.Tx, d *Delivery) error {
	why := &fault.Error{Code: fault.Ambiguous, Key: FromBackup}
	if d.State == Waiting || d.State == Held {
		if err := b.mark(ctx, tx, *d, Held, why); err != nil {
			return err
		}
		return b.comeBack(ctx, tx, d, "reply.held", why.Code)
	}
	if err := b.mark(ctx, tx, *d, Uncertain, why); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE reply SET looks = 0, due_at = $3 WHERE place_id = $1 AND message_id = $2", d.PlaceID, d.MessageID, db.Micros(time.Now())); err != nil {
		return err
	}
	return b.comeBack(ctx, tx, d, "reply.uncertain", why.Code)
}

// indexAtOnce is how many messages go into the search in one transaction.
const indexAtOnce = 1000

// reindex makes every message of a place findable that was: not answers that were taken back, nor guests'
// words that were forgotten.
func (b *Inbox) reindex(ctx context.Context, p place.Place) error {
	type found struct {
		Message
		ours, gone bool
	}
	for after := int64(0); ; {
		all, err := db.Collect(func(r db.Row) (f found, err error) {
			f.Message, err = scanMessageAnd(r, &f.ours, &f.gone)
			return
		})(b.DB.Query(ctx, "SELECT "+messageColumns+`, r.message_id IS NOT NULL, coalesce(r.state = 'cancelled', FALSE) OR c.kind = $3 AND m.text = ''
			FROM message m JOIN conversation c ON c.place_id = m.place_id AND c.id = m.conversation_id
			LEFT JOIN reply r ON r.place_id = m.place_id AND r.message_id = m.id
			WHERE m.place_id = $1 AND m.n > $2 ORDER BY m.n LIMIT $4`, p.ID, after, string(place.HouseKind), indexAtOnce))
		if err != nil || len(all) == 0 {
			return err
		}
		var items []db.Item
		for _, f := range all {
			words := searchable(f.Author().Name, f.Author().Handle, f.Subject, f.Text)
			if f.ours {
				words = searchable(f.Text)
			}
			if !f.gone {
				items = append(items, db.Item{Number: f.N, Words: words})
			}
		}
		err = b.DB.Write(ctx, func(tx db.Tx) error { return b.DB.Index(ctx, tx, p.N, items...) })
		if err != nil {
			return err
		}
		after = all[len(all)-1].N
	}
}

// StoredFile is a file that a message names.
type StoredFile struct {
	PlaceID, Hash string
}

// StoredFiles lists every file that must be there, of all places, each once.
func StoredFiles(ctx context.Context, q db.Querier) ([]StoredFile, error) {
	return db.Collect(func(r db.Row) (f StoredFile, err error) { err = r.Scan(&f.PlaceID, &f.Hash); return })(
		// across places: a backup takes all of them
		q.Query(ctx, "SELECT DISTINCT place_id, hash FROM attachment WHERE hash <> '' ORDER BY place_id, hash"))
}

// longestWait is how far ahead the next thing to do with an answer can lie: see waitFor.
const longestWait = 25 * time.Hour

// Unexplained counts the unfinished answers of a place that are neither before a person's eyes nor ever come to
// their turn: CatchUp sees to whatever is due, unless it is never due, or there is nothing to send it with.
func (b *Inbox) Unexplained(ctx context.Context, placeID string) (n int, err error) {
	type row struct {
		Delivery
		known bool // the account and the message answered are there
	}
	all, err := db.Collect(func(r db.Row) (x row, err error) {
		var due int64
		err = r.Scan(&x.State, &due, &x.Looks, &x.FaultCode, &x.known)
		x.Due = db.Time(due)
		return
	})(b.DB.Query(ctx, `SELECT r.state, r.due_at, r.looks, r.fault_code,
			EXISTS (SELECT 1 FROM account a WHERE a.place_id = r.place_id AND a.id = r.account_id) AND EXISTS (SELECT 1 FROM message m WHERE m.place_id = r.place_id AND m.id = r.answers_id)
		FROM reply r WHERE r.place_id = $1 AND r.state NOT IN ('sent', 'failed', 'cancelled')`, placeID))
	if err != nil {
		return 0, err
	}
	latest := time.Now().Add(longestWait)
	for _, d := range all {
		told, due := false, false
		switch d.State {
		case Held:
			told = d.FaultCode != ""
		case Uncertain:
			told = d.Looks >= maxLooks
			fallthrough
		case Waiting, Sending:
			due = d.known && d.Due.Before(latest)
		}
		if !told && !due {
			n++
		}
	}
	return n, nil
}
