package networktest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Answer is what somebody between the driver and the network says in the network's place.
type Answer struct {
	Status  int
	Header  http.Header
	Arrived bool // the request has arrived, and the network's own answer is lost
}

// SetAnswer begins a run in which (HTTP) a proxy answers everything with a page.
func (b *Breaker) SetAnswer(a Answer) {
	b.Set(BadAnswer, 0)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.answer = a
}

// SetTwist begins a run in which (HTTP) f changes the body of each answer.
func (b *Breaker) SetTwist(f func(body []byte) []byte) {
	b.Set(Twist, 0)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.twist = f
}

// client is c over the breaking wire, nil for nil.
func (b *Breaker) client(c *http.Client) *http.Client {
	if c == nil {
		return nil
	}
	base := c.Transport
	if base == nil {
		base = http.DefaultTransport
	}
	if t, ok := base.(*http.Transport); ok && b.raw == nil {
		b.raw = b.overBreakingConnections(t)
	}
	broken := *c
	broken.Transport = &transport{b, base}
	return &broken
}

// Close ends the connections that a wire keeps.
func (b *Breaker) Close() {
	if b.raw != nil {
		b.raw.CloseIdleConnections()
	}
}

// transport breaks HTTP exchanges.
type transport struct {
	b    *Breaker
	base http.RoundTripper
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	b := t.b
	if err := b.refuses(req.Context(), true); err != nil {
		return nil, err
	}
	b.mu.Lock()
	f, at, answer, twist := b.fault, b.at, b.answer, b.twist
	cut := f == CutWrite && b.room(1, &b.wrote) < 0
	b.wrote++
	b.broken = b.broken || f == BadAnswer || f == Portal || f == Repeats
	b.mu.Unlock()
	switch {
	case cut:
		return nil, errReset
	case f == Portal:
		return Answer{Status: http.StatusOK}.to(req), nil
	case f == BadAnswer:
		if answer.Arrived {
			resp, err := t.base.RoundTrip(req)
			if err != nil {
				return nil, err
			}
			resp.Body.Close()
		}
		return answer.to(req), nil
	case (f == CutAnswer || f == EndAnswer) && b.raw != nil:
		return b.raw.RoundTrip(req)
	case f == Repeats:
		return t.twice(req, at)
	case f == Twist:
		return t.twisted(req, twist)
	}
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body := &broken{Conn: conn{b: b, closed: make(chan struct{})}, body: resp.Body, ctx: req.Context()}
	if err := body.head(); err != nil {
		resp.Body.Close()
		return nil, err
	}
	resp.Body, resp.ContentLength = body, -1
	return resp, nil
}

// to is the answer to a request.
func (a Answer) to(req *http.Request) *http.Response {
	h := a.Header.Clone()
	if h == nil {
		h = http.Header{}
	}
	h.Set("Content-Type", "text/html")
	return &http.Response{StatusCode: a.Status, Status: strconv.Itoa(a.Status) + " " + http.StatusText(a.Status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: h, Body: io.NopCloser(strings.NewReader("<html><h1>Somebody else's page</h1></html>")), ContentLength: -1, Request: req}
}

func (t *transport) twisted(req *http.Request, twist func([]byte) []byte) (*http.Response, error) {
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(twist(body))), -1
	return resp, nil
}

// twice sends a request twice, as a proxy does that has lost patience, and returns one of the answers.
func (t *transport) twice(req *http.Request, which int64) (chosen *http.Response, err error) {
	var body []byte
	if req.Body != nil {
		if body, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		req.Body.Close()
	}
	for i := range int64(2) {
		again := req.Clone(req.Context())
		again.Body, again.GetBody = io.NopCloser(bytes.NewReader(body)), nil
		resp, err := t.base.RoundTrip(again)
		if err != nil {
			return nil, err
		}
		if i == 1-which {
			chosen = resp
		} else {
			io.Copy(io.Discard, resp.Body)
			resp.Body.Close()
		}
	}
	return chosen, nil
}

// broken is the body of an HTTP answer as a connection that is only read.
type broken struct {
	Conn conn
	body io.ReadCloser
	ctx  context.Context
}

func (a *broken) head() error {
	b := a.Conn.b
	b.mu.Lock()
	room := 1
	if b.fault == CutRead || b.fault == Silence {
		room = b.room(1, &b.read)
	}
	b.read++
	f := b.fault
	b.mu.Unlock()
	if room < 0 && f == Silence {
		<-a.ctx.Done()
		return a.ctx.Err()
	}
	if room < 0 {
		return errReset
	}
	return nil
}

func (a *broken) Read(p []byte) (int, error) {
	stop := context.AfterFunc(a.ctx, func() { a.Conn.once.Do(func() { close(a.Conn.closed) }) })
	defer stop()
	if a.Conn.Conn == nil {
		a.Conn.Conn = readOnly{a.body}
	}
	n, err := a.Conn.Read(p)
	if errors.Is(err, net.ErrClosed) && a.ctx.Err() != nil {
		err = a.ctx.Err()
	}
	return n, err
}

func (a *broken) Close() error { return a.body.Close() }

type readOnly struct{ io.ReadCloser }

func (readOnly) Write([]byte) (int, error)        { return 0, io.ErrClosedPipe }
func (readOnly) LocalAddr() net.Addr              { return nil }
func (readOnly) RemoteAddr() net.Addr             { return nil }
func (readOnly) SetDeadline(time.Time) error      { return nil }
func (readOnly) SetReadDeadline(time.Time) error  { return nil }
func (readOnly) SetWriteDeadline(time.Time) error { return nil }

// overBreakingConnections is a transport of its own over connections that CutAnswer and EndAnswer break. It keeps connections as
// a real one does: what net/http sends again by itself over a new one is seen here and nowhere else.
func (b *Breaker) overBreakingConnections(t *http.Transport) *http.Transport {
	t = t.Clone()
	dial := t.DialContext
	if dial == nil {
		dial = new(net.Dialer).DialContext
	}
	t.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &cutConn{Conn: c, b: b}, nil
	}
	return t
}

type cutConn struct {
	net.Conn
	b    *Breaker
	run  int   // in which it was read
	read int64 // bytes in that run
}

// Read lets a byte come before it keeps it back: then the network has done what it was asked.
func (c *cutConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	b := c.b
	b.mu.Lock()
	defer b.mu.Unlock()
	if c.run != b.run {
		c.run, c.read = b.run, 0
	}
	came := int64(n)
	if (b.fault == CutAnswer || b.fault == EndAnswer) && c.read+came > b.at {
		n, b.broken = int(max(0, b.at-c.read)), true
		if err = errReset; b.fault == EndAnswer {
			err = io.EOF
		}
		c.Conn.Close()
	}
	b.read += came
	c.read += came
	return n, err
}
