package place

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// Names of the installation's own facts, in the table instance.
const (
	InstanceID        = "id"         // tells this installation from every other, and from copies of it
	InstanceKeyID     = "key_id"     // which key sealed this database's secrets
	instanceClock     = "clock"      // when it was last looked at, and from when on it is believed
	InstancePublicURL = "public_url" // the address chosen on the address screen
)

// InstanceValue returns a fact of the installation, "" when it is not set.
func InstanceValue(ctx context.Context, q db.Querier, name string) (string, error) {
	var v string
	err := q.QueryRow(ctx, "SELECT value FROM instance WHERE name = $1", name).Scan(&v)
	if err == db.ErrNoRows {
		return "", nil
	}
	return v, err
}

// SetInstanceValue stores a fact of the installation.
func SetInstanceValue(ctx context.Context, tx db.Tx, name, value string) error {
	_, err := tx.Exec(ctx, "INSERT INTO instance (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value", name, value)
	return err
}

// BelieveClock looks at the clock, as is to be done every hour, and tells whether what it says may be acted on for
// good: one that has gone back, or further ahead than leap since it was last looked at, has to go on for a while
// first.
func BelieveClock(ctx context.Context, tx db.Tx, now time.Time, leap, proven time.Duration) (bool, error) {
	last, err := InstanceValue(ctx, tx, instanceClock)
	if err != nil {
		return false, err
	}
	seen, from := now.UnixMicro(), now.UnixMicro()
	if last != "" {
		if _, err := fmt.Sscan(last, &seen, &from); err != nil {
			return false, fault.Wrap(err, fault.Internal, "place.clock", "")
		}
	}
	if gone := now.Sub(time.UnixMicro(seen)); gone < -clockSkew || gone > leap {
		from = now.Add(proven).UnixMicro()
	}
	return now.UnixMicro() >= from, SetInstanceValue(ctx, tx, instanceClock, fmt.Sprint(now.UnixMicro(), from))
}

// CheckKeys ties a database to its key the first time, and afterwards refuses another one with the key
// "key.of_another": what one sealed and signed the other could neither open nor recognise.
func CheckKeys(ctx context.Context, d *db.DB, k Keys) error {
	return d.Write(ctx, func(tx db.Tx) error {
		known, err := InstanceValue(ctx, tx, InstanceKeyID)
		switch {
		case err != nil:
			return err
		case known == "":
			return SetInstanceValue(ctx, tx, InstanceKeyID, k.id)
		case known != k.id:
			return fault.New(fault.Conflict, "place.keys", "key.of_another")
		}
		return nil
	})
}

// folderFile holds, in a data folder, the id of the installation whose folder it is.
const folderFile = "installation"

// CheckFolder ties a data folder to the database that it is used with the first time, and afterwards refuses
// the database of another installation with the key "data.of_another": its files would lie elsewhere.
func CheckFolder(ctx context.Context, d *db.DB, dir string) error {
	id, err := installation(ctx, d)
	if err != nil {
		return err
	}
	path := filepath.Join(dir, folderFile)
	known, err := os.ReadFile(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := writeOnce(path, id+"\n"); err != nil && !errors.Is(err, fs.ErrExist) {
			return fault.Wrap(err, fault.Unavailable, "place.folder", "data.unwritable", "dir", dir)
		}
		return nil
	case err != nil:
		return fault.Wrap(err, fault.Unavailable, "place.folder", "data.unwritable", "dir", dir)
	case strings.TrimSpace(string(known)) != id:
		return fault.New(fault.Conflict, "place.folder", "data.of_another", "path", path)
	}
	return nil
}

// installation returns the id of the installation, which gets one the first time.
func installation(ctx context.Context, d *db.DB) (id string, err error) {
	if id, err = InstanceValue(ctx, d, InstanceID); err != nil || id != "" {
		return id, err
	}
	err = d.Write(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO instance (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", InstanceID, db.NewID())
		return err
	})
	if err != nil {
		return "", err
	}
	return InstanceValue(ctx, d, InstanceID) // of two processes that begin at once, the first one's
}
