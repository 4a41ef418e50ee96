package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/inbox"
	"comptoir/internal/text"
)

// million measures what gets slow with age: starting, searching, turning the pages of the list.
func million(ctx context.Context, w *work) ([]figure, error) {
	return grown(ctx, w, db.SQLite, "SQLite")
}

func millionPostgres(ctx context.Context, w *work) ([]figure, error) {
	return grown(ctx, w, db.Postgres, "PostgreSQL")
}

func grown(ctx context.Context, w *work, engine db.Engine, name string) ([]figure, error) {
	a, err := w.aged(ctx, engine)
	if err != nil {
		return nil, err
	}
	if err := a.open(ctx); err != nil {
		return nil, err
	}
	searched, err := searches(ctx, a)
	var cookies []string
	if err == nil {
		cookies, err = a.sessions(ctx, a.owner.ID, 1)
	}
	a.close()
	if err != nil {
		return nil, err
	}
	cold, err := coldStarts(ctx, w, a.cfg.Data, 5, a.flags...)
	if err != nil {
		return nil, err
	}
	listed, err := turned(ctx, w, a, cookies[0])
	if err != nil {
		return nil, err
	}
	of := fmt.Sprintf(", %d messages, %s", len(a.texts), name)
	return []figure{
		one("filled by pages of 1,000"+of, "/s", goal{}, a.filled),
		one("cold start to the first answer"+of, "ms", goal{most: 150}, cold...),
		one("search, newest 50 of any word, p99"+of, "ms", goal{most: 20}, percentile(searched, 99)),
		one("a page of the counter, anywhere in the list, p99"+of, "ms", goal{}, percentile(listed, 99)),
	}, nil
}

// searches asks for the newest 50 conversations with a word, for a thousand words as people use them: the words of
// its texts taken at random, so that common ones come often. It returns how long each took, in milliseconds.
func searches(ctx context.Context, h *aged) (took []float64, err error) {
	random := rand.New(rand.NewPCG(1, 2))
	for len(took) < 1000 {
		words := text.Terms(h.texts[random.IntN(len(h.texts))])
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
func turned(ctx context.Context, w *work, h *aged, cookie string) (took []float64, err error) {
	p, err := serve(ctx, w, h.cfg.Data, h.flags...)
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
