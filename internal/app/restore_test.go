package app_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/backup"
	"comptoir/internal/db"
	"comptoir/internal/db/dbtest/pgtest"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/network/email/emailtest"
	"comptoir/internal/place"
)

// run runs an installation until it is stopped.
func run(t *testing.T, cfg app.Config) (a *app.App, stop func()) {
	t.Helper()
	cfg.Listen = "127.0.0.1:0"
	a, err := app.New(t.Context(), cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.Serve(ctx); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	t.Cleanup(stop)
	return a, stop
}

// attached is a letter with a file.
func attached(id string) []byte {
	return fmt.Appendf(nil, "From: Maude Gervais <%s>\r\nTo: <%s>\r\nSubject: Samedi\r\nDate: %s\r\nMessage-ID: <%s@exemple.test>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"+
		"--b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nOn est huit, voici le plan.\r\n--b\r\nContent-Type: text/plain; name=plan.txt\r\nContent-Disposition: attachment; filename=plan.txt\r\n\r\nla table pres du DJ\r\n--b--\r\n",
		guestAddress, barAddress, time.Now().Format(time.RFC1123Z), id)
}

// evening is a place in the middle of its evening: a mailbox, a mail with a file, a table, an answer that has
// not left yet.
type evening struct {
	*house
	cfg    app.Config
	server *emailtest.Server
	answer string // the message that waits
	stop   func()
}

func anEvening(t *testing.T, cfg app.Config) *evening {
	t.Helper()
	e := &evening{cfg: cfg, house: &house{}}
	e.server, e.cfg.AllowPrivate = mailServer(t)
	if e.cfg.Data == "" {
		e.cfg.Data = t.TempDir()
	}
	e.App, e.stop = run(t, e.cfg)
	p, m, err := place.SetUp(t.Context(), e.DB, place.First{
		Place: place.New{Name: "Le Zinc", Language: "fr", TimeZone: "America/Montreal"},
		Owner: place.NewMember{Name: "Élie", Email: "elie@zinc.example", Password: "un mot de passe assez long"},
	})
	if err != nil {
		t.Fatal(err)
	}
	e.place, e.owner = p, m.As(p.ID, place.Owner)
	e.table(t)
	e.write(t, func(tx db.Tx) error {
		_, err := place.Change(t.Context(), tx, e.owner, p.ID, func(p *place.Place) error { p.Settings.UndoSeconds = 120; return nil })
		return err
	})
	e.mail(t, e.server)
	if err := e.server.Deliver(barAddress, attached("q1"), time.Time{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the mail arrives", func() bool { return len(e.list(t)) == 1 })
	done, err := e.Inbox.Reply(t.Context(), e.owner, e.place.ID, inbox.Answer{ConversationID: e.list(t)[0].ID, Text: "Avec plaisir."})
	if err != nil {
		t.Fatal(err)
	}
	e.answer = done.MessageID
	return e
}

// elsewhere is an empty place for an installation, with the key of this one, on the other engine.
func (e *evening) elsewhere(t *testing.T) app.Config {
	t.Helper()
	cfg := app.Config{Data: t.TempDir(), AllowPrivate: e.cfg.AllowPrivate}
	if e.cfg.Database == "" {
		cfg.Database = pgtest.URL(t)
	}
	copyFile(t, filepath.Join(e.cfg.Data, place.KeyFile), filepath.Join(cfg.Data, place.KeyFile))
	return cfg
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	b, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, b, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// The drill that every landing runs: a place in the middle of its evening is backed up while it runs, and lost; it comes
// back on the other engine, whole, and sends nothing until a person says so.
func TestTheRestoreDrillBringsAPlaceBackAndNothingLeavesIt(t *testing.T) {
	each(t, func(t *testing.T, cfg app.Config) {
		e := anEvening(t, cfg)
		file := filepath.Join(t.TempDir(), "comptoir.zip")
		var said bytes.Buffer
		ok, err := app.Backup(t.Context(), e.cfg, file, backup.Options{}, true, &said)
		if err != nil || !ok || strings.Contains(said.String(), "WRONG") || strings.Count(said.String(), "ok ") < 6 {
			t.Fatalf("%v, %v\n%s", ok, err, &said)
		}
		s, err := backup.StateOf(t.Context(), e.DB)
		if err != nil || s.Backup.At.IsZero() || s.Drill.At.IsZero() {
			t.Errorf("the installation knows of %+v, %v", s, err)
		}
		before := e.list(t)
		e.stop()

		other := e.elsewhere(t)
		said.Reset()
		ok, err = app.Restore(t.Context(), other, file, app.Restoring{}, &said)
		if err != nil || !ok || strings.Contains(said.String(), "WRONG") || !strings.Contains(said.String(), "Answers that were on their way: 1.") {
			t.Fatalf("%v, %v\n%s", ok, err, &said)
		}
		again := &evening{house: &house{place: e.place, owner: e.owner}, cfg: other, server: e.server}
		again.App, again.stop = run(t, other)
		after := again.list(t)
		if len(after) != 1 || after[0].ID != before[0].ID || after[0].Subject != before[0].Subject || !after[0].Unread {
			t.Errorf("the counter shows %+v", after)
		}
		// The mailbox is read on from where it was: what is new comes, what is known does not come twice.
		if err := e.server.Deliver(barAddress, letter("q2", "Dimanche", "Et dimanche?"), time.Time{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the restored copy reads the mailbox", func() bool { return len(again.list(t)) == 2 })
		time.Sleep(2 * time.Second) // every job had its turn
		if n := len(e.server.Ledger()); n != 0 {
			t.Fatalf("%d mails left the restored copy by themselves", n)
		}
		if err := again.Inbox.SendAnyway(t.Context(), again.owner, again.place.ID, e.answer); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the answer that a person released arrives", func() bool { return len(e.server.Inbox(guestAddress)) == 1 })
		if n := len(e.server.Ledger()); n != 1 {
			t.Errorf("%d mails left", n)
		}
	})
}

// closed is a place with an account, that nobody runs.
func closed(t *testing.T) app.Config {
	t.Helper()
	cfg := app.Config{Data: t.TempDir(), Listen: ":0"}
	s, err := app.Open(t.Context(), cfg, true)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	p, err := app.SetUp(t.Context(), s, place.First{
		Place: place.New{Name: "Le Zinc", Language: "fr", TimeZone: "America/Montreal"},
		Owner: place.NewMember{Name: "Élie", Email: "elie@zinc.example", Password: "un mot de passe assez long"},
	})
	if err == nil {
		err = s.DB.Write(t.Context(), func(tx db.Tx) error {
			_, err := place.AddAccount(t.Context(), tx, s.Keys, place.System(), p.ID, place.NewAccount{Kind: email.Kind, Handle: barAddress, Credential: network.NewCredential(map[string]string{"imap_password": "s3cret"})})
			return err
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return cfg
}

func TestARestoreRefusesWhatWouldEndBadly(t *testing.T) {
	from := closed(t)
	file := filepath.Join(t.TempDir(), "comptoir.zip")
	const phrase = "quatre chaises autour du poêle"
	if _, err := app.Backup(t.Context(), from, file, backup.Options{Key: true, Passphrase: phrase}, false, io.Discard); err != nil {
		t.Fatal(err)
	}
	plain := filepath.Join(t.TempDir(), "comptoir.zip")
	if _, err := app.Backup(t.Context(), from, plain, backup.Options{}, false, io.Discard); err != nil {
		t.Fatal(err)
	}
	strange := filepath.Join(t.TempDir(), place.KeyFile)
	if err := os.WriteFile(strange, []byte(place.NewKeys().Reveal()), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		file string
		from app.Restoring
		want string
		fill func(dir string)
	}{
		"without the key":                     {plain, app.Restoring{}, "restore.no_key", nil},
		"with the key sealed":                 {file, app.Restoring{}, "restore.key_sealed", nil},
		"with another passphrase":             {file, app.Restoring{Secrets: backup.Secrets{Passphrase: phrase + "?"}}, "backup.wrong_secret", nil},
		"with another key":                    {plain, app.Restoring{KeyFile: strange}, "restore.other_key", nil},
		"with another key in the folder":      {plain, app.Restoring{}, "restore.other_key", func(dir string) { copyFile(t, strange, filepath.Join(dir, place.KeyFile)) }},
		"into a folder that holds something":  {plain, app.Restoring{NewKey: true}, "restore.not_empty", func(dir string) { copyFile(t, strange, filepath.Join(dir, "notes.txt")) }},
		"from a file that is none of backups": {strange, app.Restoring{NewKey: true}, "backup.none", nil},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if tt.fill != nil {
				tt.fill(dir)
			}
			_, err := app.Restore(t.Context(), app.Config{Data: dir}, tt.file, tt.from, io.Discard)
			if fault.As(err).Key != tt.want {
				t.Errorf("it says %v", err)
			}
			if left, _ := filepath.Glob(filepath.Join(dir, "comptoir.db*")); len(left) > 0 {
				t.Errorf("%v is left", left)
			}
		})
	}
	for name, with := range map[string]app.Restoring{
		"with the passphrase of the key": {Secrets: backup.Secrets{Passphrase: phrase}},
		"with a copy of the key":         {KeyFile: filepath.Join(from.Data, place.KeyFile)},
		"without any":                    {NewKey: true},
	} {
		t.Run(name, func(t *testing.T) {
			cfg := app.Config{Data: filepath.Join(t.TempDir(), "new"), Listen: ":0"}
			if ok, err := app.Restore(t.Context(), cfg, file, with, io.Discard); err != nil || !ok {
				t.Fatalf("%v, %v", ok, err)
			}
			if ok, err := app.Check(t.Context(), cfg, false, io.Discard); err != nil || ok == with.NewKey {
				t.Errorf("a check says %v, %v", ok, err) // with a new key, the account waits for a person
			}
		})
	}
}

func TestTheDatabaseIsKeptAsItWasBeforeItsSchemaChanges(t *testing.T) {
	newest := len(db.Migrations())
	olderIn := func(t *testing.T, dir string) app.Config {
		t.Helper()
		cfg := app.Config{Data: dir}
		d, err := db.Open(t.Context(), filepath.Join(cfg.Data, "comptoir.db"))
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if err := d.BeginLoad(t.Context(), newest-1); err != nil {
			t.Fatal(err)
		}
		if err := d.Write(t.Context(), func(tx db.Tx) error { return d.EndLoad(t.Context(), tx) }); err != nil {
			t.Fatal(err)
		}
		return cfg
	}
	older := func(t *testing.T) app.Config { t.Helper(); return olderIn(t, t.TempDir()) }
	version := func(path string) int {
		t.Helper()
		d, err := db.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		v, err := d.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	cfg := older(t)
	s, err := app.Open(t.Context(), cfg, true)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if s.Copied == "" || filepath.Dir(s.Copied) != filepath.Join(cfg.Data, "backups") || version(s.Copied) != newest-1 || version(filepath.Join(cfg.Data, "comptoir.db")) != newest {
		t.Errorf("the copy is %q", s.Copied)
	}
	if s, err = app.Open(t.Context(), cfg, true); err != nil || s.Copied != "" {
		t.Fatalf("copied without need: %q, %v", s.Copied, err)
	}
	s.Close()
	if n, copied, err := app.RunMigrate(t.Context(), older(t), false); n != 1 || copied != "" || err != nil {
		t.Errorf("without a copy: %d steps, %q, %v", n, copied, err)
	}
	t.Run("or there is no room for it, and it is said", func(t *testing.T) {
		cfg := olderIn(t, smallDisk(t, 100))
		if _, err := app.Open(t.Context(), cfg, true); fault.As(err).Key != "migrate.no_room" || version(filepath.Join(cfg.Data, "comptoir.db")) != newest-1 {
			t.Errorf("it says %v", err)
		}
		if _, _, err := app.RunMigrate(t.Context(), cfg, false); err != nil {
			t.Error(err)
		}
	})
	// An older backup comes back into a newer program.
	old := older(t)
	file := filepath.Join(t.TempDir(), "old.zip")
	if _, err := app.Backup(t.Context(), old, file, backup.Options{}, false, io.Discard); err != nil {
		t.Fatal(err)
	}
	cfg = app.Config{Data: t.TempDir()}
	if ok, err := app.Restore(t.Context(), cfg, file, app.Restoring{NewKey: true}, io.Discard); err != nil || !ok || version(filepath.Join(cfg.Data, "comptoir.db")) != newest {
		t.Errorf("an older backup: %v, %v", ok, err)
	}
}

// smallDisk is a folder on a disk of its own, of size megabytes.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%dm", size)); err != nil {
		t.Skip("this machine lets us mount no disk: ", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func TestADiskThatFillsUpStopsTheBackupAndNotThePlace(t *testing.T) {
	h := &house{}
	cfg := app.Config{Data: smallDisk(t, 168)}
	h.App, _ = run(t, cfg)
	p, m, err := place.SetUp(t.Context(), h.DB, place.First{
		Place: place.New{Name: "Le Zinc", Language: "fr", TimeZone: "UTC"},
		Owner: place.NewMember{Name: "Élie", Email: "elie@zinc.example", Password: "un mot de passe assez long"},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.place, h.owner = p, m.As(p.ID, place.Owner)
	guest := func() {
		t.Helper()
		asking := floor.Asking{Place: h.place, Table: h.table(t), Address: netip.MustParseAddr("192.0.2.7"), Kind: floor.Hungry, Language: "fr"}
		if _, err := h.Floor.Ask(t.Context(), asking); err != nil {
			t.Error(err)
		}
	}
	guest()
	house, err := place.House(t.Context(), h.DB, p.ID)
	if err != nil {
		t.Fatal(err)
	}
	noise := make([]byte, 24<<20) // what does not shrink; there is room for it once, not twice
	rand.NewChaCha8([32]byte{}).Read(noise)
	err = h.Inbox.Receive(t.Context(), house, network.Page{Messages: []network.Message{{ID: "m", Author: network.Author{ID: "a", Name: "Maude"}, Text: "Un film", SentAt: time.Now(), Visibility: network.Private,
		Attachments: []network.Attachment{{Name: "film.mp4", Size: int64(len(noise)), Content: func() io.Reader { return bytes.NewReader(noise) }}}}}})
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(cfg.Data, "comptoir.zip")
	free, err := backup.Free(cfg.Data)
	if err != nil || free < backup.Room+(10<<20) {
		t.Fatalf("%d MB are free, %v: it would not even begin", free>>20, err)
	}
	if _, err := app.Backup(t.Context(), cfg, to, backup.Options{}, false, io.Discard); fault.As(err).Key != "backup.disk" {
		t.Errorf("it says %v", err)
	}
	if left, _ := filepath.Glob(to + "*"); len(left) > 0 {
		t.Errorf("%v is left", left)
	}
	if now, err := backup.Free(cfg.Data); err != nil || now+(1<<20) < free {
		t.Errorf("%d MB were free, and %d are, %v", free>>20, now>>20, err)
	}
	guest()
	if err := h.Ready(t.Context()); err != nil {
		t.Error(err)
	}
}
