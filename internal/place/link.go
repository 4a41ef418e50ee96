package place

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// LinkKind says what a one-time link does.
type LinkKind string

const (
	SetupKind      LinkKind = "setup"      // makes the installation's first place and its owner
	InvitationKind LinkKind = "invitation" // makes somebody a member of a place
	ResetKind      LinkKind = "reset"      // gives a member a new password
	SignInKind     LinkKind = "sign_in"    // signs a member in: the demo, and the operator's way back in
)

// How long each kind of link lives.
var linkLife = map[LinkKind]time.Duration{
	SetupKind: 30 * time.Minute, InvitationKind: 24 * time.Hour, ResetKind: 30 * time.Minute, SignInKind: 24 * time.Hour,
}

// Link is a one-time link. Its code is 256 random bits, of which only a hash is kept; it acts on POST,
// because mail scanners follow what they can GET.
type Link struct {
	ID        string // the hash: it names the link and does not open it
	Kind      LinkKind
	PlaceID   string // "" for set-up, reset and sign-in
	MemberID  string // reset and sign-in: whose
	Role      Role   // invitation
	Email     string // invitation: for whom
	CreatedBy string // member, "" = the operator
	CreatedAt time.Time
	ExpiresAt time.Time
	UsedAt    time.Time // zero = not yet
}

const linkColumns = "hash, kind, coalesce(place_id, ''), coalesce(member_id, ''), role, email, created_by, created_at, expires_at, used_at"

func scanLink(r db.Row) (l Link, err error) {
	var created, expires, used int64
	err = r.Scan(&l.ID, &l.Kind, &l.PlaceID, &l.MemberID, &l.Role, &l.Email, &l.CreatedBy, &created, &expires, &used)
	l.CreatedAt, l.ExpiresAt, l.UsedAt = db.Time(created), db.Time(expires), db.Time(used)
	return l, err
}

// makeLink stores a link of l's kind and returns its code, which is kept nowhere.
func makeLink(ctx context.Context, tx db.Tx, l Link) (Link, string, error) {
	code := Secret()
	l.ID, l.CreatedAt = hashSecret(code), time.Now()
	l.ExpiresAt = l.CreatedAt.Add(linkLife[l.Kind])
	none := func(s string) any {
		if s == "" {
			return nil
		}
		return s
	}
	_, err := tx.Exec(ctx, "INSERT INTO link (hash, kind, place_id, member_id, role, email, created_by, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
		l.ID, string(l.Kind), none(l.PlaceID), none(l.MemberID), string(l.Role), l.Email, l.CreatedBy, db.Micros(l.CreatedAt), db.Micros(l.ExpiresAt))
	return l, code, err
}

// FindLink returns the link of a code without using it up: fault.NotFound when there is none of that kind,
// fault.Conflict with the key "link.used" or "link.expired" when it no longer opens anything.
func FindLink(ctx context.Context, q db.Querier, kind LinkKind, code string) (Link, error) {
	if len(code) != 43 {
		return Link{}, fault.New(fault.NotFound, "place.link", "")
	}
	// across places: the secret says which place it is for
	l, err := scanLink(q.QueryRow(ctx, "SELECT "+linkColumns+" FROM link WHERE hash = $1 AND kind = $2", hashSecret(code), string(kind)))
	if err != nil {
		return l, db.NotFound(err, "place.link")
	}
	return l, l.open(time.Now())
}

func (l Link) open(now time.Time) error {
	switch {
	case !l.UsedAt.IsZero():
		return fault.New(fault.Conflict, "place.link", "link.used")
	case !l.ExpiresAt.After(now):
		return fault.New(fault.Conflict, "place.link", "link.expired")
	}
	return nil
}

// useLink uses a link up, once however many try at the same time. Errors are those of FindLink.
func useLink(ctx context.Context, tx db.Tx, kind LinkKind, code string) (Link, error) {
	now := db.Micros(time.Now())
	// across places: the secret says which place it is for
	l, err := scanLink(tx.QueryRow(ctx, "UPDATE link SET used_at = $3 WHERE hash = $1 AND kind = $2 AND used_at = 0 AND expires_at > $3 RETURNING "+linkColumns, hashSecret(code), string(kind), now))
	if err == db.ErrNoRows {
		l, err = FindLink(ctx, tx, kind, code)
		if err == nil { // used and given back in between: cannot be
			err = fault.New(fault.Conflict, "place.link", "link.used")
		}
	}
	return l, err
}

// SignInLink makes a link that signs a member in once: for `comptoir demo`, and for the operator who
// helps somebody back in. Earlier ones of that member stop working.
func SignInLink(ctx context.Context, tx db.Tx, memberID string) (code string, err error) {
	// across places: links of one member
	if _, err := tx.Exec(ctx, "DELETE FROM link WHERE kind = $1 AND member_id = $2", string(SignInKind), memberID); err != nil {
		return "", err
	}
	_, code, err = makeLink(ctx, tx, Link{Kind: SignInKind, MemberID: memberID})
	return code, err
}

// DemoLink is SignInLink under the name that the demo knows it by.
func DemoLink(ctx context.Context, tx db.Tx, memberID string) (code string, err error) {
	return SignInLink(ctx, tx, memberID)
}

// EnterByLink uses a sign-in link up and starts a session. The link stands for the password: whoever has a
// second factor is asked for it.
func EnterByLink(ctx context.Context, d *db.DB, k Keys, code string, a Attempt) (in Entered, err error) {
	err = d.Write(ctx, func(tx db.Tx) error {
		l, err := useLink(ctx, tx, SignInKind, code)
		if err != nil {
			return err
		}
		m, err := GetMember(ctx, tx, l.MemberID)
		if err != nil {
			return err
		}
		in, err = a.enter(ctx, tx, k, m, map[string]any{"link": true})
		return err
	})
	return in, err
}

// ResetLink makes a link by which a member chooses a new password. An owner may make one for a member of
// this place only: whoever has a role elsewhere would be entered there too. The operator may for anybody.
func ResetLink(ctx context.Context, tx db.Tx, actor Actor, placeID, memberID string) (code string, err error) {
	if err := actor.Needs(Owner, placeID); err != nil {
		return "", err
	}
	if actor.Kind != SystemActor {
		role, err := RoleIn(ctx, tx, memberID, placeID)
		if err != nil {
			return "", err
		}
		var places int
		// across places: those of one member
		if err := tx.QueryRow(ctx, "SELECT count(place_id) FROM membership WHERE member_id = $1", memberID).Scan(&places); err != nil {
			return "", err
		}
		switch {
		case role == "":
			return "", fault.New(fault.NotFound, "place.reset", "")
		case places > 1:
			return "", fault.New(fault.Forbidden, "place.reset", "member.reset_elsewhere")
		}
	}
	// across places: links of one member
	if _, err := tx.Exec(ctx, "DELETE FROM link WHERE kind = $1 AND member_id = $2 AND used_at = 0", string(ResetKind), memberID); err != nil {
		return "", err
	}
	_, code, err = makeLink(ctx, tx, Link{Kind: ResetKind, MemberID: memberID, CreatedBy: actor.ID})
	if err != nil {
		return "", err
	}
	return code, recordEverywhere(ctx, tx, actor, memberID, Entry{Kind: EventResetAsked, SubjectID: memberID})
}

// ResetPassword uses a reset link up: the member has a new password and is signed in nowhere.
func ResetPassword(ctx context.Context, d *db.DB, code, password string) (Member, error) {
	l, err := FindLink(ctx, d, ResetKind, code)
	if err != nil {
		return Member{}, err
	}
	m, err := GetMember(ctx, d, l.MemberID)
	if err != nil {
		return m, err
	}
	hash, err := newPassword(ctx, d, m, password)
	if err != nil {
		return m, err
	}
	return m, d.Write(ctx, func(tx db.Tx) error {
		if _, err := useLink(ctx, tx, ResetKind, code); err != nil {
			return err
		}
		if err := setPassword(ctx, tx, m.ID, hash, ""); err != nil {
			return err
		}
		return recordEverywhere(ctx, tx, m.As("", ""), m.ID, Entry{Kind: EventPasswordReset, SubjectID: m.ID})
	})
}
