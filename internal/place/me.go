package place

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"time"
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
	cookie = Secret()
	err = d.Write(ctx, func(tx db.Tx) error {
		if err := setPassword(ctx, tx, m.ID, hash, s.ID); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "UPDATE session SET id = $2, authenticated_at = $3 WHERE id = $1", s.ID, hashSecret(cookie), db.Micros(time.Now())); err != nil {
			return err
		}
		return recordEverywhere(ctx, tx, m.As("", ""), m.ID, Entry{Kind: EventPasswordChanged, SubjectID: m.ID})
	})
	return cookie, err
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
