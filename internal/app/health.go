package app

import (
	"context"
	"net/http"
	"syscall"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/fault"
)

// health registers what machines ask: alive, ready, numbers.
func (a *App) health(t *door.Table) {
	open := func(path string) door.Route {
		return door.Route{Method: "GET", Pattern: path, Kind: door.Open, Limit: door.NoLimit}
	}
	t.Add(open("/healthz"), func(w http.ResponseWriter, _ *http.Request, _ *door.Visit) error {
		return plain(w, http.StatusOK, "alive\n")
	})
	t.Add(open("/readyz"), func(w http.ResponseWriter, r *http.Request, _ *door.Visit) error {
		if err := a.Ready(r.Context()); err != nil {
			a.log.Warn("not ready", "err", err)
			return plain(w, http.StatusServiceUnavailable, "not ready\n") // why is for the log and comptoir check
		}
		return plain(w, http.StatusOK, "ready\n")
	})
}

func plain(w http.ResponseWriter, status int, text string) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, err := w.Write([]byte(text))
	return err
}

// Limits of being ready.
const (
	minDisk  = 64 << 20        // bytes free in the data folder
	maxQueue = 2 * time.Minute // how late the oldest due job may be
)

// Ready tells whether this process can do its work: the database answers, took the latest write and has the
// right schema, the disk can be written and has room, the queue moves.
func (a *App) Ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := a.DB.Ping(ctx); err != nil {
		return err
	}
	if err := a.DB.CheckVersion(ctx); err != nil {
		return err
	}
	if err := a.DB.Writable(); err != nil {
		return err
	}
	var st syscall.Statfs_t
	if err := syscall.Statfs(a.cfg.Data, &st); err != nil {
		return err
	}
	if st.Flags&syscall.MS_RDONLY != 0 {
		return fault.New(fault.Unavailable, "app.ready", "data.unwritable", "dir", a.cfg.Data)
	}
	if free := st.Bavail * uint64(st.Bsize); free < minDisk {
		return fault.New(fault.Unavailable, "app.ready", "db.disk", "free", free)
	}
	late, err := a.queue.OldestDue(ctx)
	if err == nil && late > maxQueue {
		return fault.New(fault.Unavailable, "app.ready", "check.queue_stuck", "late", late)
	}
	return err
}
