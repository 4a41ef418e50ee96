package inbox

import (
	"context"
	"slices"

	"comptoir/internal/db"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// Thread is a conversation with everything in it. The parts are in order of time.
type Thread struct {
	Conversation
	Name     string // of the person, "" = nobody answered yet
	Assignee string
	Labels   []Label
	Messages []Message
	Notes    []Note
	Events   []place.Entry // what happened to it, without what messages and notes tell themselves
	Earlier  string        // the mark of older messages, "" = all are there
	Newest   string        // the latest message, also when these are older ones
	Merged   []string      // conversations that are shown as part of it
}

// threadMessages is how many messages are read at once.
const threadMessages = 100

// Thread reads a conversation with its latest messages, or those before a mark. A merged conversation is
// answered with fault.Conflict ("inbox.merged") and the argument "into".
func (b *Inbox) Thread(ctx context.Context, placeID, id, before string) (t Thread, err error) {
	err = b.DB.Read(ctx, func(q db.Querier) error {
		t = Thread{}
		row, err := scanRow(q.QueryRow(ctx, "SELECT "+rowColumns+rowTables+"c.place_id = $1 AND c.id = $2", placeID, id))
		if err != nil {
			return db.NotFound(err, "inbox.thread")
		}
		if row.MergedInto != "" {
			_, err := onScreen(ctx, q, "inbox.thread", placeID, id)
			return err
		}
		t.Conversation, t.Name, t.Assignee = row.Conversation, row.Name, row.Assignee
		ids, err := family(ctx, q, placeID, id)
		if err != nil {
			return err
		}
		t.Merged = slices.DeleteFunc(slices.Clone(ids), func(s string) bool { return s == id })
		if err := t.readMessages(ctx, q, ids, before); err != nil {
			return err
		}
		return t.readRest(ctx, q, ids)
	})
	return t, err
}

// Older tells whether later messages than these are in the conversation.
func (t Thread) Older() bool {
	return len(t.Messages) > 0 && t.Messages[len(t.Messages)-1].ID != t.Newest
}

func (t *Thread) readMessages(ctx context.Context, q db.Querier, ids []string, before string) error {
	list, args := db.In(5, ids, t.PlaceID, int64(1<<62), int64(1<<62), threadMessages+1)
	if before != "" {
		m, err := messageMark(ctx, q, t.PlaceID, before)
		if err != nil {
			return err
		}
		args[1], args[2] = db.Micros(m.At), m.N
	}
	all, err := db.Collect(scanMessage)(q.Query(ctx, "SELECT "+messageColumns+" FROM message m WHERE m.place_id = $1 AND (m.sort_at, m.n) < ($2, $3) AND m.conversation_id IN ("+list+")"+notWithdrawn+" ORDER BY m.sort_at DESC, m.n DESC LIMIT $4", args...))
	if err != nil {
		return err
	}
	if len(all) > threadMessages {
		all = all[:threadMessages]
		t.Earlier = all[threadMessages-1].ID
	}
	slices.Reverse(all)
	t.Messages = all
	if before != "" {
		list, args := db.In(2, ids, t.PlaceID)
		err = q.QueryRow(ctx, "SELECT m.id FROM message m WHERE m.place_id = $1 AND m.conversation_id IN ("+list+")"+notWithdrawn+" ORDER BY m.sort_at DESC, m.n DESC LIMIT 1", args...).Scan(&t.Newest)
		if err != nil {
			return err
		}
	} else if len(all) > 0 {
		t.Newest = all[len(all)-1].ID
	}
	return dressMessages(ctx, q, t.PlaceID, t.Messages)
}

// messageMark finds the message that a mark names.
func messageMark(ctx context.Context, q db.Querier, placeID, id string) (Message, error) {
	return orNotFound(scanMessage(q.QueryRow(ctx, "SELECT "+messageColumns+" FROM message m WHERE m.place_id = $1 AND m.id = $2", placeID, id)))
}

// Message returns one message of a place with its attachments.
func (b *Inbox) Message(ctx context.Context, placeID, id string) (Message, error) {
	m, err := messageMark(ctx, b.DB, placeID, id)
	if err != nil {
		return m, err
	}
	one := []Message{m}
	err = dressMessages(ctx, b.DB, placeID, one)
	return one[0], err
}

// dressMessages adds attachments, reactions, standings and deliveries.
func dressMessages(ctx context.Context, q db.Querier, placeID string, all []Message) error {
	if len(all) == 0 {
		return nil
	}
	ids := make([]string, len(all))
	at := map[string]int{}
	for i := range all {
		ids[i], at[all[i].ID] = all[i].ID, i
	}
	list, args := db.In(2, ids, placeID)
	files, err := db.Collect(scanAttachment)(q.Query(ctx, "SELECT "+attachmentColumns+" FROM attachment WHERE place_id = $1 AND message_id IN ("+list+") ORDER BY message_id, position", args...))
	if err != nil {
		return err
	}
	for _, f := range files {
		i := at[f.MessageID]
		all[i].Attachments = append(all[i].Attachments, f)
	}
	liked, err := db.Collect(func(r db.Row) (a ReactArgs, err error) { err = r.Scan(&a.Message, &a.Reaction); return })(
		q.Query(ctx, "SELECT message_id, kind FROM reaction WHERE place_id = $1 AND wanted AND message_id IN ("+list+")", args...))
	if err != nil {
		return err
	}
	for _, r := range liked {
		m := &all[at[r.Message]]
		m.Liked, m.Boosted = m.Liked || r.Reaction == network.Like, m.Boosted || r.Reaction == network.Boost
	}
	stands, err := db.Collect(func(r db.Row) (m Message, err error) { err = r.Scan(&m.ID, &m.Standing); return })(
		q.Query(ctx, "SELECT message_id, wanted FROM standing WHERE place_id = $1 AND message_id IN ("+list+")", args...))
	if err != nil {
		return err
	}
	for _, s := range stands {
		all[at[s.ID]].Standing = s.Standing
	}
	ways, err := db.Collect(scanDelivery)(q.Query(ctx, "SELECT "+deliveryColumns+" FROM reply WHERE place_id = $1 AND message_id IN ("+list+")", args...))
	for _, d := range ways {
		all[at[d.MessageID]].Reply = &d
	}
	return err
}

const attachmentColumns = "id, message_id, name, type, size, hash, picture, inline, alt"

func scanAttachment(r db.Row) (a Attachment, err error) {
	err = r.Scan(&a.ID, &a.MessageID, &a.Name, &a.Type, &a.Size, &a.Hash, &a.Picture, &a.Inline, &a.Alt)
	return a, err
}

// Attachment returns one attachment of a place.
func (b *Inbox) Attachment(ctx context.Context, placeID, id string) (Attachment, error) {
	a, err := scanAttachment(b.DB.QueryRow(ctx, "SELECT "+attachmentColumns+" FROM attachment WHERE place_id = $1 AND id = $2", placeID, id))
	return a, db.NotFound(err, "inbox.attachment")
}

// told are the journal entries that something else in the thread shows already.
var told = map[string]bool{
	"conversation.noted": true, "conversation.read": true, "conversation.undone": true,
	"reply.waiting": true, "reply.sending": true, "reply.cancelled": true, "reply.delayed": true,
}

func (t *Thread) readRest(ctx context.Context, q db.Querier, ids []string) error {
	list, args := db.In(2, ids, t.PlaceID)
	var err error
	if t.Notes, err = db.Collect(scanNote)(q.Query(ctx, "SELECT id, member_id, text, created_at FROM note WHERE place_id = $1 AND conversation_id IN ("+list+") ORDER BY created_at, id", args...)); err != nil {
		return err
	}
	for _, id := range ids {
		entries, err := place.About(ctx, q, t.PlaceID, id)
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !told[e.Kind] {
				t.Events = append(t.Events, e)
			}
		}
	}
	slices.SortFunc(t.Events, func(a, b place.Entry) int { return int(a.Seq - b.Seq) })
	labels, err := labelsOf(ctx, q, t.PlaceID, []string{t.ID})
	t.Labels = labels[t.ID]
	return err
}
