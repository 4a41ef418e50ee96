package place

import (
	"crypto/hmac"
	"crypto/sha1"
	"crypto/subtle"
	"encoding/binary"
	"fmt"
	"time"
)

// The codes of an app as RFC 6238 makes them and as every such app expects them: SHA-1, six digits, a new
// one each half minute.
const (
	codeEvery = 30 * time.Second
	codeDrift = 1 // steps: a phone's clock and a hand that types are both a little off
)

// codeAt is the code of one half minute, counted from 1970.
func codeAt(secret []byte, step int64) string {
	m := hmac.New(sha1.New, secret)
	binary.Write(m, binary.BigEndian, step) // a hash does not fail
	sum := m.Sum(nil)
	from := sum[len(sum)-1] & 0xf
	number := binary.BigEndian.Uint32(sum[from:]) &^ (1 << 31)
	return fmt.Sprintf("%06d", number%1_000_000)
}

// stepOf returns the half minute that a code is of, near enough to now; 0 = the code opens nothing.
func stepOf(secret []byte, code string, now time.Time) int64 {
	fits := int64(0)
	current := now.Unix() / int64(codeEvery/time.Second)
	for step := current - codeDrift; step <= current+codeDrift; step++ {
		if subtle.ConstantTimeCompare([]byte(codeAt(secret, step)), []byte(code)) == 1 {
			fits = step
		}
	}
	return fits
}
