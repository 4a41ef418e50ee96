package inbox

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// maxTries is how often a network is asked for a reaction before it is given up: over about four hours.
const maxTries = 8

// ReactArgs is the job that asks a network for what a reaction's row wants. It may run twice: asked again, a network
// does nothing.
type ReactArgs struct {
	Place    string           `json:"place"`
	Message  string           `json:"message"`
	Reaction network.Reaction `json:"reaction"`
}

// Kind names the job.
func (ReactArgs) Kind() string { return "inbox.react" }

// Reacts tells whether an account can like and share what it is told.
func (b *Inbox) Reacts(ctx context.Context, placeID, accountID string) bool {
	a, err := place.GetAccount(ctx, b.DB, placeID, accountID)
	if err != nil || a.Kind == place.HouseKind || a.State == place.AccountOff {
		return false
	}
	c, err := b.Open(a)
	_, ok := c.(network.Reactor)
	return err == nil && ok
}

// React likes or shares a message of theirs, or no longer. The network is asked in a moment; what it refuses for good
// is taken back and told in the conversation; fault.Rejected says that this cannot be asked of it. React returns the number of the journal entry, by which Undo takes it back;
// 0 when it was so already.
func (b *Inbox) React(ctx context.Context, actor place.Actor, placeID, messageID string, r network.Reaction, on bool) (seq int64, err error) {
	const op = "inbox.react"
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return 0, err
	}
	m, err := messageMark(ctx, b.DB, placeID, messageID)
	if err != nil {
		return 0, err
	}
	switch {
	case m.Direction != In || m.RemoteID == "" || !b.Reacts(ctx, placeID, m.AccountID):
		return 0, fault.New(fault.Rejected, op, "inbox.no_reactions")
	case r == network.Boost && m.Visibility == network.Private:
		return 0, fault.New(fault.Rejected, op, "inbox.boost_private")
	}
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		c, err := shownOf(ctx, tx, placeID, m.ConversationID)
		if err != nil {
			return err
		}
		changed, err := b.want(ctx, tx, placeID, messageID, r, on)
		if err != nil || !changed {
			return err
		}
		seq, err = record(ctx, tx, placeID, actor, place.Entry{Kind: "conversation.reacted", SubjectID: c.ID, Data: map[string]any{"message": messageID, "reaction": string(r), "on": on}})
		return err
	})
	return seq, err
}

// want stores what is wanted and the job that asks for it, and tells whether something else was wanted before.
func (b *Inbox) want(ctx context.Context, tx db.Tx, placeID, messageID string, r network.Reaction, on bool) (changed bool, err error) {
	now := time.Now()
	n, err := tx.Exec(ctx, `INSERT INTO reaction (place_id, message_id, kind, wanted, fence, due_at) VALUES ($1, $2, $3, $4, 1, $5)
		ON CONFLICT (place_id, message_id, kind) DO UPDATE SET wanted = excluded.wanted, fence = reaction.fence + 1, tries = 0, due_at = excluded.due_at WHERE reaction.wanted <> excluded.wanted`,
		placeID, messageID, string(r), on, db.Micros(now))
	if err != nil || n == 0 {
		return false, err
	}
	return true, b.Queue.Enqueue(ctx, tx, ReactArgs{placeID, messageID, r}, now)
}

// AskNetwork asks a network for what is wanted, once.
func (b *Inbox) AskNetwork(ctx context.Context, args ReactArgs) error {
	var on bool
	var fence, tries, due int64
	err := b.DB.QueryRow(ctx, "SELECT wanted, fence, tries, due_at FROM reaction WHERE place_id = $1 AND message_id = $2 AND kind = $3", args.Place, args.Message, string(args.Reaction)).Scan(&on, &fence, &tries, &due)
	if err == db.ErrNoRows {
		return nil // the message is gone
	}
	if err != nil || due == 0 || db.Time(due).After(time.Now().Add(time.Second)) && tries > 0 {
		return err
	}
	m, err := messageMark(ctx, b.DB, args.Place, args.Message)
	if err != nil {
		return err
	}
	err = b.askReactor(ctx, args, m, on)
	return b.DB.Write(ctx, func(tx db.Tx) error { return b.asked(ctx, tx, args, m, fence, tries, err) })
}

func (b *Inbox) askReactor(ctx context.Context, args ReactArgs, m Message, on bool) error {
	const op = "inbox.ask_network"
	a, err := place.GetAccount(ctx, b.DB, args.Place, m.AccountID)
	if err != nil {
		return err
	}
	if a.State == place.AccountPerson || a.State == place.AccountOff {
		return fault.New(fault.Unavailable, op, a.FaultKey) // later, if somebody sees to it
	}
	c, err := b.Open(a)
	if err != nil {
		return err
	}
	reactor, ok := c.(network.Reactor)
	if !ok {
		return fault.New(fault.Unsupported, op, "inbox.no_reactions")
	}
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	return reactor.React(ctx, m.RemoteID, args.Reaction, on)
}

// asked stores what came of it: done, later, or given up. A wish that was changed meanwhile has its own job.
func (b *Inbox) asked(ctx context.Context, tx db.Tx, args ReactArgs, m Message, fence, tries int64, cause error) error {
	const mine = " WHERE place_id = $1 AND message_id = $2 AND kind = $3 AND fence = $4"
	key := []any{args.Place, args.Message, string(args.Reaction), fence}
	if _, err := place.Lock(ctx, tx, args.Place); err != nil {
		return err
	}
	if cause == nil {
		_, err := tx.Exec(ctx, "UPDATE reaction SET done = wanted, due_at = 0"+mine, key...)
		return err
	}
	f := fault.As(cause)
	if wait, ok := askAgain(f, tries); ok {
		due := time.Now().Add(wait)
		n, err := tx.Exec(ctx, "UPDATE reaction SET tries = tries + 1, due_at = $5"+mine, append(key, db.Micros(due))...)
		if err != nil || n == 0 {
			return err
		}
		return b.Queue.Enqueue(ctx, tx, args, due)
	}
	n, err := tx.Exec(ctx, "UPDATE reaction SET wanted = done, due_at = 0"+mine, key...)
	if err != nil || n == 0 {
		return err
	}
	c, err := shownOf(ctx, tx, args.Place, m.ConversationID)
	if err != nil {
		return err
	}
	return place.Record(ctx, tx, args.Place, place.System(), place.Entry{Kind: "conversation.reaction_refused", SubjectID: c.ID, Data: map[string]any{"message": args.Message, "reaction": string(args.Reaction), "code": string(f.Code)}})
}

// unreact takes a reaction back, or makes it again, whose journal entry is undone.
func (b *Inbox) unreact(ctx context.Context, tx db.Tx, placeID string, e place.Entry) error {
	message, _ := e.Data["message"].(string)
	reaction, _ := e.Data["reaction"].(string)
	on, _ := e.Data["on"].(bool)
	changed, err := b.want(ctx, tx, placeID, message, network.Reaction(reaction), !on)
	if err == nil && !changed {
		err = fault.New(fault.Conflict, "inbox.undo", "inbox.undo_changed")
	}
	return err
}

// lateReactions asks for what was due a while ago, whatever became of its job.
func (b *Inbox) lateReactions(ctx context.Context, now time.Time) error {
	// across places: one process looks after the reactions of all of them
	late, err := db.Collect(func(r db.Row) (a ReactArgs, err error) { err = r.Scan(&a.Place, &a.Message, &a.Reaction); return })(
		b.DB.Query(ctx, "SELECT place_id, message_id, kind FROM reaction WHERE due_at > 0 AND due_at < $1 ORDER BY due_at LIMIT 20", db.Micros(now.Add(-overdue))))
	if err != nil {
		return err
	}
	for _, args := range late {
		if err := b.AskNetwork(ctx, args); err != nil {
			return err
		}
	}
	return nil
}
