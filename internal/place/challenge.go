package place

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"strings"
	"time"

	"comptoir/internal/fault"
)

// A challenge is what a passkey signs. It says when it was made, and its tag what for, so that nothing has to
// be stored for a stranger who looks at the sign-in page. That none is answered twice is up to the passkey's
// row, which remembers when the last one was made.
const (
	challengeFor    = 10 * time.Minute
	challengeRandom = 16
	challengeTag    = 16
)

func newChallenge(k Keys, purpose string) []byte {
	c := binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMicro()))
	c = append(c, make([]byte, challengeRandom)...)
	rand.Read(c[8:])
	return append(c, tagOf(k, purpose, c)...)
}

func tagOf(k Keys, purpose string, c []byte) []byte {
	m := hmac.New(sha256.New, k.Derive("passkey challenge"))
	m.Write(c)
	m.Write([]byte(purpose))
	return m.Sum(nil)[:challengeTag]
}

// checkChallenge returns when a challenge was made; fault.Unauthenticated when it was not made for this
// purpose, or too long ago.
func checkChallenge(k Keys, purpose, challenge string) (time.Time, error) {
	refused := fault.New(fault.Unauthenticated, "place.challenge", "passkey.refused")
	c, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(challenge, "="))
	if err != nil || len(c) != 8+challengeRandom+challengeTag {
		return time.Time{}, refused
	}
	body, tag := c[:8+challengeRandom], c[8+challengeRandom:]
	if !hmac.Equal(tag, tagOf(k, purpose, body)) {
		return time.Time{}, refused
	}
	at := time.UnixMicro(int64(binary.BigEndian.Uint64(body)))
	if age := time.Since(at); age < 0 || age > challengeFor {
		return at, refused
	}
	return at, nil
}
