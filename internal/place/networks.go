package place

import (
	"context"
	"slices"
	"sync"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// Networks is what this installation can be connected to: app fills it with the drivers and the way out.
// It is safe for concurrent use once filled.
type Networks struct {
	Drivers map[network.Kind]network.Driver
	// DB is where a credential is kept that a network exchanges for another. nil = none is.
	DB *db.DB
	// Wire is the way out of one account, by its id; connections are not shared between accounts.
	Wire func(accountID string) network.Wire
	// Forget closes an account's connections, when it is disconnected or connected anew.
	Forget func(accountID string)
	// Discover proposes an endpoint for an address, by kind, where the network can be asked.
	Discover map[network.Kind]func(ctx context.Context, address string) (Proposal, error)

	rates    rates
	renewals sync.WaitGroup // exchanges of credentials that are under way
}

// Proposal is an endpoint that was found or guessed, for a person to look at before it is tested.
type Proposal struct {
	Endpoint string // the driver's own JSON
	Source   string // where it comes from: "autoconfig", "srv", "known", "guess"
	Note     string // the key of a sentence that this provider calls for ("needs an app password"); "" = none
}

// Kinds lists the networks that a person can connect, by name.
func (n *Networks) Kinds() []network.Kind {
	var all []network.Kind
	for k := range n.Drivers {
		if k != HouseKind {
			all = append(all, k)
		}
	}
	slices.Sort(all)
	return all
}

// Client opens the client of a stored account. It does no I/O.
func (n *Networks) Client(a Account, k Keys) (network.Client, error) {
	cred, err := a.Credential(k)
	if err != nil {
		return nil, err
	}
	w := n.Wire(a.ID)
	w.HTTP = n.meter(a, w.HTTP)
	if n.DB != nil {
		w.Renew = n.renew(a, k)
	}
	return n.open(a.Kind, a.Endpoint, cred, w)
}

// Explain gives a failure of an account that was stored by its code and key the names that its sentence tells;
// nil when there was none.
func (n *Networks) Explain(a Account, code fault.Code, key string) error {
	if code == "" {
		return nil
	}
	f := &fault.Error{Code: code, Key: key}
	if d, ok := n.Drivers[a.Kind].(network.Explainer); ok {
		f.Args = d.Explain(a.Endpoint, key)
	}
	return f
}

func (n *Networks) open(kind network.Kind, endpoint string, cred network.Credential, w network.Wire) (network.Client, error) {
	d, ok := n.Drivers[kind]
	if !ok {
		return nil, fault.New(fault.Unsupported, "place.network", "network.unknown", "network", string(kind))
	}
	return d.Open(endpoint, cred, w)
}

// Test asks the network who a credential is, without storing anything. Its errors say which half of the
// settings is wrong.
func (n *Networks) Test(ctx context.Context, kind network.Kind, endpoint string, cred network.Credential) (network.Profile, error) {
	id := "test-" + db.NewID()
	defer n.forget(id)
	c, err := n.open(kind, endpoint, cred, n.Wire(id))
	if err != nil {
		return network.Profile{}, err
	}
	return c.Profile(ctx)
}

// Connect tests an account with its network and then stores it. An empty Name or Handle is taken from
// what the network says.
func (n *Networks) Connect(ctx context.Context, d *db.DB, k Keys, actor Actor, placeID string, want NewAccount) (Account, error) {
	if err := actor.Needs(Manager, placeID); err != nil {
		return Account{}, err
	}
	if want.Kind == HouseKind {
		return Account{}, fault.New(fault.Unsupported, "place.connect", "network.unknown", "network", string(want.Kind))
	}
	who, err := n.Test(ctx, want.Kind, want.Endpoint, want.Credential)
	if err != nil {
		return Account{}, orFirst(noteRefused(ctx, d, actor, placeID, want.Kind, err), err)
	}
	if err := sameAccount(ctx, d, placeID, want.Again, who.Handle); err != nil {
		return Account{}, err
	}
	want.Handle = who.Handle
	if want.Name == "" {
		want.Name = who.Name
	}
	var a Account
	err = d.Write(ctx, func(tx db.Tx) (err error) {
		a, err = AddAccount(ctx, tx, k, actor, placeID, want)
		return err
	})
	if err == nil {
		n.forget(a.ID) // of an account connected anew, what is open belongs to the old credential
	}
	return a, err
}

// revokeTime is how long somebody waits at most for a network that they leave.
const revokeTime = 5 * time.Second

// LetGo disconnects an account, and gives its network back what it had given, where that can be done. A network that
// does not answer changes nothing: the credential is forgotten here, and can be taken away there.
func (n *Networks) LetGo(ctx context.Context, d *db.DB, k Keys, actor Actor, placeID, id string) error {
	a, err := GetAccount(ctx, d, placeID, id)
	if err != nil {
		return err
	}
	client, unopened := n.Client(a, k) // while its credential is there
	if err := d.Write(ctx, func(tx db.Tx) error { return Disconnect(ctx, tx, actor, placeID, id) }); err != nil {
		return err
	}
	if r, ok := client.(network.Revoker); ok && unopened == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), revokeTime)
		defer cancel()
		_ = r.Revoke(ctx)
	}
	n.forget(id)
	return nil
}

func (n *Networks) forget(id string) {
	if n.Forget != nil {
		n.Forget(id)
	}
}

// noteRefused journals that somebody named a server that nobody may be connected to.
func noteRefused(ctx context.Context, d *db.DB, actor Actor, placeID string, kind network.Kind, cause error) error {
	if fault.As(cause).Key != "outgoing.refused" {
		return nil
	}
	return d.Write(context.WithoutCancel(ctx), func(tx db.Tx) error {
		return Record(ctx, tx, placeID, actor, Entry{Kind: EventAddressRefused, SubjectID: placeID, Data: map[string]any{"network": string(kind)}})
	})
}
