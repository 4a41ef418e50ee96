package mastodon_test

import (
	"fmt"
	"testing"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/mastodon"
	"comptoir/internal/network/mastodon/mastodontest"
)

func TestTheFirstReadingGoesAMonthBackAndMissesNothingSince(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *mastodon.Client) {
		now := time.Now()
		for i := range 90 {
			f.say(t, mastodontest.Post{Text: fmt.Sprintf("@lezinc numéro %d", i), At: now.Add(-time.Duration(90-i) * 24 * time.Hour / 2)})
		}
		first, err := c.Fetch(t.Context(), "")
		if err != nil {
			t.Fatal(err)
		}
		f.say(t, mastodontest.Post{Text: "@lezinc arrivé entre deux pages"})
		rest, end := all(t, c, first.Next)
		got := append(first.Messages, rest...)
		if len(got) != 60 || got[0].Text != "@lezinc numéro 31" || got[59].Text != "@lezinc arrivé entre deux pages" {
			t.Fatalf("%d messages, from %q to %q", len(got), got[0].Text, got[len(got)-1].Text)
		}
		if p, err := c.Fetch(t.Context(), end); err != nil || p.More || p.Next != end || len(p.Messages) > 0 {
			t.Errorf("at the end: %+v, %v", p, err)
		}
	})
}

func TestWhatIsNoMessageIsPassedOverAndNotCounted(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *mastodon.Client) {
		gone := f.say(t, mastodontest.Post{Text: "@lezinc repris aussitôt"})
		f.Remove(gone.ID)
		for _, kind := range []string{"favourite", "severed_relationships", "something.of.next.year"} {
			f.Notify("lezinc", kind, "maude@ailleurs.test")
		}
		f.say(t, mastodontest.Post{Text: "@lezinc bonsoir"})
		p, err := c.Fetch(t.Context(), "")
		if err != nil || p.Skipped != 0 || len(p.Messages) != 1 || p.Messages[0].Text != "@lezinc bonsoir" {
			t.Errorf("read %+v, %v", p, err)
		}
	})
}

// The suite lets a server be that cannot say it, so that is said here: Mastodon can, and GoToSocial speaks otherwise.
func TestMastodonSaysWhenSomethingIsNew(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *mastodon.Client) {
		_, cur := all(t, c, "")
		done := make(chan error, 1)
		go func() { done <- c.Wait(t.Context(), cur) }()
		time.Sleep(50 * time.Millisecond)
		f.say(t, mastodontest.Post{Text: "@lezinc debout"})
		err := <-done
		if f.Endpoint("lezinc").Software == string(mastodontest.GoToSocial) {
			wantFault(t, err, fault.Unsupported, "")
		} else if err != nil {
			t.Error(err)
		}
	})
}

// A colleague answered from the network's own program: the counter must know, or somebody answers twice.
func TestWhatWasAnsweredElsewhereComesWithItsThread(t *testing.T) {
	each(t, func(t *testing.T, f *fake, c *mastodon.Client) {
		asked := f.say(t, mastodontest.Post{Text: "@lezinc c’est ouvert?"})
		ours, err := f.Server.Say("lezinc", "Le Zinc", mastodontest.Post{Text: "@maude@ailleurs.test oui, jusqu’à 3 h", InReplyTo: asked.ID})
		if err != nil {
			t.Fatal(err)
		}
		f.say(t, mastodontest.Post{Text: "@lezinc merci", InReplyTo: ours.ID})
		got, _ := all(t, c, "")
		if len(got) != 3 {
			t.Fatalf("%d messages", len(got))
		}
		if m := got[1]; !m.Mine || string(m.ID) != ours.ID || m.Text != "@maude oui, jusqu’à 3 h" {
			t.Errorf("ours is read as %+v", m)
		}
		for _, m := range got {
			if m.Thread != network.RemoteID(asked.ID) {
				t.Errorf("%q is in thread %s, which began with %s", m.Text, m.Thread, asked.ID)
			}
		}
	})
}
