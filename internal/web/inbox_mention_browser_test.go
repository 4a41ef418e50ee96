package web_test

import (
	"strings"
	"testing"

	"comptoir/internal/browsertest"
	"comptoir/internal/network/mastodon/mastodontest"
	"comptoir/internal/web/webtest"
)

// What the reply box says of an answer, and its counter in the network's own unit while one types.
func TestTheReplyBoxCountsAsTheNetworkDoes(t *testing.T) {
	for name, v := range map[string]browsertest.View{"1440_matin": browsertest.Desk, "390_soir": browsertest.Phone.Evening()} {
		t.Run(name, func(t *testing.T) {
			m := withMastodon(t)
			m.server.Add("theo@ici.test", "Théo")
			m.say(t, mastodontest.Post{Text: "@lezinc @theo@ici.test vous servez encore? On serait six, avec le chien.", Language: "fr"})
			id, _ := m.latest(t)
			p := browsertest.New(t, v)
			p.Goto(m.URL + "/sign-in?to=/p/le-zinc/inbox/c/" + id)
			p.Fill("input[type=email]", m.Owner.Email)
			p.Fill("input[type=password]", webtest.Password)
			p.Follow("form button.btn--lit")
			p.WaitFor("html[data-stream=open]")
			p.Fill("#reponse textarea", "Oui! https://lezinc.test/la/carte/de/ce/soir/et/de/demain et @quelquun@un.serveur.bien.long.test "+strings.Repeat("n", 420)) // a phone counts when it is near
			p.WaitForText("#compte", "462\u00a0/\u00a0487")                                                                                                           // 5 + 23 + 4 + 9 + 1 + 420
			p.Fits()
			p.Axe()
			p.Screenshot("mention_" + name)
			p.Fill("#reponse textarea", "")
			if v == browsertest.Desk { // by key
				p.Click("#corps")
				p.Press("l")
				p.WaitForText("#corps", "Aimé par Le Zinc")
				p.Press("b")
			} else {
				p.Click("form[action$=like] button")
				p.WaitForText("#corps", "Aimé par Le Zinc")
				p.Click("form[action$=boost] button")
			}
			p.WaitForText("#corps", "Partagé")
			p.Axe()
			p.Screenshot("aime_" + name)
		})
	}
}
