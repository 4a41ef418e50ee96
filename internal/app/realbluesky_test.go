package app_test

import (
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/browsertest"
	"comptoir/internal/db/dbtest/pgtest"
	"comptoir/internal/floor"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/bluesky/realtest"
)

// The whole way with the network's own software: an account is connected by its name and an app password, a second
// one mentions it, and what they say is seen in a browser, answered, liked and passed to the floor.
func TestAMentionOnTheRealNetworkIsAnsweredInTheBrowser(t *testing.T) {
	n := realtest.Need(t, pgtest.URL)
	bar, guest := n.Join(t, "lezinc"), n.Join(t, "maude")
	h := open(t, app.Config{AllowPrivate: n.Hosts()}, func(a *app.App) { a.Networks.Drivers[bluesky.Kind] = n.Driver() })
	h.table(t)

	desk := browsertest.New(t, browsertest.Desk)
	_, port, _ := net.SplitHostPort(h.Addr().String())
	base := "http://127.0.0.1:" + port
	desk.Goto(base + "/sign-in?to=/p/le-zinc/settings/accounts/new/bluesky")
	desk.Fill("input[name=email]", "elie@zinc.example")
	desk.Fill("input[name=password]", "un mot de passe assez long")
	desk.Follow("main form button")
	desk.Fill("#en", bar.Handle)
	desk.Fill("#ep", bar.AppPassword)
	desk.Follow("button.btn--lit")
	desk.WaitForText(".banner--verre", "est branché")

	desk.Goto(base + "/p/le-zinc/inbox")
	desk.WaitFor("html[data-stream=open]")
	said := time.Now()
	uri := guest.Post(t, "@"+bar.Handle+" on est à la table 1, on peut avoir de l’eau?", bar, nil)
	desk.WaitForText("#rangs .conv", "on peut avoir de l’eau?")
	t.Logf("from the mention to the browser: %v", time.Since(said).Round(time.Millisecond))
	desk.Click("#rangs .conv")
	desk.WaitForText("#corps", "on est à la table 1")
	desk.Press("r")
	desk.Fill("textarea[name=text]", "Tout de suite, avec des glaçons.")
	desk.Press("Control+Enter")
	desk.WaitForText("#corps .msg--us", "Tout de suite")
	eventually(t, "the answer is on the network, in its thread", func() bool {
		records, err := bar.Records(bluesky.PostType)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(records, func(r realtest.Record) bool { return r.Parent() == uri && strings.Contains(r.Text(), "glaçons") })
	})
	hears := func(reason string) {
		t.Helper()
		eventually(t, "the network tells the guest of the "+reason, func() bool {
			heard, err := guest.Hears(reason, bar)
			if err != nil {
				t.Fatal(err)
			}
			return heard
		})
	}
	hears("reply")

	desk.Click("#corps")
	desk.Press("l")
	desk.WaitForText("#corps", "Aimé par Le Zinc")
	hears("like")

	desk.Press("n")
	desk.WaitFor("#passer-table")
	desk.Click("#passer .btn--lit")
	eventually(t, "the floor has a call", func() bool {
		calls, err := floor.Waiting(t.Context(), h.DB, h.place.ID)
		if err != nil {
			t.Fatal(err)
		}
		return len(calls) == 1
	})
	desk.Screenshot("bluesky-real")
}
