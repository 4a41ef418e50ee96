package crash

import (
	"cmp"
	"fmt"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault/point"
	"comptoir/internal/place"
)

func TestKilledAtAnyMomentNothingAcknowledgedIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, database string) {
		kills := cmp.Or(*runs, 6)
		h := settle(t, database, enough(time.Duration(kills)*time.Second))
		s := h.start(t)
		c := gather(t, h, h.signIn(t))
		d := dice("moments")
		var alive time.Duration
		for range kills {
			begun := time.Now()
			time.Sleep(time.Duration(d.IntN(800)) * time.Millisecond) // now and then it has not even begun
			s.kill()
			alive += time.Since(begun)
			s = launch(t, h, h.addr, nil)
		}
		if !s.ready(t) {
			t.Fatalf("it does not start again:\n%s", s.Log())
		}
		time.Sleep(time.Second)
		c.stop()
		t.Logf("seed %d: %d kills, %v alive: %s", *seed, kills, alive.Round(time.Second), c.judge(t))
		s.end(t)
	})
}

func TestKilledAtEachNamedPointNothingAcknowledgedIsLostOrDoubled(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, database string) {
		times := cmp.Or(*each, 1)
		h := settle(t, database, enough(time.Duration(times*len(point.All))*4*time.Second))
		s := h.start(t)
		c := gather(t, h, h.signIn(t))
		s.kill()
		d := dice("points")
		fired := 0
		for range times {
			for _, i := range d.Perm(len(point.All)) {
				h.lapse(t)
				s = launch(t, h, h.addr, []string{fmt.Sprintf("COMPTOIR_FAULT=%s:%d", point.All[i], 1+d.IntN(3))})
				if !s.ended(30*time.Second) || !s.fired(string(point.All[i])) {
					t.Errorf("the fault %s did not fire:\n%s", point.All[i], s.Log())
					s.kill()
					continue
				}
				fired++
			}
		}
		h.lapse(t)
		s = h.start(t)
		time.Sleep(time.Second)
		c.stop()
		t.Logf("seed %d: %d of %d faults fired: %s", *seed, fired, times*len(point.All), c.judge(t))
		s.end(t)
	})
}

// lapse lets the lease of a life that was killed run out at once: how long that really takes is another test's
// subject, and twenty seconds between two kills would leave few of them. On SQLite the program does it by itself.
func (h *house) lapse(t *testing.T) {
	t.Helper()
	if h.database == "" {
		return
	}
	if h.store == nil {
		h.store = h.open(t)
		t.Cleanup(h.store.Close)
	}
	if err := h.store.DB.Write(t.Context(), func(tx db.Tx) error { return place.ReleaseAll(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}
