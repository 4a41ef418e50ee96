package jobs_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/jobs"
)

type ring struct {
	Table int `json:"table"`
}

func (ring) Kind() string { return "test.ring" }

func start(t *testing.T, d *db.DB, fn func(context.Context, ring) error) *jobs.Queue {
	t.Helper()
	w := jobs.NewWorkers()
	jobs.Work(w, fn)
	return run(t, d, w)
}

func run(t *testing.T, d *db.DB, w *jobs.Workers) *jobs.Queue {
	t.Helper()
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	q, err := jobs.New(d, w, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := q.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { stop(); wg.Wait() })
	return q
}

func TestAJobExistsIfAndOnlyIfItsTransactionCommits(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		rung := make(chan int, 10)
		q := start(t, d, func(_ context.Context, r ring) error { rung <- r.Table; return nil })
		d.Write(t.Context(), func(tx db.Tx) error {
			q.Enqueue(t.Context(), tx, ring{1}, time.Time{})
			return errors.New("undone")
		})
		if err := d.Write(t.Context(), func(tx db.Tx) error { return q.Enqueue(t.Context(), tx, ring{2}, time.Time{}) }); err != nil {
			t.Fatal(err)
		}
		select {
		case n := <-rung:
			if n != 2 {
				t.Errorf("job %d ran", n)
			}
		case <-time.After(10 * time.Second):
			t.Fatal("nothing ran")
		}
	})
}

func TestAJobWaitsForItsTimeAndComesBackAfterAFailure(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var tries atomic.Int32
		done := make(chan time.Time, 1)
		q := start(t, d, func(context.Context, ring) error {
			if tries.Add(1) == 1 {
				return errors.New("again")
			}
			done <- time.Now()
			return nil
		})
		due := time.Now().Add(700 * time.Millisecond)
		if err := d.Write(t.Context(), func(tx db.Tx) error { return q.Enqueue(t.Context(), tx, ring{3}, due) }); err != nil {
			t.Fatal(err)
		}
		select {
		case at := <-done:
			if at.Before(due) {
				t.Errorf("ran %v early", due.Sub(at))
			}
		case <-time.After(20 * time.Second):
			t.Fatal("never done")
		}
	})
}

func TestARoundIsMadeAtTheStartByOneProcess(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		var rounds atomic.Int32
		first := make(chan struct{}, 10)
		for range 2 {
			w := jobs.NewWorkers()
			jobs.Every(w, time.Hour, "sweep", func(context.Context) error { rounds.Add(1); first <- struct{}{}; return nil })
			run(t, d, w)
		}
		select {
		case <-first:
		case <-time.After(20 * time.Second):
			t.Fatal("no round")
		}
		time.Sleep(300 * time.Millisecond)
		if n := rounds.Load(); n != 1 {
			t.Errorf("%d rounds", n)
		}
	})
}
