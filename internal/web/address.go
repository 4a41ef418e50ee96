package web

import (
	"context"
	"net/netip"
	"net/url"
	"strings"

	"comptoir/internal/door"
)

// Address is where this installation can be opened, and how that is changed while it runs. The zero
// value knows nothing and changes nothing.
type Address struct {
	// Fixed tells that the operator set it: the screen cannot change it.
	Fixed bool
	// Use puts a new address, already stored, in force.
	Use func(*url.URL)
	// Probe asks an address whether this installation answers there.
	Probe func(ctx context.Context, base string) error
}

// Reach says who can open an address.
type Reach string

const (
	ReachAll     Reach = "ok"      // every phone, over https
	ReachPlain   Reach = "http"    // every phone, readable on the way
	ReachPrivate Reach = "private" // phones on the place's own network
	ReachSelf    Reach = "self"    // this machine alone
)

// ReachOf judges an address by its form; whether it answers is for Probe.
func ReachOf(base string) Reach {
	u, err := url.Parse(base)
	if err != nil || u.Hostname() == "" {
		return ReachSelf
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return ReachSelf
	}
	if a, err := netip.ParseAddr(host); err == nil {
		a = a.Unmap()
		switch {
		case a.IsLoopback() || a.IsUnspecified():
			return ReachSelf
		case a.IsPrivate() || a.IsLinkLocalUnicast() || sharedSpace.Contains(a):
			return ReachPrivate
		}
	} else if !strings.Contains(host, ".") || strings.HasSuffix(host, ".local") || strings.HasSuffix(host, ".lan") || strings.HasSuffix(host, ".home.arpa") || strings.HasSuffix(host, ".internal") {
		return ReachPrivate
	}
	if u.Scheme != "https" {
		return ReachPlain
	}
	return ReachAll
}

// sharedSpace is what providers use between themselves and a house (RFC 6598), Tailscale too.
var sharedSpace = netip.MustParsePrefix("100.64.0.0/10")

// guestBase is the address that a card carries.
func (s *Server) guestBase(v *door.Visit) string {
	base, _ := s.phoneBase(v)
	return base
}

// nearby is this machine's address on its network, "" when it has none that a phone could open.
func (s *Server) nearby() string {
	if s.Addresses == nil {
		return ""
	}
	for _, a := range s.Addresses() {
		if ReachOf(a) != ReachSelf {
			return a
		}
	}
	return ""
}
