package bluesky

import (
	"context"
	"encoding/json"
	"errors"
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
	listSize     = 100
	pageSize     = 50 // of what is handed on
	fewItems     = 5  // of a list that is too long: a record is a megabyte at most
)

const opFetch = "bluesky.Fetch"

// Fetch implements network.Fetcher: mentions, answers and quotes.
func (c *Client) Fetch(ctx context.Context, cur network.Cursor) (network.Page, error) {
	m := readMark(cur)
	news, more, err := c.news(ctx, m)
	if err != nil {
		return network.Page{}, err
	}
	p := network.Page{Next: m.after(news, cur), More: more}
	var notices []notification
	for _, i := range news {
		if i.notice == nil {
			p.Skipped++
		} else if i.notice.speaks() {
			notices = append(notices, *i.notice)
		}
	}
	views, err := c.around(ctx, notices)
	if err != nil {
		return network.Page{}, err
	}
	pictures := &album{client: c, left: albumBytes}
	for _, n := range notices {
		for _, above := range []string{n.post.root(), n.post.parent()} {
			if v, ok := views[above]; ok && c.isMine(above) { // said elsewhere: the thread is answered
				if own, ok := v.post(); ok && (len(p.Messages) == 0 || string(p.Messages[len(p.Messages)-1].ID) != above) {
					p.Messages = append(p.Messages, c.message(own, ref{v.URI, v.CID}, v.Author, v.Indexed))
				}
			}
		}
		message := c.message(n.post, ref{n.URI, n.CID}, n.Author, n.IndexedAt)
		message.Quoted = quoted(views[n.post.Embed.quoted().URI])
		message.Attachments = pictures.of(ctx, views[n.URI])
		p.Messages = append(p.Messages, message)
	}
	return p, nil
}

// notification is one item of the list.
type notification struct {
	ref
	Author    actor           `json:"author"`
	Reason    string          `json:"reason"`
	Record    json.RawMessage `json:"record"`
	IndexedAt string          `json:"indexedAt"`
	post      post
}

// speaks tells whether somebody says something to us.
func (n notification) speaks() bool { return slices.Contains(reasons, n.Reason) }

var reasons = []string{"mention", "reply", "quote"}

// item is one of the list, whatever it holds.
type item struct {
	name   string        // by which it is known again
	at     time.Time     // zero = not told
	notice *notification // nil = malformed
}

// news reads back to what was read before, and returns the oldest of what follows, oldest first. What was read lately
// is known by its name and not by its time: a post may come to the list late, and stand in it below others. So a page
// is always read to its end.
func (c *Client) news(ctx context.Context, m mark) (oldest []item, more bool, err error) {
	cursor := ""
	for n := 0; ; n++ {
		l, err := c.list(ctx, cursor)
		if err != nil {
			return nil, false, err
		}
		past := len(l.items) == 0 || l.next == "" || l.next == cursor || m.first() && n+1 >= historyPages
		for _, i := range l.items {
			past = past || m.knows(i) || i.before(m.floor())
			if !m.knows(i) && !i.before(m.floor()) {
				oldest = append(oldest, i)
			}
		}
		if len(oldest) > 2*pageSize {
			oldest, more = slices.Clone(oldest[len(oldest)-2*pageSize:]), true
		}
		if past {
			break
		}
		cursor = l.next
	}
	slices.Reverse(oldest)
	if len(oldest) > pageSize {
		oldest, more = oldest[:pageSize], true
	}
	return oldest, more, nil
}

func (i item) before(t time.Time) bool { return !i.at.IsZero() && i.at.Before(t) }

type list struct {
	items []item // newest first
	next  string
}

// list reads one page of the list. One that is too long to be read is read a few items at a time.
func (c *Client) list(ctx context.Context, cursor string) (list, error) {
	l, err := c.listOf(ctx, cursor, listSize)
	if errors.Is(err, errTooLarge) {
		return c.listOf(ctx, cursor, fewItems)
	}
	return l, err
}

func (c *Client) listOf(ctx context.Context, cursor string, most int) (l list, err error) {
	query := values("limit", strconv.Itoa(most))
	query["reasons"] = reasons
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	var answer struct {
		Notifications *[]json.RawMessage `json:"notifications"`
		Cursor        string             `json:"cursor"`
	}
	if err := c.get(ctx, opFetch, "app.bsky.notification.listNotifications", query, &answer); err != nil {
		return l, err
	}
	if answer.Notifications == nil {
		return l, c.unreadable(opFetch, fault.Unavailable)
	}
	l.next = answer.Cursor
	for _, raw := range *answer.Notifications {
		l.items = append(l.items, readItem(raw))
	}
	return l, nil
}

func readItem(raw json.RawMessage) item {
	var n notification
	if json.Unmarshal(raw, &n) != nil {
		return item{name: nameOf(string(raw))}
	}
	i := item{name: nameOf(n.URI + " " + n.Reason), at: instant(n.IndexedAt)}
	_, named := parseURI(n.URI)
	if !n.speaks() && n.URI != "" { // a kind that may be new to everybody
		i.notice = &n
		return i
	}
	if named && n.CID != "" && n.Author.whole() && !i.at.IsZero() && json.Unmarshal(n.Record, &n.post) == nil {
		i.notice = &n
	}
	return i
}

// instant is a time as the network tells it, zero when that cannot be read.
func instant(s string) time.Time {
	t, _ := parseTime(s)
	return t
}
