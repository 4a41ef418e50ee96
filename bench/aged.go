package main

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest/pgtest"
)

// aged is a place with as many messages as a busy one gathers in ten years, before the program starts on it.
type aged struct {
	*house
	texts  []string // of its messages
	filled float64  // messages a second
	flags  []string // of the command line, that the program finds its database
	said   int      // how many messages there are by now
}

// aged makes the place on an engine, once for all that measure it. On PostgreSQL it is in a throwaway cluster, and the error
// is pgtest.ErrNotInstalled where there is none.
func (w *work) aged(ctx context.Context, engine db.Engine) (*aged, error) {
	if a := w.old[engine]; a != nil {
		return a, nil
	}
	a := &aged{}
	var url string
	if engine == db.Postgres {
		pg, err := pgtest.Start(ctx)
		if err != nil {
			return nil, err
		}
		w.atEnd = append(w.atEnd, pg.Stop)
		url = pg.URL
		a.flags = []string{"--database", url}
	}
	var err error
	if a.texts, err = w.posts(ctx, w.many); err != nil {
		return nil, err
	}
	if a.house, err = newHouse(ctx, w, url); err != nil {
		return nil, err
	}
	defer a.close()
	began := time.Now()
	if err := a.fill(ctx, a.texts, 1000, ago(len(a.texts), 5*time.Minute)); err != nil {
		return nil, err
	}
	a.filled = float64(len(a.texts)) / time.Since(began).Seconds()
	a.said = len(a.texts)
	w.old[engine] = a
	return a, nil
}
