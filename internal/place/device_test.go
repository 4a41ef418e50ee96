package place_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"testing"
)

var b64 = base64.RawURLEncoding.EncodeToString

// device is what makes passkeys and answers with them, together with the browser around it.
type device struct {
	t        *testing.T
	origin   string // where the browser stands
	verifies bool   // it asks for a finger, a face or a code
	counter  uint32 // 0 = it does not count
	key      *ecdsa.PrivateKey
	id       []byte
	user     []byte
	host     string
}

func newDevice(t *testing.T, origin string) *device {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	d := &device{t: t, origin: origin, verifies: true, key: key, id: make([]byte, 32)}
	rand.Read(d.id)
	return d
}

type question struct {
	Challenge        string              `json:"challenge"`
	RPID             string              `json:"rpId"`
	RP               struct{ ID string } `json:"rp"`
	User             struct{ ID string } `json:"user"`
	UserVerification string              `json:"userVerification"`
	AllowCredentials []struct{ ID string }
}

func (d *device) read(options []byte) (q question) {
	d.t.Helper()
	if err := json.Unmarshal(options, &q); err != nil {
		d.t.Fatal(err)
	}
	return q
}

// create makes the passkey and answers as navigator.credentials.create does.
func (d *device) create(options []byte) []byte {
	d.t.Helper()
	q := d.read(options)
	d.host = q.RP.ID
	d.user, _ = base64.RawURLEncoding.DecodeString(q.User.ID)
	point, err := d.key.PublicKey.Bytes() // 4, x, y
	if err != nil {
		d.t.Fatal(err)
	}
	cose := []byte{0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32}
	cose = append(append(append(cose, point[1:33]...), 0x22, 0x58, 32), point[33:]...)
	data := d.data(0x40)
	data = append(data, make([]byte, 16)...)
	data = binary.BigEndian.AppendUint16(data, uint16(len(d.id)))
	data = append(append(data, d.id...), cose...)
	object := append([]byte("\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58"), byte(len(data)))
	return d.answer(map[string]any{"attestationObject": b64(append(object, data...)), "clientDataJSON": d.client("webauthn.create", q.Challenge), "transports": []string{"internal", "hybrid"}})
}

// get answers as navigator.credentials.get does.
func (d *device) get(options []byte) []byte {
	d.t.Helper()
	q := d.read(options)
	if d.counter > 0 {
		d.counter++
	}
	data, client := d.data(0), d.client("webauthn.get", q.Challenge)
	text, _ := base64.RawURLEncoding.DecodeString(client)
	sum := sha256.Sum256(text)
	signed := sha256.Sum256(append(append([]byte{}, data...), sum[:]...))
	signature, err := ecdsa.SignASN1(rand.Reader, d.key, signed[:])
	if err != nil {
		d.t.Fatal(err)
	}
	return d.answer(map[string]any{"authenticatorData": b64(data), "clientDataJSON": client, "signature": b64(signature), "userHandle": b64(d.user)})
}

func (d *device) data(flags byte) []byte {
	sum := sha256.Sum256([]byte(d.host))
	flags |= 0x01 | 0x08 | 0x10 // somebody was there; it is kept in a cloud
	if d.verifies {
		flags |= 0x04
	}
	return binary.BigEndian.AppendUint32(append(sum[:], flags), d.counter)
}

func (d *device) client(what, challenge string) string {
	b, err := json.Marshal(map[string]any{"type": what, "challenge": challenge, "origin": d.origin, "crossOrigin": false})
	if err != nil {
		d.t.Fatal(err)
	}
	return b64(b)
}

func (d *device) answer(response map[string]any) []byte {
	b, err := json.Marshal(map[string]any{"id": b64(d.id), "rawId": b64(d.id), "type": "public-key", "authenticatorAttachment": "platform", "clientExtensionResults": map[string]any{"credProps": map[string]any{"rk": true}}, "response": response})
	if err != nil {
		d.t.Fatal(err)
	}
	return b
}
