package networktest

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// odd is what stands in the place of a value that a driver counts on.
var odd = map[string]any{
	"null": nil, "a yes": true, "a number": json.Number("-1"), "a number beyond all numbers": json.Number("1e400"), "nothing": "", "no address": "javascript:alert(1)",
	"naughty words": "\u202e\x00<b>\r\nX: y", "a date": "9999-99-99T99:99:99Z", "a list": []any{}, "an object": map[string]any{}, "depth": depth(2000),
}

func depth(n int) any {
	return json.RawMessage(strings.Repeat("[", n) + strings.Repeat("]", n))
}

// shaped rebuilds a value, with f's word on each part of it; the parts of all items of a list have one path.
func shaped(v any, path string, f func(path string, v any) any) any {
	switch x := v.(type) {
	case map[string]any:
		out := map[string]any{}
		for k, part := range x {
			out[k] = shaped(part, path+"."+k, f)
		}
		v = out
	case []any:
		out := make([]any, len(x))
		for i, part := range x {
			out[i] = shaped(part, path+"[]", f)
		}
		v = out
	}
	return f(path, v)
}

// reshape does the same to an answer in JSON; any other passes as it is.
func reshape(body []byte, f func(path string, v any) any) []byte {
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return body
	}
	out, err := json.Marshal(shaped(v, "", f))
	if err != nil {
		return body
	}
	return out
}

// callsOfSomething are the calls, of a message and a publication that are there.
func (b *bench) callsOfSomething() map[string]func(context.Context) error {
	calls := b.calls()
	if _, ok := b.client.(network.Fetcher); ok {
		b.say(Said{Subject: "s", Text: "said"})
		calls["Fetch"] = b.fetchesSafely
	}
	p, ok := b.client.(network.Publisher)
	if !ok {
		return calls
	}
	calls["Publish"] = b.publishesSafely
	d := b.draft("there")
	d.TriedAt = time.Now()
	r, err := p.Publish(b.ctx(), d)
	b.ok("Publish", err)
	if m, ok := b.client.(network.Meter); ok {
		calls["Measure"] = func(ctx context.Context) error { _, err := m.Measure(ctx, r.ID); return err }
	}
	if f, ok := b.client.(network.Finder); ok {
		calls["Find"] = func(ctx context.Context) error {
			_, err := f.Find(ctx, d)
			if fault.Is(err, fault.NotFound) {
				b.t.Errorf("Find of what is there = %v", err)
			}
			return err
		}
	}
	return calls
}

// fetchesSafely reads one page, of which whatever is taken can be stored and shown.
func (b *bench) fetchesSafely(ctx context.Context) error {
	p, err := b.fetcher().Fetch(ctx, "")
	for _, m := range p.Messages {
		b.plain(m)
	}
	return err
}

// publishesSafely publishes something that is accepted, whatever the answer looks like.
func (b *bench) publishesSafely(ctx context.Context) error {
	d := b.draft("said once")
	r, err := b.publisher().Publish(ctx, d)
	c, n := b.check("Publish", err), len(b.accepted(d.Key))
	if n > 1 || n == 1 && c != "" && c != fault.Ambiguous || n == 0 && c == "" || c == "" && r.ID == "" || !isPage(r.URL) {
		b.t.Errorf("Publish = %+v, %v; the ledger has it %d times", r, err, n)
	}
	return err
}

// isPage tells whether something may be made a link: only pages of the web are.
func isPage(address string) bool {
	u, err := url.Parse(address)
	return address == "" || err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// wrongShapes puts each odd value in the place of each part of each answer, one at a time.
func wrongShapes(t *testing.T, b *bench) {
	b.overHTTP()
	calls := b.callsOfSomething()
	for _, name := range slices.Sorted(maps.Keys(calls)) { // Publish after Find, which has less to read then
		call := calls[name]
		paths := map[string]bool{}
		b.wire.SetTwist(func(body []byte) []byte {
			return reshape(body, func(path string, v any) any { paths[path] = true; return v })
		})
		b.check(name, call(b.ctx()))
		for _, path := range slices.Sorted(maps.Keys(paths)) {
			for what, value := range odd {
				if testing.Short() && what != "null" && what != "no address" && what != "depth" {
					continue
				}
				twist := func(body []byte) []byte {
					return reshape(body, func(at string, v any) any {
						if at == path {
							return value
						}
						return v
					})
				}
				b.wire.SetTwist(twist)
				b.check(name+" with "+what+" for "+path, call(b.ctx()))
				if t.Failed() {
					t.Fatalf("%s with %s for %q", name, what, path)
				}
			}
		}
	}
}
