package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"comptoir/internal/app"
	"comptoir/internal/backup"
	"comptoir/internal/db"
	"comptoir/internal/db/dbtest/pgtest"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// backups measures what is felt of a backup while it is made, and how long a place that was lost is away: restored
// and checked.
func backups(ctx context.Context, w *work) ([]figure, error) {
	return copied(ctx, w, db.SQLite, "SQLite")
}

func backupsPostgres(ctx context.Context, w *work) ([]figure, error) {
	return copied(ctx, w, db.Postgres, "PostgreSQL")
}

func copied(ctx context.Context, w *work, engine db.Engine, name string) ([]figure, error) {
	a, err := w.aged(ctx, engine)
	if err != nil {
		return nil, err
	}
	if err := a.attach(ctx, w.megabytes); err != nil {
		return nil, err
	}
	path := filepath.Join(w.dir, "backup-"+string(engine)+".zip")
	defer os.Remove(path)
	of := fmt.Sprintf(", %d messages and %d MB of files, %s", len(a.texts), w.megabytes, name)
	late := figure{what: "a message received while a backup is made, p99 (ceiling: without)" + of, unit: "ms", goal: goal{timesMost: 2}}
	lasted := one("… how long it is made", "s", goal{})
	for range w.runs {
		quiet, busy, took, err := a.whileBackedUp(ctx, path)
		if err != nil {
			return nil, err
		}
		late.ours, late.ceiling, lasted.ours = append(late.ours, busy), append(late.ceiling, quiet), append(lasted.ours, took.Seconds())
	}
	took, err := restored(ctx, w, a, path, engine)
	return []figure{late, lasted, one("restored and checked"+of, "s", goal{most: 300}, took.Seconds())}, err
}

// attach has somebody send files of a megabyte that do not shrink.
func (a *aged) attach(ctx context.Context, megabytes int) error {
	if err := a.open(ctx); err != nil {
		return err
	}
	defer a.close()
	noise := rand.NewChaCha8([32]byte{1})
	for i := range megabytes {
		content := make([]byte, 1_000_000)
		noise.Read(content)
		p := pageOf([]string{"Voici la photo."}, a.said, now)
		a.said++
		p.Messages[0].Attachments = []network.Attachment{{
			Name: "photo-" + strconv.Itoa(i) + ".bin", Type: "application/octet-stream", Size: int64(len(content)),
			Content: func() io.Reader { return bytes.NewReader(content) },
		}}
		if err := a.inbox.Receive(ctx, a.house.house, p); err != nil {
			return err
		}
	}
	return nil
}

// whileBackedUp runs the whole program, which receives messages: for a while in quiet, then until a backup of it is made. It
// returns the 99th percentile of each, in milliseconds.
func (a *aged) whileBackedUp(ctx context.Context, path string) (quiet, busy float64, took time.Duration, err error) {
	cfg := a.cfg
	cfg.Listen = "127.0.0.1:0"
	p, err := app.New(ctx, cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return 0, 0, 0, err
	}
	g, gctx := errgroup.WithContext(ctx)
	sctx, stop := context.WithCancel(gctx)
	g.Go(func() error { return p.Serve(sctx) })
	g.Go(func() error {
		defer stop()
		if _, err := a.receipts(gctx, p, time.After(2*time.Second)); err != nil { // everything is opened once
			return err
		}
		kept, err := a.receipts(gctx, p, time.After(lasting*time.Second))
		if err != nil {
			return err
		}
		quiet = percentile(kept, 99)
		made := make(chan time.Time)
		backing, bctx := errgroup.WithContext(gctx)
		backing.Go(func() error {
			defer close(made)
			began := time.Now()
			_, err := app.Backup(bctx, cfg, path, backup.Options{}, false, io.Discard)
			took = time.Since(began)
			return err
		})
		backing.Go(func() error {
			kept, err := a.receipts(bctx, p, made)
			busy = percentile(kept, 99)
			return err
		})
		return backing.Wait()
	})
	return quiet, busy, took, g.Wait()
}

const receiptsSecond = 50

// receipts receives messages one by one until it is enough, and returns how long after it was due each was kept: what
// waits for its turn is late.
func (a *aged) receipts(ctx context.Context, p *app.App, enough <-chan time.Time) (took []float64, err error) {
	for due := time.Now(); ; due = due.Add(time.Second / receiptsSecond) {
		time.Sleep(time.Until(due))
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-enough:
			return took, nil
		default:
		}
		text := a.texts[a.said%len(a.texts)]
		if err := p.Inbox.Receive(ctx, a.house.house, pageOf([]string{text}, a.said, now)); err != nil {
			return nil, err
		}
		a.said++
		took = append(took, float64(time.Since(due).Microseconds())/1000)
	}
}

// restored fills an empty installation from a backup, has all of it checked, and removes it.
func restored(ctx context.Context, w *work, a *aged, path string, engine db.Engine) (time.Duration, error) {
	cfg := app.Config{Data: filepath.Join(w.dir, "restored-"+string(engine))}
	defer os.RemoveAll(cfg.Data)
	if engine == db.Postgres {
		pg, err := pgtest.Start(ctx)
		if err != nil {
			return 0, err
		}
		defer pg.Stop()
		cfg.Database = pg.URL
	}
	var said bytes.Buffer
	began := time.Now()
	whole, err := app.Restore(ctx, cfg, path, app.Restoring{KeyFile: filepath.Join(a.cfg.Data, place.KeyFile)}, &said)
	if err == nil && !whole {
		err = fmt.Errorf("the restored place is not whole:\n%s", said.String())
	}
	return time.Since(began), err
}
