package bluesky_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/bluesky/blueskytest"
	"comptoir/internal/network/networktest"
)

const appPassword = "zinc-zinc-zinc-zinc"

// fake is blueskytest as the conformance suite wants it.
type fake struct {
	*blueskytest.Server
	http *http.Client
	cred network.Credential
}

func start(t testing.TB) *fake {
	t.Helper()
	s, err := blueskytest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Add("lezinc.test", "Le Zinc", appPassword)
	s.Add("maude.test", "Maude Gagné", "")
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	access, refresh := s.Enter("lezinc.test")
	return &fake{Server: s, http: &http.Client{Transport: transport}, cred: network.NewCredential(map[string]string{
		bluesky.Password: appPassword, bluesky.AccessJWT: access, bluesky.RefreshJWT: refresh,
	})}
}

func TestConformance(t *testing.T) {
	networktest.Run(t, bluesky.Driver{}, func(t testing.TB) networktest.Fake { return start(t) })
}

func (f *fake) Account() (string, network.Credential) {
	return f.Endpoint("lezinc.test").String(), f.cred
}

func (f *fake) Wire() network.Wire { return network.Wire{HTTP: f.http} }

func (f *fake) Someone() network.Author {
	return network.Author{ID: "did:plc:maudetest", Handle: "@maude.test", Name: "Maude Gagné"}
}

func (f *fake) Say(s networktest.Said) error {
	_, err := f.Server.Say("maude.test", s.From.Name, blueskytest.Said{Text: s.Text, At: s.At, Answers: string(s.Answers), To: "lezinc.test", Padding: s.Padding})
	return err
}

func (f *fake) Accepted() (all []networktest.Accepted) {
	for _, r := range f.Ledger() {
		words := strings.TrimPrefix(r.Text(), f.Someone().Handle+" ")
		a := networktest.Accepted{Key: r.Key, Text: words, Answers: network.RemoteID(r.Parent()), Gone: r.Gone}
		for _, file := range f.Files(r) {
			a.Files = append(a.Files, networktest.File(file))
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
	f.Spoil("lezinc.test")
	return nil
}

func (f *fake) SayFile(s networktest.Said, file networktest.File) error {
	said := blueskytest.Said{Text: s.Text, To: "lezinc.test", Value: map[string]any{"embed": f.Upload(blueskytest.File(file))}}
	_, err := f.Server.Say("maude.test", s.From.Name, said)
	return err
}

func (f *fake) Skew(ahead time.Duration) {
	now := f.Trouble()
	now.Skew = ahead
	f.Set(now)
}

// AllIsPublic implements networktest.Square.
func (f *fake) AllIsPublic() {}

func (f *fake) Takes(words string) bool { return blueskytest.Takes(words) }

func (f *fake) Gestures(id network.RemoteID) (all []network.Reaction) {
	for r, collection := range map[network.Reaction]string{network.Like: "app.bsky.feed.like", network.Boost: "app.bsky.feed.repost"} {
		for _, subject := range f.Server.Gestures("lezinc.test", collection) {
			if subject == string(id) {
				all = append(all, r)
			}
		}
	}
	return all
}

func (f *fake) Applaud(id network.RemoteID, c network.Counts) error {
	f.Server.Applaud(string(id), c.Likes, c.Boosts, c.Replies)
	return nil
}
