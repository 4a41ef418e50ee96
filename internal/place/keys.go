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

const keyFile = "comptoir.key"

// LoadKeys reads the key of a data folder, and makes one when there is none. A file that others can read
// is refused with the key "key.readable"; a damaged one with "key.damaged".
func LoadKeys(dir string) (Keys, error) {
	path := filepath.Join(dir, keyFile)
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return makeKeys(path)
	}
	if err != nil {
		return Keys{}, fault.Wrap(err, fault.Unavailable, "key.load", "key.unreadable", "path", path)
	}
	if st, err := os.Stat(path); err != nil || st.Mode().Perm()&0o077 != 0 {
		return Keys{}, fault.New(fault.Forbidden, "key.load", "key.readable", "path", path)
	}
	master, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(b)))
	if err != nil || len(master) != 32 {
		return Keys{}, fault.New(fault.Invalid, "key.load", "key.damaged", "path", path)
	}
	return newKeys(master), nil
}

func makeKeys(path string) (Keys, error) {
	master := make([]byte, 32)
	rand.Read(master)
	// Written whole under another name first: a half-written key would lock everything for ever.
	tmp := path + ".new"
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err == nil {
		_, err = f.WriteString(base64.StdEncoding.EncodeToString(master) + "\n")
		err = errors.Join(err, f.Sync(), f.Close())
	}
	if err == nil {
		err = os.Link(tmp, path) // fails when another process was first: then theirs counts
		os.Remove(tmp)
		if errors.Is(err, fs.ErrExist) {
			return LoadKeys(filepath.Dir(path))
		}
	}
	if err != nil {
		return Keys{}, fault.Wrap(err, fault.Unavailable, "key.make", "key.unwritable", "path", path)
	}
	return newKeys(master), nil
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
