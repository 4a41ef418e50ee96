package main

import (
	"context"
	"os"
	"path/filepath"
)

// start measures the program itself: its size, and the time from exec to its first answer.
func start(ctx context.Context, w *work) ([]figure, error) {
	st, err := os.Stat(w.binary)
	if err != nil {
		return nil, err
	}
	data := filepath.Join(w.dir, "start")
	first, err := coldStarts(ctx, w, data, 1) // makes the data folder
	if err != nil {
		return nil, err
	}
	cold, err := coldStarts(ctx, w, data, 5)
	return []figure{
		one("binary, one file", "MB", goal{most: 45}, float64(st.Size())/1e6),
		one("very first start, with making the database", "ms", goal{}, first...),
		one("cold start to the first answer, nothing stored", "ms", goal{most: 150}, cold...),
	}, err
}

// coldStarts starts the program n times and returns how long each took, in milliseconds.
func coldStarts(ctx context.Context, w *work, data string, n int, more ...string) (took []float64, err error) {
	for range n {
		p, err := serve(ctx, w, data, more...)
		if err != nil {
			return took, err
		}
		p.stop()
		took = append(took, float64(p.took.Microseconds())/1000)
	}
	return took, nil
}
