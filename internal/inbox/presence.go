package inbox

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/place"
)

// presenceLife is how long one sign of life counts.
const presenceLife = 15 * time.Second

// Presence is a member who has a conversation open.
type Presence struct {
	MemberID string
	Name     string
	Writing  bool
}

// See says that a member has a conversation open.
func (b *Inbox) See(ctx context.Context, actor place.Actor, placeID, id string) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	return b.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := get(ctx, tx, placeID, id); err != nil {
			return err
		}
		return seeing(ctx, tx, placeID, id, actor.ID, false)
	})
}

func seeing(ctx context.Context, tx db.Tx, placeID, id, memberID string, writing bool) error {
	now := time.Now()
	var wrote int64
	if writing {
		wrote = db.Micros(now)
	}
	if _, err := tx.Exec(ctx, "DELETE FROM presence WHERE place_id = $1 AND seen_at < $2", placeID, db.Micros(now.Add(-presenceLife))); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "INSERT INTO presence (place_id, conversation_id, member_id, seen_at, writing_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (place_id, conversation_id, member_id) DO UPDATE SET seen_at = excluded.seen_at, writing_at = CASE WHEN excluded.writing_at > presence.writing_at THEN excluded.writing_at ELSE presence.writing_at END",
		placeID, id, memberID, db.Micros(now), wrote)
	return err
}

// Present returns who has a conversation open, but for one member.
func (b *Inbox) Present(ctx context.Context, placeID, id, but string) ([]Presence, error) {
	since := db.Micros(time.Now().Add(-presenceLife))
	return db.Collect(func(r db.Row) (p Presence, err error) {
		var wrote int64
		err = r.Scan(&p.MemberID, &p.Name, &wrote)
		p.Writing = wrote > since
		return p, err
	})(b.DB.Query(ctx, "SELECT p.member_id, m.name, p.writing_at FROM presence p JOIN member m ON m.id = p.member_id WHERE p.place_id = $1 AND p.conversation_id = $2 AND p.member_id <> $3 AND p.seen_at > $4 ORDER BY m.name, m.id",
		placeID, id, but, since))
}
