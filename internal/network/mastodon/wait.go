package mastodon

import (
	"bufio"
	"context"
	"net/http"
	"net/url"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

const opWait = "mastodon.Wait"

// Wait implements network.Waiter over the server's event stream. The stream does not say what happened while nobody
// listened: once it is open, the list is asked. A server without it, as GoToSocial is, is polled.
func (c *Client) Wait(ctx context.Context, cur network.Cursor) error {
	at, ok := c.endpoint.stream()
	if !ok {
		return fault.New(fault.Unsupported, opWait, "mastodon.fault.unsupported", "host", c.host())
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, opWait, "")
	}
	req.Header.Set("Accept", "text/event-stream")
	req.Header.Set("Authorization", "Bearer "+c.token())
	resp, err := c.http.Do(req)
	if err != nil {
		return c.unreached(opWait, err, fault.Unavailable)
	}
	defer resp.Body.Close()
	if kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); resp.StatusCode != http.StatusOK || kind != "text/event-stream" {
		return fault.New(fault.Unsupported, opWait, "mastodon.fault.unsupported", "host", c.host()) // whatever it is, polling will say
	}
	where := url.Values{}
	if cur != "" {
		where.Set("min_id", string(cur))
	}
	if l, err := c.listOf(ctx, where, 1); err != nil || l.newest != "" {
		return err
	}
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, network.MaxBody)
	for lines.Scan() {
		if event, ok := strings.CutPrefix(lines.Text(), "event:"); ok && strings.TrimSpace(event) == "notification" {
			return nil
		}
	}
	if err := lines.Err(); err != nil {
		return c.unreached(opWait, err, fault.Unavailable)
	}
	return fault.New(fault.Unavailable, opWait, "mastodon.fault.unreached", "host", c.host())
}

// stream is where the server tells what happens: where it says that it streams, or else where it is.
func (e Endpoint) stream() (string, bool) {
	if e.Software == "gotosocial" {
		return "", false
	}
	at := e.Server
	if e.Streaming != "" {
		at = strings.Replace(e.Streaming, "ws", "http", 1)
	}
	u, err := url.Parse(at)
	if err != nil || !mayBeSpokenTo(u) {
		return "", false
	}
	return origin(u) + "/api/v1/streaming/user/notification", true
}
