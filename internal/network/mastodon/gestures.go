package mastodon

import (
	"context"
	"net/http"
	"net/url"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// Delete implements network.Deleter.
func (c *Client) Delete(ctx context.Context, id network.RemoteID) error {
	_, err := c.do(ctx, call{op: "mastodon.Delete", method: http.MethodDelete, path: "/api/v1/statuses/" + segment(string(id))}, new(struct{}))
	if fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

// React implements network.Reactor.
func (c *Client) React(ctx context.Context, id network.RemoteID, r network.Reaction, on bool) error {
	const op = "mastodon.React"
	verb := map[network.Reaction][2]string{network.Like: {"unfavourite", "favourite"}, network.Boost: {"unreblog", "reblog"}}[r]
	which := 0
	if on {
		which = 1
	}
	if verb[which] == "" {
		return fault.New(fault.Unsupported, op, "mastodon.fault.unsupported", "host", c.host())
	}
	_, err := c.post(ctx, op, "/api/v1/statuses/"+segment(string(id))+"/"+verb[which], url.Values{}, new(struct{}))
	if fault.Is(err, fault.NotFound) && !on {
		return nil // what is gone is liked by nobody
	}
	return err
}

// Measure implements network.Meter.
func (c *Client) Measure(ctx context.Context, id network.RemoteID) (network.Counts, error) {
	const op = "mastodon.Measure"
	var s status
	if _, err := c.get(ctx, op, "/api/v1/statuses/"+segment(string(id)), nil, &s); err != nil {
		return network.Counts{}, err
	}
	if s.ID == "" {
		return network.Counts{}, c.unreadable(op, fault.Unavailable)
	}
	return network.Counts{Likes: s.Favourites, Boosts: s.Reblogs, Replies: s.Replies, Views: -1}, nil
}
