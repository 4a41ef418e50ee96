package place_test

import (
	"fmt"
	"net/netip"
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

const good = "quatre chaises autour du poêle"

var (
	home     = netip.MustParseAddr("192.0.2.7")
	stranger = netip.MustParseAddr("203.0.113.9")
)

func keys(t *testing.T) place.Keys {
	t.Helper()
	k, err := place.LoadKeys(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func setUp(t *testing.T, d *db.DB, name, email string) (place.Place, place.Member) {
	t.Helper()
	p, m, err := place.SetUp(t.Context(), d, place.First{
		Place: place.New{Name: name, Language: "fr", TimeZone: "America/Montreal"},
		Owner: place.NewMember{Name: "Marc-Antoine", Email: email, Password: good},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, m
}

func write(t *testing.T, d *db.DB, fn func(db.Tx) error) {
	t.Helper()
	if err := d.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func kinds(t *testing.T, d *db.DB, placeID string) []string {
	t.Helper()
	all, err := place.Since(t.Context(), d, placeID, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range all {
		out = append(out, e.Kind)
	}
	return out
}

func TestSigningInStartsASessionAndIsJournalled(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := keys(t)
		p, m := setUp(t, d, "Le Zinc", "Marco@LeZinc.bar ")
		in, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: " marco@lezinc.BAR", Password: good, Addr: home, Device: "Firefox, Linux"})
		if err != nil {
			t.Fatal(err)
		}
		s, who, err := place.FindSession(t.Context(), d, in.Session)
		if err != nil || who.ID != m.ID || s.Device != "Firefox, Linux" {
			t.Errorf("%v %v %v", s, who, err)
		}
		if diff := cmp.Diff([]string{"place.created", "member.joined", "signin.ok"}, kinds(t, d, p.ID)); diff != "" {
			t.Error(diff)
		}
	})
}

// The page writes the same for both, because it is told the same.
func TestAnUnknownAddressAndAWrongPasswordGetTheSameAnswerAfterTheSameWork(t *testing.T) {
	d, k := dbtest.SQLite(t), keys(t)
	_, m := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
	write(t, d, func(tx db.Tx) error { // somebody invited by the operator: no password yet
		p, _ := place.BySlug(t.Context(), tx, "le-zinc")
		_, err := place.AddMember(t.Context(), tx, place.System(), p.ID, place.NewMember{Name: "Tom", Email: "tom@lezinc.bar"}, place.Floor)
		return err
	})
	type answer struct {
		Err    string
		Hashes int64
	}
	ask := func(email string, from netip.Addr) (out []answer) {
		for range 12 {
			before := place.Hashes()
			_, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: email, Password: "pas le bon mot de passe", Addr: from})
			f := fault.As(err)
			out = append(out, answer{fmt.Sprint(f.Code, f.Key, f.Args, f.RetryAfter.Round(time.Minute)), place.Hashes() - before})
		}
		return out
	}
	guarded := (&somebody{t: t, d: d, k: k})
	guarded.p, guarded.m = setUp(t, d, "Le Cuivre", "luce@lecuivre.bar")
	guarded.session = guarded.open(guarded.password(home).Session)
	guarded.withApp()
	known, unknown, without := ask(m.Email, home), ask("personne@lezinc.bar", home), ask("tom@lezinc.bar", home)
	if diff := cmp.Diff(known, ask(guarded.m.Email, stranger)); diff != "" {
		t.Errorf("a second factor can be told:\n%s", diff)
	}
	if diff := cmp.Diff(known, unknown); diff != "" {
		t.Errorf("an unknown address can be told:\n%s", diff)
	}
	if diff := cmp.Diff(known, without); diff != "" {
		t.Errorf("an account without a password can be told:\n%s", diff)
	}
	if known[0].Hashes != 1 || known[11].Hashes != 0 {
		t.Errorf("hashes: %v", known)
	}
}

// A thousand strangers guess at one account for two hours: fewer than 30 guesses an hour are looked at, and
// the owner still comes in from the browser that signed in before.
func TestStrangersGetFewGuessesAndCannotLockTheOwnerOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, k := dbtest.SQLite(t), keys(t)
		_, m := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		in, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: m.Email, Password: good, Addr: home})
		if err != nil {
			t.Fatal(err)
		}
		var checked []time.Time
		start := time.Now()
		for minute := range 120 {
			for i := range 5 {
				addr := netip.AddrFrom4([4]byte{198, 51, byte(minute), byte(i)})
				before := place.Hashes()
				_, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: m.Email, Password: "au hasard", Addr: addr})
				if err == nil {
					t.Fatal("a wrong password opens")
				}
				if place.Hashes() > before {
					checked = append(checked, time.Now())
				}
				if f := fault.As(err); f.Code == fault.RateLimited && f.RetryAfter > 15*time.Minute {
					t.Fatalf("locked for %v", f.RetryAfter)
				}
			}
			if minute%20 == 10 {
				again, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: m.Email, Password: good, Addr: home, Known: in.Known})
				if err != nil {
					t.Fatalf("after %v the owner is locked out: %v", time.Since(start), err)
				}
				in = again
			}
			time.Sleep(time.Minute)
		}
		most := 0
		for i, from := range checked {
			n := 0
			for _, at := range checked[i:] {
				if at.Sub(from) < time.Hour {
					n++
				}
			}
			most = max(most, n)
		}
		if most > 30 || most < 10 {
			t.Errorf("%d guesses were looked at within one hour", most)
		}
		t.Logf("%d guesses in two hours, at most %d within one", len(checked), most)
	})
}

func TestAKnownBrowserHasAnAllowanceAndNotMore(t *testing.T) {
	d, k := dbtest.SQLite(t), keys(t)
	_, m := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
	in, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: m.Email, Password: good, Addr: home})
	if err != nil {
		t.Fatal(err)
	}
	last := error(nil)
	for range 11 {
		_, last = place.SignIn(t.Context(), d, k, place.Attempt{Email: m.Email, Password: "non, non et non", Addr: home, Known: in.Known})
	}
	if !fault.Is(last, fault.RateLimited) {
		t.Errorf("a known browser guesses for ever: %v", last)
	}
	// Its name for one account is worth nothing for another, and a forged one nothing at all.
	for _, known := range []string{in.Known, in.Known[:20] + "A" + in.Known[21:], strings.Repeat("A", 40), "é", ""} {
		if known == in.Known {
			continue
		}
		if _, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: m.Email, Password: good, Addr: stranger, Known: known}); err != nil {
			t.Errorf("the known browser's pause reached others (%q): %v", known, err)
		}
	}
}

func TestOneAddressCannotGuessAtEveryAccount(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, k := dbtest.SQLite(t), keys(t)
		setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		looked := 0
		for i := range 50 {
			addr := netip.MustParseAddr(fmt.Sprintf("2001:db8:1:2::%x", i+1)) // one home
			_, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: fmt.Sprintf("a%d@lezinc.bar", i), Password: "au hasard", Addr: addr})
			if fault.Is(err, fault.Unauthenticated) {
				looked++
			}
		}
		if looked != 30 {
			t.Errorf("%d attempts from one address were looked at", looked)
		}
		_, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: "marco@lezinc.bar", Password: good, Addr: netip.MustParseAddr("2001:db8:1:3::1")})
		if err != nil {
			t.Errorf("the neighbour waits too: %v", err)
		}
		time.Sleep(10*time.Minute + time.Second)
		_, err = place.SignIn(t.Context(), d, k, place.Attempt{Email: "marco@lezinc.bar", Password: good, Addr: netip.MustParseAddr("2001:db8:1:2::1")})
		if err != nil {
			t.Errorf("still waiting: %v", err)
		}
	})
}

func TestGuessesAtOnceAreCountedOneByOne(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := keys(t)
		_, m := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		var mu sync.Mutex
		looked := 0
		var wg sync.WaitGroup
		for i := range 40 {
			wg.Go(func() {
				_, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: m.Email, Password: "au hasard", Addr: netip.AddrFrom4([4]byte{198, 51, 1, byte(i)})})
				mu.Lock()
				defer mu.Unlock()
				if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.RateLimited) && fault.As(err).Key == "" {
					looked++ // or waited in vain for a hash: counted too
				}
			})
		}
		wg.Wait()
		if looked != 10 {
			t.Errorf("%d of 40 guesses at once were looked at", looked)
		}
	})
}

func TestAWeakHashIsMadeAnewAtTheNextSignIn(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := keys(t)
		_, m := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		stored := func() (s string) {
			if err := d.QueryRow(t.Context(), "SELECT password FROM member WHERE id = $1", m.ID).Scan(&s); err != nil {
				t.Fatal(err)
			}
			return s
		}
		if !strings.HasPrefix(stored(), "$argon2id$v=19$m=64,t=1,p=1$") {
			t.Fatalf("stored as %.40s", stored())
		}
		write(t, d, func(tx db.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE member SET password = $2 WHERE id = $1", m.ID, place.WeakHash(good))
			return err
		})
		for range 2 {
			if _, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: m.Email, Password: good, Addr: home}); err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(stored(), "$argon2id$v=19$m=64,t=1,p=1$") {
				t.Errorf("still stored as %.40s", stored())
			}
		}
	})
}

func TestAskingAgainGivesTheSessionANewCookie(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := keys(t)
		_, m := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		setUp(t, d, "Le Cuivre", "luce@lecuivre.bar") // the same password, which is no reason
		in, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: m.Email, Password: good, Addr: home})
		if err != nil {
			t.Fatal(err)
		}
		s, _, _ := place.FindSession(t.Context(), d, in.Session)
		if _, err := place.Reauthenticate(t.Context(), d, k, s, place.Attempt{Email: "luce@lecuivre.bar", Password: good, Addr: home}); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("somebody else's address: %v", err)
		}
		cookie, err := place.Reauthenticate(t.Context(), d, k, s, place.Attempt{Email: m.Email, Password: good, Addr: home})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := place.FindSession(t.Context(), d, in.Session); !fault.Is(err, fault.Unauthenticated) {
			t.Error("the old cookie still opens")
		}
		again, _, err := place.FindSession(t.Context(), d, cookie)
		if err != nil || again.Handle != s.Handle || !again.AuthenticatedAt.After(s.AuthenticatedAt) {
			t.Errorf("%+v %v", again, err)
		}
	})
}

func TestAHashCostsWhatItShould(t *testing.T) {
	if diff := cmp.Diff([4]int{19 * 1024, 2, 1, 2}, place.Cost()); diff != "" {
		t.Error(diff)
	}
}

func TestTheThirdHashWaitsThreeSecondsAndIsThenToldToComeBack(t *testing.T) {
	t.Parallel()
	d, k := dbtest.SQLite(t), keys(t)
	setUp(t, d, "Le Zinc", "marco@lezinc.bar")
	release := place.HoldHashes()
	defer release()
	start := time.Now()
	_, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: "marco@lezinc.bar", Password: good, Addr: home})
	if took := time.Since(start); took < 2900*time.Millisecond || !fault.Is(err, fault.RateLimited) || fault.As(err).RetryAfter == 0 {
		t.Errorf("after %v: %v", took, err)
	}
}
