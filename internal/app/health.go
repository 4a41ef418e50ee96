package app

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net"
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

// self answers to whatever name this installation is asked by, with a proof that it is the one: so an address is tried
// before it is put in force.
func (a *App) self(t *door.Table) {
	t.Add(door.Route{Method: "GET", Pattern: "/self/{nonce}", Kind: door.Open, AnyHost: true}, func(w http.ResponseWriter, r *http.Request, _ *door.Visit) error {
		return plain(w, http.StatusOK, a.proof(r.PathValue("nonce")))
	})
}

func (a *App) proof(nonce string) string {
	h := hmac.New(sha256.New, a.Keys.Derive("address proof"))
	h.Write([]byte(nonce))
	return hex.EncodeToString(h.Sum(nil))
}

// answersAt tells whether this very installation answers at an address ("https://lezinc.example").
func (a *App) answersAt(ctx context.Context, base string) error {
	nonce := rand.Text()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/self/"+nonce, nil)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "app.self", "")
	}
	resp, err := a.out.Self(a.listener.Addr().(*net.TCPAddr).AddrPort().Port()).Do(req)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "app.self", fault.As(err).Key)
	}
	defer resp.Body.Close()
	said, err := io.ReadAll(io.LimitReader(resp.Body, 200))
	if err == nil && string(said) != a.proof(nonce) {
		err = errors.New("somebody else answers")
	}
	return fault.Wrap(err, fault.Unavailable, "app.self", "")
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
