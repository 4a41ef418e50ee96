package outgoing

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// connect opens a TCP connection to a cleaned host. The judgement is in Control: it sees each address
// that is about to be connected, after the look-up, whatever the host was.
func (d *Door) connect(ctx context.Context, host string, port uint16, trusted bool) (net.Conn, error) {
	dialer := &net.Dialer{
		Timeout:  d.limits.dial,
		Resolver: d.resolver,
		Control: func(network, address string, _ syscall.RawConn) error {
			return d.admit(network, address, trusted)
		},
	}
	return dialer.DialContext(ctx, "tcp", target(host, port))
}

// admit is the last word before a connection. trusted: the operator named the target.
func (d *Door) admit(network, address string, trusted bool) error {
	if network != "tcp4" && network != "tcp6" {
		return refusal(network)
	}
	ap, err := netip.ParseAddrPort(address)
	if err != nil {
		return refusal(err.Error())
	}
	if trusted {
		err = judgeMetadata(ap.Addr())
	} else {
		err = d.judge(ap.Addr())
	}
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
	if d.proxy != "" && target(host, port) == d.proxy {
		return d.connect(ctx, host, port, true)
	}
	if err := d.checkTarget(host, ip, port, w.kind, d.limits.web); err != nil {
		return nil, err
	}
	return d.connect(ctx, host, port, w.kind == Operator || d.allow.has(host, port))
}

// dial opens a raw connection for mail, or for anything at a listed target.
func (w *wire) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	began := time.Now()
	conn, err := w.dialRaw(ctx, network, addr)
	if err != nil {
		return nil, w.door.level(ctx, began, explain(err, false))
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
		err = d.checkTarget(host, ip, port, w.kind, d.limits.mail)
	}
	if err != nil {
		return nil, refused(err, known)
	}
	return d.connect(ctx, host, port, w.kind == Operator || d.allow.has(host, port))
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
