package outgoing

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// connect opens a TCP connection to a cleaned host. The judgement is in Control: it sees each address
// that is about to be connected, after the look-up, whatever the host was.
func (d *Door) connect(ctx context.Context, host string, port uint16, judge judgement) (net.Conn, error) {
	dialer := &net.Dialer{
		Timeout:  d.limits.dial,
		Resolver: d.resolver,
		Control: func(network, address string, _ syscall.RawConn) error {
			return d.admit(network, address, judge)
		},
	}
	return dialer.DialContext(ctx, "tcp", target(host, port))
}

// judgement says whether an address may be connected.
type judgement func(netip.AddrPort) error

// judgement is the one for a cleaned host: what the operator named may be anything but a metadata service.
func (w *wire) judgement(host string, port uint16) judgement {
	switch d := w.door; {
	case w.kind == Self:
		return w.judgeSelf
	case w.kind == Operator || d.allow.has(host, port):
		return judgeNamed
	default:
		return d.judgeStrange
	}
}

func judgeNamed(ap netip.AddrPort) error { return judgeMetadata(ap.Addr()) }

func (d *Door) judgeStrange(ap netip.AddrPort) error { return d.judge(ap.Addr()) }

// judgeSelf lets this machine's addresses pass where we listen, and public ones.
func (w *wire) judgeSelf(ap netip.AddrPort) error {
	a := ap.Addr().Unmap()
	own := func(b netip.Addr) bool { return b.Unmap().WithZone("") == a }
	if ap.Port() == w.port && slices.ContainsFunc(w.door.cfg.OwnAddresses(), own) {
		return judgeMetadata(a)
	}
	return Judge(a)
}

// admit is the last word before a connection.
func (d *Door) admit(network, address string, judge judgement) error {
	if network != "tcp4" && network != "tcp6" {
		return refusal(network)
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return refusal(err.Error())
	}
	err = judge(ap)
	if err == nil && d.seen != nil {
		err = d.seen(ap)
	}
	return err
}

// dialWeb is the transport's dialler. With a proxy, the transport dials the proxy.
func (w *wire) dialWeb(ctx context.Context, _, addr string) (net.Conn, error) {
	d := w.door
	host, ip, port, err := splitTarget(addr)
	if err != nil {
		return nil, err
	}
	if d.proxy != "" && w.kind != Self && target(host, port) == d.proxy {
		return d.connect(ctx, host, port, judgeNamed)
	}
	if err := w.check(host, ip, port, d.limits.web); err != nil {
		return nil, err
	}
	return d.connect(ctx, host, port, w.judgement(host, port))
}

// dial opens a raw connection for mail, or for anything at a listed target.
func (w *wire) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	began := time.Now()
	conn, err := w.dialRaw(ctx, network, addr)
	if err != nil {
		return nil, w.door.level(ctx, w.kind, began, explain(err, false))
	}
	return conn, nil
}

func (w *wire) dialRaw(ctx context.Context, network, addr string) (net.Conn, error) {
	d := w.door
	if network != "tcp" && network != "tcp4" && network != "tcp6" {
		return nil, refused(refusal(fmt.Sprintf("network %q", network)), known)
	}
	host, ip, port, err := splitTarget(addr)
	if err == nil {
		err = w.check(host, ip, port, d.limits.mail)
	}
	if err != nil {
		return nil, refused(err, known)
	}
	return d.connect(ctx, host, port, w.judgement(host, port))
}

// dialTLS is dial, then TLS for addr's host.
func (w *wire) dialTLS(ctx context.Context, network, addr string) (net.Conn, error) {
	conn, err := w.dial(ctx, network, addr)
	if err != nil {
		return nil, err
	}
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		conn.Close()
		return nil, explain(err, false)
	}
	return w.startTLS(ctx, conn, host)
}

// startTLS upgrades a connection, the certificate checked for host. It closes conn when that fails.
func (w *wire) startTLS(ctx context.Context, conn net.Conn, host string) (net.Conn, error) {
	host, _, err := cleanHost(host)
	if err != nil {
		conn.Close()
		return nil, refused(err, known)
	}
	ctx, cancel := context.WithTimeout(ctx, w.door.limits.tls)
	defer cancel()
	secure := tls.Client(conn, w.door.tlsConfig(host))
	if err := secure.HandshakeContext(ctx); err != nil {
		conn.Close()
		if ctx.Err() != nil {
			err = fmt.Errorf("%w: %w", ctx.Err(), err)
		}
		f := explain(err, false)
		if f.Key == keyUnreached { // whatever else happens during a handshake
			f = &fault.Error{Code: f.Code, Op: f.Op, Key: keyCertificate, Err: err}
		}
		return nil, f
	}
	return secure, nil
}

func (w *wire) network() network.Wire {
	return network.Wire{HTTP: w.client(), Dial: w.dial, DialTLS: w.dialTLS, StartTLS: w.startTLS}
}
