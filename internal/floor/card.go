package floor

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// Code returns the code in force of a table, as printed. Its page is /t/CODE.
func (f *Floor) Code(p place.Place, t Table) string {
	return f.codes.Sign(Code{Place: p.N, Table: t.N, Version: t.Version})
}

// Find returns the table of a code and its place. A code that is malformed, forged, rotated or of a
// table that is gone gives one and the same fault.NotFound; a forged one costs no query. A rotated one
// that may still be used leads to its table.
func (f *Floor) Find(ctx context.Context, q db.Querier, code string) (place.Place, Table, error) {
	c, err := f.codes.Parse(code)
	if err != nil {
		return place.Place{}, Table{}, err
	}
	p, err := place.ByNumber(ctx, q, c.Place)
	if fault.Is(err, fault.NotFound) {
		return p, Table{}, unknownCode()
	}
	if err != nil {
		return p, Table{}, err
	}
	t, err := scanTable(q.QueryRow(ctx, "SELECT "+tableColumns+" FROM floor_table WHERE place_id = $1 AND n = $2 AND (version = $3 OR version = $3 + 1 AND old_until > $4) AND removed_at = 0",
		p.ID, c.Table, c.Version, db.Micros(time.Now())))
	if err == db.ErrNoRows {
		return place.Place{}, Table{}, unknownCode()
	}
	return p, t, err
}

// Rotate gives tables new codes. The old cards lead to their tables until a moment, so that new ones can be
// printed and put out first (zero = not any longer), then to a kind page and nothing else.
func Rotate(ctx context.Context, tx db.Tx, actor place.Actor, placeID string, until time.Time, ids ...string) error {
	if err := actor.Needs(place.Floor, placeID); err != nil {
		return err
	}
	now := db.Micros(time.Now())
	var entries []place.Entry
	for _, id := range ids {
		n, err := tx.Exec(ctx, "UPDATE floor_table SET version = version + 1, coded_at = $3, old_until = $4 WHERE place_id = $1 AND id = $2 AND removed_at = 0", placeID, id, now, db.Micros(until))
		if err != nil {
			return err
		}
		if n == 0 {
			return fault.New(fault.NotFound, "floor.rotate", "")
		}
		entries = append(entries, place.Entry{Kind: "table.code_rotated", SubjectID: id})
	}
	if len(entries) == 0 {
		return nil
	}
	return place.Record(ctx, tx, placeID, actor, entries...)
}

// Printed notes that the cards of tables went to the printer with an address, so that a later change of
// address can say how many cards are out.
func Printed(ctx context.Context, tx db.Tx, actor place.Actor, placeID, base string, ids ...string) error {
	if err := actor.Needs(place.Manager, placeID); err != nil {
		return err
	}
	now := db.Micros(time.Now())
	for _, id := range ids {
		if _, err := tx.Exec(ctx, "UPDATE floor_table SET printed_at = $3, printed_on = $4 WHERE place_id = $1 AND id = $2", placeID, id, now, base); err != nil {
			return err
		}
	}
	return place.Record(ctx, tx, placeID, actor, place.Entry{Kind: "cards.printed", SubjectID: placeID, Data: map[string]any{"count": len(ids)}})
}

// CardsOut counts the cards of every place that are out with an address: those that a change of the
// installation's address makes worthless.
func CardsOut(ctx context.Context, q db.Querier, base string) (n int, err error) {
	// across places: the address belongs to the installation
	err = q.QueryRow(ctx, "SELECT count(*) FROM floor_table WHERE removed_at = 0 AND printed_at >= coded_at AND printed_on = $1", base).Scan(&n)
	return n, err
}
