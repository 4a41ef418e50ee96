package place

import (
	"context"
	"time"
	"unicode/utf8"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/text"
)

// Passkey is a key in somebody's telephone, computer or on their key ring. It opens by a finger, a face or
// the device's own code, alone or after the password.
type Passkey struct {
	ID         string
	MemberID   string
	Host       string // browsers offer it there and nowhere else
	Name       string
	CreatedAt  time.Time
	UsedAt     time.Time // zero = never
	credential string    // base64url
	publicKey  []byte
	transports string
	synced     bool
	counter    int64
}

const (
	passkeyColumns = "id, member_id, host, name, created_at, used_at, credential, public_key, transports, synced, counter"
	passkeysMost   = 20 // of one member
)

func scanPasskey(r db.Row) (p Passkey, err error) {
	var created, used int64
	err = r.Scan(&p.ID, &p.MemberID, &p.Host, &p.Name, &created, &used, &p.credential, &p.publicKey, &p.transports, &p.synced, &p.counter)
	p.CreatedAt, p.UsedAt = db.Time(created), db.Time(used)
	return p, err
}

func passkeysOf(ctx context.Context, q db.Querier, memberID string) ([]Passkey, error) {
	return db.Collect(scanPasskey)(q.Query(ctx, "SELECT "+passkeyColumns+" FROM passkey WHERE member_id = $1 ORDER BY created_at, id", memberID))
}

func passkeyByCredential(ctx context.Context, q db.Querier, credential string) (Passkey, error) {
	p, err := scanPasskey(q.QueryRow(ctx, "SELECT "+passkeyColumns+" FROM passkey WHERE credential = $1", credential))
	return p, db.NotFound(err, "place.passkey")
}

// AskNewPasskey returns what a browser's navigator.credentials.create is to be given, as JSON, to make a
// passkey for a member. Where there is no password, it must be one that opens alone.
func AskNewPasskey(ctx context.Context, q db.Querier, k Keys, site Site, s Session, m Member) ([]byte, error) {
	have, err := passkeysOf(ctx, q, m.ID)
	if err != nil {
		return nil, err
	}
	return site.creation(m, have, !m.HasPassword(), newChallenge(k, site.purpose("add", s.Handle)))
}

// AddPasskey stores a passkey that a browser made as AskNewPasskey asked, and returns the recovery codes that
// come with a first factor. What does not hold is fault.Rejected with the key "passkey.not_made".
func AddPasskey(ctx context.Context, d *db.DB, k Keys, site Site, s Session, m Member, name string, response []byte) (codes []string, err error) {
	name = text.Line(name)
	if n := utf8.RuneCountInString(name); n == 0 || n > 60 {
		return nil, fault.InvalidFields("place.add_passkey", fault.Field{Name: "name", Key: "passkey.name_length"})
	}
	p, err := site.created(k, site.purpose("add", s.Handle), m, !m.HasPassword(), response)
	if err != nil {
		return nil, fault.Wrap(err, fault.Rejected, "place.add_passkey", "passkey.not_made")
	}
	p.ID, p.MemberID, p.Host, p.Name, p.CreatedAt = db.NewID(), m.ID, site.Host, name, time.Now()
	err = d.Write(ctx, func(tx db.Tx) error {
		codes, err = addFactor(ctx, tx, k, s, m, FactorPasskey, func() error { return insertPasskey(ctx, tx, p) })
		return err
	})
	return codes, err
}

func insertPasskey(ctx context.Context, tx db.Tx, p Passkey) error {
	have, err := passkeysOf(ctx, tx, p.MemberID)
	if err != nil {
		return err
	}
	if len(have) >= passkeysMost {
		return fault.New(fault.Conflict, "place.add_passkey", "passkey.too_many", "n", passkeysMost)
	}
	_, err = tx.Exec(ctx, "INSERT INTO passkey ("+passkeyColumns+") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
		p.ID, p.MemberID, p.Host, p.Name, db.Micros(p.CreatedAt), 0, p.credential, p.publicKey, p.transports, p.synced, p.counter)
	if db.IsUnique(err) {
		return fault.Wrap(err, fault.Rejected, "place.add_passkey", "passkey.not_made")
	}
	return err
}

// RemovePasskey takes a passkey away. Who has no password keeps one that opens at this site: fault.Conflict with the key
// "passkey.last" for that.
func RemovePasskey(ctx context.Context, tx db.Tx, site Site, s Session, m Member, id string) error {
	return removeFactor(ctx, tx, s, m, FactorPasskey, func() (int64, error) {
		n, err := tx.Exec(ctx, "DELETE FROM passkey WHERE member_id = $1 AND id = $2", m.ID, id)
		if err != nil || n == 0 || m.HasPassword() {
			return n, err
		}
		has, err := HasPasskeyAt(ctx, tx, site, m.ID)
		if err == nil && !has {
			err = fault.New(fault.Conflict, "place.remove_passkey", "passkey.last")
		}
		return n, err
	})
}

// HasPasskeyAt tells whether a member has a passkey that browsers offer at a site.
func HasPasskeyAt(ctx context.Context, q db.Querier, site Site, memberID string) (bool, error) {
	var n int
	err := q.QueryRow(ctx, "SELECT count(*) FROM passkey WHERE member_id = $1 AND host = $2", memberID, site.Host).Scan(&n)
	return n > 0, err
}

// passkeyAsk is a question that only a passkey answers.
type passkeyAsk struct {
	site     Site
	purpose  string
	memberID string // whose, "" = whoever the passkey says
	alone    bool   // it takes the place of the password: the device must know its owner
}

// options returns what navigator.credentials.get is to be given, as JSON. Whoever has no passkey is not told
// apart: the browser has nothing to offer.
func (a passkeyAsk) options(ctx context.Context, q db.Querier, k Keys) ([]byte, error) {
	var have []Passkey
	if a.memberID != "" {
		all, err := passkeysOf(ctx, q, a.memberID)
		if err != nil {
			return nil, err
		}
		have = all
	}
	return a.site.assertion(have, a.alone, newChallenge(k, a.purpose))
}

// answered judges a browser's answer, without using the passkey up. Whatever is wrong is
// fault.Unauthenticated with the key "passkey.refused"; the member is returned even then, where the answer
// names one, so that it can be journalled.
func (a passkeyAsk) answered(ctx context.Context, q db.Querier, k Keys, response []byte) (Member, passkeyUse, error) {
	refused := func(m Member, cause error) (Member, passkeyUse, error) {
		return m, passkeyUse{}, fault.Wrap(cause, fault.Unauthenticated, "place.passkey", "passkey.refused")
	}
	answer, err := parseAssertion(response)
	if err != nil {
		return refused(Member{}, err)
	}
	p, err := passkeyByCredential(ctx, q, answer.credential())
	if fault.Is(err, fault.NotFound) || err == nil && a.memberID != "" && p.MemberID != a.memberID {
		return refused(Member{}, fault.New(fault.NotFound, "place.passkey", ""))
	}
	if err != nil {
		return Member{}, passkeyUse{}, err
	}
	m, err := GetMember(ctx, q, p.MemberID)
	if err != nil {
		return m, passkeyUse{}, err
	}
	at, err := checkChallenge(k, a.purpose, answer.challenge())
	if err != nil {
		return refused(m, err)
	}
	counter, err := a.site.verify(m, p, answer, a.alone)
	if err != nil {
		return refused(m, err)
	}
	return m, passkeyUse{p.ID, at, counter}, nil
}

// passkeyUse is an answer that holds.
type passkeyUse struct {
	id      string
	asked   time.Time
	counter int64
}

// once uses the answer up: a second time it is refused.
func (u passkeyUse) once(ctx context.Context, tx db.Tx) error {
	n, err := tx.Exec(ctx, "UPDATE passkey SET asked_at = $2, counter = $3, used_at = $4 WHERE id = $1 AND asked_at < $2", u.id, db.Micros(u.asked), u.counter, db.Micros(time.Now()))
	if err == nil && n == 0 {
		return fault.New(fault.Unauthenticated, "place.passkey", "passkey.refused")
	}
	return err
}
