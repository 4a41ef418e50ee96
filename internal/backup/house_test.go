package backup_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"comptoir/internal/backup"
	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/db/dbtest/pgtest"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/jobs"
	"comptoir/internal/media"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// house is an installation with a little of everything in it.
type house struct {
	backup.Installation
	t       testing.TB
	dir     string // of its files
	place   place.Place
	owner   place.Actor
	account place.Account
	inbox   *inbox.Inbox
	session string // a cookie's value
	token   string
}

// each runs fn on a house on every engine.
func each(t *testing.T, fn func(t *testing.T, h *house)) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) { fn(t, furnish(t, d)) })
}

// blank is an installation without anything, not even a schema.
func blank(t testing.TB, engine db.Engine, keys place.Keys) backup.Installation {
	t.Helper()
	url := filepath.Join(t.TempDir(), "comptoir.db")
	if engine == db.Postgres {
		url = pgtest.URL(t)
	}
	d, err := db.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return backup.Installation{DB: d, Files: files(t, t.TempDir()), Keys: keys, Version: "test"}
}

func files(t testing.TB, dir string) *media.Store {
	t.Helper()
	s, err := media.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func furnish(t testing.TB, d *db.DB) *house {
	t.Helper()
	dir := t.TempDir()
	h := &house{t: t, dir: filepath.Join(dir, "files"), Installation: backup.Installation{DB: d, Keys: place.NewKeys(), Version: "test"}}
	h.Files = files(t, h.dir)
	if err := jobs.Migrate(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	if err := place.CheckKeys(t.Context(), d, h.Keys); err != nil {
		t.Fatal(err)
	}
	if err := place.CheckFolder(t.Context(), d, dir); err != nil {
		t.Fatal(err)
	}
	p, m, err := place.SetUp(t.Context(), d, place.First{
		Place: place.New{Name: "Le Zinc", Language: "fr", TimeZone: "America/Montreal"},
		Owner: place.NewMember{Name: "Élie", Email: "elie@zinc.example", Password: "un mot de passe assez long"},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.place, h.owner = p, m.As(p.ID, place.Owner)
	h.inbox = &inbox.Inbox{DB: d, Files: h.Files, Log: slog.New(slog.DiscardHandler), Open: func(place.Account) (network.Client, error) { return silent{}, nil }}
	w := jobs.NewWorkers()
	jobs.Work(w, h.inbox.Deliver)
	jobs.Work(w, h.inbox.Wake)
	jobs.Work(w, h.inbox.AskNetwork)
	jobs.Work(w, h.inbox.AskStanding)
	if h.inbox.Queue, err = jobs.New(d, w, h.inbox.Log); err != nil {
		t.Fatal(err)
	}
	h.write(func(ctx context.Context, tx db.Tx) error {
		if _, err := floor.AddTables(ctx, tx, h.owner, p.ID, 3, ""); err != nil {
			return err
		}
		h.account, err = place.AddAccount(ctx, tx, h.Keys, h.owner, p.ID, place.NewAccount{
			Kind: "fake", Name: "Le Zinc", Handle: "bar@zinc.example", Credential: network.NewCredential(map[string]string{"password": "le zinc brille"}),
		})
		if err != nil {
			return err
		}
		if h.session, err = place.StartSession(ctx, tx, m.ID, "Firefox, Linux"); err != nil {
			return err
		}
		_, h.token, err = place.CreateToken(ctx, tx, h.owner, p.ID, "caisse", []place.Scope{place.ScopeRead}, 0)
		return err
	})
	h.receive(letter(1, []byte("un petit plan de la terrasse")))
	return h
}

// silent is a network that takes nothing and says nothing.
type silent struct{}

func (silent) Profile(context.Context) (network.Profile, error) { return network.Profile{}, nil }
func (silent) Limits() network.Limits                           { return network.Limits{Attachments: 2} }
func (silent) Publish(context.Context, network.Draft) (network.Receipt, error) {
	panic("an answer left")
}

// letter is a message with an attachment; nil is none.
func letter(n int, file []byte) network.Message {
	m := network.Message{
		ID: network.RemoteID(fmt.Sprint("m", n)), Author: network.Author{ID: "maude@exemple.test", Name: "Maude"},
		Subject: "Samedi", Text: fmt.Sprint("On est huit. Une table? 👩\u200d🍳 nº ", n), HTML: "<p>On est huit.</p>", SentAt: time.Now().Add(-time.Hour), Visibility: network.Private,
	}
	if file != nil {
		m.Attachments = []network.Attachment{{Name: "plan.txt", Type: "text/plain", Size: int64(len(file)), Content: func() io.Reader { return bytes.NewReader(file) }}}
	}
	return m
}

func (h *house) receive(messages ...network.Message) {
	h.t.Helper()
	if err := h.inbox.Receive(h.t.Context(), h.account, network.Page{Messages: messages, Next: "1"}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) write(fn func(context.Context, db.Tx) error) {
	h.t.Helper()
	if err := h.DB.Write(h.t.Context(), func(tx db.Tx) error { return fn(h.t.Context(), tx) }); err != nil {
		h.t.Fatal(err)
	}
}

// make makes a backup and opens it.
func (h *house) make(o backup.Options, s backup.Secrets) (path string, a *backup.Archive) {
	h.t.Helper()
	path = filepath.Join(h.t.TempDir(), "backup")
	if _, err := backup.Make(h.t.Context(), h.Installation, path, o); err != nil {
		h.t.Fatal(err)
	}
	return path, opened(h.t, path, s)
}

func opened(t testing.TB, path string, s backup.Secrets) *backup.Archive {
	t.Helper()
	a, err := backup.Open(path, s)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	return a
}

// stored is the path of the one stored file.
func (h *house) stored() string {
	h.t.Helper()
	all, err := filepath.Glob(filepath.Join(h.dir, h.place.ID, "*", "*"))
	if err != nil || len(all) == 0 {
		h.t.Fatalf("%v, %v", all, err)
	}
	return all[0]
}

// well fails the test for everything that a check finds.
func well(t testing.TB, in backup.Installation) {
	t.Helper()
	err := backup.Check(t.Context(), in, func(what string, err error) {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

// noise is what does not shrink.
func noise(n int) []byte {
	b := make([]byte, n)
	r := rand.NewChaCha8([32]byte{})
	r.Read(b)
	return b
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// age makes the place older.
func (h *house) age(by time.Duration) {
	h.t.Helper()
	h.write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE place SET created_at = created_at - $1", by.Microseconds())
		return err
	})
}
