package place

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"net/url"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// NewApp is an app that shows codes, before it has proved that it does.
type NewApp struct {
	URL    string // for a QR code
	Secret string // the same, for a hand that types
	Sealed string // comes back with the first code, and only then is anything stored
}

// newAppFor is how long somebody may take to set their app up.
const newAppFor = time.Hour

var base32Secret = base32.StdEncoding.WithPadding(base32.NoPadding)

// StartApp makes the secret that an app is given. Nothing of it is stored: the page carries it, sealed for
// this member and session.
func StartApp(k Keys, s Session, m Member) NewApp {
	secret := make([]byte, 20) // as many bits as the hash has
	rand.Read(secret)
	return newApp(k, s, m, secret, time.Now())
}

func newApp(k Keys, s Session, m Member, secret []byte, at time.Time) NewApp {
	letters := base32Secret.EncodeToString(secret)
	plain := binary.BigEndian.AppendUint64(nil, uint64(at.UnixMicro()))
	return NewApp{
		URL:    "otpauth://totp/Comptoir:" + url.PathEscape(m.Email) + "?secret=" + letters + "&issuer=Comptoir",
		Secret: inFours(letters),
		Sealed: base64.RawURLEncoding.EncodeToString(k.Seal(append(plain, secret...), m.ID, s.Handle, "authenticator.new")),
	}
}

func inFours(s string) string {
	var b strings.Builder
	for i, r := range s {
		if i > 0 && i%4 == 0 {
			b.WriteByte(' ')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// openNewApp returns what StartApp sealed, and when; fault.Conflict with the key "factor.start_again" when
// it was for somebody else or too long ago.
func openNewApp(k Keys, s Session, m Member, sealed string) (secret []byte, at time.Time, err error) {
	box, err := base64.RawURLEncoding.DecodeString(sealed)
	if err == nil {
		box, err = k.Open(box, m.ID, s.Handle, "authenticator.new")
	}
	if err == nil && len(box) == 28 {
		at = time.UnixMicro(int64(binary.BigEndian.Uint64(box)))
	}
	if err != nil || time.Since(at) > newAppFor {
		return nil, at, fault.New(fault.Conflict, "place.app", "factor.start_again")
	}
	return box[8:], at, nil
}

// AgainApp is what StartApp made, to be shown again after a wrong code. Errors are those of AddApp.
func AgainApp(k Keys, s Session, m Member, sealed string) (NewApp, error) {
	secret, at, err := openNewApp(k, s, m, sealed)
	if err != nil {
		return NewApp{}, err
	}
	return newApp(k, s, m, secret, at), nil
}

// AddApp stores an app that shows the right code, in place of an earlier one, and returns the recovery codes
// that come with a first factor. A wrong code is fault.Invalid; fault.Conflict with the key
// "factor.start_again" when StartApp was too long ago.
func AddApp(ctx context.Context, d *db.DB, k Keys, s Session, m Member, sealed, code string) (codes []string, err error) {
	secret, _, err := openNewApp(k, s, m, sealed)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	step := stepOf(secret, digits(code), now)
	if step == 0 {
		return nil, fault.InvalidFields("place.app", fault.Field{Name: "code", Key: "factor.code_wrong"})
	}
	err = d.Write(ctx, func(tx db.Tx) error {
		codes, err = addFactor(ctx, tx, k, s, m, FactorApp, func() error {
			_, err := tx.Exec(ctx, "INSERT INTO authenticator (member_id, secret, step, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (member_id) DO UPDATE SET secret = excluded.secret, step = excluded.step, created_at = excluded.created_at",
				m.ID, k.Seal(secret, m.ID, "authenticator.secret"), step, db.Micros(now))
			return err
		})
		return err
	})
	return codes, err
}

// RemoveApp takes a member's app away.
func RemoveApp(ctx context.Context, tx db.Tx, s Session, m Member) error {
	return removeFactor(ctx, tx, s, m, FactorApp, func() (int64, error) {
		return tx.Exec(ctx, "DELETE FROM authenticator WHERE member_id = $1", m.ID)
	})
}

// useAppCode tells whether a code of the member's app opens, and sees to it that it never does again.
func useAppCode(ctx context.Context, tx db.Tx, k Keys, memberID, code string, now time.Time) (bool, error) {
	var sealed []byte
	err := tx.QueryRow(ctx, "SELECT secret FROM authenticator WHERE member_id = $1", memberID).Scan(&sealed)
	if err == db.ErrNoRows {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	secret, err := k.Open(sealed, memberID, "authenticator.secret")
	if err != nil {
		return false, err
	}
	step := stepOf(secret, code, now) // of a wrong code 0, which is after none
	n, err := tx.Exec(ctx, "UPDATE authenticator SET step = $2 WHERE member_id = $1 AND step < $2", memberID, step)
	return n == 1, err
}

// CheckApps tells whether the secret of every member's app opens.
func CheckApps(ctx context.Context, q db.Querier, k Keys) error {
	type row struct {
		memberID string
		sealed   []byte
	}
	all, err := db.Collect(func(r db.Row) (x row, err error) { err = r.Scan(&x.memberID, &x.sealed); return })(q.Query(ctx, "SELECT member_id, secret FROM authenticator"))
	for _, x := range all {
		if _, err := k.Open(x.sealed, x.memberID, "authenticator.secret"); err != nil {
			return err
		}
	}
	return err
}

// digits leaves what people put between the digits of a code out.
func digits(code string) string {
	return strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '\u00a0' || r == '\u202f' {
			return -1
		}
		return r
	}, code)
}
