package place

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"unicode/utf8"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/text"
)

// Themes are the lights that a member may choose; "" follows the system.
var Themes = []string{"", "matin", "soir"}

// ChangeMember edits what a member decides for themselves (name, language, theme, settings): fn changes
// the copy it is given. The address and the password have functions of their own.
func ChangeMember(ctx context.Context, tx db.Tx, memberID string, fn func(*Member)) (Member, error) {
	m, err := GetMember(ctx, tx, memberID)
	if err != nil {
		return m, err
	}
	before := m.Name
	fn(&m)
	m.Name = text.Line(m.Name)
	var wrong []fault.Field
	if l := utf8.RuneCountInString(m.Name); l == 0 || l > 60 {
		wrong = append(wrong, fault.Field{Name: "name", Key: "member.name_length"})
	}
	if m.Language != "" && !KnownLanguage(m.Language) {
		wrong = append(wrong, fault.Field{Name: "language", Key: "place.language_unknown"})
	}
	if !slices.Contains(Themes, m.Theme) {
		wrong = append(wrong, fault.Field{Name: "theme", Key: "fault.invalid"})
	}
	if err := fault.InvalidFields("place.change_member", wrong...); err != nil {
		return m, err
	}
	settings, err := json.Marshal(m.Settings)
	if err != nil {
		return m, err
	}
	if _, err := tx.Exec(ctx, "UPDATE member SET name = $2, language = $3, theme = $4, settings = $5 WHERE id = $1", memberID, m.Name, m.Language, m.Theme, string(settings)); err != nil {
		return m, err
	}
	if m.Name == before {
		return m, nil // a light or a language is nobody else's business
	}
	return m, recordEverywhere(ctx, tx, m.As("", ""), m.ID, Entry{Kind: "member.changed", SubjectID: m.ID})
}

// ChangePassword gives a member a new password in place of the old one, which is asked for under the
// limits of sign-in, and signs every other browser out. The session gets a new cookie. A wrong old
// password is fault.Unauthenticated with the key "signin.refused".
func ChangePassword(ctx context.Context, d *db.DB, k Keys, s Session, m Member, old Attempt, password string) (cookie string, err error) {
	old.Email = m.Email
	_, r, err := old.check(ctx, d, k, m.ID)
	if err != nil {
		return "", err
	}
	if err := d.Write(ctx, func(tx db.Tx) error { return r.forgive(ctx, tx) }); err != nil {
		return "", err
	}
	hash, err := newPassword(ctx, d, m, password)
	if err != nil {
		return "", err
	}
	err = d.Write(ctx, func(tx db.Tx) error {
		cookie, err = replacePassword(ctx, tx, s, m, hash)
		return err
	})
	return cookie, err
}

// FirstPassword gives a member who has none a password, as ChangePassword does. There is no old one to ask for: the
// caller has seen who they are a moment ago. fault.Conflict when they have one.
func FirstPassword(ctx context.Context, d *db.DB, s Session, m Member, password string) (cookie string, err error) {
	hash, err := newPassword(ctx, d, m, password)
	if err != nil {
		return "", err
	}
	err = d.Write(ctx, func(tx db.Tx) error {
		n, err := tx.Exec(ctx, "UPDATE member SET created_at = created_at WHERE id = $1 AND password = ''", m.ID)
		if err == nil && n == 0 {
			err = fault.New(fault.Conflict, "place.first_password", "")
		}
		if err != nil {
			return err
		}
		cookie, err = replacePassword(ctx, tx, s, m, hash)
		return err
	})
	return cookie, err
}

// replacePassword stores a new password and gives the session that asked for it a new cookie; the others end.
func replacePassword(ctx context.Context, tx db.Tx, s Session, m Member, hash string) (cookie string, err error) {
	if err := setPassword(ctx, tx, m.ID, hash, s.ID); err != nil {
		return "", err
	}
	if cookie, err = renewSession(ctx, tx, s); err != nil {
		return "", err
	}
	return cookie, recordEverywhere(ctx, tx, m.As("", ""), m.ID, Entry{Kind: EventPasswordChanged, SubjectID: m.ID})
}

// newPassword checks and hashes a new password of a member who exists.
func newPassword(ctx context.Context, d *db.DB, m Member, password string) (hash string, err error) {
	places, err := PlacesOf(ctx, d, m.ID)
	if err != nil {
		return "", err
	}
	local, _, _ := strings.Cut(m.Email, "@")
	own := []string{m.Name, local, m.Email}
	for _, p := range places {
		own = append(own, p.Place.Name)
	}
	if err := fault.InvalidFields("place.password", passwordField(password, own...)...); err != nil {
		return "", err
	}
	return passwords.hash(ctx, password)
}

// setPassword stores a hash, ends the member's sessions but one ("" = all of them) and the links that
// would enter by another way.
func setPassword(ctx context.Context, tx db.Tx, memberID, hash, keepSession string) error {
	if _, err := tx.Exec(ctx, "UPDATE member SET password = $2 WHERE id = $1", memberID, hash); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM session WHERE member_id = $1 AND id <> $2", memberID, keepSession); err != nil {
		return err
	}
	// across places: links of one member
	_, err := tx.Exec(ctx, "DELETE FROM link WHERE member_id = $1 AND used_at = 0", memberID)
	return err
}

// ChangeEmail gives a member another address to sign in with. The caller has asked the password again.
func ChangeEmail(ctx context.Context, tx db.Tx, memberID, email string) error {
	email = FoldEmail(email)
	if !validEmail(email) {
		return fault.InvalidFields("place.change_email", fault.Field{Name: "email", Key: "member.email_invalid"})
	}
	m, err := GetMember(ctx, tx, memberID)
	if err != nil || m.Email == email {
		return err
	}
	// Asked first: on PostgreSQL a refused statement would end the transaction.
	if _, err := memberByEmail(ctx, tx, email); !fault.Is(err, fault.NotFound) {
		return orFirst(err, fault.InvalidFields("place.change_email", fault.Field{Name: "email", Key: "member.email_taken"}))
	}
	if _, err := tx.Exec(ctx, "UPDATE member SET email = $2 WHERE id = $1", memberID, email); err != nil {
		return err
	}
	if err := notify(ctx, tx, m.ID, m.Email, EventEmailChanged); err != nil {
		return err
	}
	return recordEverywhere(ctx, tx, m.As("", ""), m.ID, Entry{Kind: EventEmailChanged, SubjectID: m.ID})
}
