package webtest

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"
)

// Phone is an app that shows codes, as any does: RFC 6238 with its usual figures.
type Phone struct{ secret []byte }

// NewPhone learns the secret that a page shows, in letters.
func NewPhone(t testing.TB, letters string) Phone {
	t.Helper()
	secret, err := base32.StdEncoding.DecodeString(strings.ReplaceAll(letters, " ", ""))
	if err != nil || len(secret) == 0 {
		t.Fatalf("webtest: no secret: %q %v", letters, err)
	}
	return Phone{secret}
}

// Code is what it shows, a while from now.
func (p Phone) Code(in time.Duration) string {
	m := hmac.New(sha1.New, p.secret)
	m.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Add(in).Unix()/30)))
	sum := m.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}
