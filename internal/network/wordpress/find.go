package wordpress

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

const (
	// settled is how long after an attempt the site has surely done what it had begun.
	settled = 2 * time.Minute
	// findPages bounds how many answers to one comment are read.
	findPages = 5
	findSize  = 100
)

const opFind = "wordpress.Find"

// Find implements network.Finder; the package comment says what it can know.
func (c *Client) Find(ctx context.Context, d network.Draft) (network.Receipt, error) {
	find := c.findArticle
	if d.ReplyTo != nil {
		find = c.findComment
	}
	r, err := find(ctx, d)
	if fault.Is(err, fault.NotFound) && (d.TriedAt.IsZero() || time.Since(d.TriedAt) < settled) {
		err = c.unknown()
	}
	return r, err
}

func (c *Client) unknown() error {
	return fault.New(fault.Ambiguous, opFind, "wordpress.fault.unknown", "host", c.host())
}

func (c *Client) absent() error {
	return fault.New(fault.NotFound, opFind, "wordpress.fault.not_sent", "host", c.host())
}

// findArticle looks under the draft's slug, and under what becomes of a slug in the bin.
func (c *Client) findArticle(ctx context.Context, d network.Draft) (network.Receipt, error) {
	name := slug(d.Subject, d.Text, d.Key)
	var have []made
	var total int64
	query := url.Values{"context": {"edit"}, "slug": {name + "," + name + "__trashed"}, "status": {"publish,future,draft,pending,private,trash"}, "_fields": {"id,link,slug,status"}}
	if err := c.do(ctx, call{op: opFind, method: http.MethodGet, path: "posts", query: query, total: &total}, &have); err != nil {
		return network.Receipt{}, err
	}
	for _, m := range have {
		if m.ID <= 0 {
			return network.Receipt{}, c.unreadable(opFind, fault.Ambiguous) // it may be the one
		}
		if m.Slug == name || m.Slug == name+"__trashed" {
			return network.Receipt{ID: postID(m.ID), URL: string(m.Link), Note: "found under its slug"}, nil
		}
	}
	if len(have) > 0 || total > 0 {
		return network.Receipt{}, c.unknown()
	}
	return network.Receipt{}, c.absent()
}

// findComment looks among the answers to the same comment for one that our draft's key came with.
func (c *Client) findComment(ctx context.Context, d network.Draft) (network.Receipt, error) {
	query := url.Values{"context": {"edit"}, "status": {"any"}, "post": {d.ReplyTo.Meta[metaPost]}, "parent": {strings.TrimPrefix(string(d.ReplyTo.ID), comments)},
		"orderby": {"id"}, "order": {"desc"}, "per_page": {strconv.Itoa(findSize)}, "_fields": {"id,author,author_user_agent,content,link,date_gmt"}}
	doubt := false
	for n := range findPages {
		query.Set("offset", strconv.Itoa(n*findSize))
		var raw []json.RawMessage
		var total int64
		if err := c.do(ctx, call{op: opFind, method: http.MethodGet, path: "comments", query: query, total: &total}, &raw); err != nil {
			return network.Receipt{}, err
		}
		doubt = doubt || int64(len(raw)) < min(total-int64(n*findSize), findSize) // some were kept from us
		for _, r := range raw {
			m, err := parseComment(r)
			if err != nil {
				return network.Receipt{}, c.unreadable(opFind, fault.Ambiguous) // it may be the one
			}
			if m.Program == program(d.Key) {
				return network.Receipt{ID: commentID(m.ID), URL: string(m.Link), Note: "found among the answers to the comment"}, nil
			}
			// Where programs are not kept, the same words may be ours.
			doubt = doubt || int64(m.Author) == c.endpoint.User && !strings.HasPrefix(m.Program, "Comptoir (") && m.Content.Raw != nil && *m.Content.Raw == escaped(d.Text)
		}
		if len(raw) < findSize {
			if doubt {
				return network.Receipt{}, c.unknown()
			}
			return network.Receipt{}, c.absent()
		}
	}
	return network.Receipt{}, c.unknown()
}
