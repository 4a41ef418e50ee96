package app

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"comptoir/internal/backup"
	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
)

// RunMigrate brings the database of cfg up to date, alone on its folder, and returns the steps taken and where
// the database lies as it was before, if it was copied. keep = false does without the copy.
func RunMigrate(ctx context.Context, cfg Config, keep bool) (steps int, copied string, err error) {
	unlock, err := lock(cfg)
	if err != nil {
		return 0, "", err
	}
	defer unlock()
	if _, err := cfg.whole(); err != nil {
		return 0, "", err
	}
	s, err := open(ctx, cfg)
	if err != nil {
		return 0, "", err
	}
	defer s.Close()
	if steps, err = s.migrate(ctx, keep); err != nil {
		return steps, s.Copied, err
	}
	return steps, s.Copied, s.tie(ctx)
}

// Check looks at configuration, database, key and accounts, says each on out, and returns whether all is well.
// With deep it reads everything that there is: see backup.Check. It changes nothing.
func Check(ctx context.Context, cfg Config, deep bool, out io.Writer) (bool, error) {
	r := newReport(out)
	r.say("settings", cfg.Check())
	if deep {
		r.log(cfg)
	}
	s, err := openOnly(ctx, cfg)
	r.say("database opens", err)
	if err != nil {
		return false, nil
	}
	defer s.Close()
	r.say("database is whole", s.DB.Integrity(ctx))
	if err := s.DB.CheckVersion(ctx); err != nil {
		r.say("schema", err)
		return false, nil
	}
	r.say("schema", nil)
	r.say("folder", place.CheckFolder(ctx, s.DB, cfg.Data))
	r.say("key", place.CheckKeys(ctx, s.DB, s.Keys))
	if !deep {
		r.say("second factors", place.CheckApps(ctx, s.DB, s.Keys))
	}
	places, err := place.All(ctx, s.DB)
	if err != nil {
		return false, err
	}
	for _, p := range places {
		if err := r.place(ctx, s, p, deep); err != nil {
			return false, err
		}
	}
	if deep {
		err = s.deep(ctx, r.say)
	}
	return r.ok, err
}

// deep is the part of a check that reads everything.
func (s *Store) deep(ctx context.Context, say backup.Say) error {
	files, err := s.files()
	if err != nil {
		return err
	}
	defer files.Close()
	return backup.Check(ctx, s.installation(files), say)
}

// report says one line a thing.
type report struct {
	out io.Writer
	l   locale.Locale
	ok  bool
}

func (r *report) say(what string, err error) {
	if err == nil {
		fmt.Fprintf(r.out, "ok    %s\n", what)
		return
	}
	r.ok = false
	fmt.Fprintf(r.out, "WRONG %s: %s\n", what, r.l.Fault(err))
}

// log looks at what SQLite wrote last, before it is opened. A running server has it in hand.
func (r *report) log(cfg Config) {
	if cfg.Database != "" {
		return
	}
	if _, err := os.Stat(cfg.databaseURL()); err != nil {
		return // said next
	}
	unlock, err := db.Lock(cfg.Data)
	if err != nil {
		return
	}
	defer unlock()
	r.say("what was written last", db.CheckLog(cfg.databaseURL()))
}

// place looks at one place; a deep check looks at its journal itself.
func (r *report) place(ctx context.Context, s *Store, p place.Place, deep bool) error {
	if !deep {
		if err := backup.CheckJournal(ctx, s.DB, p, r.say); err != nil {
			return err
		}
	}
	accounts, err := place.Accounts(ctx, s.DB, p.ID)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if a.State == place.AccountOff {
			continue
		}
		_, err := a.Credential(s.Keys)
		if err == nil && a.State == place.AccountPerson {
			err = fault.New(a.FaultCode, "app.check", a.FaultKey)
		}
		r.say(strings.TrimSpace(p.Name+": "+string(a.Kind)+" "+a.Handle), err)
	}
	return nil
}
