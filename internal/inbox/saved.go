package inbox

import (
	"context"
	"slices"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/text"
)

// Saved is an answer that a place keeps at hand. Its text may hold variables.
type Saved struct {
	ID    string
	Title string
	Text  string
	Other string // the same in the house's other language, "" = there is none
}

const (
	maxSaved      = 200 // of a place
	maxSavedTitle = 40  // graphemes
)

func scanSaved(r db.Row) (s Saved, err error) {
	err = r.Scan(&s.ID, &s.Title, &s.Text, &s.Other)
	return s, err
}

// Saved lists a place's kept answers in their order.
func (b *Inbox) Saved(ctx context.Context, placeID string) ([]Saved, error) {
	return db.Collect(scanSaved)(b.DB.Query(ctx, "SELECT id, title, text, other FROM saved_reply WHERE place_id = $1 ORDER BY position, id", placeID))
}

// Save keeps an answer, or changes the one with s.ID.
func (b *Inbox) Save(ctx context.Context, actor place.Actor, placeID string, s Saved) (Saved, error) {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return s, err
	}
	s.Title, s.Text, s.Other = text.Line(s.Title), text.Plain(s.Text), text.Plain(s.Other)
	var wrong []fault.Field
	if n := text.Graphemes(s.Title); n == 0 || n > maxSavedTitle {
		wrong = append(wrong, fault.Field{Name: "title", Key: "inbox.saved_title", Args: []any{"max", maxSavedTitle}})
	}
	if n := text.Graphemes(s.Text); n == 0 || n > maxOurs {
		wrong = append(wrong, fault.Field{Name: "text", Key: "inbox.saved_text"})
	}
	if text.Graphemes(s.Other) > maxOurs {
		wrong = append(wrong, fault.Field{Name: "other", Key: "inbox.saved_text"})
	}
	if err := fault.InvalidFields("inbox.save", wrong...); err != nil {
		return s, err
	}
	err := b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		if s.ID != "" {
			n, err := tx.Exec(ctx, "UPDATE saved_reply SET title = $3, text = $4, other = $5 WHERE place_id = $1 AND id = $2", placeID, s.ID, s.Title, s.Text, s.Other)
			if err == nil && n == 0 {
				err = db.NotFound(db.ErrNoRows, "inbox.save")
			}
			if err != nil {
				return err
			}
			return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "saved_reply.changed", SubjectID: s.ID})
		}
		var n, last int
		if err := tx.QueryRow(ctx, "SELECT count(*), coalesce(max(position), 0) FROM saved_reply WHERE place_id = $1", placeID).Scan(&n, &last); err != nil {
			return err
		}
		if n >= maxSaved {
			return fault.New(fault.Invalid, "inbox.save", "inbox.saved_many", "max", maxSaved)
		}
		s.ID = db.NewID()
		if _, err := tx.Exec(ctx, "INSERT INTO saved_reply (place_id, id, title, text, other, position) VALUES ($1, $2, $3, $4, $5, $6)", placeID, s.ID, s.Title, s.Text, s.Other, last+1); err != nil {
			return err
		}
		return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "saved_reply.made", SubjectID: s.ID})
	})
	return s, err
}

// MoveSaved takes a kept answer some places up (by < 0) or down its list. At an end it stays there.
func (b *Inbox) MoveSaved(ctx context.Context, actor place.Actor, placeID, id string, by int) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	return b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		ids, err := db.Collect(func(r db.Row) (id string, err error) { err = r.Scan(&id); return })(
			tx.Query(ctx, "SELECT id FROM saved_reply WHERE place_id = $1 ORDER BY position, id", placeID))
		if err != nil {
			return err
		}
		from := slices.Index(ids, id)
		if from < 0 {
			return db.NotFound(db.ErrNoRows, "inbox.move_saved")
		}
		to := max(0, min(len(ids)-1, from+by))
		if to == from {
			return nil
		}
		ids = slices.Insert(slices.Delete(ids, from, from+1), to, id)
		for i, id := range ids {
			if _, err := tx.Exec(ctx, "UPDATE saved_reply SET position = $3 WHERE place_id = $1 AND id = $2 AND position <> $3", placeID, id, i+1); err != nil {
				return err
			}
		}
		return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "saved_reply.moved", SubjectID: id})
	})
}

// Forget removes a kept answer.
func (b *Inbox) Forget(ctx context.Context, actor place.Actor, placeID, id string) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	return b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, "DELETE FROM saved_reply WHERE place_id = $1 AND id = $2", placeID, id)
		if err == nil && n == 0 {
			err = db.NotFound(db.ErrNoRows, "inbox.forget")
		}
		if err != nil {
			return err
		}
		return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "saved_reply.removed", SubjectID: id})
	})
}
