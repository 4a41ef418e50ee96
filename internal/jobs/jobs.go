// Package jobs is work that must happen at a time, or be tried again, and must not be lost. It is River
// on the program's own database: a job exists if and only if the transaction that asked for it was
// committed.
//
// A job may run twice, and a rescued one may still be running: the row it works on decides, never the
// job. Jobs are not for received messages, which come in batches.
package jobs

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverpgxv5"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// Args is the content of a job: ids only, never what people wrote. Kind is its stable name.
type Args interface{ Kind() string }

// Settings of the queue, tried: see docs/decisions.
const (
	// Timeout ends a job's context. What ignores its context is rescued all the same.
	Timeout = 15 * time.Second
	rescue  = 20 * time.Second
	// poll is how late a job may begin: a person who waits for an answer does not notice half a second, and asking more
	// often was half of what a program at rest computed.
	poll  = 500 * time.Millisecond
	pause = 10 * time.Millisecond
)

// Workers is the list of what this program can do, filled before Start.
type Workers struct {
	river    *river.Workers
	rounds   map[string]func(context.Context) error
	periodic []*river.PeriodicJob
}

// NewWorkers returns an empty list.
func NewWorkers() *Workers {
	w := &Workers{river: river.NewWorkers(), rounds: map[string]func(context.Context) error{}}
	Work(w, func(ctx context.Context, r round) error { return w.rounds[r.Name](ctx) })
	return w
}

// round is a job that comes back by itself.
type round struct {
	Name string `json:"name"`
}

func (round) Kind() string { return "round" }

// Every has fn done once in each interval, by one process however many there are, first when the
// program starts. name is stable.
func Every(w *Workers, interval time.Duration, name string, fn func(ctx context.Context) error) {
	w.rounds[name] = fn
	w.periodic = append(w.periodic, river.NewPeriodicJob(river.PeriodicInterval(interval), func() (river.JobArgs, *river.InsertOpts) {
		return round{name}, &river.InsertOpts{UniqueOpts: river.UniqueOpts{ByArgs: true, ByPeriod: interval}}
	}, &river.PeriodicJobOpts{RunOnStart: true}))
}

// Work says how jobs of one kind are done. An error has the job done again later, at growing intervals.
func Work[A Args](w *Workers, fn func(ctx context.Context, args A) error) {
	river.AddWorker(w.river, river.WorkFunc(func(ctx context.Context, job *river.Job[A]) error {
		return fn(ctx, job.Args)
	}))
}

// Queue takes jobs and does them. It is safe for concurrent use.
type Queue struct {
	db     *db.DB
	sqlite *river.Client[*sql.Tx]
	pg     *river.Client[pgx.Tx]
}

// Migrate brings River's own tables to their newest version.
func Migrate(ctx context.Context, d *db.DB) error {
	var err error
	if d.Engine() == db.SQLite {
		err = migrate(ctx, riversqlite.New(d.SQLDB()))
	} else {
		err = migrate(ctx, riverpgxv5.New(d.Pool()))
	}
	return fault.Wrap(err, fault.Internal, "jobs.migrate", "")
}

// New returns a queue that can enqueue; Run makes it work.
func New(d *db.DB, w *Workers, log *slog.Logger) (*Queue, error) {
	cfg := &river.Config{
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: 100}},
		Workers:              w.river,
		PeriodicJobs:         w.periodic,
		Logger:               slog.New(quiet{log.Handler()}),
		FetchPollInterval:    poll,
		FetchCooldown:        pause,
		JobTimeout:           Timeout,
		RescueStuckJobsAfter: rescue,
		MaxAttempts:          25,
	}
	q := &Queue{db: d}
	var err error
	if d.Engine() == db.SQLite {
		cfg.Queues[river.QueueDefault] = river.QueueConfig{MaxWorkers: 20}
		// Listening would be polling a table twenty times a second, half of what a program at rest computes.
		cfg.PollOnly = true
		q.sqlite, err = river.NewClient(riversqlite.New(d.SQLDB()), cfg)
	} else {
		q.pg, err = river.NewClient(riverpgxv5.New(d.Pool()), cfg)
	}
	if err != nil {
		return nil, fmt.Errorf("jobs: %w", err)
	}
	return q, nil
}

// Enqueue asks for a job at a time (the zero time = at once) in the caller's transaction.
func (q *Queue) Enqueue(ctx context.Context, tx db.Tx, args Args, at time.Time) error {
	opts := &river.InsertOpts{ScheduledAt: at}
	var err error
	if q.sqlite != nil {
		_, err = q.sqlite.InsertTx(ctx, tx.Raw().(*sql.Tx), args, opts)
	} else {
		_, err = q.pg.InsertTx(ctx, tx.Raw().(pgx.Tx), args, opts)
	}
	return err
}

// Run does jobs until ctx ends, then lets the ones under way finish for a few seconds.
func (q *Queue) Run(ctx context.Context) error {
	// On SQLite the folder's lock makes us alone: a lease left by a killed process only delays us.
	if q.sqlite != nil {
		err := q.db.Write(ctx, func(tx db.Tx) error {
			_, err := tx.Exec(ctx, "DELETE FROM river_leader")
			return err
		})
		if err != nil {
			return err
		}
	}
	start, stop, cancel := q.starter()
	if err := start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("jobs: start: %w", err)
	}
	<-ctx.Done()
	soft, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	if stop(soft) == nil {
		return nil
	}
	hard, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	return cancel(hard)
}

func (q *Queue) starter() (start, stop, cancel func(context.Context) error) {
	if q.sqlite != nil {
		return q.sqlite.Start, q.sqlite.Stop, q.sqlite.StopAndCancel
	}
	return q.pg.Start, q.pg.Stop, q.pg.StopAndCancel
}

// OldestDue returns how late the oldest unfinished due job is; 0 when nothing waits.
func (q *Queue) OldestDue(ctx context.Context) (time.Duration, error) {
	params := river.NewJobListParams().States(rivertype.JobStateAvailable).OrderBy(river.JobListOrderByScheduledAt, river.SortOrderAsc).First(1)
	var res *river.JobListResult
	var err error
	if q.sqlite != nil {
		res, err = q.sqlite.JobList(ctx, params)
	} else {
		res, err = q.pg.JobList(ctx, params)
	}
	if err != nil || len(res.Jobs) == 0 {
		return 0, err
	}
	return max(0, time.Since(res.Jobs[0].ScheduledAt)), nil
}

func migrate[TTx any](ctx context.Context, driver riverdriver.Driver[TTx]) error {
	m, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	_, err = m.Migrate(ctx, rivermigrate.DirectionUp, nil)
	return err
}

// quiet keeps River's warnings and errors and drops its small talk.
type quiet struct{ slog.Handler }

func (quiet) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelWarn }

func (h quiet) WithAttrs(as []slog.Attr) slog.Handler { return quiet{h.Handler.WithAttrs(as)} }
func (h quiet) WithGroup(g string) slog.Handler       { return quiet{h.Handler.WithGroup(g)} }
