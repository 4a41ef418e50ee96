package floor_test

import (
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

func TestACardLeadsToItsTable(t *testing.T) {
	each(t, func(r *room) {
		for _, want := range r.tables {
			p, got, err := r.Find(r.Context(), r.DB, r.Code(r.place, want))
			if err != nil || p.ID != r.place.ID || got.ID != want.ID {
				r.Errorf("table %s: found %s of %s, %v", want.Name, got.Name, p.Name, err)
			}
		}
	})
}

func TestRotatedRemovedForgedAndMalformedCodesAreOneAnswer(t *testing.T) {
	each(t, func(r *room) {
		rotated, removed := r.Code(r.place, r.tables[0]), r.Code(r.place, r.tables[1])
		r.write(func(tx db.Tx) error {
			return floor.Rotate(r.Context(), tx, r.noemie, r.place.ID, time.Time{}, r.tables[0].ID)
		})
		r.write(func(tx db.Tx) error { return floor.RemoveTable(r.Context(), tx, r.owner, r.place.ID, r.tables[1].ID) })
		otherKeys, err := place.LoadKeys(r.TempDir())
		if err != nil {
			r.Fatal(err)
		}
		forged := floor.New(r.DB, otherKeys).Code(r.place, r.tables[2])
		noPlace := r.Code(place.Place{N: 99}, r.tables[2])
		_, _, want := r.Find(r.Context(), r.DB, "")
		for name, code := range map[string]string{
			"rotated": rotated, "removed": removed, "forged": forged, "of no place": noPlace, "of no table": r.Code(r.place, floor.Table{N: 99, Version: 1}),
			"cut": rotated[:len(rotated)-1], "with a line end": r.Code(r.place, r.tables[2]) + "\n", "long": strings.Repeat("A", 10_000), "not base64": "table 7!", "numbers only": "AQEB",
		} {
			p, table, err := r.Find(r.Context(), r.DB, code)
			if err == nil || err.Error() != want.Error() || !fault.Is(err, fault.NotFound) || p.ID != "" && err == nil || table.ID != "" {
				r.Errorf("%s: %v, want %v", name, err, want)
			}
		}
		fresh, err := floor.GetTable(r.Context(), r.DB, r.place.ID, r.tables[0].ID)
		if err != nil {
			r.Fatal(err)
		}
		if _, _, err := r.Find(r.Context(), r.DB, r.Code(r.place, fresh)); err != nil {
			r.Errorf("the new code: %v", err)
		}
	})
}

func TestAnOldCodeLeadsToItsTableUntilTheNewCardsAreOut(t *testing.T) {
	each(t, func(r *room) {
		code := func() string {
			t, err := floor.GetTable(r.Context(), r.DB, r.place.ID, r.tables[0].ID)
			if err != nil {
				r.Fatal(err)
			}
			return r.Code(r.place, t)
		}
		rotate := func(until time.Time) {
			r.write(func(tx db.Tx) error {
				return floor.Rotate(r.Context(), tx, r.noemie, r.place.ID, until, r.tables[0].ID)
			})
		}
		leads := func(code string) bool {
			_, table, err := r.Find(r.Context(), r.DB, code)
			return err == nil && table.ID == r.tables[0].ID
		}
		first := code()
		rotate(time.Now().Add(time.Hour))
		second := code()
		if !leads(first) || !leads(second) {
			r.Error("before the new cards are out, one of the two codes leads nowhere")
		}
		_, r.tables[0], _ = r.Find(r.Context(), r.DB, first)
		r.mustAsk(floor.Guest{}, 0, floor.Water, "") // from the old card
		r.later(2 * time.Hour)
		if leads(first) || !leads(second) {
			r.Error("afterwards the old code still leads here, or the new one does not")
		}
		rotate(time.Now().Add(time.Hour))
		third := code()
		rotate(time.Time{})
		if leads(first) || leads(second) || leads(third) || !leads(code()) {
			r.Error("renewed at once, a code from before still leads here")
		}
	})
}

func FuzzNoChangedByteOfACodeMayPass(f *testing.F) {
	keys, err := place.LoadKeys(f.TempDir())
	if err != nil {
		f.Fatal(err)
	}
	room := floor.New(nil, keys)
	honest := map[string]bool{}
	for n := range int64(40) {
		code := room.Code(place.Place{N: 1 + n%3}, floor.Table{N: n * n * 7, Version: 1 + n%4})
		honest[code] = true
		f.Add(code)
		f.Add(code + "\r\n")
		f.Add(strings.ToLower(code))
		for i := range len(code) {
			f.Add(code[:i] + "A" + code[i+1:])
			f.Add(code[:i] + code[i+1:])
		}
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, err := room.Codes().Parse(s)
		if err == nil && !honest[s] {
			t.Errorf("%q passes as %+v", s, code)
		}
		if err != nil && honest[s] {
			t.Errorf("%q was signed here: %v", s, err)
		}
		if err != nil && code != (floor.Code{}) {
			t.Errorf("a refused code still says %+v", code)
		}
	})
}
