package demo

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/network/mastodon"
	"comptoir/internal/network/mastodon/mastodontest"
	"comptoir/internal/place"
)

// bar is the place's own name on its server.
const bar = "lezinc"

// connect connects the place's Mastodon account as somebody does it: through the pages of its server.
func (s *stage) connect(ctx context.Context, boss place.Actor) error {
	const session = "the demonstration's own"
	d, n := s.app.DB, s.app.Networks
	server, err := n.Meet(ctx, d, boss, s.place.ID, mastodon.Kind, s.fediverse.URL())
	if err != nil {
		return err
	}
	page, err := n.BeginLogin(ctx, d, s.app.Keys, boss, s.place.ID, place.Login{Kind: mastodon.Kind, Server: server, Session: session, Back: network.Return{URL: "http://" + address(s.app) + "/p/le-zinc/settings/accounts/back"}})
	if err != nil {
		return err
	}
	_, query, _ := strings.Cut(page, "?")
	back, wrong := s.fediverse.Consent(query, bar)
	if wrong != "" {
		return errors.New("demo: " + wrong)
	}
	u, err := url.Parse(back)
	if err != nil {
		return err
	}
	_, _, err = n.FinishLogin(ctx, d, s.app.Keys, boss, s.place.ID, session, u.Query())
	return err
}

// toot says something as one of the scene's people.
func (s *stage) toot(t toot, answers string, at time.Time) error {
	text := "@" + bar + "@" + mastodontest.Domain + " " + t.text
	p := mastodontest.Post{Text: text, Visibility: t.visibility, Language: t.lang, InReplyTo: answers, At: at}
	_, err := s.fediverse.Say(t.from, t.name, p)
	return err
}

// mentions has people speak of the place during the evening.
func (s *stage) mentions(ctx context.Context) error {
	var at time.Duration
	for _, t := range toots {
		if t.after == 0 {
			continue
		}
		if !s.wait(ctx, t.after-at) {
			return nil
		}
		at = t.after
		if err := s.toot(t, "", time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// thankForToots has whoever the place answered there thank it.
func (s *stage) thankForToots(ctx context.Context, answers <-chan mastodontest.Post) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case p := <-answers:
			for _, t := range toots {
				if t.thanks == "" || !strings.Contains(p.Text, "@"+t.from) {
					continue
				}
				if !s.wait(ctx, 12*time.Second) {
					return nil
				}
				t.text = t.thanks
				if err := s.toot(t, p.ID, time.Now()); err != nil {
					return err
				}
			}
		}
	}
}
