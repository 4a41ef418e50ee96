package live_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/live"
	"comptoir/internal/place"
)

func setUp(t *testing.T, d *db.DB) (place.Place, *live.Hub) {
	t.Helper()
	var p place.Place
	err := d.Write(t.Context(), func(tx db.Tx) (err error) {
		p, err = place.Create(t.Context(), tx, place.System(), place.New{Name: "Le Zinc", Language: "fr", TimeZone: "UTC"})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h := live.New(d, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { h.Run(ctx) })
	t.Cleanup(func() { stop(); wg.Wait() })
	return p, h
}

func say(t *testing.T, d *db.DB, p place.Place, n int) {
	t.Helper()
	err := d.Write(context.Background(), func(tx db.Tx) error {
		for range n {
			if err := place.Record(context.Background(), tx, p.ID, place.System(), place.Entry{Kind: "said"}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func record(t *testing.T, d *db.DB, p place.Place, kind string) {
	t.Helper()
	err := d.Write(context.Background(), func(tx db.Tx) error {
		return place.Record(context.Background(), tx, p.ID, place.System(), place.Entry{Kind: kind})
	})
	if err != nil {
		t.Error(err)
	}
}

func topic(p place.Place) live.Topic {
	return live.Topic{PlaceID: p.ID, Name: "test", Render: func(_ context.Context, entries []place.Entry) (frames []live.Frame, err error) {
		for _, e := range entries {
			frames = append(frames, live.Frame{Seq: e.Seq, Data: fmt.Append(nil, e.Seq)})
		}
		return frames, nil
	}}
}

var errEnough = errors.New("enough")

// read follows a topic from a number until want frames came, and returns their texts.
func read(t *testing.T, h *live.Hub, tp live.Topic, from int64, want int) []string {
	var got []string
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	err := h.Stream(ctx, tp, live.Listener{From: from, Write: func(b []byte) error {
		if b == nil {
			return nil
		}
		if got = append(got, string(b)); len(got) == want {
			return errEnough
		}
		return nil
	}})
	if !errors.Is(err, errEnough) {
		t.Errorf("stopped with %d of %d: %v", len(got), want, err)
	}
	return got
}

func TestEveryStreamSeesEveryEntryOnceInOrderWhereverItResumes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p, h := setUp(t, d)
		say(t, d, p, 600) // more than a topic keeps; entry 1 made the place
		var wg sync.WaitGroup
		for _, from := range []int64{1, 50, 300, 590} {
			wg.Go(func() {
				got := read(t, h, topic(p), from, int(601-from)+100)
				for i, s := range got {
					if s != fmt.Sprint(from+1+int64(i)) {
						t.Errorf("from %d: frame %d is %s", from, i, s)
						return
					}
				}
			})
		}
		for range 100 {
			say(t, d, p, 1)
		}
		wg.Wait()
	})
}

func TestAStreamThatMissedTooMuchIsToldToReload(t *testing.T) {
	d := dbtest.SQLite(t)
	p, h := setUp(t, d)
	say(t, d, p, 1500)
	err := h.Stream(t.Context(), topic(p), live.Listener{From: 1, Write: func([]byte) error { return nil }})
	if !errors.Is(err, live.ErrTooFar) {
		t.Errorf("got %v", err)
	}
}

func TestAnotherPlacesEntriesNeverArrive(t *testing.T) {
	d := dbtest.SQLite(t)
	p, h := setUp(t, d)
	q, _ := setUp(t, d)
	go func() {
		say(t, d, q, 5)
		say(t, d, p, 1)
	}()
	if got := read(t, h, topic(p), 1, 1); got[0] != "2" {
		t.Errorf("got %v", got)
	}
}

// A browser says from which number it goes on. One that the place has not reached would keep the page silent.
func TestANumberThatThePlaceHasNotReachedIsIgnored(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p, h := setUp(t, d)
		say(t, d, p, 5)
		time.AfterFunc(100*time.Millisecond, func() { say(t, d, p, 1) })
		if got := read(t, h, topic(p), 1<<60, 1); got[0] != "7" {
			t.Errorf("got %v", got)
		}
	})
}

func TestAStreamEndsWithTheHub(t *testing.T) {
	d := dbtest.SQLite(t)
	p, _ := setUp(t, d)
	h := live.New(d, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	go h.Run(ctx)
	done := make(chan error)
	go func() {
		done <- h.Stream(context.Background(), topic(p), live.Listener{From: -1, Write: func([]byte) error { return nil }})
	}()
	time.Sleep(50 * time.Millisecond)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

func TestWhatATopicDoesNotWantIsNotRendered(t *testing.T) {
	d := dbtest.SQLite(t)
	p, h := setUp(t, d)
	var rendered atomic.Int64
	tp := topic(p)
	render := tp.Render
	tp.Wants = func(e place.Entry) bool { return e.Seq%10 == 0 }
	tp.Render = func(ctx context.Context, entries []place.Entry) ([]live.Frame, error) {
		rendered.Add(int64(len(entries)))
		return render(ctx, entries)
	}
	var saying sync.WaitGroup
	saying.Go(func() {
		for range 400 {
			say(t, d, p, 1)
		}
	})
	got := read(t, h, tp, 1, 40) // entry 1 made the place
	saying.Wait()
	if want := []string{"10", "20", "400"}; got[0] != want[0] || got[1] != want[1] || got[39] != want[2] {
		t.Errorf("got %v", got)
	}
	if n := rendered.Load(); n != 40 {
		t.Errorf("%d entries were rendered, want 40", n)
	}
}

// Between the door, which let the listener in, and the first entry that it hears of, nothing is left unasked.
func TestAListenerWhoComesTooLateForItsRightsIsLetGo(t *testing.T) {
	d := dbtest.SQLite(t)
	p, h := setUp(t, d)
	removed := errors.New("removed")
	record(t, d, p, "member.removed")
	ended := make(chan error, 1)
	err := h.Attach(t.Context(), topic(p), live.Listener{
		From:    -1,
		Write:   func([]byte) error { return nil },
		Allowed: func(context.Context) error { return removed },
	}, func(err error) { ended <- err })
	if err != nil {
		t.Fatal(err)
	}
	select {
	case err := <-ended:
		if !errors.Is(err, live.ErrOver) || !errors.Is(err, removed) {
			t.Errorf("ended with %v", err)
		}
	case <-time.After(5 * time.Second):
		t.Error("it listens")
	}
}

func TestAListenerWhoseRightsEndedIsLetGoAtOnce(t *testing.T) {
	for name, allowed := range map[string]error{"still a member": nil, "removed": errors.New("removed")} {
		t.Run(name, func(t *testing.T) {
			d := dbtest.SQLite(t)
			p, h := setUp(t, d)
			ended, saw := make(chan error, 1), make(chan string, 10)
			ctx, stop := context.WithCancel(t.Context())
			err := h.Attach(ctx, topic(p), live.Listener{
				From:    1,
				Write:   func(b []byte) error { saw <- string(b); return nil },
				Allowed: func(context.Context) error { return allowed },
			}, func(err error) { ended <- err })
			if err != nil {
				t.Fatal(err)
			}
			say(t, d, p, 1)
			if got := <-saw; got != "2" {
				t.Errorf("saw %s", got)
			}
			record(t, d, p, "member.removed")
			say(t, d, p, 1)
			if allowed == nil {
				if first, second := <-saw, <-saw; first != "3" || second != "4" {
					t.Errorf("saw %s, %s", first, second)
				}
				stop()
			}
			if err := <-ended; (allowed != nil) != errors.Is(err, live.ErrOver) || allowed != nil && !errors.Is(err, allowed) {
				t.Errorf("ended with %v", err)
			}
			stop()
		})
	}
}

func TestFramesThatAreTooLargeToKeepAreRenderedAgainForWhoLags(t *testing.T) {
	d := dbtest.SQLite(t)
	p, h := setUp(t, d)
	tp := topic(p)
	var rendered atomic.Int64
	tp.Render = func(_ context.Context, entries []place.Entry) (frames []live.Frame, err error) {
		for _, e := range entries {
			rendered.Add(1)
			frames = append(frames, live.Frame{Seq: e.Seq, Data: append(fmt.Append(nil, e.Seq, " "), make([]byte, 100<<10)...)})
		}
		return frames, nil
	}
	say(t, d, p, 1)
	var got []string
	err := h.Stream(t.Context(), tp, live.Listener{From: 1, Write: func(b []byte) error {
		if len(got) == 0 { // while the first is on its way, more happens than is kept
			for range 30 {
				say(t, d, p, 1)
			}
			time.Sleep(200 * time.Millisecond)
		}
		if got = append(got, string(bytes.Fields(b)[0])); len(got) == 31 {
			return errEnough
		}
		return nil
	}})
	if !errors.Is(err, errEnough) {
		t.Fatal(err)
	}
	for i, s := range got {
		if s != fmt.Sprint(i+2) {
			t.Fatalf("frame %d is %s", i, s)
		}
	}
	if n := rendered.Load(); n <= 31 { // once each; how many more depends on how they came together
		t.Errorf("rendered %d times: 3 MB were kept", n)
	}
}

func TestAScreenThatCannotBeDrawnIsTriedAgainAndEndsNothing(t *testing.T) {
	d := dbtest.SQLite(t)
	p, h := setUp(t, d)
	tp := topic(p)
	render := tp.Render
	var tries atomic.Int64
	tp.Render = func(ctx context.Context, entries []place.Entry) ([]live.Frame, error) {
		if tries.Add(1) == 1 {
			panic("a hole in a template")
		}
		return render(ctx, entries)
	}
	time.AfterFunc(100*time.Millisecond, func() { say(t, d, p, 1) })
	if got := read(t, h, tp, -1, 1); len(got) != 1 || got[0] != "2" {
		t.Errorf("got %v", got)
	}
	if n := tries.Load(); n != 2 {
		t.Errorf("%d tries", n)
	}
}
