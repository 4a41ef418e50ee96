package wordpress

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// asOurselves is for an answer that something is not there. Who has no right any more is answered as a stranger: the
// answer counts when the site still knows us.
func (c *Client) asOurselves(ctx context.Context, op string, err error) error {
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	if _, known := c.me(ctx, op); known != nil {
		return known
	}
	return err
}

// Delete implements network.Deleter. What we published goes into the bin, where there is one.
func (c *Client) Delete(ctx context.Context, id network.RemoteID) error {
	const op = "wordpress.Delete"
	err := c.remove(ctx, op, id, "false")
	if fault.Is(err, fault.Unsupported) {
		err = c.remove(ctx, op, id, "true")
	}
	if err = c.asOurselves(ctx, op, err); fault.Is(err, fault.NotFound) {
		return nil
	}
	return err
}

func (c *Client) remove(ctx context.Context, op string, id network.RemoteID, force string) error {
	return c.do(ctx, call{op: op, method: http.MethodPost, path: path(id), query: url.Values{"_method": {"DELETE"}, "force": {force}, "_fields": {"id,status"}}}, &struct{}{})
}

// Moderate implements network.Moderator. A site that has no bin removes for good.
func (c *Client) Moderate(ctx context.Context, id network.RemoteID, s network.Standing) error {
	const op = "wordpress.Moderate"
	word := standings[s]
	if word == "" {
		return fault.New(fault.Unsupported, op, "wordpress.fault.unsupported", "host", c.host())
	}
	at := path(id)
	if !strings.HasPrefix(at, comments) { // nobody decides of an article
		at = comments + "0"
	}
	var is struct {
		Status string `json:"status"`
	}
	err := c.post(ctx, op, at, url.Values{"context": {"edit"}, "_fields": {"id,status"}}, map[string]string{"status": word}, &is)
	if err = c.asOurselves(ctx, op, err); fault.Is(err, fault.NotFound) && s == network.Removed {
		return nil
	}
	if err == nil && is.Status != word { // a plug-in has a will of its own
		return fault.New(fault.Rejected, op, "wordpress.fault.refused", "host", c.host())
	}
	return err
}

// Measure implements network.Meter: a blog counts what was said.
func (c *Client) Measure(ctx context.Context, id network.RemoteID) (network.Counts, error) {
	const op = "wordpress.Measure"
	n := network.Counts{Likes: -1, Boosts: -1, Replies: -1, Views: -1}
	at := path(id)
	var there struct {
		ID number `json:"id"`
	}
	if err := c.get(ctx, op, at, url.Values{"context": {"edit"}, "_fields": {"id"}}, &there); err != nil {
		return n, c.asOurselves(ctx, op, err)
	}
	if there.ID <= 0 {
		return n, c.unreadable(op, fault.Unavailable)
	}
	which := url.Values{"context": {"edit"}, "status": {"approve"}, "per_page": {"1"}, "_fields": {"id"}}
	if strings.HasPrefix(at, posts) {
		which.Set("post", there.ID.String())
	} else {
		which.Set("parent", there.ID.String())
	}
	var first []struct{}
	err := c.do(ctx, call{op: op, method: http.MethodGet, path: "comments", query: which, total: &n.Replies}, &first)
	return n, err
}
