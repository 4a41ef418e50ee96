package mastodon

import (
	"encoding/json"
	"net"
	"net/url"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// Endpoint is an account on its server without its secrets, as stored: with what the server said of itself when the
// account was connected.
type Endpoint struct {
	Server   string `json:"server"`             // where the API is: "https://jasette.quebec"
	Domain   string `json:"domain"`             // what follows the second @ of its accounts
	Software string `json:"software,omitempty"` // "mastodon", "gotosocial" …; "" = it does not say
	Account  string `json:"account,omitempty"`  // the account's own id there; "" before somebody said yes
	Handle   string `json:"handle,omitempty"`   // "@lezinc@jasette.quebec"

	Text      int      `json:"text"`                 // characters of a post
	Link      int      `json:"link"`                 // what a link counts as, whatever its length
	Files     int      `json:"files"`                // with one post
	FileBytes int64    `json:"file_bytes,omitempty"` // of a picture
	Alt       int      `json:"alt,omitempty"`        // characters that describe a picture
	Types     []string `json:"types,omitempty"`      // of files
	Polls     bool     `json:"polls,omitempty"`
	Streaming string   `json:"streaming,omitempty"` // where it can be followed live
}

// String is the endpoint as Driver.Open takes it.
func (e Endpoint) String() string {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return string(b)
}

// ParseEndpoint reads and checks what String wrote.
func ParseEndpoint(s string) (Endpoint, error) {
	const op = "mastodon.ParseEndpoint"
	var e Endpoint
	if err := json.Unmarshal([]byte(s), &e); err != nil {
		return e, fault.Wrap(err, fault.Invalid, op, "")
	}
	u, err := url.Parse(e.Server)
	if err != nil || origin(u) != e.Server || !mayBeSpokenTo(u) || !isHost(e.Domain) || e.Text <= 0 || e.Link < 0 {
		return e, fault.New(fault.Invalid, op, "")
	}
	return e, nil
}

func (e Endpoint) limits() network.Limits {
	return network.Limits{Text: e.Text, Length: e.length, Link: e.Link, Attachments: e.Files, FileBytes: e.FileBytes}
}

// origin is scheme, host and port.
func origin(u *url.URL) string { return u.Scheme + "://" + u.Host }

// mayBeSpokenTo admits encrypted connections, and others to this machine only.
func mayBeSpokenTo(u *url.URL) bool {
	if !isHost(u.Host) || u.User != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}

// isHost admits names and addresses, with a port or without, that can stand in no URL or handle as anything else.
func isHost(s string) bool {
	host := s
	if h, _, err := net.SplitHostPort(s); err == nil {
		host = h
	}
	if net.ParseIP(strings.Trim(host, "[]")) != nil {
		return true
	}
	return host != "" && len(s) <= 260 && strings.Trim(host, ".-") == host && !strings.ContainsFunc(s, func(r rune) bool {
		return r < 0x80 && !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' || r == '.' || r == ':' || r == '_') || r == 0xfffd
	})
}
