// Package live wakes open pages when the journal of their place grows.
//
// A Topic is what several open pages look at together: one place, one screen, one language. Its entries
// are rendered once and the bytes shared. A stream resumes from the number of the last journal entry it
// saw, so a lost connection costs nothing: what was missed is rendered again from the journal.
package live

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/place"
)

// Frame is one event of a stream: the number to resume from and the bytes to send, whole.
type Frame struct {
	Seq  int64
	Data []byte
}

// Topic is one shared view of a place's journal. Two topics with the same Name of the same place must
// render the same bytes.
type Topic struct {
	PlaceID string
	Name    string // screen and language: "inbox fr-CA"
	// Render turns entries, in order, into frames; an entry that the screen does not show gives none.
	// It asks the domain for the present state, so several entries about one thing need one frame.
	Render func(ctx context.Context, entries []place.Entry) ([]Frame, error)
}

// ErrTooFar is returned by Stream when so much was missed that the page should be loaded anew.
var ErrTooFar = errors.New("live: too far behind")

const (
	kept   = 256  // frames that a topic keeps for streams that lag a little
	tooFar = 1000 // entries that a stream catches up with before it is told to reload
	batch  = 200  // entries rendered at once
	beat   = 15 * time.Second
)

// Hub holds the topics that somebody looks at. It is safe for concurrent use.
type Hub struct {
	db   *db.DB
	log  *slog.Logger
	done chan struct{}

	mu     sync.Mutex
	topics map[string]*topic
	pumps  sync.WaitGroup
}

// New returns a hub; it lives while Run runs.
func New(d *db.DB, log *slog.Logger) *Hub {
	return &Hub{db: d, log: log, done: make(chan struct{}), topics: map[string]*topic{}}
}

// Run listens for wake-ups until ctx ends, then ends every stream and waits for them to be let go.
func (h *Hub) Run(ctx context.Context) error {
	stop := h.db.OnWake(h.wake)
	defer stop()
	<-ctx.Done()
	h.mu.Lock() // no stream may start a pump once we wait for the last one
	close(h.done)
	h.mu.Unlock()
	h.pumps.Wait()
	return nil
}

func (h *Hub) wake(placeID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, t := range h.topics {
		if placeID == db.AllPlaces || t.PlaceID == placeID {
			select {
			case t.woken <- struct{}{}:
			default: // a wake-up is waiting already
			}
		}
	}
}

// Stream sends a topic's frames after from to write, in order, until ctx or the hub ends (nil), write
// fails (its error) or the stream is too far behind (ErrTooFar). With from < 0 it starts now. An empty
// write is a heartbeat.
func (h *Hub) Stream(ctx context.Context, want Topic, from int64, write func([]byte) error) error {
	t, err := h.join(ctx, want)
	if err != nil {
		return err
	}
	defer h.leave(t)
	pos := from
	if pos < 0 {
		pos = t.position()
	}
	pulse := time.NewTicker(beat)
	defer pulse.Stop()
	for {
		frames, last, base, grown := t.after(pos)
		if pos < base {
			if pos, err = h.catchUp(ctx, want, pos, base, write); err != nil {
				return err
			}
			continue
		}
		for _, f := range frames {
			if err := write(f.Data); err != nil {
				return err
			}
		}
		pos = max(pos, last)
		select {
		case <-ctx.Done():
			return nil
		case <-h.done:
			return nil
		case <-grown:
		case <-pulse.C:
			if err := write(nil); err != nil {
				return err
			}
		}
	}
}

// catchUp renders for one stream alone what its topic no longer keeps.
func (h *Hub) catchUp(ctx context.Context, want Topic, pos, base int64, write func([]byte) error) (int64, error) {
	if base-pos > tooFar {
		return pos, ErrTooFar
	}
	for pos < base {
		entries, err := place.Since(ctx, h.db, want.PlaceID, pos, int(min(batch, base-pos)))
		if err != nil || len(entries) == 0 {
			return base, err
		}
		frames, err := want.Render(ctx, entries)
		if err != nil {
			return pos, err
		}
		for _, f := range frames {
			if err := write(f.Data); err != nil {
				return pos, err
			}
		}
		pos = entries[len(entries)-1].Seq
	}
	return pos, nil
}

func (h *Hub) join(ctx context.Context, want Topic) (*topic, error) {
	key := want.PlaceID + "\x00" + want.Name
	h.mu.Lock()
	if t, ok := h.topics[key]; ok {
		t.refs++
		h.mu.Unlock()
		return t, nil
	}
	h.mu.Unlock()
	last, err := place.Last(ctx, h.db, want.PlaceID)
	if err != nil {
		return nil, err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if t, ok := h.topics[key]; ok { // somebody was first
		t.refs++
		return t, nil
	}
	select {
	case <-h.done:
		return nil, context.Canceled
	default:
	}
	pctx, stop := context.WithCancel(context.Background())
	t := &topic{Topic: want, key: key, refs: 1, stop: stop, woken: make(chan struct{}, 1), base: last, last: last, grown: make(chan struct{})}
	t.woken <- struct{}{} // what was committed while we joined
	h.topics[key] = t
	h.pumps.Go(func() { h.pump(pctx, t) })
	return t, nil
}

func (h *Hub) leave(t *topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.refs--; t.refs == 0 {
		delete(h.topics, t.key)
		t.stop()
	}
}

// pump renders what is new once for every stream of a topic.
func (h *Hub) pump(ctx context.Context, t *topic) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-h.done:
			return
		case <-t.woken:
		}
		for {
			n, err := h.advance(ctx, t)
			if err != nil && ctx.Err() == nil {
				h.log.Error("live: render", "place", t.PlaceID, "topic", t.Name, "err", err)
				t.again(time.Second)
			}
			if err != nil || n < batch {
				break
			}
		}
	}
}

func (h *Hub) advance(ctx context.Context, t *topic) (int, error) {
	entries, err := place.Since(ctx, h.db, t.PlaceID, t.position(), batch)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	frames, err := t.Render(ctx, entries)
	if err != nil {
		return 0, err
	}
	t.grow(frames, entries[len(entries)-1].Seq)
	return len(entries), nil
}
