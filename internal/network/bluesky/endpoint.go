package bluesky

import (
	"encoding/json"
	"net"
	"net/url"
	"strings"

	"comptoir/internal/fault"
)

// Endpoint is an account without its secrets, as stored.
type Endpoint struct {
	Server string `json:"server"` // where its data lives: "https://morel.us-east.host.bsky.network"
	DID    string `json:"did"`    // who it is, for ever
	Handle string `json:"handle"` // its name when it was connected, without @
	// Granted is who let us in, when somebody said yes on a page; nil = an app password enters.
	Granted *Authority `json:"granted,omitempty"`
}

// Authority is an authorization server, and who we are to it.
type Authority struct {
	Issuer string `json:"issuer"`
	Token  string `json:"token"` // addresses of it
	Revoke string `json:"revoke"`
	Client string `json:"client"`
}

func (a *Authority) whole() bool {
	server, ok := serverAt(a.Issuer)
	return ok && server == a.Issuer && strings.HasPrefix(a.Token, server+"/") && strings.HasPrefix(a.Revoke, server+"/") && a.Client != ""
}

// String is the endpoint as Driver.Open takes it.
func (e Endpoint) String() string {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings always marshal
	}
	return string(b)
}

// ParseEndpoint reads and checks what String wrote.
func ParseEndpoint(s string) (Endpoint, error) {
	const op = "bluesky.ParseEndpoint"
	var e Endpoint
	if err := json.Unmarshal([]byte(s), &e); err != nil {
		return e, fault.Wrap(err, fault.Invalid, op, "")
	}
	if server, ok := serverAt(e.Server); !ok || server != e.Server || !isDID(e.DID) || e.Granted != nil && !e.Granted.whole() {
		return e, fault.New(fault.Invalid, op, "")
	}
	return e, nil
}

// host is how people may know the server.
func (e Endpoint) host() string { return hostOf(e.Server) }

func hostOf(server string) string {
	_, host, _ := strings.Cut(server, "://")
	return host
}

// serverAt reads an address as scheme, host and port. Connections are encrypted, or stay on this machine.
func serverAt(address string) (string, bool) {
	u, err := url.Parse(address)
	if err != nil || u.User != nil || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || len(address) > 500 {
		return "", false
	}
	ip := net.ParseIP(u.Hostname())
	if ip == nil && u.Hostname() != "localhost" && !isHandle(u.Hostname()) {
		return "", false
	}
	if u.Scheme != "https" && (u.Scheme != "http" || u.Hostname() != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return "", false
	}
	return u.Scheme + "://" + u.Host, true
}
