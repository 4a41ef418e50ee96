package door

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"slices"
	"strings"

	"comptoir/internal/fault"
)

// Origin judges where a request comes from and which host it asks for.
type Origin struct {
	// Public is the address of the installation, asked for each request because it can be changed while
	// running; nil when it is not known yet.
	Public func() *url.URL
	// Proxies are trusted: their X-Forwarded-For, -Proto and -Host count, nobody else's.
	Proxies []netip.Prefix
}

// read fills in the visitor's address, host and scheme.
func (o Origin) read(r *http.Request, v *Visit) error {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "door.origin", "")
	}
	v.Addr, v.Host, v.Secure = addr.Addr().Unmap().WithZone(""), r.Host, r.TLS != nil
	if o.trusted(v.Addr) {
		o.forwarded(r, v)
	}
	if !v.Route.AnyHost && !o.known(v.Host) {
		return fault.New(fault.Rejected, "door.origin", "door.host")
	}
	return nil
}

// forwarded believes a trusted proxy: the visitor is the last address of the chain that is not a proxy
// of ours.
func (o Origin) forwarded(r *http.Request, v *Visit) {
	chain := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(chain) {
		a, err := netip.ParseAddr(strings.TrimSpace(hop))
		if err != nil {
			break
		}
		v.Addr = a.Unmap().WithZone("")
		if !o.trusted(v.Addr) {
			break
		}
	}
	if p := last(r.Header.Get("X-Forwarded-Proto")); p == "https" || p == "http" {
		v.Secure = p == "https"
	}
	if h := last(r.Header.Get("X-Forwarded-Host")); h != "" {
		v.Host = h
	}
}

func last(list string) string {
	return strings.TrimSpace(list[strings.LastIndexByte(list, ',')+1:])
}

func (o Origin) trusted(a netip.Addr) bool {
	return slices.ContainsFunc(o.Proxies, func(p netip.Prefix) bool { return p.Contains(a) })
}

// known tells whether a host is one of ours. A page that made its own name point here (DNS rebinding)
// asks for that name and is refused. Addresses in figures cannot be such names.
func (o Origin) known(hostport string) bool {
	host := hostName(hostport)
	if host == "" {
		return false
	}
	if o.Public != nil {
		if u := o.Public(); u != nil && strings.EqualFold(u.Hostname(), host) {
			return true
		}
	}
	if _, err := netip.ParseAddr(host); err == nil || host == "localhost" {
		return true
	}
	name, err := os.Hostname()
	name = strings.ToLower(name)
	return err == nil && name != "" && (host == name || host == name+".local")
}

// hostName is a host without its port, as names are compared.
func hostName(hostport string) string {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// ownName tells whether a host is what this machine calls itself, and nobody else.
func ownName(hostport string) bool {
	host := hostName(hostport)
	a, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && a.IsLoopback()
}
