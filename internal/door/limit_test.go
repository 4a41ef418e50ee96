package door

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"
)

// Ten million addresses cost the limiter no more memory than none, and whoever asks too much among them is still
// refused.
func TestTheLimiterRemembersAnyNumberOfVisitorsInTheSameRoom(t *testing.T) {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	l := newLimiter()
	lim := Limit{Group: "open", Max: 300, Per: 5 * time.Minute}
	n := uint64(10_000_000)
	if testing.Short() {
		n = 1_000_000
	}
	now := time.Now()
	visitor := make([]byte, 16)
	refused := 0
	for i := range n {
		binary.BigEndian.PutUint64(visitor, i)
		if l.take(lim, string(visitor), now) != nil {
			refused++
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); grown > 16<<20 {
		t.Errorf("%d MiB", grown>>20)
	}
	// Who shares the greedy one's place is refused with it: one in a hundred thousand.
	if share := float64(refused) / float64(n); share > .0001 {
		t.Errorf("%d of %d who asked once were refused", refused, n)
	}
	greedy := 0
	for range 400 {
		if l.take(lim, "greedy", now) != nil {
			greedy++
		}
	}
	if greedy != 100 {
		t.Errorf("%d of the last hundred of 400 were refused", greedy)
	}
}
