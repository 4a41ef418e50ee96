package people

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

const (
	maxName = 80  // graphemes
	maxLink = 500 // bytes
)

// Identify returns the person behind each author of one network of a place, making those who are new,
// and follows the network when somebody changes their name. The caller holds place.Lock.
func Identify(ctx context.Context, tx db.Tx, placeID string, kind network.Kind, authors []network.Author, seen time.Time) (map[network.RemoteID]string, error) {
	wanted := map[network.RemoteID]Identity{}
	var order []network.RemoteID
	for _, a := range authors {
		if _, twice := wanted[a.ID]; !twice {
			order = append(order, a.ID)
		}
		wanted[a.ID] = identity(kind, a) // the latest of a page is the freshest
	}
	found := make(map[network.RemoteID]string, len(order))
	if len(order) == 0 {
		return found, nil
	}
	known, err := lookUp(ctx, tx, placeID, kind, order)
	if err != nil {
		return nil, err
	}
	now, hour := db.Micros(seen), db.Micros(seen.Add(-time.Hour))
	var back []string
	for _, k := range known {
		found[k.RemoteID] = k.PersonID
		back = append(back, k.PersonID)
		if err := follow(ctx, tx, placeID, k, wanted[k.RemoteID]); err != nil {
			return nil, err
		}
	}
	if len(back) > 0 { // to the hour: who writes a lot costs no write each time
		list, args := db.In(4, back, placeID, now, hour)
		if _, err := tx.Exec(ctx, "UPDATE person SET last_seen_at = $2 WHERE place_id = $1 AND last_seen_at < $3 AND id IN ("+list+")", args...); err != nil {
			return nil, err
		}
	}
	persons := db.Insert{Head: "INSERT INTO person (place_id, id, name, first_seen_at, last_seen_at)", Shared: []any{placeID}}
	identities := db.Insert{Head: "INSERT INTO identity (place_id, " + identityColumns + ")", Shared: []any{placeID}}
	for _, remote := range order {
		if _, ok := found[remote]; ok {
			continue
		}
		i := wanted[remote]
		i.PersonID = db.NewID()
		found[remote] = i.PersonID
		persons.Row(i.PersonID, i.shown(), now, now)
		identities.Row(i.PersonID, string(i.Kind), string(i.RemoteID), i.Handle, i.Name, i.URL, i.Avatar)
	}
	if err := persons.Exec(ctx, tx); err != nil {
		return nil, err
	}
	return found, identities.Exec(ctx, tx)
}

func identity(kind network.Kind, a network.Author) Identity {
	i := Identity{Kind: kind, RemoteID: a.ID, Handle: text.Clip(text.Line(a.Handle), maxName), Name: text.Clip(text.Line(a.Name), maxName), URL: a.URL, Avatar: a.Avatar}
	if len(i.URL) > maxLink {
		i.URL = ""
	}
	if len(i.Avatar) > maxLink {
		i.Avatar = ""
	}
	i.URL, i.Avatar = text.Line(i.URL), text.Line(i.Avatar)
	return i
}

func lookUp(ctx context.Context, q db.Querier, placeID string, kind network.Kind, remotes []network.RemoteID) ([]Identity, error) {
	list, args := db.In(3, remotes, placeID, string(kind))
	return db.Collect(scanIdentity)(q.Query(ctx, "SELECT "+identityColumns+" FROM identity WHERE place_id = $1 AND kind = $2 AND remote_id IN ("+list+")", args...))
}

// follow updates an identity, and its person's name unless the place gave one. A network that does not
// tell the name this time takes nothing away.
func follow(ctx context.Context, tx db.Tx, placeID string, was, is Identity) error {
	if is.Name == "" {
		is.Name = was.Name
	}
	if is.Handle == "" {
		is.Handle = was.Handle
	}
	is.PersonID = was.PersonID
	if is == was {
		return nil
	}
	if _, err := tx.Exec(ctx, "UPDATE identity SET handle = $4, name = $5, url = $6, avatar = $7 WHERE place_id = $1 AND kind = $2 AND remote_id = $3",
		placeID, string(is.Kind), string(is.RemoteID), is.Handle, is.Name, is.URL, is.Avatar); err != nil {
		return err
	}
	if is.shown() == was.shown() {
		return nil
	}
	// A person of several networks keeps the name of the others.
	_, err := tx.Exec(ctx, "UPDATE person SET name = $4 WHERE place_id = $1 AND id = $2 AND name = $3 AND NOT named", placeID, is.PersonID, was.shown(), is.shown())
	return err
}
