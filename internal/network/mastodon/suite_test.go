package mastodon_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/network/mastodon"
	"comptoir/internal/network/mastodon/mastodontest"
	"comptoir/internal/network/networktest"
)

// fake is mastodontest as the conformance suite wants it.
type fake struct {
	*mastodontest.Server
	http *http.Client
	cred network.Credential
}

func fakeOf(mood mastodontest.Mood) networktest.NewFake {
	return func(t testing.TB) networktest.Fake { return start(t, mood) }
}

func start(t testing.TB, mood mastodontest.Mood) *fake {
	t.Helper()
	s, err := mastodontest.Start(mood)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Add("lezinc", "Le Zinc")
	s.Add("maude@ailleurs.test", "Maude Gagné")
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &fake{Server: s, http: &http.Client{Transport: transport}, cred: network.NewCredential(map[string]string{mastodon.AccessToken: s.Token("lezinc")})}
}

func TestConformanceOnMastodon(t *testing.T) {
	networktest.Run(t, mastodon.Driver{}, fakeOf(mastodontest.Mastodon))
}

func TestConformanceOnGoToSocial(t *testing.T) {
	networktest.Run(t, mastodon.Driver{}, fakeOf(mastodontest.GoToSocial))
}

func (f *fake) Account() (string, network.Credential) { return f.Endpoint("lezinc").String(), f.cred }

func (f *fake) Wire() network.Wire { return network.Wire{HTTP: f.http} }

func (f *fake) Someone() network.Author {
	return network.Author{ID: "maude@ailleurs.test", Handle: "@maude@ailleurs.test", Name: "Maude Gagné"}
}

// Say tells the account of a post whose words do not name it: the suite compares them whole.
func (f *fake) Say(s networktest.Said) error {
	p := mastodontest.Post{Text: s.Text, At: s.At, InReplyTo: string(s.Answers)}
	if s.Private {
		p.Visibility = "direct"
	}
	_, err := f.Server.SayTo("lezinc", string(s.From.ID), s.From.Name, p, s.Padding)
	return err
}

// addressed is what an answer begins with on this network: whom it is for.
var addressed = regexp.MustCompile(`^(@[A-Za-z0-9_.]+(@[A-Za-z0-9_.]+)? )+`)

func (f *fake) Accepted() (all []networktest.Accepted) {
	for _, p := range f.Ledger() {
		a := networktest.Accepted{Key: p.Key, Text: addressed.ReplaceAllString(p.Text, ""), Answers: network.RemoteID(p.InReplyTo), Gone: p.Gone}
		a.Visibility = map[string]network.Visibility{"public": network.Public, "unlisted": network.Unlisted, "private": network.Private, "direct": network.Private}[p.Visibility]
		for _, alt := range p.Files() {
			a.Files = append(a.Files, networktest.File{Type: "image/png", Alt: alt})
		}
		all = append(all, a)
	}
	return all
}

func (f *fake) Revoke(on bool) {
	now := f.Trouble()
	now.Revoked = on
	f.Set(now)
}

func (f *fake) Throttle(d time.Duration) {
	now := f.Trouble()
	now.Throttled = d
	f.Set(now)
}

func (f *fake) SaySpoilt() error {
	f.Spoil("lezinc")
	return nil
}

func (f *fake) Skew(ahead time.Duration) {
	now := f.Trouble()
	now.Skew = ahead
	f.Set(now)
}

func (f *fake) Gestures(id network.RemoteID) (all []network.Reaction) {
	if f.Liked(string(id), "lezinc") {
		all = append(all, network.Like)
	}
	if f.Boosted(string(id), "lezinc") {
		all = append(all, network.Boost)
	}
	return all
}

func (f *fake) Applaud(id network.RemoteID, c network.Counts) error {
	f.Server.Applaud(string(id), c.Likes, c.Boosts, c.Replies)
	return nil
}
