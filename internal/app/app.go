// Package app builds, starts and stops the whole program. It is the only package that knows all others:
// where two domains must meet (a guest's call is also a conversation), app joins them with a function
// value that runs inside the caller's transaction.
package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"comptoir/internal/api"
	"comptoir/internal/backup"
	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/jobs"
	"comptoir/internal/live"
	"comptoir/internal/media"
	"comptoir/internal/outgoing"
	"comptoir/internal/place"
	"comptoir/internal/web"
)

// App is a running installation.
type App struct {
	*Store
	Networks *place.Networks
	Inbox    *inbox.Inbox
	Floor    *floor.Floor

	files    *media.Store
	cfg      Config
	log      *slog.Logger
	listener net.Listener
	unlock   func()
	out      *outgoing.Door
	hub      *live.Hub
	queue    *jobs.Queue
	backups  *backup.Keeper
	server   *http.Server
	guard    *door.Guard
	table    *door.Table
	public   atomic.Pointer[url.URL]
	own      atomic.Pointer[[]netip.Addr] // where the public name leads
	moved    chan struct{}                // holds one word that it changed
	count    *metrics
	runs     []func(context.Context) error // what works in the background until the end
	closing  sync.Once
}

// New builds an installation and takes its address: from then on connections wait in its queue. Serve
// answers them.
func New(ctx context.Context, cfg Config, log *slog.Logger) (*App, error) {
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	a := &App{cfg: cfg, log: log, moved: make(chan struct{}, 1)}
	if err := a.build(ctx); err != nil {
		a.Close()
		return nil, err
	}
	return a, nil
}

func (a *App) build(ctx context.Context) (err error) {
	if a.unlock, err = lock(a.cfg); err != nil {
		return err
	}
	cut, err := a.cfg.whole()
	if err != nil {
		return err
	}
	if a.Store, err = Open(ctx, a.cfg, !a.cfg.NoMigrate); err != nil {
		return err
	}
	if err := a.examine(ctx); err != nil {
		return err
	}
	if err := a.loadPublicURL(ctx); err != nil {
		return err
	}
	a.count = newMetrics(a)
	if a.out, err = outgoing.New(a.outgoingConfig()); err != nil {
		return err
	}
	a.Networks = a.networks()
	if err := a.rooms(); err != nil {
		return err
	}
	a.hub = live.New(a.DB, a.log)
	workers := jobs.NewWorkers()
	a.work(workers)
	a.backups = a.keeper(workers)
	if a.queue, err = jobs.New(a.DB, workers, a.log); err != nil {
		return err
	}
	a.Inbox.Queue = a.queue
	if err := a.holdBack(ctx, cut); err != nil {
		return err
	}
	collector := &inbox.Collector{Inbox: a.Inbox, Holder: db.NewID(), Alone: a.DB.Engine() == db.SQLite}
	a.runs = append(a.runs, a.DB.Run, a.hub.Run, a.queue.Run, collector.Run, a.catchUp, a.prune, a.backups.Run, a.learnOwn, a.mailNotices, a.followAddress)
	if err := a.doors(); err != nil {
		return err
	}
	if a.listener, err = net.Listen("tcp", a.cfg.Listen); err != nil {
		return fault.Wrap(err, fault.Unavailable, "app.listen", "config.listen_taken", "listen", a.cfg.Listen)
	}
	return nil
}

// doors registers every route and builds the server around them.
func (a *App) doors() error {
	proxies, err := a.cfg.proxies()
	if err != nil {
		return err
	}
	site := &web.Server{DB: a.DB, Keys: a.Keys, Hub: a.hub, Queue: a.queue, Floor: a.Floor, Inbox: a.Inbox, Networks: a.Networks, Backups: a.backups, Address: a.address(), Log: a.log, Version: Version(), Addresses: func() []string { return addresses(a.listener) }}
	a.guard = &door.Guard{
		DB: a.DB, Log: a.log, Fail: site.Fail, PlainSignIn: a.cfg.PlainSignIn, OperatorToken: a.cfg.OperatorToken,
		Origin: door.Origin{Public: a.public.Load, Proxies: proxies},
	}
	a.guard.Answered, a.guard.Happened, a.Inbox.Watch = a.count.answered, a.count.happened, a.count.watch()
	site.Guard = a.guard
	programs := &api.API{DB: a.DB, Keys: a.Keys, Floor: a.Floor, Inbox: a.Inbox, Networks: a.Networks}
	a.guard.FailAPI = programs.Fail
	a.table = &door.Table{}
	site.Routes(a.table)
	programs.Routes(a.table)
	a.health(a.table)
	a.count.route(a.table, a.log)
	a.self(a.table)
	a.server = &http.Server{
		Handler:           a.guard.Handler(a.table),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       30 * time.Second, // a large upload is given time by the door, as long as it comes
		WriteTimeout:      60 * time.Second, // moved by the door with each piece that is taken
		IdleTimeout:       120 * time.Second,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(a.log.Handler(), slog.LevelDebug),
	}
	return nil
}

// lock takes the data folder on SQLite. On PostgreSQL any number of processes may share one. A verb that looks at
// the database's log has the folder for a moment.
func lock(cfg Config) (unlock func(), err error) {
	if cfg.Database != "" {
		return func() {}, nil
	}
	if err := makeData(cfg.Data); err != nil {
		return nil, err
	}
	for range 10 {
		if unlock, err = db.Lock(cfg.Data); !fault.Is(err, fault.Conflict) {
			return unlock, err
		}
		time.Sleep(50 * time.Millisecond)
	}
	return nil, err
}

// loadPublicURL takes the address from the settings of the operator, else from the address screen.
func (a *App) loadPublicURL(ctx context.Context) error {
	raw := a.cfg.PublicURL
	if raw == "" {
		var err error
		if raw, err = place.InstanceValue(ctx, a.DB, place.InstancePublicURL); err != nil || raw == "" {
			return err
		}
	}
	u, err := door.ParsePublic(raw)
	if err != nil {
		return err
	}
	a.foundAt(u)
	return nil
}

// Addr is the address listened on.
func (a *App) Addr() net.Addr { return a.listener.Addr() }

// Routes lists every door, for the isolation test and the manual.
func (a *App) Routes() []door.Route { return a.table.Routes() }

// Serve answers until ctx ends, then lets requests under way finish and stops everything.
func (a *App) Serve(ctx context.Context) error {
	g, gctx := errgroup.WithContext(ctx)
	for _, run := range a.runs {
		g.Go(func() error { return run(gctx) })
	}
	g.Go(func() error {
		if err := a.server.Serve(a.listener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	g.Go(func() error {
		<-gctx.Done()
		end, cancel := context.WithTimeout(context.WithoutCancel(gctx), 10*time.Second)
		defer cancel()
		if a.server.Shutdown(end) != nil {
			return a.server.Close()
		}
		return nil
	})
	err := g.Wait()
	if lost := a.DB.Lost(); lost != nil {
		err = lost // whoever met it first may not have known what it was
	}
	a.Close()
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// Close releases what New took; Serve does it by itself.
func (a *App) Close() {
	a.closing.Do(func() {
		if a.listener != nil {
			a.listener.Close()
		}
		if a.Networks != nil {
			a.Networks.Settle()
		}
		if a.out != nil {
			a.out.Close()
		}
		if a.files != nil {
			a.files.Close()
		}
		if a.Store != nil {
			a.Store.Close()
		}
		if a.unlock != nil {
			a.unlock()
		}
	})
}

// Run is the server from start to end: it says on out where it can be opened, and how to begin when
// there is no place yet.
func Run(ctx context.Context, cfg Config, log *slog.Logger, out io.Writer) error {
	start := time.Now()
	if err := noCoreDump(); err != nil {
		log.Warn("a crash may leave a core dump", "err", err)
	}
	a, err := New(ctx, cfg, log)
	if err != nil {
		return err
	}
	if err := a.greet(ctx, out, time.Since(start)); err != nil {
		a.Close()
		return err
	}
	return a.Serve(ctx)
}

func (a *App) greet(ctx context.Context, out io.Writer, took time.Duration) error {
	urls := addresses(a.listener)
	TellCopied(out, a.Copied)
	fmt.Fprintf(out, "Comptoir %s is ready in %d ms.\n", Version(), took.Milliseconds())
	for i, u := range urls {
		where := "this machine"
		if i > 0 {
			where = "this network"
		}
		fmt.Fprintf(out, "  On %s: %s\n", where, u)
	}
	if done, err := place.IsSetUp(ctx, a.DB); err != nil || done {
		return err
	}
	path, err := SetUpLink(ctx, a.Store)
	if err != nil {
		return err
	}
	base := urls[0]
	if u := a.public.Load(); u != nil {
		base = u.String()
	}
	another := "comptoir setup --link --data " + a.cfg.Data
	if base != LocalBase {
		another += " --public-url " + base
	}
	fmt.Fprintf(out, "  To begin, within 30 minutes: %s%s\n  (another link: %s)\n", base, path, another)
	return nil
}
