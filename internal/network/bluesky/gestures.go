package bluesky

import (
	"context"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// settled is how long after an attempt the server has surely done what it had begun.
const settled = time.Minute

// Find implements network.Finder: the record is under its key, or it is not.
func (c *Client) Find(ctx context.Context, d network.Draft) (network.Receipt, error) {
	const op = "bluesky.Find"
	var found ref
	err := c.get(ctx, op, "com.atproto.repo.getRecord", values("repo", c.endpoint.DID, "collection", PostType, "rkey", d.Key), &found)
	switch {
	case fault.Is(err, fault.NotFound) && (d.TriedAt.IsZero() || time.Since(d.TriedAt) < settled):
		return network.Receipt{}, fault.Wrap(err, fault.Ambiguous, op, "bluesky.fault.unknown", "host", c.host())
	case fault.Is(err, fault.NotFound):
		return network.Receipt{}, fault.Wrap(err, fault.NotFound, op, "bluesky.fault.not_sent")
	case err != nil:
		return network.Receipt{}, err
	case found.URI != c.named(d.Key).String():
		return network.Receipt{}, c.unreadable(op, fault.Ambiguous)
	}
	r := c.receipt(d.Key)
	r.Note = "found under its key"
	return r, nil
}

// Delete implements network.Deleter.
func (c *Client) Delete(ctx context.Context, id network.RemoteID) error {
	const op = "bluesky.Delete"
	u, ok := parseURI(string(id))
	if !ok { // no name of a post; the server knows of none under it
		u = c.named(string(id))
	}
	return c.remove(ctx, op, u)
}

// remove deletes a record of ours; one that is gone is no error to the server.
func (c *Client) remove(ctx context.Context, op string, u uri) error {
	if u.authority != c.endpoint.DID {
		return fault.New(fault.Forbidden, op, "bluesky.fault.forbidden", "host", c.host())
	}
	return c.post(ctx, op, "com.atproto.repo.deleteRecord", map[string]string{"repo": u.authority, "collection": u.collection, "rkey": u.key}, new(struct{}))
}

// gesture is a like or a repost: a record about another.
type gesture struct {
	Type      string `json:"$type"`
	Subject   ref    `json:"subject"`
	CreatedAt string `json:"createdAt"`
}

// React implements network.Reactor. A gesture has a key that follows from what it is about: made twice, or by two
// processes, it is one record, and it is taken back without asking the index, which learns of it a while later. What
// was made by another program has a key of its own, and only the index knows which.
func (c *Client) React(ctx context.Context, id network.RemoteID, r network.Reaction, on bool) error {
	const op = "bluesky.React"
	collection := map[network.Reaction]string{network.Like: likeType, network.Boost: repostType}[r]
	if collection == "" {
		return fault.New(fault.Unsupported, op, "bluesky.fault.unsupported", "host", c.host())
	}
	v, err := c.one(ctx, op, id)
	if fault.Is(err, fault.NotFound) && !on {
		return nil // what is gone is liked by nobody
	}
	if err != nil {
		return err
	}
	about, _ := parseURI(v.URI)
	ours := uri{c.endpoint.DID, collection, keyAbout(about)}
	shown := v.Viewer.Like
	if r == network.Boost {
		shown = v.Viewer.Repost
	}
	other, elsewhere := parseURI(shown)
	elsewhere = elsewhere && other != ours
	switch {
	case on && elsewhere:
		return nil
	case on:
		record := gesture{collection, ref{v.URI, v.CID}, time.Now().UTC().Format(moment)}
		body := map[string]any{"repo": c.endpoint.DID, "collection": collection, "rkey": ours.key, "record": record}
		return c.post(ctx, op, "com.atproto.repo.putRecord", body, new(ref))
	case elsewhere:
		if err := c.remove(ctx, op, other); err != nil {
			return err
		}
	}
	return c.remove(ctx, op, ours)
}

// Measure implements network.Meter.
func (c *Client) Measure(ctx context.Context, id network.RemoteID) (network.Counts, error) {
	v, err := c.one(ctx, "bluesky.Measure", id)
	if err != nil {
		return network.Counts{}, err
	}
	return network.Counts{Likes: v.Likes, Boosts: v.Reposts, Replies: v.Replies, Views: -1}, nil
}

// one is a post as the index shows it.
func (c *Client) one(ctx context.Context, op string, id network.RemoteID) (view, error) {
	views := map[string]view{}
	err := c.views(ctx, op, []string{string(id)}, views)
	v := views[string(id)]
	if fault.Is(err, fault.Rejected) || err == nil && v.CID == "" { // no name of a post, or of one that is gone
		return v, fault.New(fault.NotFound, op, "bluesky.fault.gone", "host", c.host())
	}
	return v, err
}
