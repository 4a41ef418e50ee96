// Package emailtest is a mail server in memory, for tests and for `comptoir demo`: IMAP and SMTP on loopback,
// with as many mailboxes as wanted.
//
// It is strict where real servers are: it signs in before anything else, takes mail only from who signed in
// and refuses content that a real server would (see Check). A test can make it fail in the ways that real ones
// do (see Trouble). What it accepted is in its ledger.
package emailtest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
	"github.com/emersion/go-smtp"

	"comptoir/internal/network/email"
)

// Accepted is a mail that the server took responsibility for.
type Accepted struct {
	From string
	To   []string
	Data []byte
	At   time.Time
}

// Server is a running mail server. Its methods may be called from any goroutine.
type Server struct {
	imap, imaps, smtp, smtps net.Listener
	imapServer               *imapserver.Server
	smtpServers              []*smtp.Server
	certificate              tls.Certificate
	pool                     *certPool
	running                  sync.WaitGroup
	signIns                  atomic.Int64

	mu       sync.Mutex // guards what follows
	accounts map[string]*account
	ledger   []Accepted
	trouble  Trouble
	conns    map[*wire]bool
	onMail   func(Accepted)
}

// account is one mailbox.
type account struct {
	address, password string
	user              *imapmemserver.User
	inbox             []stored // what INBOX holds, in order, to number it anew
	sent              [][]byte // what clients stored in Sent
	flagged           []string // "UID flag" for each flag that a client set
}

type stored struct {
	raw []byte
	at  time.Time
}

// Start starts a server on free ports of 127.0.0.1. Close ends it.
func Start() (*Server, error) {
	cert, pool, err := newCertificate()
	if err != nil {
		return nil, err
	}
	s := &Server{certificate: cert, pool: pool, accounts: map[string]*account{}, conns: map[*wire]bool{}}
	for _, l := range []*net.Listener{&s.imap, &s.imaps, &s.smtp, &s.smtps} {
		if *l, err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			s.Close()
			return nil, fmt.Errorf("emailtest: %w", err)
		}
	}
	config := &tls.Config{Certificates: []tls.Certificate{cert}}
	s.imapServer = imapserver.New(&imapserver.Options{
		NewSession:   s.newIMAP,
		Caps:         imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapSpecialUse: {}, imap.CapUIDPlus: {}, imap.CapNamespace: {}, imap.CapListExtended: {}},
		TLSConfig:    config,
		InsecureAuth: true,
		Logger:       log.New(io.Discard, "", 0),
	})
	s.serve(func() { s.imapServer.Serve(listener{s.imap, s, nil}) })
	s.serve(func() { s.imapServer.Serve(listener{s.imaps, s, config}) })
	for _, l := range []net.Listener{listener{s.smtp, s, nil}, listener{s.smtps, s, config}} {
		srv := s.newSMTP(config)
		s.smtpServers = append(s.smtpServers, srv)
		s.serve(func() { srv.Serve(l) })
	}
	return s, nil
}

func (s *Server) serve(f func()) {
	s.running.Add(1)
	go func() {
		defer s.running.Done()
		f()
	}()
}

// Close ends every connection and waits until the server is gone.
func (s *Server) Close() {
	if s.imapServer != nil {
		s.imapServer.Close()
	}
	for _, srv := range s.smtpServers {
		srv.Close()
	}
	for _, l := range []net.Listener{s.imap, s.imaps, s.smtp, s.smtps} {
		if l != nil {
			l.Close()
		}
	}
	s.Disconnect()
	s.running.Wait()
}

// Add opens a mailbox with INBOX, Drafts and Sent.
func (s *Server) Add(address, password string) {
	u := imapmemserver.NewUser(address, password)
	for _, name := range []string{"INBOX", "Drafts", sentName} {
		if err := u.Create(name, nil); err != nil {
			panic(err) // a new user has no mailbox of that name
		}
	}
	burn(u)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accounts[strings.ToLower(address)] = &account{address: address, password: password, user: u}
}

// burn uses the first numbers of INBOX up, as in any mailbox where mail was ever deleted.
func burn(u *imapmemserver.User) {
	for range 5 {
		u.Append("INBOX", literal{bytes.NewReader([]byte("Subject: gone\r\n\r\n"))}, &imap.AppendOptions{Flags: []imap.Flag{imap.FlagDeleted}})
	}
	x := imapmemserver.NewUserSession(u)
	x.Select("INBOX", &imap.SelectOptions{})
	x.Expunge(nil, nil)
	x.Close()
}

// Endpoint is the account as the driver opens it, without encryption (loopback only).
func (s *Server) Endpoint(address, name string) email.Endpoint {
	return s.endpoint(address, name, email.Plain, s.imap, s.smtp)
}

// EndpointTLS is the account over TLS; EndpointStartTLS the same over STARTTLS.
func (s *Server) EndpointTLS(address, name string) email.Endpoint {
	return s.endpoint(address, name, email.TLS, s.imaps, s.smtps)
}

// EndpointStartTLS is the account over STARTTLS.
func (s *Server) EndpointStartTLS(address, name string) email.Endpoint {
	return s.endpoint(address, name, email.StartTLS, s.imap, s.smtp)
}

func (s *Server) endpoint(address, name string, sec email.Security, in, out net.Listener) email.Endpoint {
	server := func(l net.Listener) email.Server {
		return email.Server{Host: "127.0.0.1", Port: l.Addr().(*net.TCPAddr).Port, Security: sec, User: address}
	}
	return email.Endpoint{Address: address, Name: name, IMAP: server(in), SMTP: server(out)}
}

// Deliver puts a mail into an INBOX as if it had come from another server. A zero at is now.
func (s *Server) Deliver(address string, raw []byte, at time.Time) error {
	s.mu.Lock()
	a := s.accounts[strings.ToLower(address)]
	s.mu.Unlock()
	if a == nil {
		return fmt.Errorf("emailtest: no mailbox %q", address)
	}
	if at.IsZero() {
		at = time.Now()
	}
	return a.put(s, stored{raw, at})
}

func (a *account) put(s *Server, m stored) error {
	s.mu.Lock()
	a.inbox = append(a.inbox, m)
	u := a.user
	s.mu.Unlock()
	_, err := u.Append("INBOX", literal{bytes.NewReader(m.raw)}, &imap.AppendOptions{Time: m.at})
	return err
}

type literal struct{ *bytes.Reader }

// Renumber gives INBOX a new UIDVALIDITY and every mail in it a new UID, the order kept.
func (s *Server) Renumber(address string) error {
	s.mu.Lock()
	a := s.accounts[strings.ToLower(address)]
	mails := append([]stored(nil), a.inbox...)
	s.mu.Unlock()
	err := errors.Join(a.user.Delete("INBOX"), a.user.Create("INBOX", nil))
	for _, m := range mails {
		_, e := a.user.Append("INBOX", literal{bytes.NewReader(m.raw)}, &imap.AppendOptions{Time: m.at})
		err = errors.Join(err, e)
	}
	return err
}

// Ledger lists what was accepted by SMTP, in order.
func (s *Server) Ledger() []Accepted {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Accepted(nil), s.ledger...)
}

// SignIns counts the attempts to sign in, to either half, failed ones too.
func (s *Server) SignIns() int { return int(s.signIns.Load()) }

// Inbox lists what the INBOX of an account was given, in order.
func (s *Server) Inbox(address string) (raw [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, m := range s.accounts[strings.ToLower(address)].inbox {
		raw = append(raw, m.raw)
	}
	return raw
}

// Sent lists what lies in the Sent mailbox of an account.
func (s *Server) Sent(address string) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([][]byte(nil), s.accounts[strings.ToLower(address)].sent...)
}

// Flagged lists the flags that clients of an account have set, as "UID flag".
func (s *Server) Flagged(address string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.accounts[strings.ToLower(address)].flagged...)
}

// OnMail calls f, one call at a time, for each accepted mail after it is delivered: whoever plays the
// guests in a demonstration answers from here.
func (s *Server) OnMail(f func(Accepted)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.onMail = f
}
