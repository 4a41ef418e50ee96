package wordpress_test

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/wordpress"
	"comptoir/internal/network/wordpress/wordpresstest"
)

// each runs a test on both ways to set up a site.
func each(t *testing.T, test func(t *testing.T, f *fake, c *wordpress.Client)) {
	for _, mood := range []wordpresstest.Mood{wordpresstest.Pretty, wordpresstest.Plain} {
		t.Run(string(mood), func(t *testing.T) {
			f := start(t, mood)
			test(t, f, f.client(t))
		})
	}
}

func (f *fake) client(t testing.TB) *wordpress.Client {
	t.Helper()
	endpoint, cred := f.Account()
	c, err := wordpress.Driver{}.Open(endpoint, cred, f.Wire())
	if err != nil {
		t.Fatal(err)
	}
	return c.(*wordpress.Client)
}

// says leaves a comment.
func (f *fake) says(t testing.TB, c wordpresstest.Comment) wordpresstest.Comment {
	t.Helper()
	if c.Name == "" {
		c.Name, c.Email = "Maude", "Maude@Exemple.test"
	}
	said, err := f.Server.Say(c)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

func fetch(t testing.TB, c *wordpress.Client, cur network.Cursor) network.Page {
	t.Helper()
	p, err := c.Fetch(t.Context(), cur)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func draft(c *wordpress.Client, subject, words string) network.Draft {
	return network.Draft{Key: c.NewKey(), Subject: subject, Text: words, CreatedAt: time.Now()}
}

func wantFault(t *testing.T, err error, code fault.Code, key string) {
	t.Helper()
	if f := fault.As(err); f == nil || f.Code != code || key != "" && f.Key != key {
		t.Errorf("got %v, want %s (%s)", err, code, key)
	}
}

func TestACommentIsReadWithItsArticleAndWhereItStands(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *wordpress.Client) {
		post := f.Write("L'été & \"le soul\"", "…")
		said := f.says(t, wordpresstest.Comment{Post: post, Content: "On a faim & soif <3\n\nTable 7!", URL: "https://maude.test/", Status: "hold"})
		p := fetch(t, c, "")
		if len(p.Messages) != 1 {
			t.Fatalf("%+v", p)
		}
		m := p.Messages[0]
		want := network.Message{
			ID: network.RemoteID(fmt.Sprint("comments/", said.ID)), Thread: m.ID, Subject: "L’été & “le soul“", Text: "On a faim & soif <3\n\nTable 7!",
			Author: network.Author{ID: "maude@exemple.test", Handle: "Maude@Exemple.test", Name: "Maude", URL: "https://maude.test/", Avatar: "https://secure.gravatar.test/a?s=96"},
			URL:    m.URL, SentAt: said.At, Visibility: network.Public, Standing: network.Held, Meta: map[string]string{"post": fmt.Sprint(post)},
		}
		if d := cmp.Diff(want, m); d != "" || !strings.HasSuffix(m.URL, fmt.Sprintf("#comment-%d", said.ID)) {
			t.Errorf("%s\n%s", m.URL, d)
		}
	})
}

// Whoever signs in at the site is who they are; a guest who gives their address is not.
func TestAGuestIsNeverTakenForAMember(t *testing.T) {
	f := start(t, wordpresstest.Pretty)
	sam := f.Add("sam", "Sam", false)
	f.says(t, wordpresstest.Comment{User: &sam, Name: "Sam", Email: sam.Email, Content: "Moi."})
	f.says(t, wordpresstest.Comment{Name: "Sam", Email: sam.Email, Content: "Un autre."})
	f.says(t, wordpresstest.Comment{Name: "Le Devoir", URL: "https://journal.test/article", Type: "pingback", Content: "[…] au Zinc […]"})
	got := fetch(t, f.client(t), "").Messages
	if len(got) != 3 || got[0].Author.ID == got[1].Author.ID {
		t.Fatalf("%+v", got)
	}
	if link := got[2]; !link.Automatic || link.Author.Handle != "journal.test" || link.Author.ID == "" || got[0].Automatic {
		t.Errorf("a link back is read as %+v", link)
	}
}

func TestAThreadGoesUpToWhatIsNoLongerInTheList(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *wordpress.Client) {
		first := f.says(t, wordpresstest.Comment{Content: "premier"})
		second := f.says(t, wordpresstest.Comment{Content: "deuxième", Parent: first.ID})
		for i := range 60 {
			f.says(t, wordpresstest.Comment{Content: fmt.Sprint("autre ", i)})
		}
		cur := fetch(t, c, "").Next
		f.says(t, wordpresstest.Comment{Content: "troisième", Parent: second.ID})
		f.Server.Decide(first.ID, "trash") // and is above it all the same
		got := fetch(t, c, cur).Messages
		if len(got) != 1 || got[0].Thread != network.RemoteID(fmt.Sprint("comments/", first.ID)) || got[0].ReplyTo != network.RemoteID(fmt.Sprint("comments/", second.ID)) {
			t.Errorf("%+v", got)
		}
	})
}

func TestOnlyTheLastMonthIsReadOnConnectingAndSpamNever(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *wordpress.Client) {
		f.says(t, wordpresstest.Comment{Content: "jadis", At: time.Now().Add(-40 * 24 * time.Hour)})
		f.says(t, wordpresstest.Comment{Content: "récent", At: time.Now().Add(-20 * 24 * time.Hour)})
		spam := f.says(t, wordpresstest.Comment{Content: "pilules", Status: "spam"})
		p := fetch(t, c, "")
		if len(p.Messages) != 1 || p.Messages[0].Text != "récent" {
			t.Fatalf("%+v", p.Messages)
		}
		f.Server.Decide(spam.ID, "approved") // it was none
		if p = fetch(t, c, p.Next); len(p.Messages) != 1 || p.Messages[0].Text != "pilules" {
			t.Errorf("%+v", p)
		}
		if p = fetch(t, c, p.Next); len(p.Messages)+len(p.Changed) != 0 {
			t.Errorf("told again: %+v", p)
		}
	})
}

func TestABurstLosesNothingThoughCommentsAreRemovedMeanwhile(t *testing.T) {
	f := start(t, wordpresstest.Pretty)
	c := f.client(t)
	cur := fetch(t, c, "").Next // nobody has said anything yet
	for i := range 230 {
		f.says(t, wordpresstest.Comment{Content: fmt.Sprint("mot ", i)})
	}
	p := fetch(t, c, cur)
	if len(p.Messages) != 230 || p.Messages[0].Text != "mot 0" {
		t.Fatalf("%d read", len(p.Messages))
	}
	if len(p.Next) > 8000 {
		t.Errorf("the cursor has %d bytes", len(p.Next))
	}
	if p = fetch(t, c, p.Next); len(p.Messages)+len(p.Changed)+len(p.Gone) != 0 {
		t.Errorf("told again: %+v", p)
	}
}

func TestAnArticleIsWhatIsTypedAndNothingElse(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *wordpress.Client) {
		d := draft(c, "Jeudi : l’Été du soul <b>", "Ce soir [gallery] & <script>\nhttps://lezinc.test/a?b=1&c=2\n\nÀ 21 h.")
		r, err := c.Publish(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		p := f.Ledger()[0].Post
		want := "<!-- wp:paragraph -->\n<p>Ce soir &#91;gallery&#93; &amp; &lt;script&gt;<br>\n<a href=\"https://lezinc.test/a?b=1&amp;c=2\">https://lezinc.test/a?b=1&amp;c=2</a></p>\n<!-- /wp:paragraph -->\n\n<!-- wp:paragraph -->\n<p>À 21 h.</p>\n<!-- /wp:paragraph -->"
		if p.Content != want || p.Title != d.Subject || p.Slug != "jeudi-l-ete-du-soul-b-"+d.Key || !strings.Contains(r.URL, p.Slug) {
			t.Errorf("%q, %q\n%s", p.Title, p.Slug, p.Content)
		}
	})
}

// A site gives a second article with the same slug another one: what is there must be found before anything is sent.
func TestAnArticleIsFoundUnderItsSlugWhateverBecameOfIt(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *wordpress.Client) {
		f.Set(wordpresstest.Trouble{DropAfterPost: true})
		d := draft(c, "Ce soir", "On chante.")
		_, err := c.Publish(t.Context(), d)
		wantFault(t, err, fault.Ambiguous, "")
		f.Set(wordpresstest.Trouble{})
		found, err := c.Find(t.Context(), d)
		if err != nil || found.ID == "" {
			t.Fatalf("%+v, %v", found, err)
		}
		if err := c.Delete(t.Context(), found.ID); err != nil {
			t.Fatal(err)
		}
		again, err := c.Find(t.Context(), d) // somebody has put it in the bin: it was published all the same
		if err != nil || again.ID != found.ID {
			t.Errorf("%+v, %v", again, err)
		}
		never := draft(c, "Ce soir", "On chante.")
		_, err = c.Find(t.Context(), never)
		wantFault(t, err, fault.Ambiguous, "")
		never.TriedAt = time.Now().Add(-5 * time.Minute)
		_, err = c.Find(t.Context(), never)
		wantFault(t, err, fault.NotFound, "wordpress.fault.not_sent")
	})
}

// answerTo is an answer to the one comment there is.
func answerTo(t *testing.T, c *wordpress.Client, words string) network.Draft {
	t.Helper()
	p := fetch(t, c, "")
	d := draft(c, "", words)
	d.ReplyTo = &p.Messages[0]
	return d
}

func TestTheSameWordsTwiceToOneCommentAreOneAnswer(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *wordpress.Client) {
		f.says(t, wordpresstest.Comment{Content: "Ouvert lundi?"})
		d := answerTo(t, c, "Oui.")
		first, err := c.Publish(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		second, err := c.Publish(t.Context(), d)
		if err != nil || second.ID != first.ID || len(f.Ledger()) != 1 {
			t.Errorf("the same draft again: %+v, %v", second, err)
		}
		other := draft(c, "", "Oui.")
		other.ReplyTo = d.ReplyTo
		_, err = c.Publish(t.Context(), other)
		wantFault(t, err, fault.Rejected, "wordpress.fault.duplicate")
	})
}

func TestWhereProgramsAreNotKeptTheSameWordsLeaveADoubt(t *testing.T) {
	f := start(t, wordpresstest.Pretty)
	c := f.client(t)
	f.says(t, wordpresstest.Comment{Content: "Ouvert lundi?"})
	f.Set(wordpresstest.Trouble{Blank: true})
	d := answerTo(t, c, "Oui.")
	if _, err := c.Publish(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	d.TriedAt = time.Now().Add(-5 * time.Minute)
	_, err := c.Find(t.Context(), d)
	wantFault(t, err, fault.Ambiguous, "")
	_, err = c.Publish(t.Context(), d)
	wantFault(t, err, fault.Ambiguous, "")
}

func TestWhatASiteRefusesOfAnAnswerIsSaid(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *wordpress.Client) {
		f.says(t, wordpresstest.Comment{Content: "Ouvert lundi?"})
		d := answerTo(t, c, "Oui.")
		withFile := d
		withFile.Attachments = []network.Attachment{{Name: "a.png", Type: "image/png", Content: func() io.Reader { return strings.NewReader("x") }}}
		_, err := c.Publish(t.Context(), withFile)
		wantFault(t, err, fault.Rejected, "wordpress.fault.files_comment")
		f.Shut(1, true, false)
		_, err = c.Publish(t.Context(), d)
		wantFault(t, err, fault.Rejected, "wordpress.fault.closed")
		f.Shut(1, false, true)
		_, err = c.Publish(t.Context(), d)
		wantFault(t, err, fault.Rejected, "wordpress.fault.article_gone")
		if _, err = c.Publish(t.Context(), network.Draft{Key: "Not A Key!", Text: "x"}); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("a key that no slug takes: %v", err)
		}
		if a := c.Audience(*d.ReplyTo); !a.Wordy || len(a.Notified) != 0 || a.Visibility != network.Public {
			t.Errorf("%+v", a)
		}
	})
}

func TestAnAnswerThatTheSiteHoldsIsPublishedWithARemark(t *testing.T) {
	f := start(t, wordpresstest.Pretty)
	c := f.client(t)
	f.says(t, wordpresstest.Comment{Content: "Ouvert lundi?"})
	d := answerTo(t, c, "Oui.")
	f.Set(wordpresstest.Trouble{Holds: true})
	if r, err := c.Publish(t.Context(), d); err != nil || r.Note != "the site keeps it as held" {
		t.Errorf("%+v, %v", r, err)
	}
}

// A file that was given once is there at the next attempt; what is no picture is refused for what it is.
func TestFilesAreGivenOnceHoweverOftenAnArticleIsTried(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *wordpress.Client) {
		d := draft(c, "Le menu", "Voici.")
		png := "\x89PNG\r\n\x1a\n" + strings.Repeat("x", 100)
		d.Attachments = []network.Attachment{{Name: "menu.png", Type: "image/png", Size: int64(len(png)), Alt: "Une ardoise", Content: func() io.Reader { return strings.NewReader(png) }}}
		d.Leave = func(context.Context) error { return fault.New(fault.Conflict, "t", "") }
		_, err := c.Publish(t.Context(), d)
		wantFault(t, err, fault.Conflict, "")
		d.Leave = nil
		if _, err := c.Publish(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if n := f.Asked("POST media"); n != 1 {
			t.Errorf("the file was given %d times", n)
		}
		if files := f.Files(*f.Ledger()[0].Post); len(files) != 1 || files[0].Alt != "Une ardoise" || !strings.Contains(f.Ledger()[0].Post.Content, `alt="Une ardoise"`) {
			t.Errorf("%+v\n%s", files, f.Ledger()[0].Post.Content)
		}
		d = draft(c, "Le menu", "Voici.")
		d.Attachments = []network.Attachment{{Name: "a.png", Type: "image/png", Size: 4, Content: func() io.Reader { return strings.NewReader("#!/b") }}}
		_, err = c.Publish(t.Context(), d)
		wantFault(t, err, fault.Rejected, "wordpress.fault.file_kind")
	})
}

func TestASiteWithoutABinRemovesForGood(t *testing.T) {
	f := start(t, wordpresstest.Pretty)
	c := f.client(t)
	said := f.says(t, wordpresstest.Comment{Content: "pilules"})
	f.Set(wordpresstest.Trouble{NoBin: true})
	if err := c.Moderate(t.Context(), network.RemoteID(fmt.Sprint("comments/", said.ID)), network.Removed); err != nil {
		t.Fatal(err)
	}
	r, err := c.Publish(t.Context(), draft(c, "Ce soir", "On chante."))
	if err == nil {
		err = c.Delete(t.Context(), r.ID)
	}
	if err != nil || !f.Ledger()[0].Gone {
		t.Errorf("%v", err)
	}
}

func TestWhatAPlugInPrintsBeforeAnAnswerIsPassedOver(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *wordpress.Client) {
		f.says(t, wordpresstest.Comment{Content: "allô"})
		f.Set(wordpresstest.Trouble{Warnings: "<br />\n<b>Notice</b>: Undefined index: x in <b>/var/www/plugin.php</b> on line <b>3</b><br />\n"})
		if p := fetch(t, c, ""); len(p.Messages) != 1 {
			t.Errorf("%+v", p)
		}
		if _, err := c.Publish(t.Context(), draft(c, "Ce soir", "On chante.")); err != nil {
			t.Error(err)
		}
		f.trouble(func(t *wordpresstest.Trouble) { t.Revoked = true })
		_, err := c.Profile(t.Context())
		wantFault(t, err, fault.Unauthenticated, "wordpress.fault.revoked")
	})
}

func TestAnAccountThatIsLetGoGivesItsPasswordBack(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *wordpress.Client) {
		if err := c.Revoke(t.Context()); err != nil {
			t.Fatal(err)
		}
		_, err := c.Profile(t.Context())
		wantFault(t, err, fault.Unauthenticated, "wordpress.fault.revoked")
		if err := c.Revoke(t.Context()); err != nil {
			t.Errorf("given back already: %v", err)
		}
	})
}

// A plug-in that hides comments from programs makes lists empty. Nothing is forgotten for that.
func TestWhatAListDoesNotHaveIsGoneWhenTheSiteSaysSo(t *testing.T) {
	f := start(t, wordpresstest.Pretty)
	c := f.client(t)
	f.says(t, wordpresstest.Comment{Content: "allô"})
	p := fetch(t, c, "")
	f.Set(wordpresstest.Trouble{Empty: true})
	if p = fetch(t, c, p.Next); len(p.Gone) != 0 {
		t.Errorf("gone: %q", p.Gone)
	}
	f.Set(wordpresstest.Trouble{})
	if p = fetch(t, c, p.Next); len(p.Messages)+len(p.Changed)+len(p.Gone) != 0 {
		t.Errorf("told again: %+v", p)
	}
	for range 30 {
		f.says(t, wordpresstest.Comment{Content: "adieu"})
	}
	p = fetch(t, c, p.Next)
	for _, m := range p.Messages {
		f.Withdraw(m.ID)
	}
	gone := 0
	for range 3 { // a few at a time
		p = fetch(t, c, p.Next)
		gone += len(p.Gone)
	}
	if gone != 30 {
		t.Errorf("%d of 30 are gone", gone)
	}
}
