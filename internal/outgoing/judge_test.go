package outgoing

import (
	"net/netip"
	"slices"
	"testing"
)

// boundaries are written out, not computed from the table: the last address before a refused range, its
// first, its last, and the first after it. "" where the neighbour is refused too.
var boundaries = []struct{ before, first, last, after string }{
	{"", "0.0.0.0", "0.255.255.255", "1.0.0.0"},
	{"9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
	{"100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
	{"126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
	{"169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
	{"172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
	{"191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
	{"192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
	{"192.31.195.255", "192.31.196.0", "192.31.196.255", "192.31.197.0"},
	{"192.52.192.255", "192.52.193.0", "192.52.193.255", "192.52.194.0"},
	{"192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
	{"192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
	{"192.175.47.255", "192.175.48.0", "192.175.48.255", "192.175.49.0"},
	{"198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
	{"198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
	{"203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
	{"223.255.255.255", "224.0.0.0", "239.255.255.255", ""},
	{"", "240.0.0.0", "255.255.255.255", ""},
	{"168.63.129.15", "168.63.129.16", "168.63.129.16", "168.63.129.17"},

	{"", "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
	{"2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
	{"2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
	{"2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"},
	{"2620:4f:7fff:ffff:ffff:ffff:ffff:ffff", "2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff", "2620:4f:8001::"},
	{"3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
	{"3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
}

// disagreement returns the first boundary that a judge gets wrong, "" when there is none.
func disagreement(judge func(netip.Addr) error) string {
	for _, b := range boundaries {
		for _, in := range []string{b.first, b.last} {
			a := netip.MustParseAddr(in)
			forms := []netip.Addr{a}
			if a.Is4() {
				forms = append(forms, netip.AddrFrom16(a.As16()))
			}
			for _, f := range forms {
				if judge(f) == nil {
					return f.String() + " is let through"
				}
			}
		}
		for _, out := range []string{b.before, b.after} {
			if out == "" {
				continue
			}
			if err := judge(netip.MustParseAddr(out)); err != nil {
				return out + ": " + err.Error()
			}
		}
	}
	return ""
}

func TestEveryRangeIsRefusedUpToItsEdges(t *testing.T) {
	if got := disagreement(Judge); got != "" {
		t.Error(got)
	}
}

func TestAPrefixMissingFromTheTablesWouldBeNoticed(t *testing.T) {
	without := func(table []netip.Prefix, i int) []netip.Prefix {
		return slices.Delete(slices.Clone(table), i, i+1)
	}
	for i, p := range refused4 {
		if p.String() == "169.254.0.0/16" {
			continue // also refused as metadata
		}
		table := without(refused4, i)
		if disagreement(func(a netip.Addr) error { return judge(a, table, refused6) }) == "" {
			t.Errorf("nobody misses %s", p)
		}
	}
	for i, p := range refused6 {
		table := without(refused6, i)
		if disagreement(func(a netip.Addr) error { return judge(a, refused4, table) }) == "" {
			t.Errorf("nobody misses %s", p)
		}
	}
}

func TestATooNarrowPrefixWouldBeNoticed(t *testing.T) {
	for i, p := range refused4 {
		if p.String() == "169.254.0.0/16" {
			continue
		}
		table := slices.Clone(refused4)
		table[i] = netip.PrefixFrom(p.Addr(), p.Bits()+1)
		if disagreement(func(a netip.Addr) error { return judge(a, table, refused6) }) == "" {
			t.Errorf("half of %s is enough", p)
		}
	}
}

func TestWhatThePredicatesOfTheLibraryCallOrdinaryIsRefused(t *testing.T) {
	for _, text := range []string{
		"64:ff9b::7f00:1", "64:ff9b:1::a00:1", "2002:7f00:1::", "fec0::1", "100.64.0.1", "198.18.0.1", "240.0.0.1", "0.1.2.3",
		"::7f00:1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "2001:0:7f00:1::", "fd00:ec2::254", "fe80::1%eth0",
		"2606:4700::1111%eth0", "100::1", "5f00::1", "ff02::1", "::",
	} {
		if Judge(netip.MustParseAddr(text)) == nil {
			t.Errorf("%s is let through", text)
		}
	}
	if Judge(netip.Addr{}) == nil {
		t.Error("the zero address is let through")
	}
}

func TestOrdinaryAddressesPass(t *testing.T) {
	for _, text := range []string{"8.8.8.8", "1.1.1.1", "192.0.1.1", "2606:4700::1111", "2a01:4f8::1", "2001:4860:4860::8888", "::ffff:8.8.8.8"} {
		if err := Judge(netip.MustParseAddr(text)); err != nil {
			t.Error(err)
		}
	}
}

func TestWithNAT64TheEmbeddedAddressIsJudged(t *testing.T) {
	d := open(t, Config{NAT64: true, OwnAddresses: func() []netip.Addr { return []netip.Addr{netip.MustParseAddr("9.9.9.9")} }})
	for text, want := range map[string]bool{
		"64:ff9b::808:808":         true,
		"64:ff9b:1::808:808":       true,
		"64:ff9b::7f00:1":          false,
		"64:ff9b::a9fe:a9fe":       false,
		"64:ff9b:1::a00:1":         false,
		"64:ff9b:1:a00:1::":        false, // 10.0.0.1 where a /48 puts it
		"64:ff9b:1:a00:1::808:808": false, // and a public one behind
		"64:ff9b::909:909":         false, // ourselves
		"64:ff9b::1:808:808":       false,
		"8.8.8.8":                  true,
		"2606:4700::1111":          true,
	} {
		if err := d.judge(netip.MustParseAddr(text)); (err == nil) != want {
			t.Errorf("%s: %v, want passing %v", text, err, want)
		}
	}
	strict := open(t, Config{})
	if strict.judge(netip.MustParseAddr("64:ff9b::808:808")) == nil {
		t.Error("NAT64 passes without being configured")
	}
}

func TestOurOwnPublicAddressIsRefused(t *testing.T) {
	d := open(t, Config{OwnAddresses: func() []netip.Addr {
		return []netip.Addr{netip.MustParseAddr("8.8.4.4"), netip.MustParseAddr("2606:4700::1")}
	}})
	for _, text := range []string{"8.8.4.4", "::ffff:8.8.4.4", "2606:4700::1"} {
		if d.judge(netip.MustParseAddr(text)) == nil {
			t.Errorf("%s is let through", text)
		}
	}
	if err := d.judge(netip.MustParseAddr("8.8.4.5")); err != nil {
		t.Error(err)
	}
}

func TestTheAddressesOfTheMachineAreItsOwnUnlessSaidOtherwise(t *testing.T) {
	if own := open(t, Config{}).cfg.OwnAddresses(); !slices.Contains(own, netip.MustParseAddr("127.0.0.1")) {
		t.Errorf("own addresses %v", own)
	}
}
