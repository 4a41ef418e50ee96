package networktest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// streams follows the network live: what comes while it does, what came since the cursor, and the end.
func streams(t *testing.T, b *bench) {
	s, ok := b.client.(network.Streamer)
	if !ok {
		t.Skip("this driver follows no stream")
	}
	heavy.RLock()
	defer heavy.RUnlock()
	_, cur, _ := b.drain("")
	enough := errors.New("enough")
	heard := func(want int, cur network.Cursor) (got []network.Message, last network.Cursor) {
		t.Helper()
		err := s.Stream(b.ctx(), cur, func(e network.Event) error {
			if e.Message != nil {
				b.plain(*e.Message)
				got = append(got, *e.Message)
			}
			if e.Cursor != "" {
				last = e.Cursor
			}
			if len(got) >= want {
				return enough
			}
			return nil
		})
		if !errors.Is(err, enough) {
			t.Errorf("Stream = %v, want the error of yield", err)
		}
		return got, last
	}
	time.AfterFunc(100*time.Millisecond, func() {
		b.fake.Say(Said{From: b.fake.Someone(), Subject: "s", Text: "first"})
		b.fake.Say(Said{From: b.fake.Someone(), Subject: "s", Text: "second"})
	})
	got, next := heard(2, cur)
	if !slices.Equal(texts(got), []string{"first", "second"}) {
		t.Errorf("heard %q", texts(got))
	}
	if next != "" { // it can resume
		b.say(Said{Subject: "s", Text: "meanwhile"})
		if got, _ := heard(1, next); !slices.Equal(texts(got), []string{"meanwhile"}) {
			t.Errorf("resumed, heard %q", texts(got))
		}
	}
	read, _, _ := b.drain(cur)
	for _, m := range got {
		if !slices.ContainsFunc(read, func(r network.Message) bool { return r.ID == m.ID && r.Thread == m.Thread }) {
			t.Errorf("heard as %s in thread %s, and read otherwise", m.ID, m.Thread)
		}
	}
	b.endsItsStream(s, cur)
}

func (b *bench) endsItsStream(s network.Streamer, cur network.Cursor) {
	quiet := func(network.Event) error { return nil }
	start := time.Now()
	err := s.Stream(b.within(200*time.Millisecond), cur, quiet)
	if c := b.check("Stream", err); c != fault.Unavailable || !errors.Is(err, context.DeadlineExceeded) || time.Since(start) > 1200*time.Millisecond {
		b.t.Errorf("Stream at the end of its context = %v after %v", err, time.Since(start))
	}
	for _, f := range []Fault{NoDial, Portal, CutRead, Garbage} {
		b.wire.Set(f, 1)
		err := s.Stream(b.within(3*time.Second), cur, quiet)
		if c := b.check("Stream", err); c != fault.Unavailable {
			b.t.Errorf("Stream with %v = %v, want Unavailable", f, err)
		}
	}
}
