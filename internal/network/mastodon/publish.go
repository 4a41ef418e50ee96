package mastodon

import (
	"context"
	"net/http"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/fault/point"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

const opPublish = "mastodon.Publish"

// maxNotified bounds how many people an answer names.
const maxNotified = 20

// Audience implements network.Addresser: everybody whom a post names is told of the answer to it, and the answer is
// seen by no more people than the post was.
func (c *Client) Audience(m network.Message) network.Audience {
	d := network.Draft{ReplyTo: &m}
	to := c.addressees(d)
	a := network.Audience{Visibility: visibility(visibilityOf(d)), Weight: c.endpoint.length(opening(to, ""))}
	for _, address := range to {
		a.Notified = append(a.Notified, "@"+address)
	}
	return a
}

// addressees are who must be named in a post for the server to tell them of it.
func (c *Client) addressees(d network.Draft) (addresses []string) {
	add := func(address string) {
		address = strings.TrimPrefix(address, "@")
		same := func(have string) bool { return strings.EqualFold(have, address) }
		if address == "" || strings.EqualFold("@"+address, c.endpoint.Handle) {
			return
		}
		for _, have := range addresses {
			if same(have) {
				return
			}
		}
		addresses = append(addresses, address)
	}
	for _, to := range d.To {
		add(to.Handle)
	}
	if d.ReplyTo != nil && len(d.To) == 0 {
		if !d.ReplyTo.Mine {
			add(d.ReplyTo.Author.Handle)
		}
		for _, address := range strings.Fields(d.ReplyTo.Meta[metaMentions]) {
			add(address)
		}
	}
	return addresses
}

// opening names the addressees whom the words do not name already.
func opening(addresses []string, words string) string {
	var b strings.Builder
	for _, address := range addresses {
		if !strings.Contains(strings.ToLower(words), "@"+strings.ToLower(address)) {
			b.WriteString("@" + address + " ")
		}
	}
	return b.String()
}

// visibilityOf is the server's word for who may read a draft, "" for what the account usually does. What only
// followers could read is answered to those who are named: our followers are others than theirs.
func visibilityOf(d network.Draft) string {
	if d.ReplyTo == nil {
		return ""
	}
	switch d.ReplyTo.Meta[metaVisibility] {
	case "public", "unlisted":
		return d.ReplyTo.Meta[metaVisibility]
	case "":
		switch d.ReplyTo.Visibility {
		case network.Public, network.Unlisted:
			return string(d.ReplyTo.Visibility)
		}
	case "local":
		return "unlisted"
	}
	return "direct"
}

// posting is a post as it is sent.
type posting struct {
	Status     string   `json:"status"`
	InReplyTo  string   `json:"in_reply_to_id,omitempty"`
	Visibility string   `json:"visibility,omitempty"`
	Language   string   `json:"language,omitempty"`
	MediaIDs   []string `json:"media_ids,omitempty"`
}

// posting is a draft as the server takes it, the same for every attempt.
func (c *Client) posting(d network.Draft) posting {
	words := text.Plain(d.Text)
	p := posting{Status: opening(c.addressees(d), words) + words, Visibility: visibilityOf(d)}
	if d.ReplyTo != nil {
		p.InReplyTo = string(d.ReplyTo.ID)
	}
	if lang, _, _ := strings.Cut(d.Lang, "-"); len(lang) == 2 { // ISO 639-1
		p.Language = strings.ToLower(lang)
	}
	return p
}

// Publish implements network.Publisher: files first, then the post that joins them.
func (c *Client) Publish(ctx context.Context, d network.Draft) (network.Receipt, error) {
	p := c.posting(d)
	if p.Status == "" && len(d.Attachments) == 0 {
		return network.Receipt{}, fault.InvalidFields(opPublish, fault.Field{Name: "text", Key: "mastodon.field.text"})
	}
	if c.endpoint.length(p.Status) > c.endpoint.Text {
		return network.Receipt{}, fault.New(fault.Rejected, opPublish, "mastodon.fault.too_long", "host", c.host(), "max", c.endpoint.Text)
	}
	var err error
	if p.MediaIDs, err = c.upload(ctx, d.Attachments); err != nil {
		return network.Receipt{}, err
	}
	if err := ctx.Err(); err != nil {
		return network.Receipt{}, fault.Wrap(err, fault.Unavailable, opPublish, "mastodon.fault.unreached", "host", c.host())
	}
	if err := d.Leaving(ctx); err != nil {
		return network.Receipt{}, err
	}
	var s status
	_, err = c.do(ctx, call{op: opPublish, method: http.MethodPost, path: "/api/v1/statuses", body: jsonBody(p), kind: "application/json", key: d.Key, once: true}, &s)
	switch {
	case fault.Is(err, fault.NotFound) && d.ReplyTo != nil:
		return network.Receipt{}, fault.Wrap(err, fault.Rejected, opPublish, "mastodon.fault.answered_gone", "host", c.host())
	case err != nil:
		return network.Receipt{}, err
	case s.ID == "": // it says yes, and not to what
		return network.Receipt{}, c.unreadable(opPublish, fault.Ambiguous)
	}
	point.Reached(point.SendAccepted)
	return network.Receipt{ID: network.RemoteID(s.ID), URL: string(s.URL)}, nil
}
