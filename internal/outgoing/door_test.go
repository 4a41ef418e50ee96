package outgoing

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"

	"comptoir/internal/fault"
)

// quick are the standard limits with waits that a test can afford. The sizes stay.
func quick() limits {
	l := standardLimits
	l.refusal = 0
	return l
}

func open(t testing.TB, cfg Config) *Door { return openWith(t, cfg, quick()) }

func openWith(t testing.TB, cfg Config, l limits) *Door {
	t.Helper()
	d, err := newDoor(cfg, l)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

var errRecorded = errors.New("recorded instead of connected")

// recorder keeps what a door was about to connect to, and stops every connection but to loopback: no
// packet of these tests leaves the machine.
type recorder struct {
	mu   sync.Mutex
	seen []netip.AddrPort
}

func record(d *Door) *recorder {
	r := &recorder{}
	d.seen = func(ap netip.AddrPort) error {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.seen = append(r.seen, ap)
		if loopback(ap.Addr()) {
			return nil
		}
		return errRecorded
	}
	return r
}

func (r *recorder) all() []netip.AddrPort {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]netip.AddrPort(nil), r.seen...)
}

// trap listens on loopback, IPv4 and IPv6, and counts who comes.
type trap struct {
	addr  string
	port  string
	mu    sync.Mutex
	count int
}

func listen(t testing.TB) *trap {
	t.Helper()
	tr := &trap{}
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	tr.addr = l.Addr().String()
	_, tr.port, _ = net.SplitHostPort(tr.addr)
	listeners := []net.Listener{l}
	if l6, err := net.Listen("tcp6", "[::1]:"+tr.port); err == nil {
		listeners = append(listeners, l6)
	}
	for _, l := range listeners {
		t.Cleanup(func() { l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				tr.mu.Lock()
				tr.count++
				tr.mu.Unlock()
				c.Close()
			}
		}()
	}
	return tr
}

func (tr *trap) visits() int {
	tr.mu.Lock()
	defer tr.mu.Unlock()
	return tr.count
}

// names is a DNS server on loopback. Each name has a list of answers, one a look-up, the last for ever;
// an answer is a list of addresses and at most one "cname:…" that leads to another name.
type names struct {
	mu      sync.Mutex
	answers map[string][][]string
	asked   map[string]int // A questions for each name
}

func resolve(t testing.TB, answers map[string][][]string) (*net.Resolver, *names) {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	n := &names{answers: answers, asked: map[string]int{}}
	go n.serve(conn)
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp4", conn.LocalAddr().String())
	}}, n
}

func (n *names) serve(conn net.PacketConn) {
	buf := make([]byte, 1500)
	for {
		k, from, err := conn.ReadFrom(buf)
		if err != nil {
			return
		}
		var m dnsmessage.Message
		if m.Unpack(buf[:k]) != nil || len(m.Questions) != 1 {
			continue
		}
		out, err := n.answer(m)
		if err == nil {
			conn.WriteTo(out, from)
		}
	}
}

func (n *names) answer(m dnsmessage.Message) ([]byte, error) {
	q := m.Questions[0]
	m.Header.Response, m.Header.RecursionAvailable, m.Additionals = true, true, nil
	name := strings.ToLower(strings.TrimSuffix(q.Name.String(), "."))
	for hop := 0; ; hop++ {
		records, ok := n.take(name, q.Type)
		if !ok {
			m.Header.RCode = dnsmessage.RCodeNameError
			break
		}
		next := ""
		for _, r := range records {
			if target, is := strings.CutPrefix(r, "cname:"); is {
				next = target
			}
			add(&m, name, q.Type, r)
		}
		if next == "" || hop > 10 {
			break
		}
		name = next
	}
	return m.Pack()
}

// take returns the next answer for a name. Only questions for A count as look-ups: resolvers ask A and AAAA together.
func (n *names) take(name string, kind dnsmessage.Type) ([]string, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	list, ok := n.answers[name]
	if !ok {
		return nil, false
	}
	i := min(n.asked[name], len(list)-1)
	if kind == dnsmessage.TypeA {
		n.asked[name]++
	}
	return list[i], true
}

func add(m *dnsmessage.Message, name string, kind dnsmessage.Type, record string) {
	h := dnsmessage.ResourceHeader{Name: dnsmessage.MustNewName(name + "."), Class: dnsmessage.ClassINET}
	if target, ok := strings.CutPrefix(record, "cname:"); ok {
		h.Type = dnsmessage.TypeCNAME
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.CNAMEResource{CNAME: dnsmessage.MustNewName(target + ".")}})
		return
	}
	a := netip.MustParseAddr(record)
	switch {
	case a.Is4() && kind == dnsmessage.TypeA:
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AResource{A: a.As4()}})
	case a.Is6() && kind == dnsmessage.TypeAAAA:
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: h, Body: &dnsmessage.AAAAResource{AAAA: a.As16()}})
	}
}

func wantFault(t testing.TB, err error, code fault.Code, key string) {
	t.Helper()
	f, ok := errors.AsType[*fault.Error](err)
	if !ok || f.Code != code || f.Key != key {
		t.Errorf("error %v, want %s (%s)", err, code, key)
	}
}

func port(t testing.TB, text string) uint16 {
	t.Helper()
	n, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		t.Fatal(err)
	}
	return uint16(n)
}

func (n *names) lookups(name string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked[name]
}
