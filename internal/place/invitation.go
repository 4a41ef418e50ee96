package place

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// Invite makes a link by which somebody joins a place. An earlier invitation of the same address to the
// same place stops working.
func Invite(ctx context.Context, tx db.Tx, actor Actor, placeID, email string, role Role) (Link, string, error) {
	if err := checkRole(actor, placeID, role); err != nil {
		return Link{}, "", err
	}
	email = FoldEmail(email)
	if !validEmail(email) {
		return Link{}, "", fault.InvalidFields("place.invite", fault.Field{Name: "email", Key: "member.email_invalid"})
	}
	if m, err := memberByEmail(ctx, tx, email); err == nil {
		if have, err := RoleIn(ctx, tx, m.ID, placeID); err != nil || have != "" {
			return Link{}, "", orFirst(err, fault.InvalidFields("place.invite", fault.Field{Name: "email", Key: "member.here_already"}))
		}
	} else if !fault.Is(err, fault.NotFound) {
		return Link{}, "", err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM link WHERE place_id = $1 AND kind = $2 AND email = $3 AND used_at = 0", placeID, string(InvitationKind), email); err != nil {
		return Link{}, "", err
	}
	l, code, err := makeLink(ctx, tx, Link{Kind: InvitationKind, PlaceID: placeID, Role: role, Email: email, CreatedBy: actor.ID})
	if err != nil {
		return l, "", err
	}
	return l, code, Record(ctx, tx, placeID, actor, Entry{Kind: EventInvited, SubjectID: placeID, Data: map[string]any{"role": string(role)}})
}

// Invitations lists the invitations of a place that are still open, the newest first.
func Invitations(ctx context.Context, q db.Querier, placeID string) ([]Link, error) {
	return db.Collect(scanLink)(q.Query(ctx, "SELECT "+linkColumns+" FROM link WHERE place_id = $1 AND kind = $2 AND used_at = 0 AND expires_at > $3 ORDER BY created_at DESC, hash",
		placeID, string(InvitationKind), db.Micros(time.Now())))
}

// Uninvite takes an invitation back. id is Link.ID.
func Uninvite(ctx context.Context, tx db.Tx, actor Actor, placeID, id string) error {
	l, err := scanLink(tx.QueryRow(ctx, "SELECT "+linkColumns+" FROM link WHERE place_id = $1 AND hash = $2 AND kind = $3 AND used_at = 0", placeID, id, string(InvitationKind)))
	if err != nil {
		return db.NotFound(err, "place.uninvite")
	}
	if err := checkRole(actor, placeID, l.Role); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "DELETE FROM link WHERE place_id = $1 AND hash = $2", placeID, id); err != nil {
		return err
	}
	return Record(ctx, tx, placeID, actor, Entry{Kind: EventUninvited, SubjectID: placeID, Data: map[string]any{"role": string(l.Role)}})
}

// Invited is an invitation as the page that accepts it shows it.
type Invited struct {
	Link
	Place    Place
	By       string // the name of who invites, "" = unknown
	HasLogin bool   // the address has an account: its own password is asked for, not a new one
}

// FindInvitation returns the invitation of a code without using it up. Errors are those of FindLink.
func FindInvitation(ctx context.Context, q db.Querier, code string) (Invited, error) {
	var i Invited
	var err error
	if i.Link, err = FindLink(ctx, q, InvitationKind, code); err != nil {
		return i, err
	}
	if i.Place, err = Get(ctx, q, i.PlaceID); err != nil {
		return i, err
	}
	if by, err := GetMember(ctx, q, i.CreatedBy); err == nil {
		i.By = by.Name
	}
	_, err = memberByEmail(ctx, q, i.Email)
	i.HasLogin = err == nil
	if fault.Is(err, fault.NotFound) {
		err = nil
	}
	return i, err
}

// AcceptInvitation makes the account of whom an invitation is for, or asks an account that exists for its
// password, and gives it the role. The password is checked under the limits of sign-in. Whoever has
// accepted signs in next.
func AcceptInvitation(ctx context.Context, d *db.DB, k Keys, code, name string, a Attempt) (Place, error) {
	i, err := FindInvitation(ctx, d, code)
	if err != nil {
		return Place{}, err
	}
	a.Email = i.Email
	if i.HasLogin {
		m, r, err := a.check(ctx, d, k, "")
		if err != nil {
			return i.Place, err
		}
		return i.Place, d.Write(ctx, func(tx db.Tx) error {
			// Not forgiven: a second factor may still be to come, and an invitation is easily had.
			if err := r.takeBack(ctx, tx); err != nil {
				return err
			}
			return acceptAs(ctx, tx, code, m)
		})
	}
	n := NewMember{Name: name, Email: i.Email, Password: a.Password}
	if err := fault.InvalidFields("place.accept", n.check(i.Place.Name)...); err != nil {
		return i.Place, err
	}
	hash, err := passwords.hash(ctx, n.Password)
	if err != nil {
		return i.Place, err
	}
	return i.Place, d.Write(ctx, func(tx db.Tx) error {
		m, err := insertMember(ctx, tx, n, hash)
		if err != nil {
			return err
		}
		return acceptAs(ctx, tx, code, m)
	})
}

func acceptAs(ctx context.Context, tx db.Tx, code string, m Member) error {
	l, err := useLink(ctx, tx, InvitationKind, code)
	if err != nil {
		return err
	}
	return join(ctx, tx, m.As(l.PlaceID, l.Role), l.PlaceID, m.ID, l.Role)
}
