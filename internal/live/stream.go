package live

import (
	"context"
	"fmt"
	"time"

	"comptoir/internal/place"
)

// Stream sends a topic's frames to a listener, in order, until ctx or the hub ends (nil), a write fails (its
// error), the listener may no longer look (ErrOver) or is too far behind (ErrTooFar).
func (h *Hub) Stream(ctx context.Context, want Topic, l Listener) error {
	t, err := h.join(ctx, want)
	if err != nil {
		if err == errEnded {
			err = nil
		}
		return err
	}
	defer h.leave(t)
	return h.follow(ctx, t, l)
}

// Attach does the same in the background, and calls ended with what Stream would return. It returns at once,
// so that a stream keeps nothing of the request that began it. When it returns an error, ended is not called.
func (h *Hub) Attach(ctx context.Context, want Topic, l Listener, ended func(error)) error {
	t, err := h.join(ctx, want)
	if err != nil {
		return err
	}
	if !h.start(func() {
		err := h.follow(ctx, t, l)
		h.leave(t)
		ended(err)
	}) {
		h.leave(t)
		return errEnded
	}
	return nil
}

func (h *Hub) follow(ctx context.Context, t *topic, l Listener) error {
	pos := l.From
	if pos > t.position() { // this process is behind, or the number is none of this place's
		last := int64(0)
		if err := h.aside(ctx, func() (err error) { last, err = place.Last(ctx, h.db, t.PlaceID); return err }); err != nil {
			return err
		}
		if pos > last {
			pos = -1
		}
	}
	if pos < 0 {
		pos = t.position()
		// Rights that ended between the door and here are below pos: nothing would tell of them.
		if err := h.allowed(ctx, l); err != nil {
			return err
		}
	}
	pulse := time.NewTicker(beat)
	defer pulse.Stop()
	asked := time.Now()
	for {
		frames, last, base, grown := t.after(pos)
		if pos < base {
			missed, to, err := h.missed(ctx, t, pos, base)
			if err != nil {
				return err
			}
			if err := h.send(ctx, l, missed); err != nil {
				return err
			}
			pos = to
			continue
		}
		if err := h.send(ctx, l, frames); err != nil {
			return err
		}
		pos = max(pos, last)
		select {
		case <-ctx.Done():
			return nil
		case <-h.done:
			return nil
		case <-grown:
		case <-pulse.C:
			// Between events, and not with one: ten thousand pages would all ask in the same moment.
			if time.Since(asked) > recheck {
				if err := h.allowed(ctx, l); err != nil {
					return err
				}
				asked = time.Now()
			}
			if err := l.Write(nil); err != nil {
				return err
			}
		}
	}
}

func (h *Hub) send(ctx context.Context, l Listener, frames []Frame) error {
	for _, f := range frames {
		if f.rights {
			if err := h.allowed(ctx, l); err != nil {
				return err
			}
			continue
		}
		if err := l.Write(f.Data); err != nil {
			return err
		}
	}
	return nil
}

func (h *Hub) allowed(ctx context.Context, l Listener) error {
	if l.Allowed == nil {
		return nil
	}
	err := h.aside(ctx, func() error { return l.Allowed(ctx) })
	if err != nil && ctx.Err() == nil {
		return fmt.Errorf("%w: %w", ErrOver, err)
	}
	return err
}

// missed renders for one stream alone what its topic no longer keeps, a part at a time, and how far that goes.
func (h *Hub) missed(ctx context.Context, t *topic, pos, base int64) (frames []Frame, to int64, err error) {
	if base-pos > tooFar {
		return nil, pos, ErrTooFar
	}
	err = h.aside(ctx, func() error {
		entries, err := place.Since(ctx, h.db, t.PlaceID, pos, int(min(batch, base-pos)))
		if err != nil || len(entries) == 0 {
			to = base
			return err
		}
		to = entries[len(entries)-1].Seq
		frames, err = t.render(ctx, entries)
		return err
	})
	return frames, to, err
}

// aside runs what asks the database on another goroutine, a few at once, and waits for it. A stack that was
// ever as deep as a query stays that large until the collector comes by, and there is one for each stream.
func (h *Hub) aside(ctx context.Context, fn func() error) error {
	select {
	case h.slots <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	done := make(chan error)
	go func() {
		defer func() { <-h.slots }()
		done <- fn()
	}()
	return <-done
}
