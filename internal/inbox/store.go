package inbox

import (
	"context"

	"comptoir/internal/db"
	"comptoir/internal/text"
)

// storeThreads writes the conversations that a page began or changed, all in one statement: a hundred of them
// one by one cost a quarter of the whole page. It sets what messages change, and nothing that would have the
// database look up what it refers to again.
func (in *intake) storeThreads(ctx context.Context, tx db.Tx) error {
	rows := db.Insert{
		Head:   "INSERT INTO conversation (place_id, id, account_id, kind, person_id, subject, subject_key, state, automatic, unread, snoozed_until, waiting_since, answered_in, last_at, excerpt, ours, lang, created_at)",
		Shared: []any{in.account.PlaceID},
		Expect: len(in.touched),
		Tail: ` ON CONFLICT (place_id, id) DO UPDATE SET state = excluded.state, automatic = excluded.automatic, unread = excluded.unread,
			snoozed_until = excluded.snoozed_until, waiting_since = excluded.waiting_since, answered_in = excluded.answered_in, last_at = excluded.last_at, excerpt = excluded.excerpt, ours = excluded.ours, lang = excluded.lang`,
	}
	saved := map[string]bool{}
	for _, t := range in.touched {
		c := t.shown
		if saved[c.ID] {
			continue
		}
		saved[c.ID] = true
		if t.answered { // once in its life: now we know with whom we talk
			if err := c.save(ctx, tx); err != nil {
				return err
			}
			continue
		}
		rows.Row(c.ID, c.AccountID, string(c.Kind), nullable(c.PersonID), c.Subject, text.Subject(c.Subject), string(c.State), c.Automatic, c.Unread,
			db.Micros(c.SnoozedUntil), db.Micros(c.WaitingSince), c.AnsweredIn.Microseconds(), db.Micros(c.LastAt), c.Excerpt, c.Ours, c.Lang, db.Micros(c.CreatedAt))
	}
	return rows.Exec(ctx, tx)
}

// save writes what messages and gestures change of a conversation.
func (c *Conversation) save(ctx context.Context, tx db.Tx) error {
	_, err := tx.Exec(ctx, `UPDATE conversation SET person_id = $3, state = $4, automatic = $5, unread = $6, assignee_id = $7, snoozed_until = $8,
		waiting_since = $9, answered_in = $10, last_at = $11, excerpt = $12, ours = $13, lang = $14, merged_into = $15 WHERE place_id = $1 AND id = $2`,
		c.PlaceID, c.ID, nullable(c.PersonID), string(c.State), c.Automatic, c.Unread, c.AssigneeID, db.Micros(c.SnoozedUntil),
		db.Micros(c.WaitingSince), c.AnsweredIn.Microseconds(), db.Micros(c.LastAt), c.Excerpt, c.Ours, c.Lang, c.MergedInto)
	return err
}

// storeKeys makes conversations known by the names that their messages brought.
func (in *intake) storeKeys(ctx context.Context, tx db.Tx) error {
	rows := db.Insert{
		Head:   "INSERT INTO thread_key (place_id, account_id, key, conversation_id)",
		Tail:   " ON CONFLICT (account_id, key) DO NOTHING",
		Shared: []any{in.account.PlaceID, in.account.ID},
	}
	for _, t := range in.touched {
		for _, k := range t.keys {
			rows.Row(k, t.own)
		}
	}
	return rows.Exec(ctx, tx)
}

// bounces notes on answers of ours that they did not arrive. A person must see to it: the conversation
// opens again.
func (in *intake) bounces(ctx context.Context, tx db.Tx) error {
	for _, it := range in.items {
		b := it.m.Bounce
		if b == nil || !b.Permanent || b.Of == "" {
			continue
		}
		var id string
		err := tx.QueryRow(ctx, "SELECT id FROM message WHERE place_id = $1 AND account_id = $2 AND remote_id = $3 AND direction = 'out'", in.account.PlaceID, in.account.ID, string(b.Of)).Scan(&id)
		if err == db.ErrNoRows {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE reply SET state = 'failed', fault_code = 'rejected', fault_key = 'reply.bounced' WHERE place_id = $1 AND message_id = $2", in.account.PlaceID, id); err != nil {
			return err
		}
		c := it.thread.shown
		c.State, c.Unread, it.thread.bounced = Open, true, id
		if c.WaitingSince.IsZero() {
			c.WaitingSince = it.at
		}
	}
	return nil
}
