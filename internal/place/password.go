package place

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/argon2"

	"comptoir/internal/fault"
)

// argonParams is what a hash costs. It is stored with each hash, so that raising it here has every
// password hashed anew at its next sign-in.
type argonParams struct {
	memory  uint32 // KiB
	passes  uint32
	threads uint8
}

// hasher hashes passwords, a few at a time: each costs 19 MiB, and a flood of sign-ins must not take the
// memory that the counter works with. It is safe for concurrent use.
type hasher struct {
	argonParams
	slots chan struct{}
	done  atomic.Int64 // hashes computed, for the tests of "same work for everybody"
}

// argonCost is OWASP's floor for argon2id.
var argonCost = argonParams{memory: 19 * 1024, passes: 2, threads: 1}

// passwords is the one hasher of the process.
var passwords = newHasher(argonCost, 2)

// hashWait is how long a sign-in waits for its turn before it is told to come back.
const hashWait = 3 * time.Second

func newHasher(p argonParams, atOnce int) *hasher {
	return &hasher{argonParams: p, slots: make(chan struct{}, atOnce)}
}

// turn waits for a slot; fault.RateLimited when there was none in time.
func (h *hasher) turn(ctx context.Context) error {
	wait := time.NewTimer(hashWait)
	defer wait.Stop()
	select {
	case h.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-wait.C:
		return &fault.Error{Code: fault.RateLimited, Op: "place.password", RetryAfter: hashWait}
	}
}

func (h *hasher) key(ctx context.Context, password string, salt []byte, p argonParams) ([]byte, error) {
	if err := h.turn(ctx); err != nil {
		return nil, err
	}
	defer func() { <-h.slots }()
	h.done.Add(1)
	return argon2.IDKey([]byte(password), salt, p.passes, p.memory, p.threads, 32), nil
}

// hash returns the PHC string of a password, compared later exactly as it was typed.
func (h *hasher) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, 16)
	rand.Read(salt)
	key, err := h.key(ctx, password, salt, h.argonParams)
	if err != nil {
		return "", err
	}
	return phc(h.argonParams, salt, key), nil
}

func phc(p argonParams, salt, key []byte) string {
	b64 := base64.RawStdEncoding.EncodeToString
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, p.memory, p.passes, p.threads, b64(salt), b64(key))
}

// verify tells whether a password fits a PHC string, and whether that string is weaker than what is made
// today. A string that does not read (an account without a password, an unknown address) costs the same
// hash and fits nothing.
func (h *hasher) verify(ctx context.Context, stored, password string) (fits, weak bool, err error) {
	p, salt, want, readable := parsePHC(stored)
	if !readable {
		p, salt, want = h.argonParams, make([]byte, 16), make([]byte, 32)
	}
	key, err := h.key(ctx, password, salt, p)
	if err != nil {
		return false, false, err
	}
	fits = subtle.ConstantTimeCompare(key, want) == 1 && readable
	return fits, p.memory < h.memory || p.passes < h.passes, nil
}

func parsePHC(s string) (p argonParams, salt, key []byte, ok bool) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return p, nil, nil, false
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.memory, &p.passes, &p.threads); err != nil {
		return p, nil, nil, false
	}
	// A damaged row must not order a hash of many gigabytes.
	if p.memory < 8 || p.memory > 1<<20 || p.passes < 1 || p.passes > 20 || p.threads < 1 || p.threads > 8 {
		return p, nil, nil, false
	}
	salt, err := base64.RawStdEncoding.DecodeString(parts[4])
	if err != nil || len(salt) < 8 {
		return p, nil, nil, false
	}
	key, err = base64.RawStdEncoding.DecodeString(parts[5])
	return p, salt, key, err == nil && len(key) == 32
}
