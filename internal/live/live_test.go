package live_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
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
	err := h.Stream(ctx, tp, from, func(b []byte) error {
		if b == nil {
			return nil
		}
		if got = append(got, string(b)); len(got) == want {
			return errEnough
		}
		return nil
	})
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
	err := h.Stream(t.Context(), topic(p), 1, func([]byte) error { return nil })
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

func TestAStreamEndsWithTheHub(t *testing.T) {
	d := dbtest.SQLite(t)
	p, _ := setUp(t, d)
	h := live.New(d, slog.New(slog.DiscardHandler))
	ctx, stop := context.WithCancel(t.Context())
	go h.Run(ctx)
	done := make(chan error)
	go func() { done <- h.Stream(context.Background(), topic(p), -1, func([]byte) error { return nil }) }()
	time.Sleep(50 * time.Millisecond)
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
