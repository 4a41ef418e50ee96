package web

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// mailEndpoint is the endpoint of an e-mail account as its form fills it. The driver owns the format and
// checks it (email.ParseEndpoint); this is the same JSON by the same names, because web knows no driver.
type mailEndpoint struct {
	Address      string   `json:"address"`
	Name         string   `json:"name,omitempty"` // before the address, in the From of what we send
	IMAP         mailHalf `json:"imap"`
	SMTP         mailHalf `json:"smtp"`
	Mailbox      string   `json:"mailbox,omitempty"`
	Sent         string   `json:"sent,omitempty"`
	SentByServer *bool    `json:"sent_by_server,omitempty"`
}

// mailHalf is one server: receiving or sending.
type mailHalf struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Security string `json:"security"` // tls, starttls, none
	User     string `json:"user"`
}

func (e mailEndpoint) String() string {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings, numbers and booleans always marshal
	}
	return string(b)
}

// readMailEndpoint reads a stored or proposed endpoint; what cannot be read is left empty, to be typed.
func readMailEndpoint(s string) (e mailEndpoint) {
	if json.Unmarshal([]byte(s), &e) != nil {
		return mailEndpoint{}
	}
	return e
}

// typedMailEndpoint reads the form. Only these fields are taken, whatever else was sent.
func typedMailEndpoint(r *http.Request) mailEndpoint {
	e := mailEndpoint{
		Address: typed(r, "address"), Name: typed(r, "name"),
		IMAP:    mailHalf{typed(r, "imap.host"), number(r.PostFormValue("imap.port"), 0), typed(r, "imap.security"), typed(r, "imap.user")},
		SMTP:    mailHalf{typed(r, "smtp.host"), number(r.PostFormValue("smtp.port"), 0), typed(r, "smtp.security"), typed(r, "smtp.user")},
		Mailbox: typed(r, "mailbox"), Sent: typed(r, "sent"),
	}
	if e.SMTP.User == "" {
		e.SMTP.User = e.IMAP.User
	}
	if b, err := strconv.ParseBool(r.PostFormValue("sent_by_server")); err == nil {
		e.SentByServer = &b
	}
	return e
}

func typed(r *http.Request, name string) string { return strings.TrimSpace(r.PostFormValue(name)) }
