package mastodon

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// caller makes requests of one server.
type caller struct {
	server string
	http   *http.Client
	token  func() string // a function, so that no way of printing a Client shows the token; nil = nobody's
}

// call is one request.
type call struct {
	op, method, path string
	query            url.Values
	body             io.Reader
	kind             string // of the body
	key              string // Idempotency-Key, "" = none
	// once tells that this must not happen twice: what is not known of its outcome is Ambiguous.
	once bool
}

// host is how errors name the server.
func (c caller) host() string {
	_, host, _ := strings.Cut(c.server, "://")
	return host
}

func (c caller) get(ctx context.Context, op, path string, query url.Values, out any) (http.Header, error) {
	return c.do(ctx, call{op: op, method: http.MethodGet, path: path, query: query}, out)
}

// post changes something that may be changed twice.
func (c caller) post(ctx context.Context, op, path string, form url.Values, out any) (http.Header, error) {
	return c.do(ctx, call{op: op, method: http.MethodPost, path: path, body: strings.NewReader(form.Encode()), kind: "application/x-www-form-urlencoded"}, out)
}

// errTooLarge marks the fault of an answer that reads well and is longer than anybody reads.
var errTooLarge = errors.New("more than anybody reads")

// maxWords bounds what is read of an error, in bytes.
const maxWords = 64 << 10

// do makes the one attempt and reads its answer into out.
func (c caller) do(ctx context.Context, q call, out any) (http.Header, error) {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaderField: func(string, []string) { sent.Store(true) }})
	req, err := c.request(ctx, q)
	if err != nil {
		return nil, err
	}
	lost := fault.Unavailable
	resp, err := c.http.Do(req)
	if q.once && sent.Load() {
		lost = fault.Ambiguous
	}
	if err != nil {
		return nil, c.unreached(q.op, err, lost)
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxWords))
		return resp.Header, c.refused(q, resp, body)
	}
	if out == nil {
		return resp.Header, nil
	}
	return resp.Header, c.read(q.op, resp.Body, out, lost)
}

// read reads one value, and stops where it does not read well.
func (c caller) read(op string, body io.Reader, out any, lost fault.Code) error {
	bounded := &io.LimitedReader{R: body, N: network.MaxBody}
	d := json.NewDecoder(bounded)
	err := d.Decode(out)
	if err == nil {
		if _, err = d.Token(); err == io.EOF {
			return nil
		} else if err == nil {
			err = errors.New("something after the end")
		}
	}
	_, syntax := errors.AsType[*json.SyntaxError](err)
	_, kind := errors.AsType[*json.UnmarshalTypeError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF) && bounded.N == 0:
		err = errTooLarge
	case !syntax && !kind:
		return c.unreached(op, err, lost)
	}
	return fault.Wrap(err, lost, op, "mastodon.fault.unreadable", "host", c.host())
}

func (c caller) request(ctx context.Context, q call) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, q.method, c.server+q.path, q.body)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, q.op, "")
	}
	req.URL.RawQuery = q.query.Encode()
	if q.body != nil {
		req.Header.Set("Content-Type", q.kind)
	}
	if q.once { // net/http repeats by itself what it can read again and what has a key
		req.GetBody = nil
	}
	if q.key != "" {
		req.Header.Set("Idempotency-Key", q.key)
	}
	if c.token != nil {
		req.Header.Set("Authorization", "Bearer "+c.token())
	}
	req.Header.Set("Accept", "application/json")
	return req, nil
}

// json is a body.
func jsonBody(v any) io.Reader {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // strings, numbers and booleans always marshal
	}
	return bytes.NewReader(b)
}

// segment is an id as a part of a path.
func segment(id string) string { return url.PathEscape(id) }
