package inbox

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/jobs"
	"comptoir/internal/place"
)

// Gesture changes one conversation. Make one with Settle, Reopen, Assign, Snooze or Read; do it with Do.
type Gesture struct {
	kind  string // of the journal entry
	apply func(ctx context.Context, tx db.Tx, q *jobs.Queue, c *Conversation) error
}

// maxBulk is how many conversations one call changes.
const maxBulk = 200

// Settle closes a conversation until somebody speaks again.
func Settle() Gesture {
	return Gesture{"conversation.settled", func(_ context.Context, _ db.Tx, _ *jobs.Queue, c *Conversation) error {
		c.State, c.SnoozedUntil, c.Unread = Settled, time.Time{}, false
		return nil
	}}
}

// Reopen brings a settled or snoozed conversation back.
func Reopen() Gesture {
	return Gesture{"conversation.reopened", func(_ context.Context, _ db.Tx, _ *jobs.Queue, c *Conversation) error {
		c.State, c.SnoozedUntil = Open, time.Time{}
		return nil
	}}
}

// Read says that somebody has seen the latest message.
func Read() Gesture {
	return Gesture{"conversation.read", func(_ context.Context, _ db.Tx, _ *jobs.Queue, c *Conversation) error {
		c.Unread = false
		return nil
	}}
}

// Assign entrusts a conversation to a member who may see the counter, or to nobody ("").
func Assign(memberID string) Gesture {
	return Gesture{"conversation.assigned", func(ctx context.Context, tx db.Tx, _ *jobs.Queue, c *Conversation) error {
		if memberID != "" {
			role, err := place.RoleIn(ctx, tx, memberID, c.PlaceID)
			if err != nil {
				return err
			}
			if !role.AtLeast(place.Manager) {
				return fault.InvalidFields("inbox.assign", fault.Field{Name: "member", Key: "inbox.assign_unknown"})
			}
		}
		c.AssigneeID = memberID
		return nil
	}}
}

// Snooze sets a conversation aside until a time, or until the next message (the zero time). A message
// always wakes it.
func Snooze(until time.Time) Gesture {
	return Gesture{"conversation.snoozed", func(ctx context.Context, tx db.Tx, q *jobs.Queue, c *Conversation) error {
		now := time.Now()
		if !until.IsZero() && (!until.After(now) || until.After(now.AddDate(2, 0, 0))) {
			return fault.InvalidFields("inbox.snooze", fault.Field{Name: "until", Key: "inbox.snooze_range"})
		}
		until = until.Truncate(time.Microsecond)
		c.State, c.SnoozedUntil, c.Unread = Snoozed, until, false
		if until.IsZero() {
			return nil
		}
		return q.Enqueue(ctx, tx, WakeArgs{Place: c.PlaceID, Conversation: c.ID, Until: db.Micros(until)}, until)
	}}
}

// Do makes a gesture on conversations of a place, all or none, and returns the numbers of the journal
// entries, by which Undo takes them back. A conversation that is so already gives no entry.
func (b *Inbox) Do(ctx context.Context, actor place.Actor, placeID string, g Gesture, ids ...string) (seqs []int64, err error) {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return nil, err
	}
	if len(ids) > maxBulk {
		return nil, fault.New(fault.Invalid, "inbox.do", "inbox.bulk_many", "max", maxBulk)
	}
	err = b.DB.Write(ctx, func(tx db.Tx) error {
		seqs = nil
		if _, err := place.Lock(ctx, tx, placeID); err != nil {
			return err
		}
		for _, id := range ids {
			seq, err := b.do(ctx, tx, actor, placeID, g, id)
			if err != nil {
				return err
			}
			if seq > 0 {
				seqs = append(seqs, seq)
			}
		}
		return nil
	})
	return seqs, err
}

func (b *Inbox) do(ctx context.Context, tx db.Tx, actor place.Actor, placeID string, g Gesture, id string) (int64, error) {
	c, err := onScreen(ctx, tx, "inbox.do", placeID, id)
	if err != nil {
		return 0, err
	}
	was := c.stance()
	if err := g.apply(ctx, tx, b.Queue, &c); err != nil {
		return 0, err
	}
	is := c.stance()
	if was == is {
		return 0, nil
	}
	if err := c.save(ctx, tx); err != nil {
		return 0, err
	}
	return record(ctx, tx, placeID, actor, place.Entry{Kind: g.kind, SubjectID: id, Data: map[string]any{"was": was.data(), "is": is.data()}})
}

// record writes one entry and returns its number. The caller holds place.Lock.
func record(ctx context.Context, tx db.Tx, placeID string, actor place.Actor, e place.Entry) (int64, error) {
	if err := place.Record(ctx, tx, placeID, actor, e); err != nil {
		return 0, err
	}
	return place.Last(ctx, tx, placeID)
}

// stance is what gestures change of a conversation.
type stance struct {
	state    State
	assignee string
	until    int64
	unread   bool
}

func (c *Conversation) stance() stance {
	return stance{c.State, c.AssigneeID, db.Micros(c.SnoozedUntil), c.Unread}
}

func (s stance) data() map[string]any {
	return map[string]any{"state": string(s.state), "assignee": s.assignee, "until": s.until, "unread": s.unread}
}

func stanceFrom(v any) (stance, bool) {
	m, ok := v.(map[string]any)
	if !ok {
		return stance{}, false
	}
	state, _ := m["state"].(string)
	assignee, _ := m["assignee"].(string)
	until, _ := m["until"].(float64) // microseconds fit: 2⁵³ µs is the year 2255
	unread, _ := m["unread"].(bool)
	return stance{State(state), assignee, int64(until), unread}, state != ""
}
