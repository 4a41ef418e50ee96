package wordpress_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/network/networktest"
	"comptoir/internal/network/wordpress"
	"comptoir/internal/network/wordpress/wordpresstest"
)

// fake is wordpresstest as the conformance suite wants it.
type fake struct {
	*wordpresstest.Server
	http *http.Client
	cred network.Credential
}

func fakeOf(mood wordpresstest.Mood) networktest.NewFake {
	return func(t testing.TB) networktest.Fake { return start(t, mood) }
}

func start(t testing.TB, mood wordpresstest.Mood) *fake {
	t.Helper()
	s, err := wordpresstest.Start(mood)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	u := s.Add("patron", "Le patron", true)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return &fake{Server: s, http: &http.Client{Transport: transport}, cred: network.NewCredential(map[string]string{wordpress.Password: u.Password})}
}

func TestConformanceWithPrettyLinks(t *testing.T) {
	networktest.Run(t, wordpress.Driver{}, fakeOf(wordpresstest.Pretty))
}

func TestConformanceWithPlainLinks(t *testing.T) {
	networktest.Run(t, wordpress.Driver{}, fakeOf(wordpresstest.Plain))
}

func (f *fake) Account() (string, network.Credential) { return f.Endpoint("patron").String(), f.cred }
func (f *fake) Wire() network.Wire                    { return network.Wire{HTTP: f.http} }
func (f *fake) AllIsPublic()                          {}
func (f *fake) NobodyIsTold()                         {}

func (f *fake) Someone() network.Author {
	return network.Author{ID: "maude@exemple.test", Handle: "maude@exemple.test", Name: "Maude Gagné"}
}

// numbered is the number of a comment by its name, 0 for none.
func numbered(id network.RemoteID) int64 {
	n, _ := strconv.ParseInt(strings.TrimPrefix(string(id), "comments/"), 10, 64)
	return n
}

func (f *fake) Say(s networktest.Said) error {
	_, err := f.SayPadded(wordpresstest.Comment{Parent: numbered(s.Answers), Name: s.From.Name, Email: string(s.From.ID), Content: s.Text, At: s.At}, s.Padding)
	return err
}

var slugKey = regexp.MustCompile(`-([a-z2-9]{12})(-\d+)?(__trashed)?$`)

func (f *fake) Accepted() (all []networktest.Accepted) {
	for _, e := range f.Ledger() {
		a := networktest.Accepted{Gone: e.Gone}
		if c := e.Comment; c != nil {
			a.Text, a.Answers = wordpresstest.Typed(c.Content), network.RemoteID("comments/"+strconv.FormatInt(c.Parent, 10))
			a.Key = strings.TrimSuffix(strings.TrimPrefix(c.Program, "Comptoir ("), ")")
		} else if m := slugKey.FindStringSubmatch(e.Post.Slug); m != nil {
			a.Text, a.Subject, a.Key, a.Unpublished = wordpresstest.Typed(e.Post.Content), e.Post.Title, m[1], e.Post.Status == "draft"
			for _, p := range f.Files(*e.Post) {
				a.Files = append(a.Files, networktest.File{Type: p.Mime, Alt: p.Alt, Content: p.Bytes})
			}
		}
		all = append(all, a)
	}
	return all
}

func (f *fake) trouble(change func(*wordpresstest.Trouble)) {
	now := f.Trouble()
	change(&now)
	f.Set(now)
}

func (f *fake) Revoke(on bool) { f.trouble(func(t *wordpresstest.Trouble) { t.Revoked = on }) }
func (f *fake) Throttle(d time.Duration) {
	f.trouble(func(t *wordpresstest.Trouble) { t.Throttled = d })
}
func (f *fake) Skew(ahead time.Duration) {
	f.trouble(func(t *wordpresstest.Trouble) { t.Skew = ahead })
}

func (f *fake) SaySpoilt() error {
	f.Spoil()
	return nil
}

// Takes counts what is stored: three letters of ASCII are longer there.
func (f *fake) Takes(text string) bool {
	return len(text)+4*strings.Count(text, "&")+3*strings.Count(text, "<")+3*strings.Count(text, ">") <= 65525
}

func (f *fake) Revise(id network.RemoteID, text string) error {
	f.Edit(numbered(id), text)
	return nil
}

func (f *fake) Withdraw(id network.RemoteID) error {
	f.Erase(numbered(id))
	return nil
}

var statuses = map[string]network.Standing{"hold": network.Held, "approved": network.Shown, "spam": network.Spam, "trash": network.Removed}

func (f *fake) Stands(id network.RemoteID) network.Standing {
	c, _ := f.Find(numbered(id))
	return statuses[c.Status]
}

func (f *fake) Decide(id network.RemoteID, s network.Standing) error {
	for word, is := range statuses {
		if is == s {
			f.Server.Decide(numbered(id), word)
		}
	}
	return nil
}

// Applaud counts what there is to count.
func (f *fake) Applaud(id network.RemoteID, c network.Counts) error {
	n, _ := strconv.ParseInt(strings.TrimPrefix(string(id), "posts/"), 10, 64)
	for range c.Replies {
		if _, err := f.Server.Say(wordpresstest.Comment{Post: n, Name: "Maude", Content: "Bravo"}); err != nil {
			return err
		}
	}
	return nil
}
