package demo

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/network/bluesky/blueskytest"
	"comptoir/internal/network/email/emailtest"
	"comptoir/internal/network/mastodon/mastodontest"
	"comptoir/internal/network/wordpress/wordpresstest"
)

// play lets guests come, mails arrive and colleagues go to tables, until ctx ends.
func (s *stage) play(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	thanks := make(chan string, 16)
	s.mail.OnMail(func(m emailtest.Accepted) {
		for _, to := range m.To {
			select {
			case thanks <- to:
			default:
			}
		}
	})
	answers := make(chan mastodontest.Post, 16)
	s.fediverse.OnPost(func(p mastodontest.Post) {
		select {
		case answers <- p:
		default:
		}
	})
	said := make(chan blueskytest.Record, 16)
	s.sky.OnPost(func(r blueskytest.Record) {
		select {
		case said <- r:
		default:
		}
	})
	remarked := make(chan wordpresstest.Comment, 16)
	s.blog.OnAnswer(func(c wordpresstest.Comment) {
		select {
		case remarked <- c:
		default:
		}
	})
	g.Go(func() error { return s.guests(ctx) })
	g.Go(func() error { return s.post(ctx) })
	g.Go(func() error { return s.colleagues(ctx) })
	g.Go(func() error { return s.answer(ctx, thanks) })
	g.Go(func() error { return s.mentions(ctx) })
	g.Go(func() error { return s.thankForToots(ctx, answers) })
	g.Go(func() error { return s.skyMentions(ctx) })
	g.Go(func() error { return s.thankInTheSky(ctx, said) })
	g.Go(func() error { return s.blogRemarks(ctx) })
	g.Go(func() error { return s.thankOnBlog(ctx, remarked) })
	return g.Wait()
}

// wait pauses for d at the evening's speed, and tells whether the evening goes on.
func (s *stage) wait(ctx context.Context, d time.Duration) bool {
	if s.cfg.Speed > 0 {
		d = time.Duration(float64(d) / s.cfg.Speed)
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}

// guests play the evening, then go on as evenings do.
func (s *stage) guests(ctx context.Context) error {
	var at time.Duration
	for _, a := range evening {
		if !s.wait(ctx, a.after-at) {
			return nil
		}
		at = a.after
		if err := s.act(ctx, a); err != nil {
			return err
		}
	}
	for s.wait(ctx, 20*time.Second+time.Duration(s.rand.IntN(40))*time.Second) {
		a := later[s.rand.IntN(len(later))]
		a.table = 1 + s.rand.IntN(len(s.tables))
		if err := s.act(ctx, a); err != nil {
			return err
		}
	}
	return nil
}

// act is a guest's phone: it opens the table's page and sends the form, as any browser would.
func (s *stage) act(ctx context.Context, a guestAct) error {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return err
	}
	phone := *s.phones.Operator().HTTP
	phone.Jar = jar
	page := "http://" + address(s.app) + "/t/" + s.tables[a.table]
	form := url.Values{"kind": {a.kind}, "text": {a.text}}
	for _, step := range []struct {
		method string
		body   string
	}{{http.MethodGet, ""}, {http.MethodPost, form.Encode()}} {
		req, err := http.NewRequestWithContext(ctx, step.method, page, strings.NewReader(step.body))
		if err != nil {
			return err
		}
		req.Header.Set("Accept-Language", a.lang)
		if step.method == http.MethodPost {
			req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		}
		resp, err := phone.Do(req)
		if err != nil {
			if ctx.Err() != nil {
				return nil
			}
			return err
		}
		resp.Body.Close()
		// Too soon is what the room's own limits say to a guest who insists; anything else is a broken demo.
		if resp.StatusCode >= 400 && resp.StatusCode != http.StatusTooManyRequests {
			return fmt.Errorf("demo: %s of a table's page: %s", step.method, resp.Status)
		}
	}
	return nil
}

// post delivers the evening's mails.
func (s *stage) post(ctx context.Context) error {
	var at time.Duration
	for _, l := range letters {
		if l.after == 0 {
			continue
		}
		if !s.wait(ctx, l.after-at) {
			return nil
		}
		at = l.after
		if err := s.deliver(l, time.Now()); err != nil {
			return err
		}
	}
	return nil
}

// answer has people thank the place for its mails.
func (s *stage) answer(ctx context.Context, to <-chan string) error {
	for {
		select {
		case <-ctx.Done():
			return nil
		case address := <-to:
			for _, l := range letters {
				if l.from != address || l.thanks == "" {
					continue
				}
				if !s.wait(ctx, 12*time.Second) {
					return nil
				}
				l.subject, l.body, l.header = "Re: "+l.subject, l.thanks, s.threading(address)
				if err := s.deliver(l, time.Now()); err != nil {
					return err
				}
			}
		}
	}
}

// threading is the header by which an answer finds the place's last mail to somebody.
func (s *stage) threading(address string) string {
	ledger := s.mail.Ledger()
	for i := len(ledger) - 1; i >= 0; i-- {
		if len(ledger[i].To) > 0 && ledger[i].To[0] == address {
			if id := headerField(ledger[i].Data, "Message-ID"); id != "" {
				return "In-Reply-To: " + id + "\r\nReferences: " + id + "\r\n"
			}
		}
	}
	return ""
}

func headerField(raw []byte, name string) string {
	head, _, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	for line := range strings.SplitSeq(string(head), "\r\n") {
		if n, v, ok := strings.Cut(line, ":"); ok && strings.EqualFold(n, name) {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// deliver puts a letter into the place's mailbox.
func (s *stage) deliver(l letter, at time.Time) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "From: %s <%s>\r\nTo: Le Zinc <%s>\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@%s>\r\n%sMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n",
		mime.QEncoding.Encode("utf-8", l.name), l.from, mailbox, mime.QEncoding.Encode("utf-8", l.subject), at.Format(time.RFC1123Z), db.NewID(), "exemple.test", l.header)
	q := quotedprintable.NewWriter(&b)
	if _, err := q.Write([]byte(strings.ReplaceAll(l.body, "\n", "\r\n"))); err != nil {
		return err
	}
	if err := q.Close(); err != nil {
		return err
	}
	b.WriteString("\r\n")
	return s.mail.Deliver(mailbox, b.Bytes(), at)
}

// colleagues go to the tables that nobody has gone to for a while.
func (s *stage) colleagues(ctx context.Context) error {
	for s.wait(ctx, 5*time.Second) {
		calls, err := floor.Waiting(ctx, s.app.DB, s.place.ID)
		if err != nil {
			return nil // the server is stopping
		}
		for _, c := range calls {
			who := s.staff[s.rand.IntN(len(s.staff))]
			waited := time.Since(c.ReceivedAt)
			var gesture func(context.Context, db.Tx) error
			switch {
			case c.State == floor.Received && waited > s.patience(40*time.Second):
				gesture = func(ctx context.Context, tx db.Tx) error {
					_, err := s.app.Floor.Take(ctx, tx, who, s.place.ID, c.ID)
					return err
				}
			case c.State == floor.Taken && waited > s.patience(100*time.Second):
				gesture = func(ctx context.Context, tx db.Tx) error {
					_, err := s.app.Floor.Finish(ctx, tx, s.staff[0], s.place.ID, c.ID)
					return err
				}
			default:
				continue
			}
			// A colleague, or whoever watches the demonstration, may have been first.
			_ = s.app.DB.Write(ctx, func(tx db.Tx) error { return gesture(ctx, tx) })
		}
	}
	return nil
}

func (s *stage) patience(d time.Duration) time.Duration {
	if s.cfg.Speed > 0 {
		d = time.Duration(float64(d) / s.cfg.Speed)
	}
	return d
}
