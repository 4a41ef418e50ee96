package floor

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/place"
)

// Prune forgets: what guests wrote after the days that each place chose, guests with it, and after 48
// hours what the limits counted. It is to be run once a day or more often.
func Prune(ctx context.Context, tx db.Tx, now time.Time) error {
	// across places: the hashes of addresses expire everywhere at once
	if _, err := tx.Exec(ctx, "DELETE FROM guest_said WHERE at < $1", db.Micros(now.Add(-keepAddress))); err != nil {
		return err
	}
	places, err := place.All(ctx, tx)
	if err != nil {
		return err
	}
	for _, p := range places {
		old := db.Micros(now.AddDate(0, 0, -p.Settings.KeepGuestDays))
		if _, err := tx.Exec(ctx, "UPDATE call_ask SET text = '', author = '' WHERE place_id = $1 AND at < $2 AND (text <> '' OR author <> '')", p.ID, old); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM kind_word WHERE place_id = $1 AND at < $2", p.ID, old); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "DELETE FROM guest WHERE place_id = $1 AND created_at < $2", p.ID, old); err != nil {
			return err
		}
	}
	return nil
}
