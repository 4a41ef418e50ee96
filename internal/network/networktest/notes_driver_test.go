package networktest_test

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
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// driver is the honest driver of the notes of a server. It can all that the contract knows.
type driver struct{}

func (driver) Kind() network.Kind { return "notes" }

func (driver) Open(endpoint string, cred network.Credential, w network.Wire) (network.Client, error) {
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" || cred.Field("token") == "" {
		return nil, fault.New(fault.Invalid, "notes.Open", "")
	}
	return &client{base: endpoint, token: cred.Field, http: w.HTTP}, nil
}

type client struct {
	base  string
	token func(string) string // a function, so that no way of printing a client shows the token
	http  *http.Client
}

// call is one request.
type call struct {
	method, path string
	body         any
	once         bool // what is not known of its outcome is Ambiguous
}

var errTooLarge = errors.New("more than anybody reads")

// send makes the one attempt; the answer is one that says yes.
func (c *client) send(ctx context.Context, q call) (resp *http.Response, lost fault.Code, err error) {
	lost = fault.Unavailable
	var sent atomic.Bool
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteHeaderField: func(string, []string) { sent.Store(true) }})
	body, err := json.Marshal(q.body)
	if err != nil {
		return nil, lost, fault.Wrap(err, fault.Invalid, "notes", "")
	}
	req, err := http.NewRequestWithContext(ctx, q.method, c.base+q.path, bytes.NewReader(body))
	if err != nil {
		return nil, lost, fault.Wrap(err, fault.Invalid, "notes", "")
	}
	req.Header.Set("Authorization", "Bearer "+c.token("token"))
	resp, err = c.http.Do(req)
	if q.once && sent.Load() {
		lost = fault.Ambiguous
	}
	if err != nil {
		return nil, lost, fault.Wrap(err, lost, "notes", "")
	}
	if resp.StatusCode != http.StatusOK {
		defer resp.Body.Close()
		return nil, lost, refused(resp, lost)
	}
	return resp, lost, nil
}

// refusedAs is a refusal with what it names.
type refusedAs struct{ words, id string }

func (r refusedAs) Error() string { return r.words }

// refused is for an answer that says no.
func refused(resp *http.Response, lost fault.Code) error {
	var said struct{ Error, ID string }
	b, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	f := &fault.Error{Code: lost, Op: "notes", Err: errors.New(resp.Status)}
	if resp.StatusCode == http.StatusTooManyRequests {
		f.Code, f.RetryAfter = fault.RateLimited, network.RetryAfter(resp.Header, time.Now())
		return f
	}
	if json.Unmarshal(b, &said) != nil || said.Error == "" {
		return f // somebody else's page
	}
	f.Err = refusedAs{said.Error, said.ID}
	switch resp.StatusCode {
	case http.StatusUnauthorized:
		f.Code = fault.Unauthenticated
	case http.StatusNotFound:
		f.Code = fault.NotFound
	case http.StatusConflict, http.StatusGone:
		f.Code = fault.Conflict
	case http.StatusUnprocessableEntity:
		f.Code = fault.Rejected
	}
	return f
}

func (c *client) ask(ctx context.Context, q call, out any) (http.Header, error) {
	resp, lost, err := c.send(ctx, q)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body := &io.LimitedReader{R: resp.Body, N: network.MaxBody}
	err = json.NewDecoder(body).Decode(out)
	if errors.Is(err, io.ErrUnexpectedEOF) && body.N == 0 { // it reads well as far as anybody reads
		err = errTooLarge
	}
	return resp.Header, fault.Wrap(err, lost, "notes", "")
}

func (c *client) Profile(ctx context.Context) (network.Profile, error) {
	var out struct{ ID network.RemoteID }
	if _, err := c.ask(ctx, call{method: "GET", path: "/me"}, &out); err != nil {
		return network.Profile{}, err
	}
	return network.Profile{ID: out.ID, Handle: "@" + string(out.ID)}, nil
}

// rawPart is a part of the list whose items may be malformed.
type rawPart struct {
	Items []json.RawMessage
	Next  network.Cursor
}

func (c *client) Fetch(ctx context.Context, cur network.Cursor) (network.Page, error) {
	path := "/notes?after=" + url.QueryEscape(string(cur))
	var list rawPart
	_, err := c.ask(ctx, call{method: "GET", path: path}, &list)
	if errors.Is(err, errTooLarge) {
		var head http.Header
		if head, err = c.ask(ctx, call{method: "GET", path: path + "&few=1"}, &list); errors.Is(err, errTooLarge) {
			return network.Page{Next: network.Cursor(head.Get("X-Next")), More: true, Skipped: 1}, nil
		}
	}
	if fault.Is(err, fault.Conflict) && cur != "" { // it has forgotten where we were
		return c.Fetch(ctx, "")
	}
	if err != nil {
		return network.Page{}, err
	}
	p := network.Page{Next: list.Next, More: len(list.Items) > 0}
	for _, raw := range list.Items {
		if m, err := message(raw); err != nil {
			p.Skipped++
		} else if !m.Mine {
			p.Messages = append(p.Messages, m)
		}
	}
	return p, nil
}

// message reads one item.
func message(raw []byte) (network.Message, error) {
	var n struct {
		N, To, Thread, Author network.RemoteID
		Text                  string
		Private               bool
		At                    time.Time
		Spoilt                string
		Files                 []struct {
			Type, Alt string
			Content   []byte
		}
	}
	if err := json.Unmarshal(raw, &n); err != nil {
		return network.Message{}, err
	}
	if n.N == "" || n.At.IsZero() {
		return network.Message{}, errors.New("something is missing")
	}
	m := network.Message{ID: n.N, Thread: n.Thread, ReplyTo: n.To, Author: network.Author{ID: n.Author, Handle: "@" + text.Line(string(n.Author))}, Mine: n.Author == "", Text: text.Plain(n.Text), SentAt: n.At, Visibility: network.Public}
	if n.Private {
		m.Visibility = network.Private
	}
	for _, f := range n.Files {
		m.Attachments = append(m.Attachments, network.Attachment{Type: f.Type, Alt: text.Plain(f.Alt), Size: int64(len(f.Content)), Content: func() io.Reader { return bytes.NewReader(f.Content) }})
	}
	return m, nil
}

// Wait asks until something is there: this server cannot say by itself.
func (c *client) Wait(ctx context.Context, cur network.Cursor) error {
	for {
		p, err := c.Fetch(ctx, cur)
		if err != nil || len(p.Messages) > 0 {
			return err
		}
		select {
		case <-ctx.Done():
			return fault.Wrap(ctx.Err(), fault.Unavailable, "notes.Wait", "")
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (c *client) Stream(ctx context.Context, cur network.Cursor, yield func(network.Event) error) error {
	resp, lost, err := c.send(ctx, call{method: "GET", path: "/stream?after=" + url.QueryEscape(string(cur))})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	for lines := json.NewDecoder(resp.Body); ; {
		var list rawPart
		if err := lines.Decode(&list); err != nil {
			return fault.Wrap(err, lost, "notes.Stream", "")
		}
		for _, raw := range list.Items {
			m, err := message(raw)
			if err != nil || m.Mine {
				continue
			}
			if err := yield(network.Event{Message: &m, Cursor: list.Next}); err != nil {
				return err
			}
		}
	}
}

func (c *client) Limits() network.Limits {
	return network.Limits{Text: 3000, Length: length, Attachments: 4, FileBytes: 1 << 20}
}

// length counts in UTF-16.
func length(s string) (n int) {
	for _, r := range s {
		if n++; r > 0xffff {
			n++
		}
	}
	return n
}

func (c *client) Audience(m network.Message) network.Audience {
	return network.Audience{Notified: []string{m.Author.Handle}, Visibility: m.Visibility}
}

// posting is a draft as the server takes it.
type posting struct {
	Key, Text string
	To        network.RemoteID
	Private   bool
	Files     []file
}

type file struct {
	Type, Alt string
	Content   []byte
}

func (c *client) Publish(ctx context.Context, d network.Draft) (network.Receipt, error) {
	l := c.Limits()
	if l.Length(d.Text) > l.Text || len(d.Attachments) > l.Attachments {
		return network.Receipt{}, fault.New(fault.Rejected, "notes.Publish", "")
	}
	n := posting{Key: d.Key, Text: d.Text}
	if d.ReplyTo != nil {
		n.To, n.Private = d.ReplyTo.ID, d.ReplyTo.Visibility == network.Private
	}
	for _, a := range d.Attachments {
		if a.Size > l.FileBytes {
			return network.Receipt{}, fault.New(fault.Rejected, "notes.Publish", "")
		}
		content, err := io.ReadAll(io.LimitReader(a.Content(), l.FileBytes))
		if err != nil {
			return network.Receipt{}, fault.Wrap(err, fault.Unavailable, "notes.Publish", "")
		}
		n.Files = append(n.Files, file{a.Type, a.Alt, content})
	}
	if err := d.Leaving(ctx); err != nil {
		return network.Receipt{}, err
	}
	var out struct{ N network.RemoteID }
	_, err := c.ask(ctx, call{method: "POST", path: "/notes", body: n, once: true}, &out)
	if known, ok := errors.AsType[refusedAs](err); ok && fault.Is(err, fault.Conflict) {
		return network.Receipt{ID: network.RemoteID(known.id)}, nil // it has it from an earlier attempt
	}
	if err == nil && out.N == "" {
		err = fault.New(fault.Ambiguous, "notes.Publish", "")
	}
	return network.Receipt{ID: out.N}, err
}

// settled is how long after an attempt nothing of it can still arrive.
const settled = 2 * time.Minute

func (c *client) Find(ctx context.Context, d network.Draft) (network.Receipt, error) {
	var out struct {
		Items []struct{ N network.RemoteID }
	}
	if _, err := c.ask(ctx, call{method: "GET", path: "/find?key=" + url.QueryEscape(d.Key)}, &out); err != nil {
		return network.Receipt{}, err
	}
	switch {
	case len(out.Items) > 0:
		return network.Receipt{ID: out.Items[0].N}, nil
	case d.TriedAt.IsZero() || time.Since(d.TriedAt) < settled:
		return network.Receipt{}, fault.New(fault.Ambiguous, "notes.Find", "")
	}
	return network.Receipt{}, fault.New(fault.NotFound, "notes.Find", "")
}

func (c *client) Delete(ctx context.Context, id network.RemoteID) error {
	_, err := c.ask(ctx, call{method: "DELETE", path: "/notes/" + url.PathEscape(string(id))}, new(any))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

func (c *client) React(ctx context.Context, id network.RemoteID, r network.Reaction, on bool) error {
	if r != network.Like && r != network.Boost {
		return fault.New(fault.Unsupported, "notes.React", "")
	}
	method := "DELETE"
	if on {
		method = "PUT"
	}
	_, err := c.ask(ctx, call{method: method, path: "/notes/" + url.PathEscape(string(id)) + "/" + string(r)}, new(any))
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) && !on {
		return nil
	}
	return err
}

func (c *client) Measure(ctx context.Context, id network.RemoteID) (network.Counts, error) {
	var out network.Counts
	_, err := c.ask(ctx, call{method: "GET", path: "/counts/" + url.PathEscape(string(id))}, &out)
	return out, err
}
