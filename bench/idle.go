package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"comptoir/internal/network/email/emailtest"
)

const (
	accounts = 12
	resting  = 30 * time.Second
)

// idle measures the program while nobody does anything: a place with 100,000 messages that waits for mail in twelve
// mailboxes.
func idle(ctx context.Context, w *work) ([]figure, error) {
	texts, err := w.posts(ctx, min(w.many, 100_000))
	if err != nil {
		return nil, err
	}
	h, err := newHouse(ctx, w, "")
	if err != nil {
		return nil, err
	}
	mail, err := emailtest.Start()
	if err != nil {
		return nil, err
	}
	defer mail.Close()
	err = h.fill(ctx, texts, 1000, ago(len(texts), time.Minute))
	if err == nil {
		err = h.connect(ctx, mail)
	}
	h.close()
	if err != nil {
		return nil, err
	}
	p, err := serve(ctx, w, h.cfg.Data, "--allow-private", "127.0.0.1:*")
	if err != nil {
		return nil, err
	}
	defer p.stop()
	select { // the collector takes its accounts, each mailbox is read once
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-time.After(15 * time.Second):
	}
	before, err := p.cpu()
	if err != nil {
		return nil, err
	}
	time.Sleep(resting)
	after, err := p.cpu()
	if err != nil {
		return nil, err
	}
	rss, err := p.memory()
	return []figure{
		one(fmt.Sprintf("at rest, %d messages, %d mailboxes: memory", len(texts), accounts), "MB", goal{most: 64}, rss/1e6),
		one("… of one processor", "%", goal{most: .5}, 100*(after-before).Seconds()/resting.Seconds()),
	}, err
}

// connect gives the place its mailboxes.
func (h *house) connect(ctx context.Context, mail *emailtest.Server) error {
	for i := range accounts {
		address := "bonjour" + strconv.Itoa(i) + "@lezinc.test"
		mail.Add(address, password)
		_, err := h.mailbox(ctx, address, mail.Endpoint(address, "Le Zinc").String())
		if err != nil {
			return err
		}
	}
	return nil
}
