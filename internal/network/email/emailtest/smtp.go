package emailtest

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

// maxMail is the most that the server takes, in bytes, as its EHLO says.
const maxMail = 35 << 20

func (s *Server) newSMTP(config *tls.Config) *smtp.Server {
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &submission{server: s, conn: c}, nil
	}))
	srv.Domain, srv.TLSConfig, srv.AllowInsecureAuth = "mail.test", config, true
	srv.MaxMessageBytes, srv.MaxRecipients = maxMail, 50
	srv.ReadTimeout, srv.WriteTimeout = time.Minute, time.Minute
	srv.ErrorLog = log.New(io.Discard, "", 0)
	return srv
}

// submission is one SMTP connection.
type submission struct {
	server  *Server
	conn    *smtp.Conn
	account *account
	from    string
	to      []string
}

func (x *submission) Reset()        { x.from, x.to = "", nil }
func (x *submission) Logout() error { return nil }

func (x *submission) AuthMechanisms() []string { return []string{sasl.Plain, sasl.Login} }

func (x *submission) Auth(mech string) (sasl.Server, error) {
	check := func(_, user, password string) error {
		if x.account = x.server.signIn(user, password); x.account == nil {
			return smtp.ErrAuthFailed
		}
		return nil
	}
	if mech == sasl.Login {
		return &loginServer{check: check}, nil
	}
	return sasl.NewPlainServer(check), nil
}

// loginServer speaks the LOGIN mechanism, which some servers offer alone.
type loginServer struct {
	check func(identity, user, password string) error
	step  int
	user  string
}

func (l *loginServer) Next(response []byte) (challenge []byte, done bool, err error) {
	l.step++
	switch {
	case l.step == 1 && response == nil:
		return []byte("Username:"), false, nil
	case l.user == "":
		l.user = string(response)
		return []byte("Password:"), false, nil
	}
	return nil, true, l.check("", l.user, string(response))
}

func (x *submission) Mail(from string, _ *smtp.MailOptions) error {
	if x.account == nil {
		return &smtp.SMTPError{Code: 530, EnhancedCode: smtp.EnhancedCode{5, 7, 0}, Message: "Authentication required"}
	}
	if d := x.server.now().Throttled; d > 0 {
		return &smtp.SMTPError{Code: 450, EnhancedCode: smtp.EnhancedCode{4, 7, 28}, Message: fmt.Sprintf("Too many mails, try again in %d seconds", int(d.Seconds()))}
	}
	if !strings.EqualFold(from, x.account.address) {
		return &smtp.SMTPError{Code: 553, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "Sender address rejected: not owned by user"}
	}
	x.from = from
	return nil
}

func (x *submission) Rcpt(to string, _ *smtp.RcptOptions) error {
	t := x.server.now()
	switch {
	case t.Greylisted:
		return &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 7, 1}, Message: "Greylisted, please try again in 5 minutes"}
	case t.Refuse != "":
		return replyError(t.Refuse)
	case strings.Count(to, "@") != 1 || !isASCII(to):
		return &smtp.SMTPError{Code: 501, EnhancedCode: smtp.EnhancedCode{5, 1, 3}, Message: "Bad recipient address syntax"}
	}
	x.to = append(x.to, to)
	return nil
}

func (x *submission) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	t := x.server.now()
	if t.RefuseContent != "" {
		return replyError(t.RefuseContent)
	}
	if err := Check(raw); err != nil {
		return &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	if t.DropAfterEnd == DropLost {
		x.conn.Conn().Close()
		return errors.New("lost")
	}
	x.accept(raw, t)
	if t.DropAfterEnd == DropAccepted {
		x.conn.Conn().Close()
	}
	return nil
}

// accept enters the mail into the ledger and delivers it to the mailboxes that are here.
func (x *submission) accept(raw []byte, t Trouble) {
	s := x.server
	m := Accepted{From: x.from, To: append([]string(nil), x.to...), Data: raw, At: time.Now()}
	s.mu.Lock()
	s.ledger = append(s.ledger, m)
	onMail := s.onMail
	s.mu.Unlock()
	trace := fmt.Sprintf("Return-Path: <%s>\r\nReceived: from client by mail.test; %s\r\n", x.from, m.At.Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	for _, to := range m.To {
		s.Deliver(to, append([]byte(trace), raw...), m.At) // an address that is not here is another server's
	}
	if t.StoresSent > 0 {
		a := x.account
		time.AfterFunc(t.StoresSent, func() {
			if _, err := a.user.Append(sentName, literal{bytes.NewReader(raw)}, &imap.AppendOptions{}); err == nil {
				s.mu.Lock()
				a.sent = append(a.sent, raw)
				s.mu.Unlock()
			}
		})
	}
	if onMail != nil {
		onMail(m)
	}
}
