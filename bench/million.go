package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"comptoir/internal/db/dbtest/pgtest"
	"comptoir/internal/inbox"
	"comptoir/internal/text"
)

// million makes a place with as many messages as a busy one gathers in ten years and measures what gets slow with
// age: starting, searching, turning the pages of the list. On both databases.
func million(ctx context.Context, w *work) ([]figure, error) {
	figures, err := grown(ctx, w, "", "SQLite")
	if err != nil {
		return figures, err
	}
	pg, err := pgtest.Start(ctx)
	if errors.Is(err, pgtest.ErrNotInstalled) {
		return figures, nil
	}
	if err != nil {
		return figures, err
	}
	defer pg.Stop()
	more, err := grown(ctx, w, pg.URL, "PostgreSQL")
	return append(figures, more...), err
}

// grown measures on one database; url is that of PostgreSQL, "" for SQLite.
func grown(ctx context.Context, w *work, url, engine string) ([]figure, error) {
	texts, err := w.posts(ctx, w.many)
	if err != nil {
		return nil, err
	}
	h, err := newHouse(ctx, w, url)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := h.fill(ctx, texts, 1000, ago(len(texts), 5*time.Minute)); err != nil {
		h.close()
		return nil, err
	}
	filled := float64(len(texts)) / time.Since(began).Seconds()
	searched, err := searches(ctx, h, texts)
	if err != nil {
		h.close()
		return nil, err
	}
	cookies, err := h.sessions(ctx, h.owner.ID, 1)
	h.close()
	if err != nil {
		return nil, err
	}
	var more []string
	if url != "" {
		more = []string{"--database", url}
	}
	cold, err := coldStarts(ctx, w, h.cfg.Data, 5, more...)
	if err != nil {
		return nil, err
	}
	listed, err := turned(ctx, w, h, cookies[0], more)
	if err != nil {
		return nil, err
	}
	of := fmt.Sprintf(", %d messages, %s", len(texts), engine)
	return []figure{
		one("filled by pages of 1,000"+of, "/s", goal{}, filled),
		one("cold start to the first answer"+of, "ms", goal{most: 150}, cold...),
		one("search, newest 50 of any word, p99"+of, "ms", goal{most: 20}, percentile(searched, 99)),
		one("a page of the counter, anywhere in the list, p99"+of, "ms", goal{}, percentile(listed, 99)),
	}, nil
}

// searches asks for the newest 50 conversations with a word, for a thousand words as people use them: the words of
// texts taken at random, so that common ones come often. It returns how long each took, in milliseconds.
func searches(ctx context.Context, h *house, texts []string) (took []float64, err error) {
	random := rand.New(rand.NewPCG(1, 2))
	for len(took) < 1000 {
		words := text.Terms(texts[random.IntN(len(texts))])
		if len(words) == 0 {
			continue
		}
		q := inbox.Query{Search: words[random.IntN(len(words))] + " ", Limit: 50}
		began := time.Now()
		p, err := h.inbox.List(ctx, h.place.ID, q)
		if err != nil {
			return nil, err
		}
		if len(p.Rows) == 0 {
			return nil, fmt.Errorf("nothing was found for %q", q.Search)
		}
		took = append(took, float64(time.Since(began).Microseconds())/1000)
	}
	return took, nil
}

// turned walks through the counter of the running program as one does with the button under the list.
func turned(ctx context.Context, w *work, h *house, cookie string, more []string) (took []float64, err error) {
	p, err := serve(ctx, w, h.cfg.Data, more...)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	first := "/p/" + h.place.Slug + "/inbox"
	next := first
	for len(took) < 300 {
		began := time.Now()
		body, err := get(ctx, "http://"+p.addr+next, cookie)
		if err != nil {
			return nil, err
		}
		took = append(took, float64(time.Since(began).Microseconds())/1000)
		_, rest, found := strings.Cut(body, first+"?after=")
		mark, _, _ := strings.Cut(rest, `"`)
		if next = first + "?after=" + mark; !found {
			next = first
		}
	}
	return took, nil
}

// get opens a page as a signed-in browser does.
func get(ctx context.Context, address, cookie string) (string, error) {
	r, err := http.NewRequestWithContext(ctx, "GET", address, nil)
	if err != nil {
		return "", err
	}
	r.Header.Set("Cookie", cookie)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%s: %s", filepath.Base(r.URL.Path), resp.Status)
	}
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}
