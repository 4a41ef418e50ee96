package place

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"os"
	"slices"
	"strings"
	"sync"

	"comptoir/internal/fault"
)

// ring holds the keys that seal what the database keeps of credentials: the master itself until the first rotation,
// then those behind it in the file. The newest seals, all open. Several processes share the file, so it is read again
// when it changed.
type ring struct {
	mu      sync.Mutex
	path    string      // "" = kept nowhere
	read    os.FileInfo // of the file as it was read last
	sealers []sealer    // the master first, the newest last
	next    *sealer     // opens and does not seal yet: see PrepareKey
}

// sealer is one key that seals. Its id stands before all that it sealed.
type sealer struct {
	id  string
	key []byte
}

const nextMark = "next "

func newSealer(key []byte) sealer {
	sum := sha256.Sum256(key)
	return sealer{hex.EncodeToString(sum[:4]), key}
}

func freshSealer() sealer {
	key := make([]byte, 32)
	rand.Read(key)
	return newSealer(key)
}

// add reads one line of the file.
func (r *ring) add(line string) error {
	text, isNext := strings.CutPrefix(strings.TrimSpace(line), nextMark)
	key, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(key) != 32 {
		return fault.New(fault.Invalid, "key.parse", "key.damaged", "path", KeyFile)
	}
	s := newSealer(key)
	if isNext {
		r.next = &s
	} else {
		r.sealers = append(r.sealers, s)
	}
	return nil
}

func (r *ring) reveal() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refresh()
	return lines(r.sealers, r.next)
}

// lines is what stands behind the master in the file.
func lines(sealers []sealer, next *sealer) string {
	var b strings.Builder
	for _, s := range sealers[1:] {
		b.WriteString(base64.StdEncoding.EncodeToString(s.key) + "\n")
	}
	if next != nil {
		b.WriteString(nextMark + base64.StdEncoding.EncodeToString(next.key) + "\n")
	}
	return b.String()
}

// refresh reads the file again when another process changed it. A file that cannot be read, or that is another
// installation's, changes nothing: what is known still opens.
func (r *ring) refresh() {
	if r.path == "" {
		return
	}
	st, err := os.Stat(r.path)
	if err != nil || r.read != nil && os.SameFile(st, r.read) && st.ModTime().Equal(r.read.ModTime()) {
		return
	}
	b, err := os.ReadFile(r.path)
	if err != nil {
		return
	}
	if k, err := ParseKeys(string(b)); err == nil && k.id == r.sealers[0].id {
		r.sealers, r.next, r.read = k.ring.sealers, k.ring.next, st
	}
}

// newest is the key that seals.
func (r *ring) newest() sealer {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refresh()
	return r.sealers[len(r.sealers)-1]
}

// named is the key of an id, when there is one.
func (r *ring) named(id string) (sealer, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	find := func() int { return slices.IndexFunc(r.sealers, func(s sealer) bool { return s.id == id }) }
	i := find()
	if i < 0 && (r.next == nil || r.next.id != id) {
		r.read = nil // whatever the file's time says
		r.refresh()
		i = find()
	}
	switch {
	case i >= 0:
		return r.sealers[i], true
	case r.next != nil && r.next.id == id:
		return *r.next, true
	}
	return sealer{}, false
}

// Seal encrypts plain so that it opens only with the same context: the ids and the column it belongs to.
func (k Keys) Seal(plain []byte, context ...string) []byte {
	s := k.ring.newest()
	gcm := s.gcm()
	nonce := make([]byte, gcm.NonceSize())
	rand.Read(nonce)
	out := append([]byte(s.id+":"), nonce...)
	return gcm.Seal(out, nonce, plain, s.context(context))
}

// Open is the inverse of Seal. It returns fault.Internal with the key "key.other" when the value was
// sealed under another key, and "key.damaged_value" when it was changed or moved.
func (k Keys) Open(sealed []byte, context ...string) ([]byte, error) {
	id := sealedBy(sealed)
	s, known := k.ring.named(id)
	if !known {
		return nil, fault.New(fault.Internal, "key.open", "key.other")
	}
	gcm := s.gcm()
	rest := sealed[len(id)+1:]
	if len(rest) < gcm.NonceSize() {
		return nil, fault.New(fault.Internal, "key.open", "key.damaged_value")
	}
	plain, err := gcm.Open(nil, rest[:gcm.NonceSize()], rest[gcm.NonceSize():], s.context(context))
	if err != nil {
		return nil, fault.New(fault.Internal, "key.open", "key.damaged_value")
	}
	return plain, nil
}

// sealedBy is the id of the key that sealed a value.
func sealedBy(sealed []byte) string {
	id, _, found := strings.Cut(string(sealed[:min(len(sealed), 9)]), ":")
	if !found {
		return ""
	}
	return id
}

func (s sealer) gcm() cipher.AEAD {
	block, err := aes.NewCipher(derive(s.key, "seal"))
	if err != nil {
		panic(err)
	}
	gcm, err := cipher.NewGCM(block)
	if err != nil {
		panic(err)
	}
	return gcm
}

func (s sealer) context(parts []string) []byte {
	return []byte(s.id + "\x00" + strings.Join(parts, "\x00"))
}
