package place

import (
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// Invited is an invitation as the page that accepts it shows it.
type Invited struct {
	Link
	Place    Place
	By       string // the name of who invites, "" = unknown
	HasLogin bool   // the address has an account: its own password or passkey is asked for, not a new one
	login    Member // that account
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
	i.login, err = memberByEmail(ctx, q, i.Email)
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
		_, err := acceptAsNew(ctx, tx, code, n, hash)
		return err
	})
}

func acceptAs(ctx context.Context, tx db.Tx, code string, m Member) error {
	l, err := useLink(ctx, tx, InvitationKind, code)
	if err != nil {
		return err
	}
	return join(ctx, tx, m.As(l.PlaceID, l.Role), l.PlaceID, m.ID, l.Role)
}

// acceptAsNew is acceptAs for somebody who has no account yet. The link goes first: of two who come at once, the second
// reads that it was used.
func acceptAsNew(ctx context.Context, tx db.Tx, code string, n NewMember, hash string) (Member, error) {
	l, err := useLink(ctx, tx, InvitationKind, code)
	if err != nil {
		return Member{}, err
	}
	m, err := insertMember(ctx, tx, n, hash)
	if err != nil {
		return m, err
	}
	return m, join(ctx, tx, m.As(l.PlaceID, l.Role), l.PlaceID, m.ID, l.Role)
}

// newcomer is whom an invitation makes a member. Their id is named by the invitation: the device keeps it with the
// passkey before there is an account. So nothing is stored for somebody who only looks, and who starts again finds one
// passkey in the device and not two.
func (i Invited) newcomer(name string) (NewMember, error) {
	n := NewMember{id: db.NamedID("member", i.ID), Name: name, Email: i.Email}
	return n, fault.InvalidFields("place.accept", n.checkWho()...)
}

func (n NewMember) member() Member { return Member{ID: n.id, Email: n.Email, Name: n.Name} }

// ask is the question to whoever has an account already.
func (i Invited) ask(site Site) passkeyAsk {
	return passkeyAsk{site: site, purpose: site.purpose("accept", i.ID), alone: true}
}

// AskPasskey returns what navigator.credentials.get is to be given, as JSON, by somebody who accepts an invitation for
// an account that exists. It is the same whether that has a passkey or not.
func (i Invited) AskPasskey(ctx context.Context, q db.Querier, k Keys, site Site) ([]byte, error) {
	return i.ask(site).options(ctx, q, k)
}

// AskNewPasskey returns what navigator.credentials.create is to be given, as JSON, by somebody who is to have an account
// with a passkey and without a password. The invitation stays open. fault.Invalid for a name that is none.
func (i Invited) AskNewPasskey(k Keys, site Site, name string) ([]byte, error) {
	n, err := i.newcomer(name)
	if err != nil {
		return nil, err
	}
	return site.creation(n.member(), nil, true, newChallenge(k, site.purpose("join", i.ID)))
}

// AcceptByPasskey gives the role of an invitation to the account that its address has, which answers AskPasskey, and
// signs in. Errors are those of FindLink and SignInByPasskey.
func AcceptByPasskey(ctx context.Context, d *db.DB, k Keys, site Site, code string, response []byte, a Attempt) (Entered, error) {
	i, err := FindInvitation(ctx, d, code)
	if err != nil {
		return Entered{}, err
	}
	if !i.HasLogin {
		return Entered{}, fault.New(fault.Unauthenticated, "place.accept", "passkey.refused")
	}
	ask := i.ask(site)
	ask.memberID = i.login.ID
	return a.byPasskey(ctx, d, k, ask, response, func(tx db.Tx, m Member) error { return acceptAs(ctx, tx, code, m) })
}

// JoinByPasskey makes the account of whom an invitation is for, with the passkey that a browser made as AskNewPasskey
// asked and without a password, and signs in: the device has just proved that it has the key. key is what their list
// calls it, codes are their recovery codes.
//
// Errors are those of FindLink; fault.Invalid for a name that is none; fault.Rejected with the key "passkey.not_made" for
// an answer that does not hold; fault.Conflict with the key "member.email_taken" when there is an account after all.
func JoinByPasskey(ctx context.Context, d *db.DB, k Keys, site Site, code, name, key string, response []byte, a Attempt) (in Entered, codes []string, err error) {
	i, err := FindInvitation(ctx, d, code)
	if err != nil {
		return in, nil, err
	}
	n, err := i.newcomer(name)
	if err != nil {
		return in, nil, err
	}
	p, err := site.created(k, site.purpose("join", i.ID), n.member(), true, response)
	if err != nil {
		return in, nil, fault.Wrap(err, fault.Rejected, "place.join", "passkey.not_made")
	}
	p.ID, p.MemberID, p.Host, p.Name, p.CreatedAt = db.NewID(), n.id, site.Host, key, time.Now()
	err = d.Write(ctx, func(tx db.Tx) error {
		m, err := acceptAsNew(ctx, tx, code, n, "")
		if err != nil {
			return err
		}
		if err := insertPasskey(ctx, tx, p); err != nil {
			return err
		}
		if codes, err = makeRecoveryCodes(ctx, tx, k, m.ID); err != nil {
			return err
		}
		how := map[string]any{"factor": string(FactorPasskey)}
		// In the journal alone: nobody has to be told by mail of what they came for.
		if err := Record(ctx, tx, i.PlaceID, m.As(i.PlaceID, i.Role), Entry{Kind: EventFactorAdded, SubjectID: m.ID, Data: how}); err != nil {
			return err
		}
		in, err = a.begin(ctx, tx, k, m, how)
		in.Factor = FactorPasskey
		return err
	})
	return in, codes, err
}
