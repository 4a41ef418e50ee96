package app

import (
	"context"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// ResetLink makes a link by which a member chooses a new password, and returns its path: the operator's way
// to let somebody back in. A second factor stays. fault.NotFound with the key "cli.no_member" when nobody has the address.
func ResetLink(ctx context.Context, s *Store, email string) (path string, err error) {
	m, err := findMember(ctx, s, email)
	if err != nil {
		return "", err
	}
	err = s.DB.Write(ctx, func(tx db.Tx) error {
		code, err := place.ResetLink(ctx, tx, place.System(), "", m.ID)
		path = "/reset/" + code
		return err
	})
	return path, err
}

// ResetFactors takes the app, the passkeys and the recovery codes of a member away and signs them out: the
// operator's help for whoever lost all of them. Who has no password could not come in then: for them it returns the path
// of a link by which they choose one, "" for everybody else. The error is that of ResetLink.
func ResetFactors(ctx context.Context, s *Store, email string) (path string, err error) {
	m, err := findMember(ctx, s, email)
	if err != nil {
		return "", err
	}
	err = s.DB.Write(ctx, func(tx db.Tx) error {
		if err := place.ResetFactors(ctx, tx, place.System(), m.ID); err != nil || m.HasPassword() {
			return err
		}
		code, err := place.ResetLink(ctx, tx, place.System(), "", m.ID)
		path = "/reset/" + code
		return err
	})
	return path, err
}

func findMember(ctx context.Context, s *Store, email string) (place.Member, error) {
	m, err := place.MemberByEmail(ctx, s.DB, email)
	if fault.Is(err, fault.NotFound) {
		err = fault.New(fault.NotFound, "app.member", "cli.no_member")
	}
	return m, err
}

// ListMembers returns a line for each role that somebody has: address, name, role, place.
func ListMembers(ctx context.Context, s *Store) ([]string, error) {
	places, err := place.All(ctx, s.DB)
	if err != nil {
		return nil, err
	}
	var lines []string
	for _, p := range places {
		team, err := place.Team(ctx, s.DB, p.ID)
		if err != nil {
			return nil, err
		}
		for _, c := range team {
			lines = append(lines, c.Member.Email+"\t"+c.Member.Name+"\t"+string(c.Role)+"\t"+p.Slug)
		}
	}
	return lines, nil
}
