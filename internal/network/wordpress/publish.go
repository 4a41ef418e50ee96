package wordpress

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/fault/point"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

const opPublish = "wordpress.Publish"

// validKey is what can stand at the end of a slug: a key of ours, or a plain id.
var validKey = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{6,38}[a-z0-9]$`)

// program is what a comment tells of the program that wrote it. It is how it is found again.
func program(key string) string { return "Comptoir (" + key + ")" }

// Publish implements network.Publisher: an article, or a comment that answers one.
func (c *Client) Publish(ctx context.Context, d network.Draft) (network.Receipt, error) {
	words := text.Plain(d.Text)
	switch {
	case !validKey.MatchString(d.Key):
		return network.Receipt{}, fault.New(fault.Invalid, opPublish, "")
	case words == "" && len(d.Attachments) == 0:
		return network.Receipt{}, fault.InvalidFields(opPublish, fault.Field{Name: "text", Key: "wordpress.field.text"})
	case length(d.Text) > maxComment:
		return network.Receipt{}, fault.New(fault.Rejected, opPublish, "wordpress.fault.too_long", "host", c.host())
	case d.ReplyTo != nil:
		return c.answer(ctx, d)
	}
	return c.article(ctx, d)
}

// made is what the site says of something that it made.
type made struct {
	ID     number `json:"id"`
	Link   page   `json:"link"`
	Slug   string `json:"slug"`
	Status string `json:"status"`
}

// leave asks whether a draft may leave, and makes the one request that publishes it.
func (c *Client) leave(ctx context.Context, d network.Draft, q call) (m made, err error) {
	if err := ctx.Err(); err != nil {
		return m, fault.Wrap(err, fault.Unavailable, opPublish, "wordpress.fault.unreached", "host", c.host())
	}
	if err := d.Leaving(ctx); err != nil {
		return m, err
	}
	q.op, q.method, q.kind, q.once = opPublish, http.MethodPost, "application/json", true
	if err = c.do(ctx, q, &m); err == nil && m.ID <= 0 { // it says yes, and not to what
		err = c.unreadable(opPublish, fault.Ambiguous)
	}
	if err == nil {
		point.Reached(point.SendAccepted)
	}
	return m, err
}

func (c *Client) article(ctx context.Context, d network.Draft) (network.Receipt, error) {
	name := slug(d.Subject, d.Text, d.Key)
	pictures, err := c.upload(ctx, d.Attachments, name)
	if err != nil {
		return network.Receipt{}, err
	}
	in := map[string]any{"title": text.Line(d.Subject), "content": body(d.Text, pictures), "slug": name, "status": "publish"}
	if d.Unpublished {
		in["status"] = "draft"
	}
	if len(pictures) > 0 {
		in["featured_media"] = pictures[0].ID
	}
	m, err := c.leave(ctx, d, call{path: "posts", query: url.Values{"_fields": {"id,link,slug,status"}}, body: asJSON(in)})
	if err != nil {
		return network.Receipt{}, err
	}
	return network.Receipt{ID: postID(m.ID), URL: string(m.Link)}, nil
}

func (c *Client) answer(ctx context.Context, d network.Draft) (network.Receipt, error) {
	if len(d.Attachments) > 0 {
		return network.Receipt{}, fault.New(fault.Rejected, opPublish, "wordpress.fault.files_comment", "host", c.host())
	}
	in := map[string]any{"post": d.ReplyTo.Meta[metaPost], "parent": strings.TrimPrefix(string(d.ReplyTo.ID), comments), "content": escaped(d.Text), "author_user_agent": program(d.Key)}
	m, err := c.leave(ctx, d, call{path: "comments", query: url.Values{"_fields": {"id,link,status"}}, body: asJSON(in)})
	if fault.Is(err, fault.Conflict) {
		return c.twice(ctx, d, err)
	}
	if err != nil {
		return network.Receipt{}, err
	}
	r := network.Receipt{ID: commentID(m.ID), URL: string(m.Link)}
	if s := standingOf(m.Status); s != network.Shown {
		r.Note = "the site keeps it as " + string(s)
	}
	return r, nil
}

// twice looks which of our words the site has already: those of this draft, which arrived then, or the same ones said
// before.
func (c *Client) twice(ctx context.Context, d network.Draft, refused error) (network.Receipt, error) {
	r, err := c.findComment(ctx, d)
	switch {
	case err == nil:
		return r, nil
	case fault.Is(err, fault.NotFound):
		return r, fault.Wrap(refused, fault.Rejected, opPublish, "wordpress.fault.duplicate", "host", c.host())
	}
	return r, fault.Wrap(err, fault.Ambiguous, opPublish, "wordpress.fault.unknown", "host", c.host())
}
