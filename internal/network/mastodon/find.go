package mastodon

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

const (
	// settled is how long after an attempt the server has surely done what it had begun.
	settled = 2 * time.Minute
	// clocks is how far apart the server's clock and ours may be without anybody noticing: its answers tell the
	// time in whole seconds, and come a moment later.
	clocks = 2 * time.Second
	// findPages bounds how far back the account's posts are read.
	findPages = 5
)

const opFind = "mastodon.Find"

// Find implements network.Finder; the package comment says what it can know.
func (c *Client) Find(ctx context.Context, d network.Draft) (network.Receipt, error) {
	unknown := fault.New(fault.Ambiguous, opFind, "mastodon.fault.unknown", "host", c.host())
	want := c.posting(d)
	query := url.Values{"limit": {"40"}, "exclude_reblogs": {"true"}}
	for range findPages {
		posts, oldest, off, err := c.own(ctx, query)
		if err != nil {
			return network.Receipt{}, err
		}
		written := d.CreatedAt.Add(off).Truncate(time.Millisecond)
		past := len(posts) == 0
		for _, s := range posts {
			at := s.at()
			switch {
			case at.Before(written.Add(-clocks)):
				past = true
			case !want.is(s, len(d.Attachments)):
			case at.Before(written):
				return network.Receipt{}, unknown
			default:
				return network.Receipt{ID: network.RemoteID(s.ID), URL: string(s.URL), Note: "found among the account's own posts"}, nil
			}
		}
		if past || oldest == "" {
			return network.Receipt{}, c.absent(d, want, unknown)
		}
		query.Set("max_id", oldest)
	}
	return network.Receipt{}, unknown
}

// absent says what it means that a draft is not among the account's posts.
func (c *Client) absent(d network.Draft, want posting, unknown error) error {
	lists := want.Visibility != "direct" || c.endpoint.Software == "mastodon"
	if !lists || d.CreatedAt.IsZero() || d.TriedAt.IsZero() || time.Since(d.TriedAt) < settled {
		return unknown
	}
	return fault.New(fault.NotFound, opFind, "mastodon.fault.not_sent", "host", c.host())
}

// own reads a part of the account's own posts, the newest first, with the id of the oldest and how much the server's
// clock is ahead of ours.
func (c *Client) own(ctx context.Context, query url.Values) (posts []status, oldest string, off time.Duration, err error) {
	var raw []json.RawMessage
	began := time.Now()
	head, err := c.get(ctx, opFind, "/api/v1/accounts/"+segment(c.endpoint.Account)+"/statuses", query, &raw)
	if fault.Is(err, fault.NotFound) || errors.Is(err, errTooLarge) {
		return nil, "", 0, fault.Wrap(err, fault.Ambiguous, opFind, "mastodon.fault.unknown", "host", c.host())
	}
	if err != nil {
		return nil, "", 0, err
	}
	for _, r := range raw {
		var s status
		if json.Unmarshal(r, &s) != nil || !s.whole() {
			return nil, "", 0, c.unreadable(opFind, fault.Ambiguous) // it may be the one
		}
		posts = append(posts, s)
	}
	if _, oldest = ends(head); oldest == "" && len(posts) > 0 {
		oldest = string(posts[len(posts)-1].ID)
	}
	return posts, oldest, ahead(head, began, time.Now()), nil
}

// ahead is how much the server's clock is ahead of ours, as far as its answer tells.
func ahead(h http.Header, began, ended time.Time) time.Duration {
	at, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		return 0
	}
	off := at.Add(time.Second / 2).Sub(began.Add(ended.Sub(began) / 2))
	if off.Abs() < clocks {
		return 0
	}
	return off - clocks // rather too early than too late: nobody writes the same answer twice in a breath
}

// is tells whether a post says the same in the same place.
func (p posting) is(s status, files int) bool {
	return string(s.InReplyTo) == p.InReplyTo && len(s.Attachments) == files && sameWords(text.FromPost(s.Content), p.Status)
}

// sameWords compares what was sent with what the server shows of it: with other white space, links in short, and
// mentions without their servers.
func sameWords(shown, sent string) bool {
	return bare(shown) == bare(sent)
}

func bare(s string) string {
	return strings.Join(strings.Fields(mention.ReplaceAllString(s, "$1@$2")), " ")
}
