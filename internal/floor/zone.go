package floor

import (
	"context"
	"slices"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/text"
)

// Zone is a part of the room: the windows, the back.
type Zone struct {
	ID       string
	Name     string
	Position int
	MemberID string // who looks after it, "" = nobody
}

const maxZones = 30

// Zones returns the zones of a place in their order. Whoever has left the place looks after none.
func Zones(ctx context.Context, q db.Querier, placeID string) ([]Zone, error) {
	return db.Collect(func(r db.Row) (z Zone, err error) { err = r.Scan(&z.ID, &z.Name, &z.Position, &z.MemberID); return })(
		q.Query(ctx, `SELECT z.id, z.name, z.position, COALESCE(m.member_id, '') FROM zone z
			LEFT JOIN membership m ON m.place_id = z.place_id AND m.member_id = z.member_id
			WHERE z.place_id = $1 ORDER BY z.position, z.id`, placeID))
}

// AddZone adds a zone at the end.
func AddZone(ctx context.Context, tx db.Tx, actor place.Actor, placeID, name string) (Zone, error) {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return Zone{}, err
	}
	z := Zone{ID: db.NewID(), Name: text.Line(name)}
	all, err := Zones(ctx, tx, placeID)
	if err != nil {
		return z, err
	}
	if err := z.check(all); err != nil {
		return z, err
	}
	if len(all) >= maxZones {
		return z, fault.InvalidFields("floor.zone", fault.Field{Name: "zone", Key: "floor.zone_many"})
	}
	for _, other := range all {
		z.Position = max(z.Position, other.Position+1)
	}
	if _, err := tx.Exec(ctx, "INSERT INTO zone (place_id, id, name, position) VALUES ($1, $2, $3, $4)", placeID, z.ID, z.Name, z.Position); err != nil {
		return z, err
	}
	return z, place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "zone.added", SubjectID: z.ID})
}

// ChangeZone gives a zone another name, or somebody else to look after it. fault.NotFound for a zone or a member that the
// place does not have.
func ChangeZone(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id string, change func(*Zone)) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	all, err := Zones(ctx, tx, placeID)
	if err != nil {
		return err
	}
	at := slices.IndexFunc(all, func(z Zone) bool { return z.ID == id })
	if at < 0 {
		return fault.New(fault.NotFound, "floor.change_zone", "")
	}
	z := all[at]
	change(&z)
	z.Name = text.Line(z.Name)
	if err := z.check(all); err != nil {
		return err
	}
	if z.MemberID != "" {
		role, err := place.RoleIn(ctx, tx, z.MemberID, placeID)
		if err == nil && role == "" {
			err = fault.New(fault.NotFound, "floor.change_zone", "")
		}
		if err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, "UPDATE zone SET name = $3, member_id = $4 WHERE place_id = $1 AND id = $2", placeID, id, z.Name, z.MemberID); err != nil {
		return err
	}
	return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "zone.changed", SubjectID: id})
}

// RemoveZone takes a zone away; its tables stay, without a zone.
func RemoveZone(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id string) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE floor_table SET zone_id = NULL WHERE place_id = $1 AND zone_id = $2", placeID, id); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, "DELETE FROM zone WHERE place_id = $1 AND id = $2", placeID, id)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, "floor.remove_zone", "")
	}
	return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "zone.removed", SubjectID: id})
}

func (z Zone) check(all []Zone) error {
	if n := text.Graphemes(z.Name); n < 1 || n > 40 {
		return fault.InvalidFields("floor.zone", fault.Field{Name: "zone", Key: "floor.zone_name"})
	}
	for _, other := range all {
		if other.ID != z.ID && text.Fold(other.Name) == text.Fold(z.Name) {
			return fault.InvalidFields("floor.zone", fault.Field{Name: "zone", Key: "floor.zone_taken", Args: []any{"zone", z.Name}})
		}
	}
	return nil
}
