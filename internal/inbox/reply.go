package inbox

import (
	"context"
	"io"
	"os"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/fault/point"
	"comptoir/internal/media"
	"comptoir/internal/place"
	"comptoir/internal/text"
)

// lateAfter is how long after its time an answer is still sent without asking.
const lateAfter = 2 * time.Hour

// Answer is what a member wants to say.
type Answer struct {
	// ID names the answer, so that a form that is sent twice answers once: the second Reply with the same ID,
	// conversation, member and text returns what the first did. "" = a new one.
	ID string
	// Key names the request of a program, in place of ID. The second Reply of one actor with the same key returns what
	// the first did, and fault.Invalid ("inbox.key_used") when it asks for something else. "" = none.
	Key            string
	ConversationID string
	To             string // the message answered, "" = the latest of theirs
	Text           string
	Settle         bool // settle the conversation once it is sent
	Files          []NewFile
	// Seen is the latest message that the member saw. When somebody answered after it, Reply returns
	// fault.Conflict ("inbox.collision") with the argument "message"; "" does not ask.
	Seen string
}

// NewFile is a file that a member joins to an answer.
type NewFile struct {
	Name    string
	Content io.Reader
}

// Answered is an answer that waits for its time to leave.
type Answered struct {
	MessageID string
	Due       time.Time
}

// Reply stores an answer and the job that will send it, in one transaction. Nothing leaves before the
// place's undo time is over; until then Cancel takes it back.
func (b *Inbox) Reply(ctx context.Context, actor place.Actor, placeID string, a Answer) (done Answered, err error) {
	const op = "inbox.reply"
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return done, err
	}
	if a.Text, err = ours(op, a.Text); err != nil {
		return done, err
	}
	a.ID = keyed("reply", actor, a.Key, a.ID)
	var files []staged
	for _, f := range a.Files[:min(len(a.Files), maxFiles)] {
		stored, err := b.Files.Put(ctx, placeID, f.Content, maxFile)
		if err != nil {
			return done, err
		}
		files = append(files, staged{File: stored, name: FileName(f.Name)})
	}
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		done, err = b.reply(ctx, tx, actor, placeID, a, files)
		point.Reached(point.ReplyStored)
		return err
	})
	point.Reached(point.ReplyCommitted)
	return done, err
}

func (b *Inbox) reply(ctx context.Context, tx db.Tx, actor place.Actor, placeID string, a Answer, files []staged) (done Answered, err error) {
	number, err := place.Lock(ctx, tx, placeID)
	if err != nil {
		return done, err
	}
	p, err := place.Get(ctx, tx, placeID)
	if err != nil {
		return done, err
	}
	c, err := onScreen(ctx, tx, "inbox.reply", placeID, a.ConversationID)
	if err != nil {
		return done, err
	}
	answers, err := said(ctx, tx, placeID, c.ID, a.To)
	if err != nil {
		return done, err
	}
	if done, err = storedBefore(ctx, tx, placeID, actor, &a); err != nil || done.MessageID != "" {
		return done, err
	}
	if err := collision(ctx, tx, placeID, c.ID, actor.ID, a.Seen); err != nil {
		return done, err
	}
	if err := b.fits(ctx, tx, placeID, answers, a.Text, files); err != nil {
		return done, err
	}
	if err := b.showAnswered(ctx, tx, actor, placeID, answers); err != nil {
		return done, err
	}
	now := time.Now().Truncate(time.Microsecond)
	done = Answered{MessageID: a.ID, Due: now.Add(time.Duration(p.Settings.UndoSeconds) * time.Second)}
	if err := storeAnswer(ctx, tx, placeID, actor, answers, a, files, done, now); err != nil {
		return done, err
	}
	var n int64
	if err := tx.QueryRow(ctx, "SELECT n FROM message WHERE place_id = $1 AND id = $2", placeID, done.MessageID).Scan(&n); err != nil {
		return done, err
	}
	if err := b.DB.Index(ctx, tx, number, db.Item{Number: n, Words: searchable(a.Text)}); err != nil {
		return done, err
	}
	if err := dropDraft(ctx, tx, placeID, c.ID, actor.ID); err != nil {
		return done, err
	}
	if err := b.Queue.Enqueue(ctx, tx, DeliverArgs{placeID, done.MessageID}, done.Due); err != nil {
		return done, err
	}
	c.answered(now, a)
	if err := c.save(ctx, tx); err != nil {
		return done, err
	}
	return done, place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "reply.waiting", SubjectID: c.ID, Data: map[string]any{"message": done.MessageID}})
}

// keyed is the id of what an actor asks for under a key: always the same. Without a key it is given, or a fresh
// one when that is no id.
func keyed(what string, actor place.Actor, key, given string) string {
	switch {
	case key != "":
		return db.NamedID(what, string(actor.Kind), actor.ID, key)
	case db.IsID(given):
		return given
	}
	return db.NewID()
}

// keyUsed refuses a second request under a key of another one: nobody can tell which was meant.
func keyUsed(op string) error { return fault.New(fault.Invalid, op, "inbox.key_used") }

// storedBefore returns the answer that was stored when the same request came before, zero for none. A page that was
// kept open and sends other words under its old ID says something new: a then gets another ID.
func storedBefore(ctx context.Context, tx db.Tx, placeID string, actor place.Actor, a *Answer) (done Answered, err error) {
	m, err := messageMark(ctx, tx, placeID, a.ID)
	if fault.Is(err, fault.NotFound) {
		return done, nil
	}
	if err != nil {
		return done, err
	}
	c, err := shownOf(ctx, tx, placeID, m.ConversationID)
	if err != nil {
		return done, err
	}
	same := m.Direction == Out && c.ID == a.ConversationID && m.Text == a.Text && m.MemberID == actor.ID
	if !same && a.Key == "" {
		a.ID = db.NewID()
		return done, nil
	}
	if !same {
		return done, keyUsed("inbox.reply")
	}
	d, err := delivery(ctx, tx, placeID, a.ID)
	if err == nil && a.Key != "" && (d.Settle != a.Settle || a.To != "" && a.To != d.AnswersID) {
		return done, keyUsed("inbox.reply")
	}
	return Answered{MessageID: a.ID, Due: d.Due}, err
}

// answered lets an answer of ours change its conversation.
func (c *Conversation) answered(now time.Time, a Answer) {
	c.LastAt, c.Ours, c.Unread = now, true, false
	c.Excerpt = text.Excerpt(cut(a.Text, 4*maxExcerpt), maxExcerpt)
	if !c.WaitingSince.IsZero() {
		c.AnsweredIn, c.WaitingSince = now.Sub(c.WaitingSince), time.Time{}
	}
	if a.Settle {
		c.State, c.SnoozedUntil = Settled, time.Time{}
	}
}

func storeAnswer(ctx context.Context, tx db.Tx, p string, actor place.Actor, answers Message, a Answer, files []staged, done Answered, now time.Time) error {
	at := db.Micros(now)
	if _, err := tx.Exec(ctx, "INSERT INTO message (place_id, id, conversation_id, account_id, member_id, direction, automatic, subject, text, quoted, lang, url, visibility, remote, sent_at, received_at, sort_at) VALUES ($1, $2, $3, $4, $5, 'out', FALSE, $6, $7, '', '', '', $8, '{}', $9, $9, $9)",
		p, done.MessageID, answers.ConversationID, answers.AccountID, actor.ID, answers.Subject, a.Text, string(answers.Visibility), at); err != nil {
		return err
	}
	rows := db.Insert{Head: "INSERT INTO attachment (place_id, id, message_id, position, name, type, size, hash, picture, inline, alt)"}
	for i, f := range files {
		rows.Row(p, db.NewID(), done.MessageID, i, f.name, f.Type, f.Size, f.Hash, f.Picture, false, "")
	}
	if err := rows.Exec(ctx, tx); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "INSERT INTO reply (place_id, message_id, account_id, answers_id, state, settle, key, due_at, late_at) VALUES ($1, $2, $3, $4, 'waiting', $5, '', $6, $7)",
		p, done.MessageID, answers.AccountID, answers.ID, a.Settle, db.Micros(done.Due), db.Micros(done.Due.Add(lateAfter)))
	return err
}

// collision tells whether a colleague answered after the message that a member last saw.
func collision(ctx context.Context, tx db.Tx, placeID, id, memberID, seen string) error {
	if seen == "" {
		return nil
	}
	last, err := messageMark(ctx, tx, placeID, seen)
	if err != nil {
		return nil // a mark that means nothing asks nothing
	}
	ids, err := family(ctx, tx, placeID, id)
	if err != nil || len(ids) == 0 {
		return err
	}
	list, args := db.In(4, ids, placeID, last.N, memberID)
	other, err := scanMessage(tx.QueryRow(ctx, "SELECT "+messageColumns+" FROM message m WHERE m.place_id = $1 AND m.n > $2 AND m.direction = 'out' AND m.member_id <> $3 AND m.conversation_id IN ("+list+")"+notWithdrawn+" ORDER BY m.n DESC LIMIT 1", args...))
	if err == db.ErrNoRows {
		return nil
	}
	if err != nil {
		return err
	}
	return fault.New(fault.Conflict, "inbox.reply", "inbox.collision", "message", other.ID)
}

// fits tells whether the network takes an answer, before anybody waits for it.
func (b *Inbox) fits(ctx context.Context, tx db.Tx, placeID string, answers Message, words string, files []staged) error {
	const op = "inbox.reply"
	l, err := b.reach(ctx, tx, placeID, answers)
	if err != nil {
		return err
	}
	if l.Text > 0 && l.Length != nil && l.Length(words) > l.Text {
		return fault.InvalidFields(op, fault.Field{Name: "text", Key: "inbox.text_long", Args: []any{"max", l.Text}})
	}
	if len(files) > l.Attachments {
		return fault.InvalidFields(op, fault.Field{Name: "file", Key: "inbox.files_many", Args: []any{"max", l.Attachments}})
	}
	for _, f := range files {
		if l.FileBytes > 0 && f.Size > l.FileBytes {
			return fault.InvalidFields(op, fault.Field{Name: "file", Key: "inbox.file_large", Args: []any{"name", f.name}})
		}
	}
	return nil
}

// Cancel takes an answer back while nothing of it has left, and returns its text, which becomes the
// member's draft again. Afterwards it is too late: fault.Conflict ("inbox.too_late").
func (b *Inbox) Cancel(ctx context.Context, actor place.Actor, placeID, messageID string) (words string, err error) {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return "", err
	}
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		m, err := messageMark(ctx, tx, placeID, messageID)
		if err != nil {
			return err
		}
		n, err := tx.Exec(ctx, "UPDATE reply SET state = 'cancelled', fence = fence + 1 WHERE place_id = $1 AND message_id = $2 AND state IN ('waiting', 'held', 'failed') AND fault_key <> 'reply.bounced'", placeID, messageID)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "inbox.cancel", "inbox.too_late")
		}
		if err := b.DB.Unindex(ctx, tx, m.N); err != nil {
			return err
		}
		c, err := shownOf(ctx, tx, placeID, m.ConversationID)
		if err != nil {
			return err
		}
		if err := unsettle(ctx, tx, &c, messageID); err != nil {
			return err
		}
		if err := recount(ctx, tx, &c); err != nil {
			return err
		}
		words = m.Text
		if actor.Kind == place.MemberActor {
			if err := saveDraft(ctx, tx, placeID, c.ID, actor.ID, words); err != nil {
				return err
			}
		}
		return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "reply.cancelled", SubjectID: c.ID, Data: map[string]any{"message": messageID}})
	})
	return words, err
}

// unsettle opens a conversation that an answer settled which was not sent after all.
func unsettle(ctx context.Context, q db.Querier, c *Conversation, messageID string) error {
	var settle bool
	if err := q.QueryRow(ctx, "SELECT settle FROM reply WHERE place_id = $1 AND message_id = $2", c.PlaceID, messageID).Scan(&settle); err != nil {
		return err
	}
	if settle && c.State == Settled {
		c.State = Open
	}
	return nil
}

// Retry sends an answer that failed again, at once. Nothing of it had left.
func (b *Inbox) Retry(ctx context.Context, actor place.Actor, placeID, messageID string) error {
	return b.decide(ctx, actor, placeID, messageID, "reply.retried", "state = 'failed' AND fault_key <> 'reply.bounced'")
}

// doubted are the answers of which nobody knows whether they have arrived: those that left with an unknown
// outcome, and those that a restore held back.
const doubted = "(state = 'uncertain' OR state = 'held' AND fault_key = '" + FromBackup + "')"

// Doubted tells whether only a person can say what becomes of an answer: SendAnyway or Arrived.
func (d Delivery) Doubted() bool {
	return d.State == Uncertain || d.State == Held && d.FaultKey == FromBackup
}

// SendAnyway sends an answer again whose arrival nobody could find out. It may arrive twice: only a person
// decides this.
func (b *Inbox) SendAnyway(ctx context.Context, actor place.Actor, placeID, messageID string) error {
	return b.decide(ctx, actor, placeID, messageID, "reply.retried", doubted)
}

// decide has an answer sent again, if it is as cond (a text of ours) says.
func (b *Inbox) decide(ctx context.Context, actor place.Actor, placeID, messageID, kind, cond string) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	return b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		if _, err := messageMark(ctx, tx, placeID, messageID); err != nil {
			return err
		}
		now := time.Now()
		n, err := tx.Exec(ctx, "UPDATE reply SET state = 'waiting', fence = fence + 1, due_at = $3, late_at = $4, attempts = 0, looks = 0, fault_code = '', fault_key = '' WHERE place_id = $1 AND message_id = $2 AND "+cond,
			placeID, messageID, db.Micros(now), db.Micros(now.Add(lateAfter)))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "inbox.decide", "inbox.too_late")
		}
		return b.again(ctx, tx, actor, placeID, messageID, kind, now)
	})
}

// Arrived says that an answer whose arrival was unknown has arrived: a person has looked.
func (b *Inbox) Arrived(ctx context.Context, actor place.Actor, placeID, messageID string) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	return b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		if _, err := messageMark(ctx, tx, placeID, messageID); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, "UPDATE reply SET state = 'sent', fence = fence + 1, fault_code = '', fault_key = '' WHERE place_id = $1 AND message_id = $2 AND "+doubted, placeID, messageID)
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.Conflict, "inbox.arrived", "inbox.too_late")
		}
		return tell(ctx, tx, actor, placeID, messageID, "reply.sent", nil)
	})
}

// again enqueues an answer and tells of it.
func (b *Inbox) again(ctx context.Context, tx db.Tx, actor place.Actor, placeID, messageID, kind string, at time.Time) error {
	if err := b.Queue.Enqueue(ctx, tx, DeliverArgs{placeID, messageID}, at); err != nil {
		return err
	}
	return tell(ctx, tx, actor, placeID, messageID, kind, nil)
}

// tell records what happens to an answer in the journal of its conversation.
func tell(ctx context.Context, tx db.Tx, actor place.Actor, placeID, messageID, kind string, data map[string]any) error {
	m, err := messageMark(ctx, tx, placeID, messageID)
	if err != nil {
		return err
	}
	c, err := shownOf(ctx, tx, placeID, m.ConversationID)
	if err != nil {
		return err
	}
	if data == nil {
		data = map[string]any{}
	}
	data["message"] = messageID
	return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: kind, SubjectID: c.ID, Data: data})
}

// shownOf is the conversation on screen of a thread.
func shownOf(ctx context.Context, q db.Querier, placeID, id string) (c Conversation, err error) {
	for range maxMerges {
		if c, err = get(ctx, q, placeID, id); err != nil || c.MergedInto == "" {
			return c, err
		}
		id = c.MergedInto
	}
	return c, fault.New(fault.NotFound, "inbox.shown", "")
}

// content opens a stored file for a driver.
func content(files *media.Store, placeID, hash string) func() io.Reader {
	return func() io.Reader {
		f, err := files.Get(placeID, hash)
		if err != nil {
			return broken{err}
		}
		return &closing{f}
	}
}

// closing closes its file at the end.
type closing struct{ f *os.File }

func (c *closing) Read(p []byte) (int, error) {
	n, err := c.f.Read(p)
	if err != nil {
		c.f.Close()
	}
	return n, err
}

// broken is a file that could not be opened.
type broken struct{ err error }

func (b broken) Read([]byte) (int, error) { return 0, b.err }
