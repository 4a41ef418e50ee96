package inbox

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/place"
)

// forgetAtOnce bounds how many messages one round empties, so that no writer waits long.
const forgetAtOnce = 1000

// ForgetGuests empties what guests wrote at the tables after the days that each place chose: the words
// leave the message, the excerpt and the search. What the place answered stays.
func (b *Inbox) ForgetGuests(ctx context.Context, tx db.Tx, now time.Time) error {
	places, err := place.All(ctx, tx)
	if err != nil {
		return err
	}
	for _, p := range places {
		if err := b.forgetGuests(ctx, tx, p.ID, db.Micros(now.AddDate(0, 0, -p.Settings.KeepGuestDays))); err != nil {
			return err
		}
	}
	return nil
}

func (b *Inbox) forgetGuests(ctx context.Context, tx db.Tx, placeID string, before int64) error {
	type old struct {
		id string
		n  int64
	}
	all, err := db.Collect(func(r db.Row) (o old, err error) { err = r.Scan(&o.id, &o.n); return })(
		tx.Query(ctx, "SELECT m.id, m.n FROM message m JOIN conversation c ON c.place_id = m.place_id AND c.id = m.conversation_id WHERE m.place_id = $1 AND c.kind = $2 AND m.direction = 'in' AND m.received_at < $3 AND m.text <> '' ORDER BY m.n LIMIT $4",
			placeID, string(place.HouseKind), before, forgetAtOnce))
	if err != nil {
		return err
	}
	for _, o := range all {
		if _, err := tx.Exec(ctx, "UPDATE message SET text = '', quoted = '', subject = '' WHERE place_id = $1 AND id = $2", placeID, o.id); err != nil {
			return err
		}
		if err := b.DB.Unindex(ctx, tx, o.n); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, "UPDATE conversation SET excerpt = '', subject = '' WHERE place_id = $1 AND kind = $2 AND last_at < $3 AND NOT ours AND excerpt <> ''", placeID, string(place.HouseKind), before)
	return err
}
