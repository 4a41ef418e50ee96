// Command bench measures what Comptoir promises and prints it beside the goal and, where there is one,
// beside a ceiling run in the same minute on the same machine: docs/performance.md keeps the last run.
//
//	go run ./bench            everything
//	go run ./bench start      one of: start, receive, streams, page
//
// Figures move from machine to machine; the ratios to a ceiling move much less. The ceilings are small
// programs in the folder that COMPTOIR_LIMITS names; without it only our own figures are printed.
package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"time"
)

// result is one measured line.
type result struct {
	what  string
	value string
	goal  string
	met   bool
}

func (r result) String() string {
	mark := "MISSED"
	if r.met {
		mark = "ok"
	}
	return fmt.Sprintf("%-58s %16s   goal %-22s %s", r.what, r.value, r.goal, mark)
}

// bench is a measurement by name.
type bench struct {
	name string
	run  func(ctx context.Context, w work) ([]result, error)
}

var all = []bench{{"start", start}, {"receive", receive}}

// work is what every measurement has.
type work struct {
	dir    string // of its own, removed afterwards
	binary string // the program, built as released
	limits string // the ceilings' folder, "" when there is none
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := measure(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func measure(ctx context.Context, names []string) error {
	dir, err := os.MkdirTemp("", "comptoir-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	w := work{dir: dir, binary: filepath.Join(dir, "comptoir"), limits: os.Getenv("COMPTOIR_LIMITS")}
	build := exec.CommandContext(ctx, "go", "build", "-trimpath", "-ldflags=-s -w", "-o", w.binary, "./cmd/comptoir")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	build.Stderr = os.Stderr
	if err := build.Run(); err != nil {
		return err
	}
	for _, b := range all {
		if len(names) > 0 && !slices.Contains(names, b.name) {
			continue
		}
		fmt.Printf("== %s (%s)\n", b.name, time.Now().UTC().Format(time.RFC3339))
		results, err := b.run(ctx, w)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		for _, r := range results {
			fmt.Println(r)
		}
	}
	return nil
}

// median of at least one duration.
func median(ds []time.Duration) time.Duration {
	slices.Sort(ds)
	return ds[len(ds)/2]
}
