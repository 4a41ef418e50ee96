package place

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
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
// credentials. What seals credentials can be changed (see RotateKeys) while printed codes stay good. Copies share
// what changes, and are safe for concurrent use. It never prints.
type Keys struct {
	id     string
	master []byte
	ring   *ring
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
	k.ring.path = path
	return k, nil
}

// ParseKeys reads what Reveal returned: the master, then each key that seals, a line each.
func ParseKeys(text string) (Keys, error) {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	master, err := base64.StdEncoding.DecodeString(strings.TrimSpace(lines[0]))
	if err != nil || len(master) != 32 {
		return Keys{}, fault.New(fault.Invalid, "key.parse", "key.damaged", "path", KeyFile)
	}
	k := newKeys(master)
	for _, line := range lines[1:] {
		if err := k.ring.add(line); err != nil {
			return Keys{}, err
		}
	}
	return k, nil
}

// Reveal is the secret itself, as it stands in its file: for that file, and for a backup that seals it.
func (k Keys) Reveal() string {
	return base64.StdEncoding.EncodeToString(k.master) + "\n" + k.ring.reveal()
}

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
	k.ring.path = path
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
	first := newSealer(master)
	return Keys{id: first.id, master: master, ring: &ring{sealers: []sealer{first}}}
}

// Derive returns 32 bytes for one purpose.
func (k Keys) Derive(purpose string) []byte { return derive(k.master, purpose) }

func derive(key []byte, purpose string) []byte {
	b, err := hkdf.Key(sha256.New, key, nil, "comptoir "+purpose, 32)
	if err != nil {
		panic(err) // only for absurd lengths
	}
	return b
}

const secret = "[secret]"

func (Keys) String() string               { return secret }
func (Keys) GoString() string             { return secret }
func (Keys) MarshalJSON() ([]byte, error) { return []byte(`"` + secret + `"`), nil }
func (Keys) LogValue() slog.Value         { return slog.StringValue(secret) }
