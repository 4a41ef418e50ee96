package floor

import (
	"context"
	"strconv"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/text"
)

const (
	MaxTables   = 500 // of a place
	maxPlate    = 12  // graphemes
	cardsAtOnce = 100
)

// Table is a table with its plate and its card.
type Table struct {
	ID        string
	PlaceID   string
	N         int64  // in its code, never reused
	Name      string // on the plate: "7", "Bar"
	ZoneID    string // "" = none
	X, Y      int    // on the plan, 0 to Grid
	Seats     int    // 0 = not told
	Version   int64  // of its code
	CodedAt   time.Time
	OldUntil  time.Time // the code before this one leads here until then
	PrintedAt time.Time // zero = its card was never printed
	PrintedOn string    // the address on that card
	CreatedAt time.Time
}

// Stale tells whether the printed card leads nowhere: its code was rotated since, or it names another
// address than base ("https://lezinc.example").
func (t Table) Stale(base string) bool {
	return !t.PrintedAt.IsZero() && (t.PrintedAt.Before(t.CodedAt) || t.PrintedOn != base)
}

const tableColumns = "id, place_id, n, name, coalesce(zone_id, ''), x, y, seats, version, coded_at, old_until, printed_at, printed_on, created_at"

func scanTable(r db.Row) (t Table, err error) {
	var coded, old, printed, created int64
	err = r.Scan(&t.ID, &t.PlaceID, &t.N, &t.Name, &t.ZoneID, &t.X, &t.Y, &t.Seats, &t.Version, &coded, &old, &printed, &t.PrintedOn, &created)
	t.CodedAt, t.OldUntil, t.PrintedAt, t.CreatedAt = db.Time(coded), db.Time(old), db.Time(printed), db.Time(created)
	return t, err
}

// Tables returns the tables of a place by number.
func Tables(ctx context.Context, q db.Querier, placeID string) ([]Table, error) {
	return db.Collect(scanTable)(q.Query(ctx, "SELECT "+tableColumns+" FROM floor_table WHERE place_id = $1 AND removed_at = 0 ORDER BY n", placeID))
}

// GetTable returns one table.
func GetTable(ctx context.Context, q db.Querier, placeID, id string) (Table, error) {
	t, err := scanTable(q.QueryRow(ctx, "SELECT "+tableColumns+" FROM floor_table WHERE place_id = $1 AND id = $2 AND removed_at = 0", placeID, id))
	return t, db.NotFound(err, "floor.table")
}

// AddTables adds tables with the next numbers, in rows on the plan. zoneID "" = in no zone.
func AddTables(ctx context.Context, tx db.Tx, actor place.Actor, placeID string, count int, zoneID string) ([]Table, error) {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return nil, err
	}
	if count < 1 || count > cardsAtOnce {
		return nil, fault.InvalidFields("floor.add", fault.Field{Name: "count", Key: "floor.table_count"})
	}
	if err := hasZone(ctx, tx, placeID, zoneID); err != nil {
		return nil, err
	}
	all, err := Tables(ctx, tx, placeID)
	if err != nil {
		return nil, err
	}
	if len(all)+count > MaxTables {
		return nil, fault.InvalidFields("floor.add", fault.Field{Name: "count", Key: "floor.table_many"})
	}
	var last int64 // of those that are gone too
	if err := tx.QueryRow(ctx, "SELECT coalesce(max(n), 0) FROM floor_table WHERE place_id = $1", placeID).Scan(&last); err != nil {
		return nil, err
	}
	added, err := insertTables(ctx, tx, placeID, all, last, count, zoneID)
	if err != nil {
		return nil, err
	}
	var entries []place.Entry
	for _, t := range added {
		entries = append(entries, place.Entry{Kind: "table.added", SubjectID: t.ID, Data: map[string]any{"name": t.Name}})
	}
	return added, place.Record(ctx, tx, placeID, actor, entries...)
}

// insertTables sets tables beside those that are there, with the numbers after last.
func insertTables(ctx context.Context, tx db.Tx, placeID string, here []Table, last int64, count int, zoneID string) ([]Table, error) {
	now := time.Now()
	var added []Table
	for i := range count {
		n := last + 1 + int64(i)
		t := Table{ID: db.NewID(), PlaceID: placeID, N: n, Name: strconv.FormatInt(n, 10), ZoneID: zoneID, Version: 1, CodedAt: now, CreatedAt: now}
		t.X, t.Y = freeSpot(here, zoneID)
		_, err := tx.Exec(ctx, "INSERT INTO floor_table (place_id, id, n, name, zone_id, x, y, version, coded_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)",
			placeID, t.ID, t.N, t.Name, orNull(zoneID), t.X, t.Y, t.Version, db.Micros(now))
		if err != nil {
			return nil, err
		}
		here, added = append(here, t), append(added, t)
	}
	return added, nil
}

// ChangeTable edits a table's name, zone, seats and spot: fn changes the copy it is given.
func ChangeTable(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id string, fn func(*Table)) (Table, error) {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return Table{}, err
	}
	t, err := GetTable(ctx, tx, placeID, id)
	if err != nil {
		return t, err
	}
	fn(&t)
	t.Name = text.Line(t.Name)
	if err := t.check(ctx, tx, placeID, id); err != nil {
		return t, err
	}
	if _, err := tx.Exec(ctx, "UPDATE floor_table SET name = $3, zone_id = $4, x = $5, y = $6, seats = $7 WHERE place_id = $1 AND id = $2",
		placeID, id, t.Name, orNull(t.ZoneID), t.X, t.Y, t.Seats); err != nil {
		return t, err
	}
	return t, place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "table.changed", SubjectID: id, Data: map[string]any{"name": t.Name}})
}

func (t Table) check(ctx context.Context, q db.Querier, placeID, id string) error {
	var wrong []fault.Field
	if n := text.Graphemes(t.Name); n < 1 || n > maxPlate {
		wrong = append(wrong, fault.Field{Name: "name", Key: "floor.table_name"})
	}
	if !onPlan(t.X, t.Y) {
		wrong = append(wrong, fault.Field{Name: "x", Key: "floor.table_spot"})
	}
	if t.Seats < 0 || t.Seats > 99 {
		wrong = append(wrong, fault.Field{Name: "seats", Key: "floor.table_seats"})
	}
	if len(wrong) > 0 {
		return fault.InvalidFields("floor.change", wrong...)
	}
	if err := hasZone(ctx, q, placeID, t.ZoneID); err != nil {
		return err
	}
	all, err := Tables(ctx, q, placeID)
	if err != nil {
		return err
	}
	for _, other := range all {
		if other.ID != id && text.Fold(other.Name) == text.Fold(t.Name) {
			return fault.InvalidFields("floor.change", fault.Field{Name: "name", Key: "floor.table_taken", Args: []any{"table", t.Name}})
		}
	}
	return nil
}

// RemoveTable takes a table away. Its code leads nowhere from then on, and its number is not used again.
func RemoveTable(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id string) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, "UPDATE floor_table SET removed_at = $3 WHERE place_id = $1 AND id = $2 AND removed_at = 0", placeID, id, db.Micros(time.Now()))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, "floor.remove", "")
	}
	return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "table.removed", SubjectID: id})
}

func hasZone(ctx context.Context, q db.Querier, placeID, zoneID string) error {
	if zoneID == "" {
		return nil
	}
	var id string
	err := q.QueryRow(ctx, "SELECT id FROM zone WHERE place_id = $1 AND id = $2", placeID, zoneID).Scan(&id)
	return db.NotFound(err, "floor.zone")
}

func orNull(id string) any {
	if id == "" {
		return nil
	}
	return id
}
