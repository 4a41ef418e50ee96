package backup_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
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
		journal, err := place.Audit(t.Context(), in.DB, h.place.ID, place.Question{Limit: 1})
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
		for _, c := range entries(t, path) {
			if bytes.Contains(c, []byte(strings.TrimSpace(h.Keys.Reveal()))) {
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
	refused("another zip", zipped(t, map[string][]byte{"photo.jpg": nil}), "backup.none")
	for name, change := range map[string]func(name string, c []byte) []byte{
		"without one table": func(name string, c []byte) []byte { return keepUnless(name == "tables/message.jsonl", c) },
		"without one file":  func(name string, c []byte) []byte { return keepUnless(strings.HasPrefix(name, "files/"), c) },
		"another file": func(name string, c []byte) []byte {
			if strings.HasPrefix(name, "files/") {
				return []byte("autre chose")
			}
			return c
		},
		"another row": func(name string, c []byte) []byte { return bytes.ReplaceAll(c, []byte("Maude"), []byte("Maud!")) },
	} {
		content := entries(t, path)
		for entry, c := range content {
			if content[entry] = change(entry, c); content[entry] == nil {
				delete(content, entry)
			}
		}
		refused(name, zipped(t, content), "backup.damaged")
	}
}

func keepUnless(gone bool, c []byte) []byte {
	if gone {
		return nil
	}
	return c
}

func TestRowsThatComeBackOtherwiseAreNotTakenForWhole(t *testing.T) {
	h := furnish(t, dbtest.SQLite(t))
	path, _ := h.make(backup.Options{}, backup.Secrets{})
	// An archive that is in order by all its sums, with a row that no database gives back as it stands there.
	content := entries(t, path)
	before := content["tables/place.jsonl"]
	i := bytes.Index(before, []byte(`"{`)) + 2 // in the settings of the place
	after := slices.Concat(before[:i], []byte(" "), before[i:])
	content["tables/place.jsonl"] = after
	sum := func(b []byte) []byte { s := sha256.Sum256(b); return hex.AppendEncode(nil, s[:]) }
	content["manifest.json"] = bytes.Replace(content["manifest.json"], sum(before), sum(after), 1)
	if err := os.WriteFile(path, zipped(t, content), 0o600); err != nil {
		t.Fatal(err)
	}
	a := opened(t, path, backup.Secrets{})
	if err := a.Verify(t.Context()); err != nil {
		t.Fatal(err)
	}
	in := blank(t, db.SQLite, h.Keys)
	if _, err := a.Restore(t.Context(), in); fault.As(err).Key != "backup.damaged" {
		t.Errorf("it says %v", err)
	}
	if err := in.DB.CheckVersion(t.Context()); fault.As(err).Key != "db.half_restored" {
		t.Errorf("the database that it began to fill: %v", err)
	}
}

// entries is what a zip holds, by name.
func entries(t *testing.T, path string) map[string][]byte {
	t.Helper()
	z, err := zip.OpenReader(path)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	content := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if content[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return content
}

// zipped makes a zip of it.
func zipped(t *testing.T, content map[string][]byte) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for name, c := range content {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write(c)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
