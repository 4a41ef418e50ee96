package live

import (
	"context"
	"sync"
	"time"

	"comptoir/internal/place"
)

// recent is how many entries a feed keeps for topics that render slowly.
const recent = 256

// feed is the journal of one place while somebody looks at it: read once, for every topic.
type feed struct {
	hub     *Hub
	placeID string
	stop    context.CancelFunc
	woken   chan struct{}     // holds one wake-up
	topics  map[string]*topic // by name; owned by the hub's lock

	mu      sync.Mutex
	entries []place.Entry // the recent ones, in order
	last    int64         // the journal is read up to here
}

// run reads what is new whenever it is woken.
func (f *feed) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.hub.done:
			return
		case <-f.woken:
		}
		for more := true; more; {
			n, err := f.read(ctx)
			if err != nil && !f.hub.pause(ctx, "live: read the journal", f.placeID, "", err) {
				return
			}
			more = err != nil || n == batch
		}
	}
}

// read takes the next entries in and offers them to every topic.
func (f *feed) read(ctx context.Context) (int, error) {
	entries, err := place.Since(ctx, f.hub.db, f.placeID, f.position(), batch)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	f.mu.Lock()
	all := append(f.entries[:len(f.entries):len(f.entries)], entries...) // topics hold the old slice
	f.entries, f.last = all[max(0, len(all)-recent):], entries[len(entries)-1].Seq
	f.mu.Unlock()

	f.hub.mu.Lock()
	topics := make([]*topic, 0, len(f.topics))
	for _, t := range f.topics {
		topics = append(topics, t)
	}
	f.hub.mu.Unlock()
	for _, t := range topics {
		t.offer(entries)
	}
	return len(entries), nil
}

func (f *feed) position() int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.last
}

// after returns the next entries after seq, at most a batch: from memory, or from the journal itself for a
// topic whose rendering fell far behind.
func (f *feed) after(ctx context.Context, seq int64) ([]place.Entry, error) {
	f.mu.Lock()
	all := f.entries
	f.mu.Unlock()
	if len(all) == 0 || seq+1 < all[0].Seq { // numbers have no holes
		return place.Since(ctx, f.hub.db, f.placeID, seq, batch)
	}
	all = all[min(int64(len(all)), seq+1-all[0].Seq):]
	return all[:min(batch, len(all))], nil
}

// pause waits a moment after something failed for what may be a passing reason. It tells whether to go on.
func (h *Hub) pause(ctx context.Context, what, placeID, topic string, err error) bool {
	if ctx.Err() == nil {
		h.log.Error(what, "place", placeID, "topic", topic, "err", err)
	}
	select {
	case <-ctx.Done():
		return false
	case <-h.done:
		return false
	case <-time.After(time.Second):
		return true
	}
}
