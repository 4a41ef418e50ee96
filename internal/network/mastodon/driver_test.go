package mastodon_test

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/mastodon"
	"comptoir/internal/network/mastodon/mastodontest"
)

var moods = []mastodontest.Mood{mastodontest.Mastodon, mastodontest.GoToSocial}

// each runs a test on both kinds of server.
func each(t *testing.T, test func(t *testing.T, f *fake, c *mastodon.Client)) {
	for _, mood := range moods {
		t.Run(string(mood), func(t *testing.T) {
			f := start(t, mood)
			test(t, f, f.client(t))
		})
	}
}

func (f *fake) client(t testing.TB) *mastodon.Client {
	t.Helper()
	endpoint, cred := f.Account()
	c, err := mastodon.Driver{}.Open(endpoint, cred, f.Wire())
	if err != nil {
		t.Fatal(err)
	}
	return c.(*mastodon.Client)
}

func (f *fake) say(t testing.TB, p mastodontest.Post) mastodontest.Post {
	t.Helper()
	said, err := f.Server.Say("maude@ailleurs.test", "Maude Gagné", p)
	if err != nil {
		t.Fatal(err)
	}
	return said
}

func all(t testing.TB, c *mastodon.Client, cur network.Cursor) (messages []network.Message, end network.Cursor) {
	t.Helper()
	for more := true; more; {
		p, err := c.Fetch(t.Context(), cur)
		if err != nil {
			t.Fatal(err)
		}
		messages, cur, more = append(messages, p.Messages...), p.Next, p.More
	}
	return messages, cur
}

func draft(text string) network.Draft {
	return network.Draft{Key: "key-" + text, Text: text, CreatedAt: time.Now()}
}

func wantFault(t *testing.T, err error, code fault.Code, key string) {
	t.Helper()
	if f := fault.As(err); f == nil || f.Code != code || key != "" && f.Key != key {
		t.Errorf("got %v, want %s (%s)", err, code, key)
	}
}

func TestAMentionIsReadWithAllThatThePostSays(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *mastodon.Client) {
		f.say(t, mastodontest.Post{Text: "@lezinc @theo@ici.test on a faim\n\nhttps://ailleurs.test/une/page/qui/a/un/nom/bien/long", Spoiler: "nourriture", Options: []string{"Pizza", "Poutine"}, Language: "fr", Visibility: "unlisted"})
		got, _ := all(t, c, "")
		if len(got) != 1 {
			t.Fatalf("%d messages", len(got))
		}
		want := "⚠ nourriture\n\n@lezinc @theo@ici.test on a faim\n\nhttps://ailleurs.test/une/page/qui/a/un/nom/bien/long\n\n○ Pizza\n○ Poutine"
		m := got[0]
		if m.Text != want || m.Lang != "fr" || m.Visibility != network.Unlisted || m.Subject != "" || m.URL == "" {
			t.Errorf("read %+v", m)
		}
		if d := cmp.Diff(network.Author{ID: "maude@ailleurs.test", Handle: "@maude@ailleurs.test", Name: "Maude Gagné", URL: "https://ailleurs.test/@maude", Avatar: m.Author.Avatar}, m.Author); d != "" {
			t.Error(d)
		}
	})
}

func TestAnAnswerNamesEverybodyAndIsSeenByNoMoreThanThePost(t *testing.T) {
	for sent, want := range map[string]string{"public": "public", "unlisted": "unlisted", "private": "direct", "direct": "direct"} {
		each(t, func(t *testing.T, f *fake, c *mastodon.Client) {
			f.Add("theo@ici.test", "Théo")
			f.say(t, mastodontest.Post{Text: "@lezinc @theo@ici.test on vient à huit", Visibility: sent})
			got, _ := all(t, c, "")
			a := c.Audience(got[0])
			if d := cmp.Diff([]string{"@maude@ailleurs.test", "@theo@ici.test"}, a.Notified); d != "" || a.Weight != len("@maude @theo ") {
				t.Errorf("Audience = %+v", a)
			}
			d := draft("C’est noté.")
			d.ReplyTo, d.Lang = &got[0], "fr-CA"
			if _, err := c.Publish(t.Context(), d); err != nil {
				t.Fatal(err)
			}
			p := f.Ledger()[0]
			if p.Text != "@maude@ailleurs.test @theo@ici.test C’est noté." || p.Visibility != want || p.Language != "fr" {
				t.Errorf("published %q, %s, %s", p.Text, p.Visibility, p.Language)
			}
			if private := a.Visibility == network.Private; private != (want == "direct") {
				t.Errorf("said to be %s, and is %s", a.Visibility, want)
			}
		})
	}
}

func TestWhoIsNamedInTheWordsIsNotNamedTwice(t *testing.T) {
	f := start(t, mastodontest.Mastodon)
	f.say(t, mastodontest.Post{Text: "@lezinc allô"})
	c := f.client(t)
	got, _ := all(t, c, "")
	d := draft("Merci @Maude@ailleurs.test, à samedi.")
	d.ReplyTo = &got[0]
	if _, err := c.Publish(t.Context(), d); err != nil || f.Ledger()[0].Text != d.Text {
		t.Errorf("published %q, %v", f.Ledger()[0].Text, err)
	}
}

// What we call the limit, the server takes; one character more, it does not.
func TestLengthIsCountedAsTheServerCounts(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *mastodon.Client) {
		l := c.Limits()
		for _, words := range []string{
			"été ", "👩‍👩‍👧‍👦🏳️‍🌈", "e\u0301", "https://lezinc.test/" + strings.Repeat("très-long/", 60) + " ", "(http://a.bc) ", "@maude@ailleurs.test ", "bob@ailleurs.test ",
			"@maude@ailleurs.test, @theo ", "HTTPS://LEZINC.TEST ", "www.lezinc.test ", "a https://x.test b https://y.test, c",
		} {
			full := words + strings.Repeat("x", l.Text-l.Length(words))
			if l.Length(full) != l.Text {
				t.Fatalf("%q counts %d", words, l.Length(full))
			}
			if _, err := c.Publish(t.Context(), draft(full)); err != nil {
				t.Errorf("%q at the limit: %v", words, err)
			}
			n := len(f.Ledger())
			_, err := c.Publish(t.Context(), draft(full+"x"))
			wantFault(t, err, fault.Rejected, "mastodon.fault.too_long")
			if len(f.Ledger()) != n {
				t.Errorf("%q beyond the limit was published", words)
			}
		}
	})
}

// net/http repeats by itself what has an Idempotency-Key, over a connection that it had used before: on GoToSocial
// that would be two posts.
func TestABrokenConnectionPublishesOnceAndIsFoundAgain(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *mastodon.Client) {
		for _, skew := range []time.Duration{0, time.Hour, -time.Hour} {
			f.Set(mastodontest.Trouble{Skew: skew})
			if _, err := c.Profile(t.Context()); err != nil { // a connection to be used again
				t.Fatal(err)
			}
			before := f.Asked("POST /api/v1/statuses")
			f.Set(mastodontest.Trouble{Skew: skew, DropAfterPost: true})
			d := draft(fmt.Sprintf("Ce soir, on chante (%v).", skew))
			_, err := c.Publish(t.Context(), d)
			wantFault(t, err, fault.Ambiguous, "")
			if n := f.Asked("POST /api/v1/statuses") - before; n != 1 {
				t.Fatalf("asked %d times", n)
			}
			f.Set(mastodontest.Trouble{Skew: skew})
			r, err := c.Find(t.Context(), d)
			if ledger := f.Ledger(); err != nil || string(r.ID) != ledger[len(ledger)-1].ID {
				t.Errorf("clock ahead by %v: found %+v, %v", skew, r, err)
			}
		}
	})
}

func TestFindIsSureOnlyOfWhatTheServerLists(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *mastodon.Client) {
		f.say(t, mastodontest.Post{Text: "@lezinc en secret", Visibility: "direct"})
		got, _ := all(t, c, "")
		for i := range 45 { // further back than one page
			if _, err := c.Publish(t.Context(), draft(fmt.Sprint("autre ", i))); err != nil {
				t.Fatal(err)
			}
		}
		find := func(tried time.Duration, to *network.Message) error {
			d := network.Draft{Key: "k", Text: "Jamais parti.", CreatedAt: time.Now().Add(-time.Hour), ReplyTo: to}
			if tried > 0 {
				d.TriedAt = time.Now().Add(-tried)
			}
			_, err := c.Find(t.Context(), d)
			return err
		}
		wantFault(t, find(5*time.Minute, nil), fault.NotFound, "")
		wantFault(t, find(time.Minute, nil), fault.Ambiguous, "") // it may still be on its way
		wantFault(t, find(0, nil), fault.Ambiguous, "")
		private := map[mastodontest.Mood]fault.Code{mastodontest.Mastodon: fault.NotFound, mastodontest.GoToSocial: fault.Ambiguous}[mastodontest.Mood(f.Endpoint("lezinc").Software)]
		wantFault(t, find(5*time.Minute, &got[0]), private, "")
		d := draft("autre 3")
		d.CreatedAt = time.Now().Add(-time.Hour)
		if r, err := c.Find(t.Context(), d); err != nil || r.ID == "" {
			t.Errorf("what lies behind the first page: %+v, %v", r, err)
		}
		d.CreatedAt = time.Now().Add(time.Minute) // the same words, said before
		d.TriedAt = time.Now().Add(-time.Hour)
		_, err := c.Find(t.Context(), d)
		wantFault(t, err, fault.NotFound, "")
		d.ReplyTo = &got[0]
		_, err = c.Find(t.Context(), d)
		if err == nil {
			t.Error("the same words in another thread are taken for ours")
		}
	})
}

func TestPicturesGoWithTheirDescriptionOnceTheServerIsReady(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *mastodon.Client) {
		f.Set(mastodontest.Trouble{Slow: 1})
		d := draft("Le menu")
		content := func() io.Reader { return strings.NewReader("\x89PNG") }
		d.Attachments = []network.Attachment{{Name: "menu \"du\" soir.png", Type: "image/png", Size: 4, Alt: "Une ardoise : soupe, pâté, tarte.", Content: content}}
		if _, err := c.Publish(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		if got := f.Ledger()[0].Files(); !slices.Equal(got, []string{"Une ardoise : soupe, pâté, tarte."}) {
			t.Errorf("the post has %q", got)
		}
		d.Attachments[0].Type = "application/pdf"
		_, err := c.Publish(t.Context(), d)
		wantFault(t, err, fault.Rejected, "mastodon.fault.file_kind")
		d.Attachments = slices.Repeat(d.Attachments, 7)
		_, err = c.Publish(t.Context(), d)
		wantFault(t, err, fault.Rejected, "mastodon.fault.files_many")
		f.Set(mastodontest.Trouble{Slow: 1000})
		d.Attachments = []network.Attachment{{Name: "a.png", Type: "image/png", Size: 4, Content: content}}
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err = c.Publish(ctx, d)
		wantFault(t, err, fault.Unavailable, "mastodon.fault.file_slow")
		if len(f.Ledger()) != 1 {
			t.Error("a post left without its picture")
		}
	})
}

func TestGesturesAreMadeTwiceWithoutHarm(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *mastodon.Client) {
		public, private := f.say(t, mastodontest.Post{Text: "@lezinc merci"}), f.say(t, mastodontest.Post{Text: "@lezinc psst", Visibility: "direct"})
		id := network.RemoteID(public.ID)
		for _, on := range []bool{true, true, false, false, true} {
			for _, r := range []network.Reaction{network.Like, network.Boost} {
				if err := c.React(t.Context(), id, r, on); err != nil {
					t.Fatal(err)
				}
			}
			if f.Liked(public.ID, "lezinc") != on || f.Boosted(public.ID, "lezinc") != on {
				t.Errorf("asked for %v: liked %v, boosted %v", on, f.Liked(public.ID, "lezinc"), f.Boosted(public.ID, "lezinc"))
			}
		}
		if n, err := c.Measure(t.Context(), id); err != nil || n != (network.Counts{Likes: 1, Boosts: 1, Views: -1}) {
			t.Errorf("Measure = %+v, %v", n, err)
		}
		wantFault(t, c.React(t.Context(), network.RemoteID(private.ID), network.Boost, true), fault.Rejected, "")
		f.Remove(public.ID)
		wantFault(t, c.React(t.Context(), id, network.Like, true), fault.NotFound, "")
		if err := c.React(t.Context(), id, network.Like, false); err != nil {
			t.Errorf("taking back a like of what is gone: %v", err)
		}
	})
}

func TestOnlyTheServersOwnWordsAskForAPerson(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *mastodon.Client) {
		for page, want := range map[int]fault.Code{200: fault.Unavailable, 302: fault.Unavailable, 401: fault.Unavailable, 403: fault.Unavailable, 404: fault.Unavailable, 503: fault.Unavailable} {
			f.Set(mastodontest.Trouble{Page: page})
			_, err := c.Profile(t.Context())
			wantFault(t, err, want, "")
			_, err = c.Publish(t.Context(), draft("une page"))
			if want := map[int]fault.Code{200: fault.Ambiguous, 503: fault.Ambiguous}[page]; want != "" {
				wantFault(t, err, want, "")
			}
		}
		f.Set(mastodontest.Trouble{Revoked: true})
		_, err := c.Profile(t.Context())
		wantFault(t, err, fault.Unauthenticated, "mastodon.fault.revoked")
		f.Set(mastodontest.Trouble{})
		said := f.say(t, mastodontest.Post{Text: "@lezinc une question"})
		got, _ := all(t, c, "")
		f.Remove(said.ID)
		d := draft("Une réponse")
		d.ReplyTo = &got[0]
		_, err = c.Publish(t.Context(), d)
		wantFault(t, err, fault.Rejected, "mastodon.fault.answered_gone")
		_, err = c.Publish(t.Context(), network.Draft{Key: "k", CreatedAt: time.Now()})
		wantFault(t, err, fault.Invalid, "")
	})
}
