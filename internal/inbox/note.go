package inbox

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/text"
)

// Note is what the team tells itself in a conversation. It never leaves the house.
type Note struct {
	ID       string
	MemberID string
	Text     string
	At       time.Time
}

// maxOurs is the longest text that a member writes here, in graphemes.
const maxOurs = 10_000

// ours cleans a text that a member wrote. It returns fault.Invalid for none and for too much.
func ours(op, s string) (string, error) {
	s = text.Plain(s)
	switch {
	case s == "":
		return "", fault.InvalidFields(op, fault.Field{Name: "text", Key: "inbox.text_empty"})
	case len(s) > maxText || text.Graphemes(s) > maxOurs:
		return "", fault.InvalidFields(op, fault.Field{Name: "text", Key: "inbox.text_long", Args: []any{"max", maxOurs}})
	}
	return s, nil
}

// AddNote keeps a note in a conversation.
func (b *Inbox) AddNote(ctx context.Context, actor place.Actor, placeID, id, words string) (seq int64, err error) {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return 0, err
	}
	if words, err = ours("inbox.note", words); err != nil {
		return 0, err
	}
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		if _, err := onScreen(ctx, tx, "inbox.note", placeID, id); err != nil {
			return err
		}
		note := db.NewID()
		if _, err := tx.Exec(ctx, "INSERT INTO note (place_id, id, conversation_id, member_id, text, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
			placeID, note, id, actor.ID, words, db.Micros(time.Now())); err != nil {
			return err
		}
		if err := dropDraft(ctx, tx, placeID, id, actor.ID); err != nil {
			return err
		}
		seq, err = record(ctx, tx, placeID, actor, place.Entry{Kind: "conversation.noted", SubjectID: id, Data: map[string]any{"note": note}})
		return err
	})
	return seq, err
}

func removeNote(ctx context.Context, tx db.Tx, placeID string, e place.Entry) error {
	id, _ := e.Data["note"].(string)
	_, err := tx.Exec(ctx, "DELETE FROM note WHERE place_id = $1 AND id = $2", placeID, id)
	return err
}

func scanNote(r db.Row) (n Note, err error) {
	var at int64
	err = r.Scan(&n.ID, &n.MemberID, &n.Text, &at)
	n.At = db.Time(at)
	return n, err
}
