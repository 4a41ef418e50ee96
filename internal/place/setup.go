package place

import (
	"context"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// First is what a place begins with: itself and its owner.
type First struct {
	Place New
	Owner NewMember
}

// check names every wrong field of both halves at once.
func (f *First) check(op string) error {
	wrong := f.Owner.check(f.Place.Name)
	if err := f.Place.check(op); err != nil {
		wrong = append(fault.As(err).Fields, wrong...)
	}
	return fault.InvalidFields(op, wrong...)
}

// IsSetUp tells whether the installation has a place. Until then, whoever holds the set-up link may make
// the first; afterwards the way is closed.
func IsSetUp(ctx context.Context, q db.Querier) (bool, error) {
	var n int
	err := q.QueryRow(ctx, "SELECT count(*) FROM place").Scan(&n)
	return n > 0, err
}

// SetupLink makes the one link by which the first place is made, and ends the one before it. It returns
// fault.Conflict with the key "setup.done" when there is a place.
func SetupLink(ctx context.Context, tx db.Tx) (code string, err error) {
	if done, err := IsSetUp(ctx, tx); err != nil || done {
		return "", orFirst(err, fault.New(fault.Conflict, "place.setup", "setup.done"))
	}
	// across places: there is no place yet
	if _, err := tx.Exec(ctx, "DELETE FROM link WHERE kind = $1", string(SetupKind)); err != nil {
		return "", err
	}
	_, code, err = makeLink(ctx, tx, Link{Kind: SetupKind})
	return code, err
}

// FindSetup tells whether a set-up code would work. Once there is a place, every code is fault.NotFound.
func FindSetup(ctx context.Context, q db.Querier, code string) error {
	if done, err := IsSetUp(ctx, q); err != nil || done {
		return orFirst(err, fault.New(fault.NotFound, "place.setup", ""))
	}
	_, err := FindLink(ctx, q, SetupKind, code)
	return err
}

// SetUp makes a place and its owner at the operator's word. An address that has an account becomes the
// owner as it is: its password stays, and Owner.Password is not looked at.
func SetUp(ctx context.Context, d *db.DB, f First) (Place, Member, error) {
	m, err := memberByEmail(ctx, d, FoldEmail(f.Owner.Email))
	if fault.Is(err, fault.NotFound) {
		return setUp(ctx, d, f, nil)
	}
	if err != nil {
		return Place{}, m, err
	}
	var p Place
	err = d.Write(ctx, func(tx db.Tx) (err error) {
		if p, err = Create(ctx, tx, System(), f.Place); err != nil {
			return err
		}
		return join(ctx, tx, System(), p.ID, m.ID, Owner)
	})
	return p, m, err
}

// SetUpByLink makes the first place with the set-up link, which is used up. Errors are those of FindSetup
// and fault.Invalid with every wrong field.
func SetUpByLink(ctx context.Context, d *db.DB, code string, f First) (Place, Member, error) {
	if err := FindSetup(ctx, d, code); err != nil {
		return Place{}, Member{}, err
	}
	return setUp(ctx, d, f, func(tx db.Tx) error {
		if done, err := IsSetUp(ctx, tx); err != nil || done {
			return orFirst(err, fault.New(fault.NotFound, "place.setup", ""))
		}
		_, err := useLink(ctx, tx, SetupKind, code)
		return err
	})
}

// setUp hashes outside the transaction: a hash would hold up every other writer.
func setUp(ctx context.Context, d *db.DB, f First, first func(db.Tx) error) (p Place, m Member, err error) {
	if err := f.check("place.setup"); err != nil {
		return p, m, err
	}
	hash, err := passwords.hash(ctx, f.Owner.Password)
	if err != nil {
		return p, m, err
	}
	err = d.Write(ctx, func(tx db.Tx) (err error) {
		if first != nil {
			if err := first(tx); err != nil {
				return err
			}
		}
		if m, err = insertMember(ctx, tx, f.Owner, hash); err != nil {
			return err
		}
		if p, err = Create(ctx, tx, m.As("", ""), f.Place); err != nil {
			return err
		}
		return join(ctx, tx, m.As(p.ID, Owner), p.ID, m.ID, Owner)
	})
	return p, m, err
}
