package backup

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// Keeper makes the backups of a running installation: one a night, and those that a person asks for. Its
// fields are set once, before Run; it is then safe for concurrent use.
type Keeper struct {
	Installation
	Data       string   // the data folder, where a drill is held
	Dir        string   // where backups lie
	Keep       int      // how many of the nightly ones; 0 = none are made
	Recipients []string // who can open them; none = they are not encrypted
	Log        *slog.Logger

	work chan task
}

// task is one backup or drill, done one at a time.
type task struct {
	run  func(ctx context.Context) error
	done chan error
}

// Kinds of backups, in their names.
const (
	nightly = "nightly"
	byHand  = "asked"
)

// keepAsked is how many backups that a person asked for are kept. They never push out a nightly one.
const keepAsked = 3

// NewKeeper returns a keeper that can be asked, once Run runs.
func NewKeeper(k Keeper) *Keeper {
	k.work = make(chan task)
	return &k
}

// Run does what it is asked for until ctx ends.
func (k *Keeper) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case t := <-k.work:
			t.done <- t.run(ctx)
		}
	}
}

// ask hands a task over, and waits for its end until ctx ends. It returns fault.Conflict ("backup.busy") when
// another is under way, and fault.Unavailable ("backup.under_way") when it goes on without the one who asked.
func (k *Keeper) ask(ctx context.Context, run func(context.Context) error) error {
	done, err := k.begin(run)
	if err != nil {
		return err
	}
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fault.New(fault.Unavailable, "backup.ask", "backup.under_way")
	}
}

// begin hands a task over, unless another is under way.
func (k *Keeper) begin(run func(context.Context) error) (done chan error, err error) {
	t := task{run, make(chan error, 1)}
	select {
	case k.work <- t:
		return t.done, nil
	case <-time.After(100 * time.Millisecond):
		return nil, fault.New(fault.Conflict, "backup.ask", "backup.busy")
	}
}

// MakeNow makes a backup because somebody wants one.
func (k *Keeper) MakeNow(ctx context.Context, actor place.Actor) error {
	return k.ask(ctx, func(ctx context.Context) error {
		_, err := k.make(ctx, actor, byHand)
		return err
	})
}

// DrillNow tries the newest backup.
func (k *Keeper) DrillNow(ctx context.Context, actor place.Actor) error {
	return k.ask(ctx, func(ctx context.Context) error {
		all, err := k.List()
		if err != nil {
			return err
		}
		if len(all) == 0 {
			return fault.New(fault.NotFound, "backup.drill", "backup.nothing")
		}
		return k.drill(ctx, actor, filepath.Join(k.Dir, all[0].Name))
	})
}

// Due is asked once an hour, in one process of all: it begins the night's backup when its time has come, and a
// drill when the last one is nearly a week ago. It does not wait for them.
func (k *Keeper) Due(ctx context.Context) error {
	s, err := StateOf(ctx, k.DB)
	if err != nil || s.Since.IsZero() || k.Keep == 0 {
		return err
	}
	places, err := place.All(ctx, k.DB)
	if err != nil {
		return err
	}
	now := time.Now()
	if !due(s, now, now.In(places[0].Location()).Hour()) {
		return nil
	}
	_, err = k.begin(func(ctx context.Context) error { return k.night(ctx, s) })
	if fault.Is(err, fault.Conflict) {
		return nil // somebody asked for one just now: in an hour we see
	}
	return err
}

// Nobody sits in a bar between four and eight in the morning. A machine that sleeps then is backed up when it
// wakes.
const (
	nightFrom, nightTo = 4, 8
	soon               = 20 * time.Hour
	anyTime            = 26 * time.Hour
	drillEvery         = 6 * 24 * time.Hour
)

// due tells whether a backup should be made now; hour is the first place's.
func due(s State, now time.Time, hour int) bool {
	last := s.Since
	if s.Backup.At.After(last) {
		last = s.Backup.At
	}
	age := now.Sub(last)
	return age > anyTime || age > soon && hour >= nightFrom && hour < nightTo
}

// night makes the backup of a night, and tries it once a week if this machine can open it.
func (k *Keeper) night(ctx context.Context, s State) error {
	name, err := k.make(ctx, place.System(), nightly)
	if err != nil {
		k.Log.Error("the nightly backup failed", "err", err)
		return err
	}
	if len(k.Recipients) > 0 || time.Since(s.Drill.At) < drillEvery {
		return nil
	}
	if err := k.drill(ctx, place.System(), name); err != nil {
		k.Log.Error("the drill of a backup failed", "err", err)
		return err
	}
	return nil
}

// make makes one, notes how it went, and removes those that it replaces.
func (k *Keeper) make(ctx context.Context, actor place.Actor, kind string) (path string, err error) {
	sweep(filepath.Join(k.Dir, "*.part"), filepath.Join(k.Data, drillFolder+"*"))
	now := time.Now()
	path = filepath.Join(k.Dir, "comptoir-"+kind+"-"+now.UTC().Format(stamp)+Extension(len(k.Recipients) > 0))
	made, err := k.write(ctx, path)
	if err != nil {
		return "", k.failed(ctx, actor, backupFact, err)
	}
	if err := NoteMade(ctx, k.DB, actor, made); err != nil {
		return path, err
	}
	k.Log.Info("backup made", "took", time.Since(now), "count", made.Rows())
	return path, k.prune()
}

func (k *Keeper) write(ctx context.Context, path string) (Made, error) {
	if err := os.MkdirAll(k.Dir, 0o700); err != nil {
		return Made{}, unwritable(err, k.Dir)
	}
	return Make(ctx, k.Installation, path, Options{Recipients: k.Recipients})
}

// stamp is the time in a backup's name, UTC.
const stamp = "20060102-150405"

// Extension ends the name of a backup.
func Extension(encrypted bool) string {
	if encrypted {
		return ".zip.age"
	}
	return ".zip"
}

func (k *Keeper) drill(ctx context.Context, actor place.Actor, path string) error {
	if err := k.try(ctx, path); err != nil {
		return k.failed(ctx, actor, drillFact, err)
	}
	return NoteDrilled(ctx, k.DB, actor)
}

// failed notes why something failed, unless it was only told to stop.
func (k *Keeper) failed(ctx context.Context, actor place.Actor, what string, why error) error {
	if ctx.Err() != nil {
		return why
	}
	return errors.Join(why, noteFailed(ctx, k.DB, actor, what, why))
}

func (k *Keeper) try(ctx context.Context, path string) error {
	a, err := Open(path, Secrets{})
	if err != nil {
		return err
	}
	defer a.Close()
	var wrong error
	_, err = a.Drill(ctx, k.Data, k.Keys, func(_ string, err error) {
		if wrong == nil {
			wrong = err
		}
	})
	return cmp.Or(err, wrong)
}

// Kept is a backup that lies in the folder.
type Kept struct {
	Name  string
	At    time.Time
	Size  int64 // bytes
	Asked bool  // by a person
}

// List returns the backups of the folder, the newest first.
func (k *Keeper) List() ([]Kept, error) {
	entries, err := os.ReadDir(k.Dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, unwritable(err, k.Dir)
	}
	var all []Kept
	for _, e := range entries {
		rest, ours := strings.CutPrefix(e.Name(), "comptoir-")
		kind, rest, _ := strings.Cut(rest, "-")
		day, end, _ := strings.Cut(rest, ".")
		at, err := time.Parse(stamp, day)
		if !ours || err != nil || kind != nightly && kind != byHand || "."+end != Extension(false) && "."+end != Extension(true) {
			continue
		}
		if st, err := e.Info(); err == nil {
			all = append(all, Kept{e.Name(), at, st.Size(), kind == byHand})
		}
	}
	slices.SortFunc(all, func(a, b Kept) int { return b.At.Compare(a.At) })
	return all, nil
}

// prune removes the oldest.
func (k *Keeper) prune() error {
	all, err := k.List()
	left := map[bool]int{false: k.Keep, true: keepAsked}
	for _, b := range all {
		if k.Keep == 0 && !b.Asked {
			continue // from when there were nightly ones: they are somebody's to remove
		}
		if left[b.Asked]--; left[b.Asked] < 0 {
			err = errors.Join(err, os.Remove(filepath.Join(k.Dir, b.Name)))
		}
	}
	return err
}

// Status is what a person reads of the backups.
type Status struct {
	State
	Kept      []Kept
	Encrypted bool // this machine cannot open them: a drill is held elsewhere
	Keep      int  // how many nightly ones; 0 = none are made
	Unread    bool // the folder could not be looked into
}

// Status returns it.
func (k *Keeper) Status(ctx context.Context) (s Status, err error) {
	if s.State, err = StateOf(ctx, k.DB); err != nil {
		return s, err
	}
	s.Encrypted, s.Keep = len(k.Recipients) > 0, k.Keep
	kept, err := k.List()
	s.Kept, s.Unread = kept, err != nil
	return s, nil
}
