package networktest

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"time"

	"comptoir/internal/network"
)

// Fault is how a wire breaks, and after how many bytes of a run. Bytes are counted as the driver sees
// them, over all its connections; an HTTP exchange counts one byte for the request, and one for the head of the
// answer before those of its body. CutAnswer and EndAnswer count each byte of a head.
type Fault int

const (
	Healthy   Fault = iota
	CutRead         // after At bytes read, every connection breaks: what was written has arrived
	CutWrite        // after At bytes written, every connection breaks: the rest never arrives
	Silence         // after At bytes read, nothing comes any more, and nothing breaks; what comes later comes too late
	Slow            // after At bytes read, one byte comes each second
	Garbage         // after At bytes read, nonsense comes
	Endless         // after At bytes read, more of the last byte comes, without end
	NoDial          // the connection is refused
	Blackhole       // nobody answers, not even to refuse
	NoName          // the name cannot be resolved now
	NoTLS           // the certificate has expired
	Portal          // in place of the network, somebody answers 200 with a page; nothing arrives
	BadAnswer       // (HTTP) a proxy answers 502 with a page; nothing arrives
	CutAnswer       // (HTTP) after At bytes of answers, heads and all, each connection breaks: what was written has arrived
	EndAnswer       // (HTTP) the same, but each connection ends as if there were no more to say
	Twist           // (HTTP) answers are changed as SetTwist says
	Repeats         // (HTTP) a proxy sends everything twice, and gives the second answer (At 0) or the first (At 1)
)

func (f Fault) String() string {
	return [...]string{"healthy", "a cut read", "a cut write", "silence", "one byte a second", "garbage", "an endless answer", "a refused connection", "a black hole", "no name",
		"an expired certificate", "a captive portal", "a proxy's page", "a cut answer", "an answer that ends early", "a changed answer", "a proxy that repeats"}[f]
}

// Breaker is a wire that breaks as told. It is safe for concurrent use.
type Breaker struct {
	base network.Wire

	mu          sync.Mutex
	fault       Fault
	at          int64
	read, wrote int64
	run         int // counts Set
	broken      bool
	answer      Answer // of BadAnswer
	twist       func([]byte) []byte
	raw         *http.Transport // of CutAnswer and EndAnswer; nil without HTTP
}

// NewBreaker returns a healthy wire over another.
func NewBreaker(w network.Wire) *Breaker { return &Breaker{base: w} }

// Set begins a run: it resets the counts and breaks the wire as told from now on.
func (b *Breaker) Set(f Fault, at int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault, b.at, b.read, b.wrote, b.broken = f, at, 0, 0, false
	b.run++
	b.answer = Answer{Status: http.StatusBadGateway}
}

// Counts tells the bytes read and written since Set.
func (b *Breaker) Counts() (read, wrote int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.read, b.wrote
}

// Broken tells whether the fault has struck since Set.
func (b *Breaker) Broken() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.broken
}

var (
	errRefused = &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	errReset   = &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	errNoName  = &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "server misbehaving", Name: "network.test", Server: "192.0.2.53:53", IsTemporary: true}}
	errExpired = &tls.CertificateVerificationError{Err: x509.CertificateInvalidError{Reason: x509.Expired}}
)

// page is what a captive portal says, on any port.
const page = "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nConnection: close\r\n\r\n<html><h1>Welcome to our wireless network</h1></html>\r\n"

// Wire is what the driver gets.
func (b *Breaker) Wire() network.Wire {
	w := network.Wire{}
	w.HTTP = b.client(b.base.HTTP)
	dial := func(f func(context.Context, string, string) (net.Conn, error), secure bool) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, addr string) (net.Conn, error) {
			if err := b.refuses(ctx, secure); err != nil {
				return nil, err
			}
			c, err := f(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return b.wrap(c), nil
		}
	}
	if b.base.Dial != nil {
		w.Dial, w.DialTLS = dial(b.base.Dial, false), dial(b.base.DialTLS, true)
		w.StartTLS = func(ctx context.Context, c net.Conn, host string) (net.Conn, error) {
			if err := b.refuses(ctx, true); err != nil {
				return nil, err
			}
			if bc, ok := c.(*conn); ok {
				c = bc.Conn
			}
			s, err := b.base.StartTLS(ctx, c, host)
			if err != nil {
				return nil, err
			}
			return b.wrap(s), nil
		}
	}
	return w
}

// refuses is why there is no connection, nil when there is one.
func (b *Breaker) refuses(ctx context.Context, secure bool) error {
	err := b.refusal(secure)
	if err == errSilent {
		<-ctx.Done()
		return ctx.Err()
	}
	return err
}

var errSilent = errors.New("silent")

func (b *Breaker) refusal(secure bool) (err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.fault == NoDial, b.broken && (b.fault == CutRead || b.fault == CutWrite):
		err = errRefused
	case b.fault == Blackhole:
		err = errSilent
	case b.fault == NoName:
		err = errNoName
	case b.fault == NoTLS && secure:
		err = errExpired
	}
	b.broken = b.broken || err != nil
	return err
}

func (b *Breaker) wrap(c net.Conn) net.Conn {
	return &conn{Conn: c, b: b, page: strings.NewReader(page), closed: make(chan struct{})}
}

type conn struct {
	net.Conn
	b      *Breaker
	page   *strings.Reader // of Portal
	once   sync.Once
	closed chan struct{}
}

func (c *conn) Close() error {
	c.once.Do(func() { close(c.closed) })
	return c.Conn.Close()
}

// room is how many of n bytes may pass before the fault strikes; -1 = it has struck.
func (b *Breaker) room(n int, count *int64) int {
	if *count >= b.at {
		b.broken = true
		return -1
	}
	return int(min(int64(n), b.at-*count))
}

func (c *conn) Read(p []byte) (int, error) {
	b := c.b
	b.mu.Lock()
	f, room := b.fault, len(p)
	if f >= CutRead && f <= Endless && f != CutWrite {
		room = b.room(len(p), &b.read)
	} else if f == CutWrite && b.broken {
		room = -1
	}
	b.mu.Unlock()
	if room < 0 {
		return c.struck(f, p)
	}
	if f == Portal {
		b.mu.Lock()
		b.broken = true
		b.mu.Unlock()
		return c.page.Read(p)
	}
	n, err := c.Conn.Read(p[:room])
	b.mu.Lock()
	b.read += int64(n)
	b.mu.Unlock()
	return n, err
}

var nonsense = bytes.Repeat([]byte("\x00\xff{999}\r\n* ] (\r"), 2<<10)

// struck is what a read gives once the fault has struck.
func (c *conn) struck(f Fault, p []byte) (int, error) {
	wait := time.Second
	switch f {
	case CutRead, CutWrite:
		c.Conn.Close()
		return 0, errReset
	case Garbage, Endless:
		n := 0
		if f == Garbage {
			n = copy(p, nonsense)
		} else {
			n = copy(p, strings.Repeat("a", min(len(p), 32<<10)))
		}
		c.b.mu.Lock()
		c.b.read += int64(n)
		c.b.mu.Unlock()
		return n, nil
	case Silence:
		wait = time.Hour
	}
	select {
	case <-c.closed:
		return 0, net.ErrClosed
	case <-time.After(wait):
	}
	n, err := c.Conn.Read(p[:1])
	c.b.mu.Lock()
	c.b.read += int64(n)
	c.b.mu.Unlock()
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	b := c.b
	b.mu.Lock()
	if b.fault == Portal {
		b.mu.Unlock()
		return len(p), nil
	}
	room := len(p)
	if b.fault == CutWrite {
		room = b.room(len(p), &b.wrote)
	} else if b.fault == CutRead && b.broken {
		room = -1
	}
	if room > 0 {
		b.wrote += int64(room)
	}
	b.mu.Unlock()
	if room < 0 {
		c.Conn.Close()
		return 0, errReset
	}
	n, err := c.Conn.Write(p[:room])
	if err == nil && n < len(p) {
		b.mu.Lock()
		b.broken = true
		b.mu.Unlock()
		c.Conn.Close()
		err = errReset
	}
	return n, err
}
