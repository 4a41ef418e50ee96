package mastodon

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// How much is read: of the past when an account is connected, and at a time.
const (
	historyAge   = 30 * 24 * time.Hour
	historyPages = 20
	pageSize     = 20 // each may ask for its thread
)

const opFetch = "mastodon.Fetch"

// Fetch implements network.Fetcher. A cursor is the id of the last notification read. The beginning is found by
// reading back, for a month at most; from there on everything is read forward, so nothing between two pages can be
// missed.
func (c *Client) Fetch(ctx context.Context, cur network.Cursor) (network.Page, error) {
	l, err := c.from(ctx, string(cur))
	if err != nil {
		return network.Page{}, err
	}
	p := network.Page{Next: cur, Skipped: l.skipped}
	if l.newest != "" {
		p.Next = network.Cursor(l.newest)
	}
	p.More = p.Next != cur
	pictures := &album{client: c, left: albumBytes}
	for _, n := range l.items {
		if !n.speaks() {
			continue
		}
		before, err := c.above(ctx, *n.Status)
		if err != nil {
			return network.Page{}, err
		}
		for j, b := range before {
			if c.mine(b.Account) { // said elsewhere: the thread is answered
				p.Messages = append(p.Messages, c.message(b, before[:j]))
			}
		}
		m := c.message(*n.Status, before)
		m.Attachments = pictures.of(ctx, *n.Status)
		p.Messages = append(p.Messages, m)
	}
	return p, nil
}

// speaks tells whether somebody says something to us. A post that is gone says nothing any more.
func (n notification) speaks() bool { return n.Type == "mention" && n.Status != nil }

// list is a part of the notifications, the oldest first.
type list struct {
	items   []notification
	skipped int // malformed
	// newest and oldest are its ends as the server names them, malformed items included; "" = it is empty.
	newest, oldest string
	full           bool // there may be more behind it
}

// from reads what follows a cursor.
func (c *Client) from(ctx context.Context, cur string) (list, error) {
	if cur != "" {
		return c.list(ctx, url.Values{"min_id": {cur}})
	}
	l, err := c.list(ctx, nil)
	for n := 1; err == nil && n < historyPages && l.full && l.oldest != "" && !l.old(); n++ {
		var older list
		if older, err = c.list(ctx, url.Values{"max_id": {l.oldest}}); err == nil && older.newest == "" {
			break
		}
		l = older
	}
	l.items = slices.DeleteFunc(l.items, notification.old)
	return l, err
}

func (l list) old() bool { return len(l.items) > 0 && l.items[0].old() }

func (n notification) old() bool {
	at := instant(n.CreatedAt)
	return !at.IsZero() && time.Since(at) > historyAge
}

// list reads one list. One that is too long to be read is read again one item at a time; an item that is too long by
// itself is malformed.
func (c *Client) list(ctx context.Context, where url.Values) (list, error) {
	l, err := c.listOf(ctx, where, pageSize)
	if !errors.Is(err, errTooLarge) {
		return l, err
	}
	one, err := c.listOf(ctx, where, 1)
	if errors.Is(err, errTooLarge) && one.newest != "" {
		one.skipped, err = 1, nil
	}
	one.full = true
	return one, err
}

func (c *Client) listOf(ctx context.Context, where url.Values, most int) (list, error) {
	// Strangers are guests: what a server's policy puts aside as not followed is read too.
	query := url.Values{"types[]": {"mention"}, "limit": {strconv.Itoa(most)}, "include_filtered": {"true"}}
	for k, v := range where {
		query[k] = v
	}
	var raw []json.RawMessage
	head, err := c.get(ctx, opFetch, "/api/v1/notifications", query, &raw)
	var l list
	l.newest, l.oldest = ends(head)
	if err != nil {
		return l, err
	}
	l.full = len(raw) >= most
	for _, r := range slices.Backward(raw) {
		n, err := parseNotification(r)
		if err != nil {
			l.skipped++
			continue
		}
		l.items = append(l.items, n)
	}
	if len(l.items) > 0 && l.newest == "" { // a server that gives no links
		l.newest, l.oldest = string(l.items[len(l.items)-1].ID), string(l.items[0].ID)
	}
	if len(raw) > 0 && l.newest == "" {
		return l, c.unreadable(opFetch, fault.Unavailable)
	}
	return l, nil
}

var links = regexp.MustCompile(`<([^<>]*)>\s*;\s*rel="?(prev|next)"?`)

// ends reads how the server itself goes on from a list: the id of its newest item, and of its oldest.
func ends(h http.Header) (newest, oldest string) {
	for _, value := range h.Values("Link") {
		for _, m := range links.FindAllStringSubmatch(value, 10) {
			u, err := url.Parse(m[1])
			if err != nil {
				continue
			}
			if q := u.Query(); m[2] == "next" {
				oldest = q.Get("max_id")
			} else if newest = q.Get("min_id"); newest == "" {
				newest = q.Get("since_id")
			}
		}
	}
	return newest, oldest
}

// above reads the posts above one in its thread, the first one first. A thread that is gone is none.
func (c *Client) above(ctx context.Context, s status) ([]status, error) {
	if s.InReplyTo == "" {
		return nil, nil
	}
	var context struct {
		Ancestors []json.RawMessage `json:"ancestors"`
	}
	_, err := c.get(ctx, opFetch, "/api/v1/statuses/"+segment(string(s.ID))+"/context", nil, &context)
	if fault.Is(err, fault.NotFound) || errors.Is(err, errTooLarge) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all []status
	for _, raw := range context.Ancestors {
		var a status
		if json.Unmarshal(raw, &a) == nil && a.whole() {
			all = append(all, a)
		}
	}
	return all, nil
}
