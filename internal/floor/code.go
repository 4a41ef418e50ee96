package floor

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"math"

	"comptoir/internal/fault"
)

// Code is what a table's card says, in the clear: which place, which table, which version of its code.
type Code struct {
	Place, Table, Version int64
}

// Codes signs and checks table codes. A code is base64url of three numbers and a tag of 128 bits, so a
// forged one is refused without asking the database.
type Codes struct{ key []byte }

const (
	tagSize = 16
	maxCode = 64 // characters; an honest one has about 26
)

// Sign returns the code as printed.
func (c Codes) Sign(code Code) string {
	b := make([]byte, 0, 3*binary.MaxVarintLen64+tagSize)
	for _, n := range []int64{code.Place, code.Table, code.Version} {
		b = binary.AppendUvarint(b, uint64(n))
	}
	return base64.RawURLEncoding.EncodeToString(append(b, c.tag(b)...))
}

// Parse returns what a code says if it was signed here. Whatever is wrong with it, the answer is the
// same fault.
func (c Codes) Parse(s string) (Code, error) {
	var code Code
	if len(s) > maxCode {
		return code, unknownCode()
	}
	b, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(b) <= tagSize {
		return code, unknownCode()
	}
	said, tag := b[:len(b)-tagSize], b[len(b)-tagSize:]
	if !hmac.Equal(tag, c.tag(said)) {
		return code, unknownCode()
	}
	for _, n := range []*int64{&code.Place, &code.Table, &code.Version} {
		v, size := binary.Uvarint(said)
		if size <= 0 || v > math.MaxInt64 {
			return Code{}, unknownCode()
		}
		*n, said = int64(v), said[size:]
	}
	// The decoder ignores line ends: only the one spelling that Sign gives is a code.
	if len(said) > 0 || c.Sign(code) != s {
		return Code{}, unknownCode()
	}
	return code, nil
}

func (c Codes) tag(said []byte) []byte {
	h := hmac.New(sha256.New, c.key)
	h.Write(said)
	return h.Sum(nil)[:tagSize]
}

// unknownCode is the one answer to codes that are malformed, forged, rotated or of a table that is gone.
func unknownCode() error { return fault.New(fault.NotFound, "floor.code", "floor.code_unknown") }
