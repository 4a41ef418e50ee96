package outgoing

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// wire is the way out of one kind, and for accounts of one account. It owns its connections. As an
// http.RoundTripper it follows redirects itself: the rules need the whole visit in view, and net/http
// would add a Referer and forward signatures.
type wire struct {
	door      *Door
	kind      Kind
	port      uint16 // Self: where this installation listens
	transport *http.Transport
}

func (w *wire) client() *http.Client {
	return &http.Client{
		Transport:     w,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// CloseIdleConnections is called by http.Client's method of the same name.
func (w *wire) CloseIdleConnections() { w.transport.CloseIdleConnections() }

// RoundTrip makes one visit: a request, the redirects that may be followed, and the answer's body, all
// within one budget.
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	began := time.Now()
	v := w.begin(req)
	resp, err := v.run(req)
	if err != nil {
		if cause := context.Cause(v.ctx); cause != nil {
			err = fmt.Errorf("%w: %w", cause, err)
		}
		v.end()
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, w.door.level(req.Context(), w.kind, began, explain(err, v.sent.Load() && !safe(req.Method)))
	}
	return resp, nil
}

// visit is one RoundTrip, until its body is closed or read to the end, or its time is over.
type visit struct {
	wire   *wire
	ctx    context.Context
	cancel context.CancelCauseFunc
	timer  *time.Timer
	sent   atomic.Bool // bytes of the request may have left
	mu     sync.Mutex
	slot   bool // holds one of the door's slots
}

func (w *wire) begin(req *http.Request) *visit {
	v := &visit{wire: w}
	v.ctx, v.cancel = context.WithCancelCause(req.Context())
	if w.kind == Operator {
		return v
	}
	v.timer = time.AfterFunc(w.whole(req), func() {
		v.cancel(errSlow)
		v.leave()
	})
	return v
}

// whole is the time for a visit. An account may send a film over a bar's thin line: what it uploads is
// given a second for every 64 KiB on top, five minutes when the size is not known.
func (w *wire) whole(req *http.Request) time.Duration {
	t := w.door.limits.whole
	switch {
	case w.kind == Stranger || req.Body == nil || req.Body == http.NoBody:
	case req.ContentLength < 0:
		t += 5 * time.Minute
	default:
		t += time.Duration(req.ContentLength>>16) * time.Second
	}
	return t
}

// enter takes a slot, of which strangers have a bounded number.
func (v *visit) enter() error {
	if v.wire.kind != Stranger {
		return nil
	}
	select {
	case v.wire.door.slots <- struct{}{}:
		v.mu.Lock()
		v.slot = true
		v.mu.Unlock()
		return v.ctx.Err()
	case <-v.ctx.Done():
		return v.ctx.Err()
	}
}

func (v *visit) leave() {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.slot {
		v.slot = false
		<-v.wire.door.slots
	}
}

func (v *visit) end() {
	if v.timer != nil {
		v.timer.Stop()
	}
	v.cancel(nil)
	v.leave()
}

func (v *visit) run(req *http.Request) (*http.Response, error) {
	hop, err := v.prepare(req, req.URL)
	if err != nil {
		return nil, err
	}
	if err := v.enter(); err != nil {
		return nil, err
	}
	mayFollow := v.wire.bare(req)
	for n := 0; ; n++ {
		resp, err := v.ask(hop)
		if err != nil {
			return nil, err
		}
		location := resp.Header.Get("Location")
		if !mayFollow || location == "" || !redirects(resp.StatusCode) {
			return v.receive(resp, req)
		}
		io.CopyN(io.Discard, resp.Body, 2<<10) // lets a small answer's connection be used again
		resp.Body.Close()
		if n == v.wire.door.limits.redirects {
			return nil, redirection("too many")
		}
		if hop, err = v.next(req, hop, location); err != nil {
			return nil, err
		}
	}
}

// prepare makes the request of one hop, to a URL that passed the rules.
func (v *visit) prepare(req *http.Request, u *url.URL) (*http.Request, error) {
	clean, err := v.wire.clean(u)
	if err != nil {
		return nil, refused(err, known)
	}
	// The first field is written before anything is flushed, on HTTP/1 and 2.
	trace := &httptrace.ClientTrace{WroteHeaderField: func(string, []string) { v.sent.Store(true) }}
	hop := req.Clone(httptrace.WithClientTrace(v.ctx, trace))
	hop.URL = clean
	hop.Host = "" // the URL's
	hop.Header.Del("Referer")
	hop.Header.Del("Accept-Encoding") // the transport asks for gzip and undoes it, nothing else
	if v.wire.kind == Stranger {
		hop.Header.Del("Cookie")
	}
	if ua := v.wire.door.cfg.UserAgent; ua != "" && hop.Header.Get("User-Agent") == "" {
		hop.Header.Set("User-Agent", ua)
	}
	return hop, nil
}

func (v *visit) ask(hop *http.Request) (*http.Response, error) {
	if v.wire.proxied(hop.URL) {
		if err := v.wire.door.judgeForProxy(v.ctx, hop.URL.Hostname()); err != nil {
			return nil, err
		}
	}
	return v.wire.transport.RoundTrip(hop)
}

// receive puts the budgets around an answer's body.
func (v *visit) receive(resp *http.Response, req *http.Request) (*http.Response, error) {
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return v.tunnel(resp)
	}
	empty := req.Method == http.MethodHead || resp.StatusCode == http.StatusNoContent || resp.StatusCode == http.StatusNotModified
	if enc := resp.Header.Get("Content-Encoding"); enc != "" && !strings.EqualFold(enc, "identity") && !empty {
		resp.Body.Close()
		return nil, unreadable(fmt.Sprintf("encoding %q", enc))
	}
	b := &body{ReadCloser: resp.Body, visit: v, left: v.wire.door.limits.body}
	switch {
	case v.wire.kind == Operator:
		b.left = -1
	case v.wire.kind == Account && stream(resp, req):
		b.left, b.idle = -1, v.wire.door.limits.idle
	case resp.ContentLength > b.left && !empty:
		resp.Body.Close()
		return nil, errTooLarge
	}
	resp.Body = b
	return resp, nil
}

// stream tells an event stream that was asked for.
func stream(resp *http.Response, req *http.Request) bool {
	const events = "text/event-stream"
	return resp.StatusCode == http.StatusOK && strings.Contains(req.Header.Get("Accept"), events) &&
		strings.HasPrefix(strings.ToLower(resp.Header.Get("Content-Type")), events)
}
