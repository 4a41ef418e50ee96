package inbox

import (
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/place"
)

func TestWhatGuestsWroteIsForgottenAndTheRestIsKept(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		house, err := place.House(t.Context(), b.DB, b.place.ID)
		if err != nil {
			t.Fatal(err)
		}
		b.write(func(tx db.Tx) error {
			_, err := b.Accept(t.Context(), tx, house, from("g", "Table 7", "mon numéro est le 555-0100"))
			return err
		})
		b.get(from("m", "Maude", "mon numéro est le 555-0199"))
		forget := func(now time.Time) {
			b.write(func(tx db.Tx) error { return b.ForgetGuests(t.Context(), tx, now) })
		}
		forget(time.Now())
		if n := len(b.list(Query{Tab: TabAll, Search: "numero"})); n != 2 {
			t.Fatalf("the first evening %d are found", n)
		}
		forget(time.Now().AddDate(0, 0, b.place.Settings.KeepGuestDays+1))
		found := b.list(Query{Tab: TabAll, Search: "numero"})
		if len(found) != 1 || found[0].Name != "Maude" {
			t.Errorf("afterwards %+v is found", found)
		}
		for _, row := range b.list(Query{Tab: TabAll}) {
			message := b.thread(row.ID).Messages[0]
			if guest := row.Kind == place.HouseKind; guest != (message.Text == "") || guest != (row.Excerpt == "") {
				t.Errorf("%s: %q %q", row.Name, message.Text, row.Excerpt)
			}
		}
	})
}
