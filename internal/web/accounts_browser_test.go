package web_test

import (
	"context"
	"testing"

	"comptoir/internal/browsertest"
	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// The whole walk by hand: choose, give the address, fail once, correct, be connected; then a mailbox that waits.
func TestAMailboxIsConnectedOnAScreen(t *testing.T) {
	for name, v := range map[string]browsertest.View{
		"1440_matin": browsertest.Desk, "390_matin": browsertest.Phone,
		"1440_soir": browsertest.Desk.Evening(), "390_soir": browsertest.Phone.Evening(), "en": browsertest.Desk.English(),
	} {
		t.Run(name, func(t *testing.T) {
			h, _, _ := mailHouse(t, "127.0.0.1:*")
			speaking(h, v)
			p := browsertest.New(t, v)
			p.Allow("status of 422") // the wrong password
			look := func(shot string) {
				t.Helper()
				speaks(t, p, v)
				p.Fits()
				p.Axe()
				p.Screenshot("connecter-" + shot + "_" + name)
			}
			p.Goto(h.URL + "/sign-in?to=" + accountsPath)
			p.Fill("input[type=email]", h.Owner.Email)
			p.Fill("input[type=password]", webtest.Password)
			p.Follow("form button.btn--lit")
			p.WaitFor(".empty")
			look("vide")
			p.Click(".top a.btn--lit")
			p.WaitFor("a.nc")
			look("choisir")
			p.Follow("a.nc")
			p.Fill("#ea", mailAddress)
			look("adresse")
			p.Follow("button.btn--lit")
			p.WaitFor("#courriel")
			look("courriel")
			p.Fill("#ip", "faux")
			p.Follow("button.btn--lit")
			p.WaitFor("#resultat")
			look("echec")
			p.Fill("#ip", mailPassword)
			p.Follow("button.btn--lit")
			p.WaitFor(".banner--verre")
			look("branche")
			a := mailAccounts(t, h)[0]
			h.Write(func(ctx context.Context, tx db.Tx) error {
				return place.Trouble(ctx, tx, a, fault.New(fault.Unauthenticated, "test", "email.fault.imap_login"))
			})
			p.Goto(h.URL + accountsPath)
			look("attend")
			p.Goto(h.URL + accountsPath + "/" + a.ID)
			look("sante")
		})
	}
}
