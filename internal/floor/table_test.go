package floor_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

func TestANumberIsNeverUsedAgain(t *testing.T) {
	each(t, func(r *room) {
		r.write(func(tx db.Tx) error { return floor.RemoveTable(r.Context(), tx, r.owner, r.place.ID, r.tables[2].ID) })
		r.write(func(tx db.Tx) error {
			_, err := floor.AddTables(r.Context(), tx, r.owner, r.place.ID, 2, "")
			return err
		})
		all, err := floor.Tables(r.Context(), r.DB, r.place.ID)
		if err != nil {
			r.Fatal(err)
		}
		var names []string
		spots := map[[2]int]bool{}
		for _, t := range all {
			names = append(names, t.Name)
			spots[[2]int{t.X, t.Y}] = true
		}
		if diff := cmp.Diff([]string{"1", "2", "4", "5"}, names); diff != "" {
			r.Error(diff)
		}
		if len(spots) != len(all) {
			r.Errorf("tables stand on one another: %v", spots)
		}
	})
}

func TestATableIsRenamedAndMovedWithinReason(t *testing.T) {
	each(t, func(r *room) {
		var z floor.Zone
		r.write(func(tx db.Tx) (err error) {
			z, err = floor.AddZone(r.Context(), tx, r.owner, r.place.ID, " Fenêtres ")
			return err
		})
		change := func(fn func(*floor.Table)) error {
			return r.try(func(tx db.Tx) error {
				_, err := floor.ChangeTable(r.Context(), tx, r.owner, r.place.ID, r.tables[0].ID, fn)
				return err
			})
		}
		if err := change(func(t *floor.Table) { t.Name, t.ZoneID, t.X, t.Y, t.Seats = "Bar", z.ID, 0, floor.Grid, 4 }); err != nil {
			r.Fatal(err)
		}
		got, err := floor.GetTable(r.Context(), r.DB, r.place.ID, r.tables[0].ID)
		if err != nil || got.Name != "Bar" || got.ZoneID != z.ID || got.Y != floor.Grid || got.Seats != 4 {
			r.Errorf("%+v %v", got, err)
		}
		for key, fn := range map[string]func(*floor.Table){
			"floor.table_name":  func(t *floor.Table) { t.Name = strings.Repeat("x", 13) },
			"floor.table_spot":  func(t *floor.Table) { t.X = 25 },
			"floor.table_seats": func(t *floor.Table) { t.Seats = -1 },
			"floor.table_taken": func(t *floor.Table) { t.Name = "2" },
		} {
			if err := change(fn); !fault.Is(err, fault.Invalid) || fault.As(err).Fields[0].Key != key {
				r.Errorf("%s: %v", key, err)
			}
		}
		if err := change(func(t *floor.Table) { t.ZoneID = db.NewID() }); !fault.Is(err, fault.NotFound) {
			r.Errorf("a zone that is not ours: %v", err)
		}
		r.write(func(tx db.Tx) error { return floor.RemoveZone(r.Context(), tx, r.owner, r.place.ID, z.ID) })
		if got, _ := floor.GetTable(r.Context(), r.DB, r.place.ID, r.tables[0].ID); got.ZoneID != "" {
			r.Error("the zone is gone, its table is not out of it")
		}
	})
}

func TestAZoneIsRenamedAndLookedAfterByAMember(t *testing.T) {
	each(t, func(r *room) {
		ctx := r.Context()
		var z floor.Zone
		var m place.Member
		r.write(func(tx db.Tx) (err error) {
			if z, err = floor.AddZone(ctx, tx, r.owner, r.place.ID, "Fenêtres"); err != nil {
				return err
			}
			m, err = place.AddMember(ctx, tx, place.System(), r.place.ID, place.NewMember{Name: "Noémie", Email: "zone@lezinc.example"}, place.Floor)
			return err
		})
		change := func(actor place.Actor, id string, fn func(*floor.Zone)) error {
			return r.try(func(tx db.Tx) error { return floor.ChangeZone(ctx, tx, actor, r.place.ID, id, fn) })
		}
		hers := func(z *floor.Zone) { z.Name, z.MemberID = " Terrasse ", m.ID }
		if err := change(r.owner, z.ID, hers); err != nil {
			r.Fatal(err)
		}
		if all, err := floor.Zones(ctx, r.DB, r.place.ID); err != nil || len(all) != 1 || all[0].Name != "Terrasse" || all[0].MemberID != m.ID {
			r.Errorf("%+v %v", all, err)
		}
		if err := change(r.owner, z.ID, func(z *floor.Zone) { z.MemberID = db.NewID() }); !fault.Is(err, fault.NotFound) {
			r.Errorf("a stranger looks after it: %v", err)
		}
		if err := change(r.owner, db.NewID(), hers); !fault.Is(err, fault.NotFound) {
			r.Errorf("a zone that is not ours: %v", err)
		}
		if err := change(m.As(r.place.ID, place.Floor), z.ID, hers); !fault.Is(err, fault.Forbidden) {
			r.Errorf("by the floor: %v", err)
		}
		r.write(func(tx db.Tx) error { return place.RemoveMember(ctx, tx, place.System(), r.place.ID, m.ID) })
		if all, err := floor.Zones(ctx, r.DB, r.place.ID); err != nil || all[0].MemberID != "" {
			r.Errorf("she has left: %+v %v", all, err)
		}
	})
}

func TestEveryTableHasItsSpotAndAZoneBeginsARow(t *testing.T) {
	each(t, func(r *room) {
		var z floor.Zone
		r.write(func(tx db.Tx) (err error) {
			if z, err = floor.AddZone(r.Context(), tx, r.owner, r.place.ID, "Terrasse"); err != nil {
				return err
			}
			_, err = floor.AddTables(r.Context(), tx, r.owner, r.place.ID, 2, z.ID)
			return err
		})
		all, err := floor.Tables(r.Context(), r.DB, r.place.ID)
		if err != nil {
			r.Fatal(err)
		}
		if all[3].X != all[0].X || all[3].Y <= all[2].Y || all[4].Y != all[3].Y {
			r.Errorf("a zone of two stands at %d %d and %d %d, below a row at %d", all[3].X, all[3].Y, all[4].X, all[4].Y, all[0].Y)
		}
		r.write(func(tx db.Tx) error {
			_, err := floor.AddTables(r.Context(), tx, r.owner, r.place.ID, 95, "")
			return err
		})
		if all, err = floor.Tables(r.Context(), r.DB, r.place.ID); err != nil {
			r.Fatal(err)
		}
		taken := map[[2]int]string{}
		for _, t := range all {
			if under := taken[[2]int{t.X, t.Y}]; under != "" {
				r.Errorf("table %s stands on table %s", t.Name, under)
			}
			taken[[2]int{t.X, t.Y}] = t.Name
		}
	})
}

func TestTheRoomIsArrangedAtOnceOrNotAtAll(t *testing.T) {
	each(t, func(r *room) {
		arrange := func(who place.Actor, spots ...floor.Spot) error {
			return r.try(func(tx db.Tx) error { return floor.Arrange(r.Context(), tx, who, r.place.ID, spots) })
		}
		first, second := r.tables[0].ID, r.tables[1].ID
		if err := arrange(r.owner, floor.Spot{TableID: first, X: 24, Y: 0}, floor.Spot{TableID: second, X: 0, Y: 24}); err != nil {
			r.Fatal(err)
		}
		wantCode(r.T, arrange(r.owner, floor.Spot{TableID: first, X: 5, Y: 5}, floor.Spot{TableID: second, X: 25, Y: 5}), fault.Invalid, "floor.table_spot")
		wantCode(r.T, arrange(r.owner, floor.Spot{TableID: first, X: 5, Y: 5}, floor.Spot{TableID: db.NewID(), X: 5, Y: 5}), fault.NotFound, "")
		wantCode(r.T, arrange(r.noemie, floor.Spot{TableID: first, X: 5, Y: 5}), fault.Forbidden, "")
		all, err := floor.Tables(r.Context(), r.DB, r.place.ID)
		if err != nil {
			r.Fatal(err)
		}
		if all[0].X != 24 || all[0].Y != 0 || all[1].X != 0 || all[1].Y != 24 {
			r.Errorf("%+v", all[:2])
		}
	})
}

func TestOnlyManagersChangeTablesAndTheFloorRotatesCodes(t *testing.T) {
	each(t, func(r *room) {
		err := r.try(func(tx db.Tx) error {
			_, err := floor.AddTables(r.Context(), tx, r.noemie, r.place.ID, 1, "")
			return err
		})
		wantCode(r.T, err, fault.Forbidden, "")
		r.write(func(tx db.Tx) error {
			return floor.Rotate(r.Context(), tx, r.noemie, r.place.ID, time.Time{}, r.tables[0].ID, r.tables[1].ID)
		})
	})
}

func TestAChangeOfAddressKnowsHowManyCardsAreOut(t *testing.T) {
	each(t, func(r *room) {
		const old = "http://192.0.2.10:8080"
		r.write(func(tx db.Tx) error {
			return floor.Printed(r.Context(), tx, r.owner, r.place.ID, old, r.tables[0].ID, r.tables[1].ID)
		})
		r.write(func(tx db.Tx) error {
			return floor.Rotate(r.Context(), tx, r.noemie, r.place.ID, time.Time{}, r.tables[1].ID)
		})
		n, err := floor.CardsOut(r.Context(), r.DB, old)
		if err != nil || n != 1 {
			r.Errorf("%d cards out, %v", n, err)
		}
		all, _ := floor.Tables(r.Context(), r.DB, r.place.ID)
		if all[0].Stale(old) || !all[0].Stale("https://zinc.example") || !all[1].Stale(old) || all[2].Stale(old) {
			r.Error("which cards lead nowhere is wrong")
		}
	})
}
