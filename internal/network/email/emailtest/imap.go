package emailtest

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"
)

const sentName = "Envoyés"

// session is one IMAP connection; go-imap's server in memory does most of the work.
type session struct {
	*imapmemserver.UserSession
	server  *Server
	conn    *imapserver.Conn
	account *account
}

func (s *Server) newIMAP(c *imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
	return &session{server: s, conn: c}, &imapserver.GreetingData{}, nil
}

func (x *session) Close() error {
	if x.UserSession == nil {
		return nil
	}
	return x.UserSession.Close()
}

func (x *session) Login(user, password string) error {
	t := x.server.now()
	if t.Throttled > 0 {
		x.server.signIns.Add(1)
		return &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeLimit, Text: fmt.Sprintf("Too many logins, try again in %d seconds", int(t.Throttled.Seconds()))}
	}
	a := x.server.signIn(user, password)
	if a == nil {
		return imapserver.ErrAuthFailed
	}
	x.account, x.UserSession = a, imapmemserver.NewUserSession(a.user)
	return nil
}

// signIn returns the account, nil when the password is not its own.
func (s *Server) signIn(user, password string) *account {
	s.signIns.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	a := s.accounts[strings.ToLower(user)]
	if a == nil || a.password != password || s.trouble.WrongPassword {
		return nil
	}
	return a
}

func (x *session) List(w *imapserver.ListWriter, ref string, patterns []string, options *imap.ListOptions) error {
	if len(patterns) == 0 {
		return x.UserSession.List(w, ref, patterns, options)
	}
	for _, m := range []imap.ListData{{Mailbox: "Drafts", Attrs: []imap.MailboxAttr{imap.MailboxAttrDrafts}}, {Mailbox: sentName, Attrs: []imap.MailboxAttr{imap.MailboxAttrSent}}, {Mailbox: "INBOX"}} {
		if options.SelectSpecialUse && len(m.Attrs) == 0 {
			continue
		}
		for _, p := range patterns {
			if imapserver.MatchList(m.Mailbox, '/', ref, p) {
				m.Delim = '/'
				if err := w.WriteList(&m); err != nil {
					return err
				}
				break
			}
		}
	}
	return nil
}

func (x *session) Append(box string, r imap.LiteralReader, options *imap.AppendOptions) (*imap.AppendData, error) {
	raw, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	if x.server.now().NoAppend {
		return nil, &imap.Error{Type: imap.StatusResponseTypeNo, Code: imap.ResponseCodeOverQuota, Text: "Mailbox is full"}
	}
	if err := Check(raw); err != nil {
		return nil, &imap.Error{Type: imap.StatusResponseTypeNo, Text: err.Error()}
	}
	data, err := x.UserSession.Append(box, literal{bytes.NewReader(raw)}, options)
	if err == nil && box == sentName {
		x.server.mu.Lock()
		x.account.sent = append(x.account.sent, raw)
		x.server.mu.Unlock()
	}
	return data, err
}

func (x *session) Fetch(w *imapserver.FetchWriter, set imap.NumSet, options *imap.FetchOptions) error {
	t := x.server.now()
	if len(options.BodySection) > 0 && t.CutFetch > 0 {
		x.wire().cutAfter(t.CutFetch)
	}
	if options.BodyStructure != nil && t.NoStructure {
		io.WriteString(x.wire(), "* 1 FETCH (BODYSTRUCTURE (((((\r\n")
		return &imap.Error{Type: imap.StatusResponseTypeNo, Text: "Broken"}
	}
	uids, ok := set.(imap.UIDSet)
	if !ok || len(options.BodySection) == 0 || len(t.Unreadable) == 0 {
		return x.UserSession.Fetch(w, set, options)
	}
	var readable imap.UIDSet
	for _, r := range uids {
		for u := r.Start; u <= r.Stop && u > 0; u++ {
			if !t.Unreadable[uint32(u)] {
				readable.AddNum(u)
				continue
			}
			m := w.CreateMessage(uint32(u))
			m.WriteUID(u)
			body := m.WriteBodySection(options.BodySection[0], 0)
			body.Close()
			if err := m.Close(); err != nil {
				return err
			}
		}
	}
	return x.UserSession.Fetch(w, readable, options)
}

func (x *session) wire() *wire { return unwrap(x.conn.NetConn()) }

func (x *session) Store(w *imapserver.FetchWriter, set imap.NumSet, flags *imap.StoreFlags, options *imap.StoreOptions) error {
	x.server.mu.Lock()
	for _, f := range flags.Flags {
		x.account.flagged = append(x.account.flagged, fmt.Sprintf("%v %s", set, f))
	}
	x.server.mu.Unlock()
	return x.UserSession.Store(w, set, flags, options)
}
