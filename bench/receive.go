package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"comptoir/internal/place"
)

const (
	received = 50_000 // messages of one measurement, as many as the ceiling inserts rows
	sources  = 4      // accounts that are read at once
)

// receive measures the way in: pages of 100 messages stored durably, threaded, indexed for search and
// journalled, against the sqlite3 command line inserting the same texts with a full-text index. One account's pages
// wait for each other; those of several share a commit.
func receive(ctx context.Context, w *work) ([]figure, error) {
	texts, err := w.posts(ctx, received)
	if err != nil {
		return nil, err
	}
	several := figure{what: fmt.Sprintf("received by %d accounts at once, pages of 100, synchronous=FULL, indexed", sources), unit: "/s", goal: goal{timesLeast: .3}}
	one := figure{what: "… by one account", unit: "/s"}
	for range w.runs {
		for f, accounts := range map[*figure]int{&several: sources, &one: 1} {
			rate, err := receiveOnce(ctx, w, texts, accounts)
			if err != nil {
				return nil, err
			}
			f.ours = append(f.ours, rate)
		}
		if w.limits == "" {
			continue
		}
		ceiling, err := sqliteCeiling(ctx, w)
		if err != nil {
			return nil, err
		}
		several.ceiling, one.ceiling = append(several.ceiling, ceiling), append(one.ceiling, ceiling)
	}
	return []figure{several, one}, nil
}

func receiveOnce(ctx context.Context, w *work, texts []string, accounts int) (perSecond float64, err error) {
	h, err := newHouse(ctx, w, "")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(h.cfg.Data)
	defer h.close()
	from := []place.Account{h.house}
	for len(from) < accounts {
		a, err := h.mailbox(ctx, fmt.Sprintf("bonjour%d@lezinc.test", len(from)), "{}")
		if err != nil {
			return 0, err
		}
		from = append(from, a)
	}
	began := time.Now()
	err = h.fillFrom(ctx, from, texts, 100, now)
	return float64(len(texts)) / time.Since(began).Seconds(), err
}

// fill receives texts by pages, one after the other.
func (h *house) fill(ctx context.Context, texts []string, size int, at func(n int) time.Time) error {
	return h.fillFrom(ctx, []place.Account{h.house}, texts, size, at)
}

// fillFrom receives texts by pages, of several accounts at once. The same people write to the same account.
func (h *house) fillFrom(ctx context.Context, accounts []place.Account, texts []string, size int, at func(n int) time.Time) error {
	var all errgroup.Group
	for i, a := range accounts {
		all.Go(func() error {
			for n := 0; n < len(texts); n += size {
				if n%regulars/size%len(accounts) != i {
					continue
				}
				if err := h.inbox.Receive(ctx, a, pageOf(texts[n:min(n+size, len(texts))], n, at)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return all.Wait()
}

var fullRate = regexp.MustCompile(`batch100-fts rows=\d+ batch=100 sync=full .*rows/s_wall=(\d+)`)

// sqliteCeiling runs the ceiling's script and returns its rows a second by 100 a commit, FULL, with FTS5.
func sqliteCeiling(ctx context.Context, w *work) (float64, error) {
	posts, err := w.postsFile(ctx)
	if err != nil {
		return 0, err
	}
	cmd := exec.CommandContext(ctx, "bash", filepath.Join(w.limits, "sqlite.sh"), posts, strconv.Itoa(received))
	cmd.Env = append(os.Environ(), "LAB="+w.dir, "RUNS=1", "SEARCH=1000")
	out, err := cmd.Output()
	m := fullRate.FindSubmatch(out)
	if m == nil {
		return 0, fmt.Errorf("sqlite.sh told no rate: %v\n%s", err, out)
	}
	return strconv.ParseFloat(string(m[1]), 64)
}
