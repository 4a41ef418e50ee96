package demo

import (
	"strings"
	"testing"
	"time"

	"comptoir/internal/inbox"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/bluesky/blueskytest"
	"comptoir/internal/place"
)

// The whole program over the loopback: what was said on Bluesky is read, answered once in its thread, and the account
// knows whom it answered.
func TestWhatIsSaidOnBlueskyIsReadAndAnswered(t *testing.T) {
	t.Parallel()
	s, _ := begin(t)
	s.cfg.Speed = 100
	answers := make(chan blueskytest.Record, 1)
	s.sky.OnPost(func(r blueskytest.Record) { answers <- r })
	boss := s.owner.As(s.place.ID, place.Owner)
	row := s.heard(t, bluesky.Kind, "la contrebasse")
	if _, err := s.app.Inbox.Reply(t.Context(), boss, s.place.ID, inbox.Answer{ConversationID: row.ID, Text: "À 22 h, sans faute."}); err != nil {
		t.Fatal(err)
	}
	select {
	case r := <-answers:
		if r.Text() != "À 22 h, sans faute." || !strings.Contains(s.sky.TextOf(r.Parent()), "la contrebasse") {
			t.Errorf("the network has %q, which answers %q", r.Text(), s.sky.TextOf(r.Parent()))
		}
	case <-time.After(20 * time.Second):
		t.Fatal("the answer did not leave")
	}
}
