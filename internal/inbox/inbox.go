// Package inbox is where a place receives and interacts: it stores what people say on every network,
// keeps conversations and their states, and sends answers exactly once.
//
// Receiving: a Collector reads each account; Receive stores a page in one transaction, data before
// cursor. Gestures (Assign, Settle …) each change one conversation and return the number of the journal
// entry, by which Undo takes them back. Answering: Reply stores the answer and a job in one transaction;
// the row of the answer, never the job, decides what may still be sent.
package inbox

import (
	"context"
	"log/slog"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/jobs"
	"comptoir/internal/media"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// Inbox is the counter of every place of an installation. Its fields are set once, by app, before use;
// it is then safe for concurrent use.
type Inbox struct {
	DB    *db.DB
	Files *media.Store
	Queue *jobs.Queue
	Log   *slog.Logger
	Open  Opener
	// Rate is what an account may still ask of its network; nil = nobody knows.
	Rate func(ctx context.Context, a place.Account) (network.RateLimit, error)

	// OnReceived joins what was received to other packages, in the same transaction; may be nil.
	OnReceived func(ctx context.Context, tx db.Tx, news []Received) error
	// ToFloor makes a call for the floor of a message, in the same transaction, and returns its id; nil = there is
	// no floor.
	ToFloor func(ctx context.Context, tx db.Tx, actor place.Actor, passed Passed) (callID string, err error)
	// Watch is told what happened.
	Watch Watch

	memory memory
}

// Opener opens the client of an account. It does no I/O.
type Opener func(a place.Account) (network.Client, error)

// Received is one message that was new.
type Received struct {
	PlaceID        string
	Account        place.Account
	MessageID      string
	ConversationID string // the one on screen: of merged ones, the one that stayed
	PersonID       string // "" = the place itself, elsewhere
	New            bool   // it began the conversation
	Message        network.Message
}

// State is where a conversation is.
type State string

const (
	Open    State = "open"
	Snoozed State = "snoozed"
	Settled State = "settled"
)

// Conversation is one thread with somebody, as the list shows it.
type Conversation struct {
	ID           string
	PlaceID      string
	AccountID    string
	Kind         network.Kind
	PersonID     string // "" while only the place spoke
	Subject      string
	State        State
	Automatic    bool
	Unread       bool
	AssigneeID   string
	SnoozedUntil time.Time // zero while snoozed = until the next message
	WaitingSince time.Time // the oldest message without an answer, zero = answered
	AnsweredIn   time.Duration
	LastAt       time.Time
	Excerpt      string
	Ours         bool
	Lang         string
	MergedInto   string
	CreatedAt    time.Time
}

const conversationColumns = "c.id, c.place_id, c.account_id, c.kind, coalesce(c.person_id, ''), c.subject, c.state, c.automatic, c.unread, c.assignee_id, c.snoozed_until, c.waiting_since, c.answered_in, c.last_at, c.excerpt, c.ours, c.lang, c.merged_into, c.created_at"

func scanConversation(r db.Row) (c Conversation, err error) {
	var until, waiting, answered, last, created int64
	err = r.Scan(&c.ID, &c.PlaceID, &c.AccountID, &c.Kind, &c.PersonID, &c.Subject, &c.State, &c.Automatic, &c.Unread, &c.AssigneeID,
		&until, &waiting, &answered, &last, &c.Excerpt, &c.Ours, &c.Lang, &c.MergedInto, &created)
	c.SnoozedUntil, c.WaitingSince, c.LastAt, c.CreatedAt = db.Time(until), db.Time(waiting), db.Time(last), db.Time(created)
	c.AnsweredIn = time.Duration(answered) * time.Microsecond
	return c, err
}

// Get returns one conversation of a place.
func (b *Inbox) Get(ctx context.Context, placeID, id string) (Conversation, error) {
	return get(ctx, b.DB, placeID, id)
}

func get(ctx context.Context, q db.Querier, placeID, id string) (Conversation, error) {
	c, err := scanConversation(q.QueryRow(ctx, "SELECT "+conversationColumns+" FROM conversation c WHERE c.place_id = $1 AND c.id = $2", placeID, id))
	return c, db.NotFound(err, "inbox.get")
}

// onScreen returns a conversation that stands for itself. One that was merged is answered with fault.Conflict
// ("inbox.merged") and the argument "into", the conversation that it is shown in.
func onScreen(ctx context.Context, q db.Querier, op, placeID, id string) (Conversation, error) {
	c, err := get(ctx, q, placeID, id)
	if err != nil || c.MergedInto == "" {
		return c, err
	}
	into, err := shownOf(ctx, q, placeID, c.MergedInto)
	if err != nil {
		return c, err
	}
	return c, fault.New(fault.Conflict, op, "inbox.merged", "into", into.ID)
}

// nullable is an optional reference as stored: NULL for none.
func nullable(id string) any {
	if id == "" {
		return nil
	}
	return id
}
