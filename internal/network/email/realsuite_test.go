package email_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	gosmtp "github.com/emersion/go-smtp"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/network/email/realtest"
	"comptoir/internal/network/networktest"
)

// realFake is a pair of mailboxes of the real servers as the conformance suite wants them. Mails come in by
// LMTP, as OpenSMTPD hands them on, and the ledger is what lies in the other mailbox once its queue is empty.
type realFake struct {
	*realtest.Servers
	t          testing.TB
	bar, guest string
	n          int
}

func TestConformanceOfTheRealServers(t *testing.T) {
	r := realtest.Need(t)
	networktest.Run(t, email.Driver{}, func(t testing.TB) networktest.Fake {
		return &realFake{Servers: r, t: t, bar: r.Account(), guest: r.Account()}
	})
}

func (f *realFake) RealServer() {}

func (f *realFake) Account() (string, network.Credential) {
	return f.Endpoint(f.bar, email.TLS).String(), network.NewCredential(map[string]string{email.IMAPPassword: realtest.PasswordOf(f.bar)})
}

func (f *realFake) Wire() network.Wire { return f.Servers.Wire }

func (f *realFake) Someone() network.Author {
	a := f.guest + "@example.test"
	return network.Author{ID: network.RemoteID(a), Handle: a, Name: "Maude Gagné"}
}

func (f *realFake) Say(s networktest.Said) error {
	at := s.At
	if at.IsZero() {
		at = time.Now()
	}
	f.n++
	to := f.bar + "@example.test"
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", f.LMTP))
	if err != nil {
		return err
	}
	c := gosmtp.NewClientLMTP(conn)
	defer c.Close()
	return c.SendMail(string(s.From.ID), []string{to}, bytes.NewReader(written(s, at, f.n, to, f.ours())))
}

func (f *realFake) ours() [][]byte {
	if err := f.Settle(); err != nil {
		f.t.Fatal(err)
	}
	mails, err := f.Lying(f.guest)
	if err != nil {
		f.t.Fatal(err)
	}
	return mails
}

func (f *realFake) Accepted() []networktest.Accepted { return ledgerOf(f.ours()) }

// Renumber makes Dovecot forget its numbers, as when a mailbox is restored from a backup.
func (f *realFake) Renumber() error {
	time.Sleep(1100 * time.Millisecond) // UIDVALIDITY is a time in seconds
	var err error
	for _, name := range []string{"dovecot-uidlist", "dovecot-uidvalidity*", "dovecot.index*", "dovecot.list.index*"} {
		files, _ := filepath.Glob(filepath.Join(f.Dir, "mail", f.bar+"@example.test", name))
		for _, file := range files {
			err = errors.Join(err, os.Remove(file))
		}
	}
	return err
}

func TestRealServersRefuseAWrongPassword(t *testing.T) {
	r := realtest.Need(t)
	for _, sec := range []email.Security{email.TLS, email.StartTLS} {
		c := openReal(t, r, r.Account(), "wrong", sec)
		ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
		defer cancel()
		if _, err := c.Profile(ctx); !fault.Is(err, fault.Unauthenticated) || fault.As(err).Key != "email.fault.imap_login" {
			t.Errorf("Profile over %s = %v, want Unauthenticated", sec, err)
		}
		if _, err := c.Fetch(ctx, ""); !fault.Is(err, fault.Unauthenticated) {
			t.Errorf("Fetch over %s = %v, want Unauthenticated", sec, err)
		}
	}
}
