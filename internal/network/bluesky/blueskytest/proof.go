package blueskytest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"strings"
	"time"
)

// signed is a JWT whose signature is right.
type signed struct {
	header struct {
		Type string            `json:"typ"`
		Alg  string            `json:"alg"`
		Kid  string            `json:"kid"`
		JWK  map[string]string `json:"jwk"`
	}
	claims struct {
		ID       string `json:"jti"`
		Method   string `json:"htm"`
		URL      string `json:"htu"`
		Nonce    string `json:"nonce"`
		Token    string `json:"ath"`
		Issuer   string `json:"iss"`
		Subject  string `json:"sub"`
		Audience string `json:"aud"`
		At       int64  `json:"iat"`
		Ends     int64  `json:"exp"`
	}
}

// readJWT reads a JWT and checks its signature by a key, "" = the one that it holds itself.
func readJWT(s string, key map[string]string) (j signed, err error) {
	parts := strings.Split(s, ".")
	if len(parts) != 3 {
		return j, errors.New("no JWT")
	}
	var raw [3][]byte
	for i, p := range parts {
		if raw[i], err = base64.RawURLEncoding.DecodeString(p); err != nil {
			return j, err
		}
	}
	if err := errors.Join(json.Unmarshal(raw[0], &j.header), json.Unmarshal(raw[1], &j.claims)); err != nil {
		return j, err
	}
	if key == nil {
		key = j.header.JWK
	}
	x, errX := base64.RawURLEncoding.DecodeString(key["x"])
	y, errY := base64.RawURLEncoding.DecodeString(key["y"])
	if errX != nil || errY != nil || key["kty"] != "EC" || key["crv"] != "P-256" || key["d"] != "" || j.header.Alg != "ES256" || len(raw[2]) != 64 || len(x) != 32 || len(y) != 32 {
		return j, errors.New("no ES256 key, or no signature of one")
	}
	public, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), append(append([]byte{4}, x...), y...))
	if err != nil {
		return j, err
	}
	sum := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	if !ecdsa.Verify(public, sum[:], new(big.Int).SetBytes(raw[2][:32]), new(big.Int).SetBytes(raw[2][32:])) {
		return j, errors.New("the signature is wrong")
	}
	return j, nil
}

// thumbprint names a key (RFC 7638).
func thumbprint(jwk map[string]string) string {
	return hashed(fmt.Sprintf(`{"crv":%q,"kty":%q,"x":%q,"y":%q}`, jwk["crv"], jwk["kty"], jwk["x"], jwk["y"]))
}

func hashed(s string) string {
	sum := sha256.Sum256([]byte(s))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// patience is how far the time of a proof may be from ours.
const patience = 30 * time.Second

// once tells whether an id comes for the first time.
func (s *Server) once(id string) bool {
	fresh := id != "" && !s.seen[id]
	s.seen[id] = true
	return fresh
}

// proved checks the proof of a request; token is what it came with, "" = none. It returns the key's name, or what is
// refused. A nonce serves five times.
func (s *Server) proved(r *http.Request, token string) (jkt string, refusal *problem) {
	nonce := fmt.Sprintf("nonce-%d-of-%s", s.proofs/5, s.Host())
	j, err := readJWT(r.Header.Get("DPoP"), nil)
	refuse := func(name, format string, args ...any) (string, *problem) {
		p := no(name, format, args...)
		return "", &p
	}
	at := time.Unix(j.claims.At, 0).Sub(s.now())
	switch {
	case err != nil:
		return refuse("invalid_dpop_proof", "%v", err)
	case j.header.Type != "dpop+jwt" || j.claims.Method != r.Method || j.claims.URL != s.URL()+r.URL.Path:
		return refuse("invalid_dpop_proof", "it is of %s %s", j.claims.Method, j.claims.URL)
	case at > patience || at < -patience:
		return refuse("invalid_dpop_proof", "it is %v away", at)
	case j.claims.Nonce != nonce:
		return refuse("use_dpop_nonce", "Authorization server requires nonce in DPoP proof")
	case !s.once("proof " + j.claims.ID):
		return refuse("invalid_dpop_proof", "it was shown before")
	case token != "" && j.claims.Token != hashed(token) || token == "" && j.claims.Token != "":
		return refuse("invalid_dpop_proof", "it is of another token")
	}
	s.proofs++
	return thumbprint(j.header.JWK), nil
}

// nonce tells in an answer what the next proof has to hold.
func (s *Server) nonce(w http.ResponseWriter) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("DPoP-Nonce", fmt.Sprintf("nonce-%d-of-%s", s.proofs/5, s.Host()))
	w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
}
