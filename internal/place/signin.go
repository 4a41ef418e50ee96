package place

import (
	"context"
	"net/netip"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// The security events of the journal: fixed names, one row each in every place of the member.
const (
	EventSignedIn        = "signin.ok"
	EventSignInFailed    = "signin.failed"
	EventSignInLimited   = "signin.limited"
	EventSignedOut       = "session.ended"
	EventPasswordChanged = "member.password_changed"
	EventPasswordReset   = "member.password_reset"
	EventEmailChanged    = "member.email_changed"
	EventInvited         = "member.invited"
	EventUninvited       = "member.uninvited"
	EventJoined          = "member.joined"
	EventRoleChanged     = "member.role_changed"
	EventRemoved         = "member.removed"
	EventResetAsked      = "member.reset_asked"
	EventTokenCreated    = "token.created"
	EventTokenRevoked    = "token.revoked"
	EventAddressRefused  = "account.address_refused"
)

// Attempt is somebody at the sign-in page.
type Attempt struct {
	Email    string
	Password string
	Device   string     // "Firefox, Android": for the list of sessions
	Addr     netip.Addr // where from
	Known    string     // the browser's cookie of earlier sign-ins, "" for none; untrusted
}

// Entered is what a sign-in gives the browser.
type Entered struct {
	Member  Member
	Session string        // the session cookie's value
	Life    time.Duration // how long it may live
	Known   string        // the new value of the cookie of earlier sign-ins
}

// SignIn checks an e-mail address and a password and starts a session.
//
// It returns fault.Unauthenticated with the key "signin.refused" for a wrong password and for an unknown
// address alike, after the same work; Args hold "left", the attempts before a pause, and
// fault.RateLimited with RetryAfter when there were too many.
func SignIn(ctx context.Context, d *db.DB, k Keys, a Attempt) (Entered, error) {
	m, reserved, err := a.check(ctx, d, k, "")
	if err != nil {
		return Entered{}, err
	}
	in := Entered{Member: m, Known: rememberKnown(k, a.Known, m.Email)}
	err = d.Write(ctx, func(tx db.Tx) (err error) {
		if err := reserved.subjects.release(ctx, tx, reserved.at); err != nil {
			return err
		}
		if in.Life, err = sessionLife(ctx, tx, m.ID); err != nil {
			return err
		}
		if in.Session, err = startSession(ctx, tx, m.ID, a.Device, in.Life); err != nil {
			return err
		}
		return recordEverywhere(ctx, tx, m.As("", ""), m.ID, Entry{Kind: EventSignedIn, SubjectID: m.ID, Data: map[string]any{"device": a.Device, "from": addressClass(a.Addr)}})
	})
	return in, err
}

// Reauthenticate asks a signed-in member for the password again, before a change that matters. The
// session gets a new cookie. Errors are those of SignIn.
func Reauthenticate(ctx context.Context, d *db.DB, k Keys, s Session, a Attempt) (cookie string, err error) {
	_, reserved, err := a.check(ctx, d, k, s.MemberID)
	if err != nil {
		return "", err
	}
	cookie = Secret()
	err = d.Write(ctx, func(tx db.Tx) error {
		if err := reserved.subjects.release(ctx, tx, reserved.at); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, "UPDATE session SET id = $2, authenticated_at = $3, used_at = $3 WHERE id = $1", s.ID, hashSecret(cookie), db.Micros(time.Now()))
		if err == nil && n == 0 {
			return fault.New(fault.Unauthenticated, "place.reauthenticate", "")
		}
		return err
	})
	return cookie, err
}

// reservation is an attempt counted as failed until it turns out otherwise.
type reservation struct {
	subjects subjects
	at       time.Time
}

// check counts an attempt, looks at the password and says whose it is. With only set, nobody but that
// member will do. Known and unknown addresses cost the same reads, hashes and commits.
func (a Attempt) check(ctx context.Context, d *db.DB, k Keys, only string) (Member, reservation, error) {
	email := FoldEmail(a.Email)
	r := reservation{subjectsOf(k, email, a.Known, a.Addr), time.Now()}
	m, err := memberByEmail(ctx, d, email)
	if err != nil && !fault.Is(err, fault.NotFound) {
		return m, r, err
	}
	left := 0
	err = d.Write(ctx, func(tx db.Tx) (err error) {
		left, err = r.subjects.reserve(ctx, tx, r.at)
		return err
	})
	if fault.Is(err, fault.RateLimited) {
		return m, r, err
	}
	if err != nil {
		return m, r, err
	}
	fits, weak, err := passwords.verify(ctx, m.password, a.Password)
	if err != nil {
		return m, r, err
	}
	if !fits || only != "" && m.ID != only {
		refused := fault.New(fault.Unauthenticated, "place.sign_in", "signin.refused", "left", left)
		return m, r, orFirst(d.Write(ctx, func(tx db.Tx) error { return a.failed(ctx, tx, r, m, left) }), refused)
	}
	if weak {
		return m, r, rehash(ctx, d, m, a.Password)
	}
	return m, r, nil
}

// failed journals a refusal where the account has a place to journal it. It writes for an unknown address
// too, so that both end with a commit.
func (a Attempt) failed(ctx context.Context, tx db.Tx, r reservation, m Member, left int) error {
	if _, err := tx.Exec(ctx, "DELETE FROM signin_failure WHERE subject = $1 AND at < $2", r.subjects.account, db.Micros(r.at.Add(-failuresKept))); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE signin_failure SET at = at WHERE subject = $1 AND at = $2", r.subjects.account, db.Micros(r.at)); err != nil {
		return err
	}
	if m.ID == "" {
		return nil
	}
	entries := []Entry{{Kind: EventSignInFailed, SubjectID: m.ID, Data: map[string]any{"from": addressClass(a.Addr)}}}
	if left == 0 {
		entries = append(entries, Entry{Kind: EventSignInLimited, SubjectID: m.ID, Data: map[string]any{"from": addressClass(a.Addr)}})
	}
	return recordEverywhere(ctx, tx, System(), m.ID, entries...)
}

func orFirst(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// rehash stores a password anew whose hash is weaker than those made today.
func rehash(ctx context.Context, d *db.DB, m Member, password string) error {
	h, err := passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	return d.Write(ctx, func(tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE member SET password = $3 WHERE id = $1 AND password = $2", m.ID, m.password, h)
		return err
	})
}

// addressClass is all that the journal says of where somebody came from.
func addressClass(a netip.Addr) string {
	switch {
	case !a.IsValid():
		return "unknown"
	case a.IsLoopback():
		return "machine"
	case a.IsPrivate() || a.IsLinkLocalUnicast():
		return "local"
	}
	return "internet"
}

// recordEverywhere journals what concerns a member in each of their places.
func recordEverywhere(ctx context.Context, tx db.Tx, actor Actor, memberID string, entries ...Entry) error {
	// In the order of their ids: two of these at once must not wait for each other.
	ids, err := db.Collect(func(r db.Row) (id string, err error) { err = r.Scan(&id); return })(
		// across places: those of one member
		tx.Query(ctx, "SELECT place_id FROM membership WHERE member_id = $1 ORDER BY place_id", memberID))
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := Record(ctx, tx, id, actor, entries...); err != nil {
			return err
		}
	}
	return nil
}

// FoldEmail is an address as it is stored and compared.
func FoldEmail(s string) string { return strings.ToLower(strings.TrimSpace(s)) }

// DeviceOf names the browser and system of a User-Agent header, "" when it says neither: for a person
// who looks through the list of their sessions, not for measuring.
func DeviceOf(userAgent string) string {
	first := func(pairs ...string) string {
		for i := 0; i < len(pairs); i += 2 {
			if strings.Contains(userAgent, pairs[i]) {
				return pairs[i+1]
			}
		}
		return ""
	}
	browser := first("Firefox/", "Firefox", "FxiOS/", "Firefox", "Edg", "Edge", "OPR/", "Opera", "SamsungBrowser/", "Samsung Internet", "CriOS/", "Chrome", "Chrome/", "Chrome", "Safari/", "Safari")
	system := first("iPhone", "iPhone", "iPad", "iPad", "Android", "Android", "Windows", "Windows", "Mac OS X", "Mac", "CrOS", "ChromeOS", "Linux", "Linux")
	if browser == "" || system == "" {
		return browser + system
	}
	return browser + ", " + system
}
