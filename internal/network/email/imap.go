package email

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"
	"github.com/emersion/go-sasl"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// session is one signed-in connection to the IMAP server.
type session struct {
	*imapclient.Client
	conn *conn
	// exists gets a value whenever the server speaks, unasked, of how many mails there are.
	exists chan struct{}
}

// imap connects and signs in. Its faults say that it was the receiving half that failed.
func (c *Client) imap(ctx context.Context, op string) (*session, error) {
	conn, err := connect(ctx, c.wire, c.endpoint.IMAP, network.MaxBody, imapStartTLS)
	if err != nil {
		return nil, connectFault(ctx, err, op, "email.fault.imap_connect", c.endpoint.IMAP)
	}
	if c.endpoint.IMAP.Security == StartTLS {
		conn.head = []byte("* OK ready\r\n") // the real greeting was before the encryption
	}
	s := &session{conn: conn, exists: make(chan struct{}, 1)}
	s.Client = imapclient.New(conn, &imapclient.Options{UnilateralDataHandler: &imapclient.UnilateralDataHandler{
		Mailbox: func(d *imapclient.UnilateralDataMailbox) {
			if d.NumMessages != nil {
				s.wake()
			}
		},
	}})
	if err := s.WaitGreeting(); err != nil {
		s.end()
		if !conn.beganAs("* ") {
			return nil, connectFault(ctx, errForeign, op, "email.fault.imap_connect", c.endpoint.IMAP)
		}
		return nil, imapFault(ctx, err, op, "email.fault.imap_connect", c.endpoint.IMAP)
	}
	if err := s.signIn(c.endpoint.IMAP.User, c.password(IMAPPassword)); err != nil {
		s.end()
		return nil, loginFault(ctx, err, op, c.endpoint.IMAP)
	}
	return s, nil
}

func (s *session) wake() {
	select {
	case s.exists <- struct{}{}:
	default: // one is waiting already
	}
}

func (s *session) signIn(user, password string) error {
	caps := s.Caps()
	if caps.Has(imap.AuthCap(sasl.Plain)) {
		return s.Authenticate(sasl.NewPlainClient("", user, password))
	}
	if caps.Has(imap.CapLoginDisabled) {
		return errNoPassword
	}
	return s.Login(user, password).Wait()
}

// end says goodbye without waiting for the answer, and closes.
func (s *session) end() {
	s.conn.SetDeadline(time.Now().Add(time.Second))
	if s.State() == imap.ConnStateAuthenticated || s.State() == imap.ConnStateSelected {
		s.Logout()
	}
	s.conn.Close()
	s.Close()
}

// examine selects the mailbox that is read, without changing anything in it.
func (c *Client) examine(ctx context.Context, s *session, op string) (*imap.SelectData, error) {
	data, err := s.Select(c.endpoint.Mailbox, &imap.SelectOptions{ReadOnly: true}).Wait()
	if err != nil {
		if e, ok := errors.AsType[*imap.Error](err); ok && e.Type == imap.StatusResponseTypeNo && !passing(e) {
			return nil, fault.Wrap(err, fault.NotFound, op, "email.fault.mailbox", "mailbox", c.endpoint.Mailbox)
		}
		return nil, c.imapFault(ctx, err, op)
	}
	return data, nil
}

// usualSent are the names of Sent where servers do not mark it, by how often they are met.
var usualSent = []string{"Sent", "INBOX.Sent", "INBOX/Sent", "Sent Items", "Sent Messages", "Éléments envoyés", "Messages envoyés", "Envoyés", "Courrier envoyé", "INBOX.Envoyés", "INBOX.Sent Items", "Objets envoyés"}

// sentMailbox finds where copies of our mails lie, "" when there is no such place.
func (c *Client) sentMailbox(s *session) (string, error) {
	if c.endpoint.Sent != "" {
		return c.endpoint.Sent, nil
	}
	list, err := s.List("", "*", nil).Collect()
	if err != nil {
		return "", err
	}
	names := map[string]bool{}
	for _, m := range list {
		for _, a := range m.Attrs {
			if strings.EqualFold(string(a), string(imap.MailboxAttrSent)) {
				return m.Mailbox, nil
			}
		}
		names[m.Mailbox] = true
	}
	if s.Caps().Has(imap.CapSpecialUse) { // some tell only who asks
		marked, err := s.List("", "*", &imap.ListOptions{SelectSpecialUse: true}).Collect()
		if err != nil && !isNo(err) {
			return "", err
		}
		for _, m := range marked {
			for _, a := range m.Attrs {
				if strings.EqualFold(string(a), string(imap.MailboxAttrSent)) {
					return m.Mailbox, nil
				}
			}
		}
	}
	for _, n := range usualSent {
		if names[n] {
			return n, nil
		}
	}
	return "", nil
}

// storesSent tells whether sending through this account's SMTP server puts the copy in Sent by itself.
func (c *Client) storesSent(s *session) bool {
	if c.endpoint.SentByServer != nil {
		return *c.endpoint.SentByServer
	}
	host := strings.ToLower(c.endpoint.SMTP.Host)
	return s.Caps().Has("X-GM-EXT-1") || host == "smtp.office365.com" || host == "smtp-mail.outlook.com" || host == "smtp.gmail.com"
}

// headerSearch finds mails of the selected mailbox whose field holds the text.
func (s *session) headerSearch(field, value string) ([]imap.UID, error) {
	data, err := s.UIDSearch(&imap.SearchCriteria{Header: []imap.SearchCriteriaHeaderField{{Key: field, Value: value}}}, nil).Wait()
	if err != nil {
		return nil, err
	}
	return firstUIDs(data.All, 1, 50), nil
}

// firstUIDs lists at most n numbers of a set, from the given one on. A set may name four thousand million.
func firstUIDs(all imap.NumSet, from imap.UID, n int) []imap.UID {
	set, _ := all.(imap.UIDSet)
	var out []imap.UID
	for _, r := range set {
		if r.Start == 0 || r.Stop == 0 {
			continue
		}
		for u := max(r.Start, from); u <= r.Stop && len(out) < n; u++ {
			out = append(out, u)
			if u == ^imap.UID(0) {
				break
			}
		}
	}
	return out
}

func imapStartTLS(c net.Conn) error {
	greeting, err := readLine(c)
	if err != nil {
		return err
	}
	if !strings.HasPrefix(greeting, "* ") {
		return errForeign
	}
	if !strings.HasPrefix(greeting, "* OK") {
		return fmt.Errorf("greeting: %.200q", greeting)
	}
	if _, err := io.Copy(c, bytes.NewReader([]byte("c0 STARTTLS\r\n"))); err != nil {
		return err
	}
	for range 100 {
		line, err := readLine(c)
		if err != nil {
			return err
		}
		if rest, ok := strings.CutPrefix(line, "c0 "); ok {
			if strings.HasPrefix(rest, "OK") {
				return nil
			}
			return fmt.Errorf("%w: %.200q", errNoStartTLS, rest)
		}
	}
	return errTooMuch
}
