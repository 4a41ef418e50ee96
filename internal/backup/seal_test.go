package backup_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"filippo.io/age"

	"comptoir/internal/backup"
	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
)

func TestAnEncryptedBackupOpensForItsHolderOnly(t *testing.T) {
	h := furnish(t, dbtest.SQLite(t))
	h.receive(letter(2, noise(3<<20))) // more than one block of what is read ahead
	mine, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	other, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	quantum, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	const phrase = "quatre chaises autour du poêle"
	byPhrase := backup.Secrets{Passphrase: phrase}
	byKey := func(ids ...age.Identity) backup.Secrets { return backup.Secrets{Identities: ids} }
	for _, tt := range []struct {
		name         string
		o            backup.Options
		opens, wrong backup.Secrets
		closed       string
	}{
		{"by a passphrase", backup.Options{Encrypt: true, Passphrase: phrase}, byPhrase, backup.Secrets{Passphrase: "trois chaises autour du poêle"}, "backup.locked_passphrase"},
		{"for a key", backup.Options{Recipients: []string{mine.Recipient().String()}}, byKey(mine), byKey(other), "backup.locked_key"},
		{"for two keys", backup.Options{Recipients: []string{other.Recipient().String(), mine.Recipient().String()}}, byKey(mine), byPhrase, "backup.locked_key"},
		{"for a key of the other kind", backup.Options{Recipients: []string{quantum.Recipient().String()}}, byKey(quantum), byKey(mine), "backup.locked_key"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			path, a := h.make(tt.o, tt.opens)
			if a.Files != 2 {
				t.Errorf("it holds %+v", a.Manifest)
			}
			raw, err := os.ReadFile(path)
			if err != nil || bytes.Contains(raw, []byte("PK\x03\x04")) || bytes.Contains(raw, []byte("terrasse")) || !bytes.HasPrefix(raw, []byte("age-encryption.org/v1\n")) {
				t.Errorf("it lies open, %v", err)
			}
			if _, err := backup.Open(path, backup.Secrets{}); fault.As(err).Key != tt.closed {
				t.Errorf("without a secret: %v", err)
			}
			if _, err := backup.Open(path, tt.wrong); fault.As(err).Key != "backup.wrong_secret" {
				t.Errorf("with another secret: %v", err)
			}
			in := blank(t, db.SQLite, h.Keys)
			if _, err := a.Restore(t.Context(), in); err != nil {
				t.Fatal(err)
			}
			well(t, in)
		})
	}
	path, _ := h.make(backup.Options{Recipients: []string{mine.Recipient().String()}}, byKey(mine))
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 1; i < 20; i++ { // wherever a byte changes
		changed := bytes.Clone(raw)
		changed[300+i*(len(raw)-400)/20] ^= 1
		if err := os.WriteFile(path, changed, 0o600); err != nil {
			t.Fatal(err)
		}
		a, err := backup.Open(path, byKey(mine))
		if err == nil {
			err = a.Verify(t.Context())
			a.Close()
		}
		if !fault.Is(err, fault.Rejected) && fault.As(err).Key != "backup.wrong_secret" {
			t.Errorf("a changed byte: %v", err)
		}
	}
}

func TestWhatIsNoKeyOfAgeIsRefused(t *testing.T) {
	h := furnish(t, dbtest.SQLite(t))
	to := filepath.Join(t.TempDir(), "x")
	_, err := backup.Make(t.Context(), h.Installation, to, backup.Options{Recipients: []string{"ssh-ed25519 AAAA"}})
	if fault.As(err).Key != "backup.recipient" || fault.As(backup.CheckRecipients([]string{"age1nonsense"})).Key != "backup.recipient" {
		t.Errorf("it is %v", err)
	}
	if err := os.WriteFile(to, []byte("rien\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{to, to + "-not-there"} {
		if _, err := backup.ReadIdentities(path); fault.As(err).Key != "backup.identity" {
			t.Errorf("it is %v", err)
		}
	}
}
