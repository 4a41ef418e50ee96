package place_test

import (
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

func add(t *testing.T, d *db.DB, p place.Place, name, email string, role place.Role) place.Member {
	t.Helper()
	var m place.Member
	write(t, d, func(tx db.Tx) (err error) {
		m, err = place.AddMember(t.Context(), tx, place.System(), p.ID, place.NewMember{Name: name, Email: email}, role)
		return err
	})
	return m
}

// Who may give which role to whom. Nobody hands out more than they have.
func TestNobodyHandsOutMoreThanTheyHave(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p, owner := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		manager, floor := add(t, d, p, "Élie", "elie@lezinc.bar", place.Manager), add(t, d, p, "Noémie", "noemie@lezinc.bar", place.Floor)
		token := place.Actor{Kind: place.TokenActor, ID: "t", PlaceID: p.ID, Scopes: place.Scopes}
		for _, c := range []struct {
			name  string
			actor place.Actor
			who   string
			to    place.Role
			want  fault.Code
		}{
			{"a manager makes a manager", manager.As(p.ID, place.Manager), floor.ID, place.Manager, ""},
			{"and back", manager.As(p.ID, place.Manager), floor.ID, place.Floor, ""},
			{"a manager makes an owner", manager.As(p.ID, place.Manager), floor.ID, place.Owner, fault.Forbidden},
			{"a manager makes themselves owner", manager.As(p.ID, place.Manager), manager.ID, place.Owner, fault.Forbidden},
			{"a manager demotes the owner", manager.As(p.ID, place.Manager), owner.ID, place.Floor, fault.Forbidden},
			{"the floor makes a manager", floor.As(p.ID, place.Floor), floor.ID, place.Manager, fault.Forbidden},
			{"a token makes an owner", token, floor.ID, place.Owner, fault.Forbidden},
			{"an owner of elsewhere", owner.As("elsewhere", place.Owner), floor.ID, place.Manager, fault.NotFound},
			{"a role that is none", owner.As(p.ID, place.Owner), floor.ID, "king", fault.Invalid},
			{"no role at all", owner.As(p.ID, place.Owner), floor.ID, "", fault.Invalid},
			{"the last owner steps down", owner.As(p.ID, place.Owner), owner.ID, place.Manager, fault.Conflict},
			{"somebody unknown", owner.As(p.ID, place.Owner), db.NewID(), place.Manager, fault.NotFound},
			{"an owner makes an owner", owner.As(p.ID, place.Owner), manager.ID, place.Owner, ""},
		} {
			err := d.Write(t.Context(), func(tx db.Tx) error { return place.ChangeRole(t.Context(), tx, c.actor, p.ID, c.who, c.to) })
			if fault.CodeOf(err) != c.want {
				t.Errorf("%s: %v", c.name, err)
			}
		}
	})
}

func TestTwoOwnersCannotTakeEachOtherOutAtOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p, a := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		b := add(t, d, p, "Élie", "elie@lezinc.bar", place.Owner)
		var wg sync.WaitGroup
		for _, pair := range [][2]place.Member{{a, b}, {b, a}} {
			wg.Go(func() {
				d.Write(t.Context(), func(tx db.Tx) error {
					return place.RemoveMember(t.Context(), tx, pair[0].As(p.ID, place.Owner), p.ID, pair[1].ID)
				})
			})
		}
		wg.Wait()
		team, err := place.Team(t.Context(), d, p.ID)
		if err != nil || len(team) != 1 || team[0].Role != place.Owner {
			t.Errorf("%d left, %v", len(team), err)
		}
	})
}

func TestWhoIsRemovedIsOutAndSoIsWhatTheyMade(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p, owner := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		tom := add(t, d, p, "Tom", "tom@lezinc.bar", place.Manager)
		var cookie, code, token string
		write(t, d, func(tx db.Tx) (err error) {
			cookie, err = place.StartSession(t.Context(), tx, tom.ID, "")
			if err == nil {
				_, code, err = place.Invite(t.Context(), tx, tom.As(p.ID, place.Manager), p.ID, "tom2@lezinc.bar", place.Manager)
			}
			if err == nil {
				_, token, err = place.CreateToken(t.Context(), tx, tom.As(p.ID, place.Manager), p.ID, "à Tom", place.Scopes, 0)
			}
			return err
		})
		if _, _, err := place.FindToken(t.Context(), d, token); err != nil {
			t.Fatal(err)
		}
		write(t, d, func(tx db.Tx) error {
			return place.RemoveMember(t.Context(), tx, owner.As(p.ID, place.Owner), p.ID, tom.ID)
		})
		if _, _, err := place.FindSession(t.Context(), d, cookie); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("still signed in: %v", err)
		}
		if _, err := place.FindInvitation(t.Context(), d, code); !fault.Is(err, fault.NotFound) {
			t.Errorf("comes back by an invitation of their own: %v", err)
		}
		if _, _, err := place.FindToken(t.Context(), d, token); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("the token still opens: %v", err)
		}
		if got := kinds(t, d, p.ID); got[len(got)-1] != "member.removed" {
			t.Errorf("journal: %v", got)
		}
	})
}

// A role is signed in for: the cookie of a phone that is passed around does not become a manager's.
func TestWhoeverHasANewRoleSignsInAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := keys(t)
		p, owner := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		q, luce := setUp(t, d, "Le Cuivre", "luce@lecuivre.bar")
		noemie := add(t, d, p, "Noémie", "noemie@lezinc.bar", place.Floor)
		open := func(m place.Member) (cookie string) {
			write(t, d, func(tx db.Tx) (err error) {
				cookie, err = place.StartSession(t.Context(), tx, m.ID, "")
				return err
			})
			return cookie
		}
		become := func(p place.Place, m place.Member, r place.Role) {
			write(t, d, func(tx db.Tx) error { return place.ChangeRole(t.Context(), tx, place.System(), p.ID, m.ID, r) })
		}
		stays := func(cookie string) bool {
			_, _, err := place.FindSession(t.Context(), d, cookie)
			if err != nil && !fault.Is(err, fault.Unauthenticated) {
				t.Fatal(err)
			}
			return err == nil
		}
		for _, c := range []struct {
			name string
			to   place.Role
			want bool
		}{
			{"higher", place.Manager, false},
			{"the same", place.Manager, true},
			{"lower", place.Floor, false},
		} {
			hers, his := open(noemie), open(owner)
			become(p, noemie, c.to)
			if stays(hers) != c.want || !stays(his) {
				t.Errorf("%s: she is signed in: %v, the owner: %v", c.name, stays(hers), stays(his))
			}
		}

		// In a further place they have no cookie that was given for less.
		hers := open(luce)
		var code string
		write(t, d, func(tx db.Tx) (err error) {
			_, code, err = place.Invite(t.Context(), tx, owner.As(p.ID, place.Owner), p.ID, luce.Email, place.Manager)
			return err
		})
		if _, err := place.AcceptInvitation(t.Context(), d, k, code, "", place.Attempt{Password: good, Addr: home}); err != nil || !stays(hers) {
			t.Errorf("a further place signed her out of %s: %v", q.Name, err)
		}
		// An invitation that was open while the role came another way.
		write(t, d, func(tx db.Tx) (err error) {
			_, code, err = place.Invite(t.Context(), tx, owner.As(q.ID, place.Owner), q.ID, noemie.Email, place.Manager)
			return err
		})
		add(t, d, q, "Noémie", noemie.Email, place.Floor)
		hers = open(noemie)
		write(t, d, func(tx db.Tx) error { return place.AcceptAs(t.Context(), tx, code, noemie) })
		if stays(hers) {
			t.Error("an invitation made a manager of a cookie of the floor")
		}
	})
}

func TestAnInvitationIsAcceptedOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := keys(t)
		p, owner := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		var first, code string
		write(t, d, func(tx db.Tx) (err error) {
			if _, first, err = place.Invite(t.Context(), tx, owner.As(p.ID, place.Owner), p.ID, "Noemie@LeZinc.bar", place.Floor); err != nil {
				return err
			}
			_, code, err = place.Invite(t.Context(), tx, owner.As(p.ID, place.Owner), p.ID, "noemie@lezinc.bar", place.Floor)
			return err
		})
		if _, err := place.FindInvitation(t.Context(), d, first); !fault.Is(err, fault.NotFound) {
			t.Errorf("the earlier invitation still opens: %v", err)
		}
		if list, err := place.Invitations(t.Context(), d, p.ID); err != nil || len(list) != 1 || list[0].Email != "noemie@lezinc.bar" {
			t.Errorf("%v %v", list, err)
		}
		accept := func(name, password string) error {
			_, err := place.AcceptInvitation(t.Context(), d, k, code, name, place.Attempt{Password: password, Addr: home})
			return err
		}
		if err := accept("Noémie", "noemie noemie"); !fault.Is(err, fault.Invalid) {
			t.Errorf("a poor password: %v", err)
		}
		if err := accept("Noémie", good); err != nil {
			t.Fatal(err)
		}
		if err := accept("Noémie", good); fault.As(err).Key != "link.used" {
			t.Errorf("a second time: %v", err)
		}
		in, err := place.SignIn(t.Context(), d, k, place.Attempt{Email: "noemie@lezinc.bar", Password: good, Addr: home})
		if err != nil {
			t.Fatal(err)
		}
		if role, _ := place.RoleIn(t.Context(), d, in.Member.ID, p.ID); role != place.Floor {
			t.Errorf("role %q", role)
		}
	})
}

func TestAnAccountThatExistsJoinsWithItsOwnPassword(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := keys(t)
		p, owner := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		q, other := setUp(t, d, "Le Cuivre", "luce@lecuivre.bar")
		var code string
		write(t, d, func(tx db.Tx) (err error) {
			_, code, err = place.Invite(t.Context(), tx, owner.As(p.ID, place.Owner), p.ID, other.Email, place.Manager)
			return err
		})
		if _, err := place.AcceptInvitation(t.Context(), d, k, code, "Luce", place.Attempt{Password: "un tout autre mot", Addr: home}); fault.As(err).Key != "signin.refused" {
			t.Errorf("the link alone took the account over: %v", err)
		}
		if _, err := place.AcceptInvitation(t.Context(), d, k, code, "Luce", place.Attempt{Password: good, Addr: home}); err != nil {
			t.Fatal(err)
		}
		places, err := place.PlacesOf(t.Context(), d, other.ID)
		if err != nil || len(places) != 2 || places[0].Place.ID != q.ID || places[0].Role != place.Owner || places[1].Role != place.Manager {
			t.Errorf("%v %v", places, err)
		}
	})
}

// An owner of one place must not get into another by resetting the password of somebody who works in both.
func TestAResetDoesNotReachIntoAnotherPlace(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		p, owner := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		_, both := setUp(t, d, "Le Cuivre", "luce@lecuivre.bar")
		add(t, d, p, "Luce", both.Email, place.Floor)
		here, manager := add(t, d, p, "Noémie", "noemie@lezinc.bar", place.Floor), add(t, d, p, "Élie", "elie@lezinc.bar", place.Manager)
		for _, c := range []struct {
			actor place.Actor
			who   string
			key   string
			code  fault.Code
		}{
			{owner.As(p.ID, place.Owner), both.ID, "member.reset_elsewhere", fault.Forbidden},
			{manager.As(p.ID, place.Manager), here.ID, "", fault.Forbidden},
			{owner.As(p.ID, place.Owner), db.NewID(), "", fault.NotFound},
			{owner.As(p.ID, place.Owner), here.ID, "", ""},
			{place.System(), both.ID, "", ""},
		} {
			var code string
			err := d.Write(t.Context(), func(tx db.Tx) (err error) {
				code, err = place.ResetLink(t.Context(), tx, c.actor, p.ID, c.who)
				return err
			})
			if fault.CodeOf(err) != c.code || err != nil && fault.As(err).Key != c.key || (code != "") != (err == nil) {
				t.Errorf("%s: %v", c.actor.Name, err)
			}
		}
	})
}

func TestANewPasswordSignsEveryOtherBrowserOut(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := keys(t)
		_, m := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		attempt := place.Attempt{Email: m.Email, Password: good, Addr: home}
		here, _ := place.SignIn(t.Context(), d, k, attempt)
		there, err := place.SignIn(t.Context(), d, k, attempt)
		if err != nil {
			t.Fatal(err)
		}
		s, _, _ := place.FindSession(t.Context(), d, here.Session)
		const next = "le tramway passe à minuit"
		if _, err := place.ChangePassword(t.Context(), d, k, s, m, place.Attempt{Password: "pas le vieux", Addr: home}, next); fault.As(err).Key != "signin.refused" {
			t.Errorf("without the old one: %v", err)
		}
		cookie, err := place.ChangePassword(t.Context(), d, k, s, m, attempt, next)
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]bool{cookie: true, here.Session: false, there.Session: false} {
			if _, _, err := place.FindSession(t.Context(), d, name); (err == nil) != want {
				t.Errorf("open %v, want %v", err == nil, want)
			}
		}
		if _, err := place.SignIn(t.Context(), d, k, attempt); !fault.Is(err, fault.Unauthenticated) {
			t.Error("the old password still opens")
		}
	})
}

func TestALinkIsOverInTimeAndSaysSoKindly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, k := dbtest.SQLite(t), keys(t)
		p, owner := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		noemie := add(t, d, p, "Noémie", "noemie@lezinc.bar", place.Floor)
		var invitation, reset, reset2, signIn string
		write(t, d, func(tx db.Tx) (err error) {
			_, invitation, _ = place.Invite(t.Context(), tx, owner.As(p.ID, place.Owner), p.ID, "tom@lezinc.bar", place.Floor)
			reset, _ = place.ResetLink(t.Context(), tx, place.System(), p.ID, owner.ID)
			reset2, _ = place.ResetLink(t.Context(), tx, place.System(), p.ID, noemie.ID)
			signIn, err = place.SignInLink(t.Context(), tx, noemie.ID)
			return err
		})
		time.Sleep(29 * time.Minute)
		if _, err := place.ResetPassword(t.Context(), d, reset, "le tramway passe à minuit"); err != nil {
			t.Errorf("within its time: %v", err)
		}
		time.Sleep(2 * time.Minute)
		for code, want := range map[string]string{reset: "link.used", reset2: "link.expired"} {
			if _, err := place.ResetPassword(t.Context(), d, code, "le tramway passe à minuit"); fault.As(err).Key != want {
				t.Errorf("%v, want %s", err, want)
			}
		}
		if in, err := place.EnterByLink(t.Context(), d, k, signIn, place.Attempt{Addr: home}); err != nil || in.Member.ID != noemie.ID {
			t.Errorf("sign-in link: %v", err)
		}
		if _, err := place.EnterByLink(t.Context(), d, k, signIn, place.Attempt{Addr: home}); fault.As(err).Key != "link.used" {
			t.Errorf("sign-in link, twice: %v", err)
		}
		time.Sleep(24 * time.Hour)
		if _, err := place.FindInvitation(t.Context(), d, invitation); fault.As(err).Key != "link.expired" {
			t.Errorf("a day-old invitation: %v", err)
		}
		if _, err := place.FindLink(t.Context(), d, place.ResetKind, invitation); !fault.Is(err, fault.NotFound) {
			t.Errorf("an invitation used as another kind: %v", err)
		}
	})
}

func TestSetUpHappensOnce(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		f := place.First{Place: place.New{Name: "Le Zinc", Language: "fr", TimeZone: "America/Montreal"}, Owner: place.NewMember{Name: "Marc-Antoine", Email: "marco@lezinc.bar", Password: good}}
		link := func() (code string, err error) {
			err = d.Write(t.Context(), func(tx db.Tx) (err error) { code, err = place.SetupLink(t.Context(), tx); return err })
			return code, err
		}
		old, _ := link()
		code, err := link()
		if err != nil {
			t.Fatal(err)
		}
		if err := place.FindSetup(t.Context(), d, old); !fault.Is(err, fault.NotFound) {
			t.Errorf("a renewed link still opens: %v", err)
		}
		bad := place.First{Place: place.New{TimeZone: "Local"}, Owner: place.NewMember{Email: "x", Password: "court"}}
		_, _, err = place.SetUpByLink(t.Context(), d, code, bad)
		var fields []string
		for _, w := range fault.As(err).Fields {
			fields = append(fields, w.Name)
		}
		if diff := cmp.Diff([]string{"place", "language", "timezone", "name", "email", "password"}, fields); diff != "" {
			t.Error(diff)
		}
		var wg sync.WaitGroup
		results := make([]error, 4)
		for i := range results {
			wg.Go(func() { _, _, results[i] = place.SetUpByLink(t.Context(), d, code, f) })
		}
		wg.Wait()
		done := 0
		for _, err := range results {
			if err == nil {
				done++
			}
		}
		all, _ := place.All(t.Context(), d)
		if done != 1 || len(all) != 1 {
			t.Errorf("%d set-ups made %d places: %v", done, len(all), results)
		}
		if err := place.FindSetup(t.Context(), d, code); !fault.Is(err, fault.NotFound) {
			t.Errorf("after set-up: %v", err)
		}
		if _, err := link(); fault.As(err).Key != "setup.done" {
			t.Errorf("a link after set-up: %v", err)
		}
		if p, m, err := place.SetUp(t.Context(), d, f); err != nil || p.Slug != "le-zinc-2" || m.Email != "marco@lezinc.bar" {
			t.Errorf("the operator makes a further place: %v %v", p.Slug, err)
		}
	})
}

func TestTheFloorIsSignedOutAfterHalfADayWhereThePlaceSaysSo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, k := dbtest.SQLite(t), keys(t)
		p, owner := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		noemie := add(t, d, p, "Noémie", "noemie@lezinc.bar", place.Floor)
		enter := func(id string) string {
			var code string
			write(t, d, func(tx db.Tx) (err error) { code, err = place.SignInLink(t.Context(), tx, id); return err })
			in, err := place.EnterByLink(t.Context(), d, k, code, place.Attempt{Addr: home})
			if err != nil {
				t.Fatal(err)
			}
			return in.Session
		}
		before := enter(noemie.ID)
		write(t, d, func(tx db.Tx) error {
			_, err := place.Change(t.Context(), tx, owner.As(p.ID, place.Owner), p.ID, func(p *place.Place) error { p.Settings.FloorHalfDay = true; return nil })
			return err
		})
		floor, own := enter(noemie.ID), enter(owner.ID)
		time.Sleep(12*time.Hour + time.Minute)
		for name, want := range map[string]bool{before: true, floor: false, own: true} {
			if _, _, err := place.FindSession(t.Context(), d, name); (err == nil) != want {
				t.Errorf("open %v, want %v", err == nil, want)
			}
		}
	})
}

func TestWhatIsPastKeepingIsForgotten(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		k := keys(t)
		p, owner := setUp(t, d, "Le Zinc", "marco@lezinc.bar")
		place.SignIn(t.Context(), d, k, place.Attempt{Email: owner.Email, Password: "pas le bon mot", Addr: home})
		var cookie, code string
		write(t, d, func(tx db.Tx) (err error) {
			cookie, _ = place.StartSession(t.Context(), tx, owner.ID, "")
			_, code, err = place.Invite(t.Context(), tx, owner.As(p.ID, place.Owner), p.ID, "tom@lezinc.bar", place.Floor)
			return err
		})
		count := func() (n int) {
			err := d.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM signin_failure) + (SELECT count(*) FROM session) + (SELECT count(*) FROM link)").Scan(&n)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		prune := func(after time.Duration) {
			write(t, d, func(tx db.Tx) error { return place.Prune(t.Context(), tx, time.Now().Add(after)) })
		}
		prune(time.Hour)
		if _, _, err := place.FindSession(t.Context(), d, cookie); err != nil || count() != 4 { // two failures: account and address
			t.Errorf("%d rows after an hour, %v", count(), err)
		}
		prune(25 * time.Hour)
		if _, err := place.FindInvitation(t.Context(), d, code); err != nil || count() != 2 {
			t.Errorf("%d rows after a day, %v", count(), err)
		}
		prune(40 * 24 * time.Hour)
		if count() != 0 {
			t.Errorf("%d rows after 40 days", count())
		}
	})
}
