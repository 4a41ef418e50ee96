package backup

import (
	"bytes"
	"errors"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"filippo.io/age"

	"comptoir/internal/fault"
)

// MinPassphrase is how many letters a passphrase has at least: whoever finds the file may try for ever.
const MinPassphrase = 12

// Secrets open what is encrypted.
type Secrets struct {
	Passphrase string
	Identities []age.Identity
}

// ReadIdentities reads the secret keys of a file as age-keygen writes it.
func ReadIdentities(path string) ([]age.Identity, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "backup.identity", "backup.identity", "path", path)
	}
	defer f.Close()
	ids, err := age.ParseIdentities(f)
	return ids, fault.Wrap(err, fault.Invalid, "backup.identity", "backup.identity", "path", path)
}

func (s Secrets) identities() ([]age.Identity, error) {
	if s.Passphrase == "" {
		return s.Identities, nil
	}
	id, err := age.NewScryptIdentity(s.Passphrase)
	return append([]age.Identity{id}, s.Identities...), err
}

// lock is who may open an archive: recipients to encrypt it for, and the secrets by which it is read back.
type lock struct {
	recipients []age.Recipient
	secrets    Secrets
}

// byPassphrase locks with a passphrase, or says that it is too short.
func byPassphrase(passphrase string) (lock, error) {
	if utf8.RuneCountInString(passphrase) < MinPassphrase {
		return lock{}, fault.New(fault.Invalid, "backup.seal", "backup.passphrase", "min", MinPassphrase)
	}
	r, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return lock{}, err
	}
	r.SetWorkFactor(workFactor)
	return lock{[]age.Recipient{r}, Secrets{Passphrase: passphrase}}, nil
}

// workFactor makes each try of a passphrase cost a second and 256 MB: age's own choice.
var workFactor = 18 // tests try often

// forRecipients locks for the holders of keys that are elsewhere. One more key, made for this archive and
// forgotten with it, is among them: by that one it is read back.
func forRecipients(keys []string) (lock, error) {
	all, err := age.ParseRecipients(strings.NewReader(strings.Join(keys, "\n")))
	if err != nil {
		return lock{}, fault.Wrap(err, fault.Invalid, "backup.seal", "backup.recipient")
	}
	if _, quantum := all[0].(*age.HybridRecipient); quantum { // age does not mix the two kinds
		own, err := age.GenerateHybridIdentity()
		if err != nil {
			return lock{}, err
		}
		return lock{append(all, own.Recipient()), Secrets{Identities: []age.Identity{own}}}, nil
	}
	own, err := age.GenerateX25519Identity()
	if err != nil {
		return lock{}, err
	}
	return lock{append(all, own.Recipient()), Secrets{Identities: []age.Identity{own}}}, nil
}

// CheckRecipients tells whether an archive could be encrypted for keys.
func CheckRecipients(keys []string) error {
	if len(keys) == 0 {
		return nil
	}
	_, err := forRecipients(keys)
	return err
}

const ageIntro = "age-encryption.org/v1\n"

// decrypted returns what is to be read of a file: itself, or what an age file holds.
func decrypted(f io.ReaderAt, size int64, s Secrets) (io.ReaderAt, int64, error) {
	intro := make([]byte, len(ageIntro))
	if _, err := f.ReadAt(intro, 0); err != nil || string(intro) != ageIntro {
		return f, size, nil
	}
	ids, err := s.identities()
	if err != nil {
		return nil, 0, err
	}
	if len(ids) == 0 {
		return nil, 0, fault.New(fault.Invalid, "backup.open", lockedBy(f, size))
	}
	plain, n, err := age.DecryptReaderAt(f, size, ids...)
	if _, wrong := errors.AsType[*age.NoIdentityMatchError](err); wrong || errors.Is(err, age.ErrIncorrectIdentity) {
		return nil, 0, fault.Wrap(err, fault.Invalid, "backup.open", "backup.wrong_secret")
	}
	if err != nil {
		return nil, 0, damaged(err)
	}
	return &ahead{from: plain, size: n}, n, nil
}

// ahead reads more than it is asked for, once: a decrypted chunk is dear, and a zip is read in small pieces.
// It is for one reader at a time.
type ahead struct {
	from io.ReaderAt
	size int64
	at   int64
	held []byte
}

func (a *ahead) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		if off >= a.size {
			return n, io.EOF
		}
		if off < a.at || off >= a.at+int64(len(a.held)) {
			const block = 1 << 20
			if a.held == nil {
				a.held = make([]byte, block)
			}
			a.at = off - off%block
			a.held = a.held[:min(block, a.size-a.at)]
			if _, err := a.from.ReadAt(a.held, a.at); err != nil && err != io.EOF {
				a.held = a.held[:0]
				return n, err
			}
		}
		c := copy(p[n:], a.held[off-a.at:])
		n, off = n+c, off+int64(c)
	}
	return n, nil
}

// lockedBy is the sentence that says what an age file wants: a passphrase, or a key.
func lockedBy(f io.ReaderAt, size int64) string {
	head, err := age.ExtractHeader(io.NewSectionReader(f, 0, size))
	if err == nil && bytes.Contains(head, []byte("\n-> scrypt ")) {
		return "backup.locked_passphrase"
	}
	return "backup.locked_key"
}

// seal encrypts a little text.
func seal(text string, l lock) ([]byte, error) {
	var b bytes.Buffer
	w, err := age.Encrypt(&b, l.recipients...)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, text); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// unseal is the inverse.
func unseal(sealed []byte, s Secrets) (string, error) {
	plain, n, err := decrypted(bytes.NewReader(sealed), int64(len(sealed)), s)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(io.NewSectionReader(plain, 0, n))
	if err != nil {
		return "", damaged(err)
	}
	return string(b), nil
}
