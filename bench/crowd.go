package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

const (
	staff       = 100              // each opens a page a second
	shift       = 10 * time.Second // of quiet, then of noise
	postsMinute = 1000
)

// crowd has a hundred colleagues work, first in quiet, then while one phone sends the form of its table a thousand
// times a minute. What the one does must not be felt by the others: the quiet half is the ceiling.
func crowd(ctx context.Context, w *work) ([]figure, error) {
	h, err := newHouse(ctx, w, "")
	if err != nil {
		return nil, err
	}
	texts, err := w.posts(ctx, 2000)
	if err == nil {
		err = h.fill(ctx, texts, 100, ago(len(texts), time.Minute))
	}
	var cookies []string
	if err == nil {
		cookies, err = h.counterSessions(ctx, staff)
	}
	var table string
	if err == nil {
		table, err = h.card(ctx)
	}
	h.close()
	if err != nil {
		return nil, err
	}
	late := figure{what: "a colleague's page while one phone posts 1,000 times a minute, p99 (ceiling: without)", unit: "ms", goal: goal{timesMost: 2}}
	memory := one("… memory", "MB", goal{most: 256})
	for range w.runs {
		quiet, noisy, rss, err := evening(ctx, w, h, cookies, table)
		if err != nil {
			return nil, err
		}
		late.ours, late.ceiling, memory.ours = append(late.ours, noisy), append(late.ceiling, quiet), append(memory.ours, rss)
	}
	return []figure{late, memory}, nil
}

// card makes a table and returns where its card leads.
func (h *house) card(ctx context.Context) (path string, err error) {
	err = h.store.DB.Write(ctx, func(tx db.Tx) error {
		tables, err := floor.AddTables(ctx, tx, place.System(), h.place.ID, 12, "")
		if err == nil {
			path = "/t/" + floor.New(h.store.DB, h.store.Keys).Code(h.place, tables[0])
		}
		return err
	})
	return path, err
}

// evening is one shift in quiet and one with the phone. It returns the 99th percentile of the colleagues' pages in
// each, in milliseconds, and the program's memory at the end in megabytes.
func evening(ctx context.Context, w *work, h *house, cookies []string, table string) (quiet, noisy, rss float64, err error) {
	p, err := serve(ctx, w, h.cfg.Data)
	if err != nil {
		return 0, 0, 0, err
	}
	defer p.stop()
	base := "http://" + p.addr
	if _, err := colleagues(ctx, base, h.place.Slug, cookies, 2*time.Second); err != nil { // everything is opened once
		return 0, 0, 0, err
	}
	took, err := colleagues(ctx, base, h.place.Slug, cookies, shift)
	if err != nil {
		return 0, 0, 0, err
	}
	quiet = percentile(took, 99)
	g, gctx := errgroup.WithContext(ctx)
	pctx, enough := context.WithCancel(gctx)
	g.Go(func() error { return insist(pctx, base+table, h.place.Settings.PerGuest) })
	g.Go(func() (err error) {
		defer enough()
		took, err = colleagues(gctx, base, h.place.Slug, cookies, shift)
		return err
	})
	if err := g.Wait(); err != nil {
		return 0, 0, 0, err
	}
	rss, err = p.memory()
	return quiet, percentile(took, 99), rss / 1e6, err
}

// colleagues open a page a second each, the room and the counter in turn, and returns how long each took.
func colleagues(ctx context.Context, base, slug string, cookies []string, during time.Duration) ([]float64, error) {
	pages := []string{"/floor", "/floor", "/inbox"}
	end := time.Now().Add(during)
	var mu sync.Mutex
	var all []float64
	g, gctx := errgroup.WithContext(ctx)
	for i, cookie := range cookies {
		g.Go(func() error {
			next := time.Now().Add(time.Second * time.Duration(i) / time.Duration(len(cookies)))
			for n := i; next.Before(end); n++ {
				time.Sleep(time.Until(next))
				if _, err := get(gctx, base+"/p/"+slug+pages[n%len(pages)], cookie); err != nil {
					return err
				}
				took := float64(time.Since(next).Microseconds()) / 1000 // what waited for its turn is late
				mu.Lock()
				all = append(all, took)
				mu.Unlock()
				next = next.Add(time.Second)
			}
			return nil
		})
	}
	err := g.Wait()
	return all, err
}

// insist sends the form of a table from one phone, again and again, and wants to be refused but for the most that it may say.
func insist(ctx context.Context, address string, most int) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	phone := &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	tick := time.NewTicker(time.Minute / postsMinute)
	defer tick.Stop()
	taken, sent := 0, 0
	for ; ctx.Err() == nil; sent++ {
		r, err := http.NewRequestWithContext(ctx, "POST", address, strings.NewReader(url.Values{"kind": {"hungry"}}.Encode()))
		if err != nil {
			return err
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		resp, err := phone.Do(r)
		if ctx.Err() != nil {
			break
		}
		if err != nil {
			return err
		}
		resp.Body.Close()
		if resp.StatusCode == http.StatusSeeOther {
			taken++
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	if taken > most || sent < 50 {
		return fmt.Errorf("of %d posts %d were taken", sent, taken)
	}
	return nil
}
