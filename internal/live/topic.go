package live

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"comptoir/internal/place"
)

// topic is a Topic that somebody looks at.
type topic struct {
	Topic
	feed *feed
	refs int // owned by the hub's lock
	ctx  context.Context
	stop context.CancelFunc

	mu     sync.Mutex
	busy   bool          // somebody renders, and goes on until nothing is left
	frames []Frame       // the last ones, in order
	size   int           // of their data together
	base   int64         // every frame above base is in frames
	last   int64         // the journal is rendered up to here
	grown  chan struct{} // closed and replaced when there are new frames
}

// newTopic begins where its journal is read up to.
func newTopic(f *feed, want Topic) *topic {
	ctx, stop := context.WithCancel(context.Background())
	last := f.position()
	return &topic{Topic: want, feed: f, ctx: ctx, stop: stop, base: last, last: last, grown: make(chan struct{})}
}

func (t *topic) position() int64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.last
}

// wanted leaves out the entries that the screen does not show.
func (t *topic) wanted(entries []place.Entry) []place.Entry {
	if t.Wants == nil {
		return entries
	}
	var some []place.Entry
	for _, e := range entries {
		if t.Wants(e) {
			some = append(some, e)
		}
	}
	return some
}

// offer hands a topic what was just read. What does not concern it costs it next to nothing: most pages of a
// full house are guests', and most of what happens is about others.
func (t *topic) offer(entries []place.Entry) {
	concerns := slices.ContainsFunc(entries, place.Entry.Rights) || len(t.wanted(entries)) > 0
	t.mu.Lock()
	defer t.mu.Unlock()
	switch {
	case t.busy:
	case concerns:
		t.busy = t.feed.hub.start(t.catchUp)
	default:
		t.last = max(t.last, entries[len(entries)-1].Seq)
	}
}

// catchUp renders what is new, once for every stream of the topic, until nothing is left.
func (t *topic) catchUp() {
	for {
		t.mu.Lock()
		if t.last >= t.feed.position() || t.ctx.Err() != nil {
			t.busy = false
			t.mu.Unlock()
			return
		}
		from, began := t.last, time.Now()
		t.mu.Unlock()
		entries, err := t.feed.after(t.ctx, from)
		var frames []Frame
		if err == nil {
			frames, err = t.render(t.ctx, entries)
		}
		if err != nil {
			t.feed.hub.pause(t.ctx, "live: render", t.PlaceID, t.Name, err)
			if t.feed.hub.ended() {
				return
			}
			continue
		}
		if len(entries) > 0 {
			from = entries[len(entries)-1].Seq
		} else {
			from = t.feed.position() // they are no longer in the journal
		}
		t.grow(frames, from)
		if took := time.Since(began); len(frames) > 0 {
			t.breathe(min(took, breather))
		}
	}
}

// breathe lets what happens gather for as long as drawing it took: a screen that is slow to draw, in a minute when
// much happens, takes half a processor and not all there are. Nothing waits for it that comes alone.
func (t *topic) breathe(wait time.Duration) {
	select {
	case <-t.ctx.Done():
	case <-t.feed.hub.done:
	case <-time.After(wait):
	}
}

// render makes the frames of entries. Rendering that panics fails: it runs outside of every request.
func (t *topic) render(ctx context.Context, entries []place.Entry) (frames []Frame, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	if some := t.wanted(entries); len(some) > 0 {
		if frames, err = t.Render(ctx, some); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(entries, place.Entry.Rights) {
		frames = append(frames, Frame{Seq: entries[len(entries)-1].Seq, rights: true})
	}
	return frames, nil
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
	t.last = last
	if len(frames) == 0 {
		return
	}
	all := append(t.frames[:len(t.frames):len(t.frames)], frames...) // readers hold the old slice
	for _, f := range frames {
		t.size += len(f.Data)
	}
	cut := 0
	for ; len(all)-cut > kept || t.size > keptBytes && len(all)-cut > len(frames); cut++ {
		t.base = all[cut].Seq
		t.size -= len(all[cut].Data)
	}
	if cut > 0 {
		all = slices.Clone(all[cut:])
	}
	t.frames = all
	close(t.grown)
	t.grown = make(chan struct{})
}
