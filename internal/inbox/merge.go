package inbox

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/fault/point"
	"comptoir/internal/place"
)

// Merge shows the conversation gone as part of kept from now on. Messages stay with their own thread, so
// an answer leaves where its message came from, and Unmerge gives back exactly what was.
func (b *Inbox) Merge(ctx context.Context, actor place.Actor, placeID, keptID, goneID string) (seq int64, err error) {
	const op = "inbox.merge"
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return 0, err
	}
	if keptID == goneID {
		return 0, fault.New(fault.Invalid, op, "inbox.merge_same")
	}
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		kept, err := onScreen(ctx, tx, op, placeID, keptID)
		if err != nil {
			return err
		}
		gone, err := get(ctx, tx, placeID, goneID)
		if err != nil {
			return err
		}
		if gone.MergedInto != "" {
			return fault.New(fault.Conflict, op, "inbox.merge_already")
		}
		was := kept.stance()
		gone.MergedInto = kept.ID
		if err := gone.save(ctx, tx); err != nil {
			return err
		}
		if gone.State == Open {
			kept.State, kept.SnoozedUntil = Open, time.Time{}
		}
		kept.Unread = kept.Unread || gone.Unread
		if err := recount(ctx, tx, &kept); err != nil {
			return err
		}
		if err := moveDrafts(ctx, tx, placeID, goneID, keptID); err != nil {
			return err
		}
		if err := place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "conversation.joined", SubjectID: goneID, Data: map[string]any{"into": keptID}}); err != nil {
			return err
		}
		seq, err = record(ctx, tx, placeID, actor, place.Entry{Kind: "conversation.merged", SubjectID: keptID, Data: map[string]any{"with": goneID, "was": was.data(), "is": kept.stance().data()}})
		point.Reached(point.MergeStored)
		return err
	})
	point.Reached(point.MergeCommitted)
	return seq, err
}

// Unmerge parts a conversation from the one it was merged into.
func (b *Inbox) Unmerge(ctx context.Context, actor place.Actor, placeID, goneID string) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	return b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		return b.unmerge(ctx, tx, actor, placeID, goneID)
	})
}

func (b *Inbox) unmerge(ctx context.Context, tx db.Tx, actor place.Actor, placeID, goneID string) error {
	gone, err := get(ctx, tx, placeID, goneID)
	if err != nil {
		return err
	}
	if gone.MergedInto == "" {
		return fault.New(fault.Conflict, "inbox.unmerge", "inbox.undo_changed")
	}
	kept, err := shownOf(ctx, tx, placeID, gone.MergedInto)
	if err != nil {
		return err
	}
	gone.MergedInto = ""
	for _, c := range []*Conversation{&gone, &kept} { // in this order: what is gone counts in itself from now on
		if err := c.save(ctx, tx); err != nil {
			return err
		}
		if err := recount(ctx, tx, c); err != nil {
			return err
		}
	}
	return place.Record(ctx, tx, placeID, actor,
		place.Entry{Kind: "conversation.unmerged", SubjectID: kept.ID, Data: map[string]any{"with": gone.ID}},
		place.Entry{Kind: "conversation.unmerged", SubjectID: gone.ID, Data: map[string]any{"with": kept.ID}})
}

// family returns a conversation and those that are shown as part of it.
func family(ctx context.Context, q db.Querier, placeID, id string) ([]string, error) {
	return db.Collect(func(r db.Row) (id string, err error) { err = r.Scan(&id); return })(q.Query(ctx,
		`WITH RECURSIVE f (id) AS (
			SELECT id FROM conversation WHERE place_id = $1 AND id = $2
			UNION SELECT c.id FROM conversation c JOIN f ON c.merged_into = f.id WHERE c.place_id = $1 AND c.merged_into <> ''
		) SELECT id FROM f`, placeID, id))
}

// recount derives what the list shows of a conversation from its messages again.
func recount(ctx context.Context, tx db.Tx, c *Conversation) error {
	ids, err := family(ctx, tx, c.PlaceID, c.ID)
	if err != nil {
		return err
	}
	list, args := db.In(2, ids, c.PlaceID)
	where := " FROM message m WHERE m.place_id = $1 AND m.conversation_id IN (" + list + ") AND m.gone_at = 0" + notWithdrawn
	last, err := scanMessage(tx.QueryRow(ctx, "SELECT "+messageColumns+where+" ORDER BY m.sort_at DESC, m.n DESC LIMIT 1", args...))
	if err == db.ErrNoRows {
		c.Excerpt, c.WaitingSince = "", time.Time{}
		return c.save(ctx, tx)
	}
	if err != nil {
		return err
	}
	n := last.network()
	c.LastAt, c.Excerpt, c.Ours, c.Lang = last.At, excerpt(&n), last.Direction == Out, last.Lang
	var waiting int64
	var humans int
	err = tx.QueryRow(ctx, "SELECT coalesce(min(m.sort_at), 0)"+where+heard+" AND m.direction = 'in' AND NOT m.automatic AND m.sort_at > coalesce((SELECT max(m.sort_at)"+where+" AND m.direction = 'out'), 0)", args...).Scan(&waiting)
	if err == nil {
		err = tx.QueryRow(ctx, "SELECT count(*)"+where+" AND NOT m.automatic", args...).Scan(&humans)
	}
	if err != nil {
		return err
	}
	c.WaitingSince, c.Automatic = db.Time(waiting), humans == 0
	return c.save(ctx, tx)
}

// notWithdrawn leaves out answers that were taken back before they left.
const notWithdrawn = " AND NOT EXISTS (SELECT 1 FROM reply r WHERE r.place_id = m.place_id AND r.message_id = m.id AND r.state = 'cancelled')"
