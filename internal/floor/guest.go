package floor

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// Evening is how long a guest's cookie, and a block, lasts.
const Evening = 12 * time.Hour

// Guest is a browser at a table of one place, for one evening. The zero Guest is somebody who has not
// said anything yet.
type Guest struct {
	ID             string
	PlaceID        string
	TableID        string // where they last spoke
	Language       string
	ConversationID string
	CreatedAt      time.Time
	BlockedUntil   time.Time
	BlockedAt      time.Time
	BlockedBy      string // a name
}

// Known tells whether this guest has said something.
func (g Guest) Known() bool { return g.ID != "" }

// Blocked tells whether staff stopped this guest for the night.
func (g Guest) Blocked(now time.Time) bool { return g.BlockedUntil.After(now) }

// newCookie is 128 random bits, as text.
func newCookie() string {
	b := make([]byte, 16)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// hash is what the database keeps of a cookie. The same cookie is another guest in another place.
func (f *Floor) hash(placeID, cookie string) string {
	h := hmac.New(sha256.New, f.cookie)
	h.Write([]byte(placeID + "\x00" + cookie))
	return hex.EncodeToString(h.Sum(nil))
}

const guestColumns = "id, place_id, table_id, language, conversation_id, created_at, blocked_until, blocked_at, blocked_by"

func scanGuest(r db.Row) (g Guest, err error) {
	var created, until, at int64
	err = r.Scan(&g.ID, &g.PlaceID, &g.TableID, &g.Language, &g.ConversationID, &created, &until, &at, &g.BlockedBy)
	g.CreatedAt, g.BlockedUntil, g.BlockedAt = db.Time(created), db.Time(until), db.Time(at)
	return g, err
}

// Guest returns the guest of a cookie, the zero Guest when nothing was said under it this evening. The
// cookie is untrusted.
func (f *Floor) Guest(ctx context.Context, q db.Querier, placeID, cookie string) (Guest, error) {
	if b, err := base64.RawURLEncoding.DecodeString(cookie); err != nil || len(b) != 16 {
		return Guest{}, nil
	}
	g, err := scanGuest(q.QueryRow(ctx, "SELECT "+guestColumns+" FROM guest WHERE place_id = $1 AND hash = $2 AND created_at > $3",
		placeID, f.hash(placeID, cookie), db.Micros(time.Now().Add(-Evening))))
	if err == db.ErrNoRows {
		return Guest{}, nil
	}
	return g, err
}

// meet stores a guest who speaks for the first time and returns the cookie that names them.
func (f *Floor) meet(ctx context.Context, tx db.Tx, placeID, tableID, language string) (Guest, string, error) {
	g := Guest{ID: db.NewID(), PlaceID: placeID, TableID: tableID, Language: language, CreatedAt: time.Now()}
	cookie := newCookie()
	_, err := tx.Exec(ctx, "INSERT INTO guest (place_id, id, hash, table_id, language, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
		placeID, g.ID, f.hash(placeID, cookie), tableID, language, db.Micros(g.CreatedAt))
	return g, cookie, err
}

// Block stops a guest for the night: their page says that the table is closed.
func Block(ctx context.Context, tx db.Tx, actor place.Actor, placeID, guestID string) error {
	now := time.Now()
	return setBlock(ctx, tx, actor, placeID, guestID, now.Add(Evening), now, actor.Name, "guest.blocked")
}

// Unblock lets a guest speak again.
func Unblock(ctx context.Context, tx db.Tx, actor place.Actor, placeID, guestID string) error {
	return setBlock(ctx, tx, actor, placeID, guestID, time.Time{}, time.Time{}, "", "guest.unblocked")
}

func setBlock(ctx context.Context, tx db.Tx, actor place.Actor, placeID, guestID string, until, at time.Time, by, kind string) error {
	if err := actor.Needs(place.Floor, placeID); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, "UPDATE guest SET blocked_until = $3, blocked_at = $4, blocked_by = $5 WHERE place_id = $1 AND id = $2",
		placeID, guestID, db.Micros(until), db.Micros(at), by)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, "floor.block", "")
	}
	return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: kind, SubjectID: guestID})
}

// BlockedGuest is a guest who is stopped, and the plate of the table where they last spoke.
type BlockedGuest struct {
	Guest
	Table string
}

// BlockedGuests lists who is stopped tonight, the latest first.
func BlockedGuests(ctx context.Context, q db.Querier, placeID string) ([]BlockedGuest, error) {
	return db.Collect(func(r db.Row) (b BlockedGuest, err error) {
		var until, at int64
		err = r.Scan(&b.ID, &b.PlaceID, &b.TableID, &until, &at, &b.BlockedBy, &b.Table)
		b.BlockedUntil, b.BlockedAt = db.Time(until), db.Time(at)
		return b, err
	})(q.Query(ctx, "SELECT g.id, g.place_id, g.table_id, g.blocked_until, g.blocked_at, g.blocked_by, t.name FROM guest g JOIN floor_table t ON t.place_id = g.place_id AND t.id = g.table_id WHERE g.place_id = $1 AND g.blocked_until > $2 ORDER BY g.blocked_at DESC", placeID, db.Micros(time.Now())))
}
