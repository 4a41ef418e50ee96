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
