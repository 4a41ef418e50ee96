package email_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/network/email/emailtest"
)

const (
	bar   = "bonjour@lezinc.example"
	guest = "maude@example.org"
)

func start(t *testing.T) *emailtest.Server {
	t.Helper()
	s, err := emailtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	s.Add(bar, "bar-pw")
	s.Add(guest, "guest-pw")
	return s
}

func open(t *testing.T, s *emailtest.Server, e email.Endpoint, password string) *email.Client {
	t.Helper()
	c, err := email.Driver{}.Open(e.String(), network.NewCredential(map[string]string{email.IMAPPassword: password}), s.Wire())
	if err != nil {
		t.Fatal(err)
	}
	return c.(*email.Client)
}

func client(t *testing.T, s *emailtest.Server) *email.Client {
	return open(t, s, s.EndpointTLS(bar, "Le Zinc"), "bar-pw")
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

func raw(id, subject, text string, extra ...string) []byte {
	h := ""
	for _, e := range extra {
		h += e + "\r\n"
	}
	return []byte(fmt.Sprintf("From: Maude <%s>\r\nTo: <%s>\r\nSubject: %s\r\nDate: Mon, 23 Nov 2026 10:00:00 -0500\r\nMessage-ID: <%s>\r\n%s\r\n%s\r\n", guest, bar, subject, id, h, text))
}

func deliver(t *testing.T, s *emailtest.Server, mails ...[]byte) {
	t.Helper()
	for _, m := range mails {
		if err := s.Deliver(bar, m, time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestAMailIsReadAnsweredAndFoundAgainOverEverySecurity(t *testing.T) {
	for name, endpoint := range map[string]func(*emailtest.Server) email.Endpoint{
		"tls":      func(s *emailtest.Server) email.Endpoint { return s.EndpointTLS(bar, "Le Zinc") },
		"starttls": func(s *emailtest.Server) email.Endpoint { return s.EndpointStartTLS(bar, "Le Zinc") },
		"none":     func(s *emailtest.Server) email.Endpoint { return s.Endpoint(bar, "Le Zinc") },
	} {
		t.Run(name, func(t *testing.T) {
			s := start(t)
			c, ctx := open(t, s, endpoint(s), "bar-pw"), within(t)
			p, err := c.Profile(ctx)
			if err != nil || p.Handle != bar {
				t.Fatalf("Profile = %+v, %v", p, err)
			}
			deliver(t, s, raw("abc12345@example.org", "Samedi", "On est huit."))
			page, err := c.Fetch(ctx, "")
			if err != nil || len(page.Messages) != 1 {
				t.Fatalf("Fetch = %+v, %v", page, err)
			}
			m := page.Messages[0]
			if m.Text != "On est huit." || m.Subject != "Samedi" || m.Author.ID != guest || m.ID != "abc12345@example.org" {
				t.Fatalf("message = %+v", m)
			}
			d := network.Draft{Key: c.NewKey(), Text: "Avec plaisir, à samedi !", ReplyTo: &m}
			r, err := c.Publish(ctx, d)
			if err != nil || r.Note != "" {
				t.Fatalf("Publish = %+v, %v", r, err)
			}
			if n := len(s.Ledger()); n != 1 {
				t.Fatalf("%d mails accepted", n)
			}
			if n := len(s.Sent(bar)); n != 1 {
				t.Fatalf("%d copies in Sent", n)
			}
			if got := s.Flagged(bar); len(got) != 1 {
				t.Fatalf("flags set: %q", got)
			}
			if _, err := c.Find(ctx, d); err != nil {
				t.Fatalf("Find = %v", err)
			}
			g := open(t, s, s.EndpointTLS(guest, ""), "guest-pw")
			back, err := g.Fetch(ctx, "")
			if err != nil || len(back.Messages) != 1 {
				t.Fatalf("the guest's Fetch = %+v, %v", back, err)
			}
			if a := back.Messages[0]; a.ReplyTo != m.ID || a.Thread != m.Thread || a.Subject != "Re: Samedi" || a.Text != d.Text || a.Author.Name != "Le Zinc" {
				t.Fatalf("answer = %+v", a)
			}
			again, err := c.Fetch(ctx, page.Next)
			if err != nil || len(again.Messages) != 0 || again.Next != page.Next {
				t.Fatalf("second Fetch = %+v, %v", again, err)
			}
		})
	}
}
