package wordpress

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"sync/atomic"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// caller makes requests of one site.
type caller struct {
	api, site string
	http      *http.Client
	login     string
	password  func() string // a function, so that no way of printing a Client shows it; nil = nobody's
}

// call is one request.
type call struct {
	op, method, path string
	query            url.Values
	body             []byte
	kind             string // of the body
	head             http.Header
	once             bool   // this must not happen twice: what is not known of its outcome is Ambiguous
	total            *int64 // takes how many items the whole list has
}

// host is how errors name the site.
func (c caller) host() string { return known(c.site) }

func (c caller) get(ctx context.Context, op, path string, query url.Values, out any) error {
	return c.do(ctx, call{op: op, method: http.MethodGet, path: path, query: query}, out)
}

// post changes something that may be changed twice.
func (c caller) post(ctx context.Context, op, path string, query url.Values, in, out any) error {
	return c.do(ctx, call{op: op, method: http.MethodPost, path: path, query: query, body: asJSON(in), kind: "application/json"}, out)
}

// errTooLarge marks the fault of an answer that is longer than anybody reads.
var errTooLarge = errors.New("more than anybody reads")

// maxWords bounds what is read of an error, in bytes.
const maxWords = 64 << 10

// do makes the one attempt and reads its answer into out.
func (c caller) do(ctx context.Context, q call, out any) error {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaderField: func(string, []string) { sent.Store(true) }})
	req, err := c.request(ctx, q)
	if err != nil {
		return err
	}
	lost := fault.Unavailable
	resp, err := c.http.Do(req)
	if q.once && sent.Load() {
		lost = fault.Ambiguous
	}
	if err != nil {
		return c.unreached(q.op, err, lost)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxWords))
		return c.refused(q, resp, body)
	}
	if q.total != nil {
		*q.total = count(resp.Header.Get("X-WP-Total"))
	}
	return c.read(q.op, resp.Body, out, lost)
}

// read reads one value. Sites show the warnings of their plug-ins before it.
func (c caller) read(op string, body io.Reader, out any, lost fault.Code) error {
	b, err := io.ReadAll(io.LimitReader(body, network.MaxBody+1))
	switch {
	case err != nil:
		return c.unreached(op, err, lost)
	case len(b) > network.MaxBody:
		return fault.Wrap(errTooLarge, lost, op, "wordpress.fault.unreadable", "host", c.host())
	}
	b = proper(b)
	if err = json.Unmarshal(b, out); err == nil && bytes.Equal(bytes.TrimSpace(b), []byte("null")) {
		err = errors.New("nothing") // which is not the same as an empty list
	}
	if err != nil {
		return fault.Wrap(err, lost, op, "wordpress.fault.unreadable", "host", c.host())
	}
	return nil
}

// proper is an answer without what plug-ins print before it.
func proper(b []byte) []byte {
	if i := bytes.IndexAny(b, "{["); i > 0 {
		return b[i:]
	}
	return b
}

func (c caller) request(ctx context.Context, q call) (*http.Request, error) {
	at, err := route(c.api, q.path, q.query)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, q.op, "")
	}
	var body io.Reader
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	req, err := http.NewRequestWithContext(ctx, q.method, at, body)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, q.op, "")
	}
	for k, v := range q.head {
		req.Header[k] = v
	}
	if q.body != nil {
		req.Header.Set("Content-Type", q.kind)
	}
	if q.once { // net/http repeats by itself what it can read again
		req.GetBody = nil
	}
	if c.password != nil {
		req.SetBasicAuth(c.login, c.password())
	}
	req.Header.Set("Accept", "application/json")
	return req, nil
}

func asJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return b
}
