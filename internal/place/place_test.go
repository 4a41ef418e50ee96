package place_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

func create(t *testing.T, d *db.DB, name string) place.Place {
	t.Helper()
	var p place.Place
	err := d.Write(t.Context(), func(tx db.Tx) (err error) {
		p, err = place.Create(t.Context(), tx, place.System(), place.New{Name: name, Language: "fr", TimeZone: "America/Montreal"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPlacesGetNumbersAndAddressesOfTheirOwn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		a, b, c := create(t, d, "Le Zinc"), create(t, d, "  Le  zinc\n"), create(t, d, "Ⓒ☕")
		got := []any{a.N, a.Slug, b.N, b.Slug, b.Name, a.Language}
		if diff := cmp.Diff([]any{int64(1), "le-zinc", int64(2), "le-zinc-2", "Le zinc", "fr-CA"}, got); diff != "" {
			t.Error(diff)
		}
		if c.Slug == "" {
			t.Error("a name without letters has no address")
		}
		again, err := place.BySlug(t.Context(), d, "le-zinc-2")
		if err != nil || again.ID != b.ID {
			t.Errorf("by slug: %v %v", again.ID, err)
		}
		if _, err := place.House(t.Context(), d, a.ID); err != nil {
			t.Errorf("no house account: %v", err)
		}
	})
}

func TestAPlaceRefusesWhatCannotBe(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		err := d.Write(t.Context(), func(tx db.Tx) error {
			_, err := place.Create(t.Context(), tx, place.System(), place.New{Name: "\x00 ", Language: "tlh", TimeZone: "Mars/Phobos"})
			return err
		})
		var fields []string
		for _, f := range fault.As(err).Fields {
			fields = append(fields, f.Name)
		}
		if diff := cmp.Diff([]string{"place", "language", "timezone"}, fields); diff != "" || !fault.Is(err, fault.Invalid) {
			t.Errorf("%v %s", err, diff)
		}
	})
}

func TestWhatOnePlaceDecidesIsNotTheNextOnesDefault(t *testing.T) {
	d := dbtest.SQLite(t)
	a := create(t, d, "Le Zinc")
	want := place.DefaultSettings().GuestKinds[0]
	err := d.Write(t.Context(), func(tx db.Tx) error {
		_, err := place.Change(t.Context(), tx, place.System(), a.ID, func(p *place.Place) error {
			p.Settings.GuestKinds = []string{"water"}
			return nil
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := place.Get(t.Context(), d, a.ID); err != nil {
		t.Fatal(err)
	}
	if got := create(t, d, "La Salle").Settings.GuestKinds[0]; got != want {
		t.Errorf("a new place offers %q first, want %q", got, want)
	}
}

func TestTheJournalHasNoHolesWhoeverWrites(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p := create(t, d, "Le Zinc")
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				d.Write(t.Context(), func(tx db.Tx) error {
					err := place.Record(t.Context(), tx, p.ID, place.System(), place.Entry{Kind: "a", SubjectID: p.ID}, place.Entry{Kind: "b", SubjectID: p.ID})
					if i%4 == 0 {
						return errors.New("undone")
					}
					return err
				})
			})
		}
		wg.Wait()
		all, err := place.Since(t.Context(), d, p.ID, 1, 1000)
		if err != nil || len(all) != 60 {
			t.Fatalf("%d entries, %v", len(all), err)
		}
		for i, e := range all {
			if e.Seq != int64(i+2) || e.Kind != [2]string{"a", "b"}[i%2] {
				t.Fatalf("entry %d is %d %s", i, e.Seq, e.Kind)
			}
		}
	})
}

func TestRolesMayDoWhatTheyMayAndAnotherPlaceDoesNotExist(t *testing.T) {
	for _, c := range []struct {
		actor place.Actor
		needs place.Role
		in    string
		want  fault.Code
	}{
		{place.Actor{Kind: place.MemberActor, PlaceID: "a", Role: place.Floor}, place.Floor, "a", ""},
		{place.Actor{Kind: place.MemberActor, PlaceID: "a", Role: place.Floor}, place.Manager, "a", fault.Forbidden},
		{place.Actor{Kind: place.MemberActor, PlaceID: "a", Role: place.Owner}, place.Manager, "a", ""},
		{place.Actor{Kind: place.MemberActor, PlaceID: "a", Role: place.Owner}, place.Floor, "b", fault.NotFound},
		{place.Actor{Kind: place.MemberActor, PlaceID: "a", Role: "boss"}, place.Floor, "a", fault.Forbidden},
		{place.Actor{Kind: place.MemberActor}, place.Floor, "", fault.NotFound},
		{place.Actor{Kind: place.TokenActor, PlaceID: "a", Scopes: []place.Scope{place.ScopeRead}}, place.Manager, "a", ""},
		{place.Actor{Kind: place.TokenActor, PlaceID: "a", Scopes: []place.Scope{place.ScopeRead}}, place.Owner, "a", fault.Forbidden},
		{place.Actor{Kind: place.TokenActor, PlaceID: "a"}, place.Manager, "a", fault.Forbidden},
		{place.Actor{Kind: place.GuestActor, PlaceID: "a"}, place.Floor, "a", fault.Forbidden},
		{place.System(), place.Owner, "a", ""},
	} {
		if got := fault.CodeOf(c.actor.Needs(c.needs, c.in)); got != c.want {
			t.Errorf("%+v needs %s in %q: %q, want %q", c.actor, c.needs, c.in, got, c.want)
		}
	}
}

func TestACredentialOpensOnlyWhereItWasSealed(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		dir := t.TempDir()
		keys, err := place.LoadKeys(dir)
		if err != nil {
			t.Fatal(err)
		}
		p := create(t, d, "Le Zinc")
		var a place.Account
		add := func(pw string) {
			t.Helper()
			err := d.Write(t.Context(), func(tx db.Tx) (err error) {
				a, err = place.AddAccount(t.Context(), tx, keys, place.System(), p.ID, place.NewAccount{
					Kind: "email", Name: "Courriel", Handle: "bar@example.test", Endpoint: "{}",
					Credential: network.NewCredential(map[string]string{"password": pw}),
				})
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		add("hunter2")
		again, _ := place.LoadKeys(dir)
		stored, _ := place.GetAccount(t.Context(), d, p.ID, a.ID)
		if c, err := stored.Credential(again); err != nil || c.Field("password") != "hunter2" {
			t.Errorf("does not open: %v", err)
		}
		var raw []byte
		d.QueryRow(t.Context(), "SELECT credential FROM account WHERE id = $1", a.ID).Scan(&raw)
		if strings.Contains(string(raw), "hunter2") {
			t.Error("plain in the database")
		}
		if _, err := keys.Open(raw, p.ID, "another", "account.credential"); err == nil {
			t.Error("opens for another account")
		}
		other, _ := place.LoadKeys(t.TempDir())
		if _, err := stored.Credential(other); fault.As(err).Key != "key.other" {
			t.Errorf("another key: %v", err)
		}
		first := a.ID
		add("hunter3")
		if a.ID != first {
			t.Error("connecting again made a second account")
		}
	})
}

func TestAKeyThatOthersCanReadIsRefused(t *testing.T) {
	dir := t.TempDir()
	if _, err := place.LoadKeys(dir); err != nil {
		t.Fatal(err)
	}
	os.Chmod(filepath.Join(dir, "comptoir.key"), 0o644)
	if _, err := place.LoadKeys(dir); fault.As(err).Key != "key.readable" {
		t.Errorf("got %v", err)
	}
}

func TestAnAccountIsCollectedByOneProcessAndTakenOverAfterItsDeath(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		ctx := context.Background()
		keys, _ := place.LoadKeys(t.TempDir())
		p := create(t, d, "Le Zinc")
		claim := func(holder string, lease time.Duration) (n int) {
			err := d.Write(ctx, func(tx db.Tx) error {
				all, err := place.Claim(ctx, tx, holder, lease)
				n = len(all)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		d.Write(ctx, func(tx db.Tx) error {
			_, err := place.AddAccount(ctx, tx, keys, place.System(), p.ID, place.NewAccount{Kind: "email", Handle: "a@b"})
			return err
		})
		got := []int{claim("one", time.Minute), claim("two", time.Minute), claim("one", -time.Second), claim("two", time.Minute), claim("one", time.Minute)}
		if diff := cmp.Diff([]int{1, 0, 1, 1, 0}, got); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOpeningHoursPassMidnightAndClockChanges(t *testing.T) {
	loc, err := time.LoadLocation("America/Montreal")
	if err != nil {
		t.Fatal(err)
	}
	var h place.Hours
	for d := range h.Days {
		h.Days[d] = []place.Span{{From: 17 * 60, To: 27 * 60}} // 17 h to 3 h
	}
	h.Days[time.Monday] = nil
	at := func(s string) time.Time {
		v, err := time.ParseInLocation("2006-01-02 15:04", s, loc)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	for _, c := range []struct {
		when, until, next string
		open              bool
	}{
		{"2026-11-21 21:00", "2026-11-22 03:00", "", true},  // Saturday evening
		{"2026-11-23 02:59", "2026-11-23 03:00", "", true},  // Sunday's night, on Monday
		{"2026-11-23 03:00", "", "2026-11-24 17:00", false}, // Monday is closed
		{"2026-11-24 16:59", "", "2026-11-24 17:00", false},
		{"2026-11-01 01:30", "2026-11-01 03:00", "", true}, // clocks go back at 2 h
		{"2026-03-08 01:30", "2026-03-08 03:00", "", true}, // and forward
	} {
		open, until, next := h.Open(at(c.when))
		wantUntil, wantNext := time.Time{}, time.Time{}
		if c.until != "" {
			wantUntil = at(c.until)
		}
		if c.next != "" {
			wantNext = at(c.next)
		}
		if open != c.open || !until.Equal(wantUntil) || !next.Equal(wantNext) {
			t.Errorf("%s: %v until %v next %v", c.when, open, until, next)
		}
	}
	if open, until, next := (place.Hours{}).Open(at("2026-11-23 04:00")); !open || !until.IsZero() || !next.IsZero() {
		t.Error("a place without hours is not always open")
	}
}

// On the nights when clocks change, an evening still begins once and ends once, at the times on the door.
func TestAnEveningBeginsAndEndsOnceOnTheNightsWhenClocksChange(t *testing.T) {
	for _, c := range []struct {
		zone, evening string
		to            int // minutes after midnight of that evening
		closes        string
		lasts         time.Duration
	}{
		{"America/Montreal", "2026-03-07", 27 * 60, "03:00", 9 * time.Hour},
		{"America/Montreal", "2026-10-31", 27 * 60, "03:00", 11 * time.Hour},
		{"Europe/Paris", "2026-03-28", 28 * 60, "04:00", 10 * time.Hour},
		{"Europe/Paris", "2026-10-24", 28 * 60, "04:00", 12 * time.Hour},
		{"America/Montreal", "2026-10-31", 25*60 + 30, "01:30", 8*time.Hour + 30*time.Minute}, // half past one comes twice
		{"Europe/Paris", "2026-10-24", 26*60 + 30, "02:30", 10*time.Hour + 30*time.Minute},
	} {
		loc, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		var h place.Hours
		for d := range h.Days {
			h.Days[d] = []place.Span{{From: 17 * 60, To: c.to}}
		}
		day, _ := time.ParseInLocation("2006-01-02", c.evening, loc)
		var begins, ends []time.Time
		was := false
		for at := day.Add(12 * time.Hour); at.Before(day.Add(36 * time.Hour)); at = at.Add(time.Minute) {
			open, until, _ := h.Open(at.In(loc))
			if open && !was {
				begins = append(begins, at)
			}
			if !open && was {
				ends = append(ends, at)
			}
			if was = open; open && until.Sub(begins[0]) != c.lasts {
				t.Fatalf("%s, %s: at %v it is open until %v", c.zone, c.evening, at, until)
			}
		}
		if len(begins) != 1 || len(ends) != 1 || ends[0].Sub(begins[0]) != c.lasts || ends[0].In(loc).Format("15:04") != c.closes {
			t.Errorf("%s, %s: it opens at %v and closes at %v", c.zone, c.evening, begins, ends)
		}
	}
}
