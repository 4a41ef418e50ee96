// Package live wakes open pages when the journal of their place grows.
//
// A Topic is what several open pages look at together: one place, one screen, one language. The journal is
// read once for all topics of a place; the entries that a topic wants are rendered once and the bytes
// shared. A listener resumes from the number of the last journal entry it saw, so a lost connection costs
// nothing: what was missed is rendered again from the journal.
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

	rights bool // carries nothing: every listener asks again whether it may look
}

// Topic is one shared view of a place's journal. Two topics with the same Name of the same place must
// want and render the same.
type Topic struct {
	PlaceID string
	Name    string // screen and language: "inbox fr-CA"
	// Wants tells whether an entry can change what the screen shows; nil = each may. It is asked of every
	// entry for every topic, so it asks nobody.
	Wants func(place.Entry) bool
	// Render turns entries that are wanted, in order, into frames; one that the screen does not show after
	// all gives none. It asks the domain for the present state, so several entries about one thing need one
	// frame.
	Render func(ctx context.Context, entries []place.Entry) ([]Frame, error)
}

// Listener is one open page.
type Listener struct {
	From  int64                // the number of the last entry that it shows; below 0 it starts now
	Write func(b []byte) error // sends one event; an empty one is a heartbeat
	// Allowed says why the page may no longer look. It is asked once a minute, and at once when rights
	// changed; nil = it always may.
	Allowed func(ctx context.Context) error
}

// ErrTooFar is returned by Stream when so much was missed that the page should be loaded anew.
var ErrTooFar = errors.New("live: too far behind")

// ErrOver is returned by Stream, around the reason, when its listener may no longer look.
var ErrOver = errors.New("live: no longer allowed")

var errEnded = errors.New("live: the hub has ended")

const (
	kept      = 256                    // frames that a topic keeps for streams that lag a little,
	keptBytes = 512 << 10              // as long as they are not larger together
	tooFar    = 1000                   // entries that a stream catches up with before it is told to reload
	batch     = 200                    // entries rendered at once
	breather  = 100 * time.Millisecond // the longest that a topic lets news gather
	beat      = 15 * time.Second
	recheck   = time.Minute // how often a listener's right to look is asked again
	asides    = 8           // streams that ask the database by themselves at once
)

// Hub holds the journals and topics that somebody looks at. It is safe for concurrent use.
type Hub struct {
	db    *db.DB
	log   *slog.Logger
	done  chan struct{}
	slots chan struct{} // taken by aside

	mu      sync.Mutex
	feeds   map[string]*feed // by place
	running sync.WaitGroup
}

// New returns a hub; it lives while Run runs.
func New(d *db.DB, log *slog.Logger) *Hub {
	return &Hub{db: d, log: log, done: make(chan struct{}), slots: make(chan struct{}, asides), feeds: map[string]*feed{}}
}

// Run listens for wake-ups until ctx ends, then ends every stream and waits for them to be let go.
func (h *Hub) Run(ctx context.Context) error {
	stop := h.db.OnWake(h.wake)
	defer stop()
	<-ctx.Done()
	h.mu.Lock() // nothing may be started once we wait for the last one
	close(h.done)
	h.mu.Unlock()
	h.running.Wait()
	return nil
}

// start runs fn in the background; Run waits for it. It tells whether the hub still takes anything.
func (h *Hub) start(fn func()) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.ended() {
		return false
	}
	h.running.Go(fn)
	return true
}

func (h *Hub) ended() bool {
	select {
	case <-h.done:
		return true
	default:
		return false
	}
}

func (h *Hub) wake(placeID string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, f := range h.feeds {
		if placeID == db.AllPlaces || f.placeID == placeID {
			select {
			case f.woken <- struct{}{}:
			default: // a wake-up is waiting already
			}
		}
	}
}

// join finds or makes what the streams of one topic share.
func (h *Hub) join(ctx context.Context, want Topic) (*topic, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.feeds[want.PlaceID]
	if f == nil {
		h.mu.Unlock()
		last, err := place.Last(ctx, h.db, want.PlaceID)
		h.mu.Lock()
		if err != nil {
			return nil, err
		}
		if f = h.feeds[want.PlaceID]; f == nil { // else somebody was first
			if h.ended() {
				return nil, errEnded
			}
			f = h.open(want.PlaceID, last)
		}
	}
	t := f.topics[want.Name]
	if t == nil {
		t = newTopic(f, want)
		f.topics[want.Name] = t
	}
	t.refs++
	return t, nil
}

// open begins to read a place's journal after last. The caller holds the lock.
func (h *Hub) open(placeID string, last int64) *feed {
	ctx, stop := context.WithCancel(context.Background())
	f := &feed{hub: h, placeID: placeID, stop: stop, woken: make(chan struct{}, 1), topics: map[string]*topic{}, last: last}
	f.woken <- struct{}{} // what was committed while we joined
	h.feeds[placeID] = f
	h.running.Go(func() { f.run(ctx) })
	return f
}

func (h *Hub) leave(t *topic) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if t.refs--; t.refs > 0 {
		return
	}
	t.stop()
	delete(t.feed.topics, t.Name)
	if len(t.feed.topics) == 0 {
		t.feed.stop()
		delete(h.feeds, t.PlaceID)
	}
}
