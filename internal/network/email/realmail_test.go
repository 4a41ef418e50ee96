package email_test

import (
	"bytes"
	"context"
	"fmt"
	"net/mail"
	"net/smtp"
	"os"
	"strings"
	"testing"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/network/email/realtest"
)

func TestMain(m *testing.M) {
	code := m.Run()
	realtest.Stop()
	os.Exit(code)
}

// openReal opens a mailbox of the real servers.
func openReal(t *testing.T, r *realtest.Servers, account, password string, sec email.Security) *email.Client {
	c, err := email.Driver{}.Open(r.Endpoint(account, sec).String(), network.NewCredential(map[string]string{email.IMAPPassword: password}), r.Wire)
	if err != nil {
		t.Fatal(err)
	}
	return c.(*email.Client)
}

func TestRealServersCarryAMailAndItsAnswer(t *testing.T) {
	r := realtest.Need(t)
	for _, sec := range []email.Security{email.TLS, email.StartTLS} {
		t.Run(string(sec), func(t *testing.T) {
			bar, guest := r.Account(), r.Account()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			c := openReal(t, r, bar, realtest.PasswordOf(bar), sec)
			if _, err := c.Profile(ctx); err != nil {
				t.Fatal(err)
			}
			page, err := c.Fetch(ctx, "")
			if err != nil {
				t.Fatal(err)
			}
			woken := make(chan error, 1)
			go func() { woken <- c.Wait(ctx, page.Next) }()
			time.Sleep(300 * time.Millisecond)
			sent := time.Now()
			first := "From: <" + guest + "@example.test>\r\nTo: <" + bar + "@example.test>\r\nSubject: =?utf-8?q?R=C3=A9servation_samedi?=\r\nDate: " + sent.Format(time.RFC1123Z) + "\r\nMessage-ID: <first.20261123@example.test>\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nOn est huit. Une table près du DJ ?\r\n"
			if err := smtp.SendMail(fmt.Sprintf("127.0.0.1:%d", r.SMTP), nil, guest+"@example.test", []string{bar + "@example.test"}, []byte(first)); err != nil {
				t.Fatal(err)
			}
			if err := <-woken; err != nil {
				t.Fatalf("Wait = %v", err)
			}
			t.Logf("woken %v after the mail was sent", time.Since(sent))
			page, err = c.Fetch(ctx, page.Next)
			if err != nil || len(page.Messages) != 1 || page.Messages[0].Text != "On est huit. Une table près du DJ ?" {
				t.Fatalf("Fetch = %+v, %v", page, err)
			}
			m := page.Messages[0]
			d := network.Draft{Key: c.NewKey(), Text: "Avec plaisir, à samedi !", ReplyTo: &m}
			rec, err := c.Publish(ctx, d)
			if err != nil || rec.Note != "" {
				t.Fatalf("Publish = %+v, %v", rec, err)
			}
			if found, err := c.Find(ctx, d); err != nil || !strings.Contains(found.Note, "Sent") {
				t.Errorf("Find = %+v, %v", found, err)
			}
			if err := r.Settle(); err != nil {
				t.Fatal(err)
			}
			mails, err := r.Lying(guest)
			if err != nil || len(mails) != 1 {
				t.Fatalf("%d mails lie in the guest's mailbox, %v", len(mails), err)
			}
			got, err := mail.ReadMessage(bytes.NewReader(mails[0]))
			if err != nil {
				t.Fatal(err)
			}
			if h := got.Header; h.Get("In-Reply-To") != "<first.20261123@example.test>" || h.Get("References") != "<first.20261123@example.test>" || h.Get("Message-ID") != "<"+d.Key+">" {
				t.Errorf("the answer's header is %v", h)
			}
			back, err := openReal(t, r, guest, realtest.PasswordOf(guest), sec).Fetch(ctx, "")
			if err != nil || len(back.Messages) != 1 || back.Messages[0].Thread != m.Thread {
				t.Errorf("the guest reads %+v, %v", back, err)
			}
		})
	}
}
