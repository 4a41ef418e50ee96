package floor

import (
	"context"
	"slices"
	"time"

	"comptoir/internal/db"
)

// Call is something that a table waits for.
type Call struct {
	ID         string
	PlaceID    string
	TableID    string // "" = not known
	Table      string // the name on the plate, "" = not known
	Network    string // "house" for a table's own code
	Kind       Kind
	State      State
	ReceivedAt time.Time // waiting since
	LastAt     time.Time // asked for the last time
	TakenBy    string
	TakenName  string // "Noémie Tremblay"
	Program    bool   // TakenBy is a token: no colleague of that name comes
	TakenAt    time.Time
	ClosedAt   time.Time
	Answer     Answer
	Asks       []Ask // in order, without the cancelled ones
}

// Ask is one time that a call was asked for.
type Ask struct {
	ID             string
	CallID         string
	GuestID        string // "" when passed on from a network
	ConversationID string
	Author         string // the name of who wrote on a network
	Text           string // plain
	Language       string
	At             time.Time
}

// Conversations are those in which what becomes of the call is told.
func (c Call) Conversations() []string {
	var ids []string
	for _, a := range c.Asks {
		if a.ConversationID != "" && !slices.Contains(ids, a.ConversationID) {
			ids = append(ids, a.ConversationID)
		}
	}
	return ids
}

// Guests are those who asked from the table.
func (c Call) Guests() []string {
	var ids []string
	for _, a := range c.Asks {
		if a.GuestID != "" && !slices.Contains(ids, a.GuestID) {
			ids = append(ids, a.GuestID)
		}
	}
	return ids
}

// Waited is how long the table waits or waited, from the first ask until somebody had been there.
func (c Call) Waited(now time.Time) time.Duration {
	if !c.State.Open() {
		now = c.ClosedAt
	}
	return max(0, now.Sub(c.ReceivedAt))
}

const callColumns = "c.place_id, c.id, coalesce(c.table_id, ''), coalesce(t.name, ''), c.network, c.kind, c.state, c.received_at, c.last_at, c.taken_by, c.taken_name, c.taken_at, c.closed_at, c.answer, k.id IS NOT NULL"

func scanCall(r db.Row) (c Call, err error) {
	var received, last, taken, closed int64
	err = r.Scan(&c.PlaceID, &c.ID, &c.TableID, &c.Table, &c.Network, &c.Kind, &c.State, &received, &last, &c.TakenBy, &c.TakenName, &taken, &closed, &c.Answer, &c.Program)
	c.ReceivedAt, c.LastAt, c.TakenAt, c.ClosedAt = db.Time(received), db.Time(last), db.Time(taken), db.Time(closed)
	return c, err
}

// calls returns the calls of a place that fit, with their asks. fits is SQL of ours over c.
func calls(ctx context.Context, q db.Querier, placeID, fits, order string, args ...any) ([]Call, error) {
	args = append([]any{placeID}, args...)
	all, err := db.Collect(scanCall)(q.Query(ctx, "SELECT "+callColumns+" FROM call c LEFT JOIN floor_table t ON t.place_id = c.place_id AND t.id = c.table_id LEFT JOIN token k ON k.place_id = c.place_id AND k.id = c.taken_by WHERE c.place_id = $1 AND "+fits+" ORDER BY "+order, args...))
	if err != nil || len(all) == 0 {
		return all, err
	}
	at := make(map[string]int, len(all))
	for i, c := range all {
		at[c.ID] = i
	}
	asks, err := db.Collect(scanAsk)(q.Query(ctx, "SELECT a.id, a.call_id, a.guest_id, a.conversation_id, a.author, a.text, a.language, a.at FROM call_ask a JOIN call c ON c.place_id = a.place_id AND c.id = a.call_id WHERE a.place_id = $1 AND a.cancelled_at = 0 AND "+fits+" ORDER BY a.at, a.id", args...))
	if err != nil {
		return nil, err
	}
	for _, a := range asks {
		if i, ok := at[a.CallID]; ok { // a limit may have left its call out
			all[i].Asks = append(all[i].Asks, a)
		}
	}
	return all, nil
}

func scanAsk(r db.Row) (a Ask, err error) {
	var at int64
	err = r.Scan(&a.ID, &a.CallID, &a.GuestID, &a.ConversationID, &a.Author, &a.Text, &a.Language, &at)
	a.At = db.Time(at)
	return a, err
}

// Get returns one call.
func Get(ctx context.Context, q db.Querier, placeID, id string) (Call, error) {
	all, err := calls(ctx, q, placeID, "c.id = $2", "c.id", id)
	if err == nil && len(all) == 0 {
		err = db.ErrNoRows
	}
	if err != nil {
		return Call{}, db.NotFound(err, "floor.call")
	}
	return all[0], nil
}

// Waiting returns the open calls, the longest waiting first.
func Waiting(ctx context.Context, q db.Querier, placeID string) ([]Call, error) {
	return calls(ctx, q, placeID, "c.state IN ('received', 'taken')", "c.received_at, c.id")
}

// Closed returns the calls that were done since a time, the latest first, at most limit.
func Closed(ctx context.Context, q db.Querier, placeID string, since time.Time, limit int) ([]Call, error) {
	return calls(ctx, q, placeID, "c.id IN (SELECT id FROM call WHERE place_id = $1 AND state = 'done' AND closed_at > $2 ORDER BY closed_at DESC, id DESC LIMIT $3)", "c.closed_at DESC, c.id DESC", db.Micros(since), limit)
}

// ClosedCount counts the calls done since a time.
func ClosedCount(ctx context.Context, q db.Querier, placeID string, since time.Time) (n int, err error) {
	err = q.QueryRow(ctx, "SELECT count(*) FROM call WHERE place_id = $1 AND state = 'done' AND closed_at > $2", placeID, db.Micros(since)).Scan(&n)
	return n, err
}

// Counts says how many calls wait for somebody, and how many are on their way.
func Counts(ctx context.Context, q db.Querier, placeID string) (received, taken int, err error) {
	err = q.QueryRow(ctx, "SELECT count(CASE WHEN state = 'received' THEN 1 END), count(CASE WHEN state = 'taken' THEN 1 END) FROM call WHERE place_id = $1 AND state IN ('received', 'taken')", placeID).Scan(&received, &taken)
	return received, taken, err
}

// List returns calls, newest first: those of a state ("" = any, AnyOpen) older than the call named after
// ("" = from the newest), at most limit.
func List(ctx context.Context, q db.Querier, placeID string, state State, after string, limit int) ([]Call, error) {
	return calls(ctx, q, placeID, "c.id IN (SELECT id FROM call WHERE place_id = $1 AND ($2 = '' OR state = $2 OR $2 = 'open' AND state IN ('received', 'taken')) AND ($3 = '' OR id < $3) ORDER BY id DESC LIMIT $4)", "c.id DESC", string(state), after, limit)
}

// OfConversation returns the calls that a conversation led to, the oldest first.
func OfConversation(ctx context.Context, q db.Querier, placeID, conversationID string) ([]Call, error) {
	return calls(ctx, q, placeID, "c.id IN (SELECT call_id FROM call_ask WHERE place_id = $1 AND conversation_id = $2)", "c.id", conversationID)
}

// UsualWait is how long a table usually waits (the median of the last 50 calls), 0 while fewer than
// five were done.
func UsualWait(ctx context.Context, q db.Querier, placeID string) (time.Duration, error) {
	waits, err := db.Collect(func(r db.Row) (n int64, err error) { err = r.Scan(&n); return })(
		q.Query(ctx, "SELECT closed_at - received_at FROM call WHERE place_id = $1 AND state = 'done' ORDER BY closed_at DESC LIMIT 50", placeID))
	if err != nil || len(waits) < 5 {
		return 0, err
	}
	slices.Sort(waits)
	return time.Duration(waits[len(waits)/2]) * time.Microsecond, nil
}

// WaitingCount is how many calls of a place nobody has taken yet.
func WaitingCount(ctx context.Context, q db.Querier, placeID string) (n int, err error) {
	err = q.QueryRow(ctx, "SELECT count(*) FROM call WHERE place_id = $1 AND state = 'received'", placeID).Scan(&n)
	return n, err
}
