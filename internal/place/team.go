package place

import (
	"cmp"
	"context"
	"net/mail"
	"strings"
	"time"
	"unicode/utf8"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/text"
)

// Colleague is a member of a place, as its team sees them.
type Colleague struct {
	Member Member
	Role   Role
	Since  time.Time
	SeenAt time.Time // the last use of any of their sessions, zero = not signed in
}

// Team lists the members of a place: owners first, then by name.
func Team(ctx context.Context, q db.Querier, placeID string) ([]Colleague, error) {
	return db.Collect(func(r db.Row) (c Colleague, err error) {
		var since, seen int64
		c.Member, err = scanMemberAnd(r, &c.Role, &since, &seen)
		c.Since, c.SeenAt = db.Time(since), db.Time(seen)
		return c, err
	})(q.Query(ctx, `SELECT `+memberColumns+`, ms.role, ms.created_at, coalesce((SELECT max(s.used_at) FROM session s WHERE s.member_id = member.id), 0)
		FROM membership ms JOIN member ON member.id = ms.member_id WHERE ms.place_id = $1
		ORDER BY CASE ms.role WHEN 'owner' THEN 0 WHEN 'manager' THEN 1 ELSE 2 END, member.name, member.id`, placeID))
}

// checkRole returns fault.Invalid for a role that is none, and fault.Forbidden unless the actor may give or
// take it: nobody hands out more than they have.
func checkRole(actor Actor, placeID string, r Role) error {
	if !r.AtLeast(Floor) {
		return fault.InvalidFields("place.role", fault.Field{Name: "role", Key: "member.role_unknown"})
	}
	if r == Owner {
		return actor.Needs(Owner, placeID)
	}
	return actor.Needs(Manager, placeID)
}

// ChangeRole gives a member another role in a place. It acts on their next request, for which they sign in again: a
// cookie that was given out for one role, perhaps on a phone that is passed around, is not to open another.
//
// It returns fault.Conflict with the key "member.last_owner" when the place would be left without an owner.
func ChangeRole(ctx context.Context, tx db.Tx, actor Actor, placeID, memberID string, to Role) error {
	from, err := lockRole(ctx, tx, placeID, memberID)
	if err != nil {
		return err
	}
	if err := checkRole(actor, placeID, to); err != nil {
		return err
	}
	if err := checkRole(actor, placeID, from); err != nil || from == to {
		return err
	}
	if from == Owner {
		if err := anotherOwner(ctx, tx, placeID, memberID); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, "UPDATE membership SET role = $3 WHERE place_id = $1 AND member_id = $2", placeID, memberID, string(to)); err != nil {
		return err
	}
	if err := endSessions(ctx, tx, memberID); err != nil {
		return err
	}
	if !to.AtLeast(from) {
		if err := forgetWhatTheyMade(ctx, tx, placeID, memberID); err != nil {
			return err
		}
	}
	if err := notify(ctx, tx, memberID, "", EventRoleChanged); err != nil {
		return err
	}
	return Record(ctx, tx, placeID, actor, Entry{Kind: EventRoleChanged, SubjectID: memberID, Data: map[string]any{"from": string(from), "to": string(to)}})
}

// RemoveMember takes a member out of a place; members may leave by themselves. It acts on their next
// request and on pages that are open. Invitations and tokens that they made for the place stop working:
// they know them. Who has no place left is signed out everywhere.
func RemoveMember(ctx context.Context, tx db.Tx, actor Actor, placeID, memberID string) error {
	role, err := lockRole(ctx, tx, placeID, memberID)
	if err != nil {
		return err
	}
	leaves := actor.Kind == MemberActor && actor.ID == memberID && actor.PlaceID == placeID
	if err := checkRole(actor, placeID, role); err != nil && !leaves {
		return err
	}
	if role == Owner {
		if err := anotherOwner(ctx, tx, placeID, memberID); err != nil {
			return err
		}
	}
	if _, err := tx.Exec(ctx, "DELETE FROM membership WHERE place_id = $1 AND member_id = $2", placeID, memberID); err != nil {
		return err
	}
	if err := forgetWhatTheyMade(ctx, tx, placeID, memberID); err != nil {
		return err
	}
	// across places: whether there is a place left
	if _, err := tx.Exec(ctx, "DELETE FROM session WHERE member_id = $1 AND NOT EXISTS (SELECT place_id FROM membership WHERE membership.member_id = session.member_id)", memberID); err != nil {
		return err
	}
	return Record(ctx, tx, placeID, actor, Entry{Kind: EventRemoved, SubjectID: memberID, Data: map[string]any{"role": string(role)}})
}

// lockRole returns a member's role in a place and holds the place until the transaction ends, so that two
// owners cannot take each other out at once.
func lockRole(ctx context.Context, tx db.Tx, placeID, memberID string) (Role, error) {
	if _, err := tx.Exec(ctx, "UPDATE place SET seq = seq WHERE id = $1", placeID); err != nil {
		return "", err
	}
	role, err := RoleIn(ctx, tx, memberID, placeID)
	if err == nil && role == "" {
		err = fault.New(fault.NotFound, "place.member", "")
	}
	return role, err
}

func anotherOwner(ctx context.Context, tx db.Tx, placeID, memberID string) error {
	var n int
	err := tx.QueryRow(ctx, "SELECT count(*) FROM membership WHERE place_id = $1 AND role = $2 AND member_id <> $3", placeID, string(Owner), memberID).Scan(&n)
	if err == nil && n == 0 {
		return fault.New(fault.Conflict, "place.member", "member.last_owner")
	}
	return err
}

// forgetWhatTheyMade ends the invitations and tokens of a place that one member made.
func forgetWhatTheyMade(ctx context.Context, tx db.Tx, placeID, memberID string) error {
	if _, err := tx.Exec(ctx, "DELETE FROM link WHERE place_id = $1 AND created_by = $2 AND used_at = 0", placeID, memberID); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, "UPDATE token SET revoked_at = $3 WHERE place_id = $1 AND created_by = $2 AND revoked_at = 0", placeID, memberID, db.Micros(time.Now()))
	return err
}

// NewMember is somebody who is to have an account. Password may be "" for AddMember, and for who joins with a passkey.
type NewMember struct {
	id       string // "" = a new one
	Name     string
	Email    string
	Password string
	Language string // "" = the place's
}

// check tidies the fields and names every wrong one. Own words of the place must not be the password.
func (n *NewMember) check(own ...string) []fault.Field {
	wrong := n.checkWho()
	local, _, _ := strings.Cut(n.Email, "@")
	return append(wrong, passwordField(n.Password, append(own, n.Name, local, n.Email)...)...)
}

// checkWho is check without the password.
func (n *NewMember) checkWho() (wrong []fault.Field) {
	n.Name, n.Email = text.Line(n.Name), FoldEmail(n.Email)
	if l := utf8.RuneCountInString(n.Name); l == 0 || l > 60 {
		wrong = append(wrong, fault.Field{Name: "name", Key: "member.name_length"})
	}
	if !validEmail(n.Email) {
		wrong = append(wrong, fault.Field{Name: "email", Key: "member.email_invalid"})
	}
	if n.Language != "" && !KnownLanguage(n.Language) {
		n.Language = ""
	}
	return wrong
}

func validEmail(s string) bool {
	a, err := mail.ParseAddress(s)
	return err == nil && a.Address == s && len(s) <= 254 && strings.Count(s, "@") == 1 && !strings.ContainsAny(s, "\"<> ")
}

// insertMember stores a new member; fault.Conflict with the key "member.email_taken" when the address has an account.
func insertMember(ctx context.Context, tx db.Tx, n NewMember, hash string) (Member, error) {
	m := Member{ID: cmp.Or(n.id, db.NewID()), Email: n.Email, Name: n.Name, Language: n.Language, CreatedAt: time.Now(), password: hash}
	_, err := tx.Exec(ctx, "INSERT INTO member (id, email, name, password, language, settings, created_at) VALUES ($1, $2, $3, $4, $5, '{}', $6)",
		m.ID, m.Email, m.Name, m.password, m.Language, db.Micros(m.CreatedAt))
	if db.IsUnique(err) {
		return m, &fault.Error{Code: fault.Conflict, Op: "place.member", Key: "member.email_taken", Fields: []fault.Field{{Name: "email", Key: "member.email_taken"}}, Err: err}
	}
	return m, err
}

// join makes a member part of a place, or gives them the higher of two roles.
func join(ctx context.Context, tx db.Tx, actor Actor, placeID, memberID string, role Role) error {
	have, err := RoleIn(ctx, tx, memberID, placeID)
	if err != nil || have.AtLeast(role) {
		return err
	}
	if have != "" {
		if err := endSessions(ctx, tx, memberID); err != nil {
			return err
		}
	}
	_, err = tx.Exec(ctx, "INSERT INTO membership (place_id, member_id, role, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (place_id, member_id) DO UPDATE SET role = excluded.role",
		placeID, memberID, string(role), db.Micros(time.Now()))
	if err != nil {
		return err
	}
	return Record(ctx, tx, placeID, actor, Entry{Kind: EventJoined, SubjectID: memberID, Data: map[string]any{"role": string(role)}})
}

// AddMember makes an account without a password and gives it a role: for the demo, imports and tests. Its
// owner enters by a sign-in or reset link. An address that has an account keeps it.
func AddMember(ctx context.Context, tx db.Tx, actor Actor, placeID string, n NewMember, role Role) (Member, error) {
	if err := checkRole(actor, placeID, role); err != nil {
		return Member{}, err
	}
	n.Name, n.Email = text.Line(n.Name), FoldEmail(n.Email)
	if !validEmail(n.Email) {
		return Member{}, fault.InvalidFields("place.add_member", fault.Field{Name: "email", Key: "member.email_invalid"})
	}
	m, err := memberByEmail(ctx, tx, n.Email)
	if fault.Is(err, fault.NotFound) {
		m, err = insertMember(ctx, tx, n, "")
	}
	if err != nil {
		return m, err
	}
	return m, join(ctx, tx, actor, placeID, m.ID, role)
}

func memberByEmail(ctx context.Context, q db.Querier, email string) (Member, error) {
	m, err := scanMember(q.QueryRow(ctx, "SELECT "+memberColumns+" FROM member WHERE email = $1", email))
	return m, db.NotFound(err, "place.member")
}

// MemberByEmail returns the member who signs in with an address. It is for the operator: a page that says
// whether an address has an account must not be.
func MemberByEmail(ctx context.Context, q db.Querier, email string) (Member, error) {
	return memberByEmail(ctx, q, FoldEmail(email))
}

// GetMember returns a member by id.
func GetMember(ctx context.Context, q db.Querier, id string) (Member, error) {
	m, err := scanMember(q.QueryRow(ctx, "SELECT "+memberColumns+" FROM member WHERE id = $1", id))
	return m, db.NotFound(err, "place.member")
}
