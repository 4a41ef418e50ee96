package inbox

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/text"
)

// follow stores what became of messages since they were received: their authors changed them or took them back, or
// somebody decided of them elsewhere. What we do not know is left alone.
func (b *Inbox) follow(ctx context.Context, tx db.Tx, a place.Account, page network.Page) error {
	if len(page.Changed)+len(page.Gone) == 0 {
		return nil
	}
	number, err := place.Lock(ctx, tx, a.PlaceID)
	if err != nil {
		return err
	}
	for i := range page.Changed {
		is := &page.Changed[i]
		was, err := receivedAs(ctx, tx, a, is.ID)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err == nil {
			err = b.edited(ctx, tx, a, number, was, is)
		}
		if err == nil {
			err = b.decidedElsewhere(ctx, tx, a, was, is.Standing)
		}
		if err != nil {
			return err
		}
	}
	for _, id := range page.Gone {
		was, err := receivedAs(ctx, tx, a, id)
		if fault.Is(err, fault.NotFound) {
			continue
		}
		if err == nil {
			err = b.gone(ctx, tx, a, was)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// receivedAs finds a message by its network's name for it.
func receivedAs(ctx context.Context, q db.Querier, a place.Account, id network.RemoteID) (Message, error) {
	return orNotFound(scanMessage(q.QueryRow(ctx, "SELECT "+messageColumns+" FROM message m WHERE m.place_id = $1 AND m.account_id = $2 AND m.remote_id = $3 AND m.gone_at = 0", a.PlaceID, a.ID, string(id))))
}

// edited takes other words over. The earlier ones are not kept: whoever wrote them has thought better of it.
func (b *Inbox) edited(ctx context.Context, tx db.Tx, a place.Account, number int64, was Message, is *network.Message) error {
	words, subject := cut(is.Text, maxText), text.Clip(is.Subject, maxSubject)
	if words == was.Text && subject == was.Subject {
		return nil
	}
	if _, err := tx.Exec(ctx, "UPDATE message SET text = $3, quoted = $4, subject = $5, edited_at = $6 WHERE place_id = $1 AND id = $2",
		a.PlaceID, was.ID, words, cut(is.Quoted, maxQuoted), subject, db.Micros(time.Now())); err != nil {
		return err
	}
	if err := b.DB.Unindex(ctx, tx, was.N); err != nil {
		return err
	}
	if err := b.DB.Index(ctx, tx, number, db.Item{Number: was.N, Words: searchable(is.Author.Name, is.Author.Handle, is.Subject, is.Text)}); err != nil {
		return err
	}
	return b.happened(ctx, tx, a, was, "conversation.edited", nil)
}

// gone empties a message that is no longer on its network: what somebody takes back, nobody keeps. Of ours the words
// stay.
func (b *Inbox) gone(ctx context.Context, tx db.Tx, a place.Account, was Message) error {
	if was.Direction == In {
		if _, err := tx.Exec(ctx, "UPDATE message SET text = '', quoted = '', subject = '' WHERE place_id = $1 AND id = $2", a.PlaceID, was.ID); err != nil {
			return err
		}
		for _, kept := range []string{"DELETE FROM message_html WHERE place_id = $1 AND message_id = $2", "DELETE FROM attachment WHERE place_id = $1 AND message_id = $2"} {
			if _, err := tx.Exec(ctx, kept, a.PlaceID, was.ID); err != nil {
				return err
			}
		}
		if err := b.DB.Unindex(ctx, tx, was.N); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, "UPDATE message SET gone_at = $3 WHERE place_id = $1 AND id = $2", a.PlaceID, was.ID, db.Micros(time.Now())); err != nil {
		return err
	}
	return b.happened(ctx, tx, a, was, "conversation.withdrawn", nil)
}

// happened lets what became of a message change its conversation, and tells of it.
func (b *Inbox) happened(ctx context.Context, tx db.Tx, a place.Account, m Message, kind string, data map[string]any) error {
	c, err := shownOf(ctx, tx, a.PlaceID, m.ConversationID)
	if err != nil {
		return err
	}
	if err := recount(ctx, tx, &c); err != nil {
		return err
	}
	if err := quiet(ctx, tx, &c); err != nil {
		return err
	}
	if data == nil {
		data = map[string]any{}
	}
	data["message"] = m.ID
	actor := place.Actor{Kind: place.NetworkActor, ID: a.ID, PlaceID: a.PlaceID}
	return place.Record(ctx, tx, a.PlaceID, actor, place.Entry{Kind: kind, SubjectID: c.ID, Data: data})
}

// heard leaves out what nobody is to answer any more: what is gone, and what the place refused.
const heard = " AND m.gone_at = 0 AND NOT EXISTS (SELECT 1 FROM standing s WHERE s.place_id = m.place_id AND s.message_id = m.id AND s.wanted IN ('spam', 'removed'))"

// quiet settles a conversation in which nothing of theirs is left to be heard.
func quiet(ctx context.Context, tx db.Tx, c *Conversation) error {
	ids, err := family(ctx, tx, c.PlaceID, c.ID)
	if err != nil || c.State != Open {
		return err
	}
	list, args := db.In(2, ids, c.PlaceID)
	var left int
	err = tx.QueryRow(ctx, "SELECT count(*) FROM message m WHERE m.place_id = $1 AND m.direction = 'in' AND m.conversation_id IN ("+list+")"+heard, args...).Scan(&left)
	if err != nil || left > 0 {
		return err
	}
	c.State, c.Unread = Settled, false
	return c.save(ctx, tx)
}
