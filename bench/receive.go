package main

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/inbox"
	"comptoir/internal/jobs"
	"comptoir/internal/live"
	"comptoir/internal/media"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

const received = 20_000 // messages of one measurement

// receive measures the way in: pages of 100 messages stored durably, threaded, indexed for search and
// pushed to an open stream, against the sqlite3 command line inserting the same texts with FTS5.
func receive(ctx context.Context, w work) ([]result, error) {
	posts, err := posts(ctx, w, 2*received)
	if err != nil {
		return nil, err
	}
	var rates []float64
	for range 3 {
		r, err := receiveOnce(ctx, w, posts[:received])
		if err != nil {
			return nil, err
		}
		rates = append(rates, r)
	}
	slices.Sort(rates)
	ours := rates[len(rates)/2]
	out := []result{{"received by pages of 100, synchronous=FULL, indexed", fmt.Sprintf("%.0f/s", ours), "see the ratio", true}}
	if w.limits != "" {
		ceiling, err := sqliteCeiling(ctx, w)
		if err != nil {
			return nil, err
		}
		ratio := ours / ceiling
		out = append(out, result{fmt.Sprintf("… against the sqlite3 command line (%.0f/s)", ceiling), fmt.Sprintf("%.2f ×", ratio), "≥ 0.30 ×", ratio >= .3})
	}
	p99, err := latency(ctx, w, posts)
	if err != nil {
		return nil, err
	}
	return append(out, result{"receipt to event at 1,000 messages/s, p99", p99.Round(100 * time.Microsecond).String(), "≤ 100 ms", p99 <= 100*time.Millisecond}), nil
}

// counter is a place with an account and an inbox on a fresh SQLite file.
type counter struct {
	db      *db.DB
	inbox   *inbox.Inbox
	place   place.Place
	account place.Account
	close   func()
}

func newCounter(ctx context.Context, w work) (*counter, error) {
	dir, err := os.MkdirTemp(w.dir, "counter-")
	if err != nil {
		return nil, err
	}
	d, err := db.Open(ctx, filepath.Join(dir, "c.db"))
	if err != nil {
		return nil, err
	}
	c := &counter{db: d}
	log := slog.New(slog.DiscardHandler)
	if _, err := d.Migrate(ctx); err != nil {
		return nil, err
	}
	if err := jobs.Migrate(ctx, d); err != nil {
		return nil, err
	}
	keys, err := place.LoadKeys(dir)
	if err != nil {
		return nil, err
	}
	files, err := media.Open(filepath.Join(dir, "files"))
	if err != nil {
		return nil, err
	}
	c.inbox = &inbox.Inbox{DB: d, Files: files, Log: log}
	c.close = func() { files.Close(); d.Close() }
	return c, d.Write(ctx, func(tx db.Tx) (err error) {
		if c.place, err = place.Create(ctx, tx, place.System(), place.New{Name: "Le Zinc", Language: "fr", TimeZone: "UTC"}); err != nil {
			return err
		}
		c.account, err = place.AddAccount(ctx, tx, keys, place.System(), c.place.ID, place.NewAccount{Kind: "email", Handle: "bar@zinc.example", Endpoint: "{}"})
		return err
	})
}

// page makes a page of messages: 5,000 people write, each in a conversation of their own.
func page(texts []string, from int) network.Page {
	p := network.Page{Next: network.Cursor(strconv.Itoa(from + len(texts)))}
	now := time.Now()
	for i, s := range texts {
		who := strconv.Itoa((from + i) % 5000)
		p.Messages = append(p.Messages, network.Message{
			ID: network.RemoteID("m" + strconv.Itoa(from+i)), Thread: network.RemoteID("t" + who),
			Author: network.Author{ID: network.RemoteID("p" + who), Handle: "p" + who + "@exemple.test", Name: "Personne " + who},
			Text:   s, SentAt: now,
		})
	}
	return p
}

func receiveOnce(ctx context.Context, w work, texts []string) (float64, error) {
	c, err := newCounter(ctx, w)
	if err != nil {
		return 0, err
	}
	defer c.close()
	began := time.Now()
	for i := 0; i < len(texts); i += 100 {
		if err := c.inbox.Receive(ctx, c.account, page(texts[i:i+100], i)); err != nil {
			return 0, err
		}
	}
	return float64(len(texts)) / time.Since(began).Seconds(), nil
}

// latency receives 1,000 messages a second for ten seconds, by tens, and returns the 99th percentile of
// the time from the call to the event in an open stream.
func latency(ctx context.Context, w work, texts []string) (time.Duration, error) {
	c, err := newCounter(ctx, w)
	if err != nil {
		return 0, err
	}
	defer c.close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	hub := live.New(c.db, slog.New(slog.DiscardHandler))
	go hub.Run(ctx)
	seen := make(chan int64, 100_000)
	topic := live.Topic{PlaceID: c.place.ID, Name: "bench", Render: func(_ context.Context, entries []place.Entry) (fs []live.Frame, err error) {
		for _, e := range entries {
			fs = append(fs, live.Frame{Seq: e.Seq, Data: []byte(strconv.FormatInt(e.Seq, 10))})
		}
		return fs, nil
	}}
	at := make([]time.Time, 1, 12_000) // by journal number, filled by the stream
	go hub.Stream(ctx, topic, -1, func(b []byte) error {
		if n, err := strconv.ParseInt(string(b), 10, 64); err == nil {
			at = append(at, time.Now())
			seen <- n
		}
		return nil
	})
	time.Sleep(100 * time.Millisecond)
	var sent []time.Time
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for i := 0; i < 10_000; i += 10 {
		<-tick.C
		began := time.Now()
		for range 10 {
			sent = append(sent, began)
		}
		if err := c.inbox.Receive(ctx, c.account, page(texts[i:i+10], i)); err != nil {
			return 0, err
		}
	}
	for range sent {
		select {
		case <-seen:
		case <-time.After(10 * time.Second):
			return 0, fmt.Errorf("events are missing")
		}
	}
	var late []time.Duration
	for i := range sent {
		late = append(late, at[i+1].Sub(sent[i]))
	}
	slices.Sort(late)
	return late[len(late)*99/100], nil
}

// posts returns n short texts: those of the ceilings' generator when it is there, else our own.
func posts(ctx context.Context, w work, n int) ([]string, error) {
	if w.limits == "" {
		var all []string
		for i := range n {
			all = append(all, fmt.Sprintf("On a faim à la table %d, mais on ne voit personne! Vous servez encore la cuisine? Merci, à tantôt, numéro %d du soir.", i%40, i))
		}
		return all, nil
	}
	if _, err := os.Stat(filepath.Join(w.dir, "posts.txt")); err != nil {
		gen := exec.CommandContext(ctx, "go", "run", "./genposts", w.dir)
		gen.Dir, gen.Stderr = w.limits, os.Stderr
		gen.Env = append(os.Environ(), "GOFLAGS=-mod=mod")
		if err := gen.Run(); err != nil {
			return nil, fmt.Errorf("genposts: %w", err)
		}
	}
	f, err := os.Open(filepath.Join(w.dir, "posts.txt"))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var all []string
	for s := bufio.NewScanner(f); s.Scan() && len(all) < n; {
		all = append(all, s.Text())
	}
	return all, nil
}

var fullRate = regexp.MustCompile(`batch100-fts rows=\d+ batch=100 sync=full .*rows/s_wall=(\d+)`)

// sqliteCeiling runs the ceiling's script and returns its rows a second by 100 a commit, FULL, with FTS5.
func sqliteCeiling(ctx context.Context, w work) (float64, error) {
	cmd := exec.CommandContext(ctx, "bash", filepath.Join(w.limits, "sqlite.sh"), filepath.Join(w.dir, "posts.txt"), "50000")
	cmd.Env = append(os.Environ(), "LAB="+w.dir, "RUNS=3", "SEARCH=1000")
	out, err := cmd.Output()
	var rates []float64
	for _, m := range fullRate.FindAllSubmatch(out, -1) {
		r, _ := strconv.ParseFloat(string(m[1]), 64)
		rates = append(rates, r)
	}
	if len(rates) == 0 {
		return 0, fmt.Errorf("sqlite.sh told no rate: %v\n%s", err, out)
	}
	slices.Sort(rates)
	return rates[len(rates)/2], nil
}
