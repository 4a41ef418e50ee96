package email

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/textproto"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-smtp"

	"comptoir/internal/fault"
)

// connectFault is for what fails before the server has said anything that we understand.
func connectFault(ctx context.Context, err error, op, key string, s Server) error {
	if f, ok := errors.AsType[*fault.Error](err); ok && f.Code != fault.Internal {
		return f // the wire's own refusal says more
	}
	if ended := ctx.Err(); ended != nil {
		return fault.Wrap(errors.Join(ended, err), fault.Unavailable, op, key, "host", s.Host)
	}
	var cert *tls.CertificateVerificationError
	var header tls.RecordHeaderError
	var host x509.HostnameError
	var dns *net.DNSError
	var foreign textproto.ProtocolError
	switch {
	case errors.As(err, &cert), errors.As(err, &host):
		key = "email.fault.certificate"
	case errors.As(err, &header):
		key = "email.fault.no_tls"
	case errors.As(err, &dns) && dns.IsNotFound:
		key = "email.fault.unknown_host"
	case errors.Is(err, errNoStartTLS):
		key = "email.fault.no_starttls"
	case errors.Is(err, errForeign), errors.As(err, &foreign):
		key = "email.fault.foreign"
	}
	return fault.Wrap(err, fault.Unavailable, op, key, "host", s.Host)
}

func (c *Client) imapFault(ctx context.Context, err error, op string) error {
	return imapFault(ctx, err, op, "email.fault.imap", c.endpoint.IMAP)
}

// imapFault is for what the receiving half says or fails to say once connected.
func imapFault(ctx context.Context, err error, op, key string, s Server) error {
	f := &fault.Error{Code: fault.Unavailable, Op: op, Key: key, Args: []any{"host", s.Host}, Err: err}
	if ended := ctx.Err(); ended != nil {
		f.Err = errors.Join(ended, err)
		return f
	}
	if e, ok := errors.AsType[*imap.Error](err); ok && tooMany(string(e.Code), e.Text) {
		f.Code, f.RetryAfter = fault.RateLimited, retryAfter(e.Text)
		f.Key = "email.fault.imap_later"
	}
	return f
}

// loginFault tells a wrong password from a server that cannot check it now.
func loginFault(ctx context.Context, err error, op string, s Server) error {
	if errors.Is(err, errNoPassword) {
		return fault.Wrap(err, fault.Unavailable, op, "email.fault.no_password", "host", s.Host)
	}
	e, ok := errors.AsType[*imap.Error](err)
	if !ok || e.Type == imap.StatusResponseTypeBye {
		return imapFault(ctx, err, op, "email.fault.imap", s)
	}
	if passing(e) {
		return imapFault(ctx, err, op, "email.fault.imap", s)
	}
	key := "email.fault.imap_login"
	if t := strings.ToLower(e.Text); strings.Contains(t, "application-specific") || strings.Contains(t, "app password") {
		key = "email.fault.app_password"
	}
	return fault.Wrap(err, fault.Unauthenticated, op, key, "host", s.Host, "user", s.User)
}

// passing tells whether a refusal is the server's trouble of the moment.
func passing(e *imap.Error) bool {
	switch e.Code {
	case imap.ResponseCodeUnavailable, imap.ResponseCodeInUse, imap.ResponseCodeLimit, imap.ResponseCodeServerBug, imap.ResponseCodeContactAdmin:
		return true
	}
	return tooMany(string(e.Code), e.Text)
}

// isNo tells whether the server understood and refused, with the connection still standing.
func isNo(err error) bool {
	e, ok := errors.AsType[*imap.Error](err)
	return ok && e.Type == imap.StatusResponseTypeNo
}

// smtpFault is for the sending half before it had the whole mail: nothing was published.
func smtpFault(ctx context.Context, err error, op string, s Server) error {
	e, ok := errors.AsType[*smtp.SMTPError](err)
	if !ok || e.Code < 400 {
		return connectFault(ctx, err, op, "email.fault.smtp_connect", s)
	}
	f := &fault.Error{Op: op, Args: []any{"host", s.Host}, Err: err}
	status := e.EnhancedCode
	switch {
	case e.Code == 530 || e.Code == 534 || e.Code == 535 || e.Code == 538:
		f.Code, f.Key = fault.Unauthenticated, "email.fault.smtp_login"
		f.Args = append(f.Args, "user", s.User)
	case e.Code < 500 && (tooMany("", e.Message) || status == smtp.EnhancedCode{4, 7, 28}):
		f.Code, f.Key, f.RetryAfter = fault.RateLimited, "email.fault.smtp_later", retryAfter(e.Message)
	case e.Code < 500:
		f.Code, f.Key, f.RetryAfter = fault.Unavailable, "email.fault.smtp_later", retryAfter(e.Message)
	case e.Code == 552 || status == smtp.EnhancedCode{5, 3, 4} || status == smtp.EnhancedCode{5, 2, 3}:
		f.Code, f.Key = fault.Rejected, "email.fault.too_big"
	case status[1] == 1:
		f.Code, f.Key = fault.Rejected, "email.fault.recipient"
	default:
		f.Code, f.Key = fault.Rejected, "email.fault.smtp_refused"
	}
	return f
}

var tooManyWords = regexp.MustCompile(`(?i)too many|rate ?limit|throttl|quota exceeded|connection limit|sending limit`)

func tooMany(code, text string) bool {
	return strings.EqualFold(code, "LIMIT") || strings.EqualFold(code, "THROTTLED") || tooManyWords.MatchString(text)
}

var inSoLong = regexp.MustCompile(`(?i)\b(\d{1,5}) ?(seconds?|secs?|s|minutes?|mins?|m|hours?|h)\b`)

// retryAfter reads "try again in 5 minutes" in a server's words, at most a day; 0 when it does not say.
func retryAfter(text string) time.Duration {
	m := inSoLong.FindStringSubmatch(text)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	unit := time.Second
	switch m[2][0] {
	case 'm', 'M':
		unit = time.Minute
	case 'h', 'H':
		unit = time.Hour
	}
	return min(time.Duration(n)*unit, 24*time.Hour)
}

// Explain implements network.Explainer. Of a failure that either half can have, the key does not say whose it was:
// then it is told of the half that is read, where it shows first.
func (Driver) Explain(endpoint, key string) []any {
	e, err := ParseEndpoint(endpoint)
	if err != nil {
		return nil
	}
	half := e.IMAP
	if strings.Contains(key, ".smtp_") || key == "email.fault.password_ended" || key == "email.fault.unknown" {
		half = e.SMTP
	}
	return []any{"host", half.Host, "user", half.User, "mailbox", e.Mailbox}
}
