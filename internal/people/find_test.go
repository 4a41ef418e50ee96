package people_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/network"
	"comptoir/internal/people"
	"comptoir/internal/place"
)

func TestPersonsAreFoundByTheBeginningsOfTheirNames(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var here, elsewhere place.Place
		write := func(fn func(ctx context.Context, tx db.Tx) error) {
			t.Helper()
			if err := d.Write(t.Context(), func(tx db.Tx) error { return fn(t.Context(), tx) }); err != nil {
				t.Fatal(err)
			}
		}
		speak := func(p place.Place, name string, at time.Time) {
			write(func(ctx context.Context, tx db.Tx) error {
				if _, err := place.Lock(ctx, tx, p.ID); err != nil {
					return err
				}
				_, err := people.Identify(ctx, tx, p.ID, "email", []network.Author{{ID: network.RemoteID(name), Name: name}}, at)
				return err
			})
		}
		write(func(ctx context.Context, tx db.Tx) (err error) {
			if here, err = place.Create(ctx, tx, place.System(), place.New{Name: "Le Zinc", Language: "fr", TimeZone: "America/Montreal"}); err != nil {
				return err
			}
			elsewhere, err = place.Create(ctx, tx, place.System(), place.New{Name: "La Loupe", Language: "fr", TimeZone: "America/Montreal"})
			return err
		})
		now := time.Now()
		for i, name := range []string{"Maude Gervais", "Émile Marchand", "Karim Belkacem"} {
			speak(here, name, now.Add(time.Duration(i)*time.Minute))
		}
		speak(elsewhere, "Marie Roy", now)
		for query, want := range map[string]string{
			"ma": "Émile Marchand, Maude Gervais", "EMILE": "Émile Marchand", "gerv mau": "Maude Gervais", "aude": "", "": "", "…": "", "marie": "", "ka": "Karim Belkacem",
		} {
			found, err := people.Find(t.Context(), d, here.ID, query, 5)
			if err != nil {
				t.Fatal(err)
			}
			var names []string
			for _, p := range found {
				names = append(names, p.Name)
			}
			if got := strings.Join(names, ", "); got != want {
				t.Errorf("%q: %q, want %q", query, got, want)
			}
		}
		if found, err := people.Find(t.Context(), d, here.ID, "ma", 1); err != nil || len(found) != 1 {
			t.Errorf("at most one: %v, %v", found, err)
		}
	})
}
