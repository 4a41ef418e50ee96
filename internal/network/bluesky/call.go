package bluesky

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

// caller makes requests of one server.
type caller struct {
	server  string
	http    *http.Client
	session *session // a pointer, so that no way of printing a Client shows a token; nil = nobody's
}

// call is one request.
type call struct {
	op, method string // ours, and the server's: "app.bsky.feed.getPosts"
	address    string // in place of the server's method: the whole of it
	query      url.Values
	post       bool
	body       []byte
	kind       string // of the body
	// once tells that what is not known of the outcome is Ambiguous.
	once bool
}

// host is how errors name the server.
func (c caller) host() string { return hostOf(c.server) }

func values(pairs ...string) url.Values {
	q := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		q.Add(pairs[i], pairs[i+1])
	}
	return q
}

func (c caller) get(ctx context.Context, op, method string, query url.Values, out any) error {
	return c.do(ctx, call{op: op, method: method, query: query}, out)
}

// post changes something that may be changed twice.
func (c caller) post(ctx context.Context, op, method string, in, out any) error {
	return c.do(ctx, call{op: op, method: method, post: true, body: asJSON(in), kind: "application/json"}, out)
}

// do makes the one attempt. A token that ran out was refused before anything was done: it is exchanged, and the
// request is made with the other one.
func (c caller) do(ctx context.Context, q call, out any) error {
	if c.session == nil {
		return c.attempt(ctx, q, pass{}, out)
	}
	cred := c.session.now()
	err := c.attempt(ctx, q, c.session.pass(cred), out)
	if !fault.Is(err, fault.Unauthenticated) {
		return err
	}
	if cred, err = c.renewed(ctx, q.op, cred); err != nil {
		return err
	}
	return c.attempt(ctx, q, c.session.pass(cred), out)
}

// pass is what lets a request in.
type pass struct {
	token string  // "" = none
	proof *prover // nil = whoever has the token may use it
}

// attempt makes a request and reads its answer into out. A proof that was refused is made again, with what the
// refusal told: nothing else was looked at. One that is refused again may have come twice, and been taken the first
// time: some proxies repeat what they pass on.
func (c caller) attempt(ctx context.Context, q call, with pass, out any) error {
	err := c.once(ctx, q, with, out)
	if unproved(err) {
		err = c.once(ctx, q, with, out)
	}
	if unproved(err) && q.once {
		err = fault.Wrap(err, fault.Ambiguous, q.op, "bluesky.fault.unproved", "host", c.host())
	}
	return err
}

// errTooLarge marks the fault of an answer that reads well and is longer than anybody reads.
var errTooLarge = errors.New("more than anybody reads")

// maxWords bounds what is read of an error, in bytes.
const maxWords = 64 << 10

func (c caller) once(ctx context.Context, q call, with pass, out any) error {
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaderField: func(string, []string) { sent.Store(true) }})
	req, err := c.request(ctx, q, with)
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
	if with.proof != nil {
		with.proof.learn(resp)
	}
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxWords))
		return c.refused(q, resp, body)
	}
	if out == nil {
		return nil
	}
	return c.read(q.op, resp.Body, out, lost)
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
	return fault.Wrap(err, lost, op, "bluesky.fault.unreadable", "host", c.host())
}

func (c caller) request(ctx context.Context, q call, with pass) (*http.Request, error) {
	method, body := http.MethodGet, io.Reader(nil)
	if q.post {
		method = http.MethodPost
	}
	if q.body != nil {
		body = bytes.NewReader(q.body)
	}
	address := q.address
	if address == "" {
		address = c.server + "/xrpc/" + q.method
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, q.op, "")
	}
	if q.query != nil {
		req.URL.RawQuery = q.query.Encode()
	}
	if q.body != nil {
		req.Header.Set("Content-Type", q.kind)
	}
	if q.once { // net/http repeats by itself what it can read again
		req.GetBody = nil
	}
	if with.token != "" && with.proof == nil {
		req.Header.Set("Authorization", "Bearer "+with.token)
	} else if with.token != "" {
		req.Header.Set("Authorization", "DPoP "+with.token)
	}
	if with.proof != nil {
		with.proof.prove(req, with.token)
	}
	req.Header.Set("Accept", "application/json")
	return req, nil
}

func asJSON(v any) []byte {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own records always marshal
	}
	return b
}
