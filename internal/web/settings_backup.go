package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"comptoir/internal/backup"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// backupPattern is where the backups of the installation are looked after. They hold every place that lives in it:
// the page has no way to carry one away.
const backupPattern = "/p/{place}/settings/backups"

func (s *Server) backupRoutes(t *door.Table) {
	if s.Backups == nil {
		return
	}
	for _, r := range []struct {
		method, path string
		h            door.Handler
	}{{"GET", "", s.backups}, {"POST", "", s.makeBackup}, {"POST", "/drill", s.drillBackup}} {
		t.Add(door.Route{Method: r.method, Pattern: backupPattern + r.path, Kind: door.Team, Role: place.Manager, Place: true}, r.h)
	}
}

func (s *Server) backups(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	st, err := s.Backups.Status(ctx)
	if err != nil {
		return err
	}
	places, err := place.All(ctx, s.DB)
	if err != nil {
		return err
	}
	now := time.Now()
	b := view.Backups{Make: at(v.Place, "settings/backups"), Nights: st.Keep, Warnings: backupWarnings(l, st, now)}
	if !st.Encrypted {
		b.Drill = at(v.Place, "settings/backups/drill")
	}
	b.Facts = []view.BackupFact{backupFact(l, "backups.last", st.State, st.Backup, now), backupFact(l, "backups.last_drill", st.State, st.Drill, now)}
	for _, k := range st.Kept {
		line := view.BackupLine{When: dayAndClock(l, k.At, now), Stamp: l.Stamp(k.At), Asked: k.Asked}
		if len(places) == 1 { // how much there is of others is theirs to know
			line.Detail = l.Size(k.Size)
		}
		b.Kept = append(b.Kept, line)
	}
	return render(ctx, w, http.StatusOK, view.BackupsPage(s.settingsShell(w, r, v), s.settingsPages(l, v, "backups"), b))
}

func backupFact(l locale.Locale, what string, s backup.State, o backup.Outcome, now time.Time) view.BackupFact {
	f := view.BackupFact{What: l.T(what), When: l.T("backups.never"), Never: o.At.IsZero(), Late: s.Late(o, now)}
	if !o.At.IsZero() {
		f.When = dayAndClock(l, o.At, now)
		if age := now.Sub(o.At); age >= 24*time.Hour {
			f.When = l.T("backups.ago", "when", f.When, "age", age)
		}
	}
	return f
}

// dayAndClock is a moment with its day, also when that is today.
func dayAndClock(l locale.Locale, t, now time.Time) string {
	return capital(l.Day(t, now)) + ", " + l.Clock(t)
}

// backupWarnings says what needs somebody, the worst first.
func backupWarnings(l locale.Locale, s backup.Status, now time.Time) []view.Banner {
	var all []view.Banner
	warn := func(fact, text string, args ...any) {
		all = append(all, view.Banner{Tone: "brique", Fact: l.T(fact, args...), Text: text})
	}
	for _, o := range []struct {
		what string
		backup.Outcome
	}{{"backups.failed", s.Backup}, {"backups.drill_failed", s.Drill}} {
		if !o.FailedAt.IsZero() {
			warn(o.what, backupWhy(l, o.Key), "when", l.When(o.FailedAt, now))
		}
	}
	if s.Unread {
		warn("backups.unread", l.T("backups.why.unwritable"))
	}
	if s.Late(s.Backup, now) {
		warn("backups.too_old", l.T("backups.too_old_text"))
	} else if s.Late(s.Drill, now) {
		warn("backups.untried", l.T("backups.untried_text"))
	}
	if s.Backup.Missing > 0 {
		warn("backups.incomplete", l.N("backups.incomplete_text", s.Backup.Missing))
	}
	return all
}

// backupWhy says why a backup failed, without what only whoever runs the machine may read.
func backupWhy(l locale.Locale, key string) string {
	_, name, _ := strings.Cut(key, ".")
	if why := "backups.why." + name; l.Has(why) {
		return l.T(why)
	}
	return l.T("backups.why.other")
}

// backupPatience is how long a page waits for a backup. A small place's is made before; a large one's goes on.
const backupPatience = 10 * time.Second

func (s *Server) makeBackup(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.backupTask(w, r, v, s.Backups.MakeNow, "backups.made")
}

func (s *Server) drillBackup(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.backupTask(w, r, v, s.Backups.DrillNow, "backups.drilled")
}

// backupTask asks for a backup or a drill. The page that follows says why it failed, if it did.
func (s *Server) backupTask(w http.ResponseWriter, r *http.Request, v *door.Visit, run func(context.Context, place.Actor) error, done string) error {
	ctx, cancel := context.WithTimeout(r.Context(), backupPatience)
	defer cancel()
	err := run(ctx, v.Actor)
	switch f := fault.As(err); {
	case err == nil:
		flash{Key: done}.leave(w, v)
	case f.Key == "backup.busy" || f.Key == "backup.under_way" || f.Key == "backup.nothing":
		flash{Key: f.Key}.leave(w, v)
	default:
		s.Log.Warn("a backup that was asked for failed", "ref", v.Ref, "err", err)
	}
	return seeOther(w, r, at(v.Place, "settings/backups"))
}
