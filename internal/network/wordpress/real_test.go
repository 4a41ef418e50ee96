package wordpress_test

import (
	"errors"
	"fmt"
	"html"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"comptoir/internal/network"
	"comptoir/internal/network/networktest"
	"comptoir/internal/network/wordpress"
	"comptoir/internal/network/wordpress/realtest"
	"comptoir/internal/network/wordpress/wordpresstest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	realtest.Stop()
	os.Exit(code)
}

// real is a site of WordPress itself as the conformance suite wants it.
type real struct {
	t        testing.TB
	site     *realtest.Site
	http     *http.Client
	endpoint string
	cred     network.Credential
}

func newReal(t testing.TB, h *realtest.House, pretty bool) *real {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	r := &real{t: t, site: h.Site(t, pretty), http: &http.Client{Transport: transport}}
	var err error
	if r.endpoint, r.cred, err = (wordpress.Driver{}).Enroll(t.Context(), network.Claim{Site: r.site.URL, Name: "patron", Password: r.site.Password}, r.Wire()); err != nil {
		t.Fatal(err)
	}
	return r
}

func TestConformanceOfTheRealWordPress(t *testing.T) {
	h := realtest.Need(t)
	networktest.Run(t, wordpress.Driver{}, func(t testing.TB) networktest.Fake { return newReal(t, h, true) })
}

func (r *real) RealServer()                           {}
func (r *real) AllIsPublic()                          {}
func (r *real) NobodyIsTold()                         {}
func (r *real) Wire() network.Wire                    { return network.Wire{HTTP: r.http} }
func (r *real) Account() (string, network.Credential) { return r.endpoint, r.cred }

func (r *real) Someone() network.Author {
	return network.Author{ID: "maude@exemple.test", Handle: "maude@exemple.test", Name: "Maude Gagné"}
}

// Say leaves a comment. What no column holds cannot be said, and a padding of megabytes neither.
func (r *real) Say(s networktest.Said) error {
	if strings.ContainsRune(s.Text, 0) || !utf8.ValidString(s.Text) {
		return errors.ErrUnsupported
	}
	words := s.Text + strings.Repeat(" ", min(s.Padding, 60_000))
	_, err := r.site.Say(realtest.Comment{Parent: numbered(s.Answers), Name: s.From.Name, Email: string(s.From.ID), Content: html.EscapeString(words), At: s.At})
	return err
}

// is is something on the site, as it is told to who may change it.
type is struct {
	ID, Parent, Author int64
	Slug, Status       string
	Program            string `json:"author_user_agent"`
	Title, Content     struct{ Raw string }
	Alt                string `json:"alt_text"`
	Mime               string `json:"mime_type"`
}

func (r *real) list(what, query string) (all []is) {
	for offset := 0; ; offset += 100 {
		var part []is
		if err := r.site.Ask("keeper", http.MethodGet, fmt.Sprintf("%s?context=edit&orderby=id&order=asc&per_page=100&offset=%d&%s", what, offset, query), nil, &part); err != nil {
			r.t.Fatal(err)
		}
		if all = append(all, part...); len(part) < 100 {
			return all
		}
	}
}

func (r *real) Accepted() (all []networktest.Accepted) {
	r.t.Helper()
	for _, c := range r.list("comments", "status=any") {
		if key, ok := strings.CutPrefix(c.Program, "Comptoir ("); ok {
			all = append(all, networktest.Accepted{
				Key: strings.TrimSuffix(key, ")"), Text: wordpresstest.Typed(c.Content.Raw), Answers: network.RemoteID(fmt.Sprint("comments/", c.Parent)), Gone: c.Status == "trash",
			})
		}
	}
	for _, p := range r.list("posts", "status=publish,draft,trash") {
		m := slugKey.FindStringSubmatch(p.Slug)
		if m == nil {
			continue
		}
		a := networktest.Accepted{Key: m[1], Text: wordpresstest.Typed(p.Content.Raw), Subject: p.Title.Raw, Gone: p.Status == "trash", Unpublished: p.Status == "draft"}
		for _, id := range wordpresstest.Shown(p.Content.Raw) {
			var f is
			if err := r.site.Ask("keeper", http.MethodGet, "media/"+strconv.FormatInt(id, 10), nil, &f); err != nil {
				r.t.Fatal(err)
			}
			a.Files = append(a.Files, networktest.File{Type: f.Mime, Alt: f.Alt})
		}
		all = append(all, a)
	}
	return all
}

func (r *real) Revoke(on bool) {
	if err := r.site.Revoke(on); err != nil {
		r.t.Fatal(err)
	}
}

func (r *real) Revise(id network.RemoteID, text string) error {
	return r.site.Ask("keeper", http.MethodPost, string(id), map[string]string{"content": html.EscapeString(text)}, &struct{}{})
}

func (r *real) Withdraw(id network.RemoteID) error { return r.site.Erase(numbered(id)) }

func (r *real) Stands(id network.RemoteID) network.Standing {
	var c is
	if err := r.site.Ask("keeper", http.MethodGet, string(id)+"?context=edit", nil, &c); err != nil {
		r.t.Fatal(err)
	}
	return statuses[c.Status]
}

func (r *real) Decide(id network.RemoteID, s network.Standing) error {
	for word, is := range statuses {
		if is == s {
			return r.site.Decide(numbered(id), word)
		}
	}
	return errors.ErrUnsupported
}

// Takes implements networktest.Judge: the site is asked.
func (r *real) Takes(text string) bool {
	err := r.site.Ask("keeper", http.MethodPost, "comments", map[string]any{"post": 1, "content": strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text)}, &struct{}{})
	return err == nil
}

func (r *real) Applaud(id network.RemoteID, c network.Counts) error {
	n, _ := strconv.ParseInt(strings.TrimPrefix(string(id), "posts/"), 10, 64)
	for i := range c.Replies {
		if _, err := r.site.Say(realtest.Comment{Post: n, Name: "Maude", Email: "maude@exemple.test", Content: fmt.Sprint("Bravo ", i)}); err != nil {
			return err
		}
	}
	return nil
}

// A comment waits, is approved, and answered under its article, by WordPress itself.
func TestARealCommentIsApprovedAndAnswered(t *testing.T) {
	h := realtest.Need(t)
	for _, pretty := range []bool{true, false} {
		r := newReal(t, h, pretty)
		r.site.Holds(t)
		c := openReal(t, r)
		cur := fetch(t, c, "").Next
		id, err := r.site.Say(realtest.Comment{Name: "Maude", Email: "maude@exemple.test", Content: "Vous ouvrez le lundi ?\n\n<b>On est huit</b> &amp; on a faim."})
		if err != nil {
			t.Fatal(err)
		}
		p := fetch(t, c, cur)
		if len(p.Messages) != 1 || p.Messages[0].Text != "Vous ouvrez le lundi ?\n\nOn est huit & on a faim." || p.Messages[0].Standing != network.Held || p.Messages[0].Subject != "Hello world!" {
			t.Fatalf("%+v", p.Messages)
		}
		m := p.Messages[0]
		if err := c.Moderate(t.Context(), m.ID, network.Shown); err != nil || r.Stands(m.ID) != network.Shown {
			t.Fatalf("%v, it stands as %s", err, r.Stands(m.ID))
		}
		d := draft(c, "", "Oui, dès 17 h <3")
		d.ReplyTo = &m
		rec, err := c.Publish(t.Context(), d)
		if err != nil || !strings.Contains(rec.URL, "#comment-") {
			t.Fatalf("%+v, %v", rec, err)
		}
		if found, err := c.Find(t.Context(), d); err != nil || found.ID != rec.ID {
			t.Errorf("%+v, %v", found, err)
		}
		if again, err := c.Publish(t.Context(), d); err != nil || again.ID != rec.ID {
			t.Errorf("the same answer again: %+v, %v", again, err)
		}
		var seen []struct {
			Parent  int64
			Status  string
			Content struct{ Rendered string }
		}
		if err := r.site.Ask("", http.MethodGet, "comments?post=1&parent="+fmt.Sprint(id), nil, &seen); err != nil || len(seen) != 1 || !strings.Contains(seen[0].Content.Rendered, "dès 17 h &lt;3") {
			t.Errorf("anybody reads %+v, %v", seen, err)
		}
		if err := c.Revoke(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Profile(t.Context()); err == nil {
			t.Error("the password that was given back opens the site")
		}
	}
}

func openReal(t testing.TB, r *real) *wordpress.Client {
	t.Helper()
	c, err := wordpress.Driver{}.Open(r.endpoint, r.cred, r.Wire())
	if err != nil {
		t.Fatal(err)
	}
	return c.(*wordpress.Client)
}

// What WordPress itself says to who may not, and to who is nobody, is told as it is by ours.
func TestARealSiteSaysWhoMayNot(t *testing.T) {
	h := realtest.Need(t)
	r := newReal(t, h, true)
	_, _, err := enroll(t, r.Wire(), r.site.URL, "guest", r.site.Guest)
	wantFault(t, err, "forbidden", "wordpress.fault.role")
	_, _, err = enroll(t, r.Wire(), r.site.URL, "patron", strings.Repeat("z", 24))
	wantFault(t, err, "invalid", "")
	c := openReal(t, r)
	d := draft(c, "Le menu", "Voici.")
	d.TriedAt = time.Now().Add(-5 * time.Minute)
	_, err = c.Find(t.Context(), d)
	wantFault(t, err, "not_found", "wordpress.fault.not_sent")
}
