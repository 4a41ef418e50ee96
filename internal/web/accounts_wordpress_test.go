package web_test

import (
	"net/netip"
	"strings"
	"testing"

	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/network/wordpress"
	"comptoir/internal/network/wordpress/wordpresstest"
	"comptoir/internal/outgoing"
	"comptoir/internal/place"
	"comptoir/internal/web"
	"comptoir/internal/web/webtest"
)

const wordpressPath = accountsPath + "/new/wordpress"

// blogged is a house beside a blog of its own, and which reads by hand.
type blogged struct {
	*webtest.House
	blog     *wordpresstest.Server
	b        *webtest.Browser
	password string
	account  place.Account
}

func withBlog(t *testing.T) *blogged {
	t.Helper()
	blog, err := wordpresstest.Start(wordpresstest.Plain)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(blog.Close)
	patron := blog.Add("patron", "Le patron", true)
	out, err := outgoing.New(outgoing.Config{Allow: []string{"127.0.0.1:*"}, OwnAddresses: func() []netip.Addr { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(out.Close)
	h := webtest.New(t, func(s *web.Server) {
		s.Networks = &place.Networks{Drivers: map[network.Kind]network.Driver{wordpress.Kind: wordpress.Driver{}}, Wire: out.Account, Forget: out.Forget}
	})
	h.Web.Inbox.Open = func(a place.Account) (network.Client, error) { return h.Web.Networks.Client(a, h.Keys) }
	return &blogged{House: h, blog: blog, b: h.As(h.Owner), password: patron.Password}
}

// connect connects the blog as somebody does it.
func (m *blogged) connect(t *testing.T) {
	t.Helper()
	m.b.Post(wordpressPath, "site", m.blog.URL(), "name", "patron", "password", m.password).Want(303)
	all := accountsOf(t, m.House, wordpress.Kind)
	if len(all) != 1 {
		t.Fatalf("%d accounts", len(all))
	}
	m.account = all[0]
}

// collect reads what is new, as a collector does.
func (m *blogged) collect(t *testing.T) {
	t.Helper()
	c, err := m.Web.Networks.Client(m.account, m.Keys)
	if err != nil {
		t.Fatal(err)
	}
	page, err := c.(network.Fetcher).Fetch(t.Context(), m.account.Cursor)
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Web.Inbox.Receive(t.Context(), m.account, page); err != nil {
		t.Fatal(err)
	}
	m.account.Cursor = page.Next
}

// ask asks the blog for the decisions that wait.
func (m *blogged) ask(t *testing.T, message string) {
	t.Helper()
	if err := m.Web.Inbox.AskStanding(t.Context(), inbox.ModerateArgs{Place: m.Place.ID, Message: message}); err != nil {
		t.Fatal(err)
	}
}

// comment leaves one that waits, and opens its conversation.
func (m *blogged) comment(t *testing.T, words string) (said wordpresstest.Comment, thread string, p *webtest.Page) {
	t.Helper()
	said, err := m.blog.Say(wordpresstest.Comment{Name: "Maude", Email: "maude@exemple.test", Content: words, Status: "hold"})
	if err != nil {
		t.Fatal(err)
	}
	m.collect(t)
	list, err := m.Web.Inbox.List(t.Context(), m.Place.ID, inbox.Query{MemberID: m.Owner.ID})
	if err != nil || len(list.Rows) == 0 {
		t.Fatalf("%d conversations, %v", len(list.Rows), err)
	}
	thread = "/p/le-zinc/inbox/c/" + list.Rows[0].ID
	return said, thread, m.b.Get(thread).Want(200)
}

func TestABlogIsConnectedByItsAddressAndAnApplicationPassword(t *testing.T) {
	m := withBlog(t)
	form := m.b.Get(wordpressPath).Want(200)
	for _, want := range []string{"Votre site WordPress", "Adresse du site", "Nom d’utilisateur", "Jamais votre mot de passe principal"} {
		if !strings.Contains(form.Text("main"), want) {
			t.Errorf("does not say %q: %s", want, form.Text("main"))
		}
	}
	for _, c := range [][4]string{
		{m.blog.URL() + "/ailleurs", "patron", m.password, "#es-e"}, {"", "patron", m.password, "#es-e"},
		{m.blog.URL(), "", m.password, "#en-e"}, {m.blog.URL(), "patron", "soleil", "#ep-e"}, {m.blog.URL(), "patron", strings.Repeat("z", 24), "#ep-e"},
	} {
		p := m.b.Post(wordpressPath, "site", c[0], "name", c[1], "password", c[2]).Want(422)
		if p.Text(c[3]) == "" || p.Attr("#es", "value") != c[0] || strings.Contains(p.Text("html"), c[2]) {
			t.Errorf("%q, %q: says nothing at %s, or forgets what was typed", c[0], c[1], c[3])
		}
	}
	m.connect(t)
	if a := m.account; a.Name != "Le blog du Zinc" || !strings.HasPrefix(a.Handle, "patron@") {
		t.Errorf("%+v", a)
	}
	again := m.b.Get(accountsPath + "/" + m.account.ID + "/again").Want(200)
	if again.Attr("#es", "value") != m.blog.URL() || again.Attr("#en", "value") != "patron" {
		t.Errorf("connected again with %q, %q", again.Attr("#es", "value"), again.Attr("#en", "value"))
	}
	m.b.Post(accountsPath+"/"+m.account.ID+"/disconnect", "sure", "yes").Want(303)
	if n := m.blog.Asked("DELETE users/me/application-passwords/{uuid}"); n != 1 {
		t.Errorf("the password was given back %d times", n)
	}
}

func TestACommentIsApprovedFromTheCounterAndTheWayBackIsThere(t *testing.T) {
	m := withBlog(t)
	m.connect(t)
	said, thread, p := m.comment(t, "Vous ouvrez le lundi?")
	if p.Text(".thread__subject") != "La bande du jeudi" || !strings.Contains(p.Text(".msg__head"), "En attente") {
		t.Errorf("the page says %q, %q", p.Text(".thread__subject"), p.Text(".msg__head"))
	}
	if got := p.Text(".reply__to"); got != "Répondre approuve le commentaire. Tout le monde peut lire." {
		t.Errorf("an answer is said to reach %q", got)
	}
	id := strings.TrimPrefix(p.Attr(".msg", "id"), "m-")
	if p.Attr("button[value=shown]", "data-key") != "o" || p.Attr("button[value=spam]", "data-key") != "i" || p.Attr("button[value=removed]", "data-key") != "x" {
		t.Error("no keys")
	}
	done := m.b.Follow(m.b.Post("/p/le-zinc/inbox/m/"+id+"/standing", "is", "shown").Want(303))
	if !strings.Contains(done.Text(".toast"), "Tout le monde peut le lire") {
		t.Errorf("%s", done.Text(".toast"))
	}
	m.ask(t, id)
	if c, _ := m.blog.Find(said.ID); c.Status != "approved" {
		t.Errorf("the site has it as %s", c.Status)
	}
	p = m.b.Get(thread).Want(200)
	if strings.Contains(p.Text(".msg__head"), "En attente") || p.Has("button[value=shown]") || !strings.Contains(p.Text("#corps"), "a approuvé le message") {
		t.Errorf("%s", p.Text("#corps"))
	}
	m.b.Post("/p/le-zinc/inbox/m/"+id+"/standing", "is", "spam").Want(303)
	if p = m.b.Get(thread).Want(200); !strings.Contains(p.Text(".msg__head"), "Indésirable") || !strings.Contains(p.Text(".thread__head"), "Réglé") {
		t.Errorf("%s", p.Text("#fil"))
	}
	m.b.Post("/p/le-zinc/inbox/m/"+id+"/standing", "is", "banned").Want(422)
}

func TestWhatHappensOnTheBlogShowsInTheConversation(t *testing.T) {
	m := withBlog(t)
	m.connect(t)
	said, thread, _ := m.comment(t, "Mon numéro est le 555-0142.")
	m.blog.Edit(said.ID, "Appelez-moi.")
	m.collect(t)
	if p := m.b.Get(thread).Want(200); p.Text(".msg__txt") != "Appelez-moi." || !strings.Contains(p.Text(".msg__head"), "modifié") || !strings.Contains(p.Text("#corps"), "a modifié son message") {
		t.Errorf("%s", p.Text("#corps"))
	}
	m.blog.Decide(said.ID, "approved")
	m.collect(t)
	if p := m.b.Get(thread).Want(200); !strings.Contains(p.Text("#corps"), "a été approuvé sur son réseau") {
		t.Errorf("%s", p.Text("#corps"))
	}
	m.blog.Erase(said.ID)
	m.collect(t)
	p := m.b.Get(thread).Want(200)
	if strings.Contains(p.Text("#corps"), "Appelez") || !strings.Contains(p.Text(".msg"), "n’est plus sur son réseau") || p.Has("button[value=spam]") {
		t.Errorf("%s", p.Text("#corps"))
	}
}
