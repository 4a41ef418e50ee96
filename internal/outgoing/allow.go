package outgoing

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"

	"comptoir/internal/fault"
)

// allowList is the operator's list of targets, by what was asked and not by where a name leads.
type allowList struct {
	targets  map[string]bool // "host:port", cleaned
	anywhere map[string]bool // loopback addresses of which every port is open
}

// metadataNames are the names under which clouds serve their metadata.
var metadataNames = []string{"metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal"}

func parseAllow(entries []string) (allowList, error) {
	l := allowList{targets: map[string]bool{}, anywhere: map[string]bool{}}
	for _, entry := range entries {
		if err := l.add(entry); err != nil {
			return l, &fault.Error{Code: fault.Invalid, Op: "outgoing.New", Key: "outgoing.allow", Args: []any{"entry", entry}, Err: err}
		}
	}
	return l, nil
}

func (l allowList) add(entry string) error {
	host, port, err := net.SplitHostPort(entry)
	if err != nil {
		return err
	}
	host, addr, err := cleanHost(host)
	if err != nil {
		return err
	}
	if addr.IsValid() {
		if addr.IsUnspecified() || addr.IsMulticast() {
			return fmt.Errorf("%s is not one target", addr)
		}
		if err := judgeMetadata(addr); err != nil {
			return err
		}
	} else if slices.Contains(metadataNames, host) {
		return fmt.Errorf("%s is a metadata service", host)
	}
	if port == "*" {
		if !addr.IsValid() || !loopback(addr) {
			return fmt.Errorf("every port is for a loopback address only, not %s", host)
		}
		l.anywhere[host] = true
		return nil
	}
	n, err := parsePort(port)
	if err != nil {
		return err
	}
	l.targets[target(host, n)] = true
	return nil
}

var loopback4 = netip.MustParsePrefix("127.0.0.0/8")

func loopback(a netip.Addr) bool {
	return loopback4.Contains(a) || a == netip.IPv6Loopback()
}

// has tells whether the operator listed a cleaned host and a port.
func (l allowList) has(host string, port uint16) bool {
	return l.anywhere[host] || l.targets[target(host, port)]
}

func target(host string, port uint16) string {
	return net.JoinHostPort(host, strconv.Itoa(int(port)))
}
