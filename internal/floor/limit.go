package floor

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// Limits of what guests may say, counted in the database so that they hold for any number of processes. How
// much one phone and one table may say in a Window is for the place to decide.
const (
	MaxText     = 500 // characters
	Window      = 10 * time.Minute
	PerAddress  = 120 // in a Window: a whole bar shares one address
	keepAddress = 48 * time.Hour
)

// speaker is who is counted.
type speaker struct {
	guest, table string
	most         place.Settings
	address      string   // today's hash
	addresses    []string // and yesterday's, for a window over midnight
}

// speaker makes an address into hashes whose key changes every day. An IPv6 visitor is their /64.
func (f *Floor) speaker(a Asking, now time.Time) speaker {
	addr := a.Address
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			addr = p.Addr()
		}
	}
	hash := func(day time.Time) string {
		key := hmac.New(sha256.New, f.address)
		key.Write([]byte(day.UTC().Format(time.DateOnly)))
		h := hmac.New(sha256.New, key.Sum(nil))
		h.Write(addr.AsSlice())
		return hex.EncodeToString(h.Sum(nil)[:16])
	}
	s := speaker{guest: a.Guest.ID, table: a.Table.ID, most: a.Place.Settings, address: hash(now)}
	s.addresses = []string{s.address, hash(now.Add(-Window))}
	return s
}

// allowed returns fault.RateLimited, with the time to wait, when one more would be too many. It only
// reads.
func (s speaker) allowed(ctx context.Context, q db.Querier, placeID string, now time.Time) error {
	since := db.Micros(now.Add(-Window))
	until := db.Micros(now.Add(Window)) // what lies further ahead was counted by a clock that has gone back since
	if s.guest != "" {
		row := q.QueryRow(ctx, "SELECT count(*), coalesce(min(at), 0) FROM guest_said WHERE place_id = $1 AND guest_id = $2 AND at > $3 AND at < $4", placeID, s.guest, since, until)
		if err := within(row, s.most.PerGuest, "floor.limit_guest", now); err != nil {
			return err
		}
	}
	row := q.QueryRow(ctx, "SELECT count(*), coalesce(min(at), 0) FROM guest_said WHERE place_id = $1 AND table_id = $2 AND at > $3 AND at < $4", placeID, s.table, since, until)
	if err := within(row, s.most.PerTable, "floor.limit_table", now); err != nil {
		return err
	}
	row = q.QueryRow(ctx, "SELECT count(*), coalesce(min(at), 0) FROM guest_said WHERE place_id = $1 AND address IN ($2, $3) AND at > $4 AND at < $5", placeID, s.addresses[0], s.addresses[1], since, until)
	return within(row, PerAddress, "floor.limit_place", now)
}

func within(row db.Row, most int, key string, now time.Time) error {
	var count int
	var first int64
	if err := row.Scan(&count, &first); err != nil {
		return err
	}
	if count < most {
		return nil
	}
	wait := max(time.Second, db.Time(first).Add(Window).Sub(now))
	// The sentence names whole minutes: nobody comes back a few seconds early.
	return &fault.Error{Code: fault.RateLimited, Op: "floor.limit", Key: key, RetryAfter: wait, Args: []any{"in", (wait + time.Minute - time.Second).Truncate(time.Minute)}}
}

// count notes that the speaker said something.
func (s speaker) count(ctx context.Context, tx db.Tx, placeID string, now time.Time) error {
	_, err := tx.Exec(ctx, "INSERT INTO guest_said (place_id, guest_id, table_id, address, at) VALUES ($1, $2, $3, $4, $5)", placeID, s.guest, s.table, s.address, db.Micros(now))
	return err
}
