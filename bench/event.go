package main

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/place"
)

const (
	perSecond = 1000
	lasting   = 10 // seconds
	colleague = 4  // who have the counter open
)

// event receives a thousand messages a second, by tens, in the whole program, and measures from the moment when
// each ten is due (what falls behind is late) to the last byte of the event in a colleague's browser: stored, indexed,
// journalled, read, rendered, packed, sent. Every message of an event counts, in each browser.
func event(ctx context.Context, w *work) ([]figure, error) {
	texts, err := w.posts(ctx, perSecond*lasting)
	if err != nil {
		return nil, err
	}
	f := one("receipt to event in a browser at 1,000 messages/s, p99", "ms", goal{most: 100})
	for range w.runs {
		late, err := eventOnce(ctx, w, texts)
		if err != nil {
			return nil, err
		}
		f.ours = append(f.ours, percentile(late, 99))
	}
	return []figure{f}, nil
}

func eventOnce(ctx context.Context, w *work, texts []string) ([]float64, error) {
	h, err := newHouse(ctx, w, "")
	if err != nil {
		return nil, err
	}
	cookies, err := h.counterSessions(ctx, colleague)
	if err != nil {
		return nil, err
	}
	from, err := place.Last(ctx, h.store.DB, h.place.ID)
	h.close() // the program opens the folder itself
	if err != nil {
		return nil, err
	}
	h.cfg.Listen = "127.0.0.1:0"
	a, err := app.New(ctx, h.cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	var late []float64
	g, gctx := errgroup.WithContext(ctx)
	sctx, stop := context.WithCancel(gctx)
	g.Go(func() error { return a.Serve(sctx) })
	g.Go(func() (err error) {
		defer stop()
		late, err = rush(gctx, a, h, cookies, from, texts)
		return err
	})
	return late, g.Wait()
}

// counterSessions makes colleagues who see the counter, and returns a cookie of each.
func (h *house) counterSessions(ctx context.Context, n int) (cookies []string, err error) {
	for i := range n {
		var m place.Member
		err := h.store.DB.Write(ctx, func(tx db.Tx) (err error) {
			m, err = place.AddMember(ctx, tx, h.owner.As(h.place.ID, place.Owner), h.place.ID, place.NewMember{Name: fmt.Sprintf("Marco %d", i), Email: fmt.Sprintf("marco%d@lezinc.example", i)}, place.Manager)
			return err
		})
		if err != nil {
			return nil, err
		}
		one, err := h.sessions(ctx, m.ID, 1)
		if err != nil {
			return nil, err
		}
		cookies = append(cookies, one...)
	}
	return cookies, nil
}

// rush receives the texts and returns how late each message was in each browser, in milliseconds.
func rush(ctx context.Context, a *app.App, h *house, cookies []string, from int64, texts []string) ([]float64, error) {
	addr := a.Addr().String()
	l, err := listen(ctx, addr, len(cookies), func(i int) string {
		return fmt.Sprintf("GET /p/%s/inbox/stream?from=%d HTTP/1.1\r\nHost: %s\r\nAccept: text/event-stream\r\nAccept-Encoding: gzip\r\nCookie: %s\r\n\r\n", h.place.Slug, from, addr, cookies[i])
	}, packed())
	if err != nil {
		return nil, err
	}
	defer l.close()
	const page = 10
	began := time.Now()
	due := func(i int) time.Time { return began.Add(time.Duration(i/page*page) * time.Second / perSecond) }
	for i := 0; i < len(texts); i += page {
		time.Sleep(time.Until(due(i)))
		if err := a.Inbox.Receive(ctx, h.house, pageOf(texts[i:i+page], i, now)); err != nil {
			return nil, err
		}
	}
	time.Sleep(2 * time.Second)
	var late []float64
	for _, events := range l.close() {
		// Each message is one entry of the journal, in order: an event whose number is n brings all up to n.
		next := 0
		for _, e := range events {
			for ; next < len(texts) && from+int64(next) < e.mark; next++ {
				late = append(late, float64(e.at.Sub(due(next)).Microseconds())/1000)
			}
		}
		if next != len(texts) {
			return nil, fmt.Errorf("a browser heard of %d messages of %d", next, len(texts))
		}
	}
	return late, nil
}
