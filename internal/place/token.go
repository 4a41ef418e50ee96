package place

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"hash/crc32"
	"slices"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/text"
)

// tokenPrefix lets secret scanners recognise a token that was published by mistake.
const tokenPrefix = "cpt_"

// Token is a key of the API, bound to one place. Its value is shown once and kept nowhere.
type Token struct {
	ID        string
	PlaceID   string
	Name      string
	Scopes    []Scope
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero = never
	RevokedAt time.Time // zero = valid
}

// newTokenValue returns 256 random bits and a checksum, so that a mistyped token is known without asking
// the database.
func newTokenValue() string {
	b := make([]byte, 36)
	rand.Read(b[:32])
	sum := crc32.ChecksumIEEE(b[:32])
	b[32], b[33], b[34], b[35] = byte(sum>>24), byte(sum>>16), byte(sum>>8), byte(sum)
	return tokenPrefix + base64.RawURLEncoding.EncodeToString(b)
}

func tokenLooksRight(v string) bool {
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(v, tokenPrefix))
	if err != nil || len(b) != 36 || !strings.HasPrefix(v, tokenPrefix) {
		return false
	}
	sum := crc32.ChecksumIEEE(b[:32])
	return b[32] == byte(sum>>24) && b[33] == byte(sum>>16) && b[34] == byte(sum>>8) && b[35] == byte(sum)
}

// CreateToken makes a token and returns its value. life 0 means a year.
func CreateToken(ctx context.Context, tx db.Tx, actor Actor, placeID, name string, scopes []Scope, life time.Duration) (Token, string, error) {
	if actor.Kind == TokenActor {
		return Token{}, "", fault.New(fault.Forbidden, "place.token", "token.by_token") // none makes itself wider
	}
	if err := actor.Needs(Manager, placeID); err != nil {
		return Token{}, "", err
	}
	name = text.Clip(text.Line(name), 60)
	var wrong []fault.Field
	if name == "" {
		wrong = append(wrong, fault.Field{Name: "name", Key: "token.no_name"})
	}
	if len(scopes) == 0 || slices.ContainsFunc(scopes, func(s Scope) bool { return !slices.Contains(Scopes, s) }) {
		wrong = append(wrong, fault.Field{Name: "scopes", Key: "token.scopes_unknown"})
	}
	if err := fault.InvalidFields("place.token", wrong...); err != nil {
		return Token{}, "", err
	}
	if life <= 0 || life > 5*365*24*time.Hour {
		life = 365 * 24 * time.Hour
	}
	now := time.Now()
	t := Token{ID: db.NewID(), PlaceID: placeID, Name: name, Scopes: scopes, CreatedAt: now, ExpiresAt: now.Add(life)}
	value := newTokenValue()
	_, err := tx.Exec(ctx, "INSERT INTO token (id, place_id, name, hash, scopes, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
		t.ID, placeID, name, hashSecret(value), joinScopes(scopes), actor.ID, db.Micros(now), db.Micros(t.ExpiresAt))
	if err == nil {
		err = notifyActor(ctx, tx, actor, EventTokenCreated)
	}
	if err != nil {
		return t, "", err
	}
	return t, value, Record(ctx, tx, placeID, actor, Entry{Kind: EventTokenCreated, SubjectID: t.ID})
}

// FindToken returns the actor that a token's value proves, and the token; fault.Unauthenticated when it
// is unknown, revoked or expired.
func FindToken(ctx context.Context, q db.Querier, value string) (Actor, Token, error) {
	refused := fault.New(fault.Unauthenticated, "place.token", "token.refused")
	if !tokenLooksRight(value) {
		return Actor{}, Token{}, refused
	}
	// across places: the secret says which place it is for
	t, err := scanToken(q.QueryRow(ctx, "SELECT "+tokenColumns+" FROM token WHERE hash = $1 AND revoked_at = 0 AND expires_at > $2", hashSecret(value), db.Micros(time.Now())))
	if err == db.ErrNoRows {
		return Actor{}, t, refused
	}
	return Actor{Kind: TokenActor, ID: t.ID, PlaceID: t.PlaceID, Scopes: t.Scopes, Name: oneWord(t.Name)}, t, err
}

// oneWord keeps a token's name in one piece: where colleagues are told by their first names only, a token that
// is called "Reservation robot" is not "Reservation".
func oneWord(name string) string { return strings.ReplaceAll(name, " ", "\u00a0") }

// TouchToken notes that a token was used. It writes at most once a minute.
func TouchToken(ctx context.Context, d *db.DB, t Token) error {
	if time.Since(t.UsedAt) < time.Minute {
		return nil
	}
	return d.Write(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE token SET used_at = $3 WHERE place_id = $1 AND id = $2", t.PlaceID, t.ID, db.Micros(time.Now()))
		return err
	})
}

// Tokens lists a place's tokens, the newest first, revoked ones too.
func Tokens(ctx context.Context, q db.Querier, placeID string) ([]Token, error) {
	return db.Collect(scanToken)(q.Query(ctx, "SELECT "+tokenColumns+" FROM token WHERE place_id = $1 ORDER BY created_at DESC, id DESC", placeID))
}

// RevokeToken ends a token at once.
func RevokeToken(ctx context.Context, tx db.Tx, actor Actor, placeID, id string) error {
	if err := actor.Needs(Manager, placeID); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, "UPDATE token SET revoked_at = $3 WHERE place_id = $1 AND id = $2 AND revoked_at = 0", placeID, id, db.Micros(time.Now()))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, "place.revoke_token", "")
	}
	return Record(ctx, tx, placeID, actor, Entry{Kind: EventTokenRevoked, SubjectID: id})
}

const tokenColumns = "id, place_id, name, scopes, created_at, expires_at, used_at, revoked_at"

func scanToken(r db.Row) (t Token, err error) {
	var scopes string
	var created, expires, used, revoked int64
	err = r.Scan(&t.ID, &t.PlaceID, &t.Name, &scopes, &created, &expires, &used, &revoked)
	for s := range strings.FieldsSeq(scopes) {
		t.Scopes = append(t.Scopes, Scope(s))
	}
	t.CreatedAt, t.ExpiresAt, t.UsedAt, t.RevokedAt = db.Time(created), db.Time(expires), db.Time(used), db.Time(revoked)
	return t, err
}

func joinScopes(scopes []Scope) string {
	var words []string
	for _, s := range scopes {
		words = append(words, string(s))
	}
	return strings.Join(words, " ")
}
