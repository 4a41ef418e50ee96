package place_test

import (
	"context"
	"net/http"
	"sync"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/bluesky/blueskytest"
	"comptoir/internal/place"
)

// renewable is a place with an account whose credential runs out, and the two processes that use it.
type renewable struct {
	d         *db.DB
	keys      place.Keys
	server    *blueskytest.Server
	account   place.Account
	processes [2]*place.Networks
}

func newRenewable(t *testing.T, d *db.DB) *renewable {
	t.Helper()
	s, err := blueskytest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Add("lezinc.test", "Le Zinc", "zinc-zinc-zinc-zinc")
	r := &renewable{d: d, server: s}
	if r.keys, err = place.LoadKeys(t.TempDir()); err != nil {
		t.Fatal(err)
	}
	for i := range r.processes {
		transport := &http.Transport{}
		t.Cleanup(transport.CloseIdleConnections)
		wire := network.Wire{HTTP: &http.Client{Transport: transport}}
		r.processes[i] = &place.Networks{DB: d, Drivers: map[network.Kind]network.Driver{bluesky.Kind: s.Driver()}, Wire: func(string) network.Wire { return wire }}
	}
	p := create(t, d, "Le Zinc")
	r.account, err = r.processes[0].Enroll(t.Context(), d, r.keys, place.System(), p.ID, place.Enrolment{Kind: bluesky.Kind, Claim: network.Claim{Name: "lezinc.test", Password: "zinc-zinc-zinc-zinc"}})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (r *renewable) client(t *testing.T, process int) network.Client {
	t.Helper()
	c, err := r.processes[process].Client(r.account, r.keys)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func (r *renewable) kept(t *testing.T) network.Credential {
	t.Helper()
	a, err := place.GetAccount(t.Context(), r.d, r.account.PlaceID, r.account.ID)
	if err != nil {
		t.Fatal(err)
	}
	cred, err := a.Credential(r.keys)
	if err != nil {
		t.Fatal(err)
	}
	return cred
}

func TestACredentialThatRunsOutIsExchangedOnceThoughTwoProcessesAsk(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRenewable(t, d)
		logins := r.server.Asked("com.atproto.server.createSession")
		before := r.kept(t)
		r.server.Expire()
		var asked sync.WaitGroup
		for i := range 6 {
			c := r.client(t, i%2)
			asked.Go(func() {
				if _, err := c.Profile(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		asked.Wait()
		if n := r.server.Asked("com.atproto.server.refreshSession"); n != 1 {
			t.Errorf("exchanged %d times", n)
		}
		if n := r.server.Asked("com.atproto.server.createSession") - logins; n != 0 {
			t.Errorf("%d logins", n)
		}
		if kept := r.kept(t); kept.Field(bluesky.RefreshJWT) == before.Field(bluesky.RefreshJWT) || kept.Field(bluesky.Password) != before.Field(bluesky.Password) {
			t.Error("what it brought is not kept")
		}
		if _, err := r.client(t, 1).Profile(t.Context()); err != nil || r.server.Asked("com.atproto.server.refreshSession") != 1 {
			t.Errorf("what is kept does not serve: %v", err)
		}
	})
}

func TestAnExchangeThatFailsKeepsWhatThereWasAndMayBeTriedAgain(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRenewable(t, d)
		before := r.kept(t)
		r.server.Expire()
		r.server.Set(blueskytest.Trouble{Page: http.StatusBadGateway})
		for range 2 {
			if _, err := r.client(t, 0).Profile(t.Context()); fault.CodeOf(err) != fault.Unavailable {
				t.Errorf("%v", err)
			}
		}
		if string(r.kept(t).Reveal()) != string(before.Reveal()) {
			t.Error("a good credential was overwritten")
		}
		r.server.Set(blueskytest.Trouble{})
		if _, err := r.client(t, 1).Profile(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Somebody typed another password while the exchange was on its way, or let the account go.
func TestAnExchangeDoesNotOverwriteWhatWasTypedMeanwhile(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRenewable(t, d)
		c := r.client(t, 0)
		r.server.Expire()
		r.server.Meanwhile("com.atproto.server.refreshSession", func() {
			err := d.Write(context.WithoutCancel(t.Context()), func(tx db.Tx) error {
				_, err := place.AddAccount(t.Context(), tx, r.keys, place.System(), r.account.PlaceID, place.NewAccount{
					Kind: bluesky.Kind, Name: "Le Zinc", Handle: r.account.Handle, Endpoint: r.account.Endpoint, Credential: network.NewCredential(map[string]string{bluesky.Password: "typed anew"}),
				})
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
		if _, err := c.Profile(t.Context()); err != nil {
			t.Error(err)
		}
		if got := r.kept(t).Field(bluesky.Password); got != "typed anew" {
			t.Errorf("kept %q", got)
		}
	})
}

func TestAKeyThatIsRotatedDuringAnExchangeLosesNothingOfIt(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRenewable(t, d)
		c, before := r.client(t, 0), r.kept(t)
		r.server.Expire()
		r.server.Meanwhile("com.atproto.server.refreshSession", func() {
			if n, err := place.RotateKeys(context.WithoutCancel(t.Context()), d, r.keys, func(int, int) {}); err != nil || n != 1 {
				t.Errorf("sealed %d: %v", n, err)
			}
		})
		if _, err := c.Profile(t.Context()); err != nil {
			t.Error(err)
		}
		if kept := r.kept(t); kept.Field(bluesky.RefreshJWT) == before.Field(bluesky.RefreshJWT) {
			t.Error("what was exchanged is lost")
		}
	})
}

// A token that is shown twice ends a grant: what was begun is finished and kept, though nobody waits any more.
func TestAnExchangeThatNobodyWaitsForIsKept(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRenewable(t, d)
		c := r.client(t, 0)
		before := r.kept(t)
		r.server.Expire()
		ctx, leave := context.WithCancel(t.Context())
		r.server.Meanwhile("com.atproto.server.refreshSession", func() {
			leave()
			time.Sleep(300 * time.Millisecond)
		})
		start := time.Now()
		if _, err := c.Profile(ctx); fault.CodeOf(err) != fault.Unavailable || time.Since(start) > 250*time.Millisecond {
			t.Errorf("%v after %v", err, time.Since(start))
		}
		r.processes[0].Settle()
		if r.kept(t).Field(bluesky.RefreshJWT) == before.Field(bluesky.RefreshJWT) {
			t.Error("what it brought is lost")
		}
		if _, err := r.client(t, 1).Profile(t.Context()); err != nil || r.server.Asked("com.atproto.server.refreshSession") != 1 {
			t.Errorf("%v; exchanged %d times", err, r.server.Asked("com.atproto.server.refreshSession"))
		}
	})
}

func TestWhoWaitsForAnExchangeStopsWhenItsContextEnds(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		r := newRenewable(t, d)
		r.server.Expire()
		err := d.Write(t.Context(), func(tx db.Tx) error {
			_, err := tx.Exec(t.Context(), "UPDATE account SET renewing = 'another process' WHERE place_id = $1 AND id = $2", r.account.PlaceID, r.account.ID)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		defer cancel()
		if _, err := r.client(t, 0).Profile(ctx); fault.CodeOf(err) != fault.Unavailable {
			t.Errorf("%v", err)
		}
		if n := r.server.Asked("com.atproto.server.refreshSession"); n != 0 {
			t.Errorf("exchanged %d times beside another process", n)
		}
	})
}
