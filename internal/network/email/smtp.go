package email

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"strings"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"

	"comptoir/internal/fault"
)

// maxSMTPRead is the most that an SMTP server has to say in one dialogue, in bytes.
const maxSMTPRead = 1 << 20

// sender is one signed-in connection to the SMTP server.
type sender struct {
	*smtp.Client
	conn *conn
}

// smtp connects and signs in. Its faults say that it was the sending half that failed, and that nothing was sent.
func (c *Client) smtp(ctx context.Context, op string) (*sender, error) {
	at := c.endpoint.SMTP
	conn, err := connect(ctx, c.wire, at, maxSMTPRead, smtpStartTLS)
	if err != nil {
		return nil, connectFault(ctx, err, op, "email.fault.smtp_connect", at)
	}
	if at.Security == StartTLS {
		conn.head = []byte("220 ready\r\n") // the real greeting was before the encryption
	}
	s := &sender{Client: smtp.NewClient(conn), conn: conn}
	if err := s.Hello(helloName(c.endpoint.Address)); err != nil {
		s.conn.Close()
		return nil, smtpFault(ctx, err, op, at)
	}
	if at.User == "" {
		return s, nil
	}
	password := c.password(SMTPPassword)
	if password == "" {
		password = c.password(IMAPPassword)
	}
	if err := s.signIn(at.User, password); err != nil {
		s.conn.Close()
		if f, ok := errors.AsType[*smtp.SMTPError](err); ok && f.Code >= 500 && ctx.Err() == nil {
			// Whatever the code, a refusal of AUTH asks for a person.
			return nil, fault.Wrap(err, fault.Unauthenticated, op, smtpLoginKey(f), "host", at.Host, "user", at.User)
		}
		return nil, smtpFault(ctx, err, op, at)
	}
	return s, nil
}

func smtpLoginKey(e *smtp.SMTPError) string {
	t := strings.ToLower(e.Message)
	switch {
	case e.Message == errNoPassword.Error():
		return "email.fault.no_password"
	case e.EnhancedCode == smtp.EnhancedCode{5, 7, 30} || strings.Contains(t, "basic authentication"):
		return "email.fault.password_ended"
	case strings.Contains(t, "application-specific") || strings.Contains(t, "app password"):
		return "email.fault.app_password"
	}
	return "email.fault.smtp_login"
}

func (s *sender) signIn(user, password string) error {
	switch {
	case s.SupportsAuth(sasl.Plain):
		return s.Auth(sasl.NewPlainClient("", user, password))
	case s.SupportsAuth(sasl.Login):
		return s.Auth(sasl.NewLoginClient(user, password))
	}
	return &smtp.SMTPError{Code: 504, EnhancedCode: smtp.EnhancedCode{5, 7, 4}, Message: errNoPassword.Error()}
}

// end says goodbye without waiting long for the answer, and closes.
func (s *sender) end() {
	s.conn.SetDeadline(time.Now().Add(time.Second))
	if !s.conn.data { // within a mail, QUIT would be its text
		io.WriteString(s.conn, "QUIT\r\n")
	}
	s.conn.Close()
}

// helloName is what we call ourselves: the domain that we write from, never this machine's own name.
func helloName(address string) string { return domainOf(address) }

func smtpStartTLS(c net.Conn) error {
	if _, err := reply(c, "", "220"); err != nil {
		return err
	}
	offer, err := reply(c, "EHLO localhost", "250")
	if err != nil {
		return err
	}
	if !strings.Contains("\n"+strings.ToUpper(offer)+"\n", "\nSTARTTLS\n") {
		return errNoStartTLS
	}
	_, err = reply(c, "STARTTLS", "220")
	return err
}

// reply sends a line, unless it is "", and reads the answer: its lines without their code.
func reply(c net.Conn, line, code string) (string, error) {
	if line != "" {
		if _, err := io.Copy(c, bytes.NewReader([]byte(line+"\r\n"))); err != nil {
			return "", err
		}
	}
	var lines []string
	for range 100 {
		l, err := readLine(c)
		if err != nil {
			return "", err
		}
		if len(l) < 3 || l[0] < '2' || l[0] > '5' {
			return "", textproto.ProtocolError("no answer of SMTP")
		}
		if l[:3] != code {
			return "", fmt.Errorf("answer: %.200q", l)
		}
		lines = append(lines, strings.TrimSpace(l[min(4, len(l)):]))
		if len(l) == 3 || l[3] == ' ' {
			return strings.Join(lines, "\n"), nil
		}
	}
	return "", errTooMuch
}
