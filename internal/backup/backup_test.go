package backup_test

import (
	"archive/zip"
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comptoir/internal/backup"
	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/inbox"
	"comptoir/internal/place"
)

func TestABackupOfEitherEngineComesBackOnEither(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, a := h.make(backup.Options{}, backup.Secrets{})
		if a.Files != 1 || a.Rows() < 20 || a.Engine != string(h.DB.Engine()) || len(a.Missing) != 0 {
			t.Fatalf("it holds %+v", a.Manifest)
		}
		for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
			t.Run("on "+string(engine), func(t *testing.T) {
				in := blank(t, engine, h.Keys)
				if _, err := a.Restore(t.Context(), in); err != nil {
					t.Fatal(err)
				}
				well(t, in)
				accounts, err := place.Accounts(t.Context(), in.DB, h.place.ID)
				if err != nil || len(accounts) != 2 {
					t.Fatalf("%d accounts, %v", len(accounts), err)
				}
				if c, err := accounts[1].Credential(in.Keys); err != nil || c.Field("password") != "le zinc brille" {
					t.Errorf("what was sealed does not open: %v", err)
				}
				rows := search(t, in, h.place.ID, "maude samedi")
				if len(rows) != 1 || rows[0].Subject != "Samedi" {
					t.Errorf("the search finds %+v", rows)
				}
				stored, err := inbox.StoredFiles(t.Context(), in.DB)
				if err != nil || len(stored) != 1 {
					t.Fatalf("%v, %v", stored, err)
				}
				f, err := in.Files.Get(h.place.ID, stored[0].Hash)
				if err != nil {
					t.Fatal(err)
				}
				defer f.Close()
				if b, err := io.ReadAll(f); err != nil || string(b) != "un petit plan de la terrasse" {
					t.Errorf("the file says %q, %v", b, err)
				}
				// What comes back is what a second backup would hold, but for what a restore changes.
				if _, err := a.Restore(t.Context(), in); fault.As(err).Key != "db.not_empty" {
					t.Errorf("into a database that is not empty: %v", err)
				}
			})
		}
	})
}

func search(t *testing.T, in backup.Installation, placeID, words string) []inbox.Row {
	t.Helper()
	page, err := (&inbox.Inbox{DB: in.DB, Files: in.Files}).List(t.Context(), placeID, inbox.Query{Search: words})
	if err != nil {
		t.Fatal(err)
	}
	return page.Rows
}

func TestARestoredCopyIsAnInstallationOfItsOwn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		var reset string
		h.write(func(ctx context.Context, tx db.Tx) (err error) {
			reset, err = place.ResetLink(ctx, tx, place.System(), "", h.owner.ID)
			return err
		})
		_, a := h.make(backup.Options{}, backup.Secrets{})
		in := blank(t, db.SQLite, h.Keys)
		if _, err := a.Restore(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		if _, _, err := place.FindSession(t.Context(), in.DB, h.session); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a session goes on: %v", err)
		}
		if _, _, err := place.FindToken(t.Context(), in.DB, h.token); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a token opens: %v", err)
		}
		for _, table := range []string{"session", "link", "signin_failure"} {
			var n int
			if err := in.DB.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil || n != 0 {
				t.Errorf("%s has %d rows, %v", table, n, err)
			}
		}
		if reset == "" {
			t.Error("there was no link to end")
		}
		was, _ := place.InstanceValue(t.Context(), h.DB, place.InstanceID)
		is, err := place.InstanceValue(t.Context(), in.DB, place.InstanceID)
		if err != nil || was == "" || is == was || len(is) != len(was) {
			t.Errorf("its id was %q and is %q, %v", was, is, err)
		}
		journal, err := place.Audit(t.Context(), in.DB, h.place.ID, false, 0, 1)
		if err != nil || journal.Entries[0].Kind != place.EventRestored {
			t.Errorf("the journal ends with %+v, %v", journal.Entries, err)
		}
	})
}

func TestWithoutItsKeyAnInstallationBeginsAnewWithItsAccounts(t *testing.T) {
	h := furnish(t, dbtest.SQLite(t))
	_, a := h.make(backup.Options{}, backup.Secrets{})
	in := blank(t, db.SQLite, place.NewKeys())
	if _, err := a.Restore(t.Context(), in); err != nil {
		t.Fatal(err)
	}
	well(t, in)
	if err := place.CheckKeys(t.Context(), in.DB, in.Keys); err != nil {
		t.Error(err)
	}
	accounts, err := place.Accounts(t.Context(), in.DB, h.place.ID)
	if err != nil || accounts[1].State != place.AccountPerson || accounts[1].FaultKey != "key.other" || accounts[0].State != place.AccountOK {
		t.Errorf("the accounts are %+v, %v", accounts, err)
	}
}

func TestABackupIsOfOneMomentWhileWritesGoOn(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		stop, wrote := make(chan struct{}), make(chan int)
		go func() {
			n := 0
			for ; ; n++ {
				select {
				case <-stop:
					wrote <- n
					return
				default:
					h.receive(letter(100+n, nil))
				}
			}
		}()
		time.Sleep(50 * time.Millisecond)
		_, a := h.make(backup.Options{}, backup.Secrets{})
		close(stop)
		if n := <-wrote; n < 2 {
			t.Fatalf("only %d writes went on", n)
		}
		in := blank(t, db.SQLite, h.Keys)
		if _, err := a.Restore(t.Context(), in); err != nil {
			t.Fatal(err)
		}
		well(t, in) // the journals have no holes
	})
}

func TestTheKeyIsInABackupOnlyWhenAskedForAndSealed(t *testing.T) {
	h := furnish(t, dbtest.SQLite(t))
	const phrase = "quatre chaises autour du poêle"
	holdsKey := func(path string) bool {
		z, err := zip.OpenReader(path)
		if err != nil {
			t.Fatal(err)
		}
		defer z.Close()
		for _, f := range z.File {
			r, err := f.Open()
			if err != nil {
				t.Fatal(err)
			}
			b, err := io.ReadAll(r)
			if err != nil {
				t.Fatal(err)
			}
			if bytes.Contains(b, []byte(strings.TrimSpace(h.Keys.Reveal()))) {
				return true
			}
		}
		return false
	}
	path, a := h.make(backup.Options{}, backup.Secrets{})
	if a.HasKey() || holdsKey(path) {
		t.Error("the key is in a backup that was not asked for it")
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm() != 0o600 {
		t.Errorf("others can read it: %v, %v", st.Mode(), err)
	}
	path, a = h.make(backup.Options{Key: true, Passphrase: phrase}, backup.Secrets{})
	if !a.HasKey() || holdsKey(path) {
		t.Error("the key is not in it, or lies open")
	}
	if k, err := a.Keys(backup.Secrets{Passphrase: phrase}); err != nil || k.Reveal() != h.Keys.Reveal() {
		t.Errorf("it does not come back: %v", err)
	}
	if _, err := a.Keys(backup.Secrets{Passphrase: phrase + "!"}); fault.As(err).Key != "backup.wrong_secret" {
		t.Errorf("another passphrase: %v", err)
	}
	to := filepath.Join(t.TempDir(), "x")
	if _, err := backup.Make(t.Context(), h.Installation, to, backup.Options{Key: true, Passphrase: "trop court"}); fault.As(err).Key != "backup.passphrase" || exists(to) {
		t.Errorf("a short passphrase: %v", err)
	}
}

func TestADamagedBackupIsRefused(t *testing.T) {
	h := furnish(t, dbtest.SQLite(t))
	path, a := h.make(backup.Options{}, backup.Secrets{})
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := a.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused := func(name string, content []byte, want ...string) {
		t.Helper()
		p := filepath.Join(t.TempDir(), "damaged")
		if err := os.WriteFile(p, content, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := backup.Open(p, backup.Secrets{})
		if err == nil {
			defer a.Close()
			err = a.Verify(t.Context())
		}
		key := ""
		if err != nil {
			key = fault.As(err).Key
		}
		for _, w := range want {
			if key == w {
				return
			}
		}
		t.Errorf("%s: %v, want %v", name, err, want)
	}
	for n := 1; n < 10; n++ {
		refused("cut short", whole[:len(whole)*n/10], "backup.damaged")
	}
	file := bytes.Index(whole, []byte("un petit plan"))
	changed := bytes.Clone(whole)
	changed[file] ^= 1
	refused("a changed file", changed, "backup.damaged")
	refused("nothing", nil, "backup.none")
	refused("something else", []byte("%PDF-1.7 and so on and so on"), "backup.none")
	refused("another zip", another(t), "backup.none")
	refused("without one table", without(t, path, "tables/message.jsonl"), "backup.damaged")
	refused("without one file", without(t, path, "files/"), "backup.damaged")
}

// another is a zip of somebody else's.
func another(t *testing.T) []byte {
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	if _, err := z.Create("photo.jpg"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// without copies a zip but for the entries that begin with prefix.
func without(t *testing.T, path, prefix string) []byte {
	t.Helper()
	from, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer from.Close()
	var b bytes.Buffer
	to := zip.NewWriter(&b)
	for _, f := range from.File {
		if !strings.HasPrefix(f.Name, prefix) {
			if err := to.Copy(f); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := to.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestAFileThatIsGoneIsToldOfAndTheRestIsKept(t *testing.T) {
	for name, damage := range map[string]func(path string) error{
		"gone":    os.Remove,
		"changed": func(path string) error { return os.WriteFile(path, []byte("autre chose"), 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			h := furnish(t, dbtest.SQLite(t))
			h.receive(letter(2, []byte("un autre")))
			lost := h.stored()
			if err := damage(lost); err != nil {
				t.Fatal(err)
			}
			_, a := h.make(backup.Options{}, backup.Secrets{})
			if len(a.Missing) != 1 || a.Missing[0] != h.place.ID+"/"+filepath.Base(lost) || a.Files != 1 {
				t.Errorf("it holds %+v", a.Manifest)
			}
			said := ""
			err := backup.Check(t.Context(), h.Installation, func(_ string, err error) {
				if err != nil {
					said += fault.As(err).Key
				}
			})
			if want := map[string]string{"gone": "check.files_missing", "changed": "check.files_changed"}[name]; said != want || err != nil {
				t.Errorf("a check says %q, %v", said, err)
			}
			// The drill says it too: what was not taken along cannot come back.
			if ok, err := a.Drill(t.Context(), t.TempDir(), h.Keys, func(string, error) {}); ok || err != nil {
				t.Errorf("the drill says %v, %v", ok, err)
			}
		})
	}
}

func TestABackupThatIsBeingWrittenIsNotWrittenTwice(t *testing.T) {
	h := furnish(t, dbtest.SQLite(t))
	path := filepath.Join(t.TempDir(), "backup")
	// A process that was killed left half of one behind: it is written over.
	if err := os.WriteFile(path+".part", noise(1000), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Make(t.Context(), h.Installation, path, backup.Options{}); err != nil {
		t.Fatal(err)
	}
	release := backup.HoldPart(t, path)
	if _, err := backup.Make(t.Context(), h.Installation, path, backup.Options{}); fault.As(err).Key != "backup.busy" {
		t.Errorf("while another is written: %v", err)
	}
	release()
	if _, err := backup.Make(t.Context(), h.Installation, filepath.Join(t.TempDir(), "nowhere", "b"), backup.Options{}); fault.As(err).Key != "backup.no_folder" {
		t.Errorf("in a folder that is not there: %v", err)
	}
	if err := opened(t, path, backup.Secrets{}).Verify(t.Context()); err != nil {
		t.Errorf("the one that was there: %v", err)
	}
}

func TestADrillTriesABackupAndLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, h *house) {
		_, a := h.make(backup.Options{}, backup.Secrets{})
		dir := t.TempDir()
		var said []string
		ok, err := a.Drill(t.Context(), dir, h.Keys, func(what string, err error) {
			if said = append(said, what); err != nil {
				t.Errorf("%s: %v", what, err)
			}
		})
		if !ok || err != nil || len(said) < 5 {
			t.Errorf("%v, %v, it looked at %v", ok, err, said)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) != 0 {
			t.Errorf("%v is left, %v", left, err)
		}
		if ok, err := a.Drill(t.Context(), dir, place.NewKeys(), func(string, error) {}); ok || err != nil {
			t.Errorf("with another key: %v, %v", ok, err)
		}
	})
}
