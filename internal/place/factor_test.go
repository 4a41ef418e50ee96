package place_test

import (
	"encoding/base32"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// somebody is a member at work: signed in, with what they carry.
type somebody struct {
	t       *testing.T
	d       *db.DB
	k       place.Keys
	p       place.Place
	m       place.Member
	session place.Session
	secret  []byte   // of their app
	codes   []string // for recovery
}

// marco is the owner of a place, signed in by password alone.
func marco(t *testing.T, d *db.DB) *somebody {
	t.Helper()
	s := &somebody{t: t, d: d, k: keys(t)}
	s.p, s.m = setUp(t, d, "Le Zinc", "marco@lezinc.bar")
	s.session = s.open(s.password(home).Session)
	return s
}

func (s *somebody) open(cookie string) place.Session {
	s.t.Helper()
	session, _, err := place.FindSession(s.t.Context(), s.d, cookie)
	if err != nil {
		s.t.Fatal(err)
	}
	return session
}

// password signs in with it, from an address.
func (s *somebody) password(from netip.Addr) place.Entered {
	s.t.Helper()
	in, err := place.SignIn(s.t.Context(), s.d, s.k, place.Attempt{Email: s.m.Email, Password: good, Addr: from, Device: "Firefox, Linux"})
	if err != nil {
		s.t.Fatal(err)
	}
	return in
}

// withApp gives them an app.
func (s *somebody) withApp() *somebody {
	s.t.Helper()
	app := place.StartApp(s.k, s.session, s.m)
	var err error
	if s.secret, err = base32.StdEncoding.DecodeString(strings.ReplaceAll(app.Secret, " ", "")); err != nil {
		s.t.Fatal(err)
	}
	if s.codes, err = place.AddApp(s.t.Context(), s.d, s.k, s.session, s.m, app.Sealed, s.code(-30*time.Second)); err != nil {
		s.t.Fatal(err)
	}
	return s
}

// code is what the app shows, a while from now.
func (s *somebody) code(in time.Duration) string { return place.CodeAt(s.secret, time.Now().Add(in)) }

func (s *somebody) enter(step, code string, from netip.Addr) (place.Entered, error) {
	return place.SignInByCode(s.t.Context(), s.d, s.k, step, code, place.Attempt{Addr: from, Device: "Firefox, Linux"})
}

func TestAnAppShowsTheCodesOfTheStandard(t *testing.T) {
	// RFC 6238, appendix B, the last six digits.
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037", 20000000000: "353130"} {
		if got := place.CodeAt([]byte("12345678901234567890"), time.Unix(at, 0)); got != want {
			t.Errorf("at %d: %s, want %s", at, got, want)
		}
	}
}

func TestWhoHasASecondFactorIsAskedForItAfterThePassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d).withApp()
		in := s.password(home)
		if in.Session != "" || in.Known != "" || in.Step == "" {
			t.Fatalf("the password alone gives %+v", in)
		}
		who, has, err := place.SecondStep(t.Context(), d, s.k, in.Step)
		if err != nil || who.ID != s.m.ID || has.App.IsZero() || has.Recovery != 10 {
			t.Errorf("%+v %+v %v", who, has, err)
		}
		code := s.code(0)
		in, err = s.enter(in.Step, code[:3]+" "+code[3:], home) // as the app writes it
		if err != nil || in.Known == "" {
			t.Fatalf("%+v %v", in, err)
		}
		if got := s.open(in.Session); got.MemberID != s.m.ID || got.Device != "Firefox, Linux" {
			t.Errorf("%+v", got)
		}
		want := []string{"place.created", "member.joined", "signin.ok", "member.factor_added", "signin.ok"}
		if diff := cmp.Diff(want, kinds(t, d, s.p.ID)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestACodeOpensOnceAndHalfAMinuteEarlyOrLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := marco(t, dbtest.SQLite(t)).withApp()
		time.Sleep(10 * time.Minute)
		tries := 0
		enter := func(code string) error {
			tries++ // from elsewhere each time: here it is the code that is looked at
			_, err := s.enter(s.password(home).Step, code, netip.AddrFrom4([4]byte{198, 51, 100, byte(tries)}))
			return err
		}
		for _, off := range []time.Duration{-60 * time.Second, 60 * time.Second, -24 * time.Hour} {
			if err := enter(s.code(off)); !fault.Is(err, fault.Unauthenticated) {
				t.Errorf("a code %v off: %v", off, err)
			}
		}
		early := s.code(-30 * time.Second)
		if err := enter(early); err != nil {
			t.Errorf("half a minute late: %v", err)
		}
		if err := enter(early); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("a second time: %v", err)
		}
		if err := enter(s.code(30 * time.Second)); err != nil {
			t.Errorf("half a minute early: %v", err)
		}
		if err := enter(s.code(0)); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("one that was shown before the last used one: %v", err)
		}
		for _, code := range []string{"", "000000", "12345", "1234567", "é23456", strings.Repeat("1", 10000)} {
			if err := enter(code); !fault.Is(err, fault.Unauthenticated) && !fault.Is(err, fault.RateLimited) {
				t.Errorf("%.10q: %v", code, err)
			}
		}
	})
}

func TestOneCodeTypedEverywhereAtOnceOpensOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d).withApp()
		for what, code := range map[string]string{"app": s.code(0), "recovery": s.codes[0]} {
			step := s.password(home).Step
			var opened atomic.Int32
			var wg sync.WaitGroup
			for i := range 8 {
				wg.Go(func() {
					if _, err := s.enter(step, code, netip.AddrFrom4([4]byte{203, 0, 113, byte(i)})); err == nil {
						opened.Add(1)
					}
				})
			}
			wg.Wait()
			if opened.Load() != 1 {
				t.Errorf("one %s code opened %d times", what, opened.Load())
			}
		}
	})
}

// Who found the password out has as few guesses at codes as a stranger has at passwords, and giving the
// password again in between does not help.
func TestWrongCodesCountLikeWrongPasswords(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d).withApp()
		looked := 0
		var last error
		for i := range 15 {
			from := netip.AddrFrom4([4]byte{198, 51, 100, byte(i)})
			in, err := place.SignIn(t.Context(), d, s.k, place.Attempt{Email: s.m.Email, Password: good, Addr: from})
			if err == nil {
				_, err = s.enter(in.Step, "000000", from)
			}
			if fault.As(err).Key == "signin.code_refused" {
				looked++
			}
			last = err
		}
		if looked != 10 || fault.As(last).Key != "signin.limited" {
			t.Errorf("%d codes were looked at, then %v", looked, last)
		}
		got := kinds(t, d, s.p.ID)
		if n := len(slices.DeleteFunc(slices.Clone(got), func(k string) bool { return k != place.EventFactorFailed })); n != 10 || !slices.Contains(got, place.EventSignInLimited) {
			t.Errorf("journal: %v", got)
		}
	})
}

// An invitation is easily had: any owner of another place makes one.
func TestAcceptingAnInvitationForgivesNoWrongCodes(t *testing.T) {
	d := dbtest.SQLite(t)
	s := marco(t, d).withApp()
	other, luce := setUp(t, d, "Le Cuivre", "luce@lecuivre.bar")
	for range 9 {
		s.enter(s.password(home).Step, "000000", home)
	}
	var code string
	write(t, d, func(tx db.Tx) (err error) {
		_, code, err = place.Invite(t.Context(), tx, luce.As(other.ID, place.Owner), other.ID, s.m.Email, place.Floor)
		return err
	})
	if _, err := place.AcceptInvitation(t.Context(), d, s.k, code, "", place.Attempt{Password: good, Addr: home}); err != nil {
		t.Fatal(err)
	}
	step := s.password(home).Step
	s.enter(step, "000000", home)
	if _, err := s.enter(step, s.code(0), home); !fault.Is(err, fault.RateLimited) {
		t.Errorf("an eleventh guess: %v", err)
	}
}

func TestRecoveryCodesOpenOnceEachAndNewOnesEndTheOld(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d).withApp()
		if len(s.codes) != 10 {
			t.Fatalf("codes: %v", s.codes)
		}
		enter := func(code string) error {
			_, err := s.enter(s.password(home).Step, code, home)
			return err
		}
		typed := strings.ToUpper(strings.ReplaceAll(s.codes[0], "-", " "))
		typed = strings.NewReplacer("0", "O", "1", "l").Replace(typed) // as a person reads it
		if err := enter(typed); err != nil {
			t.Fatalf("%q for %q: %v", typed, s.codes[0], err)
		}
		if err := enter(s.codes[0]); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("twice: %v", err)
		}
		if f, err := place.FactorsOf(t.Context(), d, s.m.ID); err != nil || f.Recovery != 9 {
			t.Errorf("%+v %v", f, err)
		}
		var fresh []string
		write(t, d, func(tx db.Tx) (err error) {
			fresh, err = place.NewRecoveryCodes(t.Context(), tx, s.k, s.m)
			return err
		})
		if err := enter(s.codes[1]); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("an old one: %v", err)
		}
		if err := enter(fresh[9]); err != nil {
			t.Errorf("a new one: %v", err)
		}
		var stored string
		if err := d.QueryRow(t.Context(), "SELECT min(hash) FROM recovery_code").Scan(&stored); err != nil || len(stored) != 32 {
			t.Errorf("stored as %q %v", stored, err)
		}
	})
}

func TestNoLinkSkipsTheSecondFactor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d).withApp()
		var reset, enter string
		write(t, d, func(tx db.Tx) (err error) {
			reset, err = place.ResetLink(t.Context(), tx, place.System(), "", s.m.ID)
			return err
		})
		before := s.password(home).Step
		const better = "un autre tramway passe à midi"
		if _, err := place.ResetPassword(t.Context(), d, reset, better); err != nil {
			t.Fatal(err)
		}
		in, err := place.SignIn(t.Context(), d, s.k, place.Attempt{Email: s.m.Email, Password: better, Addr: home})
		if err != nil || in.Session != "" || in.Step == "" {
			t.Errorf("after the reset: %+v %v", in, err)
		}
		if _, err := s.enter(before, s.code(0), home); fault.As(err).Key != "signin.step_over" {
			t.Errorf("a step proved by the old password: %v", err)
		}
		write(t, d, func(tx db.Tx) (err error) {
			enter, err = place.SignInLink(t.Context(), tx, s.m.ID)
			return err
		})
		in, err = place.EnterByLink(t.Context(), d, s.k, enter, place.Attempt{Addr: home})
		if err != nil || in.Session != "" || in.Step == "" {
			t.Errorf("by a sign-in link: %+v %v", in, err)
		}
		if in, err = s.enter(in.Step, s.code(0), home); err != nil || in.Session == "" {
			t.Errorf("and then the code: %+v %v", in, err)
		}
	})
}

func TestTheWayToTheSecondFactorIsShortAndCannotBeMade(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := marco(t, dbtest.SQLite(t)).withApp()
		step := s.password(home).Step
		for _, bad := range []string{"", "x", step[:len(step)-2], "AAAA" + step[4:], strings.ToUpper(step)} {
			if _, err := s.enter(bad, s.code(0), home); fault.As(err).Key != "signin.step_over" {
				t.Errorf("%.20q: %v", bad, err)
			}
		}
		time.Sleep(place.StepFor + time.Second)
		if _, err := s.enter(step, s.code(0), home); fault.As(err).Key != "signin.step_over" {
			t.Errorf("too late: %v", err)
		}
	})
}

func TestAFirstFactorAndALostOneEndTheOtherSessions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d)
		here := func() []string {
			all, err := place.Sessions(t.Context(), d, s.m.ID)
			if err != nil {
				t.Fatal(err)
			}
			var handles []string
			for _, x := range all {
				handles = append(handles, x.Handle)
			}
			return handles
		}
		s.password(stranger) // who knows the password is in already
		s.withApp()
		if diff := cmp.Diff([]string{s.session.Handle}, here()); diff != "" {
			t.Errorf("after the first factor: %s", diff)
		}
		if _, err := s.enter(s.password(home).Step, s.code(0), home); err != nil {
			t.Fatal(err)
		}
		write(t, d, func(tx db.Tx) error { return place.RemoveApp(t.Context(), tx, s.session, s.m) })
		if diff := cmp.Diff([]string{s.session.Handle}, here()); diff != "" {
			t.Errorf("after it was removed: %s", diff)
		}
		if f, err := place.FactorsOf(t.Context(), d, s.m.ID); err != nil || f.Any() || f.Recovery != 0 {
			t.Errorf("left behind: %+v %v", f, err)
		}
		if in := s.password(home); in.Session == "" {
			t.Error("the password alone opens no more")
		}
		got := kinds(t, d, s.p.ID)
		for _, want := range []string{"member.factor_added", "member.factor_removed", "session.ended"} {
			if !slices.Contains(got, want) {
				t.Errorf("not journalled: %s in %v", want, got)
			}
		}
	})
}

func TestAnAppIsStoredOnceItShowsTheRightCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := marco(t, dbtest.SQLite(t))
		app := place.StartApp(s.k, s.session, s.m)
		if want := "otpauth://totp/Comptoir:marco@lezinc.bar?secret=" + strings.ReplaceAll(app.Secret, " ", "") + "&issuer=Comptoir"; app.URL != want {
			t.Errorf("%s, want %s", app.URL, want)
		}
		_, err := place.AddApp(t.Context(), s.d, s.k, s.session, s.m, app.Sealed, "000000")
		if diff := cmp.Diff([]fault.Field{{Name: "code", Key: "factor.code_wrong"}}, fault.As(err).Fields); diff != "" {
			t.Error(diff)
		}
		if again, err := place.AgainApp(s.k, s.session, s.m, app.Sealed); err != nil || again.Secret != app.Secret {
			t.Errorf("after a wrong code another secret is shown: %v", err)
		}
		other := s.open(s.password(home).Session)
		for name, c := range map[string]struct {
			session place.Session
			member  place.Member
		}{"another session": {other, s.m}, "another member": {s.session, place.Member{ID: "x"}}} {
			if _, err := place.AgainApp(s.k, c.session, c.member, app.Sealed); fault.As(err).Key != "factor.start_again" {
				t.Errorf("%s: %v", name, err)
			}
		}
		time.Sleep(time.Hour + time.Minute)
		if _, err := place.AgainApp(s.k, s.session, s.m, app.Sealed); fault.As(err).Key != "factor.start_again" {
			t.Errorf("an hour later: %v", err)
		}
		if f, _ := place.FactorsOf(t.Context(), s.d, s.m.ID); f.Any() {
			t.Error("something was stored")
		}
	})
}

// A row that is copied to somebody else's opens nothing.
func TestTheSecretOfAnAppIsSealedForItsOwner(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d).withApp()
		var stored []byte
		if err := d.QueryRow(t.Context(), "SELECT secret FROM authenticator WHERE member_id = $1", s.m.ID).Scan(&stored); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(stored), string(s.secret)) {
			t.Error("the secret lies open")
		}
		if err := place.CheckApps(t.Context(), d, s.k); err != nil {
			t.Errorf("checked: %v", err)
		}
		_, luce := setUp(t, d, "Le Cuivre", "luce@lecuivre.bar")
		write(t, d, func(tx db.Tx) error {
			_, err := tx.Exec(t.Context(), "INSERT INTO authenticator (member_id, secret, step, created_at) SELECT $1, secret, 0, created_at FROM authenticator", luce.ID)
			return err
		})
		in, err := place.SignIn(t.Context(), d, s.k, place.Attempt{Email: luce.Email, Password: good, Addr: home})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.enter(in.Step, s.code(0), home); fault.As(err).Key != "key.damaged_value" {
			t.Errorf("a copied secret: %v", err)
		}
		if err := place.CheckApps(t.Context(), d, s.k); fault.As(err).Key != "key.damaged_value" {
			t.Errorf("checked: %v", err)
		}
	})
}

func TestTheOperatorTakesEveryFactorAway(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d).withApp()
		if err := d.Write(t.Context(), func(tx db.Tx) error {
			return place.ResetFactors(t.Context(), tx, s.m.As(s.p.ID, place.Owner), s.m.ID)
		}); err == nil {
			t.Error("an owner may do so too")
		}
		write(t, d, func(tx db.Tx) error { return place.ResetFactors(t.Context(), tx, place.System(), s.m.ID) })
		if f, err := place.FactorsOf(t.Context(), d, s.m.ID); err != nil || f.Any() || f.Recovery != 0 {
			t.Errorf("%+v %v", f, err)
		}
		if all, _ := place.Sessions(t.Context(), d, s.m.ID); len(all) != 0 {
			t.Errorf("still signed in: %v", all)
		}
		if in := s.password(home); in.Session == "" {
			t.Error("the password does not open")
		}
		if got := kinds(t, d, s.p.ID); !slices.Contains(got, "member.factors_reset") {
			t.Errorf("%v", got)
		}
	})
}

func TestAPlaceMayAskItsOwnersForASecondFactor(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d)
		ask := func(actor place.Actor, on bool) error {
			return d.Write(t.Context(), func(tx db.Tx) error {
				_, err := place.Change(t.Context(), tx, actor, s.p.ID, func(p *place.Place) error {
					p.Settings.OwnersSecondFactor = on
					return nil
				})
				return err
			})
		}
		if err := ask(s.m.As(s.p.ID, place.Manager), true); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a manager asks owners: %v", err)
		}
		if err := ask(s.m.As(s.p.ID, place.Owner), true); err != nil {
			t.Fatal(err)
		}
		if err := ask(s.m.As(s.p.ID, place.Manager), false); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a manager lets owners off: %v", err)
		}
		if in := s.password(home); !in.Asked || in.Session == "" {
			t.Errorf("an owner without one: %+v", in)
		}
		p, err := place.Get(t.Context(), d, s.p.ID)
		if err != nil {
			t.Fatal(err)
		}
		asked := func(role place.Role) bool {
			asks, err := place.Membership{Place: p, Role: role}.AsksFactor(t.Context(), d, s.m.ID)
			if err != nil {
				t.Fatal(err)
			}
			return asks
		}
		if diff := cmp.Diff([]bool{true, false, false}, []bool{asked(place.Owner), asked(place.Manager), asked(place.Floor)}); diff != "" {
			t.Error(diff)
		}
		s.withApp()
		if asked(place.Owner) {
			t.Error("still asked with an app")
		}
		if in, err := s.enter(s.password(home).Step, s.code(0), home); err != nil || in.Asked {
			t.Errorf("%+v %v", in, err)
		}
		last, err := place.Since(t.Context(), d, p.ID, 0, 100)
		if err != nil || !slices.ContainsFunc(last, func(e place.Entry) bool { return fmt.Sprint(e.Data["owners_second_factor"]) == "true" }) {
			t.Errorf("not journalled: %v %v", last, err)
		}
	})
}
