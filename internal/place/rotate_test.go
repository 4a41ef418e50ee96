package place_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// sealedHouse is a place with accounts whose passwords are their names.
type sealedHouse struct {
	*db.DB
	dir   string
	place place.Place
}

func (h sealedHouse) keys(t *testing.T) place.Keys {
	t.Helper()
	k, err := place.LoadKeys(h.dir)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func (h sealedHouse) connect(t *testing.T, k place.Keys, name string) {
	t.Helper()
	err := h.Write(t.Context(), func(tx db.Tx) error {
		_, err := place.AddAccount(t.Context(), tx, k, place.System(), h.place.ID, place.NewAccount{
			Kind: "email", Name: "Courriel", Handle: name, Endpoint: "{}", Credential: network.NewCredential(map[string]string{"password": name}),
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// open fails the test when an account does not open, and returns under how many keys they are sealed.
func (h sealedHouse) open(t *testing.T, k place.Keys) (keys int) {
	t.Helper()
	all, err := place.Accounts(t.Context(), h, h.place.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if c, err := a.Credential(k); a.Kind == "email" && (err != nil || c.Field("password") != a.Handle) {
			t.Errorf("%s does not open: %v", a.Handle, err)
		}
	}
	if err := h.QueryRow(t.Context(), "SELECT count(DISTINCT substr(CAST(credential AS TEXT), 1, "+map[db.Engine]string{db.SQLite: "8", db.Postgres: "18"}[h.Engine()]+")) FROM account WHERE credential IS NOT NULL").Scan(&keys); err != nil {
		t.Fatal(err)
	}
	return keys
}

func newSealedHouse(t *testing.T, d *db.DB, accounts int) sealedHouse {
	h := sealedHouse{DB: d, dir: t.TempDir(), place: create(t, d, "Le Zinc")}
	for i := range accounts {
		h.connect(t, h.keys(t), strconv.Itoa(i)+"@lezinc.example")
	}
	return h
}

func quiet(int, int) {}

func TestARotatedKeySealsEverythingAnewAndSignsAsBefore(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newSealedHouse(t, d, 3)
		running := h.keys(t) // of a server that does not stop
		before := running.Reveal()
		for round := range 4 {
			n, err := place.RotateKeys(t.Context(), d, h.keys(t), quiet)
			if err != nil || n != 3 {
				t.Fatalf("round %d sealed %d: %v", round, n, err)
			}
			if keys := h.open(t, running); keys != 1 {
				t.Errorf("round %d left values under %d keys", round, keys)
			}
			h.open(t, h.keys(t))
		}
		after := h.keys(t)
		if string(running.Derive("table code")) != string(after.Derive("table code")) || running.ID() != after.ID() {
			t.Error("printed codes are worth nothing any more")
		}
		if lines := strings.Count(after.Reveal(), "\n"); lines != 3 || !strings.HasPrefix(after.Reveal(), before) {
			t.Errorf("the file holds %d keys, want the master, the newest and the one before", lines)
		}
		if st, err := os.Stat(filepath.Join(h.dir, place.KeyFile)); err != nil || st.Mode().Perm() != 0o600 {
			t.Errorf("the file is %v: %v", st.Mode(), err)
		}
		old, err := place.ParseKeys(before)
		if err != nil {
			t.Fatal(err)
		}
		all, _ := place.Accounts(t.Context(), d, h.place.ID)
		if _, err := all[1].Credential(old); fault.As(err).Key != "key.other" {
			t.Errorf("the old key still opens: %v", err)
		}
		// What the running server seals from now on is sealed under the new key.
		h.connect(t, running, "new@lezinc.example")
		if keys := h.open(t, after); keys != 1 {
			t.Errorf("a server went on with the old key")
		}
	})
}

func TestARotationThatIsKilledAnywhereLosesNothingAndGoesOn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newSealedHouse(t, d, 4)
		for at := 1; at < 4; at++ {
			ctx, kill := context.WithCancel(t.Context())
			_, err := place.RotateKeys(ctx, d, h.keys(t), func(done, _ int) {
				if done == at {
					kill()
				}
			})
			if !errors.Is(err, context.Canceled) {
				t.Fatalf("killed after %d: %v", at, err)
			}
			if keys := h.open(t, h.keys(t)); keys != 2 {
				t.Errorf("killed after %d, %d keys seal, want both", at, keys)
			}
			n, err := place.RotateKeys(t.Context(), d, h.keys(t), quiet)
			if err != nil || n != 4-at {
				t.Errorf("went on with %d after %d: %v", n, at, err)
			}
			if keys := h.open(t, h.keys(t)); keys != 1 {
				t.Errorf("%d keys seal at the end", keys)
			}
		}
	})
}

func TestAPreparedKeyOpensOnAMachineThatHasItsFile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newSealedHouse(t, d, 2)
		for range 2 {
			if err := place.PrepareKey(h.keys(t)); err != nil {
				t.Fatal(err)
			}
		}
		file, _ := os.ReadFile(filepath.Join(h.dir, place.KeyFile))
		elsewhere, err := place.ParseKeys(string(file)) // another machine's copy, which knows of nothing else
		if err != nil {
			t.Fatal(err)
		}
		h.connect(t, h.keys(t), "meanwhile@lezinc.example")
		if keys := h.open(t, elsewhere); keys != 1 {
			t.Error("a prepared key seals already")
		}
		if n, err := place.RotateKeys(t.Context(), d, h.keys(t), quiet); err != nil || n != 3 {
			t.Fatalf("sealed %d: %v", n, err)
		}
		h.open(t, elsewhere)
		if strings.Contains(h.keys(t).Reveal(), "next") {
			t.Error("the prepared key still waits")
		}
	})
}

func TestAValueThatDoesNotOpenDoesNotStopTheOthers(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := newSealedHouse(t, d, 3)
		if err := d.Write(t.Context(), func(tx db.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE account SET handle = 'moved', id = $1 WHERE handle = '0@lezinc.example'", db.NewID())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		n, err := place.RotateKeys(t.Context(), d, h.keys(t), quiet)
		if n != 2 || !strings.Contains(err.Error(), "key.damaged_value") {
			t.Errorf("sealed %d: %v", n, err)
		}
		if k := h.keys(t); strings.Count(k.Reveal(), "\n") != 2 {
			t.Error("a key that still seals something was forgotten")
		}
	})
}
