package backup_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/internal/backup"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// keep runs a keeper of a house until the test ends.
func keep(t *testing.T, h *house, change func(*backup.Keeper)) *backup.Keeper {
	t.Helper()
	data := t.TempDir()
	k := backup.Keeper{Installation: h.Installation, Data: data, Dir: filepath.Join(data, "backups"), Keep: 7, Log: slog.New(slog.DiscardHandler)}
	if change != nil {
		change(&k)
	}
	running := backup.NewKeeper(k)
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { running.Run(ctx) })
	t.Cleanup(func() { stop(); wg.Wait() })
	return running
}

func status(t *testing.T, k *backup.Keeper) backup.Status {
	t.Helper()
	s, err := k.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestABackupIsDueAtNightAndWhenTheLastIsADayOld(t *testing.T) {
	now := time.Date(2026, 11, 25, 5, 0, 0, 0, time.UTC)
	ago := func(h time.Duration) time.Time { return now.Add(-h * time.Hour) }
	for _, tt := range []struct {
		since, last time.Time
		hour        int
		want        bool
	}{
		{ago(300), ago(24), 5, true},
		{ago(300), ago(24), 23, false},
		{ago(300), ago(24), 8, false},
		{ago(300), ago(1), 5, false}, // made a moment ago
		{ago(300), ago(27), 23, true},
		{ago(1), time.Time{}, 5, false}, // set up just now
		{ago(27), time.Time{}, 15, true},
	} {
		if got := backup.Due(backup.State{Since: tt.since, Backup: backup.Outcome{At: tt.last}}, now, tt.hour); got != tt.want {
			t.Errorf("set up %s ago, made %s ago, at %d: %v", now.Sub(tt.since), now.Sub(tt.last), tt.hour, got)
		}
	}
}

func TestSomebodyIsToldWhenTheLastBackupIsTooOld(t *testing.T) {
	now := time.Now()
	week := backup.State{Since: now.Add(-30 * 24 * time.Hour)}
	if week.Late(backup.Outcome{At: now.Add(-7 * 24 * time.Hour)}, now) || !week.Late(backup.Outcome{At: now.Add(-9 * 24 * time.Hour)}, now) || !week.Late(backup.Outcome{}, now) {
		t.Error("eight days are not the limit")
	}
	fresh := backup.State{Since: now.Add(-time.Hour)}
	if fresh.Late(backup.Outcome{}, now) || (backup.State{}).Late(backup.Outcome{}, now) {
		t.Error("a place that was set up just now is told off")
	}
}

func TestANightMakesABackupAndTriesIt(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		k := keep(t, h, nil)
		if err := k.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
		if s := status(t, k); len(s.Kept) != 0 {
			t.Fatal("one was made an hour after the place")
		}
		h.age(48 * time.Hour)
		if err := k.Due(t.Context()); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(20 * time.Second); status(t, k).Drill.At.IsZero() && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
		s := status(t, k)
		if len(s.Kept) != 1 || s.Kept[0].Asked || s.Kept[0].Size < 1000 || s.Backup.At.IsZero() || s.Drill.At.IsZero() || !s.Backup.FailedAt.IsZero() {
			t.Errorf("it is %+v", s)
		}
		entries, err := place.Audit(t.Context(), h.DB, h.place.ID, place.Question{Limit: 2})
		if err != nil || entries.Entries[0].Kind != place.EventDrilled || entries.Entries[1].Kind != place.EventBackedUp {
			t.Errorf("the journal says %+v, %v", entries, err)
		}
		if left, _ := filepath.Glob(filepath.Join(k.Data, "drill-*")); len(left) > 0 {
			t.Errorf("%v is left", left)
		}
	})
}

func TestTheOldestBackupsMakeRoomAndThoseAskedForDoNotPushOutTheNights(t *testing.T) {
	h := furnish(t, dbtest.SQLite(t))
	k := keep(t, h, func(k *backup.Keeper) { k.Keep = 2 })
	if err := os.MkdirAll(k.Dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for day := range 4 {
		for _, kind := range []string{"nightly", "asked"} {
			name := fmt.Sprintf("comptoir-%s-2026110%d-040000.zip", kind, day+1)
			if err := os.WriteFile(filepath.Join(k.Dir, name), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, others := range []string{"notes.txt", "comptoir-nightly-today.zip", "before-schema-2-20261101-040000.db"} {
		if err := os.WriteFile(filepath.Join(k.Dir, others), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.MakeNow(t.Context(), h.owner); err != nil {
		t.Fatal(err)
	}
	var left []string
	for _, b := range status(t, k).Kept {
		left = append(left, strings.TrimPrefix(b.Name, "comptoir-"))
	}
	if got := strings.Join(left[1:], " "); !strings.HasPrefix(left[0], "asked-") ||
		got != "nightly-20261104-040000.zip asked-20261104-040000.zip nightly-20261103-040000.zip asked-20261103-040000.zip" && got != "asked-20261104-040000.zip nightly-20261104-040000.zip asked-20261103-040000.zip nightly-20261103-040000.zip" {
		t.Errorf("left are %v", left)
	}
	if all, err := os.ReadDir(k.Dir); err != nil || len(all) != 5+3 {
		t.Errorf("%d files, %v", len(all), err)
	}
}

func TestWhatFailsIsTold(t *testing.T) {
	h := furnish(t, dbtest.SQLite(t))
	k := keep(t, h, nil)
	if err := k.DrillNow(t.Context(), h.owner); fault.As(err).Key != "backup.nothing" {
		t.Errorf("a drill of nothing: %v", err)
	}
	// A file where the folder should be.
	if err := os.WriteFile(k.Dir, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := k.MakeNow(t.Context(), h.owner); fault.As(err).Key != "backup.unwritable" {
			t.Errorf("it says %v", err)
		}
	}
	s, err := backup.StateOf(t.Context(), h.DB)
	if err != nil || s.Backup.Key != "backup.unwritable" || s.Backup.FailedAt.IsZero() || !s.Backup.At.IsZero() {
		t.Errorf("it keeps %+v, %v", s, err)
	}
	entries, err := place.Audit(t.Context(), h.DB, h.place.ID, place.Question{Limit: 2})
	if err != nil || entries.Entries[0].Kind != place.EventBackupFailed || entries.Entries[1].Kind == place.EventBackupFailed {
		t.Errorf("the journal says %+v, %v", entries, err)
	}
	if err := os.Remove(k.Dir); err != nil {
		t.Fatal(err)
	}
	if err := k.MakeNow(t.Context(), h.owner); err != nil {
		t.Fatal(err)
	}
	if s := status(t, k); !s.Backup.FailedAt.IsZero() || s.Backup.At.IsZero() {
		t.Errorf("mended, it keeps %+v", s.State)
	}
	if err := k.DrillNow(t.Context(), h.owner); err != nil {
		t.Error(err)
	}
	// A drill that finds something is a failure, whatever else came back.
	if err := os.Remove(h.stored()); err != nil {
		t.Fatal(err)
	}
	if err := k.MakeNow(t.Context(), h.owner); err != nil {
		t.Fatal(err)
	}
	if err := k.DrillNow(t.Context(), h.owner); fault.As(err).Key != "check.files_missing" {
		t.Errorf("a drill without a file: %v", err)
	}
	if s := status(t, k); s.Backup.Missing != 1 || s.Drill.Key != "check.files_missing" || s.Drill.At.IsZero() {
		t.Errorf("it keeps %+v", s.State)
	}
}

func TestOneBackupIsMadeAtATime(t *testing.T) {
	h := furnish(t, dbtest.SQLite(t))
	k := keep(t, h, nil)
	held := make(chan struct{})
	go k.Hold(held)
	<-held
	if err := k.MakeNow(t.Context(), h.owner); fault.As(err).Key != "backup.busy" {
		t.Errorf("beside another: %v", err)
	}
	<-held
	if err := k.MakeNow(t.Context(), h.owner); err != nil {
		t.Error(err)
	}
}
