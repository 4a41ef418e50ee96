package place_test

import (
	"net/http"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/mastodon"
	"comptoir/internal/network/mastodon/mastodontest"
	"comptoir/internal/place"
)

// What one process was told of an account's limits is known to the other, and to the next that starts.
func TestWhatANetworkLetsAnAccountAskIsOneBudgetOfAllProcesses(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		s, err := mastodontest.Start(mastodontest.Mastodon)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(s.Close)
		s.Add("lezinc", "Le Zinc")
		keys, err := place.LoadKeys(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		process := func() *place.Networks {
			transport := &http.Transport{}
			t.Cleanup(transport.CloseIdleConnections)
			wire := network.Wire{HTTP: &http.Client{Transport: transport}}
			return &place.Networks{DB: d, Drivers: map[network.Kind]network.Driver{mastodon.Kind: mastodon.Driver{}}, Wire: func(string) network.Wire { return wire }}
		}
		p := create(t, d, "Le Zinc")
		var a place.Account
		err = d.Write(t.Context(), func(tx db.Tx) (err error) {
			a, err = place.AddAccount(t.Context(), tx, keys, place.System(), p.ID, place.NewAccount{
				Kind: mastodon.Kind, Name: "Le Zinc", Handle: "@lezinc@jasette.test", Endpoint: s.Endpoint("lezinc").String(),
				Credential: network.NewCredential(map[string]string{mastodon.AccessToken: s.Token("lezinc")}),
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		asks, other := process(), process()
		client, err := asks.Client(a, keys)
		if err != nil {
			t.Fatal(err)
		}
		rate := func(n *place.Networks) network.RateLimit {
			t.Helper()
			l, err := n.Rate(t.Context(), a)
			if err != nil {
				t.Fatal(err)
			}
			return l
		}
		ask := func(times int) (err error) {
			for range times {
				_, err = client.Profile(t.Context())
			}
			return err
		}
		if l := rate(other); l.Share(time.Now()) != 1 {
			t.Errorf("before anything was told: %+v", l)
		}
		s.Set(mastodontest.Trouble{Limit: 100, Period: time.Hour})
		if err := ask(60); err != nil {
			t.Fatal(err)
		}
		one, two := rate(asks), rate(other)
		if one.Limit != 100 || one.Left >= 45 || time.Until(one.Reset) < 50*time.Minute {
			t.Errorf("who asks knows %+v", one)
		}
		if share := two.Share(time.Now()); share > place.HistoryShare {
			t.Errorf("the other would read the past: %+v", two)
		}
		if err := ask(60); !fault.Is(err, fault.RateLimited) {
			t.Errorf("asked too much: %v", err)
		}
		if l := rate(other); l.Share(time.Now()) != 0 {
			t.Errorf("the other does not know that nothing is left: %+v", l)
		}
		if n := other; n.Wire("").HTTP.Transport == nil {
			t.Error("the wire itself was changed")
		}
	})
}
