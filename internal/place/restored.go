package place

import (
	"context"
	"time"

	"comptoir/internal/db"
)

// What a backup does to the journal of each place.
const (
	EventBackedUp     = "backup.made"
	EventBackupFailed = "backup.failed"
	EventDrilled      = "backup.drilled" // a restore of it was tried, and all was there
	EventRestored     = "backup.restored"
)

// Restored makes a database that was filled from a backup of the moment made an installation of its own:
// nobody is signed in, no link and no token opens anything, and no process holds an account. With another
// key than the backup's, what that one sealed is lost: accounts wait for a person to connect them again.
func Restored(ctx context.Context, tx db.Tx, k Keys, made time.Time) error {
	was, err := InstanceValue(ctx, tx, InstanceKeyID)
	if err != nil {
		return err
	}
	now := db.Micros(time.Now())
	if err := SetInstanceValue(ctx, tx, InstanceID, db.NewID()); err != nil {
		return err
	}
	if err := SetInstanceValue(ctx, tx, InstanceKeyID, k.id); err != nil {
		return err
	}
	// across places: all of them are restored
	for _, q := range []string{
		"DELETE FROM session",
		"DELETE FROM link",
		"DELETE FROM login",
		"DELETE FROM signin_failure",
		"UPDATE account SET holder = '', held_until = 0, renewing = ''",
		"UPDATE notice SET next_at = 0", // the installation that was left has mailed them
	} {
		if _, err := tx.Exec(ctx, q); err != nil {
			return err
		}
	}
	// across places: all of them are restored
	if _, err := tx.Exec(ctx, "UPDATE token SET revoked_at = $1 WHERE revoked_at = 0", now); err != nil {
		return err
	}
	if was != k.id {
		// across places: the key is the installation's
		_, err := tx.Exec(ctx, "UPDATE account SET credential = NULL, state = $1, fault_code = 'unauthenticated', fault_key = 'key.other' WHERE credential IS NOT NULL AND state <> $2", string(AccountPerson), string(AccountOff))
		if err != nil {
			return err
		}
	}
	return RecordEverywhere(ctx, tx, System(), Entry{Kind: EventRestored, Data: map[string]any{"made": db.Micros(made)}})
}

// RecordEverywhere journals what concerns the whole installation in each of its places.
func RecordEverywhere(ctx context.Context, tx db.Tx, actor Actor, e Entry) error {
	places, err := All(ctx, tx)
	if err != nil {
		return err
	}
	for _, p := range places {
		if err := Record(ctx, tx, p.ID, actor, e); err != nil {
			return err
		}
	}
	return nil
}
