package demo

import (
	"testing"

	"comptoir/internal/inbox"
	"comptoir/internal/network/mastodon"
	"comptoir/internal/network/mastodon/mastodontest"
	"comptoir/internal/place"
)

// The whole program over the loopback: a mention is read, answered once to whoever it named, and thanked for.
func TestAMentionIsReadAnsweredAndThankedFor(t *testing.T) {
	t.Parallel()
	s, _ := begin(t)
	s.cfg.Speed = 100
	answers := make(chan mastodontest.Post, 1)
	s.fediverse.OnPost(func(p mastodontest.Post) { answers <- p })
	go s.thankForToots(t.Context(), answers)
	boss := s.owner.As(s.place.ID, place.Owner)
	c := s.heard(t, mastodon.Kind, "du soul le jeudi")
	if _, err := s.app.Inbox.Reply(t.Context(), boss, s.place.ID, inbox.Answer{ConversationID: c.ID, Text: "Oui, dès 21 h. On vous garde une table."}); err != nil {
		t.Fatal(err)
	}
	if again := s.heard(t, mastodon.Kind, "ses souliers"); again.ID != c.ID {
		t.Errorf("the thanks are in another conversation")
	}
	l := s.fediverse.Ledger()
	if len(l) != 1 || l[0].Text != "@fabienne@ruelle.test Oui, dès 21 h. On vous garde une table." || l[0].Visibility != "public" {
		t.Errorf("the server has %+v", l)
	}
}
