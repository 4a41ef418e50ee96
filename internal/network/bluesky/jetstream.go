package bluesky

import (
	"context"
	"encoding/json"
	"io"
	"net/url"
	"strconv"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/websocket"
	"comptoir/internal/text"
)

// Jetstream reads everything that anybody posts, as a public server of the network tells it, for whoever looks for
// words that name the place without an @. It is no account's: it has no credential, knows people by their DID alone, and
// nothing of it is a mention before somebody's words were compared. Its zero value reads a server of Bluesky.
type Jetstream struct {
	Server string // "https://jetstream2.us-east.bsky.network"
}

const opJetstream = "bluesky.Jetstream"

// again is what is read once more when a stream is taken up: cursors are times, and of one server alone.
const again = 5 * time.Second

// Stream calls yield for each post, and for each that is taken back, from a cursor on ("" = from now); what was told of
// within the last seconds before it may come again. It ends with ctx, the connection or an error of yield, and never
// with nil: whoever wants to go on calls it with the last cursor. Servers keep a day and a half.
func (j Jetstream) Stream(ctx context.Context, cur network.Cursor, w network.Wire, yield func(network.Event) error) error {
	c := caller{server: orElse(j.Server, "https://jetstream2.us-east.bsky.network"), http: w.HTTP}
	query := url.Values{"wantedCollections": {PostType}, "maxMessageSizeBytes": {strconv.Itoa(maxEvent)}}
	if at, err := strconv.ParseInt(string(cur), 10, 64); err == nil && at > again.Microseconds() {
		query.Set("cursor", strconv.FormatInt(at-again.Microseconds(), 10))
	}
	conn, err := websocket.Open(ctx, w.HTTP, c.server+"/subscribe?"+query.Encode(), nil, maxEvent)
	if refused, ok := err.(*websocket.Refused); ok {
		defer refused.Response.Body.Close()
		body, _ := io.ReadAll(io.LimitReader(refused.Response.Body, maxWords))
		return c.refused(call{op: opJetstream}, refused.Response, body)
	}
	if err != nil {
		return c.unreached(opJetstream, err, fault.Unavailable)
	}
	defer conn.Close()
	for {
		raw, err := conn.Read()
		if err != nil {
			return c.unreached(opJetstream, err, fault.Unavailable)
		}
		if e, ok := readEvent(raw); ok {
			if err := yield(e); err != nil {
				return err
			}
		}
	}
}

// maxEvent is how large an event may be, in bytes: a post with its embeds has a few kilobytes.
const maxEvent = 1 << 20

// event is what a server tells.
type event struct {
	DID    string `json:"did"`
	At     int64  `json:"time_us"`
	Kind   string `json:"kind"`
	Commit struct {
		Operation  string          `json:"operation"`
		Collection string          `json:"collection"`
		Key        string          `json:"rkey"`
		CID        string          `json:"cid"`
		Record     json.RawMessage `json:"record"`
	} `json:"commit"`
}

// readEvent reads an event as far as it is of a post. Anybody can write anything: what cannot be read says nothing.
func readEvent(raw []byte) (out network.Event, ok bool) {
	var e event
	if json.Unmarshal(raw, &e) != nil || e.Kind != "commit" || e.Commit.Collection != PostType || !isDID(e.DID) || !isKey(e.Commit.Key) || e.At <= 0 {
		return out, false
	}
	u := uri{e.DID, e.Commit.Collection, e.Commit.Key}
	out.Cursor = network.Cursor(strconv.FormatInt(e.At, 10))
	if e.Commit.Operation == "delete" {
		out.Deleted = network.RemoteID(u.String())
		return out, true
	}
	var p post
	if json.Unmarshal(e.Commit.Record, &p) != nil || e.Commit.CID == "" {
		return out, false
	}
	m := messageOf(p, ref{u.String(), e.Commit.CID}, actor{DID: e.DID, Handle: e.DID}, time.UnixMicro(e.At))
	m.Author.Handle = text.Line(e.DID)
	out.Message = &m
	return out, true
}
