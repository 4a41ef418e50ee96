package floor

import (
	"context"
	"time"

	"comptoir/internal/db"
)

// Here is how long after their last word somebody counts as sitting in the room.
const Here = 2 * time.Hour

// Seat is where those who speak in a conversation sit.
type Seat struct {
	Table string // the name on the plate
	Since time.Time
}

// Seats tells, for conversations of a place, who of them sits in the room now and where, from what was asked at
// the tables within Here.
func Seats(ctx context.Context, q db.Querier, placeID string, now time.Time, conversationIDs []string) (map[string]Seat, error) {
	seats := map[string]Seat{}
	if len(conversationIDs) == 0 {
		return seats, nil
	}
	list, args := db.In(3, conversationIDs, placeID, db.Micros(now.Add(-Here)))
	rows, err := q.Query(ctx, `SELECT a.conversation_id, t.name, min(c.received_at), max(c.last_at) AS spoke FROM call_ask a
		JOIN call c ON c.place_id = a.place_id AND c.id = a.call_id
		JOIN floor_table t ON t.place_id = c.place_id AND t.id = c.table_id
		WHERE a.place_id = $1 AND c.last_at > $2 AND a.cancelled_at = 0 AND a.conversation_id IN (`+list+`)
		GROUP BY a.conversation_id, t.id, t.name ORDER BY spoke`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id, table string
		var since, spoke int64
		if err := rows.Scan(&id, &table, &since, &spoke); err != nil {
			return nil, err
		}
		seats[id] = Seat{Table: table, Since: db.Time(since)} // who moved sits where they spoke last
	}
	return seats, rows.Err()
}
