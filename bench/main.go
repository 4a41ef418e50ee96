// Command bench measures what Comptoir promises in numbers and prints it beside the goals and, where there is
// one, beside a ceiling that ran in the same minute on the same machine. docs/performance.md says what each line
// means and keeps the last run.
//
//	go run ./bench                     everything, in about twenty-five minutes
//	go run ./bench start streams       some of it
//
// Figures move from machine to machine and from hour to hour; ratios to a ceiling move much less. The ceilings
// are small programs in the folder that COMPTOIR_LIMITS names; without it only our own figures are printed.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest/pgtest"
)

// bench is a measurement by name.
type bench struct {
	name string
	run  func(ctx context.Context, w *work) ([]figure, error)
}

var all = []bench{
	{"start", start}, {"page", page}, {"receive", receive}, {"event", event}, {"streams", streams}, {"crowd", crowd},
	{"million", million}, {"backup", backups}, {"million-postgres", millionPostgres}, {"backup-postgres", backupsPostgres}, {"idle", idle},
}

// work is what every measurement has.
type work struct {
	dir       string // of its own, removed afterwards
	binary    string // the program, built as released
	limits    string // the ceilings' folder, "" when there is none
	runs      int    // of what is compared with a ceiling; medians are of these
	clients   int    // open streams
	many      int    // messages of an aged place
	megabytes int    // of its files
	texts     []string
	old       map[db.Engine]*aged // that were made
	atEnd     []func()
}

func main() {
	w := &work{limits: os.Getenv("COMPTOIR_LIMITS"), old: map[db.Engine]*aged{}}
	flag.IntVar(&w.runs, "runs", 3, "how many times what is compared with a ceiling runs")
	flag.IntVar(&w.clients, "clients", 10_000, "how many streams are open at once")
	flag.IntVar(&w.many, "messages", 1_000_000, "how many messages an aged place has")
	flag.IntVar(&w.megabytes, "files", 2000, "how many megabytes of files it has")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, w, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// measure runs the measurements named, all without names. One that fails is told at the end; the others count.
func measure(ctx context.Context, w *work, names []string) (err error) {
	if w.dir, err = os.MkdirTemp("", "comptoir-bench-"); err != nil {
		return err
	}
	defer w.end()
	if err := build(ctx, w); err != nil {
		return err
	}
	var figures []figure
	var failed error
	for _, b := range all {
		if len(names) > 0 && !slices.Contains(names, b.name) {
			continue
		}
		began := time.Now()
		found, err := b.run(ctx, w)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, pgtest.ErrNotInstalled) {
			fmt.Fprintln(os.Stderr, "bench:", b.name, "was left out:", err)
			continue
		}
		if err != nil {
			failed = fmt.Errorf("%s: %w", b.name, err)
			fmt.Fprintln(os.Stderr, "bench:", failed)
		}
		fmt.Fprintf(os.Stderr, "%s took %v\n", b.name, time.Since(began).Round(time.Second))
		figures = append(figures, found...)
	}
	fmt.Print(table(figures))
	return failed
}

// end stops and removes what measurements leave for each other.
func (w *work) end() {
	for _, stop := range w.atEnd {
		stop()
	}
	os.RemoveAll(w.dir)
}

// build makes the program as it is released.
func build(ctx context.Context, w *work) error {
	w.binary = filepath.Join(w.dir, "comptoir")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", w.binary, "./cmd/comptoir")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stderr = os.Stderr
	return cmd.Run()
}

// tool builds one of the ceilings' programs and returns its path.
func (w *work) tool(ctx context.Context, name string) (string, error) {
	path := filepath.Join(w.dir, "limit-"+name)
	if _, err := os.Stat(path); err == nil {
		return path, nil
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", path, "./"+name)
	cmd.Dir, cmd.Stderr = w.limits, os.Stderr
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("the ceiling %s: %w", name, err)
	}
	return path, nil
}
