package place_test

import (
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/place"
)

func TestAClockThatLeaptIsBelievedWhenItHasGoneOnForADay(t *testing.T) {
	const hour, day, year = time.Hour, 24 * time.Hour, 365 * 24 * time.Hour
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		now := time.Date(2026, 3, 7, 20, 0, 0, 0, time.UTC)
		for _, step := range []struct {
			after time.Duration
			want  bool
			what  string
		}{
			{0, true, "the first time"},
			{hour, true, "an hour later"},
			{-2 * time.Minute, true, "another process whose clock is a little behind"},
			{day, true, "a day later: the machine was off"},
			{10 * year, false, "ten years ahead"},
			{hour, false, "an hour after that"},
			{-10 * year, false, "put right"},
			{23 * hour, false, "not yet a day later"},
			{2 * hour, true, "a day later"},
			{-hour, false, "an hour back"},
			{25 * hour, true, "a day after that"},
			{3 * day, false, "after three days of holidays"},
			{day, true, "the day after"},
		} {
			now = now.Add(step.after)
			var got bool
			write(t, d, func(tx db.Tx) (err error) {
				got, err = place.BelieveClock(t.Context(), tx, now, 2*day, day)
				return err
			})
			if got != step.want {
				t.Errorf("%s: believed %v", step.what, got)
			}
		}
	})
}

// After a sign-in was refused by a clock that was a day ahead, nobody is locked out for that day.
func TestAClockThatWasAheadLocksNobodyOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := keys(t)
		setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		a := place.Attempt{Email: "marco@lezinc.bar", Password: "pas celui-ci du tout", Addr: home}
		for range 40 {
			if _, err := place.SignIn(t.Context(), d, k, a); err == nil {
				t.Fatal("signed in")
			}
			write(t, d, func(tx db.Tx) error {
				_, err := tx.Exec(t.Context(), "UPDATE signin_failure SET at = at + $1 WHERE at < $2", (24 * time.Hour).Microseconds(), db.Micros(time.Now().Add(time.Hour)))
				return err
			})
		}
		a.Password = good
		if _, err := place.SignIn(t.Context(), d, k, a); err != nil {
			t.Errorf("the owner is locked out: %v", err)
		}
	})
}
