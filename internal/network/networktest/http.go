package networktest

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"time"
)

// client is c over the breaking wire, nil for nil.
func (b *Breaker) client(c *http.Client) *http.Client {
	if c == nil {
		return nil
	}
	broken := *c
	broken.Transport = &transport{b, c.Transport}
	return &broken
}

// transport breaks HTTP exchanges.
type transport struct {
	b    *Breaker
	base http.RoundTripper
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	b := t.b
	if err := b.refuses(req.URL.Scheme == "https"); err != nil {
		return nil, err
	}
	b.mu.Lock()
	f := b.fault
	cut := f == CutWrite && b.room(1, &b.wrote) < 0
	b.wrote++
	b.mu.Unlock()
	if cut {
		return nil, errReset
	}
	base := t.base
	if base == nil {
		base = http.DefaultTransport
	}
	if f == BadAnswer {
		b.mu.Lock()
		b.broken = true
		b.mu.Unlock()
		return &http.Response{StatusCode: 502, Status: "502 Bad Gateway", Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{"Content-Type": {"text/html"}}, Body: io.NopCloser(strings.NewReader("<h1>Bad Gateway</h1>")), Request: req}, nil
	}
	resp, err := base.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	body := &answer{Conn: conn{b: b, closed: make(chan struct{})}, body: resp.Body, ctx: req.Context()}
	if err := body.head(); err != nil {
		resp.Body.Close()
		return nil, err
	}
	resp.Body, resp.ContentLength = body, -1
	return resp, nil
}

// answer is the body of an HTTP answer as a connection that is only read.
type answer struct {
	Conn conn
	body io.ReadCloser
	ctx  context.Context
}

func (a *answer) head() error {
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

func (a *answer) Read(p []byte) (int, error) {
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

func (a *answer) Close() error { return a.body.Close() }

type readOnly struct{ io.ReadCloser }

func (readOnly) Write([]byte) (int, error)        { return 0, io.ErrClosedPipe }
func (readOnly) LocalAddr() net.Addr              { return nil }
func (readOnly) RemoteAddr() net.Addr             { return nil }
func (readOnly) SetDeadline(time.Time) error      { return nil }
func (readOnly) SetReadDeadline(time.Time) error  { return nil }
func (readOnly) SetWriteDeadline(time.Time) error { return nil }
