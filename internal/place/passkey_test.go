package place_test

import (
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

var site = place.Site{Host: "lezinc.example", Origin: "https://lezinc.example:8443"}

// withPasskey gives them a device that holds one.
func (s *somebody) withPasskey(change ...func(*device)) *device {
	s.t.Helper()
	dev := newDevice(s.t, site.Origin)
	for _, fn := range change {
		fn(dev)
	}
	options, err := place.AskNewPasskey(s.t.Context(), s.d, s.k, site, s.session, s.m)
	if err != nil {
		s.t.Fatal(err)
	}
	codes, err := place.AddPasskey(s.t.Context(), s.d, s.k, site, s.session, s.m, "Téléphone", dev.create(options))
	if err != nil {
		s.t.Fatal(err)
	}
	if s.codes == nil {
		s.codes = codes
	}
	return dev
}

func (s *somebody) ask(at place.Site) []byte {
	s.t.Helper()
	options, err := place.AskPasskey(s.t.Context(), s.d, s.k, at)
	if err != nil {
		s.t.Fatal(err)
	}
	return options
}

func (s *somebody) alone(at place.Site, answer []byte) (place.Entered, error) {
	return place.SignInByPasskey(s.t.Context(), s.d, s.k, at, answer, place.Attempt{Addr: home, Device: "Safari, iPhone"})
}

func TestAPasskeyOpensAlone(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d)
		dev := s.withPasskey()
		if len(s.codes) != 10 {
			t.Errorf("recovery codes: %v", s.codes)
		}
		in, err := s.alone(site, dev.get(s.ask(site)))
		if err != nil || in.Member.ID != s.m.ID || in.Known == "" {
			t.Fatalf("%+v %v", in, err)
		}
		if got := s.open(in.Session); got.Device != "Safari, iPhone" {
			t.Errorf("%+v", got)
		}
		f, err := place.FactorsOf(t.Context(), d, s.m.ID)
		if err != nil || len(f.Passkeys) != 1 || f.Passkeys[0].Name != "Téléphone" || f.Passkeys[0].Host != site.Host || f.Passkeys[0].UsedAt.IsZero() {
			t.Errorf("%+v %v", f, err)
		}
		want := []string{"place.created", "member.joined", "signin.ok", "member.factor_added", "signin.ok"}
		if diff := cmp.Diff(want, kinds(t, d, s.p.ID)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestAPasskeyServesAfterThePasswordToo(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d)
		dev := s.withPasskey(func(dev *device) { dev.verifies = false }) // a key on a ring: it asks for no finger
		second := func(step string) (place.Entered, error) {
			options, err := place.AskSecondPasskey(t.Context(), d, s.k, site, step)
			if err != nil {
				return place.Entered{}, err
			}
			return place.SecondByPasskey(t.Context(), d, s.k, site, step, dev.get(options), place.Attempt{Addr: home})
		}
		in := s.password(home)
		if in.Session != "" {
			t.Fatal("the password alone opens")
		}
		if in, err := second(in.Step); err != nil || in.Session == "" {
			t.Errorf("%+v %v", in, err)
		}
		if _, err := second("x"); fault.As(err).Key != "signin.step_over" {
			t.Errorf("without the password: %v", err)
		}
		if _, err := s.alone(site, dev.get(s.ask(site))); fault.As(err).Key != "passkey.refused" {
			t.Errorf("alone, without a finger: %v", err)
		}
	})
}

// Whatever is changed, moved or sent again opens nothing, and all of it gets the same sentence.
func TestNoOtherAnswerOpens(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d)
		dev := s.withPasskey()
		luce := &somebody{t: t, d: d, k: s.k}
		luce.p, luce.m = setUp(t, d, "Le Cuivre", "luce@lecuivre.bar")
		luce.session = luce.open(luce.password(home).Session)
		hers := luce.withPasskey()

		used := dev.get(s.ask(site))
		if _, err := s.alone(site, used); err != nil {
			t.Fatal(err)
		}
		older, newer := s.ask(site), s.ask(site)
		if _, err := s.alone(site, dev.get(newer)); err != nil {
			t.Fatal(err)
		}
		elsewhere := place.Site{Host: "autre.example", Origin: "https://autre.example"}
		stranger := newDevice(t, site.Origin)
		stranger.host, stranger.user = site.Host, []byte(s.m.ID)
		forged := *stranger
		forged.id = dev.id
		phished := *dev
		phished.origin = "https://lezinc.example.evil.example"
		adding, err := place.AskNewPasskey(t.Context(), d, s.k, site, s.session, s.m)
		if err != nil {
			t.Fatal(err)
		}
		for name, answer := range map[string][]byte{
			"the same again":            used,
			"one asked for before":      dev.get(older),
			"an unknown key":            stranger.get(s.ask(site)),
			"another key under its id":  forged.get(s.ask(site)),
			"given on another page":     phished.get(s.ask(site)),
			"asked for at another site": dev.get(s.ask(elsewhere)),
			"asked for something else":  dev.get(adding),
			"asked for by nobody":       dev.get([]byte(`{"challenge":"` + strings.Repeat("A", 54) + `","rpId":"lezinc.example"}`)),
			"no JSON":                   []byte("oui"),
			"empty":                     nil,
			"a list of nothing":         []byte("[]"),
		} {
			if _, err := s.alone(site, answer); !fault.Is(err, fault.Unauthenticated) || fault.As(err).Key != "passkey.refused" {
				t.Errorf("%s: %v", name, err)
			}
		}
		// Hers opens her own account, and not as the second factor of his.
		if in, err := s.alone(site, hers.get(s.ask(site))); err != nil || in.Member.ID != luce.m.ID {
			t.Errorf("%+v %v", in, err)
		}
		step := s.password(home).Step
		options, err := place.AskSecondPasskey(t.Context(), d, s.k, site, step)
		if err != nil || strings.Contains(string(options), b64(hers.id)) {
			t.Errorf("%s %v", options, err)
		}
		if _, err := place.SecondByPasskey(t.Context(), d, s.k, site, step, hers.get(options), place.Attempt{Addr: home}); fault.As(err).Key != "passkey.refused" {
			t.Errorf("hers for his: %v", err)
		}
		if got := kinds(t, d, s.p.ID); !slices.Contains(got, place.EventFactorFailed) {
			t.Errorf("not journalled: %v", got)
		}
	})
}

func TestAPasskeyThatWasCopiedIsRefused(t *testing.T) {
	d := dbtest.SQLite(t)
	s := marco(t, d)
	dev := s.withPasskey(func(dev *device) { dev.counter = 7 })
	copied := *dev
	for range 2 {
		if _, err := s.alone(site, dev.get(s.ask(site))); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.alone(site, copied.get(s.ask(site))); fault.As(err).Key != "passkey.refused" {
		t.Errorf("a copy that counts from before: %v", err)
	}
}

func TestAQuestionWaitsTenMinutes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := marco(t, dbtest.SQLite(t))
		dev := s.withPasskey()
		options := s.ask(site)
		time.Sleep(9 * time.Minute)
		if _, err := s.alone(site, dev.get(options)); err != nil {
			t.Errorf("after nine: %v", err)
		}
		options = s.ask(site)
		time.Sleep(10*time.Minute + time.Second)
		if _, err := s.alone(site, dev.get(options)); fault.As(err).Key != "passkey.refused" {
			t.Errorf("after ten: %v", err)
		}
	})
}

// Strangers who guess at the password cannot keep its owner out, and the page asks everybody the same.
func TestAPasskeyOpensWhileTheAccountIsPaused(t *testing.T) {
	d := dbtest.SQLite(t)
	s := marco(t, d)
	dev := s.withPasskey()
	for range 12 {
		place.SignIn(t.Context(), d, s.k, place.Attempt{Email: s.m.Email, Password: "au hasard", Addr: stranger})
	}
	if _, err := place.SignIn(t.Context(), d, s.k, place.Attempt{Email: s.m.Email, Password: good, Addr: home}); !fault.Is(err, fault.RateLimited) {
		t.Fatalf("not paused: %v", err)
	}
	options := s.ask(site)
	if q := dev.read(options); q.UserVerification != "required" || len(q.AllowCredentials) != 0 || strings.Contains(string(options), b64(dev.id)) {
		t.Errorf("the page tells who has a passkey: %s", options)
	}
	if _, err := s.alone(site, dev.get(options)); err != nil {
		t.Errorf("the owner is kept out: %v", err)
	}
}

func TestAPasskeyProvesAgainWhoIsThere(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d)
		dev := s.withPasskey()
		options, err := place.AskPasskeyAgain(t.Context(), d, s.k, site, s.session)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := place.ReauthenticateByPasskey(t.Context(), d, s.k, site, s.session, dev.get(s.ask(site))); fault.As(err).Key != "passkey.refused" {
			t.Errorf("an answer for the front door: %v", err)
		}
		cookie, err := place.ReauthenticateByPasskey(t.Context(), d, s.k, site, s.session, dev.get(options))
		if err != nil {
			t.Fatal(err)
		}
		if again := s.open(cookie); again.Handle != s.session.Handle || !again.AuthenticatedAt.After(s.session.AuthenticatedAt) {
			t.Errorf("%+v", again)
		}
	})
}

func TestAPasskeyIsTakenAwayByItsOwnerOnly(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d).withApp()
		dev := s.withPasskey()
		f, err := place.FactorsOf(t.Context(), d, s.m.ID)
		if err != nil || f.Recovery != 10 {
			t.Fatalf("%+v %v", f, err)
		}
		remove := func(m place.Member, session place.Session) error {
			return d.Write(t.Context(), func(tx db.Tx) error {
				return place.RemovePasskey(t.Context(), tx, site, session, m, f.Passkeys[0].ID)
			})
		}
		_, luce := setUp(t, d, "Le Cuivre", "luce@lecuivre.bar")
		if err := remove(luce, place.Session{ID: "x"}); !fault.Is(err, fault.NotFound) {
			t.Errorf("somebody else: %v", err)
		}
		if err := remove(s.m, s.session); err != nil {
			t.Fatal(err)
		}
		if _, err := s.alone(site, dev.get(s.ask(site))); fault.As(err).Key != "passkey.refused" {
			t.Errorf("a key that was taken away: %v", err)
		}
		if f, err = place.FactorsOf(t.Context(), d, s.m.ID); err != nil || !f.Any() || f.Recovery != 10 {
			t.Errorf("the app and its codes went too: %+v %v", f, err)
		}
	})
}

func TestAPasskeyIsMadeForTheOneWhoAsked(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s := marco(t, d)
		options, err := place.AskNewPasskey(t.Context(), d, s.k, site, s.session, s.m)
		if err != nil {
			t.Fatal(err)
		}
		dev := newDevice(t, site.Origin)
		answer := dev.create(options)
		other := s.open(s.password(home).Session)
		for name, session := range map[string]place.Session{"another session": other, "none": {}} {
			if _, err := place.AddPasskey(t.Context(), d, s.k, site, session, s.m, "Clé", answer); fault.As(err).Key != "passkey.not_made" {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := place.AddPasskey(t.Context(), d, s.k, site, s.session, s.m, " ", answer); fault.As(err).Fields[0].Key != "passkey.name_length" {
			t.Errorf("without a name: %v", err)
		}
		if _, err := place.AddPasskey(t.Context(), d, s.k, site, s.session, s.m, "Clé", answer); err != nil {
			t.Fatal(err)
		}
		if _, err := place.AddPasskey(t.Context(), d, s.k, site, s.session, s.m, "Clé", answer); fault.As(err).Key != "passkey.not_made" {
			t.Errorf("twice: %v", err)
		}
	})
}

func TestPasskeysNeedANameAndASafeConnection(t *testing.T) {
	for at, want := range map[place.Site]bool{
		{"lezinc.example", "https://lezinc.example"}:     true,
		{"localhost", "http://localhost:8080"}:           true,
		{"zinc.local", "https://zinc.local"}:             true,
		{"lezinc.example", "http://lezinc.example"}:      false,
		{"127.0.0.1", "http://127.0.0.1:8080"}:           false,
		{"192.168.1.5", "https://192.168.1.5"}:           false,
		{"[::1]", "https://[::1]"}:                       false,
		{"localhost.evil.example", "http://localhost.e"}: false,
		{"", "https://"}:                                 false,
	} {
		if got := at.Passkeys(); got != want {
			t.Errorf("%v: %v", at, got)
		}
	}
}
