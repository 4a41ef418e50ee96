package inbox

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// ModerateArgs is the job that asks a network for the standing that a message is to have. It may run twice: asked
// again, a network does nothing.
type ModerateArgs struct {
	Place   string `json:"place"`
	Message string `json:"message"`
}

// Kind names the job.
func (ModerateArgs) Kind() string { return "inbox.moderate" }

// Moderates tells whether an account decides who can read what others write under its publications.
func (b *Inbox) Moderates(ctx context.Context, placeID, accountID string) bool {
	_, err := b.moderator(ctx, b.DB, placeID, accountID)
	return err == nil
}

func (b *Inbox) moderator(ctx context.Context, q db.Querier, placeID, accountID string) (network.Moderator, error) {
	const op = "inbox.moderate"
	a, err := place.GetAccount(ctx, q, placeID, accountID)
	if err != nil {
		return nil, err
	}
	if a.Kind == place.HouseKind || a.State == place.AccountOff {
		return nil, fault.New(fault.Rejected, op, "inbox.no_standing")
	}
	c, err := b.Open(a)
	if err != nil {
		return nil, err
	}
	m, ok := c.(network.Moderator)
	if !ok {
		return nil, fault.New(fault.Rejected, op, "inbox.no_standing")
	}
	if a.State == place.AccountPerson {
		return m, fault.New(fault.Unavailable, op, a.FaultKey) // later, if somebody sees to it
	}
	return m, nil
}

// Moderate decides who can read what somebody wrote. The network is asked in a moment; what it refuses for good is
// taken back and told in the conversation; fault.Rejected says that nobody decides of such a message. Moderate returns
// the number of the journal entry, by which Undo takes it back; 0 when it was so already.
func (b *Inbox) Moderate(ctx context.Context, actor place.Actor, placeID, messageID string, s network.Standing) (seq int64, err error) {
	const op = "inbox.moderate"
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return 0, err
	}
	switch s {
	case network.Held, network.Shown, network.Spam, network.Removed:
	default:
		return 0, fault.InvalidFields(op, fault.Field{Name: "standing", Key: "inbox.standing_unknown"})
	}
	m, err := messageMark(ctx, b.DB, placeID, messageID)
	if err != nil {
		return 0, err
	}
	if m.Direction != In || !m.GoneAt.IsZero() || !b.Moderates(ctx, placeID, m.AccountID) {
		return 0, fault.New(fault.Rejected, op, "inbox.no_standing")
	}
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		c, was, err := b.wantStanding(ctx, tx, m, placeID, s)
		if err != nil || was == s {
			return err
		}
		seq, err = record(ctx, tx, placeID, actor, place.Entry{Kind: "conversation.moderated", SubjectID: c.ID, Data: map[string]any{"message": messageID, "was": string(was), "standing": string(s)}})
		return err
	})
	return seq, err
}

// wantStanding stores what is wanted and the job that asks for it, and lets it change the conversation: what is refused
// waits for no answer. It returns what was wanted before.
func (b *Inbox) wantStanding(ctx context.Context, tx db.Tx, m Message, placeID string, s network.Standing) (c Conversation, was network.Standing, err error) {
	if c, err = shownOf(ctx, tx, placeID, m.ConversationID); err != nil {
		return c, "", err
	}
	err = tx.QueryRow(ctx, "SELECT wanted FROM standing WHERE place_id = $1 AND message_id = $2", placeID, m.ID).Scan(&was)
	if err == db.ErrNoRows {
		err = fault.New(fault.Rejected, "inbox.moderate", "inbox.no_standing") // its network told of none
	}
	if err != nil || was == s {
		return c, was, err
	}
	now := time.Now()
	if _, err = tx.Exec(ctx, "UPDATE standing SET wanted = $3, fence = fence + 1, tries = 0, due_at = $4 WHERE place_id = $1 AND message_id = $2", placeID, m.ID, string(s), db.Micros(now)); err != nil {
		return c, was, err
	}
	if err = b.Queue.Enqueue(ctx, tx, ModerateArgs{placeID, m.ID}, now); err != nil {
		return c, was, err
	}
	return c, was, stand(ctx, tx, &c, was, s)
}

// stand lets a message's new standing change its conversation.
func stand(ctx context.Context, tx db.Tx, c *Conversation, was, is network.Standing) error {
	if refused(was) && !refused(is) && c.State == Settled {
		c.State = Open
	}
	if err := recount(ctx, tx, c); err != nil {
		return err
	}
	return quiet(ctx, tx, c)
}

func refused(s network.Standing) bool { return s == network.Spam || s == network.Removed }

// AskStanding asks a network for the standing that is wanted, once.
func (b *Inbox) AskStanding(ctx context.Context, args ModerateArgs) error {
	var wanted network.Standing
	var fence, tries, due int64
	err := b.DB.QueryRow(ctx, "SELECT wanted, fence, tries, due_at FROM standing WHERE place_id = $1 AND message_id = $2", args.Place, args.Message).Scan(&wanted, &fence, &tries, &due)
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
	moderator, err := b.moderator(ctx, b.DB, args.Place, m.AccountID)
	if err == nil {
		tctx, cancel := context.WithTimeout(ctx, attemptTime)
		defer cancel()
		err = moderator.Moderate(tctx, m.RemoteID, wanted)
	}
	return b.DB.Write(ctx, func(tx db.Tx) error { return b.stood(ctx, tx, args, m, fence, tries, err) })
}

// stood stores what came of it: done, later, or given up. A wish that was changed meanwhile has its own job.
func (b *Inbox) stood(ctx context.Context, tx db.Tx, args ModerateArgs, m Message, fence, tries int64, cause error) error {
	const mine = " WHERE place_id = $1 AND message_id = $2 AND fence = $3"
	key := []any{args.Place, args.Message, fence}
	if _, err := place.Lock(ctx, tx, args.Place); err != nil {
		return err
	}
	if cause == nil {
		_, err := tx.Exec(ctx, "UPDATE standing SET done = wanted, due_at = 0"+mine, key...)
		return err
	}
	f := fault.As(cause)
	if wait, ok := askAgain(f, tries); ok {
		due := time.Now().Add(wait)
		n, err := tx.Exec(ctx, "UPDATE standing SET tries = tries + 1, due_at = $4"+mine, append(key, db.Micros(due))...)
		if err != nil || n == 0 {
			return err
		}
		return b.Queue.Enqueue(ctx, tx, args, due)
	}
	var was, is network.Standing
	err := tx.QueryRow(ctx, "SELECT wanted, done FROM standing"+mine, key...).Scan(&was, &is)
	if err == db.ErrNoRows {
		return nil
	}
	if err == nil {
		_, err = tx.Exec(ctx, "UPDATE standing SET wanted = done, due_at = 0"+mine, key...)
	}
	if err != nil {
		return err
	}
	c, err := shownOf(ctx, tx, args.Place, m.ConversationID)
	if err == nil {
		err = stand(ctx, tx, &c, was, is)
	}
	if err != nil {
		return err
	}
	return place.Record(ctx, tx, args.Place, place.System(), place.Entry{Kind: "conversation.moderation_refused", SubjectID: c.ID, Data: map[string]any{"message": args.Message, "code": string(f.Code)}})
}

// askAgain tells whether a network is asked for a wish once more, and after how long.
func askAgain(f *fault.Error, tries int64) (time.Duration, bool) {
	switch f.Code {
	case fault.RateLimited, fault.Unavailable, fault.Ambiguous, fault.Unauthenticated:
		return waitFor(f, int(tries)+1), tries < maxTries
	}
	return 0, false
}

// decidedElsewhere takes over what was decided at the network itself. What we want and have not asked for yet is
// asked for all the same.
func (b *Inbox) decidedElsewhere(ctx context.Context, tx db.Tx, a place.Account, m Message, is network.Standing) error {
	if is == "" || m.Direction != In {
		return nil
	}
	var was network.Standing
	var due int64
	err := tx.QueryRow(ctx, "SELECT wanted, due_at FROM standing WHERE place_id = $1 AND message_id = $2", a.PlaceID, m.ID).Scan(&was, &due)
	if err == db.ErrNoRows {
		return nil
	}
	if err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE standing SET done = $3, wanted = CASE WHEN due_at = 0 THEN $3 ELSE wanted END WHERE place_id = $1 AND message_id = $2", a.PlaceID, m.ID, string(is)); err != nil || was == is || due > 0 {
		return err
	}
	c, err := shownOf(ctx, tx, a.PlaceID, m.ConversationID)
	if err == nil {
		err = stand(ctx, tx, &c, was, is)
	}
	if err != nil {
		return err
	}
	return b.happened(ctx, tx, a, m, "conversation.moderated", map[string]any{"standing": string(is)})
}

// unmoderate takes a decision back whose journal entry is undone.
func (b *Inbox) unmoderate(ctx context.Context, tx db.Tx, placeID string, e place.Entry) error {
	message, _ := e.Data["message"].(string)
	was, _ := e.Data["was"].(string)
	is, _ := e.Data["standing"].(string)
	m, err := messageMark(ctx, tx, placeID, message)
	if err != nil {
		return err
	}
	_, now, err := b.wantStanding(ctx, tx, m, placeID, network.Standing(was))
	if err == nil && string(now) != is {
		err = fault.New(fault.Conflict, "inbox.undo", "inbox.undo_changed")
	}
	return err
}

// showAnswered has what is answered in public be read in public: an answer under what nobody sees would be lost.
func (b *Inbox) showAnswered(ctx context.Context, tx db.Tx, actor place.Actor, placeID string, m Message) error {
	var wanted network.Standing
	err := tx.QueryRow(ctx, "SELECT wanted FROM standing WHERE place_id = $1 AND message_id = $2", placeID, m.ID).Scan(&wanted)
	if err == db.ErrNoRows || err == nil && wanted != network.Held {
		return nil
	}
	if err != nil {
		return err
	}
	c, was, err := b.wantStanding(ctx, tx, m, placeID, network.Shown)
	if err != nil {
		return err
	}
	return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "conversation.moderated", SubjectID: c.ID, Data: map[string]any{"message": m.ID, "was": string(was), "standing": string(network.Shown)}})
}

// lateStandings asks for what was due a while ago, whatever became of its job.
func (b *Inbox) lateStandings(ctx context.Context, now time.Time) error {
	// across places: one process looks after the decisions of all of them
	late, err := db.Collect(func(r db.Row) (a ModerateArgs, err error) { err = r.Scan(&a.Place, &a.Message); return })(
		b.DB.Query(ctx, "SELECT place_id, message_id FROM standing WHERE due_at > 0 AND due_at < $1 ORDER BY due_at LIMIT 20", db.Micros(now.Add(-overdue))))
	if err != nil {
		return err
	}
	for _, args := range late {
		if err := b.AskStanding(ctx, args); err != nil {
			return err
		}
	}
	return nil
}

// storeStandings notes how new messages stand, on networks where the place decides of it.
func (in *intake) storeStandings(ctx context.Context, tx db.Tx) error {
	rows := db.Insert{Head: "INSERT INTO standing (place_id, message_id, wanted, done)", Shared: []any{in.account.PlaceID}}
	for _, it := range in.items {
		if it.m.Standing != "" && !it.m.Mine {
			rows.Row(it.id, string(it.m.Standing), string(it.m.Standing))
		}
	}
	return rows.Exec(ctx, tx)
}
