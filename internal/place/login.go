package place

import (
	"context"
	"net/url"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// loginLife is how long somebody may stay on a network's page.
const loginLife = 10 * time.Minute

// Login is an account that is connected on its network's own pages.
type Login struct {
	Kind      network.Kind
	Server    network.Server // as Meet found it
	AccountID string         // the account that is connected again, "" = another one
	Session   string         // the handle of the session in which somebody leaves, and comes back
	Back      network.Return // how they come back; without its state
}

// Authorizes tells whether accounts of a network are connected on its own pages.
func (n *Networks) Authorizes(kind network.Kind) bool {
	_, ok := n.Drivers[kind].(network.Authorizer)
	return ok
}

// Introduces tells whether a network's servers read about this program first.
func (n *Networks) Introduces(kind network.Kind) bool {
	_, ok := n.Drivers[kind].(network.Introducer)
	return ok
}

// Introduce is what they read at a name.
func (n *Networks) Introduce(kind network.Kind, name string, back network.Return) (document []byte, ok bool) {
	if driver, introduces := n.Drivers[kind].(network.Introducer); introduces {
		return driver.Introduce(name, back)
	}
	return nil, false
}

// ServerOf is the server of an account that was connected on its network's own pages, as Meet takes it.
func (n *Networks) ServerOf(a Account) string {
	if driver, ok := n.Drivers[a.Kind].(network.Authorizer); ok {
		return driver.ServerOf(a.Endpoint)
	}
	return ""
}

func (n *Networks) authorizer(kind network.Kind) (network.Authorizer, error) {
	a, ok := n.Drivers[kind].(network.Authorizer)
	if !ok {
		return nil, fault.New(fault.Unsupported, "place.login", "network.unknown", "network", string(kind))
	}
	return a, nil
}

// briefly is a way out for an account that is not there yet.
func (n *Networks) briefly() (w network.Wire, done func()) {
	id := "login-" + db.NewID()
	return n.Wire(id), func() { n.forget(id) }
}

// Meet asks the server that a person names what it is.
func (n *Networks) Meet(ctx context.Context, d *db.DB, actor Actor, placeID string, kind network.Kind, address string) (network.Server, error) {
	if err := actor.Needs(Manager, placeID); err != nil {
		return network.Server{}, err
	}
	a, err := n.authorizer(kind)
	if err != nil {
		return network.Server{}, err
	}
	w, done := n.briefly()
	defer done()
	s, err := a.Meet(ctx, address, w)
	if err != nil {
		return s, orFirst(noteRefused(ctx, d, actor, placeID, kind, err), err)
	}
	return s, nil
}

// BeginLogin returns the page of the network on which somebody says yes. What is needed when they come back is kept
// sealed, for that session and place alone.
func (n *Networks) BeginLogin(ctx context.Context, d *db.DB, k Keys, actor Actor, placeID string, l Login) (page string, err error) {
	if err := actor.Needs(Manager, placeID); err != nil {
		return "", err
	}
	if l.AccountID != "" {
		if a, err := GetAccount(ctx, d, placeID, l.AccountID); err != nil || a.Kind != l.Kind {
			return "", orFirst(err, fault.New(fault.NotFound, "place.login", ""))
		}
	}
	a, err := n.authorizer(l.Kind)
	if err != nil {
		return "", err
	}
	w, done := n.briefly()
	defer done()
	state := Secret()
	l.Back.State = state
	page, pending, err := a.Authorize(ctx, l.Server, l.Back, w)
	if err != nil {
		return "", err
	}
	now := time.Now()
	return page, d.Write(ctx, func(tx db.Tx) error {
		// across places: what nobody came back for
		if _, err := tx.Exec(ctx, "DELETE FROM login WHERE expires_at < $1", db.Micros(now)); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "INSERT INTO login (hash, place_id, session, account_id, kind, sealed, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
			hashSecret(state), placeID, l.Session, l.AccountID, string(l.Kind), sealLogin(k, pending, placeID, state), db.Micros(now.Add(loginLife)))
		return err
	})
}

func sealLogin(k Keys, pending network.Credential, placeID, state string) []byte {
	return k.Seal(pending.Reveal(), placeID, hashSecret(state), "login.sealed")
}

// FinishLogin connects the account of somebody who came back to a place, in the session that left, with what their
// network gave them. kind is told with an error too, "" when nobody is awaited like that: fault.Conflict
// ("login.over"). A login serves once, whatever becomes of it.
func (n *Networks) FinishLogin(ctx context.Context, d *db.DB, k Keys, actor Actor, placeID, session string, brought url.Values) (account Account, kind network.Kind, err error) {
	if err := actor.Needs(Manager, placeID); err != nil {
		return Account{}, "", err
	}
	state := brought.Get("state")
	var again string
	var sealed []byte
	err = d.Write(ctx, func(tx db.Tx) error {
		return tx.QueryRow(ctx, "DELETE FROM login WHERE hash = $1 AND place_id = $2 AND session = $3 AND expires_at > $4 RETURNING kind, account_id, sealed",
			hashSecret(state), placeID, session, db.Micros(time.Now())).Scan(&kind, &again, &sealed)
	})
	if err == db.ErrNoRows {
		return Account{}, "", fault.New(fault.Conflict, "place.login", "login.over")
	}
	if err != nil {
		return Account{}, kind, err
	}
	account, err = n.finish(ctx, d, k, actor, placeID, kind, again, sealed, brought)
	return account, kind, err
}

func (n *Networks) finish(ctx context.Context, d *db.DB, k Keys, actor Actor, placeID string, kind network.Kind, again string, sealed []byte, brought url.Values) (Account, error) {
	a, err := n.authorizer(kind)
	if err != nil {
		return Account{}, err
	}
	plain, err := k.Open(sealed, placeID, hashSecret(brought.Get("state")), "login.sealed")
	if err != nil {
		return Account{}, err
	}
	pending, err := network.ParseCredential(plain)
	if err != nil {
		return Account{}, err
	}
	w, done := n.briefly()
	defer done()
	endpoint, cred, err := a.Finish(ctx, pending, brought, w)
	if err != nil {
		return Account{}, err
	}
	return n.Connect(ctx, d, k, actor, placeID, NewAccount{Kind: kind, Endpoint: endpoint, Credential: cred, Again: again})
}

// sameAccount refuses somebody who was to connect an account again and came back as another one.
func sameAccount(ctx context.Context, q db.Querier, placeID, id, handle string) error {
	if id == "" {
		return nil
	}
	a, err := GetAccount(ctx, q, placeID, id)
	if err == nil && !strings.EqualFold(a.Handle, handle) {
		err = fault.New(fault.Conflict, "place.connect", "login.other_account", "account", a.Handle, "other", handle)
	}
	return err
}
