package place

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/text"
)

// How long a session lives without being used, and at most.
const (
	SessionIdle = 14 * 24 * time.Hour
	SessionMax  = 90 * 24 * time.Hour
)

// Session is one browser in which a member is signed in.
type Session struct {
	ID              string // hash of the cookie; never shown
	Handle          string // what the list calls it
	MemberID        string
	Device          string
	CreatedAt       time.Time
	UsedAt          time.Time
	AuthenticatedAt time.Time // when the password was last given
	ExpiresAt       time.Time
}

const sessionColumns = "session.id, session.handle, session.member_id, session.device, session.created_at, session.used_at, session.authenticated_at, session.expires_at"

func (s *Session) dest() ([]any, func()) {
	var created, used, authenticated, expires int64
	return []any{&s.ID, &s.Handle, &s.MemberID, &s.Device, &created, &used, &authenticated, &expires}, func() {
		s.CreatedAt, s.UsedAt, s.AuthenticatedAt, s.ExpiresAt = db.Time(created), db.Time(used), db.Time(authenticated), db.Time(expires)
	}
}

// Secret returns 256 random bits as text, for cookies and one-time links.
func Secret() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// hashSecret is what the database keeps of a secret.
func hashSecret(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// FloorHalfDay is how long a session of the floor lives where the place says so.
const FloorHalfDay = 12 * time.Hour

// StartSession signs a member in and returns the cookie's value, which is kept nowhere.
func StartSession(ctx context.Context, tx db.Tx, memberID, device string) (string, error) {
	return startSession(ctx, tx, memberID, device, SessionMax)
}

func startSession(ctx context.Context, tx db.Tx, memberID, device string, life time.Duration) (string, error) {
	value, now := Secret(), time.Now()
	_, err := tx.Exec(ctx, "INSERT INTO session (id, handle, member_id, device, created_at, used_at, authenticated_at, expires_at) VALUES ($1, $2, $3, $4, $5, $5, $5, $6)",
		hashSecret(value), db.NewID(), memberID, text.Clip(text.Line(device), 80), db.Micros(now), db.Micros(now.Add(life)))
	return value, err
}

// sessionLife is how long the session of a member of these places may live: half a day for somebody who only
// works the floor, where one of the places asks for it.
func sessionLife(places []Membership) time.Duration {
	life := SessionMax
	for _, p := range places {
		if p.Role != Floor {
			return SessionMax
		}
		if p.Place.Settings.FloorHalfDay {
			life = FloorHalfDay
		}
	}
	return life
}

// renewSession gives a session a new cookie, after its member has proved again who they are.
func renewSession(ctx context.Context, tx db.Tx, s Session) (cookie string, err error) {
	cookie = Secret()
	n, err := tx.Exec(ctx, "UPDATE session SET id = $2, authenticated_at = $3, used_at = $3 WHERE id = $1", s.ID, hashSecret(cookie), db.Micros(time.Now()))
	if err == nil && n == 0 {
		return "", fault.New(fault.Unauthenticated, "place.reauthenticate", "")
	}
	return cookie, err
}

// FindSession returns the session of a cookie and its member; fault.Unauthenticated when there is none,
// or it was ended, or is too old.
func FindSession(ctx context.Context, q db.Querier, value string) (Session, Member, error) {
	var s Session
	if len(value) != 43 {
		return s, Member{}, fault.New(fault.Unauthenticated, "place.session", "")
	}
	dest, done := s.dest()
	now := time.Now()
	m, err := scanMemberAnd(q.QueryRow(ctx, "SELECT "+memberColumns+", "+sessionColumns+" FROM session JOIN member ON member.id = session.member_id WHERE session.id = $1 AND session.expires_at > $2 AND session.used_at > $3",
		hashSecret(value), db.Micros(now), db.Micros(now.Add(-SessionIdle))), dest...)
	if err == db.ErrNoRows {
		return s, m, fault.New(fault.Unauthenticated, "place.session", "")
	}
	done()
	return s, m, err
}

// TouchSession notes that a session is used. It writes at most once a minute.
func TouchSession(ctx context.Context, d *db.DB, s Session) error {
	if time.Since(s.UsedAt) < time.Minute {
		return nil
	}
	return d.Write(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE session SET used_at = $2 WHERE id = $1", s.ID, db.Micros(time.Now()))
		return err
	})
}

// EndSession signs one browser of a member out, by the handle in the list.
func EndSession(ctx context.Context, tx db.Tx, m Member, handle string) error {
	n, err := tx.Exec(ctx, "DELETE FROM session WHERE member_id = $1 AND handle = $2", m.ID, handle)
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, "place.end_session", "")
	}
	return recordEverywhere(ctx, tx, m.As("", ""), m.ID, Entry{Kind: EventSignedOut, SubjectID: m.ID})
}

// EndOtherSessions signs a member out everywhere but in one session.
func EndOtherSessions(ctx context.Context, tx db.Tx, m Member, keep Session) error {
	n, err := tx.Exec(ctx, "DELETE FROM session WHERE member_id = $1 AND id <> $2", m.ID, keep.ID)
	if err != nil || n == 0 {
		return err
	}
	return recordEverywhere(ctx, tx, m.As("", ""), m.ID, Entry{Kind: EventSignedOut, SubjectID: m.ID, Data: map[string]any{"sessions": n}})
}

// endSessions signs a member out everywhere, because what their cookies were given for has changed.
func endSessions(ctx context.Context, tx db.Tx, memberID string) error {
	_, err := tx.Exec(ctx, "DELETE FROM session WHERE member_id = $1", memberID)
	return err
}

// Sessions lists where a member is signed in, the last used first.
func Sessions(ctx context.Context, q db.Querier, memberID string) ([]Session, error) {
	return db.Collect(func(r db.Row) (s Session, err error) {
		dest, done := s.dest()
		err = r.Scan(dest...)
		done()
		return s, err
	})(q.Query(ctx, "SELECT "+sessionColumns+" FROM session WHERE member_id = $1 AND expires_at > $2 AND used_at > $3 ORDER BY used_at DESC", memberID, db.Micros(time.Now()), db.Micros(time.Now().Add(-SessionIdle))))
}
