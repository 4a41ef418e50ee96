package app

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/outgoing"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
)

// RunMigrate brings the database of cfg up to date, alone on its folder, and returns the steps taken.
func RunMigrate(ctx context.Context, cfg Config) (int, error) {
	unlock, err := lock(cfg)
	if err != nil {
		return 0, err
	}
	defer unlock()
	s, err := open(ctx, cfg)
	if err != nil {
		return 0, err
	}
	defer s.Close()
	n, err := Migrate(ctx, s.DB)
	if err != nil {
		return n, err
	}
	return n, place.CheckKeys(ctx, s.DB, s.Keys)
}

// Check looks at configuration, database, key and accounts, says each on out, and returns whether all
// is well. It changes nothing.
func Check(ctx context.Context, cfg Config, out io.Writer) (bool, error) {
	r := &report{out: out, l: locale.New("en-CA", nil), ok: true}
	r.say("settings", cfg.Check())
	s, err := open(ctx, cfg)
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
	r.say("key", place.CheckKeys(ctx, s.DB, s.Keys))
	places, err := place.All(ctx, s.DB)
	if err != nil {
		return false, err
	}
	for _, p := range places {
		if err := r.place(ctx, s, p); err != nil {
			return false, err
		}
	}
	return r.ok, nil
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

func (r *report) place(ctx context.Context, s *Store, p place.Place) error {
	holes, err := place.JournalHoles(ctx, s.DB, p.ID)
	if err != nil {
		return err
	}
	if holes != 0 {
		err = fault.New(fault.Internal, "app.check", "check.journal_holes", "n", holes)
	}
	r.say(p.Name+": journal", err)
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

// AskReady asks a running server whether it is ready.
func AskReady(ctx context.Context, base string) error {
	u := strings.TrimSuffix(base, "/") + "/readyz"
	d, err := outgoing.New(outgoing.Config{})
	if err != nil {
		return err
	}
	defer d.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u, nil)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "app.health", "")
	}
	resp, err := d.Operator().HTTP.Do(req)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "app.health", "")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fault.New(fault.Unavailable, "app.health", "")
	}
	return nil
}
