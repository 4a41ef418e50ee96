package email

import (
	"encoding/json"
	"net"
	"net/mail"
	"strconv"
	"strings"

	"comptoir/internal/fault"
)

// Security says when a connection is encrypted.
type Security string

const (
	TLS      Security = "tls"      // from the first byte
	StartTLS Security = "starttls" // before anything is said; a server that does not offer it is not used
	Plain    Security = "none"     // never; only to this machine
)

// Server is one half of an account: where it is and who we are there.
type Server struct {
	Host     string   `json:"host"`
	Port     int      `json:"port"`
	Security Security `json:"security"`
	// User signs in. "" signs in nowhere, which only an SMTP server that knows us by our address allows.
	User string `json:"user"`
}

func (s Server) addr() string { return net.JoinHostPort(s.Host, strconv.Itoa(s.Port)) }

// Endpoint is an e-mail account without its secrets, as stored.
type Endpoint struct {
	Address string `json:"address"` // what our mails are from
	Name    string `json:"name,omitempty"`
	IMAP    Server `json:"imap"`
	SMTP    Server `json:"smtp"`
	Mailbox string `json:"mailbox,omitempty"` // what is read; "" = INBOX
	// Sent is where copies of our mails lie; "" = the one that the server marks, else one with a usual name.
	Sent string `json:"sent,omitempty"`
	// SentByServer tells whether the SMTP server itself puts a copy in Sent, as Gmail does; nil = find out.
	SentByServer *bool `json:"sent_by_server,omitempty"`
}

// String is the endpoint as Driver.Open takes it.
func (e Endpoint) String() string {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return string(b)
}

// ParseEndpoint reads and checks what String wrote. Its errors name the fields of the form: address,
// imap.host, imap.port, imap.security, imap.user, smtp.host …
func ParseEndpoint(s string) (Endpoint, error) {
	var e Endpoint
	if err := json.Unmarshal([]byte(s), &e); err != nil {
		return e, fault.Wrap(err, fault.Invalid, "email.ParseEndpoint", "")
	}
	if e.Mailbox == "" {
		e.Mailbox = "INBOX"
	}
	var bad []fault.Field
	if !isAddress(e.Address) {
		bad = append(bad, fault.Field{Name: "address", Key: "email.field.address"})
	}
	for _, v := range []struct{ field, value string }{{"name", e.Name}, {"mailbox", e.Mailbox}, {"sent", e.Sent}, {"imap.user", e.IMAP.User}, {"smtp.user", e.SMTP.User}} {
		if len(v.value) > 255 || strings.ContainsFunc(v.value, isControl) {
			bad = append(bad, fault.Field{Name: v.field, Key: "email.field.text"})
		}
	}
	if e.IMAP.User == "" {
		bad = append(bad, fault.Field{Name: "imap.user", Key: "email.field.user"})
	}
	bad = append(bad, e.IMAP.check("imap")...)
	bad = append(bad, e.SMTP.check("smtp")...)
	return e, fault.InvalidFields("email.ParseEndpoint", bad...)
}

func (s Server) check(name string) (bad []fault.Field) {
	if !isHost(s.Host) {
		bad = append(bad, fault.Field{Name: name + ".host", Key: "email.field.host"})
	}
	if s.Port < 1 || s.Port > 65535 {
		bad = append(bad, fault.Field{Name: name + ".port", Key: "email.field.port"})
	}
	switch {
	case s.Security == TLS, s.Security == StartTLS:
	case s.Security == Plain && isLoopback(s.Host):
	default:
		bad = append(bad, fault.Field{Name: name + ".security", Key: "email.field.security"})
	}
	return bad
}

// isHost admits names and addresses that can stand in no command, path or log line as anything else.
func isHost(s string) bool {
	if net.ParseIP(s) != nil {
		return true
	}
	return s != "" && len(s) <= 253 && s[0] != '.' && s[0] != '-' && !strings.ContainsFunc(s, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == '_')
	})
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func isControl(r rune) bool { return r < 0x20 || r == 0x7f }

// isAddress tells whether s is a bare address that can be put into an SMTP command as it is.
func isAddress(s string) bool {
	if len(s) > 254 || strings.ContainsFunc(s, func(r rune) bool { return isControl(r) || r == '<' || r == '>' || r == ' ' }) {
		return false
	}
	a, err := mail.ParseAddress("<" + s + ">")
	return err == nil && a.Address == s && isHost(domainOf(s))
}

func domainOf(address string) string { return address[strings.LastIndexByte(address, '@')+1:] }
