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
	MemberID string // a member or a token
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

// NewNote is what a member or a program wants the team to know.
type NewNote struct {
	Key            string // names the request of a program, as Answer.Key does
	ConversationID string
	Text           string
}

// AddNote keeps a note in a conversation.
func (b *Inbox) AddNote(ctx context.Context, actor place.Actor, placeID, id, words string) (seq int64, err error) {
	_, seq, err = b.KeepNote(ctx, actor, placeID, NewNote{ConversationID: id, Text: words})
	return seq, err
}

// KeepNote keeps a note and returns it, with the number of its journal entry; 0 when the same request came before.
func (b *Inbox) KeepNote(ctx context.Context, actor place.Actor, placeID string, n NewNote) (kept Note, seq int64, err error) {
	const op = "inbox.note"
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return kept, 0, err
	}
	if n.Text, err = ours(op, n.Text); err != nil {
		return kept, 0, err
	}
	kept = Note{ID: keyed("note", actor, n.Key, ""), MemberID: actor.ID, Text: n.Text, At: time.Now().UTC().Truncate(time.Microsecond)}
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		if _, err := onScreen(ctx, tx, op, placeID, n.ConversationID); err != nil {
			return err
		}
		before, in, err := noteByID(ctx, tx, placeID, kept.ID)
		switch {
		case err == nil && (in != n.ConversationID || before.Text != n.Text):
			return keyUsed(op)
		case err == nil:
			kept = before
			return nil
		case err != db.ErrNoRows:
			return err
		}
		if _, err := tx.Exec(ctx, "INSERT INTO note (place_id, id, conversation_id, member_id, text, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
			placeID, kept.ID, n.ConversationID, kept.MemberID, kept.Text, db.Micros(kept.At)); err != nil {
			return err
		}
		if err := dropDraft(ctx, tx, placeID, n.ConversationID, actor.ID); err != nil {
			return err
		}
		seq, err = record(ctx, tx, placeID, actor, place.Entry{Kind: "conversation.noted", SubjectID: n.ConversationID, Data: map[string]any{"note": kept.ID}})
		return err
	})
	return kept, seq, err
}

// noteByID returns a note and the conversation that it is in.
func noteByID(ctx context.Context, q db.Querier, placeID, id string) (n Note, conversationID string, err error) {
	n, err = scanNote(scanning(func(dest ...any) error {
		return q.QueryRow(ctx, "SELECT id, member_id, text, created_at, conversation_id FROM note WHERE place_id = $1 AND id = $2", placeID, id).Scan(append(dest, &conversationID)...)
	}))
	return n, conversationID, err
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
