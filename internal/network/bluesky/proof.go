package bluesky

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"sync"
	"time"

	"comptoir/internal/fault"
)

// A login on the network's own page binds its tokens to a key (DPoP, RFC 9449): each request proves that whoever
// sends it holds the key, so a token that leaks opens nothing. Signatures are ES256, which every server takes.

var b64 = base64.RawURLEncoding

// secretKey is a key of ours, as it is kept.
type secretKey struct{ *ecdsa.PrivateKey }

func newKey() secretKey {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		panic(err) // there is no randomness
	}
	return secretKey{k}
}

func readKey(s string) (secretKey, bool) {
	b, err := b64.DecodeString(s)
	if err != nil {
		return secretKey{}, false
	}
	k, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), b)
	return secretKey{k}, err == nil
}

func (k secretKey) secret() string {
	b, err := k.Bytes()
	if err != nil {
		panic(err) // it is on the curve
	}
	return b64.EncodeToString(b)
}

// publicKey is the half that is shown: both coordinates, 64 bytes.
type publicKey string

func (k secretKey) public() publicKey {
	b, err := k.PublicKey.Bytes()
	if err != nil {
		panic(err)
	}
	return publicKey(b64.EncodeToString(b[1:])) // without the mark of how it is written
}

// readPublic reads a public half that came from outside.
func readPublic(s string) (publicKey, bool) {
	b, err := b64.DecodeString(s)
	if err != nil || len(b) != 64 || b64.EncodeToString(b) != s {
		return "", false
	}
	_, err = ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append([]byte{4}, b...))
	return publicKey(s), err == nil
}

// jwk is the key as servers read it.
func (p publicKey) jwk() map[string]string {
	b, _ := b64.DecodeString(string(p))
	return map[string]string{"kty": "EC", "crv": "P-256", "x": b64.EncodeToString(b[:32]), "y": b64.EncodeToString(b[32:])}
}

// sign makes a JWT.
func (k secretKey) sign(header, claims map[string]any) string {
	header["alg"] = "ES256"
	words := b64.EncodeToString(asJSON(header)) + "." + b64.EncodeToString(asJSON(claims))
	sum := sha256.Sum256([]byte(words))
	r, s, err := ecdsa.Sign(rand.Reader, k.PrivateKey, sum[:])
	if err != nil {
		panic(err) // there is no randomness
	}
	var signature [64]byte
	r.FillBytes(signature[:32])
	s.FillBytes(signature[32:])
	return words + "." + b64.EncodeToString(signature[:])
}

// prover proves that it holds a key to the servers that an account speaks with.
type prover struct {
	key secretKey

	mu      sync.Mutex
	servers map[string]acquaintance // by host
}

// acquaintance is what a server has told: its last nonce, and how far its clock is ahead of ours.
type acquaintance struct {
	nonce string
	ahead time.Duration
}

func newProver(k secretKey) *prover { return &prover{key: k, servers: map[string]acquaintance{}} }

// prove signs a request; token is what it is sent with, "" = none.
func (p *prover) prove(r *http.Request, token string) {
	p.mu.Lock()
	known := p.servers[r.URL.Host]
	p.mu.Unlock()
	address := url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host, Path: r.URL.Path}
	claims := map[string]any{"jti": rand.Text(), "htm": r.Method, "htu": address.String(), "iat": p.now(r.URL.Host).Unix()}
	if known.nonce != "" {
		claims["nonce"] = known.nonce
	}
	if token != "" {
		sum := sha256.Sum256([]byte(token))
		claims["ath"] = b64.EncodeToString(sum[:])
	}
	r.Header.Set("DPoP", p.key.sign(map[string]any{"typ": "dpop+jwt", "jwk": p.key.public().jwk()}, claims))
}

// now is the time by a server's clock, as far as it is known.
func (p *prover) now(host string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Add(p.servers[host].ahead)
}

// learn reads what an answer tells for the next proof.
func (p *prover) learn(r *http.Response) {
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.servers[r.Request.URL.Host]
	if nonce := r.Header.Get("DPoP-Nonce"); nonce != "" && len(nonce) < 1000 {
		known.nonce = nonce
	}
	if at, err := http.ParseTime(r.Header.Get("Date")); err == nil {
		known.ahead = time.Until(at).Round(time.Second)
	}
	p.servers[r.Request.URL.Host] = known
}

// unproved tells whether a server refused nothing but the proof: it wants its nonce in it, or goes by another clock.
func unproved(err error) bool {
	f := fault.As(err)
	if f == nil {
		return false
	}
	name, _ := f.Err.(refusal)
	return name.name == "use_dpop_nonce" || name.name == "invalid_dpop_proof"
}

// A refusal is the cause of a fault that the network named.
type refusal struct{ name, said string }

func (r refusal) Error() string { return r.said }
