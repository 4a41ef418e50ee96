package place

import (
	"context"
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"syscall"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// PrepareKey puts a new key into the file that opens and does not seal yet, so that the file can be copied to every
// machine that serves this installation before RotateKeys begins to use it. Twice is the same as once.
func PrepareKey(k Keys) error {
	unlock, err := k.ring.hold()
	if err != nil {
		return err
	}
	defer unlock()
	k.ring.mu.Lock()
	defer k.ring.mu.Unlock()
	k.ring.refresh()
	if k.ring.next != nil {
		return nil
	}
	s := freshSealer()
	return k.store(k.ring.sealers, &s)
}

// RotateKeys seals everything that the database keeps sealed under a new key, and returns how much that was. Servers may
// run meanwhile: both keys open. Killed anywhere it loses nothing, and is run again to go on where it ended. What signs
// table codes and cookies stays.
//
// The key before stays in the file until the next time: a sign-in that had begun ends under it.
func RotateKeys(ctx context.Context, d *db.DB, k Keys, said func(done, of int)) (done int, err error) {
	unlock, err := k.ring.hold()
	if err != nil {
		return 0, err
	}
	defer unlock()
	stale, err := staleUnder(ctx, d, k)
	if err != nil {
		return 0, err
	}
	all, err := sealedValues(ctx, d)
	if err != nil {
		return 0, err
	}
	if k.prepared() || len(stale) == 0 || len(stale) == len(all) { // else the last time was not finished
		if err := k.turn(); err != nil {
			return 0, err
		}
	}
	var shut error
	for round := 0; ; round++ {
		if stale, err = staleUnder(ctx, d, k); err != nil || len(stale) == 0 {
			break
		}
		if shut != nil || round == maxRounds {
			return done, errors.Join(shut, fault.New(fault.Conflict, "key.rotate", "key.unfinished", "n", len(stale)))
		}
		for i, v := range stale {
			switch err := v.seal(ctx, d, k); {
			case fault.Is(err, fault.Internal): // damaged: the rest goes on
				shut = err
			case err != nil:
				return done, err
			default:
				done++
			}
			said(i+1, len(stale))
		}
	}
	if err != nil {
		return done, err
	}
	return done, k.forget()
}

// maxRounds bounds how often what a server sealed under the old key meanwhile is looked for again.
const maxRounds = 5

// sealedValue is one sealed column of one row.
type sealedValue struct {
	bytes   []byte
	context []string
	update  string // with $1 the new value, $2 the old one, and the row behind
	row     []any
}

// sealedValues lists all that is kept sealed for longer than a sign-in takes.
func sealedValues(ctx context.Context, d *db.DB) ([]sealedValue, error) {
	scan := func(value func(a, b string, sealed []byte) sealedValue) func(db.Rows, error) ([]sealedValue, error) {
		return db.Collect(func(r db.Row) (sealedValue, error) {
			var a, b string
			var sealed []byte
			err := r.Scan(&a, &b, &sealed)
			return value(a, b, sealed), err
		})
	}
	accounts, err := scan(func(placeID, id string, sealed []byte) sealedValue {
		return sealedValue{sealed, []string{placeID, id, "account.credential"}, "UPDATE account SET credential = $1 WHERE credential = $2 AND place_id = $3 AND id = $4", []any{placeID, id}}
		// across places: the key is the installation's
	})(d.Query(ctx, "SELECT place_id, id, credential FROM account WHERE credential IS NOT NULL ORDER BY place_id, id"))
	if err != nil {
		return nil, err
	}
	apps, err := scan(func(memberID, _ string, sealed []byte) sealedValue {
		return sealedValue{sealed, []string{memberID, "authenticator.secret"}, "UPDATE authenticator SET secret = $1 WHERE secret = $2 AND member_id = $3", []any{memberID}}
	})(d.Query(ctx, "SELECT member_id, '', secret FROM authenticator ORDER BY member_id"))
	return append(accounts, apps...), err
}

// staleUnder lists what is not sealed under the newest key.
func staleUnder(ctx context.Context, d *db.DB, k Keys) (stale []sealedValue, err error) {
	all, err := sealedValues(ctx, d)
	newest := k.ring.newest().id
	for _, v := range all {
		if sealedBy(v.bytes) != newest {
			stale = append(stale, v)
		}
	}
	return stale, err
}

// seal seals a value under the newest key, unless somebody changed it meanwhile.
func (v sealedValue) seal(ctx context.Context, d *db.DB, k Keys) error {
	plain, err := k.Open(v.bytes, v.context...)
	if err != nil {
		return err
	}
	return d.Write(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, v.update, append([]any{k.Seal(plain, v.context...), v.bytes}, v.row...)...)
		return err
	})
}

// prepared tells whether a key waits to be used.
func (k Keys) prepared() bool {
	k.ring.mu.Lock()
	defer k.ring.mu.Unlock()
	k.ring.refresh()
	return k.ring.next != nil
}

// turn begins to seal with a new key: the prepared one, when there is one.
func (k Keys) turn() error {
	k.ring.mu.Lock()
	defer k.ring.mu.Unlock()
	k.ring.refresh()
	next := freshSealer()
	if k.ring.next != nil {
		next = *k.ring.next
	}
	return k.store(append(k.ring.sealers[:len(k.ring.sealers):len(k.ring.sealers)], next), nil)
}

// forget leaves the master, the newest key and the one before it in the file.
func (k Keys) forget() error {
	k.ring.mu.Lock()
	defer k.ring.mu.Unlock()
	k.ring.refresh()
	all := k.ring.sealers
	if len(all) <= 3 {
		return nil
	}
	return k.store(append([]sealer{all[0]}, all[len(all)-2:]...), k.ring.next)
}

// store replaces the file, whole or not at all. The caller holds the ring.
func (k Keys) store(sealers []sealer, next *sealer) error {
	r := k.ring
	unwritable := func(err error) error {
		return fault.Wrap(err, fault.Unavailable, "key.store", "key.unwritable", "path", r.path)
	}
	f, err := os.CreateTemp(filepath.Dir(r.path), filepath.Base(r.path)+".*.new") // nobody else can read it
	if err != nil {
		return unwritable(err)
	}
	defer os.Remove(f.Name())
	_, err = f.WriteString(base64.StdEncoding.EncodeToString(k.master) + "\n" + lines(sealers, next))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return unwritable(err)
	}
	if err := os.Rename(f.Name(), r.path); err != nil {
		return unwritable(err)
	}
	if dir, err := os.Open(filepath.Dir(r.path)); err == nil { // what is sealed from now on must not outlive its key
		err = errors.Join(dir.Sync(), dir.Close())
		if err != nil {
			return unwritable(err)
		}
	}
	r.sealers, r.next = sealers, next
	r.read, err = os.Stat(r.path)
	return fault.Wrap(err, fault.Unavailable, "key.store", "key.unreadable", "path", r.path)
}

// hold keeps other rotations out until the returned function is called or the process ends. It returns fault.Conflict
// ("key.rotating") while another is under way.
func (r *ring) hold() (unlock func(), err error) {
	f, err := os.Open(filepath.Dir(r.path))
	if err != nil {
		return nil, fault.Wrap(err, fault.Unavailable, "key.rotate", "key.unreadable", "path", r.path)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, fault.Wrap(err, fault.Conflict, "key.rotate", "key.rotating")
	}
	return func() { f.Close() }, nil
}
