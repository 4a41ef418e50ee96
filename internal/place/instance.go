package place

import (
	"context"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// Names of the installation's own facts, in the table instance.
const (
	InstanceKeyID     = "key_id"     // which key sealed this database's secrets
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
