package place

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/netip"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// How many failed sign-ins are let pass. An account is never locked for good: after accountFree failures
// each further one makes the next wait longer, up to delayMax. They are counted over an hour, not over the
// ten minutes that a person needs: who guesses slowly is to get no more than who guesses fast. Strangers,
// counted together, get fewer than 30 guesses an hour at one account, from however many addresses.
const (
	accountFree   = 10
	accountWindow = time.Hour
	delayFirst    = time.Minute
	delayMax      = 15 * time.Minute
	addressFree   = 30
	addressWindow = 10 * time.Minute
	failuresKept  = 24 * time.Hour
)

// subjects are what one attempt is counted under, as keyed hashes: the table tells neither addresses nor
// who has an account.
type subjects struct {
	account string // of strangers together, or of one browser that signed in before
	address string // "" = not counted, for a browser that signed in before
}

func keyedHash(k Keys, purpose, what string) string {
	m := hmac.New(sha256.New, k.Derive(purpose))
	m.Write([]byte(what))
	return hex.EncodeToString(m.Sum(nil)[:16])
}

// subjectsOf counts a browser that signed in to this account before on its own, so that strangers cannot
// keep the owner out, neither by the account nor from the bar's own Wi-Fi.
func subjectsOf(k Keys, email, known string, addr netip.Addr) subjects {
	if device, ok := knownDevice(k, known, email); ok {
		return subjects{account: keyedHash(k, "sign-in limits", "known\x00"+device+"\x00"+email)}
	}
	prefix := netip.PrefixFrom(addr, 32)
	if addr.Is6() {
		prefix, _ = addr.Prefix(64)
	}
	return subjects{
		account: keyedHash(k, "sign-in limits", "account\x00"+email),
		address: keyedHash(k, "sign-in limits", "address\x00"+prefix.String()),
	}
}

// reserve counts an attempt as failed before the password is looked at, so that any number of guesses at
// once are not let through by the same count. It returns how many are left before a pause, or
// fault.RateLimited with the time to wait.
func (s subjects) reserve(ctx context.Context, tx db.Tx, now time.Time) (left int, err error) {
	// One attempt after the other: PostgreSQL would let two count at once.
	if _, err := tx.Exec(ctx, "INSERT INTO instance (name, value) VALUES ('sign-in turn', '') ON CONFLICT (name) DO UPDATE SET value = excluded.value"); err != nil {
		return 0, err
	}
	n, _, last, err := failures(ctx, tx, s.account, now, accountWindow)
	if err != nil {
		return 0, err
	}
	if wait := last.Add(accountDelay(n)).Sub(now); n >= accountFree && wait > 0 {
		return 0, &fault.Error{Code: fault.RateLimited, Op: "place.sign_in", Key: "signin.limited", RetryAfter: wait}
	}
	if s.address != "" {
		m, first, _, err := failures(ctx, tx, s.address, now, addressWindow)
		if err != nil {
			return 0, err
		}
		if m >= addressFree {
			return 0, &fault.Error{Code: fault.RateLimited, Op: "place.sign_in", Key: "signin.limited", RetryAfter: max(first.Add(addressWindow).Sub(now), time.Second)}
		}
	}
	for _, subject := range s.all() {
		if _, err := tx.Exec(ctx, "INSERT INTO signin_failure (subject, at) VALUES ($1, $2)", subject, db.Micros(now)); err != nil {
			return 0, err
		}
	}
	return max(accountFree-n-1, 0), nil
}

// accountDelay is the wait after n failures.
func accountDelay(n int) time.Duration {
	d := delayFirst
	for range n - accountFree {
		if d *= 2; d >= delayMax {
			return delayMax
		}
	}
	return d
}

func (s subjects) all() []string {
	if s.address == "" {
		return []string{s.account}
	}
	return []string{s.account, s.address}
}

// failures counts a subject's failures within a while, and tells when the first and the last of them were. What
// lies ahead was counted by a clock that has gone back since.
func failures(ctx context.Context, q db.Querier, subject string, now time.Time, while time.Duration) (n int, first, last time.Time, err error) {
	var from, to int64
	err = q.QueryRow(ctx, "SELECT count(*), coalesce(min(at), 0), coalesce(max(at), 0) FROM signin_failure WHERE subject = $1 AND at > $2 AND at < $3",
		subject, db.Micros(now.Add(-while)), db.Micros(now.Add(clockSkew))).Scan(&n, &from, &to)
	return n, db.Time(from), db.Time(to), err
}

// release takes back the reservation of an attempt that succeeded, and forgives the account its earlier
// failures. An address is not forgiven: whoever has an account here could otherwise guess at others for ever.
func (s subjects) release(ctx context.Context, tx db.Tx, at time.Time) error {
	if _, err := tx.Exec(ctx, "DELETE FROM signin_failure WHERE subject = $1", s.account); err != nil {
		return err
	}
	return s.takeBack(ctx, tx, at)
}

// takeBack takes back the reservation of an attempt that was no failure, and nothing else.
func (s subjects) takeBack(ctx context.Context, tx db.Tx, at time.Time) error {
	_, err := tx.Exec(ctx, "DELETE FROM signin_failure WHERE subject IN ($1, $2) AND at = $3", s.account, s.address, db.Micros(at))
	return err
}

// A browser that signed in before carries a signed name of its own and the accounts it knows.
// It opens nothing: it only has failures counted apart.
const (
	// KnownFor is how long a browser is remembered.
	KnownFor    = 400 * 24 * time.Hour
	knownMost   = 6 // accounts of one browser: a bar's tablet has several
	knownTagLen = 12
	deviceLen   = 16
)

func knownTag(k Keys, device, email string) string {
	m := hmac.New(sha256.New, k.Derive("known browser"))
	m.Write([]byte(device + "\x00" + email))
	return string(m.Sum(nil)[:knownTagLen])
}

// knownDevice returns the browser's name when its cookie proves that it signed in to this account.
func knownDevice(k Keys, cookie, email string) (string, bool) {
	device, tags := splitKnown(cookie)
	want := knownTag(k, device, email)
	found := false
	for _, tag := range tags {
		found = hmac.Equal([]byte(tag), []byte(want)) || found
	}
	return device, found && device != ""
}

func splitKnown(cookie string) (device string, tags []string) {
	b, err := base64.RawURLEncoding.DecodeString(cookie)
	if err != nil || len(b) < deviceLen || (len(b)-deviceLen)%knownTagLen != 0 || len(b) > deviceLen+knownMost*knownTagLen {
		return "", nil
	}
	for i := deviceLen; i < len(b); i += knownTagLen {
		tags = append(tags, string(b[i:i+knownTagLen]))
	}
	return string(b[:deviceLen]), tags
}

// rememberKnown returns the browser's cookie with one more account, the newest first. Tags of this
// browser that no account of ours made are kept: they fit nothing.
func rememberKnown(k Keys, cookie, email string) string {
	device, tags := splitKnown(cookie)
	if device == "" {
		device, tags = Secret()[:deviceLen], nil
	}
	tag := knownTag(k, device, email)
	all := device + tag
	for _, t := range tags {
		if t != tag && len(all) < deviceLen+knownMost*knownTagLen {
			all += t
		}
	}
	return base64.RawURLEncoding.EncodeToString([]byte(all))
}
