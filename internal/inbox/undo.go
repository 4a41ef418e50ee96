package inbox

import (
	"context"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// Undo takes back gestures by the numbers of their journal entries, the latest first, all or none. It returns
// fault.Conflict ("inbox.undo_changed") when a conversation has changed since: somebody else's gesture,
// or a new message, is not undone with ours.
func (b *Inbox) Undo(ctx context.Context, actor place.Actor, placeID string, seqs ...int64) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	if len(seqs) > maxBulk {
		return fault.New(fault.Invalid, "inbox.undo", "inbox.bulk_many", "max", maxBulk)
	}
	return b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		for i := len(seqs) - 1; i >= 0; i-- {
			if err := b.undo(ctx, tx, actor, placeID, seqs[i]); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *Inbox) undo(ctx context.Context, tx db.Tx, actor place.Actor, placeID string, seq int64) error {
	entries, err := place.Since(ctx, tx, placeID, seq-1, 1)
	if err != nil {
		return err
	}
	if len(entries) == 0 || entries[0].Seq != seq {
		return fault.New(fault.NotFound, "inbox.undo", "")
	}
	e := entries[0]
	if e.Actor != actor.Kind || e.ActorID != actor.ID {
		return fault.New(fault.Forbidden, "inbox.undo", "inbox.undo_own")
	}
	switch e.Kind {
	case "conversation.reacted":
		err = b.unreact(ctx, tx, placeID, e)
	case "conversation.moderated":
		err = b.unmoderate(ctx, tx, placeID, e)
	case "conversation.noted":
		err = removeNote(ctx, tx, placeID, e)
	case "conversation.labelled":
		label, _ := e.Data["label"].(string)
		on, _ := e.Data["on"].(bool)
		if err = knownLabel(ctx, tx, placeID, label); fault.Is(err, fault.NotFound) {
			return fault.New(fault.Conflict, "inbox.undo", "inbox.undo_changed") // it was removed since
		}
		if err == nil {
			_, err = setLabel(ctx, tx, placeID, e.SubjectID, label, !on)
		}
	case "conversation.merged":
		gone, _ := e.Data["with"].(string)
		if err := b.unmerge(ctx, tx, actor, placeID, gone); err != nil {
			return err
		}
		if err = restore(ctx, tx, placeID, e); fault.Is(err, fault.Conflict) {
			err = nil // somebody has set it aside or settled it since: so it stays
		}
	default:
		err = restore(ctx, tx, placeID, e)
	}
	if err != nil {
		return err
	}
	return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "conversation.undone", SubjectID: e.SubjectID, Data: map[string]any{"of": seq}})
}

func restore(ctx context.Context, tx db.Tx, placeID string, e place.Entry) error {
	was, ok := stanceFrom(e.Data["was"])
	is, also := stanceFrom(e.Data["is"])
	if !ok || !also {
		return fault.New(fault.NotFound, "inbox.undo", "")
	}
	c, err := get(ctx, tx, placeID, e.SubjectID)
	if err != nil {
		return err
	}
	now := c.stance()
	now.unread = is.unread // reading it meanwhile changes nothing that matters
	if now != is {
		return fault.New(fault.Conflict, "inbox.undo", "inbox.undo_changed")
	}
	c.State, c.AssigneeID, c.SnoozedUntil, c.Unread = was.state, was.assignee, db.Time(was.until), was.unread
	return c.save(ctx, tx)
}
