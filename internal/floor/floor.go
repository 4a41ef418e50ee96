// Package floor is the room: its zones and tables, the signed code on each table's card, the guests who
// open it, what they ask for, and the colleagues who go.
//
// A call is received, taken, done. Whoever takes it first has it; the guest's page says who is coming.
// A guest is a random cookie for one evening: nothing here knows a name, a telephone or an address.
package floor

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/place"
)

// Floor is the room of every place of an installation. Its fields are set before use; then it is safe
// for concurrent use.
type Floor struct {
	DB *db.DB
	// Said makes what a guest says a message of the house account, and returns its conversation. It runs
	// in the transaction that stores the call; nil = there is no counter.
	Said func(ctx context.Context, tx db.Tx, w Words) (conversationID string, err error)
	// Changed tells back in a conversation what became of its call, once for each conversation of the
	// call, in the transaction of the change; nil = nobody listens.
	Changed func(ctx context.Context, tx db.Tx, conversationID string, c Call, what Change) error

	// Thread returns what the guest and the place wrote in a conversation, the oldest first, for the
	// guest's page; nil = nothing to show.
	Thread func(ctx context.Context, placeID, conversationID string) ([]Line, error)

	codes   Codes
	cookie  []byte // key of the guests' hashes
	address []byte // key from which each day's key of addresses is made
}

// New returns the room. The caller may set Said and Changed before it is used.
func New(d *db.DB, k place.Keys) *Floor {
	return &Floor{DB: d, codes: Codes{key: k.Derive("table code")}, cookie: k.Derive("guest cookie"), address: k.Derive("guest address")}
}

// Kind is what a guest asks for.
type Kind string

const (
	Hungry Kind = "hungry"
	Bill   Kind = "bill"
	Water  Kind = "water"
	Loud   Kind = "loud"
	Kindly Kind = "kind"  // something kind to say: a message, not a call
	Other  Kind = "other" // in their own words
)

// State is how far a call is.
type State string

const (
	Received  State = "received"
	Taken     State = "taken"
	Done      State = "done"
	Cancelled State = "cancelled"

	// AnyOpen asks List for calls that somebody still waits for, taken or not. No call is stored so.
	AnyOpen State = "open"
)

// Open tells whether somebody still waits.
func (s State) Open() bool { return s == Received || s == Taken }

// Change is what happened to a call: the second word of its journal entry.
type Change string

const (
	WasReceived   Change = "received"
	WasJoined     Change = "joined" // the same call again
	WasTaken      Change = "taken"
	WasHandedBack Change = "handed_back"
	WasDone       Change = "done"
	WasCancelled  Change = "cancelled"
	WasReopened   Change = "reopened" // done too early
	WasAnswered   Change = "answered" // "all good"
	WasPlaced     Change = "placed"   // its table became known
)

// Answer is what a guest says to "all good?".
type Answer string

const (
	Good  Answer = "good"
	Again Answer = "again" // nobody came, or not for that: the call rings again
)

// Line is one thing written in a guest's conversation.
type Line struct {
	ID   string
	Mine bool   // by the guest
	Who  string // the colleague who answered, "" = the place
	Text string // plain
	At   time.Time
}

// Words is something that a guest said, on its way to the counter.
type Words struct {
	ID       string // names these words for good
	PlaceID  string
	GuestID  string // one guest's words are one conversation
	Table    string // the name on the plate
	Kind     Kind
	Text     string // plain, may be "" when Kind says it all
	Language string // BCP 47, of the guest's page
	CallID   string // "" for words that are no call
	Whom     string // of a kind word: one of Whoms, "" = everybody
	At       time.Time
}

func (f *Floor) said(ctx context.Context, tx db.Tx, w Words) (string, error) {
	if f.Said == nil {
		return "", nil
	}
	return f.Said(ctx, tx, w)
}

// changed journals what became of a call and tells it back in its conversations.
func (f *Floor) changed(ctx context.Context, tx db.Tx, actor place.Actor, c Call, what Change) error {
	data := map[string]any{"kind": string(c.Kind), "state": string(c.State)}
	if c.TableID != "" {
		data["table"] = c.TableID
	}
	if guests := c.Guests(); len(guests) > 0 {
		data["guests"] = guests // whose open pages show it
	}
	if err := place.Record(ctx, tx, c.PlaceID, actor, place.Entry{Kind: "call." + string(what), SubjectID: c.ID, Data: data}); err != nil {
		return err
	}
	if f.Changed == nil {
		return nil
	}
	for _, id := range c.Conversations() {
		if err := f.Changed(ctx, tx, id, c, what); err != nil {
			return err
		}
	}
	return nil
}
