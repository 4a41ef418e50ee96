package emailtest

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net"
	"sync"
	"time"

	"comptoir/internal/network"
)

type certPool = x509.CertPool

// newCertificate makes a certificate for 127.0.0.1 and what trusts it.
func newCertificate() (tls.Certificate, *certPool, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("emailtest: %w", err)
	}
	t := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "mail.test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(1, 0, 0),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, t, t, &key.PublicKey, key)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("emailtest: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return tls.Certificate{}, nil, fmt.Errorf("emailtest: %w", err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pool, nil
}

// Wire reaches the server and trusts its certificate.
func (s *Server) Wire() network.Wire { return LoopbackWire(s.pool) }

// LoopbackWire is a plain wire that trusts the given certificates.
func LoopbackWire(roots *x509.CertPool) network.Wire {
	var d net.Dialer
	secure := func(ctx context.Context, c net.Conn, host string) (net.Conn, error) {
		t := tls.Client(c, &tls.Config{RootCAs: roots, ServerName: host})
		if err := t.HandshakeContext(ctx); err != nil {
			c.Close()
			return nil, err
		}
		return t, nil
	}
	return network.Wire{
		Dial: d.DialContext,
		DialTLS: func(ctx context.Context, network, addr string) (net.Conn, error) {
			c, err := d.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			host, _, _ := net.SplitHostPort(addr)
			return secure(ctx, c, host)
		},
		StartTLS: secure,
	}
}

// listener wraps what it accepts so that the server can break it.
type listener struct {
	net.Listener
	server *Server
	config *tls.Config // nil = no TLS from the first byte
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	w := &wire{Conn: c, server: l.server, left: -1}
	l.server.mu.Lock()
	l.server.conns[w] = true
	l.server.mu.Unlock()
	if l.config == nil {
		return &filter{w, l.server}, nil
	}
	return &filter{tls.Server(w, l.config), l.server}, nil
}

// filter hides from clients what the server is told not to have.
type filter struct {
	net.Conn
	server *Server
}

func (f *filter) Write(p []byte) (int, error) {
	if f.server.now().NoIdle {
		if _, err := f.Conn.Write(bytes.ReplaceAll(p, []byte(" IDLE"), nil)); err != nil {
			return 0, err
		}
		return len(p), nil
	}
	return f.Conn.Write(p)
}

// wire is the server's end of a connection.
type wire struct {
	net.Conn
	server *Server
	mu     sync.Mutex
	left   int // bytes until it breaks, -1 = it does not
}

func (w *wire) cutAfter(n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.left = n
}

func (w *wire) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.left < 0 || w.left >= len(p) {
		if w.left >= 0 {
			w.left -= len(p)
		}
		return w.Conn.Write(p)
	}
	n, _ := w.Conn.Write(p[:w.left])
	w.Conn.Close()
	return n, net.ErrClosed
}

func (w *wire) Close() error {
	w.server.mu.Lock()
	delete(w.server.conns, w)
	w.server.mu.Unlock()
	return w.Conn.Close()
}

func unwrap(c net.Conn) *wire {
	for {
		switch x := c.(type) {
		case *wire:
			return x
		case *filter:
			c = x.Conn
		case *tls.Conn: // under a filter, or over one after STARTTLS
			c = x.NetConn()
		}
	}
}
