package floor_test

import (
	"context"
	"net/netip"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

// room is a place with three tables and two colleagues.
type room struct {
	*testing.T
	*floor.Floor
	place   place.Place
	tables  []floor.Table
	noemie  place.Actor
	tom     place.Actor
	owner   place.Actor
	said    []floor.Words
	changes []string
}

func each(t *testing.T, fn func(r *room)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(newRoom(t, d)) })
}

func newRoom(t *testing.T, d *db.DB) *room {
	t.Helper()
	keys, err := place.LoadKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r := &room{T: t, Floor: floor.New(d, keys)}
	r.Said = func(_ context.Context, _ db.Tx, w floor.Words) (string, error) {
		r.said = append(r.said, w)
		return "conversation of " + w.GuestID, nil
	}
	r.Changed = func(_ context.Context, _ db.Tx, id string, c floor.Call, what floor.Change) error {
		r.changes = append(r.changes, string(what))
		return nil
	}
	r.write(func(tx db.Tx) (err error) {
		r.place, err = place.Create(t.Context(), tx, place.System(), place.New{Name: "Le Zinc", Language: "fr-CA", TimeZone: "America/Montreal"})
		return err
	})
	as := func(name string, role place.Role) place.Actor {
		return place.Actor{Kind: place.MemberActor, ID: db.NewID(), PlaceID: r.place.ID, Role: role, Name: name}
	}
	r.owner, r.noemie, r.tom = as("Élie", place.Owner), as("Noémie Tremblay", place.Floor), as("Tom Roy", place.Floor)
	r.write(func(tx db.Tx) (err error) {
		r.tables, err = floor.AddTables(t.Context(), tx, r.owner, r.place.ID, 3, "")
		return err
	})
	return r
}

// write runs fn in a transaction; try returns its error.
func (r *room) write(fn func(db.Tx) error) {
	r.Helper()
	if err := r.try(fn); err != nil {
		r.Fatal(err)
	}
}

func (r *room) try(fn func(db.Tx) error) error { return r.DB.Write(r.Context(), fn) }

var phone = netip.MustParseAddr("192.0.2.7")

// asks has a guest ask at a table.
func (r *room) asks(g floor.Guest, table int, kind floor.Kind, words string) (floor.Asked, error) {
	return r.Ask(r.Context(), floor.Asking{Place: r.place, Table: r.tables[table], Guest: g, Address: phone, Kind: kind, Text: words, Language: "fr-CA"})
}

func (r *room) mustAsk(g floor.Guest, table int, kind floor.Kind, words string) floor.Asked {
	r.Helper()
	a, err := r.asks(g, table, kind, words)
	if err != nil {
		r.Fatal(err)
	}
	return a
}

// change edits the place's settings.
func (r *room) change(fn func(*place.Settings)) {
	r.Helper()
	r.write(func(tx db.Tx) (err error) {
		r.place, err = place.Change(r.Context(), tx, r.owner, r.place.ID, func(p *place.Place) error { fn(&p.Settings); return nil })
		return err
	})
}

// later makes everything older by d.
func (r *room) later(d time.Duration) {
	r.Helper()
	r.write(func(tx db.Tx) error {
		for _, sql := range []string{
			"UPDATE guest_said SET at = at - $1", "UPDATE guest SET created_at = created_at - $1",
			"UPDATE floor_table SET old_until = old_until - $1 WHERE old_until > 0",
			"UPDATE call SET received_at = received_at - $1, last_at = last_at - $1", "UPDATE call_ask SET at = at - $1",
		} {
			if _, err := tx.Exec(r.Context(), sql, d.Microseconds()); err != nil {
				return err
			}
		}
		return nil
	})
}

func (r *room) count(sql string) (n int) {
	r.Helper()
	if err := r.DB.QueryRow(r.Context(), sql).Scan(&n); err != nil {
		r.Fatal(err)
	}
	return n
}

func wantCode(t *testing.T, err error, code fault.Code, key string) {
	t.Helper()
	f := fault.As(err)
	if f == nil {
		t.Fatalf("no error, want %s (%s)", code, key)
	}
	got := f.Key
	if got == "" && len(f.Fields) > 0 {
		got = f.Fields[0].Key
	}
	if fault.CodeOf(err) != code || got != key {
		t.Errorf("got %v, want %s (%s)", err, code, key)
	}
}
