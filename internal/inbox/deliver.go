package inbox

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/fault/point"
	"comptoir/internal/jobs"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// attemptTime bounds one attempt, and every method of a driver returns within a second of its end. After
// stuckAfter an attempt that left no outcome was killed with its process.
const (
	attemptTime = 12 * time.Second
	stuckAfter  = jobs.Timeout + 4*time.Second
	saveTime    = 10 * time.Second
)

// Deliver does the job of one answer: at most one attempt to send it, or one look for it. What the row
// says decides, so it may be called at any time, twice, or by two processes at once.
func (b *Inbox) Deliver(ctx context.Context, args DeliverArgs) error {
	if u, ok := b.memory.recall(args.Message); ok { // nothing to find out: only the store was not told
		return b.save(ctx, u.delivery, u.outcome)
	}
	d, step, err := b.claim(ctx, args)
	if err != nil || step == nothing {
		if fault.Is(err, fault.NotFound) {
			return nil // the place or the message is gone
		}
		return err
	}
	point.Reached(point.SendClaimed)
	b.memory.begun(args.Message, step)
	o := b.attempt(ctx, d, step)
	point.Reached(point.SendReturned)
	err = b.save(ctx, d, o)
	point.Reached(point.SendSettled)
	return err
}

// save stores the outcome of an attempt, whatever becomes of the job. What the store does not take is kept in mind
// for the next time.
func (b *Inbox) save(ctx context.Context, d Delivery, o outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), saveTime)
	defer cancel()
	err := b.settle(ctx, d, o)
	b.memory.ended(d, o, err)
	if err == nil {
		b.Watch.attempted(d, o)
	}
	return err
}

// step is what a claim is for.
type step int

const (
	nothing step = iota
	send
	look
)

// claim takes an answer for one attempt, in a transaction of its own. The raised fence makes every other
// claim's outcome void, and lets no other leave; the key is frozen before the first byte does.
func (b *Inbox) claim(ctx context.Context, args DeliverArgs) (d Delivery, s step, err error) {
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		s = nothing
		if _, err := place.Lock(ctx, tx, args.Place); err != nil {
			return err
		}
		d, err = delivery(ctx, tx, args.Place, args.Message)
		if err != nil {
			return err
		}
		now := time.Now().Truncate(time.Microsecond)
		switch {
		case d.State == Waiting && d.Due.After(now):
			return b.Queue.Enqueue(ctx, tx, args, d.Due)
		case d.State == Waiting && now.After(d.Late):
			return b.miss(ctx, tx, &d)
		case d.State == Waiting:
			s = send
			return b.begin(ctx, tx, &d, now)
		case d.State == Sending && now.Before(d.Tried.Add(stuckAfter)) && d.Tried.Before(now.Add(skew)):
			// Somebody is at it. Should they be killed, this job finds out.
			return b.Queue.Enqueue(ctx, tx, args, d.Tried.Add(stuckAfter))
		case d.State == Sending && d.Left.IsZero() && now.After(d.Late):
			return b.miss(ctx, tx, &d)
		case d.State == Sending && d.Left.IsZero(): // killed before the network could have it
			s = send
			return b.begin(ctx, tx, &d, now)
		case d.State == Sending:
			s = look
			if err := b.killed(ctx, tx, &d); err != nil {
				return err
			}
			return b.looking(ctx, tx, &d, now)
		case d.State == Uncertain && d.Looks < maxLooks:
			s = look
			return b.looking(ctx, tx, &d, now)
		}
		return nil
	})
	return d, s, err
}

func delivery(ctx context.Context, q db.Querier, placeID, messageID string) (Delivery, error) {
	d, err := scanDelivery(q.QueryRow(ctx, "SELECT "+deliveryColumns+" FROM reply WHERE place_id = $1 AND message_id = $2", placeID, messageID))
	return d, db.NotFound(err, "inbox.delivery")
}

// begin marks an answer as being sent.
func (b *Inbox) begin(ctx context.Context, tx db.Tx, d *Delivery, now time.Time) error {
	if d.Key == "" {
		key, err := b.newKey(ctx, tx, d)
		if err != nil {
			return err
		}
		d.Key = key
	}
	d.State, d.Tried, d.Left = Sending, now, time.Time{}
	d.fence++
	d.Attempts++
	if _, err := tx.Exec(ctx, "UPDATE reply SET state = 'sending', key = $3, tried_at = $4, left_at = 0, fence = $5, attempts = $6 WHERE place_id = $1 AND message_id = $2",
		d.PlaceID, d.MessageID, d.Key, db.Micros(now), d.fence, d.Attempts); err != nil {
		return err
	}
	// Found by this job should the process be killed from here on.
	if err := b.Queue.Enqueue(ctx, tx, DeliverArgs{d.PlaceID, d.MessageID}, now.Add(stuckAfter)); err != nil {
		return err
	}
	return tell(ctx, tx, place.System(), d.PlaceID, d.MessageID, "reply.sending", nil)
}

// newKey asks the network's driver for a key by which the send can be recognised. An account that cannot
// be opened gets a plain one: the attempt will say what is wrong with it.
func (b *Inbox) newKey(ctx context.Context, tx db.Tx, d *Delivery) (string, error) {
	a, err := place.GetAccount(ctx, tx, d.PlaceID, d.AccountID)
	if err != nil {
		return "", err
	}
	if a.Kind != place.HouseKind {
		if c, err := b.Open(a); err == nil {
			if k, ok := c.(network.NewKeyer); ok {
				return k.NewKey(), nil
			}
		}
	}
	return db.NewID(), nil
}

// killed turns an attempt without an outcome into an uncertain one.
func (b *Inbox) killed(ctx context.Context, tx db.Tx, d *Delivery) error {
	d.State = Uncertain
	if err := b.mark(ctx, tx, *d, Uncertain, &fault.Error{Code: fault.Ambiguous, Key: "reply.unknown"}); err != nil {
		return err
	}
	d.fence++
	return b.comeBack(ctx, tx, d, "reply.uncertain", fault.Ambiguous)
}

// looking counts one more look for an answer. Should this process be killed before it is over, the row is overdue
// then.
func (b *Inbox) looking(ctx context.Context, tx db.Tx, d *Delivery, now time.Time) error {
	d.Looks++
	d.fence++
	_, err := tx.Exec(ctx, "UPDATE reply SET fence = $3, looks = $4, due_at = $5 WHERE place_id = $1 AND message_id = $2", d.PlaceID, d.MessageID, d.fence, d.Looks, db.Micros(now.Add(stuckAfter)))
	return err
}

// miss gives up an answer whose time is long over: a person decides.
func (b *Inbox) miss(ctx context.Context, tx db.Tx, d *Delivery) error {
	if _, err := tx.Exec(ctx, "UPDATE reply SET state = 'failed', fence = fence + 1, fault_code = 'unavailable', fault_key = $3 WHERE place_id = $1 AND message_id = $2", d.PlaceID, d.MessageID, "reply.late"); err != nil {
		return err
	}
	return b.comeBack(ctx, tx, d, "reply.failed", "unavailable")
}

// outcome is what an attempt brought.
type outcome struct {
	step    step
	receipt network.Receipt
	err     error

	network network.Kind // "" when the account was not even found
	began   time.Time
	took    time.Duration
}

// attempt makes the one attempt, or the one look. No transaction is open.
func (b *Inbox) attempt(ctx context.Context, d Delivery, s step) outcome {
	began := time.Now()
	ctx, cancel := context.WithTimeout(ctx, attemptTime)
	defer cancel()
	a, err := place.GetAccount(ctx, b.DB, d.PlaceID, d.AccountID)
	if err != nil {
		return outcome{step: s, err: fault.Wrap(err, fault.Unavailable, "inbox.attempt", "")}
	}
	o := b.attemptOn(ctx, a, d, s)
	o.network, o.began, o.took = a.Kind, began, time.Since(began)
	return o
}

func (b *Inbox) attemptOn(ctx context.Context, a place.Account, d Delivery, s step) (o outcome) {
	o.step = s
	if a.Kind == place.HouseKind { // the guest's page reads the store: stored is delivered
		return outcome{step: s, receipt: network.Receipt{ID: network.RemoteID(d.Key)}}
	}
	if a.State == place.AccountPerson || a.State == place.AccountOff {
		return outcome{step: s, err: fault.New(fault.Unauthenticated, "inbox.attempt", a.FaultKey)}
	}
	c, err := b.Open(a)
	if err != nil {
		return outcome{step: s, err: err}
	}
	draft, err := b.draft(ctx, d)
	if err != nil {
		return outcome{step: s, err: fault.Wrap(err, fault.Unavailable, "inbox.attempt", "")}
	}
	draft.Leave = func(ctx context.Context) error { return b.leave(ctx, d) }
	if s == look {
		finder, ok := c.(network.Finder)
		if !ok {
			return outcome{step: s, err: fault.New(fault.Ambiguous, "inbox.look", "reply.unknown")}
		}
		o.receipt, o.err = finder.Find(ctx, draft)
		return o
	}
	publisher, ok := c.(network.Publisher)
	if !ok {
		return outcome{step: s, err: fault.New(fault.Unsupported, "inbox.attempt", "")}
	}
	o.receipt, o.err = publisher.Publish(ctx, draft)
	return o
}

// leave notes that from now on the network may have an answer. It fails when the claim was overtaken meanwhile (this
// process slept, or its clock is behind): then somebody else sends it.
func (b *Inbox) leave(ctx context.Context, d Delivery) error {
	const op = "inbox.leave"
	var n int64
	err := b.DB.Write(ctx, func(tx db.Tx) (err error) {
		n, err = tx.Exec(ctx, "UPDATE reply SET left_at = $4 WHERE place_id = $1 AND message_id = $2 AND fence = $3 AND state = 'sending'", d.PlaceID, d.MessageID, d.fence, db.Micros(time.Now()))
		return err
	})
	if err != nil { // whatever it is, the answer stays here
		return fault.Wrap(err, fault.Unavailable, op, fault.As(err).Key)
	}
	if n == 0 {
		return fault.New(fault.Conflict, op, "")
	}
	return nil
}

// draft is the answer as the driver sends it: the same at every attempt.
func (b *Inbox) draft(ctx context.Context, d Delivery) (network.Draft, error) {
	m, err := b.Message(ctx, d.PlaceID, d.MessageID)
	if err != nil {
		return network.Draft{}, err
	}
	answers, err := b.Message(ctx, d.PlaceID, d.AnswersID)
	if err != nil {
		return network.Draft{}, err
	}
	to := answers.network()
	draft := network.Draft{Key: d.Key, Text: m.Text, Lang: m.Lang, ReplyTo: &to, CreatedAt: m.At, TriedAt: b.memory.tried(d.MessageID)}
	for _, f := range m.Attachments {
		draft.Attachments = append(draft.Attachments, network.Attachment{Name: f.Name, Type: f.Type, Size: f.Size, Alt: f.Alt, Content: content(b.Files, d.PlaceID, f.Hash)})
	}
	return draft, nil
}
