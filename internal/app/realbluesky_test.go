package app_test

import (
	"encoding/json"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/browsertest"
	"comptoir/internal/db"
	"comptoir/internal/db/dbtest/pgtest"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/bluesky/realtest"
	"comptoir/internal/place"
)

// The whole way with the network's own software: an account is connected by its name and an app password, a second
// one mentions it, and what they say is seen in a browser, answered, liked and passed to the floor.
func TestAMentionOnTheRealNetworkIsAnsweredInTheBrowser(t *testing.T) {
	n := realtest.Need(t, pgtest.URL)
	bar, guest := n.Join(t, "lezinc"), n.Join(t, "maude")
	h := open(t, app.Config{AllowPrivate: n.Hosts()}, func(a *app.App) { a.Networks.Drivers[bluesky.Kind] = n.Driver() })
	h.table(t)

	desk := browsertest.New(t, browsertest.Desk)
	base := atConnecting(t, h, desk)
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

// atConnecting signs in and opens the page on which a Bluesky account is connected.
func atConnecting(t *testing.T, h *house, p *browsertest.Page) (base string) {
	t.Helper()
	_, port, _ := net.SplitHostPort(h.Addr().String())
	base = "http://127.0.0.1:" + port
	p.Goto(base + "/sign-in?to=/p/le-zinc/settings/accounts/new/bluesky")
	p.Fill("input[name=email]", "elie@zinc.example")
	p.Fill("input[name=password]", "un mot de passe assez long")
	p.Follow("main form button")
	return base
}

// Somebody says yes on the host's own page; no password comes here. Then the account answers, its token runs out and is
// exchanged, and it is let go.
func TestAnAccountIsConnectedOnThePageOfTheRealNetwork(t *testing.T) {
	n := realtest.Need(t, pgtest.URL)
	bar, guest := n.Join(t, "lezinc"), n.Join(t, "maude")
	h := open(t, app.Config{AllowPrivate: n.Hosts()}, func(a *app.App) { a.Networks.Drivers[bluesky.Kind] = n.Driver() })
	desk := browsertest.New(t, browsertest.Desk)
	atConnecting(t, h, desk)
	desk.Fill("#en", bar.Handle)
	desk.Follow("form#compte .btn--lit")
	desk.WaitForText(".check--ok", "répond")
	desk.Screenshot("bluesky-page-real")
	desk.Allow("a request to another host")
	desk.Follow("form#compte a.btn--lit")
	desk.Fill("input[name=password], input[type=password]", bar.Password)
	desk.Click("button[type=submit]")
	desk.WaitForText("body", "veut accéder à votre compte")
	desk.Screenshot("bluesky-page-theirs")
	desk.Click("button[type=submit]")
	desk.WaitForText(".banner--verre", "est branché")
	account := func() place.Account {
		t.Helper()
		all, err := place.Accounts(t.Context(), h.DB, h.place.ID)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(all, func(a place.Account) bool { return a.Kind == bluesky.Kind })
		return all[i]
	}
	if a := account(); a.Handle != "@"+bar.Handle {
		t.Errorf("%+v", a)
	}

	guest.Post(t, "@"+bar.Handle+" bonsoir", bar, nil)
	eventually(t, "the mention arrives", func() bool { return len(h.list(t)) == 1 })
	reply := func(words string) {
		t.Helper()
		if _, err := h.Inbox.Reply(t.Context(), h.owner, h.place.ID, inbox.Answer{ConversationID: h.list(t)[0].ID, Text: words}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the answer is on the network", func() bool {
			records, err := bar.Records(bluesky.PostType)
			if err != nil {
				t.Fatal(err)
			}
			return slices.ContainsFunc(records, func(r realtest.Record) bool { return r.Text() == words })
		})
	}
	reply("Bonsoir Maude.")

	worn := wornOut(t, h, account())
	reply("À tout à l’heure.")
	fresh, err := account().Credential(h.Keys)
	if err != nil || fresh.Field(bluesky.RefreshJWT) == worn.Field(bluesky.RefreshJWT) {
		t.Errorf("nothing was exchanged: %v", err)
	}
	reply("À tout à l’heure.")

	a := account()
	if err := h.Networks.LetGo(t.Context(), h.DB, h.Keys, h.owner, h.place.ID, a.ID); err != nil {
		t.Fatal(err)
	}
	thief, err := n.Driver().Open(a.Endpoint, fresh, network.Wire{HTTP: &http.Client{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := thief.Profile(t.Context()); !fault.Is(err, fault.Unauthenticated) {
		t.Errorf("what was given back still opens: %v", err)
	}
}

// wornOut has the token of an account serve no longer, and returns what is kept now.
func wornOut(t *testing.T, h *house, a place.Account) network.Credential {
	t.Helper()
	cred, err := a.Credential(h.Keys)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]string
	if err := json.Unmarshal(cred.Reveal(), &fields); err != nil {
		t.Fatal(err)
	}
	fields[bluesky.AccessJWT] = "worn out"
	cred = network.NewCredential(fields)
	h.write(t, func(tx db.Tx) error {
		_, err := place.AddAccount(t.Context(), tx, h.Keys, h.owner, h.place.ID, place.NewAccount{Kind: a.Kind, Name: a.Name, Handle: a.Handle, Endpoint: a.Endpoint, Credential: cred})
		return err
	})
	return cred
}
