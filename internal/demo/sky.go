package demo

import (
	"context"
	"strings"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/bluesky/blueskytest"
	"comptoir/internal/place"
)

// The place's own name on Bluesky, and what its account made for a program.
const skyName, skyPassword = "lezinc.test", "soul-jazz-funk-zinc"

// enroll connects the place's Bluesky account as somebody does it: by its name and an app password.
func (s *stage) enroll(ctx context.Context, boss place.Actor) error {
	_, err := s.app.Networks.Enroll(ctx, s.app.DB, s.app.Keys, boss, s.place.ID, place.Enrolment{Kind: bluesky.Kind, Claim: network.Claim{Name: skyName, Password: skyPassword}})
	return err
}

// skySay says something to the place as one of the scene's people.
func (s *stage) skySay(t toot, answers string, at time.Time) error {
	said := blueskytest.Said{Text: t.text, To: skyName, Answers: answers, At: at, Value: map[string]any{"langs": []any{t.lang}}}
	if answers == "" {
		said.Text = "@" + skyName + " " + t.text
	}
	_, err := s.sky.Say(t.from, t.name, said)
	return err
}

// skyMentions has people speak of the place during the evening.
func (s *stage) skyMentions(ctx context.Context) error {
	var at time.Duration
	for _, t := range skyToots {
		if t.after == 0 {
			continue
		}
		if !s.wait(ctx, t.after-at) {
			return nil
		}
		at = t.after
		if err := s.skySay(t, "", time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// thankInTheSky has whoever the place answered there thank it.
func (s *stage) thankInTheSky(ctx context.Context, answers <-chan blueskytest.Record) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case r := <-answers:
			for _, t := range skyToots {
				if t.thanks == "" || !strings.Contains(s.sky.TextOf(r.Parent()), t.text) {
					continue
				}
				if !s.wait(ctx, 12*time.Second) {
					return nil
				}
				t.text = t.thanks
				if err := s.skySay(t, r.URI, time.Now()); err != nil {
					return err
				}
			}
		}
	}
}
