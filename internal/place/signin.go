package place

import (
	"context"
	"maps"
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
	EventFactorFailed    = "signin.factor_failed" // the password was right, what came after it was not
	EventFactorAdded     = "member.factor_added"
	EventFactorRemoved   = "member.factor_removed"
	EventFactorsReset    = "member.factors_reset"
	EventRecoveryMade    = "member.recovery_made"
	EventTokenMisused    = "token.misused"     // for what its scopes do not say
	EventStrayed         = "isolation.refused" // a form for a place that is not theirs, or that is none
	EventConnected       = "account.connected"
	EventDisconnected    = "account.disconnected"
	EventAddressRefused  = "account.address_refused" // a server that nobody may be connected to
	EventAddressChanged  = "address.changed"         // where the installation is found
)

// Attempt is somebody at the sign-in page.
type Attempt struct {
	Email    string
	Password string
	Device   string     // "Firefox, Android": for the list of sessions
	Addr     netip.Addr // where from
	Known    string     // the browser's cookie of earlier sign-ins, "" for none; untrusted
}

// Entered is what a sign-in gives the browser: a session, or the way to the second factor.
type Entered struct {
	Member  Member
	Session string        // the session cookie's value, "" when Step is set
	Life    time.Duration // how long it may live
	Known   string        // the new value of the cookie of earlier sign-ins
	Step    string        // what proves the password while the second factor is asked for
	Factor  Factor        // what opened besides it, "" = nothing
	Asked   bool          // a place of theirs asks its owners for a second factor, and they have none
}

// SignIn checks an e-mail address and a password and starts a session, or leads to the second factor of
// whoever has one.
//
// It returns fault.Unauthenticated with the key "signin.refused" for a wrong password and for an unknown
// address alike, after the same work; Args hold "left", the attempts before a pause, and
// fault.RateLimited with RetryAfter when there were too many.
func SignIn(ctx context.Context, d *db.DB, k Keys, a Attempt) (in Entered, err error) {
	m, reserved, err := a.check(ctx, d, k, "")
	if err != nil {
		return in, err
	}
	err = d.Write(ctx, func(tx db.Tx) error {
		if in, err = a.enter(ctx, tx, k, m, nil); err != nil {
			return err
		}
		if in.Step != "" {
			// Earlier failures are not forgiven yet: who has the password alone would guess at codes for ever.
			return reserved.takeBack(ctx, tx)
		}
		return reserved.forgive(ctx, tx)
	})
	return in, err
}

// enter starts the session of a member whose password, or link, was right; unless they have a second factor.
func (a Attempt) enter(ctx context.Context, tx db.Tx, k Keys, m Member, how map[string]any) (Entered, error) {
	second, err := HasSecondFactor(ctx, tx, m.ID)
	if err != nil {
		return Entered{}, err
	}
	if second {
		return Entered{Member: m, Step: k.sealStep(m)}, nil
	}
	return a.begin(ctx, tx, k, m, how)
}

// begin starts the session of a member who has proved everything. how is what the journal says of it.
func (a Attempt) begin(ctx context.Context, tx db.Tx, k Keys, m Member, how map[string]any) (Entered, error) {
	in := Entered{Member: m, Known: rememberKnown(k, a.Known, m.Email)}
	places, err := PlacesOf(ctx, tx, m.ID)
	if err != nil {
		return in, err
	}
	for _, p := range places {
		asks, err := p.AsksFactor(ctx, tx, m.ID)
		if err != nil {
			return in, err
		}
		in.Asked = in.Asked || asks
	}
	in.Life = sessionLife(places)
	if in.Session, err = startSession(ctx, tx, m.ID, a.Device, in.Life); err != nil {
		return in, err
	}
	data := map[string]any{"device": a.Device, "from": AddressClass(a.Addr)}
	maps.Copy(data, how)
	return in, recordEverywhere(ctx, tx, m.As("", ""), m.ID, Entry{Kind: EventSignedIn, SubjectID: m.ID, Data: data})
}

// Reauthenticate asks a signed-in member for the password again, before a change that matters. The
// session gets a new cookie. Errors are those of SignIn.
func Reauthenticate(ctx context.Context, d *db.DB, k Keys, s Session, a Attempt) (cookie string, err error) {
	_, reserved, err := a.check(ctx, d, k, s.MemberID)
	if err != nil {
		return "", err
	}
	err = d.Write(ctx, func(tx db.Tx) error {
		if err := reserved.forgive(ctx, tx); err != nil {
			return err
		}
		cookie, err = renewSession(ctx, tx, s)
		return err
	})
	return cookie, err
}

// reservation is an attempt counted as failed until it turns out otherwise.
type reservation struct {
	subjects subjects
	at       time.Time
}

// forgive takes the reservation back, and with it the account's earlier failures.
func (r reservation) forgive(ctx context.Context, tx db.Tx) error {
	return r.subjects.release(ctx, tx, r.at)
}

// takeBack takes back the reservation alone.
func (r reservation) takeBack(ctx context.Context, tx db.Tx) error {
	return r.subjects.takeBack(ctx, tx, r.at)
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
		return m, r, orFirst(d.Write(ctx, func(tx db.Tx) error { return a.failed(ctx, tx, r, m, left, Entry{Kind: EventSignInFailed}) }), refused)
	}
	if weak {
		return m, r, rehash(ctx, d, m, a.Password)
	}
	return m, r, nil
}

// failed journals what was refused where the account has a place to journal it. It writes for an unknown
// address too, so that both end with a commit.
func (a Attempt) failed(ctx context.Context, tx db.Tx, r reservation, m Member, left int, what Entry) error {
	if _, err := tx.Exec(ctx, "DELETE FROM signin_failure WHERE subject = $1 AND at < $2", r.subjects.account, db.Micros(r.at.Add(-failuresKept))); err != nil {
		return err
	}
	if _, err := tx.Exec(ctx, "UPDATE signin_failure SET at = at WHERE subject = $1 AND at = $2", r.subjects.account, db.Micros(r.at)); err != nil {
		return err
	}
	if m.ID == "" {
		return nil
	}
	return a.refused(ctx, tx, m, left == 0, what)
}

// refused journals what a member's account refused, and the pause that it may lead to.
func (a Attempt) refused(ctx context.Context, tx db.Tx, m Member, pause bool, what Entry) error {
	what.SubjectID = m.ID
	if what.Data == nil {
		what.Data = map[string]any{}
	}
	what.Data["from"] = AddressClass(a.Addr)
	entries := []Entry{what}
	if pause {
		entries = append(entries, Entry{Kind: EventSignInLimited, SubjectID: m.ID, Data: map[string]any{"from": AddressClass(a.Addr)}})
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

// AddressClass is all that the journal and the log say of where somebody came from.
func AddressClass(a netip.Addr) string {
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
	for _, e := range entries {
		if toldToOwner[e.Kind] {
			if err := notify(ctx, tx, e.SubjectID, "", e.Kind); err != nil {
				return err
			}
		}
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
