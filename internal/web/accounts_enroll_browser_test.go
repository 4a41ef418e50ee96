package web_test

import (
	"testing"

	"comptoir/internal/browsertest"
	"comptoir/internal/web/webtest"
)

// The whole walk by hand: the account's own password, which is not asked for, then one that was made for a program.
func TestABlueskyAccountIsConnectedOnAScreen(t *testing.T) {
	for name, v := range map[string]browsertest.View{
		"1440_matin": browsertest.Desk, "390_matin": browsertest.Phone, "390_soir": browsertest.Phone.Evening(), "en": browsertest.Desk.Evening().English(),
	} {
		t.Run(name, func(t *testing.T) {
			h, _, _ := blueskyHouse(t, "127.0.0.1:*")
			speaking(h, v)
			p := browsertest.New(t, v)
			p.Allow("status of 422")
			look := func(shot string) {
				t.Helper()
				speaks(t, p, v)
				p.Fits()
				p.Axe()
				p.Screenshot("bluesky-" + shot + "_" + name)
			}
			p.Goto(h.URL + "/sign-in?to=" + accountsPath + "/new")
			p.Fill("input[type=email]", h.Owner.Email)
			p.Fill("input[type=password]", webtest.Password)
			p.Follow("form button.btn--lit")
			p.WaitFor("a.nc")
			p.Follow("a.nc[href$=bluesky]")
			look("nom")
			p.Fill("#en", "lezinc.test")
			p.Fill("#ep", "mon mot de passe")
			p.Follow(".wf button")
			p.WaitFor("#ep-e")
			look("echec")
			p.Fill("#ep", appPassword)
			p.Follow(".wf button")
			p.WaitFor(".banner--verre")
			look("branche")
		})
	}
}

// The same without a password: the host's own page is found, somebody says yes there, and comes back.
func TestABlueskyAccountIsConnectedOnItsHostsScreen(t *testing.T) {
	for name, v := range map[string]browsertest.View{"1440_matin": browsertest.Desk, "390_soir": browsertest.Phone.Evening(), "en": browsertest.Desk.English()} {
		t.Run(name, func(t *testing.T) {
			h, server, _ := blueskyHouse(t, "127.0.0.1:*")
			p := browsertest.New(t, v)
			p.Allow("a request to another host")
			p.Goto(h.URL + "/sign-in?to=" + blueskyPath)
			p.Fill("input[type=email]", h.Owner.Email)
			p.Fill("input[type=password]", webtest.Password)
			p.Follow("form button.btn--lit")
			p.Fill("#en", "lezinc.test")
			p.Follow("#compte .btn--lit")
			p.WaitForText(".check--ok", server.Host())
			p.Fits()
			p.Axe()
			p.Screenshot("bluesky-page_" + name)
			p.Follow("#compte a.btn--lit")
			p.Follow("a[href$='as=lezinc.test']")
			p.WaitFor(".banner--verre")
			p.Screenshot("bluesky-page-branche_" + name)
		})
	}
}
