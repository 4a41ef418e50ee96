package inbox

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"comptoir/internal/db"
	"comptoir/internal/place"
)

const (
	// overdue is how long after its time something is done without its job, which is lost or very late.
	overdue = 10 * time.Second
	// skew is how far apart the clocks of two processes may be. What a time further in the future says was
	// written by a clock that has gone back since.
	skew = 5 * time.Minute
)

// CatchUp does what was due a while ago and is not done, whatever became of its job: a process that is killed
// takes the jobs it had with it for most of a minute. The rows decide, so it may run at any time and in any
// number of processes.
func (b *Inbox) CatchUp(ctx context.Context) error {
	now := time.Now()
	if err := b.unleap(ctx, now); err != nil {
		return err
	}
	// across places: one process looks after the answers of all of them
	late, err := db.Collect(func(r db.Row) (a DeliverArgs, err error) { err = r.Scan(&a.Place, &a.Message); return })(
		b.DB.Query(ctx, `SELECT place_id, message_id FROM reply WHERE state IN ('waiting', 'sending', 'held', 'uncertain')
			AND (state = 'waiting' AND due_at < $1 OR state = 'uncertain' AND looks < $2 AND due_at < $1 OR state = 'sending' AND (tried_at < $3 OR tried_at > $4))
			ORDER BY due_at LIMIT 100`, db.Micros(now.Add(-overdue)), maxLooks, db.Micros(now.Add(-stuckAfter-overdue)), db.Micros(now.Add(skew))))
	if err != nil {
		return err
	}
	var g errgroup.Group
	g.SetLimit(8) // a server that does not answer holds up one of them
	for _, args := range late {
		g.Go(func() error { return b.Deliver(ctx, args) })
	}
	delivered := g.Wait()
	// across places: so are sleeping conversations
	asleep, err := db.Collect(func(r db.Row) (a WakeArgs, err error) { err = r.Scan(&a.Place, &a.Conversation, &a.Until); return })(
		b.DB.Query(ctx, "SELECT place_id, id, snoozed_until FROM conversation WHERE state = 'snoozed' AND snoozed_until > 0 AND snoozed_until < $1 LIMIT 100", db.Micros(now.Add(-overdue))))
	if err != nil {
		return err
	}
	for _, args := range asleep {
		if err := b.Wake(ctx, args); err != nil {
			return err
		}
	}
	if err := b.lateReactions(ctx, now); err != nil {
		return err
	}
	if err := b.lateStandings(ctx, now); err != nil {
		return err
	}
	return delivered
}

// unleap mends answers that wait since a moment in the future: the clock that stored them was wrong and has gone
// back. They keep the distance they had to their own time.
func (b *Inbox) unleap(ctx context.Context, now time.Time) error {
	type row struct {
		DeliverArgs
		ahead int64 // microseconds
	}
	// across places: the clock is everybody's
	rows, err := db.Collect(func(r db.Row) (x row, err error) { err = r.Scan(&x.Place, &x.Message, &x.ahead); return })(
		b.DB.Query(ctx, `SELECT r.place_id, r.message_id, m.received_at - $1 FROM reply r JOIN message m ON m.place_id = r.place_id AND m.id = r.message_id
			WHERE r.state IN ('waiting', 'sending', 'held', 'uncertain') AND r.due_at > $2 AND m.received_at > $2 LIMIT 100`, db.Micros(now), db.Micros(now.Add(skew))))
	if err != nil {
		return err
	}
	for _, x := range rows {
		err := b.DB.Write(ctx, func(tx db.Tx) error {
			if _, err := place.Lock(ctx, tx, x.Place); err != nil {
				return err
			}
			var due int64
			err := tx.QueryRow(ctx, "UPDATE reply SET due_at = due_at - $3, late_at = late_at - $3 WHERE place_id = $1 AND message_id = $2 AND due_at > $4 RETURNING due_at", x.Place, x.Message, x.ahead, db.Micros(now.Add(skew))).Scan(&due)
			if err == db.ErrNoRows {
				return nil // another process was first
			}
			if err != nil {
				return err
			}
			return b.again(ctx, tx, place.System(), x.Place, x.Message, "reply.delayed", db.Time(due))
		})
		if err != nil {
			return err
		}
	}
	return nil
}
