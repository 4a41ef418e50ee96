package networktest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"strings"
	"sync"
	"syscall"
	"time"

	"comptoir/internal/network"
)

// Fault is how a wire breaks, and after how many bytes of a run. Bytes are counted as the driver sees
// them, over all its connections; an HTTP exchange counts one byte for the request, and one for the head of the
// answer before those of its body.
type Fault int

const (
	Healthy   Fault = iota
	CutRead         // after At bytes read, every connection breaks: what was written has arrived
	CutWrite        // after At bytes written, every connection breaks: the rest never arrives
	Silence         // after At bytes read, nothing comes any more, and nothing breaks
	Slow            // after At bytes read, one byte comes each second
	Garbage         // after At bytes read, nonsense comes
	Endless         // after At bytes read, more of the last byte comes, without end
	NoDial          // nobody answers
	NoTLS           // the certificate is not valid
	BadAnswer       // (HTTP) a proxy answers 502 with a page
)

func (f Fault) String() string {
	return [...]string{"healthy", "cut read", "cut write", "silence", "slow", "garbage", "endless", "no dial", "no TLS", "502"}[f]
}

// Breaker is a wire that breaks as told. It is safe for concurrent use.
type Breaker struct {
	base network.Wire

	mu          sync.Mutex
	fault       Fault
	at          int64
	read, wrote int64
	broken      bool
}

// NewBreaker returns a healthy wire over another.
func NewBreaker(w network.Wire) *Breaker { return &Breaker{base: w} }

// Set begins a run: it resets the counts and breaks the wire as told from now on.
func (b *Breaker) Set(f Fault, at int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault, b.at, b.read, b.wrote, b.broken = f, at, 0, 0, false
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
)

// Wire is what the driver gets.
func (b *Breaker) Wire() network.Wire {
	w := network.Wire{}
	w.HTTP = b.client(b.base.HTTP)
	dial := func(f func(context.Context, string, string) (net.Conn, error), secure bool) func(context.Context, string, string) (net.Conn, error) {
		return func(ctx context.Context, network, addr string) (net.Conn, error) {
			if err := b.refuses(secure); err != nil {
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
			if err := b.refuses(true); err != nil {
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

func (b *Breaker) refuses(secure bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.fault == NoDial, b.broken && (b.fault == CutRead || b.fault == CutWrite):
		b.broken = true
		return errRefused
	case b.fault == NoTLS && secure:
		b.broken = true
		return errors.New("tls: failed to verify certificate")
	}
	return nil
}

func (b *Breaker) wrap(c net.Conn) net.Conn {
	return &conn{Conn: c, b: b, closed: make(chan struct{})}
}

type conn struct {
	net.Conn
	b      *Breaker
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
	n, err := c.Conn.Read(p[:room])
	b.mu.Lock()
	b.read += int64(n)
	b.mu.Unlock()
	return n, err
}

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
			n = copy(p, bytes.Repeat([]byte("\x00\xff{999}\r\n* ] (\r"), 8))
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
