package live

import (
	"context"
	"slices"
	"sync"
	"time"
)

// topic is a Topic that somebody looks at.
type topic struct {
	Topic
	key   string
	refs  int // owned by the hub's lock
	stop  context.CancelFunc
	woken chan struct{} // holds one wake-up

	mu     sync.Mutex
	frames []Frame       // the last ones, in order
	base   int64         // every frame above base is in frames
	last   int64         // the journal is rendered up to here
	grown  chan struct{} // closed and replaced when last moves
}

func (t *topic) position() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// after returns the frames above pos, how far the topic has come, from where it is complete, and what
// to wait on for more.
func (t *topic) after(pos int64) (frames []Frame, last, base int64, grown <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i, _ := slices.BinarySearchFunc(t.frames, pos+1, func(f Frame, seq int64) int { return int(f.Seq - seq) })
	return t.frames[i:len(t.frames):len(t.frames)], t.last, t.base, t.grown
}

func (t *topic) grow(frames []Frame, last int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := append(t.frames[:len(t.frames):len(t.frames)], frames...) // readers hold the old slice
	if cut := len(all) - kept; cut > 0 {
		t.base = all[cut-1].Seq
		all = slices.Clone(all[cut:])
	}
	t.frames, t.last = all, last
	close(t.grown)
	t.grown = make(chan struct{})
}

// again wakes the topic after a pause, when rendering failed for a passing reason.
func (t *topic) again(wait time.Duration) {
	time.AfterFunc(wait, func() {
		select {
		case t.woken <- struct{}{}:
		default:
		}
	})
}
