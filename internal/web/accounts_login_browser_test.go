package web_test

import (
	"testing"

	"comptoir/internal/browsertest"
	"comptoir/internal/web/webtest"
)

// The whole walk by hand, through the server's own page: a server that is none, no, then yes.
func TestAMastodonAccountIsConnectedOnAScreen(t *testing.T) {
	for name, v := range map[string]browsertest.View{
		"1440_matin": browsertest.Desk, "390_matin": browsertest.Phone, "390_soir": browsertest.Phone.Evening(), "en": browsertest.Desk.Evening().English(),
	} {
		t.Run(name, func(t *testing.T) {
			h, server, _ := mastodonHouse(t, "127.0.0.1:*")
			speaking(h, v)
			p := browsertest.New(t, v)
			p.Allow("status of 422")                                    // no server
			p.Allow("a request to another host: " + server.URL() + "/") // which is what this is about
			look := func(shot string) {
				t.Helper()
				speaks(t, p, v)
				p.Fits()
				p.Axe()
				p.Screenshot("mastodon-" + shot + "_" + name)
			}
			p.Goto(h.URL + "/sign-in?to=" + accountsPath + "/new")
			p.Fill("input[type=email]", h.Owner.Email)
			p.Fill("input[type=password]", webtest.Password)
			p.Follow("form button.btn--lit")
			p.WaitFor("a.nc")
			p.Follow("a.nc[href$=mastodon]")
			look("serveur")
			p.Fill("#ms", "lezinc")
			p.Follow("button.btn--lit")
			p.WaitFor("#ms-e")
			look("echec")
			p.Fill("#ms", server.URL()+"/@lezinc")
			p.Follow("button.btn--lit")
			p.WaitFor("a[rel=noreferrer]")
			look("repond")
			p.Follow("a[rel=noreferrer]")
			p.Follow("button[value='']")
			p.WaitFor(".banner")
			look("refus")
			p.Fill("#ms", server.URL())
			p.Follow("button.btn--lit")
			p.Follow("a[rel=noreferrer]")
			p.Follow("button[value=lezinc]")
			p.WaitFor(".banner--verre")
			look("branche")
		})
	}
}
