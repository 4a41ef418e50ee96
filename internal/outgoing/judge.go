package outgoing

import (
	"fmt"
	"net"
	"net/netip"
)

// The tables are ours, from the registries of special-purpose addresses: the predicates of the standard
// library call 64:ff9b::7f00:1, 100.64.0.1 or 240.0.0.1 ordinary.
var (
	refused4 = prefixes(
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12",
		"192.0.0.0/24", "192.0.2.0/24", "192.31.196.0/24", "192.52.193.0/24", "192.88.99.0/24",
		"192.168.0.0/16", "192.175.48.0/24", "198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"224.0.0.0/4", "240.0.0.0/4",
	)
	// global6 is where IPv6 is allowed, but for refused6: Teredo and ORCHID, documentation, 6to4, AS112.
	global6  = netip.MustParsePrefix("2000::/3")
	refused6 = prefixes("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")

	// Translators put an IPv4 address in the last 32 bits. Of the local-use prefix 64:ff9b:1::/48 only
	// its first /96 is read: shorter forms put the address elsewhere, where a forger could hide another.
	nat64 = prefixes("64:ff9b::/96", "64:ff9b:1::/96")

	// carriers embed IPv4 addresses: 6to4 at the front; translators and IPv4-compatible ones in the tail.
	carrier6to4  = netip.MustParsePrefix("2002::/16")
	carriersTail = prefixes("64:ff9b::/32", "::/96")

	// metadata are the services that tell a machine its own secrets. Nothing opens the way to them.
	metadata = prefixes(
		"169.254.0.0/16", "fe80::/10", // everywhere: link-local
		"100.100.100.200/32",                // Alibaba
		"168.63.129.16/32",                  // Azure, a public address
		"192.0.0.192/32",                    // Oracle
		"fd00:ec2::/32", "fd20:ce::254/128", // AWS, Google
		"fd00:42::42/128", // Scaleway
	)
)

func prefixes(texts ...string) []netip.Prefix {
	out := make([]netip.Prefix, len(texts))
	for i, t := range texts {
		out[i] = netip.MustParsePrefix(t)
	}
	return out
}

// Judge returns nil for an address of the public internet and says why another is refused, for the
// operator. An IPv4-mapped address is judged as its IPv4 address.
func Judge(a netip.Addr) error { return judge(a, refused4, refused6) }

func judge(a netip.Addr, refused4, refused6 []netip.Prefix) error {
	if !a.IsValid() {
		return refusal("no address")
	}
	if a.Zone() != "" {
		return refusal(fmt.Sprintf("%s has a zone", a))
	}
	a = a.Unmap()
	table := refused4
	if a.Is6() {
		if table = refused6; !global6.Contains(a) {
			return refusal(fmt.Sprintf("%s is outside of %s", a, global6))
		}
	}
	if p, in := within(a, table); in {
		return refusal(fmt.Sprintf("%s is in %s", a, p))
	}
	return judgeMetadata(a)
}

// judgeMetadata refuses the metadata services only, also as an embedded IPv4 address.
func judgeMetadata(a netip.Addr) error {
	a = a.Unmap().WithZone("")
	for _, a := range []netip.Addr{a, embedded(a)} {
		if p, in := within(a, metadata); in {
			return refusal(fmt.Sprintf("%s is a metadata address (%s)", a, p))
		}
	}
	return nil
}

// embedded returns the IPv4 address that an IPv6 address carries for a translator or a tunnel (NAT64,
// 6to4, IPv4-compatible), the zero Addr when there is none.
func embedded(a netip.Addr) netip.Addr {
	if !a.Is6() {
		return netip.Addr{}
	}
	b := a.As16()
	if carrier6to4.Contains(a) {
		return netip.AddrFrom4([4]byte(b[2:6]))
	}
	if _, in := within(a, carriersTail); in {
		return netip.AddrFrom4([4]byte(b[12:]))
	}
	return netip.Addr{}
}

func within(a netip.Addr, table []netip.Prefix) (netip.Prefix, bool) {
	for _, p := range table {
		if p.Contains(a) {
			return p, true
		}
	}
	return netip.Prefix{}, false
}

// judge is Judge with what the operator configured: translators, and our own addresses.
func (d *Door) judge(a netip.Addr) error {
	if _, in := within(a, nat64); in && d.cfg.NAT64 && a.Zone() == "" {
		a = embedded(a)
	}
	if err := Judge(a); err != nil {
		return err
	}
	for _, own := range d.cfg.OwnAddresses() {
		if own.Unmap().WithZone("") == a.Unmap() {
			return refusal(fmt.Sprintf("%s is our own address", a))
		}
	}
	return nil
}

// InterfaceAddresses returns the addresses of this machine's interfaces. Behind a router that translates
// addresses the public one is not among them: add it in Config.OwnAddresses.
func InterfaceAddresses() []netip.Addr {
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return nil // the table still refuses all that is private
	}
	var out []netip.Addr
	for _, a := range addrs {
		if n, ok := a.(*net.IPNet); ok {
			if ip, ok := netip.AddrFromSlice(n.IP); ok {
				out = append(out, ip.Unmap())
			}
		}
	}
	return out
}
