package demo

import (
	"context"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/network/wordpress"
	"comptoir/internal/network/wordpress/wordpresstest"
	"comptoir/internal/place"
)

// blogger is the place's own name on its blog.
const blogger = "elie"

// openBlog has the place's blog written before the evening.
func (s *stage) openBlog() (err error) {
	if s.blog, err = wordpresstest.Start(wordpresstest.Pretty); err != nil {
		return err
	}
	s.blogPassword = s.blog.Add(blogger, "Élie Moreau", true).Password
	return nil
}

// joinBlog connects the blog as somebody does it: by its address and an application password.
func (s *stage) joinBlog(ctx context.Context, boss place.Actor) error {
	_, err := s.app.Networks.Enroll(ctx, s.app.DB, s.app.Keys, boss, s.place.ID, place.Enrolment{
		Kind: wordpress.Kind, Claim: network.Claim{Site: s.blog.URL(), Name: blogger, Password: s.blogPassword},
	})
	return err
}

// blogSay leaves a comment under an article.
func (s *stage) blogSay(t remark, parent int64, at time.Time) error {
	_, err := s.blog.Say(wordpresstest.Comment{Parent: parent, Name: t.name, Email: t.email, URL: t.url, Type: t.kind, Content: t.text, Status: t.status, At: at})
	return err
}

// blogRemarks has people comment during the evening.
func (s *stage) blogRemarks(ctx context.Context) error {
	var at time.Duration
	for _, t := range remarks {
		if t.after == 0 {
			continue
		}
		if !s.wait(ctx, t.after-at) {
			return nil
		}
		at = t.after
		if err := s.blogSay(t, 0, time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// thankOnBlog has whoever the place answered there thank it.
func (s *stage) thankOnBlog(ctx context.Context, answers <-chan wordpresstest.Comment) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case c := <-answers:
			above, _ := s.blog.Find(c.Parent)
			for _, t := range remarks {
				if t.thanks == "" || t.email != above.Email {
					continue
				}
				if !s.wait(ctx, 12*time.Second) {
					return nil
				}
				t.text, t.status = t.thanks, "approved"
				if err := s.blogSay(t, c.ID, time.Now()); err != nil {
					return err
				}
			}
		}
	}
}
