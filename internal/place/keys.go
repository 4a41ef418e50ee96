package place

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"comptoir/internal/fault"
)

// Keys is the secret of an installation, kept in a file of the data folder beside the database, never
// in it. From one master key each purpose derives its own: what signs table codes cannot open
// credentials. It never prints.
type Keys struct {
	id     string
	master []byte
}

// KeyFile is the name of the key's file in a data folder.
const KeyFile = "comptoir.key"

// LoadKeys reads the key of a data folder, and makes one when the folder is new. One that is gone is refused with
// the key "key.missing", a file that others can read with "key.readable", a damaged one with "key.damaged".
func LoadKeys(dir string) (Keys, error) {
	path := filepath.Join(dir, KeyFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(filepath.Join(dir, folderFile)); err == nil {
			return Keys{}, fault.New(fault.Conflict, "key.load", "key.missing", "path", path)
		}
		return makeKeys(path)
	}
	if err != nil {
		return Keys{}, fault.Wrap(err, fault.Unavailable, "key.load", "key.unreadable", "path", path)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm()&0o077 != 0 {
		return Keys{}, fault.New(fault.Forbidden, "key.load", "key.readable", "path", path)
	}
	k, err := ParseKeys(string(b))
	if err != nil {
		return Keys{}, fault.Wrap(err, fault.Invalid, "key.load", "key.damaged", "path", path)
	}
	return k, nil
}

// ParseKeys reads what Reveal returned.
func ParseKeys(text string) (Keys, error) {
	master, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text))
	if err != nil || len(master) != 32 {
		return Keys{}, fault.New(fault.Invalid, "key.parse", "key.damaged", "path", KeyFile)
	}
	return newKeys(master), nil
}

// Reveal is the secret itself, as it stands in its file: for that file, and for a backup that seals it.
func (k Keys) Reveal() string { return base64.StdEncoding.EncodeToString(k.master) + "\n" }

// ID tells one key from another, and nothing of the secret.
func (k Keys) ID() string { return k.id }

// Store writes the key into a data folder that has none. It returns fault.Conflict ("key.there") for one
// that has.
func (k Keys) Store(dir string) error {
	path := filepath.Join(dir, KeyFile)
	err := writeOnce(path, k.Reveal())
	if errors.Is(err, fs.ErrExist) {
		return fault.Wrap(err, fault.Conflict, "key.store", "key.there", "path", path)
	}
	return fault.Wrap(err, fault.Unavailable, "key.store", "key.unwritable", "path", path)
}

func makeKeys(path string) (Keys, error) {
	k := NewKeys()
	err := k.Store(filepath.Dir(path))
	if fault.Is(err, fault.Conflict) { // another process was first: then theirs counts
		return LoadKeys(filepath.Dir(path))
	}
	return k, err
}

// NewKeys makes a key that is kept nowhere yet.
func NewKeys() Keys {
	master := make([]byte, 32)
	rand.Read(master)
	return newKeys(master)
}

// writeOnce writes a file that nobody else can read, and never half: a half-written key would lock
// everything for ever. It returns fs.ErrExist when there is one already.
func writeOnce(path, text string) error {
	f, err := os.CreateTemp(filepath.Dir(path), filepath.Base(path)+".*.new")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(text)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Link(f.Name(), path)
}

func newKeys(master []byte) Keys {
	sum := sha256.Sum256(master)
	return Keys{id: hex.EncodeToString(sum[:4]), master: master}
}

// Derive returns 32 bytes for one purpose.
func (k Keys) Derive(purpose string) []byte {
	b, err := hkdf.Key(sha256.New, k.master, nil, "comptoir "+purpose, 32)
	if err != nil {
		panic(err) // only for absurd lengths
	}
	return b
}

// Seal encrypts plain so that it opens only with the same context: the ids and the column it belongs to.
func (k Keys) Seal(plain []byte, context ...string) []byte {
	gcm := k.gcm()
	nonce := make([]byte, gcm.NonceSize())
	rand.Read(nonce)
	out := append([]byte(k.id+":"), nonce...)
	return gcm.Seal(out, nonce, plain, k.context(context))
}

// Open is the inverse of Seal. It returns fault.Internal with the key "key.other" when the value was
// sealed under another key, and "key.damaged_value" when it was changed or moved.
func (k Keys) Open(sealed []byte, context ...string) ([]byte, error) {
	gcm := k.gcm()
	head := len(k.id) + 1
	if len(sealed) < head+gcm.NonceSize() || string(sealed[:head]) != k.id+":" {
		return nil, fault.New(fault.Internal, "key.open", "key.other")
	}
	nonce, box := sealed[head:head+gcm.NonceSize()], sealed[head+gcm.NonceSize():]
	plain, err := gcm.Open(nil, nonce, box, k.context(context))
	if err != nil {
		return nil, fault.New(fault.Internal, "key.open", "key.damaged_value")
	}
	return plain, nil
}

func (k Keys) gcm() cipher.AEAD {
	block, err := aes.NewCipher(k.Derive("seal"))
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

func (k Keys) context(parts []string) []byte {
	return []byte(k.id + "\x00" + strings.Join(parts, "\x00"))
}

const secret = "[secret]"

func (Keys) String() string               { return secret }
func (Keys) GoString() string             { return secret }
func (Keys) MarshalJSON() ([]byte, error) { return []byte(`"` + secret + `"`), nil }
func (Keys) LogValue() slog.Value         { return slog.StringValue(secret) }
