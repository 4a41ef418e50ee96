package outgoing

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"
)

// body is an answer's body within its budgets. Its errors are *fault.Error.
type body struct {
	io.ReadCloser
	visit *visit
	left  int64         // bytes that may still be read, -1 = no bound
	idle  time.Duration // longest silence, in place of the visit's budget; 0 = keep that
	err   error         // the end, once reached
}

func (b *body) Read(p []byte) (int, error) {
	if b.err != nil || len(p) == 0 {
		return 0, b.err
	}
	if b.idle > 0 {
		b.visit.timer.Reset(b.idle)
	}
	if b.left >= 0 && int64(len(p)) > b.left+1 {
		p = p[:b.left+1] // one byte more, to tell the end from too much
	}
	n, err := b.ReadCloser.Read(p)
	if b.left >= 0 {
		if int64(n) > b.left {
			n, err = int(b.left), errTooLarge
		}
		b.left -= int64(n)
	}
	if err != nil {
		if cause := context.Cause(b.visit.ctx); err != io.EOF && cause != nil {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		b.err = bodyError(err)
		b.visit.end()
	}
	return n, b.err
}

func (b *body) Close() error {
	err := b.ReadCloser.Close()
	b.visit.end()
	return bodyError(err)
}

// tunnel is the connection of a switched protocol, closed with the request's context.
type tunnel struct {
	body
	io.Writer
	stop func() bool
}

func (t *tunnel) Close() error {
	t.stop()
	return t.body.Close()
}

// tunnel accepts a switch of protocols, from accounts only.
func (v *visit) tunnel(resp *http.Response) (*http.Response, error) {
	conn, ok := resp.Body.(io.ReadWriteCloser)
	if !ok || v.wire.kind != Account {
		resp.Body.Close()
		return nil, unreadable("protocol switched without being asked")
	}
	t := &tunnel{body: body{ReadCloser: conn, visit: v, left: -1, idle: v.wire.door.limits.idle}, Writer: conn}
	t.stop = context.AfterFunc(v.ctx, func() { conn.Close() })
	v.timer.Reset(t.idle)
	resp.Body = t
	return resp, nil
}

var _ http.RoundTripper = (*wire)(nil)
