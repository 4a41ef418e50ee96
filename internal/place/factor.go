package place

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// Factor is what a member proves besides the password.
type Factor string

const (
	FactorApp      Factor = "app"      // a code of an app on their phone
	FactorPasskey  Factor = "passkey"  // which may also open alone, without the password
	FactorRecovery Factor = "recovery" // a code kept for the day that the phone is lost
)

// Factors is what a member has besides the password. Whoever has an app or a passkey is asked for one of
// them after it.
type Factors struct {
	App      time.Time // since when, zero = none
	Passkeys []Passkey // the oldest first
	Recovery int       // codes left
}

// Any tells whether there is a second factor.
func (f Factors) Any() bool { return !f.App.IsZero() || len(f.Passkeys) > 0 }

// FactorsOf returns what a member has.
func FactorsOf(ctx context.Context, q db.Querier, memberID string) (f Factors, err error) {
	var since int64
	err = q.QueryRow(ctx, "SELECT created_at FROM authenticator WHERE member_id = $1", memberID).Scan(&since)
	if err != nil && err != db.ErrNoRows {
		return f, err
	}
	f.App = db.Time(since)
	if f.Passkeys, err = passkeysOf(ctx, q, memberID); err != nil {
		return f, err
	}
	f.Recovery, err = recoveryLeft(ctx, q, memberID)
	return f, err
}

// HasSecondFactor tells whether a member's password alone does not open.
func HasSecondFactor(ctx context.Context, q db.Querier, memberID string) (bool, error) {
	var n int
	err := q.QueryRow(ctx, "SELECT (SELECT count(*) FROM authenticator WHERE member_id = $1) + (SELECT count(*) FROM passkey WHERE member_id = $1)", memberID).Scan(&n)
	return n > 0, err
}

// AsksFactor tells whether a place keeps its member out until they have a second factor.
func (ms Membership) AsksFactor(ctx context.Context, q db.Querier, memberID string) (bool, error) {
	if ms.Role != Owner || !ms.Place.Settings.OwnersSecondFactor {
		return false, nil
	}
	has, err := HasSecondFactor(ctx, q, memberID)
	return !has, err
}

// addFactor stores a factor by insert. The first one brings recovery codes, and ends the sessions that were
// begun without it, all but the member's own.
func addFactor(ctx context.Context, tx db.Tx, k Keys, s Session, m Member, what Factor, insert func() error) (codes []string, err error) {
	had, err := lockFactors(ctx, tx, m.ID)
	if err != nil {
		return nil, err
	}
	if err := insert(); err != nil {
		return nil, err
	}
	if !had {
		if codes, err = makeRecoveryCodes(ctx, tx, k, m.ID); err != nil {
			return nil, err
		}
		if err := EndOtherSessions(ctx, tx, m, s); err != nil {
			return nil, err
		}
	}
	return codes, recordFactor(ctx, tx, EventFactorAdded, m, what)
}

// removeFactor takes a factor away by remove, and ends the member's other sessions: the lost phone is signed
// in too. With the last factor the recovery codes go.
func removeFactor(ctx context.Context, tx db.Tx, s Session, m Member, what Factor, remove func() (int64, error)) error {
	if _, err := lockFactors(ctx, tx, m.ID); err != nil {
		return err
	}
	n, err := remove()
	if err == nil && n == 0 {
		err = fault.New(fault.NotFound, "place.remove_factor", "")
	}
	if err != nil {
		return err
	}
	left, err := HasSecondFactor(ctx, tx, m.ID)
	if err != nil {
		return err
	}
	if !left {
		if _, err := tx.Exec(ctx, "DELETE FROM recovery_code WHERE member_id = $1", m.ID); err != nil {
			return err
		}
	}
	if err := EndOtherSessions(ctx, tx, m, s); err != nil {
		return err
	}
	return recordFactor(ctx, tx, EventFactorRemoved, m, what)
}

// lockFactors tells whether a member has a second factor, and sees to it that nothing changes this before
// the transaction ends.
func lockFactors(ctx context.Context, tx db.Tx, memberID string) (bool, error) {
	if _, err := tx.Exec(ctx, "UPDATE member SET created_at = created_at WHERE id = $1", memberID); err != nil {
		return false, err
	}
	return HasSecondFactor(ctx, tx, memberID)
}

func recordFactor(ctx context.Context, tx db.Tx, kind string, m Member, what Factor) error {
	return recordEverywhere(ctx, tx, m.As("", ""), m.ID, Entry{Kind: kind, SubjectID: m.ID, Data: map[string]any{"factor": string(what)}})
}

// ResetFactors takes every factor of a member away and signs them out everywhere: the operator's help for
// somebody who lost the phone and the recovery codes. The password stays; who has none needs a ResetLink then.
func ResetFactors(ctx context.Context, tx db.Tx, actor Actor, memberID string) error {
	if err := actor.Needs(Owner, ""); err != nil {
		return err
	}
	for _, sql := range []string{
		"DELETE FROM authenticator WHERE member_id = $1",
		"DELETE FROM passkey WHERE member_id = $1",
		"DELETE FROM recovery_code WHERE member_id = $1",
		"DELETE FROM session WHERE member_id = $1",
	} {
		if _, err := tx.Exec(ctx, sql, memberID); err != nil {
			return err
		}
	}
	return recordEverywhere(ctx, tx, actor, memberID, Entry{Kind: EventFactorsReset, SubjectID: memberID})
}
