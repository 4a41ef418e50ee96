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
)

const received = 50_000 // messages of one measurement, as many as the ceiling inserts rows

// receive measures the way in: pages of 100 messages stored durably, threaded, indexed for search and
// journalled, against the sqlite3 command line inserting the same texts with a full-text index.
func receive(ctx context.Context, w *work) ([]figure, error) {
	texts, err := w.posts(ctx, received)
	if err != nil {
		return nil, err
	}
	f := figure{what: "received, by pages of 100, synchronous=FULL, indexed", unit: "/s", goal: goal{timesLeast: .3}}
	for range w.runs {
		rate, err := receiveOnce(ctx, w, texts)
		if err != nil {
			return nil, err
		}
		f.ours = append(f.ours, rate)
		if w.limits == "" {
			continue
		}
		ceiling, err := sqliteCeiling(ctx, w)
		if err != nil {
			return nil, err
		}
		f.ceiling = append(f.ceiling, ceiling)
	}
	return []figure{f}, nil
}

func receiveOnce(ctx context.Context, w *work, texts []string) (perSecond float64, err error) {
	h, err := newHouse(ctx, w, "")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(h.cfg.Data)
	defer h.close()
	began := time.Now()
	err = h.fill(ctx, texts, 100, now)
	return float64(len(texts)) / time.Since(began).Seconds(), err
}

// fill receives texts by pages.
func (h *house) fill(ctx context.Context, texts []string, size int, at func(n int) time.Time) error {
	for i := 0; i < len(texts); i += size {
		if err := h.inbox.Receive(ctx, h.house, pageOf(texts[i:min(i+size, len(texts))], i, at)); err != nil {
			return err
		}
	}
	return nil
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
