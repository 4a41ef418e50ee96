package outgoing

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// reservedNames end the names that never belong to the public internet.
var reservedNames = []string{"local", "internal", "localhost", "home.arpa", "onion"}

// CheckURL tells, without looking anything up, whether a URL may be asked for: scheme, host, port, and the
// address when the host is one. nil does not promise that it will be reached. It is for forms; every
// request is checked again. The error's sentence is that of every refused target.
func (d *Door) CheckURL(u *url.URL, kind Kind) error {
	if _, err := (&wire{door: d, kind: kind}).clean(u); err != nil {
		return refused(err, known)
	}
	return nil
}

// CheckHost is CheckURL for a mail server.
func (d *Door) CheckHost(host string, port uint16) error {
	clean, addr, err := cleanHost(host)
	if err == nil {
		err = (&wire{door: d, kind: Account}).check(clean, addr, port, d.limits.mail)
	}
	if err != nil {
		return refused(err, known)
	}
	return nil
}

// clean returns the URL that goes to the wire: host in ASCII, lower case and without a final dot, no
// fragment, no user.
func (w *wire) clean(u *url.URL) (*url.URL, error) {
	scheme := strings.ToLower(u.Scheme)
	if scheme != "http" && scheme != "https" {
		return nil, refusal(fmt.Sprintf("scheme %q", u.Scheme))
	}
	if u.Opaque != "" || u.User != nil {
		return nil, refusal("a user or an opaque part in the URL")
	}
	host, addr, err := cleanHost(u.Hostname())
	if err != nil {
		return nil, err
	}
	port := uint16(80)
	if scheme == "https" {
		port = 443
	}
	explicit := strings.HasSuffix(u.Host, ":") || u.Port() != ""
	if explicit {
		if port, err = parsePort(u.Port()); err != nil {
			return nil, err
		}
	}
	if err := w.check(host, addr, port, w.door.limits.web); err != nil {
		return nil, err
	}
	clean := *u
	clean.Scheme, clean.Fragment, clean.RawFragment = scheme, "", ""
	switch {
	case explicit:
		clean.Host = target(host, port)
	case addr.Is6():
		clean.Host = "[" + host + "]"
	default:
		clean.Host = host
	}
	return &clean, nil
}

// check applies what can be known before any look-up.
func (w *wire) check(host string, addr netip.Addr, port uint16, ports []uint16) error {
	d := w.door
	if addr.IsValid() {
		if err := judgeMetadata(addr); err != nil {
			return err
		}
	}
	if w.kind == Operator || w.kind != Self && d.allow.has(host, port) {
		return nil
	}
	if !slices.Contains(ports, port) && (w.kind != Self || port != w.port) {
		return refusal(fmt.Sprintf("port %d", port))
	}
	if addr.IsValid() {
		return w.judgement(host, port)(netip.AddrPortFrom(addr, port))
	}
	if w.kind == Self {
		return nil // a name of the house: where it leads is judged
	}
	for _, r := range reservedNames {
		if host == r || strings.HasSuffix(host, "."+r) {
			return refusal(fmt.Sprintf("%s ends in a reserved name", host))
		}
	}
	return nil
}

// splitTarget cleans the "host:port" that a dialler is given.
func splitTarget(hostport string) (host string, addr netip.Addr, port uint16, err error) {
	host, text, err := net.SplitHostPort(hostport)
	if err != nil {
		return "", addr, 0, refusal(err.Error())
	}
	if port, err = parsePort(text); err != nil {
		return "", addr, 0, err
	}
	host, addr, err = cleanHost(host)
	return host, addr, port, err
}

func parsePort(text string) (uint16, error) {
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil || n == 0 {
		return 0, refusal(fmt.Sprintf("port %q", text))
	}
	return uint16(n), nil
}

// cleanHost returns a host as it goes to the resolver, and its address when it is one. Digits in circles
// and full-width letters become plain; what a C resolver would read as an address in octal, in
// hexadecimal or with parts left out is refused, since no name of the internet ends in a number.
func cleanHost(host string) (string, netip.Addr, error) {
	if len(host) > 4*253 { // bound the work; the exact limit is for the ASCII form
		return "", netip.Addr{}, refusal("host too long")
	}
	if addr, err := netip.ParseAddr(host); err == nil {
		return cleanAddr(addr)
	}
	if !ascii(host) {
		plain, err := idna.Lookup.ToASCII(host)
		if err != nil {
			return "", netip.Addr{}, refusal(fmt.Sprintf("host %q: %v", host, err))
		}
		host = plain
	}
	host = strings.ToLower(strings.TrimSuffix(host, "."))
	if addr, err := netip.ParseAddr(host); err == nil {
		return cleanAddr(addr)
	}
	if len(host) > 253 {
		return "", netip.Addr{}, refusal("host too long")
	}
	labels := strings.Split(host, ".")
	for _, l := range labels {
		if l == "" || len(l) > 63 || !only(l, "abcdefghijklmnopqrstuvwxyz0123456789-_") {
			return "", netip.Addr{}, refusal(fmt.Sprintf("host %q", host))
		}
	}
	if last := labels[len(labels)-1]; only(last, "0123456789") || strings.HasPrefix(last, "0x") {
		return "", netip.Addr{}, refusal(fmt.Sprintf("host %q ends in a number", host))
	}
	return host, netip.Addr{}, nil
}

func cleanAddr(a netip.Addr) (string, netip.Addr, error) {
	if a.Zone() != "" {
		return "", a, refusal(fmt.Sprintf("%s has a zone", a))
	}
	a = a.Unmap()
	return a.String(), a, nil
}

func only(s, set string) bool { return strings.Trim(s, set) == "" }

func ascii(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
