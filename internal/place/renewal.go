package place

import (
	"bytes"
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
)

const (
	// renewalTime is how long one exchange may take. Who has seen another process at the same one for longer, by its
	// own watch, takes it for dead.
	renewalTime = 30 * time.Second
	// renewalLook is how often somebody who waits looks.
	renewalLook = 100 * time.Millisecond
)

// renew is network.Wire.Renew for one stored account. A credential is often good for one exchange: so whoever would
// make it puts its name on the account's row first, and what it brings is stored before anybody uses it. Whoever
// comes second finds it there.
func (n *Networks) renew(a Account, k Keys) func(context.Context, network.Credential, func(context.Context, network.Credential) (network.Credential, error)) (network.Credential, error) {
	return func(ctx context.Context, spent network.Credential, exchange func(context.Context, network.Credential) (network.Credential, error)) (network.Credential, error) {
		other, since := "", time.Now() // the other process that is at it, since when
		for {
			now, name, err := n.kept(ctx, a)
			if err != nil {
				return spent, renewalFault(err)
			}
			kept, err := now.Credential(k)
			if err != nil || !bytes.Equal(kept.Reveal(), spent.Reveal()) {
				return kept, err
			}
			if name != other {
				other, since = name, time.Now()
			}
			if name == "" || time.Since(since) > renewalTime {
				mine, err := n.beginRenewal(ctx, now, name)
				if err != nil {
					return spent, renewalFault(err)
				}
				if mine != "" {
					return n.exchange(ctx, now, k, mine, kept, exchange)
				}
			}
			select {
			case <-ctx.Done():
				return spent, renewalFault(ctx.Err())
			case <-time.After(renewalLook):
			}
		}
	}
}

func renewalFault(err error) error {
	return fault.Wrap(err, fault.Unavailable, "place.renew", "")
}

// kept is an account as it is stored, and who exchanges its credential. One that was let go has none.
func (n *Networks) kept(ctx context.Context, a Account) (now Account, name string, err error) {
	if now, err = GetAccount(ctx, n.DB, a.PlaceID, a.ID); err != nil {
		return now, "", err
	}
	if len(now.sealed) == 0 {
		return now, "", fault.New(fault.Conflict, "place.renew", "inbox.account_off")
	}
	err = n.DB.QueryRow(ctx, "SELECT renewing FROM account WHERE place_id = $1 AND id = $2", a.PlaceID, a.ID).Scan(&name)
	return now, name, err
}

// beginRenewal puts a name on the row in place of the one that was seen there, "" when somebody else was faster.
func (n *Networks) beginRenewal(ctx context.Context, a Account, seen string) (mine string, err error) {
	mine = db.NewID()
	err = n.DB.Write(ctx, func(tx db.Tx) error {
		changed, err := tx.Exec(ctx, "UPDATE account SET renewing = $3 WHERE place_id = $1 AND id = $2 AND renewing = $4 AND credential = $5", a.PlaceID, a.ID, mine, seen, a.sealed)
		if changed == 0 {
			mine = ""
		}
		return err
	})
	return mine, err
}

// exchange makes the exchange and stores what it brings, even when nobody waits for it any more: what it cost is
// spent, and a network that is asked twice for the same ends the whole grant. A credential that was typed anew
// meanwhile stays.
func (n *Networks) exchange(ctx context.Context, a Account, k Keys, mine string, kept network.Credential, exchange func(context.Context, network.Credential) (network.Credential, error)) (network.Credential, error) {
	type outcome struct {
		cred network.Credential
		err  error
	}
	done := make(chan outcome, 1)
	n.renewals.Go(func() {
		fresh, err := n.finishRenewal(context.WithoutCancel(ctx), a, k, mine, kept, exchange)
		done <- outcome{fresh, err}
	})
	select {
	case o := <-done:
		return o.cred, o.err
	case <-ctx.Done():
		return kept, renewalFault(ctx.Err())
	}
}

func (n *Networks) finishRenewal(ctx context.Context, a Account, k Keys, mine string, kept network.Credential, exchange func(context.Context, network.Credential) (network.Credential, error)) (network.Credential, error) {
	bounded, cancel := context.WithTimeout(ctx, renewalTime/2)
	defer cancel()
	fresh, failed := exchange(bounded, kept)
	end, stored := context.WithTimeout(ctx, renewalTime/6)
	defer stored()
	err := n.DB.Write(end, func(tx db.Tx) error {
		var sealed []byte
		err := tx.QueryRow(end, "UPDATE account SET renewing = '' WHERE place_id = $1 AND id = $2 AND renewing = $3 RETURNING credential", a.PlaceID, a.ID, mine).Scan(&sealed)
		if err == db.ErrNoRows || err == nil && failed != nil {
			return nil
		}
		if err != nil {
			return err
		}
		a.sealed = sealed // perhaps under another key by now
		if now, err := a.Credential(k); err != nil || !bytes.Equal(now.Reveal(), kept.Reveal()) {
			return err
		}
		_, err = tx.Exec(end, "UPDATE account SET credential = $3, expires_at = $4 WHERE place_id = $1 AND id = $2",
			a.PlaceID, a.ID, k.Seal(fresh.Reveal(), a.PlaceID, a.ID, "account.credential"), db.Micros(fresh.Expires()))
		return err
	})
	if failed != nil {
		return kept, failed
	}
	if err != nil {
		return kept, renewalFault(err)
	}
	return fresh, nil
}

// Settle returns when no exchange is under way. It is called before the database closes.
func (n *Networks) Settle() { n.renewals.Wait() }
