package web_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/network"
	"comptoir/internal/network/mastodon"
	"comptoir/internal/network/mastodon/mastodontest"
	"comptoir/internal/place"
)

// A week before a network wants somebody to connect an account again, its place is told, and what to do.
func TestTheHealthOfAnAccountSaysWhatIsLeftAndUntilWhenItServes(t *testing.T) {
	h, server, _ := mastodonHouse(t, "127.0.0.1:*")
	var a place.Account
	connect := func(until time.Time) {
		t.Helper()
		fields := map[string]string{mastodon.AccessToken: server.Token("lezinc")}
		if !until.IsZero() {
			fields[network.ExpiresAt] = until.Format(time.RFC3339)
		}
		h.Write(func(ctx context.Context, tx db.Tx) (err error) {
			a, err = place.AddAccount(ctx, tx, h.Keys, h.Owner.As(h.Place.ID, place.Owner), h.Place.ID, place.NewAccount{
				Kind: mastodon.Kind, Name: "Le Zinc", Handle: "@lezinc@" + mastodontest.Domain, Endpoint: server.Endpoint("lezinc").String(), Credential: network.NewCredential(fields),
			})
			return err
		})
	}
	b := h.As(h.Owner)
	said := func(path string) string { t.Helper(); return b.Get(path).Want(200).Text("main") }
	for _, c := range []struct {
		in   time.Duration
		want string // "" = nothing is said
	}{
		{0, ""}, {8 * 24 * time.Hour, ""}, {6*24*time.Hour + time.Hour, "Lien à reprendre sous 6 jours"}, {25 * time.Hour, "Lien à reprendre sous 1 jour"}, {time.Minute, "Lien à reprendre aujourd’hui"},
	} {
		until := time.Time{}
		if c.in > 0 {
			until = time.Now().Add(c.in)
		}
		connect(until)
		for _, path := range []string{accountsPath, accountsPath + "/" + a.ID} {
			text := said(path)
			if told := strings.Contains(text, "Mastodon nous demandera de reprendre le lien avant "); told != (c.want != "") || !strings.Contains(text, c.want) {
				t.Errorf("%v ahead, %s: %s", c.in, path, text)
			}
		}
	}
	connect(time.Time{})
	if text := said(accountsPath + "/" + a.ID); strings.Contains(text, "Demandes") {
		t.Errorf("limits that nobody told: %s", text)
	}
	server.Set(mastodontest.Trouble{Limit: 300, Period: 5 * time.Minute})
	client, err := h.Web.Networks.Client(a, h.Keys)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Profile(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text := said(accountsPath + "/" + a.ID); !strings.Contains(text, "299 sur 300 avant") && !strings.Contains(text, "298 sur 300 avant") {
		t.Errorf("what is left: %s", text)
	}
}
