package place

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"comptoir/internal/db"
)

// Entry is one journal row, before or after it got its number.
type Entry struct {
	Seq       int64 // 1, 2, 3 … within the place; 0 = not yet recorded
	At        time.Time
	Actor     ActorKind
	ActorID   string
	Kind      string         // "call.taken": what happened, a noun and a past participle
	SubjectID string         // the conversation, call, member … it is about
	Data      map[string]any // ids and small facts; never what people wrote
}

// Record writes entries to the journal of a place and wakes its open pages after the commit. Numbers
// are given out under the place's row, so a reader that has seen n has seen everything below n.
func Record(ctx context.Context, tx db.Tx, placeID string, actor Actor, entries ...Entry) error {
	var last int64
	err := tx.QueryRow(ctx, "UPDATE place SET seq = seq + $2 WHERE id = $1 RETURNING seq", placeID, len(entries)).Scan(&last)
	if err != nil {
		return db.NotFound(err, "place.record")
	}
	rows := db.Insert{
		Head:   "INSERT INTO journal (place_id, at, actor, actor_id, seq, kind, subject_id, data)",
		Shared: []any{placeID, db.Micros(time.Now()), string(actor.Kind), actor.ID},
		Expect: len(entries),
	}
	for i, e := range entries {
		data := []byte("{}")
		if len(e.Data) > 0 {
			if data, err = json.Marshal(e.Data); err != nil {
				return err
			}
		}
		rows.Row(last-int64(len(entries)-1-i), e.Kind, e.SubjectID, string(data))
	}
	if err := rows.Exec(ctx, tx); err != nil {
		return err
	}
	tx.Wake(placeID)
	return nil
}

func scanEntry(r db.Row) (e Entry, err error) {
	var at int64
	var data string
	if err = r.Scan(&e.Seq, &at, &e.Actor, &e.ActorID, &e.Kind, &e.SubjectID, &data); err != nil {
		return e, err
	}
	e.At = db.Time(at)
	return e, json.Unmarshal([]byte(data), &e.Data)
}

const entryColumns = "seq, at, actor, actor_id, kind, subject_id, data"

// Since returns the entries of a place after seq, in order, at most limit.
func Since(ctx context.Context, q db.Querier, placeID string, seq int64, limit int) ([]Entry, error) {
	return db.Collect(scanEntry)(q.Query(ctx, "SELECT "+entryColumns+" FROM journal WHERE place_id = $1 AND seq > $2 ORDER BY seq LIMIT $3", placeID, seq, limit))
}

// Last returns the number of a place's last entry, 0 when there is none.
func Last(ctx context.Context, q db.Querier, placeID string) (int64, error) {
	var n int64
	err := q.QueryRow(ctx, "SELECT seq FROM place WHERE id = $1", placeID).Scan(&n)
	return n, db.NotFound(err, "place.last")
}

// EventReceived is what comes to a conversation: much more often than anything else.
const EventReceived = "conversation.received"

// About returns the entries about one subject, the oldest first, but for what was received: the messages say
// that themselves, and the index that leads here is spared them.
func About(ctx context.Context, q db.Querier, placeID, subjectID string) ([]Entry, error) {
	return db.Collect(scanEntry)(q.Query(ctx, "SELECT "+entryColumns+" FROM journal WHERE place_id = $1 AND subject_id = $2 AND kind <> '"+EventReceived+"' ORDER BY seq", placeID, subjectID))
}

// JournalHoles returns how many rows are missing from a place's journal, or are too many: its numbers have no
// holes, and none is higher than the last one given out.
func JournalHoles(ctx context.Context, q db.Querier, placeID string) (n int64, err error) {
	err = q.QueryRow(ctx, `SELECT p.seq - (SELECT count(*) FROM journal WHERE place_id = p.id AND seq BETWEEN 1 AND p.seq)
		+ (SELECT count(*) FROM journal WHERE place_id = p.id AND seq NOT BETWEEN 1 AND p.seq) FROM place p WHERE p.id = $1`, placeID).Scan(&n)
	return n, err
}

// Lock makes this transaction the only one that writes in a place until its end, and returns the place's
// short number. Who changes several rows of a place and then records it takes the lock first: Record
// takes it anyway, and two transactions that took rows in different orders would wait for each other.
func Lock(ctx context.Context, tx db.Tx, placeID string) (number int64, err error) {
	err = tx.QueryRow(ctx, "UPDATE place SET seq = seq WHERE id = $1 RETURNING n", placeID).Scan(&number)
	return number, db.NotFound(err, "place.lock")
}

// Rights tells whether an entry may have changed who may see the place: pages that are open ask again. A
// place that changed may ask its owners for a second factor now, a card may lead nowhere any more.
func (e Entry) Rights() bool {
	switch e.Kind {
	case "place.changed", "table.code_rotated", "table.removed", "guest.blocked":
		return true
	}
	return strings.HasPrefix(e.Kind, "member.") || strings.HasPrefix(e.Kind, "session.")
}
