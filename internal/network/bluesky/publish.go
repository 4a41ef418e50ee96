package bluesky

import (
	"context"
	"regexp"
	"strings"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/fault/point"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

const opPublish = "bluesky.Publish"

// NewKey implements network.NewKeyer: the key of the record that a post will be.
func (c *Client) NewKey() string { return NewTID(time.Now()) }

// Audience implements network.Addresser: the network itself tells the author of what is answered, and everybody can
// read the answer.
func (c *Client) Audience(m network.Message) network.Audience {
	a := network.Audience{Visibility: network.Public}
	if !m.Mine {
		a.Notified = []string{m.Author.Handle}
	}
	return a
}

// opening names those addressees whom neither the words name nor the network tells by itself.
func opening(d network.Draft, words string) string {
	var b strings.Builder
	for _, to := range d.To {
		told := d.ReplyTo != nil && d.ReplyTo.Author.ID == to.ID
		if !told && isHandle(strings.TrimPrefix(to.Handle, "@")) && !strings.Contains(strings.ToLower(words), strings.ToLower(to.Handle)) {
			b.WriteString("@" + strings.TrimPrefix(to.Handle, "@") + " ")
		}
	}
	return b.String()
}

var langForm = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$`)

// Publish implements network.Publisher: pictures first, then the record that shows them, put under its key.
func (c *Client) Publish(ctx context.Context, d network.Draft) (network.Receipt, error) {
	words := text.Plain(d.Text)
	words = opening(d, words) + words
	switch {
	case words == "" && len(d.Attachments) == 0:
		return network.Receipt{}, fault.InvalidFields(opPublish, fault.Field{Name: "text", Key: "bluesky.field.text"})
	case length(words) > maxGraphemes:
		return network.Receipt{}, fault.New(fault.Rejected, opPublish, "bluesky.fault.too_long", "max", maxGraphemes)
	case !IsTID(d.Key) || d.CreatedAt.IsZero():
		return network.Receipt{}, fault.New(fault.Invalid, opPublish, "")
	}
	record, err := c.record(ctx, d, words)
	if err != nil {
		return network.Receipt{}, err
	}
	if err := ctx.Err(); err != nil {
		return network.Receipt{}, c.unreached(opPublish, err, fault.Unavailable)
	}
	if err := d.Leaving(ctx); err != nil {
		return network.Receipt{}, err
	}
	body := asJSON(map[string]any{"repo": c.endpoint.DID, "collection": PostType, "rkey": d.Key, "record": record})
	var done ref
	if err := c.do(ctx, call{op: opPublish, method: "com.atproto.repo.putRecord", post: true, body: body, kind: "application/json", once: true}, &done); err != nil {
		return network.Receipt{}, err
	}
	if done.URI != c.named(d.Key).String() { // it says yes, and not to what
		return network.Receipt{}, c.unreadable(opPublish, fault.Ambiguous)
	}
	point.Reached(point.SendAccepted)
	return c.receipt(d.Key), nil
}

func (c *Client) named(key string) uri { return uri{c.endpoint.DID, PostType, key} }

func (c *Client) receipt(key string) network.Receipt {
	u := c.named(key)
	return network.Receipt{ID: network.RemoteID(u.String()), URL: u.page(c.endpoint.DID)}
}

// record is a draft as the network keeps it, the same for every attempt.
func (c *Client) record(ctx context.Context, d network.Draft, words string) (post, error) {
	p := post{Type: PostType, Text: words, CreatedAt: d.CreatedAt.UTC().Format(moment)}
	if langForm.MatchString(d.Lang) {
		p.Langs = []string{d.Lang}
	}
	var err error
	if p.Facets, err = c.facets(ctx, d, words); err != nil {
		return p, err
	}
	if p.Reply, err = c.answered(ctx, d.ReplyTo); err != nil {
		return p, err
	}
	p.Embed, err = c.upload(ctx, d.Attachments)
	return p, err
}

// facets asks who has the names that the words mention. A name that nobody has stays as it is.
func (c *Client) facets(ctx context.Context, d network.Draft, words string) ([]facet, error) {
	known := map[string]string{}
	know := func(a network.Author) {
		if isDID(string(a.ID)) {
			known[strings.ToLower(strings.TrimPrefix(a.Handle, "@"))] = string(a.ID)
		}
	}
	if d.ReplyTo != nil {
		know(d.ReplyTo.Author)
	}
	for _, to := range d.To {
		know(to)
	}
	var failed error
	all := facetsOf(words, func(handle string) string {
		if did, ok := known[handle]; ok || failed != nil {
			return did
		}
		var found struct {
			DID string `json:"did"`
		}
		err := c.get(ctx, opPublish, "com.atproto.identity.resolveHandle", values("handle", handle), &found)
		if !fault.Is(err, fault.Rejected) && !fault.Is(err, fault.NotFound) {
			failed = err
		}
		if !isDID(found.DID) {
			found.DID = ""
		}
		known[handle] = found.DID
		return found.DID
	})
	return all, failed
}

// answered names what is answered, and the beginning of its thread. A message that was sent from here brings only its
// name: the rest is asked for.
func (c *Client) answered(ctx context.Context, m *network.Message) (*replyRef, error) {
	if m == nil {
		return nil, nil
	}
	parent := ref{string(m.ID), m.Meta[metaCID]}
	root := ref{m.Meta[metaRoot], m.Meta[metaRootCID]}
	if parent.CID == "" {
		views := map[string]view{}
		if err := c.views(ctx, opPublish, []string{parent.URI}, views); err != nil {
			return nil, err
		}
		v := views[parent.URI]
		p, ok := v.post()
		if !ok {
			return nil, fault.New(fault.Rejected, opPublish, "bluesky.fault.answered_gone")
		}
		if parent.CID = v.CID; p.Reply != nil {
			root = p.Reply.Root
		}
	}
	if root.URI == "" || root.CID == "" {
		root = parent
	}
	return &replyRef{Root: root, Parent: parent}, nil
}
