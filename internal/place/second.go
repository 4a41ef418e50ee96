package place

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// StepFor is how long somebody may look for their phone after the password.
const StepFor = 10 * time.Minute

// sealStep says, for the browser's next request, that this member's password was right just now. It is worth
// nothing once the password has changed, and nothing at all without a second factor.
func (k Keys) sealStep(m Member) string {
	at := strconv.FormatInt(time.Now().UnixMicro(), 10)
	return base64.RawURLEncoding.EncodeToString(k.Seal([]byte(strings.Join([]string{m.ID, at, hashSecret(m.password)}, "\n")), "sign-in step"))
}

// openStep is its inverse: fault.Unauthenticated with the key "signin.step_over" when the password must be
// given again.
func openStep(ctx context.Context, q db.Querier, k Keys, step string) (Member, error) {
	over := fault.New(fault.Unauthenticated, "place.step", "signin.step_over")
	box, err := base64.RawURLEncoding.DecodeString(step)
	if err != nil {
		return Member{}, over
	}
	plain, err := k.Open(box, "sign-in step")
	if err != nil {
		return Member{}, over
	}
	parts := strings.Split(string(plain), "\n")
	at, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil || time.Since(time.UnixMicro(at)) > StepFor {
		return Member{}, over
	}
	m, err := GetMember(ctx, q, parts[0])
	if fault.Is(err, fault.NotFound) || err == nil && hashSecret(m.password) != parts[2] {
		return Member{}, over
	}
	return m, err
}

// SecondStep tells whose second factor is asked for, and what they have. The error is that of SignInByCode.
func SecondStep(ctx context.Context, q db.Querier, k Keys, step string) (Member, Factors, error) {
	m, err := openStep(ctx, q, k, step)
	if err != nil {
		return m, Factors{}, err
	}
	f, err := FactorsOf(ctx, q, m.ID)
	return m, f, err
}

// SignInByCode finishes a sign-in with a code of the member's app, or with one of their recovery codes.
//
// It counts under the limits of sign-in. It returns fault.Unauthenticated with the key "signin.step_over"
// when the password must be given again, with "signin.code_refused" for a wrong code (Args hold "left"), and
// fault.RateLimited as SignIn does.
func SignInByCode(ctx context.Context, d *db.DB, k Keys, step, code string, a Attempt) (in Entered, err error) {
	m, err := openStep(ctx, d, k, step)
	if err != nil {
		return in, err
	}
	a.Email = m.Email
	r := reservation{subjectsOf(k, m.Email, a.Known, a.Addr), time.Now()}
	var refused error
	err = d.Write(ctx, func(tx db.Tx) error {
		left, err := r.subjects.reserve(ctx, tx, r.at)
		if err != nil {
			return err
		}
		what, err := useCode(ctx, tx, k, m.ID, code, r.at)
		if err != nil {
			return err
		}
		if what == "" {
			refused = fault.New(fault.Unauthenticated, "place.sign_in", "signin.code_refused", "left", left)
			return a.refused(ctx, tx, m, left == 0, Entry{Kind: EventFactorFailed})
		}
		if err := r.forgive(ctx, tx); err != nil {
			return err
		}
		in, err = a.begin(ctx, tx, k, m, map[string]any{"factor": string(what)})
		in.Factor = what
		return err
	})
	return in, orFirst(err, refused)
}

// useCode uses a code up and tells of what it was, "" for a wrong one.
func useCode(ctx context.Context, tx db.Tx, k Keys, memberID, code string, now time.Time) (Factor, error) {
	code = digits(strings.TrimSpace(code))
	if opens, err := useAppCode(ctx, tx, k, memberID, code, now); opens || err != nil {
		return FactorApp, err
	}
	if opens, err := useRecoveryCode(ctx, tx, k, memberID, code, now); opens || err != nil {
		return FactorRecovery, err
	}
	return "", nil
}

// AskPasskey returns what navigator.credentials.get is to be given, as JSON, by somebody who is to enter with
// a passkey alone. It is the same for everybody.
func AskPasskey(ctx context.Context, q db.Querier, k Keys, site Site) ([]byte, error) {
	return enterAsk(site).options(ctx, q, k)
}

// AskSecondPasskey does so after the password. Errors are those of SignInByCode.
func AskSecondPasskey(ctx context.Context, q db.Querier, k Keys, site Site, step string) ([]byte, error) {
	m, err := openStep(ctx, q, k, step)
	if err != nil {
		return nil, err
	}
	return secondAsk(site, m).options(ctx, q, k)
}

// AskPasskeyAgain does so of a signed-in member, before a change that matters.
func AskPasskeyAgain(ctx context.Context, q db.Querier, k Keys, site Site, s Session) ([]byte, error) {
	return againAsk(site, s).options(ctx, q, k)
}

func enterAsk(site Site) passkeyAsk {
	return passkeyAsk{site: site, purpose: site.purpose("enter", ""), alone: true}
}

func secondAsk(site Site, m Member) passkeyAsk {
	return passkeyAsk{site: site, purpose: site.purpose("second", m.ID), memberID: m.ID}
}

func againAsk(site Site, s Session) passkeyAsk {
	return passkeyAsk{site: site, purpose: site.purpose("again", s.Handle), memberID: s.MemberID, alone: true}
}

// SignInByPasskey starts a session for the owner of the passkey that answered AskPasskey. Nobody can guess
// such an answer, so it is not counted, and opens while an account is paused. What does not hold is
// fault.Unauthenticated with the key "passkey.refused".
func SignInByPasskey(ctx context.Context, d *db.DB, k Keys, site Site, response []byte, a Attempt) (Entered, error) {
	return a.byPasskey(ctx, d, k, enterAsk(site), response, nil)
}

// SecondByPasskey finishes a sign-in with the passkey that answered AskSecondPasskey. Errors are those of
// SignInByPasskey and "signin.step_over".
func SecondByPasskey(ctx context.Context, d *db.DB, k Keys, site Site, step string, response []byte, a Attempt) (Entered, error) {
	m, err := openStep(ctx, d, k, step)
	if err != nil {
		return Entered{}, err
	}
	return a.byPasskey(ctx, d, k, secondAsk(site, m), response, nil)
}

// byPasskey starts the session of whoever's passkey answered. What comes before it in the same transaction is first; nil
// for nothing.
func (a Attempt) byPasskey(ctx context.Context, d *db.DB, k Keys, ask passkeyAsk, response []byte, first func(db.Tx, Member) error) (in Entered, err error) {
	m, use, err := ask.answered(ctx, d, k, response)
	if err == nil {
		err = d.Write(ctx, func(tx db.Tx) error {
			if err := use.once(ctx, tx); err != nil {
				return err
			}
			if first != nil {
				if err := first(tx, m); err != nil {
					return err
				}
			}
			in, err = a.begin(ctx, tx, k, m, map[string]any{"factor": string(FactorPasskey)})
			in.Factor = FactorPasskey
			return err
		})
	}
	if fault.Is(err, fault.Unauthenticated) && m.ID != "" {
		return in, orFirst(d.Write(ctx, func(tx db.Tx) error {
			return a.refused(ctx, tx, m, false, Entry{Kind: EventFactorFailed, Data: map[string]any{"factor": string(FactorPasskey)}})
		}), err)
	}
	return in, err
}

// ReauthenticateByPasskey is Reauthenticate with the passkey that answered AskPasskeyAgain. Errors are those
// of SignInByPasskey.
func ReauthenticateByPasskey(ctx context.Context, d *db.DB, k Keys, site Site, s Session, response []byte) (cookie string, err error) {
	_, use, err := againAsk(site, s).answered(ctx, d, k, response)
	if err != nil {
		return "", err
	}
	err = d.Write(ctx, func(tx db.Tx) error {
		if err := use.once(ctx, tx); err != nil {
			return err
		}
		cookie, err = renewSession(ctx, tx, s)
		return err
	})
	return cookie, err
}
