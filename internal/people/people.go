// Package people keeps persons: who they are on each network, what the team knows of them, how they
// come and go. A person is made by the first thing they say.
package people

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/text"
)

// Person is somebody who spoke to a place.
type Person struct {
	ID        string
	PlaceID   string
	Name      string
	Named     bool   // the place gave the name: networks no longer change it
	About     string // what the team knows, one thing a line
	FirstSeen time.Time
	LastSeen  time.Time // to the hour
}

// Identity is one name of a person on one network.
type Identity struct {
	PersonID string
	Kind     network.Kind
	RemoteID network.RemoteID
	Handle   string
	Name     string
	URL      string // untrusted
	Avatar   string // the address of a picture, untrusted and never loaded by a browser of ours
}

const personColumns = "id, place_id, name, named, about, first_seen_at, last_seen_at"

func scanPerson(r db.Row) (p Person, err error) {
	var first, last int64
	err = r.Scan(&p.ID, &p.PlaceID, &p.Name, &p.Named, &p.About, &first, &last)
	p.FirstSeen, p.LastSeen = db.Time(first), db.Time(last)
	return p, err
}

const identityColumns = "person_id, kind, remote_id, handle, name, url, avatar"

func scanIdentity(r db.Row) (i Identity, err error) {
	err = r.Scan(&i.PersonID, &i.Kind, &i.RemoteID, &i.Handle, &i.Name, &i.URL, &i.Avatar)
	return i, err
}

// Get returns one person of a place.
func Get(ctx context.Context, q db.Querier, placeID, id string) (Person, error) {
	p, err := scanPerson(q.QueryRow(ctx, "SELECT "+personColumns+" FROM person WHERE place_id = $1 AND id = $2", placeID, id))
	return p, db.NotFound(err, "people.get")
}

// Identities returns the names of persons of a place on networks, by network.
func Identities(ctx context.Context, q db.Querier, placeID string, personIDs ...string) ([]Identity, error) {
	if len(personIDs) == 0 {
		return nil, nil
	}
	list, args := db.In(2, personIDs, placeID)
	return db.Collect(scanIdentity)(q.Query(ctx, "SELECT "+identityColumns+" FROM identity WHERE place_id = $1 AND person_id IN ("+list+") ORDER BY kind, remote_id", args...))
}

// maxAbout bounds what is kept of a person, in graphemes.
const maxAbout = 4000

// Describe stores what the team knows of a person, one thing a line.
func Describe(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id, about string) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	if _, err := place.Lock(ctx, tx, placeID); err != nil {
		return err
	}
	return change(ctx, tx, actor, placeID, id, "person.described", "about", text.Clip(text.Plain(about), maxAbout))
}

// Rename gives a person the name that the team uses; networks no longer change it. An empty name goes
// back to the network's own.
func Rename(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id, name string) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	if _, err := place.Lock(ctx, tx, placeID); err != nil {
		return err
	}
	name = text.Clip(text.Line(name), maxName)
	named := name != ""
	if !named {
		ids, err := Identities(ctx, tx, placeID, id)
		if err != nil || len(ids) == 0 {
			return err
		}
		name = ids[0].shown()
	}
	if _, err := tx.Exec(ctx, "UPDATE person SET named = $3 WHERE place_id = $1 AND id = $2", placeID, id, named); err != nil {
		return err
	}
	return change(ctx, tx, actor, placeID, id, "person.renamed", "name", name)
}

// change sets one column of a person. column is a word of ours.
func change(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id, kind, column, value string) error {
	n, err := tx.Exec(ctx, "UPDATE person SET "+column+" = $3 WHERE place_id = $1 AND id = $2", placeID, id, value)
	if err != nil {
		return err
	}
	if n == 0 {
		return db.NotFound(db.ErrNoRows, "people.change")
	}
	return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: kind, SubjectID: id})
}

func (i Identity) shown() string {
	if i.Name != "" {
		return i.Name
	}
	if i.Handle != "" {
		return i.Handle
	}
	return string(i.RemoteID)
}

// findAmong is how many persons are looked through for a name: those who spoke last.
const findAmong = 5000

// Find returns persons of a place by the beginnings of words of their names, accents and case aside: those who spoke last
// come first.
func Find(ctx context.Context, q db.Querier, placeID, name string, limit int) ([]Person, error) {
	wanted := text.Words(name)
	if len(wanted) == 0 {
		return nil, nil
	}
	rows, err := q.Query(ctx, "SELECT "+personColumns+" FROM person WHERE place_id = $1 AND merged_into = '' ORDER BY last_seen_at DESC, id DESC LIMIT $2", placeID, findAmong)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var found []Person
	for len(found) < limit && rows.Next() {
		p, err := scanPerson(rows)
		if err != nil {
			return nil, err
		}
		if text.Begin(p.Name, wanted) {
			found = append(found, p)
		}
	}
	return found, rows.Err()
}
