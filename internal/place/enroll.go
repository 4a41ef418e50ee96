package place

import (
	"context"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// Enrolment is an account that is connected by its name and by a password that its network made for a program.
type Enrolment struct {
	Kind network.Kind
	network.Claim
	AccountID string // the account that is connected again, "" = another one
}

// Enrolls tells whether accounts of a network are connected like that.
func (n *Networks) Enrolls(kind network.Kind) bool {
	_, ok := n.Drivers[kind].(network.Enroller)
	return ok
}

// AsksSite tells whether a person has to say where such an account lives.
func (n *Networks) AsksSite(kind network.Kind) bool {
	driver, ok := n.Drivers[kind].(network.Enroller)
	return ok && driver.AsksSite()
}

// ClaimOf is an account that was connected like that, as Enroll takes it.
func (n *Networks) ClaimOf(a Account) network.Claim {
	if driver, ok := n.Drivers[a.Kind].(network.Enroller); ok {
		return driver.ClaimOf(a.Endpoint)
	}
	return network.Claim{}
}

// Enroll finds where an account lives, enters there, and stores it once it works.
func (n *Networks) Enroll(ctx context.Context, d *db.DB, k Keys, actor Actor, placeID string, e Enrolment) (Account, error) {
	if err := actor.Needs(Manager, placeID); err != nil {
		return Account{}, err
	}
	if e.AccountID != "" {
		if a, err := GetAccount(ctx, d, placeID, e.AccountID); err != nil || a.Kind != e.Kind {
			return Account{}, orFirst(err, fault.New(fault.NotFound, "place.enroll", ""))
		}
	}
	driver, ok := n.Drivers[e.Kind].(network.Enroller)
	if !ok {
		return Account{}, fault.New(fault.Unsupported, "place.enroll", "network.unknown", "network", string(e.Kind))
	}
	w, done := n.briefly()
	defer done()
	endpoint, cred, err := driver.Enroll(ctx, e.Claim, w)
	if err != nil {
		return Account{}, orFirst(noteRefused(ctx, d, actor, placeID, e.Kind, err), err)
	}
	return n.Connect(ctx, d, k, actor, placeID, NewAccount{Kind: e.Kind, Endpoint: endpoint, Credential: cred, Again: e.AccountID})
}
