package place

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// AccountState says how an account is doing.
type AccountState string

const (
	AccountOK      AccountState = "ok"
	AccountTrouble AccountState = "trouble"      // failing, and tried again by itself
	AccountPerson  AccountState = "needs_person" // nothing is tried until a person has seen to it
	AccountOff     AccountState = "off"          // disconnected; its history stays
)

// HouseKind is the network of the place's own tables. Every place has one such account from its birth.
const HouseKind network.Kind = "house"

// Account is the place on one network.
type Account struct {
	ID         string
	PlaceID    string
	Kind       network.Kind
	Name       string
	Handle     string // as people know it: "bonjour@lezinc.example"
	Endpoint   string // the driver's own words, nothing secret
	sealed     []byte
	State      AccountState
	FaultCode  fault.Code // of the last failure, "" when State is ok
	FaultKey   string
	Cursor     network.Cursor
	ReceivedAt time.Time // the last successful reading, zero = never
	SentAt     time.Time
	Skipped    int64 // malformed items left out, ever
	CreatedAt  time.Time
	ExpiresAt  time.Time // when a person must connect it again, zero = never, or its network does not say
}

const accountColumns = "id, place_id, kind, name, handle, endpoint, credential, state, fault_code, fault_key, cursor, received_at, sent_at, skipped, created_at, expires_at"

func scanAccount(r db.Row) (a Account, err error) {
	var received, sent, created, expires int64
	err = r.Scan(&a.ID, &a.PlaceID, &a.Kind, &a.Name, &a.Handle, &a.Endpoint, &a.sealed, &a.State, &a.FaultCode, &a.FaultKey, &a.Cursor, &received, &sent, &a.Skipped, &created, &expires)
	a.ReceivedAt, a.SentAt, a.CreatedAt, a.ExpiresAt = db.Time(received), db.Time(sent), db.Time(created), db.Time(expires)
	return a, err
}

// Credential opens the account's sealed credential.
func (a Account) Credential(k Keys) (network.Credential, error) {
	if len(a.sealed) == 0 {
		return network.Credential{}, nil
	}
	plain, err := k.Open(a.sealed, a.PlaceID, a.ID, "account.credential")
	if err != nil {
		return network.Credential{}, err
	}
	return network.ParseCredential(plain)
}

// CheckSealed opens every value of a place that the key seals. It returns the fault of the first that does not
// open.
func CheckSealed(ctx context.Context, q db.Querier, k Keys, placeID string) error {
	accounts, err := Accounts(ctx, q, placeID)
	if err != nil {
		return err
	}
	for _, a := range accounts {
		if _, err := a.Credential(k); err != nil {
			return err
		}
	}
	return nil
}

// NewAccount is what connecting an account needs; it has been tested with the network already.
type NewAccount struct {
	Kind       network.Kind
	Name       string
	Handle     string
	Endpoint   string
	Credential network.Credential
	Again      string // the account that this must be, by its id; "" = any
}

// AddAccount connects an account, or connects one anew: an account of the same kind and handle that is
// off or needs a person gets the new credential and keeps its history.
func AddAccount(ctx context.Context, tx db.Tx, k Keys, actor Actor, placeID string, n NewAccount) (Account, error) {
	if err := actor.Needs(Manager, placeID); err != nil {
		return Account{}, err
	}
	a, err := AccountOf(ctx, tx, placeID, n.Kind, text.Line(n.Handle))
	if err != nil {
		return a, err
	}
	known := a.ID != ""
	if !known {
		a = Account{ID: db.NewID(), PlaceID: placeID, CreatedAt: time.Now(), Kind: n.Kind, Handle: text.Line(n.Handle)}
	}
	a.Name, a.Endpoint, a.State = text.Clip(text.Line(n.Name), 80), n.Endpoint, AccountOK
	a.sealed, a.ExpiresAt = nil, n.Credential.Expires()
	if !n.Credential.IsZero() {
		a.sealed = k.Seal(n.Credential.Reveal(), placeID, a.ID, "account.credential")
	}
	kind := EventConnected
	if known {
		kind = "account.reconnected"
		_, err = tx.Exec(ctx, "UPDATE account SET name = $3, endpoint = $4, credential = $5, state = $6, fault_code = '', fault_key = '', removed_at = 0, expires_at = $7 WHERE place_id = $1 AND id = $2",
			placeID, a.ID, a.Name, a.Endpoint, a.sealed, string(a.State), db.Micros(a.ExpiresAt))
	} else {
		err = insertAccount(ctx, tx, a)
	}
	if err == nil {
		err = notifyActor(ctx, tx, actor, EventConnected)
	}
	if err != nil {
		return a, err
	}
	return a, Record(ctx, tx, placeID, actor, Entry{Kind: kind, SubjectID: a.ID, Data: map[string]any{"network": string(a.Kind)}})
}

// AccountOf is a place's account by its handle, in capitals or not: one mailbox that was typed in two ways is not read
// twice. It is zero when there is none.
func AccountOf(ctx context.Context, q db.Querier, placeID string, kind network.Kind, handle string) (Account, error) {
	all, err := Accounts(ctx, q, placeID)
	for _, a := range all {
		if a.Kind == kind && strings.EqualFold(a.Handle, handle) {
			return a, err
		}
	}
	return Account{}, err
}

func insertAccount(ctx context.Context, tx db.Tx, a Account) error {
	_, err := tx.Exec(ctx, "INSERT INTO account (id, place_id, kind, name, handle, endpoint, credential, state, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		a.ID, a.PlaceID, string(a.Kind), a.Name, a.Handle, a.Endpoint, a.sealed, string(a.State), db.Micros(a.CreatedAt), db.Micros(a.ExpiresAt))
	return err
}

// Accounts lists a place's accounts, the oldest first, disconnected ones too.
func Accounts(ctx context.Context, q db.Querier, placeID string) ([]Account, error) {
	return db.Collect(scanAccount)(q.Query(ctx, "SELECT "+accountColumns+" FROM account WHERE place_id = $1 ORDER BY created_at, id", placeID))
}

// GetAccount returns one account of a place.
func GetAccount(ctx context.Context, q db.Querier, placeID, id string) (Account, error) {
	a, err := scanAccount(q.QueryRow(ctx, "SELECT "+accountColumns+" FROM account WHERE place_id = $1 AND id = $2", placeID, id))
	return a, db.NotFound(err, "place.account")
}

// House returns the account of the place's own tables.
func House(ctx context.Context, q db.Querier, placeID string) (Account, error) {
	a, err := scanAccount(q.QueryRow(ctx, "SELECT "+accountColumns+" FROM account WHERE place_id = $1 AND kind = $2", placeID, string(HouseKind)))
	return a, db.NotFound(err, "place.house")
}

// Disconnect stops an account for good and forgets its credential; its history stays.
func Disconnect(ctx context.Context, tx db.Tx, actor Actor, placeID, id string) error {
	if err := actor.Needs(Manager, placeID); err != nil {
		return err
	}
	n, err := tx.Exec(ctx, "UPDATE account SET state = $3, credential = NULL, removed_at = $4 WHERE place_id = $1 AND id = $2 AND kind <> $5",
		placeID, id, string(AccountOff), db.Micros(time.Now()), string(HouseKind))
	if err != nil {
		return err
	}
	if n == 0 {
		return fault.New(fault.NotFound, "place.disconnect", "")
	}
	return Record(ctx, tx, placeID, actor, Entry{Kind: EventDisconnected, SubjectID: id})
}

// Received stores how far an account was read, in the transaction that stores what was read, and
// whether it did well.
func Received(ctx context.Context, tx db.Tx, a Account, next network.Cursor, skipped int) error {
	_, err := tx.Exec(ctx, "UPDATE account SET cursor = $3, received_at = $4, skipped = skipped + $5, state = CASE WHEN state = $6 THEN $7 ELSE state END, fault_code = '', fault_key = '' WHERE place_id = $1 AND id = $2",
		a.PlaceID, a.ID, string(next), db.Micros(time.Now()), skipped, string(AccountTrouble), string(AccountOK))
	return err
}

// Sent notes a successful sending.
func Sent(ctx context.Context, tx db.Tx, placeID, id string) error {
	_, err := tx.Exec(ctx, "UPDATE account SET sent_at = $3 WHERE place_id = $1 AND id = $2", placeID, id, db.Micros(time.Now()))
	return err
}

// Trouble stores why an account does not work. unauthenticated and forbidden wait for a person, the
// rest mends itself. Only a change of state is journalled, so a broken network does not fill the journal.
func Trouble(ctx context.Context, tx db.Tx, a Account, cause error) error {
	f := fault.As(cause)
	state := AccountTrouble
	if f.Code == fault.Unauthenticated || f.Code == fault.Forbidden {
		state = AccountPerson
	}
	var before string
	err := tx.QueryRow(ctx, "SELECT state FROM account WHERE place_id = $1 AND id = $2", a.PlaceID, a.ID).Scan(&before)
	if err != nil || before == string(AccountOff) {
		return db.NotFound(err, "place.trouble")
	}
	if _, err := tx.Exec(ctx, "UPDATE account SET state = $3, fault_code = $4, fault_key = $5 WHERE place_id = $1 AND id = $2",
		a.PlaceID, a.ID, string(state), string(f.Code), f.Key); err != nil {
		return err
	}
	if before == string(state) {
		return nil
	}
	return Record(ctx, tx, a.PlaceID, System(), Entry{Kind: "account.troubled", SubjectID: a.ID, Data: map[string]any{"state": string(state), "code": string(f.Code)}})
}

// clockSkew is how far apart the clocks of two processes may be.
const clockSkew = 5 * time.Minute

// Claim takes accounts for one process to collect, so that each is collected once however many
// processes there are: it renews what holder has and takes what nobody holds, all until now + lease.
// It returns every account that holder now has, of all places.
func Claim(ctx context.Context, tx db.Tx, holder string, lease time.Duration) ([]Account, error) {
	now := time.Now()
	// across places: one process collects the accounts of all of them
	return db.Collect(scanAccount)(tx.Query(ctx, "UPDATE account SET holder = $1, held_until = $2 WHERE removed_at = 0 AND kind <> $3 AND state IN ('ok', 'trouble') AND (holder = $1 OR held_until < $4) RETURNING "+accountColumns,
		holder, db.Micros(now.Add(lease)), string(HouseKind), db.Micros(now)))
}

// Lease is what another process holds, as it was when that process last renewed it.
type Lease struct {
	AccountID string
	Until     int64 // by the other's clock
}

// Leases lists what other processes hold.
func Leases(ctx context.Context, q db.Querier, holder string) ([]Lease, error) {
	// across places: one process collects the accounts of all of them
	return db.Collect(func(r db.Row) (l Lease, err error) { err = r.Scan(&l.AccountID, &l.Until); return })(
		q.Query(ctx, "SELECT id, held_until FROM account WHERE holder <> $1 AND held_until > 0", holder))
}

// Lapse ends leases that their holders have not renewed since.
func Lapse(ctx context.Context, tx db.Tx, leases ...Lease) error {
	for _, l := range leases {
		// across places: what another process held
		if _, err := tx.Exec(ctx, "UPDATE account SET held_until = 0 WHERE id = $1 AND held_until = $2", l.AccountID, l.Until); err != nil {
			return err
		}
	}
	return nil
}

// Release gives up what holder has, at its end.
func Release(ctx context.Context, tx db.Tx, holder string) error {
	// across places: what one process holds
	_, err := tx.Exec(ctx, "UPDATE account SET held_until = 0 WHERE holder = $1", holder)
	return err
}

// AccountsDoing says how the accounts of one network do, in the whole installation.
type AccountsDoing struct {
	Kind  network.Kind
	State AccountState
	Count int
	// ReadAt is the last successful reading of the one that was read longest ago; zero = one never was.
	ReadAt time.Time
}

// Doing counts the accounts of every place that are connected, for the operator: it names none of them.
func Doing(ctx context.Context, q db.Querier) ([]AccountsDoing, error) {
	return db.Collect(func(r db.Row) (a AccountsDoing, err error) {
		var read int64
		err = r.Scan(&a.Kind, &a.State, &a.Count, &read)
		a.ReadAt = db.Time(read)
		return a, err
	})(q.Query(ctx, "SELECT kind, state, count(*), min(received_at) FROM account WHERE removed_at = 0 AND kind <> $1 GROUP BY kind, state ORDER BY kind, state", string(HouseKind))) // across places: a count
}

// ReleaseAll gives up what anybody has. Only who is surely alone may say that those others are dead.
func ReleaseAll(ctx context.Context, tx db.Tx) error {
	// across places: what every process held
	_, err := tx.Exec(ctx, "UPDATE account SET held_until = 0 WHERE held_until > 0")
	return err
}

// Version changes with the endpoint and the credential: who keeps a client open knows by it when to open
// another.
func (a Account) Version() string {
	h := sha256.New()
	h.Write([]byte(a.Endpoint))
	h.Write([]byte{0})
	h.Write(a.sealed)
	return hex.EncodeToString(h.Sum(nil))
}
