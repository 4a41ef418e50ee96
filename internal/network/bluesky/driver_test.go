package bluesky_test

import (
	"bytes"
	"context"
	"image"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/bluesky/blueskytest"
)

func (f *fake) client(t testing.TB) *bluesky.Client {
	t.Helper()
	endpoint, cred := f.Account()
	c, err := bluesky.Driver{}.Open(endpoint, cred, f.Wire())
	if err != nil {
		t.Fatal(err)
	}
	return c.(*bluesky.Client)
}

func (f *fake) says(t testing.TB, s blueskytest.Said) blueskytest.Record {
	t.Helper()
	r, err := f.Server.Say("maude.test", "Maude Gagné", s)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func all(t testing.TB, c *bluesky.Client, cur network.Cursor) (messages []network.Message, end network.Cursor) {
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

func draft(c *bluesky.Client, words string) network.Draft {
	return network.Draft{Key: c.NewKey(), Text: words, Lang: "fr-CA", CreatedAt: time.Date(2026, 11, 22, 20, 0, 0, 0, time.UTC)}
}

func publish(t testing.TB, c *bluesky.Client, d network.Draft) network.Receipt {
	t.Helper()
	r, err := c.Publish(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func attachment(kind string, content []byte) network.Attachment {
	return network.Attachment{Name: "carte", Type: kind, Alt: "La carte", Size: int64(len(content)), Content: func() io.Reader { return bytes.NewReader(content) }}
}

func wantFault(t *testing.T, err error, code fault.Code, key string) {
	t.Helper()
	if f := fault.As(err); f == nil || f.Code != code || key != "" && f.Key != key {
		t.Errorf("got %v, want %s (%s)", err, code, key)
	}
}

func TestAMentionIsReadWithItsLinksInFull(t *testing.T) {
	f := start(t)
	long := "https://ailleurs.test/une/page/au/nom/bien/long"
	f.says(t, blueskytest.Said{To: "lezinc.test", Text: "Été comme hiver : ailleurs.test/une/pa…", Value: map[string]any{
		"facets": []any{
			map[string]any{"index": map[string]any{"byteStart": 20, "byteEnd": 43}, "features": []any{map[string]any{"$type": "app.bsky.richtext.facet#link", "uri": long}}},
			map[string]any{"index": map[string]any{"byteStart": 22, "byteEnd": 30}, "features": []any{map[string]any{"$type": "app.bsky.richtext.facet#link", "uri": "https://dessous.test"}}},
			map[string]any{"index": map[string]any{"byteStart": -3, "byteEnd": 9000}, "features": []any{map[string]any{"$type": "app.bsky.richtext.facet#link", "uri": "https://nulle.test"}}},
		},
		"embed": map[string]any{"$type": "app.bsky.embed.external", "external": map[string]any{"uri": "https://carte.test", "title": "La carte", "description": ""}},
	}})
	got, _ := all(t, f.client(t), "")
	if len(got) != 1 {
		t.Fatalf("%d messages", len(got))
	}
	m := got[0]
	if want := "Été comme hiver : " + long + "\n\nLa carte\nhttps://carte.test"; m.Text != want {
		t.Errorf("read %q, want %q", m.Text, want)
	}
	if m.Author.ID != "did:plc:maudetest" || m.Author.Handle != "@maude.test" || m.Author.Name != "Maude Gagné" || m.Visibility != network.Public || m.Lang != "fr" {
		t.Errorf("%+v", m)
	}
}

// A post that comes late is sorted below others by the time that its author claims.
func TestAPostThatComesLateIsNotMissed(t *testing.T) {
	f, now := start(t), time.Now()
	c := f.client(t)
	for i := range 130 {
		f.says(t, blueskytest.Said{Text: "avant", To: "lezinc.test", At: now.Add(-time.Duration(200-i) * time.Minute)})
	}
	first, cur := all(t, c, "")
	f.says(t, blueskytest.Said{Text: "écrit dans le métro", To: "lezinc.test", At: now.Add(-100 * time.Minute)})
	got, end := all(t, c, cur)
	if len(first) != 130 || len(got) != 1 || got[0].Text != "écrit dans le métro" {
		t.Fatalf("read %d, then %+v", len(first), got)
	}
	if again, same := all(t, c, end); len(again) != 0 || same != end || len(end) > 4000 {
		t.Errorf("read %d again; the cursor has %d bytes", len(again), len(end))
	}
}

// Records of a megabyte are allowed, and a list of a hundred is then more than anybody reads.
func TestAListThatIsTooLongIsReadAFewAtATime(t *testing.T) {
	f := start(t)
	for range 18 {
		f.says(t, blueskytest.Said{Text: "lourd", To: "lezinc.test", Padding: 1 << 20})
	}
	if got, _ := all(t, f.client(t), ""); len(got) != 18 {
		t.Errorf("read %d of 18", len(got))
	}
}

func TestWhatIsNoMessageIsPassedOverAndNotCounted(t *testing.T) {
	f := start(t)
	f.Notify("lezinc.test", "follow", "theo.test")
	p, err := f.client(t).Fetch(t.Context(), "")
	if err != nil || len(p.Messages) != 0 || p.Skipped != 0 {
		t.Errorf("%+v, %v", p, err)
	}
}

// A colleague answered from the network's own program: the counter must know, or somebody answers twice.
func TestWhatWasAnsweredElsewhereComesWithItsThread(t *testing.T) {
	f := start(t)
	question := f.says(t, blueskytest.Said{Text: "Ouvert ce soir ?", To: "lezinc.test"})
	own, err := f.Server.Say("lezinc.test", "Le Zinc", blueskytest.Said{Text: "Oui.", Answers: question.URI})
	if err != nil {
		t.Fatal(err)
	}
	f.says(t, blueskytest.Said{Text: "Merci", Answers: own.URI})
	got, _ := all(t, f.client(t), "")
	var read []string
	for _, m := range got {
		mine := ""
		if m.Mine {
			mine = "nous : "
		}
		if m.Thread != network.RemoteID(question.URI) {
			t.Errorf("%q is in thread %s", m.Text, m.Thread)
		}
		read = append(read, mine+m.Text)
	}
	if diff := cmp.Diff([]string{"Ouvert ce soir ?", "nous : Oui.", "Merci"}, read); diff != "" {
		t.Error(diff)
	}
}

func TestAQuoteShowsWhatItQuotes(t *testing.T) {
	f := start(t)
	own, _ := f.Server.Say("lezinc.test", "Le Zinc", blueskytest.Said{Text: "Soirée soul jeudi."})
	f.says(t, blueskytest.Said{Text: "Allez-y", Quotes: own.URI})
	got, _ := all(t, f.client(t), "")
	if len(got) != 1 || got[0].Text != "Allez-y" || got[0].Quoted != "Soirée soul jeudi." || got[0].ReplyTo != "" {
		t.Errorf("%+v", got)
	}
}

// Offsets are in bytes: one letter with an accent is two of them.
func TestWhatIsPublishedLeadsWhereItSays(t *testing.T) {
	f := start(t)
	c := f.client(t)
	publish(t, c, draft(c, "Été à l’œuvre (@maude.test) : https://lezinc.test/carte. #Montréal #2026 @personne.test www.lezinc.test"))
	value := f.Ledger()[0].Value
	words := value["text"].(string)
	var got []string
	for _, one := range value["facets"].([]any) {
		facet := one.(map[string]any)
		index := facet["index"].(map[string]any)
		var at [2]int
		for i, name := range []string{"byteStart", "byteEnd"} {
			n, _ := index[name].(interface{ Int64() (int64, error) }).Int64()
			at[i] = int(n)
		}
		feature := facet["features"].([]any)[0].(map[string]any)
		_, kind, _ := strings.Cut(feature["$type"].(string), "#")
		for _, to := range []string{"did", "uri", "tag"} {
			if leads, ok := feature[to].(string); ok {
				got = append(got, kind+" "+words[at[0]:at[1]]+" "+leads)
			}
		}
	}
	want := []string{"mention @maude.test did:plc:maudetest", "link https://lezinc.test/carte https://lezinc.test/carte", "tag #Montréal Montréal", "link www.lezinc.test https://www.lezinc.test"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if value["createdAt"] != "2026-11-22T20:00:00.000Z" || value["langs"].([]any)[0] != "fr-CA" {
		t.Errorf("%+v", value)
	}
}

func TestAnAnswerToOurOwnAnswerNamesTheBeginningOfTheThread(t *testing.T) {
	f := start(t)
	c := f.client(t)
	f.says(t, blueskytest.Said{Text: "Ouvert ?", To: "lezinc.test"})
	got, _ := all(t, c, "")
	d := draft(c, "Oui")
	d.ReplyTo = &got[0]
	first := publish(t, c, d)
	more := draft(c, "Jusqu’à trois heures.")
	more.ReplyTo = &network.Message{ID: first.ID, Mine: true}
	publish(t, c, more) // the server refuses another root
	if r := f.Ledger()[1]; r.Parent() != string(first.ID) {
		t.Errorf("answers %s", r.Parent())
	}
	f.Remove(string(first.ID))
	gone := draft(c, "Encore")
	gone.ReplyTo = &network.Message{ID: first.ID, Mine: true}
	_, err := c.Publish(t.Context(), gone)
	wantFault(t, err, fault.Rejected, "bluesky.fault.answered_gone")
}

func TestAPictureIsShownWithItsShape(t *testing.T) {
	f := start(t)
	c := f.client(t)
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewGray(image.Rect(0, 0, 30, 20))); err != nil {
		t.Fatal(err)
	}
	d := draft(c, "")
	d.Attachments = []network.Attachment{attachment("image/png", b.Bytes())}
	publish(t, c, d)
	shown := f.Ledger()[0].Value["embed"].(map[string]any)["images"].([]any)[0].(map[string]any)
	if size := shown["aspectRatio"].(map[string]any); shown["alt"] != "La carte" || size["width"] == size["height"] {
		t.Errorf("%+v", shown)
	}
	d = draft(c, "Le contrat")
	d.Attachments = []network.Attachment{attachment("application/pdf", []byte("pdf"))}
	_, err := c.Publish(t.Context(), d)
	wantFault(t, err, fault.Rejected, "bluesky.fault.file_kind")
}

// The first attempt's answer was lost; whatever is tried again under the same key is the same post.
func TestTheSameDraftTwiceIsOnePost(t *testing.T) {
	f := start(t)
	c := f.client(t)
	d := draft(c, "Une seule fois")
	f.Set(blueskytest.Trouble{DropAfterPut: true})
	_, err := c.Publish(t.Context(), d)
	wantFault(t, err, fault.Ambiguous, "")
	f.Set(blueskytest.Trouble{})
	found, err := c.Find(t.Context(), d)
	if err != nil {
		t.Fatal(err)
	}
	if again := publish(t, c, d); again.ID != found.ID || len(f.Ledger()) != 1 {
		t.Errorf("found %s, published again as %s; the ledger has %d", found.ID, again.ID, len(f.Ledger()))
	}
}

func TestWhatIsNotUnderItsKeyAfterAMinuteWasNotPublished(t *testing.T) {
	f := start(t)
	c := f.client(t)
	d := draft(c, "Jamais partie")
	d.TriedAt = time.Now().Add(-30 * time.Second)
	_, err := c.Find(t.Context(), d)
	wantFault(t, err, fault.Ambiguous, "")
	d.TriedAt = time.Now().Add(-2 * time.Minute)
	_, err = c.Find(t.Context(), d)
	wantFault(t, err, fault.NotFound, "bluesky.fault.not_sent")
}

func TestATokenThatRanOutIsExchangedAndNoPasswordIsAskedFor(t *testing.T) {
	f := start(t)
	c := f.client(t)
	for range 3 {
		f.Expire()
		publish(t, c, draft(c, "Encore là"))
	}
	if n, logins := f.Asked("com.atproto.server.refreshSession"), f.Asked("com.atproto.server.createSession"); n != 3 || logins != 0 {
		t.Errorf("%d exchanges, %d logins", n, logins)
	}
	f.EndSessions()
	publish(t, c, draft(c, "Des mois plus tard"))
	if n := f.Asked("com.atproto.server.createSession"); n != 1 {
		t.Errorf("%d logins", n)
	}
}

// The index learns of everything a while later: what was liked a moment ago, and taken back, is liked again.
func TestAGestureDoesNotWaitForTheIndex(t *testing.T) {
	f := start(t)
	c := f.client(t)
	post := f.says(t, blueskytest.Said{Text: "Bonsoir", To: "lezinc.test"})
	elsewhere := f.Gesture("lezinc.test", "app.bsky.feed.like", post)
	time.Sleep(150 * time.Millisecond)
	for i, step := range []struct {
		on    bool
		likes int
		wait  time.Duration
	}{{true, 1, 0}, {false, 0, 150 * time.Millisecond}, {true, 1, 150 * time.Millisecond}, {false, 0, 0}, {true, 1, 0}, {true, 1, 0}, {false, 0, 0}} {
		if err := c.React(t.Context(), network.RemoteID(post.URI), network.Like, step.on); err != nil {
			t.Fatal(err)
		}
		if got := f.Server.Gestures("lezinc.test", "app.bsky.feed.like"); len(got) != step.likes {
			t.Errorf("step %d: %d likes", i, len(got))
		}
		time.Sleep(step.wait)
	}
	if f.TextOf(elsewhere.URI) != "" || len(f.Kept("lezinc.test")) != 0 {
		t.Error("what another program had made stays")
	}
}

// keeping is a wire that keeps what a credential is exchanged for, and shows it.
func (f *fake) keeping(kept *network.Credential) network.Wire {
	w := f.Wire()
	w.Renew = func(ctx context.Context, spent network.Credential, renew func(context.Context, network.Credential) (network.Credential, error)) (network.Credential, error) {
		fresh, err := renew(ctx, spent)
		if err == nil {
			*kept = fresh
		}
		return fresh, err
	}
	return w
}

func TestAFailedExchangeChangesNothingAndPasses(t *testing.T) {
	f := start(t)
	var kept network.Credential
	endpoint, cred := f.Account()
	opened, err := bluesky.Driver{}.Open(endpoint, cred, f.keeping(&kept))
	if err != nil {
		t.Fatal(err)
	}
	c := opened.(*bluesky.Client)
	f.Expire()
	for _, trouble := range []blueskytest.Trouble{{Page: 401}, {Page: 502}, {Throttled: time.Minute}} {
		f.Set(trouble)
		_, err := c.Profile(t.Context())
		if fault.Is(err, fault.Unauthenticated) || err == nil || !kept.IsZero() {
			t.Errorf("%+v: %v", trouble, err)
		}
	}
	f.Set(blueskytest.Trouble{NoRefresh: true})
	if _, err := c.Profile(t.Context()); err != nil || kept.Field(bluesky.RefreshJWT) != cred.Field(bluesky.RefreshJWT) || kept.Field(bluesky.AccessJWT) == cred.Field(bluesky.AccessJWT) {
		t.Errorf("a good token was overwritten: %v", err)
	}
	f.Set(blueskytest.Trouble{Takedown: true})
	_, err = c.Profile(t.Context())
	wantFault(t, err, fault.Forbidden, "bluesky.fault.taken_down")
}

// The count begins anew at a time by the server's clock.
func TestAWaitIsByTheServersClock(t *testing.T) {
	f := start(t)
	f.Set(blueskytest.Trouble{Throttled: 90 * time.Second, Skew: 3 * time.Hour})
	_, err := f.client(t).Profile(t.Context())
	wantFault(t, err, fault.RateLimited, "bluesky.fault.later")
	if wait := fault.As(err).RetryAfter; wait < 80*time.Second || wait > 100*time.Second {
		t.Errorf("told to wait %v", wait)
	}
}

func TestTheIndexBeingAwayPasses(t *testing.T) {
	f := start(t)
	f.Set(blueskytest.Trouble{NoIndex: true})
	_, err := f.client(t).Fetch(t.Context(), "")
	wantFault(t, err, fault.Unavailable, "bluesky.fault.broken")
}

func TestAnAnswerNotifiesWhoWroteAndEverybodyReadsIt(t *testing.T) {
	f := start(t)
	c := f.client(t)
	f.says(t, blueskytest.Said{Text: "Bonsoir", To: "lezinc.test"})
	got, _ := all(t, c, "")
	if diff := cmp.Diff(network.Audience{Notified: []string{"@maude.test"}, Visibility: network.Public}, c.Audience(got[0])); diff != "" {
		t.Error(diff)
	}
}
