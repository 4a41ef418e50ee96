package floor

import (
	"context"
	"slices"
	"time"

	"comptoir/internal/db"
)

// Whoms are those to whom a guest says something kind, besides everybody ("").
var Whoms = []string{"kitchen", "bar"}

// KindWord is something kind that a guest said. It asks for nobody.
type KindWord struct {
	ID       string
	Table    string // the name on its plate
	Whom     string // of Whoms, "" = everybody
	Text     string // plain
	Language string
	At       time.Time
}

// keepKind stores a kind word for the room to read, beside its message at the counter. Whom nobody knows is everybody.
func keepKind(ctx context.Context, tx db.Tx, a Asking, w Words) error {
	_, err := tx.Exec(ctx, "INSERT INTO kind_word (place_id, id, guest_id, table_id, whom, text, language, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		a.Place.ID, w.ID, w.GuestID, a.Table.ID, w.Whom, w.Text, w.Language, db.Micros(w.At))
	return err
}

// whom is one of Whoms, or everybody.
func whom(asked string) string {
	if slices.Contains(Whoms, asked) {
		return asked
	}
	return ""
}

// KindWords returns the kind words said since a time, the latest first, at most limit, without those of guests who are
// stopped.
func KindWords(ctx context.Context, q db.Querier, placeID string, since time.Time, limit int) ([]KindWord, error) {
	return db.Collect(func(r db.Row) (w KindWord, err error) {
		var at int64
		err = r.Scan(&w.ID, &w.Table, &w.Whom, &w.Text, &w.Language, &at)
		w.At = db.Time(at)
		return w, err
	})(q.Query(ctx, `SELECT k.id, t.name, k.whom, k.text, k.language, k.at FROM kind_word k JOIN floor_table t ON t.place_id = k.place_id AND t.id = k.table_id
		WHERE k.place_id = $1 AND k.at > $2 AND NOT EXISTS (SELECT 1 FROM guest g WHERE g.place_id = k.place_id AND g.id = k.guest_id AND g.blocked_until > $3)
		ORDER BY k.at DESC, k.id DESC LIMIT $4`, placeID, db.Micros(since), db.Micros(time.Now()), limit))
}
