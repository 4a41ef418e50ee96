package inbox

import (
	"context"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/text"
)

// Passed is a message that is passed to the floor: it becomes a call there, and what happens to the call
// is told back in its conversation.
type Passed struct {
	PlaceID        string
	ConversationID string
	MessageID      string
	Kind           network.Kind
	Name           string // who said it
	Text           string
	Note           string // a word of the member's for the floor
	TableID        string // where they sit, "" = not known; the floor's own id
}

// Pass hands a message to the floor; messageID "" is the latest of theirs, tableID "" a table that is not known.
func (b *Inbox) Pass(ctx context.Context, actor place.Actor, placeID, id, messageID, tableID, note string) (callID string, err error) {
	const op = "inbox.pass"
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return "", err
	}
	if b.ToFloor == nil {
		return "", fault.New(fault.Unsupported, op, "")
	}
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		if _, err := onScreen(ctx, tx, op, placeID, id); err != nil {
			return err
		}
		m, err := said(ctx, tx, placeID, id, messageID)
		if err != nil {
			return err
		}
		name := m.Author().Name
		if name == "" {
			name = m.Author().Handle
		}
		p := Passed{PlaceID: placeID, ConversationID: id, MessageID: m.ID, Name: name, Text: text.Clip(m.Text, 500), Note: text.Clip(text.Line(note), 200), TableID: tableID}
		c, err := get(ctx, tx, placeID, m.ConversationID)
		if err != nil {
			return err
		}
		p.Kind = c.Kind
		if callID, err = b.ToFloor(ctx, tx, actor, p); err != nil {
			return err
		}
		return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "conversation.passed", SubjectID: id, Data: map[string]any{"message": m.ID}})
	})
	return callID, err
}

// said is one message of theirs in a conversation; "" is the latest that a person wrote.
func said(ctx context.Context, q db.Querier, placeID, id, messageID string) (Message, error) {
	ids, err := family(ctx, q, placeID, id)
	if err != nil {
		return Message{}, err
	}
	if len(ids) == 0 {
		return Message{}, fault.New(fault.NotFound, "inbox.said", "")
	}
	list, args := db.In(3, ids, placeID, messageID)
	return orNotFound(scanMessage(q.QueryRow(ctx, "SELECT "+messageColumns+" FROM message m WHERE m.place_id = $1 AND ($2 = '' OR m.id = $2) AND m.conversation_id IN ("+list+
		") AND m.direction = 'in' ORDER BY m.automatic, m.sort_at DESC, m.n DESC LIMIT 1", args...)))
}

func orNotFound(m Message, err error) (Message, error) { return m, db.NotFound(err, "inbox.said") }
