package place_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// house is a place whose owner invites.
type house struct {
	t     *testing.T
	d     *db.DB
	k     place.Keys
	p     place.Place
	owner place.Member
}

func zinc(t *testing.T, d *db.DB) *house {
	h := &house{t: t, d: d, k: keys(t)}
	h.p, h.owner = setUp(t, d, "Le Zinc", "marco@lezinc.bar")
	return h
}

func (h *house) invite(email string) (code string) {
	h.t.Helper()
	write(h.t, h.d, func(tx db.Tx) (err error) {
		_, code, err = place.Invite(h.t.Context(), tx, h.owner.As(h.p.ID, place.Owner), h.p.ID, email, place.Floor)
		return err
	})
	return code
}

func (h *house) invited(code string) place.Invited {
	h.t.Helper()
	i, err := place.FindInvitation(h.t.Context(), h.d, code)
	if err != nil {
		h.t.Fatal(err)
	}
	return i
}

// question is what whoever joins asks their device.
func (h *house) question(code string, at place.Site) []byte {
	h.t.Helper()
	options, err := h.invited(code).AskNewPasskey(h.k, at, "Noémie")
	if err != nil {
		h.t.Fatal(err)
	}
	return options
}

func (h *house) join(code string, at place.Site, answer []byte) (place.Entered, []string, error) {
	return place.JoinByPasskey(h.t.Context(), h.d, h.k, at, code, "Noémie", "Safari, iPhone", answer, place.Attempt{Addr: home, Device: "Safari, iPhone"})
}

// noemie joins with a passkey and nothing else.
func (h *house) noemie() (*somebody, *device) {
	h.t.Helper()
	dev, code := newDevice(h.t, site.Origin), h.invite("noemie@lezinc.bar")
	in, codes, err := h.join(code, site, dev.create(h.question(code, site)))
	if err != nil {
		h.t.Fatal(err)
	}
	s := &somebody{t: h.t, d: h.d, k: h.k, p: h.p, m: in.Member, codes: codes}
	s.session = s.open(in.Session)
	return s, dev
}

// rows is how much there is of everything that joining makes.
func (h *house) rows() map[string]int {
	h.t.Helper()
	n := map[string]int{}
	for _, table := range []string{"member", "membership", "passkey", "recovery_code", "session", "notice", "journal"} {
		var rows int
		if err := h.d.QueryRow(h.t.Context(), "SELECT count(*) FROM "+table).Scan(&rows); err != nil {
			h.t.Fatal(err)
		}
		n[table] = rows
	}
	return n
}

func TestSomebodyJoinsWithAPasskeyAndNoPassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := zinc(t, d)
		dev, code := newDevice(t, site.Origin), h.invite("noemie@lezinc.bar")
		before := h.rows()
		first, options := h.question(code, site), h.question(code, site)
		if diff := cmp.Diff(before, h.rows()); diff != "" {
			t.Errorf("a look leaves something: %s", diff)
		}
		if a, b := dev.read(first), dev.read(options); a.User.ID != b.User.ID || a.Challenge == b.Challenge {
			t.Error("whoever starts again leaves two passkeys on the device, or is asked the same again")
		}
		in, codes, err := h.join(code, site, dev.create(options))
		if err != nil {
			t.Fatal(err)
		}
		if len(codes) != 10 || in.Step != "" || in.Known == "" || in.Factor != place.FactorPasskey || in.Member.HasPassword() || string(dev.user) != in.Member.ID {
			t.Errorf("%+v, %d codes, the device knows %s", in, len(codes), dev.user)
		}
		s := &somebody{t: t, d: d, k: h.k, m: in.Member}
		if s.open(in.Session).Device != "Safari, iPhone" {
			t.Error("not signed in")
		}
		if role, err := place.RoleIn(t.Context(), d, in.Member.ID, h.p.ID); role != place.Floor {
			t.Errorf("%q %v", role, err)
		}
		f, err := place.FactorsOf(t.Context(), d, in.Member.ID)
		if err != nil || len(f.Passkeys) != 1 || f.Passkeys[0].Name != "Safari, iPhone" || f.Passkeys[0].Host != site.Host || f.Recovery != 10 {
			t.Errorf("%+v %v", f, err)
		}
		if in, err := s.alone(site, dev.get(s.ask(site))); err != nil || in.Session == "" {
			t.Errorf("the next time: %+v %v", in, err)
		}
		for _, password := range []string{"", good} {
			if _, err := place.SignIn(t.Context(), d, h.k, place.Attempt{Email: "noemie@lezinc.bar", Password: password, Addr: home}); fault.As(err).Key != "signin.refused" {
				t.Errorf("password %q: %v", password, err)
			}
		}
		want := []string{"place.created", "member.joined", "member.invited", "member.joined", "member.factor_added", "signin.ok", "signin.ok", "signin.failed", "signin.failed"}
		if diff := cmp.Diff(want, kinds(t, d, h.p.ID)); diff != "" {
			t.Error(diff)
		}
		if told, err := place.TakeNotices(t.Context(), d, in.Member.ID); err != nil || len(told) != 0 {
			t.Errorf("told of what they did themselves: %v %v", told, err)
		}
	})
}

// Whatever is wrong with an answer, the invitation stays as it was and nobody has joined.
func TestNoOtherAnswerMakesAnAccount(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := zinc(t, d)
		s := &somebody{t: t, d: d, k: h.k, p: h.p, m: h.owner}
		s.session = s.open(s.password(home).Session)
		his := s.withPasskey()
		code, other := h.invite("noemie@lezinc.bar"), h.invite("tom@lezinc.bar")
		elsewhere := place.Site{Host: "autre.example", Origin: "https://autre.example"}
		made := func(options []byte, change ...func(*device)) []byte {
			dev := newDevice(t, site.Origin)
			for _, fn := range change {
				fn(dev)
			}
			return dev.create(options)
		}
		adding, err := place.AskNewPasskey(t.Context(), d, h.k, site, s.session, s.m)
		if err != nil {
			t.Fatal(err)
		}
		before := h.rows()
		for name, answer := range map[string][]byte{
			"of another invitation":      made(h.question(other, site)),
			"asked for at another site":  made(h.question(code, elsewhere)),
			"given on another page":      made(h.question(code, site), func(dev *device) { dev.origin = "https://lezinc.example.evil.example" }),
			"of a device without finger": made(h.question(code, site), func(dev *device) { dev.verifies = false }),
			"to another question":        made(adding),
			"a sign-in":                  his.get(s.ask(site)),
			"a passkey that is there":    made(h.question(code, site), func(dev *device) { dev.id = his.id }),
			"asked for by nobody":        made([]byte(`{"challenge":"` + strings.Repeat("A", 54) + `","rp":{"id":"lezinc.example"}}`)),
			"no JSON":                    []byte("oui"),
			"empty":                      nil,
		} {
			if _, _, err := h.join(code, site, answer); !fault.Is(err, fault.Rejected) || fault.As(err).Key != "passkey.not_made" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, _, err := place.JoinByPasskey(t.Context(), d, h.k, site, code, " ", "Clé", made(h.question(code, site)), place.Attempt{Addr: home}); !fault.Is(err, fault.Invalid) || fault.As(err).Fields[0].Name != "name" {
			t.Errorf("without a name: %v", err)
		}
		if _, err := h.invited(code).AskNewPasskey(h.k, site, strings.Repeat("é", 61)); !fault.Is(err, fault.Invalid) {
			t.Errorf("a name too long: %v", err)
		}
		if _, err := h.invited(code).AskNewPasskey(h.k, place.Site{Host: "192.168.1.5", Origin: "http://192.168.1.5"}, "Noémie"); !fault.Is(err, fault.Unsupported) {
			t.Errorf("where there are no passkeys: %v", err)
		}
		if diff := cmp.Diff(before, h.rows()); diff != "" {
			t.Error(diff)
		}
		if _, _, err := h.join(code, site, made(h.question(code, site))); err != nil {
			t.Errorf("the invitation is spoilt: %v", err)
		}
	})
}

// One that can only be used after a password would lock its owner out: the browser is asked for one that knows whose it is.
func TestAPasskeyThatIsAloneIsAskedToOpenAlone(t *testing.T) {
	d := dbtest.SQLite(t)
	h := zinc(t, d)
	options := string(h.question(h.invite("noemie@lezinc.bar"), site))
	s, _ := h.noemie()
	more, err := place.AskNewPasskey(t.Context(), d, h.k, site, s.session, s.m)
	if err != nil {
		t.Fatal(err)
	}
	marco := &somebody{t: t, d: d, k: h.k, m: h.owner}
	marco.session = marco.open(marco.password(home).Session)
	second, err := place.AskNewPasskey(t.Context(), d, h.k, site, marco.session, marco.m)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		options string
		alone   bool
	}{"who joins": {options, true}, "their next": {string(more), true}, "beside a password": {string(second), false}} {
		if strings.Contains(c.options, `"residentKey":"required","userVerification":"required"`) != c.alone {
			t.Errorf("%s: %s", name, c.options)
		}
	}
	weak := newDevice(t, site.Origin)
	weak.verifies = false
	if _, err := place.AddPasskey(t.Context(), d, h.k, site, s.session, s.m, "Clé USB", weak.create(more)); fault.As(err).Key != "passkey.not_made" {
		t.Errorf("a second one that asks for no finger: %v", err)
	}
}

func TestAnInvitationIsAcceptedOnceByPasskeyToo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := zinc(t, d)
		code := h.invite("noemie@lezinc.bar")
		dev := newDevice(t, site.Origin)
		answer := dev.create(h.question(code, site))
		late := newDevice(t, site.Origin).create(h.question(code, site))
		errs := make([]error, 4)
		var wg sync.WaitGroup
		for i := range errs {
			wg.Go(func() { _, _, errs[i] = h.join(code, site, answer) })
		}
		wg.Wait()
		in := 0
		for _, err := range errs {
			if err == nil {
				in++
			} else if fault.As(err).Key != "link.used" {
				t.Errorf("sent again: %v", err)
			}
		}
		if n := h.rows(); in != 1 || n["member"] != 2 || n["passkey"] != 1 || n["session"] != 1 {
			t.Errorf("%d joined: %v", in, n)
		}
		if _, _, err := h.join(code, site, late); fault.As(err).Key != "link.used" {
			t.Errorf("another device: %v", err)
		}
		// The password and the passkey at once: one of them.
		code = h.invite("tom@lezinc.bar")
		answer = newDevice(t, site.Origin).create(h.question(code, site))
		if _, err := place.AcceptInvitation(t.Context(), d, h.k, code, "Tom", place.Attempt{Password: good, Addr: home}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := h.join(code, site, answer); fault.As(err).Key != "link.used" {
			t.Errorf("after the password: %v", err)
		}
	})
}

func TestAnInvitationThatIsOverTakesNoPasskey(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := zinc(t, dbtest.SQLite(t))
		code := h.invite("noemie@lezinc.bar")
		dev := newDevice(t, site.Origin)
		answer := dev.create(h.question(code, site))
		time.Sleep(10*time.Minute + time.Second)
		if _, _, err := h.join(code, site, answer); fault.As(err).Key != "passkey.not_made" {
			t.Errorf("asked for too long ago: %v", err)
		}
		time.Sleep(24*time.Hour - 11*time.Minute)
		answer = dev.create(h.question(code, site))
		time.Sleep(time.Minute)
		if _, _, err := h.join(code, site, answer); fault.As(err).Key != "link.expired" {
			t.Errorf("after a day: %v", err)
		}
		if _, _, err := h.join(place.Secret(), site, answer); !fault.Is(err, fault.NotFound) {
			t.Errorf("a link that is none: %v", err)
		}
	})
}

// Who has no password is invited to another place.
func TestAnAccountWithoutAPasswordJoinsByItsPasskey(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := zinc(t, d)
		s, dev := h.noemie()
		his := (&somebody{t: t, d: d, k: h.k, m: h.owner})
		his.session = his.open(his.password(home).Session)
		marcos := his.withPasskey()
		q, luce := setUp(t, d, "Le Cuivre", "luce@lecuivre.bar")
		there := &house{t: t, d: d, k: h.k, p: q, owner: luce}
		code := there.invite(s.m.Email)
		if !there.invited(code).HasLogin {
			t.Fatal("her account is not known")
		}
		ask := func(code string) []byte {
			options, err := there.invited(code).AskPasskey(t.Context(), d, h.k, site)
			if err != nil || strings.Contains(string(options), b64(dev.id)) {
				t.Fatalf("%s %v", options, err)
			}
			return options
		}
		accept := func(code string, answer []byte) (place.Entered, error) {
			return place.AcceptByPasskey(t.Context(), d, h.k, site, code, answer, place.Attempt{Addr: home})
		}
		for name, answer := range map[string][]byte{"somebody else's": marcos.get(ask(code)), "for the front door": dev.get(s.ask(site)), "none": nil} {
			if _, err := accept(code, answer); fault.As(err).Key != "passkey.refused" {
				t.Errorf("%s: %v", name, err)
			}
		}
		tom := there.invite("tom@lezinc.bar")
		if _, err := accept(tom, marcos.get(ask(tom))); fault.As(err).Key != "passkey.refused" {
			t.Errorf("for an address without an account: %v", err)
		}
		if _, _, err := there.join(code, site, newDevice(t, site.Origin).create(there.question(code, site))); fault.As(err).Key != "member.email_taken" {
			t.Errorf("a new passkey took the account over: %v", err)
		}
		answer, later := dev.get(ask(code)), dev.get(ask(code))
		in, err := accept(code, answer)
		if err != nil || in.Session == "" || in.Member.ID != s.m.ID {
			t.Fatalf("%+v %v", in, err)
		}
		if places, err := place.PlacesOf(t.Context(), d, s.m.ID); err != nil || len(places) != 2 {
			t.Errorf("%v %v", places, err)
		}
		if _, err := accept(code, later); fault.As(err).Key != "link.used" {
			t.Errorf("twice: %v", err)
		}
	})
}

func TestWhoHasNoPasswordKeepsAPasskeyUntilTheyChooseOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := zinc(t, d)
		s, dev := h.noemie()
		remove := func() error {
			f, err := place.FactorsOf(t.Context(), d, s.m.ID)
			if err != nil {
				t.Fatal(err)
			}
			return d.Write(t.Context(), func(tx db.Tx) error {
				return place.RemovePasskey(t.Context(), tx, site, s.session, s.m, f.Passkeys[0].ID)
			})
		}
		if err := remove(); fault.As(err).Key != "passkey.last" {
			t.Errorf("the only one: %v", err)
		}
		if _, err := s.alone(site, dev.get(s.ask(site))); err != nil {
			t.Errorf("it went all the same: %v", err)
		}
		// One of another address opens nothing here.
		elsewhere := place.Site{Host: "autre.example", Origin: "https://autre.example"}
		options, err := place.AskNewPasskey(t.Context(), d, h.k, elsewhere, s.session, s.m)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := place.AddPasskey(t.Context(), d, h.k, elsewhere, s.session, s.m, "Là-bas", newDevice(t, elsewhere.Origin).create(options)); err != nil {
			t.Fatal(err)
		}
		if err := remove(); fault.As(err).Key != "passkey.last" {
			t.Errorf("with one of another address: %v", err)
		}
		s.withPasskey()
		if err := remove(); err != nil {
			t.Errorf("with another one: %v", err)
		}
	})
}

func TestAFirstPasswordIsChosenOnceAndEndsTheOtherSessions(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := zinc(t, d)
		s, dev := h.noemie()
		there, err := s.alone(site, dev.get(s.ask(site)))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := place.FirstPassword(t.Context(), d, s.session, s.m, "court"); !fault.Is(err, fault.Invalid) {
			t.Errorf("a poor one: %v", err)
		}
		cookie, err := place.FirstPassword(t.Context(), d, s.session, s.m, good)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := place.FirstPassword(t.Context(), d, s.open(cookie), s.m, "le tramway passe à minuit"); !fault.Is(err, fault.Conflict) {
			t.Errorf("a second first one: %v", err)
		}
		if _, _, err := place.FindSession(t.Context(), d, there.Session); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("the other session goes on: %v", err)
		}
		if got := kinds(t, d, h.p.ID); got[len(got)-1] != place.EventPasswordChanged {
			t.Errorf("journal: %v", got)
		}
		// From now on the passkey is the second factor too, and may go.
		in := s.password(home)
		if in.Session != "" || in.Step == "" {
			t.Errorf("the password alone opens: %+v", in)
		}
		if _, err := place.SignInByCode(t.Context(), d, h.k, in.Step, s.codes[0], place.Attempt{Addr: home}); err != nil {
			t.Errorf("with a recovery code: %v", err)
		}
		now, err := place.GetMember(t.Context(), d, s.m.ID)
		if err != nil || !now.HasPassword() {
			t.Fatalf("%+v %v", now, err)
		}
		f, err := place.FactorsOf(t.Context(), d, s.m.ID)
		if err != nil {
			t.Fatal(err)
		}
		write(t, d, func(tx db.Tx) error {
			return place.RemovePasskey(t.Context(), tx, site, s.open(cookie), now, f.Passkeys[0].ID)
		})
	})
}

// The phone is lost, and there never was a password: an owner's link and a recovery code.
func TestALostPhoneWithoutAPasswordIsALinkAndARecoveryCode(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		h := zinc(t, d)
		s, _ := h.noemie()
		var link string
		write(t, d, func(tx db.Tx) (err error) {
			link, err = place.ResetLink(t.Context(), tx, h.owner.As(h.p.ID, place.Owner), h.p.ID, s.m.ID)
			return err
		})
		if _, err := place.ResetPassword(t.Context(), d, link, good); err != nil {
			t.Fatal(err)
		}
		in, err := place.SignInByCode(t.Context(), d, h.k, s.password(home).Step, s.codes[3], place.Attempt{Addr: home})
		if err != nil || in.Session == "" {
			t.Errorf("%+v %v", in, err)
		}
	})
}
