package web_test

import (
	"context"
	"strings"
	"testing"

	"comptoir/internal/db"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/network/mastodon/mastodontest"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// mentioned is a house whose Mastodon account is connected, and which reads by hand.
type mentioned struct {
	*webtest.House
	server  *mastodontest.Server
	b       *webtest.Browser
	account place.Account
}

func withMastodon(t *testing.T) *mentioned {
	t.Helper()
	h, server, _ := mastodonHouse(t, "127.0.0.1:*")
	h.Web.Inbox.Open = func(a place.Account) (network.Client, error) { return h.Web.Networks.Client(a, h.Keys) }
	m := &mentioned{House: h, server: server, b: h.As(h.Owner)}
	m.b.Get(consent(t, server, leave(t, m.b, server), "lezinc")).Want(303)
	m.account = mastodonAccounts(t, h)[0]
	return m
}

// collect reads what is new, as a collector does.
func (m *mentioned) collect(t *testing.T) {
	t.Helper()
	c, err := m.Web.Networks.Client(m.account, m.Keys)
	if err != nil {
		t.Fatal(err)
	}
	for more := true; more; {
		page, err := c.(network.Fetcher).Fetch(t.Context(), m.account.Cursor)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Web.Inbox.Receive(t.Context(), m.account, page); err != nil {
			t.Fatal(err)
		}
		m.account.Cursor, more = page.Next, page.More
	}
}

func (m *mentioned) say(t *testing.T, p mastodontest.Post) mastodontest.Post {
	t.Helper()
	said, err := m.server.Say("maude@ailleurs.test", "Maude Gagné", p)
	if err != nil {
		t.Fatal(err)
	}
	m.collect(t)
	return said
}

// latest opens the conversation that spoke last.
func (m *mentioned) latest(t *testing.T) (id string, p *webtest.Page) {
	t.Helper()
	list, err := m.Web.Inbox.List(t.Context(), m.Place.ID, inbox.Query{MemberID: m.Owner.ID})
	if err != nil || len(list.Rows) == 0 {
		t.Fatalf("%d conversations, %v", len(list.Rows), err)
	}
	return list.Rows[0].ID, m.b.Get("/p/le-zinc/inbox/c/" + list.Rows[0].ID).Want(200)
}

// deliver sends the answers that wait, as if their time had come.
func (m *mentioned) deliver(t *testing.T) {
	t.Helper()
	ids, err := db.Collect(func(r db.Row) (id string, err error) { err = r.Scan(&id); return id, err })(m.DB.Query(t.Context(), "SELECT message_id FROM reply WHERE place_id = $1 AND state = 'waiting'", m.Place.ID))
	if err != nil {
		t.Fatal(err)
	}
	m.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE reply SET due_at = 1 WHERE place_id = $1", m.Place.ID)
		return err
	})
	for _, id := range ids {
		if err := m.Web.Inbox.Deliver(t.Context(), inbox.DeliverArgs{Place: m.Place.ID, Message: id}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAMentionIsAnsweredToThoseWhomThePageNames(t *testing.T) {
	m := withMastodon(t)
	m.server.Add("theo@ici.test", "Théo")
	said := m.say(t, mastodontest.Post{Text: "@lezinc @theo@ici.test vous servez encore?", Language: "fr"})
	id, p := m.latest(t)
	if got := p.Text(".reply__to"); got != "Prévient @maude@ailleurs.test et @theo@ici.test. Tout le monde peut lire." {
		t.Errorf("said to reach %q", got)
	}
	// 500 characters, less "@maude @theo ", which the server counts without their servers.
	if p.Attr("#compte", "data-max") != "487" || p.Attr("#compte", "data-link") != "23" {
		t.Errorf("counts to %s, links as %s", p.Attr("#compte", "data-max"), p.Attr("#compte", "data-link"))
	}
	long := strings.Repeat("é", 487)
	if p := m.b.Post("/p/le-zinc/inbox/c/"+id+"/reply", "text", long+"!").Want(422); !strings.Contains(p.Text("#rep-e"), "487") {
		t.Errorf("too long is said as %q", p.Text("#rep-e"))
	}
	m.b.Post("/p/le-zinc/inbox/c/"+id+"/reply", "text", long).Want(303)
	m.deliver(t)
	ledger := m.server.Ledger()
	if len(ledger) != 1 || ledger[0].Text != "@maude@ailleurs.test @theo@ici.test "+long || ledger[0].InReplyTo != said.ID || ledger[0].Visibility != "public" {
		t.Fatalf("the server has %+v", ledger)
	}
	m.collect(t) // what we said does not come back as something said to us
	if th, err := m.Web.Inbox.Thread(t.Context(), m.Place.ID, id, ""); err != nil || len(th.Messages) != 2 || th.Messages[1].URL == "" {
		t.Errorf("the thread has %d messages, %v", len(th.Messages), err)
	}
}

func TestAPrivateMessageIsAnsweredInPrivate(t *testing.T) {
	m := withMastodon(t)
	m.say(t, mastodontest.Post{Text: "@lezinc j’ai perdu mon foulard", Visibility: "direct"})
	id, p := m.latest(t)
	if got := p.Text(".reply__to"); got != "Prévient @maude@ailleurs.test, et personne d’autre ne peut lire." {
		t.Errorf("said to reach %q", got)
	}
	m.b.Post("/p/le-zinc/inbox/c/"+id+"/reply", "text", "On l’a gardé.").Want(303)
	m.deliver(t)
	if l := m.server.Ledger(); len(l) != 1 || l[0].Visibility != "direct" {
		t.Errorf("the server has %+v", l)
	}
}

// form is where a gesture about the latest message is made.
func (m *mentioned) form(t *testing.T, id, gesture string) (selector string) {
	t.Helper()
	th, err := m.Web.Inbox.Thread(t.Context(), m.Place.ID, id, "")
	if err != nil {
		t.Fatal(err)
	}
	return "form[action=/p/le-zinc/inbox/m/" + th.Messages[len(th.Messages)-1].ID + "/" + gesture + "]"
}

// react asks the network for what is wanted, as the job does.
func (m *mentioned) react(t *testing.T) {
	t.Helper()
	if err := m.Web.Inbox.CatchUp(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestAMessageIsLikedAndSharedAndNoLonger(t *testing.T) {
	m := withMastodon(t)
	said := m.say(t, mastodontest.Post{Text: "@lezinc quelle soirée!"})
	id, p := m.latest(t)
	now := func() {
		t.Helper()
		m.Write(func(ctx context.Context, tx db.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE reaction SET due_at = 1 WHERE place_id = $1 AND due_at > 0", m.Place.ID)
			return err
		})
		m.react(t)
	}
	for _, gesture := range []struct {
		path, words, done, off string
		there                  func() bool
	}{
		{"like", "C’est aimé.", "Aimé par Le Zinc", "Aimer", func() bool { return m.server.Liked(said.ID, "lezinc") }},
		{"boost", "C’est partagé.", "Partagé", "Partager", func() bool { return m.server.Boosted(said.ID, "lezinc") }},
	} {
		form := m.form(t, id, gesture.path)
		p = m.b.Get("/p/le-zinc/inbox/c/" + id).Want(200)
		if !strings.Contains(p.Text(form), gesture.off) || p.Attr(form+" [name=on]", "value") != "true" {
			t.Fatalf("%s: %s", gesture.path, p.Text("#corps"))
		}
		m.b.Post(p.Attr(form, "action"), "on", "true").Want(303)
		p = m.b.Get("/p/le-zinc/inbox/c/" + id).Want(200)
		if !strings.Contains(p.Text(form), gesture.done) || p.Attr(form+" button", "aria-pressed") != "true" || !strings.Contains(p.Text("body"), gesture.words) {
			t.Errorf("%s: %s", gesture.path, p.Text("body"))
		}
		if now(); !gesture.there() {
			t.Errorf("%s is not on the network", gesture.path)
		}
		m.b.Post(p.Attr(form, "action"), "on", "true").Want(303) // twice is once
		undo := p.Attr("[data-toast] [name=of]", "value")
		m.b.Post("/p/le-zinc/inbox/undo", "of", undo).Want(303)
		if now(); gesture.there() {
			t.Errorf("%s was undone and is on the network", gesture.path)
		}
	}
	// What is gone on the network cannot be liked: the page says so, and no longer says that it is.
	m.server.Remove(said.ID)
	like := m.form(t, id, "like")
	m.b.Post(p.Attr(like, "action"), "on", "true").Want(303)
	now()
	p = m.b.Get("/p/le-zinc/inbox/c/" + id).Want(200)
	if !strings.Contains(p.Text("#corps"), "Le réseau n’a pas voulu de ce geste") || p.Attr(like+" button", "aria-pressed") != "false" {
		t.Errorf("%s", p.Text("#corps"))
	}
}

func TestAPrivateMessageIsLikedAndNeverShared(t *testing.T) {
	m := withMastodon(t)
	m.say(t, mastodontest.Post{Text: "@lezinc psst", Visibility: "direct"})
	id, p := m.latest(t)
	like, boost := m.form(t, id, "like"), m.form(t, id, "boost")
	if !p.Has(like) || p.Has(boost) {
		t.Errorf("%s", p.Text("#corps"))
	}
	m.b.Post(strings.TrimSuffix(p.Attr(like, "action"), "like")+"boost", "on", "true").Want(303)
	if p := m.b.Get("/p/le-zinc/inbox/c/" + id).Want(200); !strings.Contains(p.Text("body"), "Un message privé ne se partage pas") {
		t.Errorf("%s", p.Text("body"))
	}
}
