package wordpress

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// How much is read: of the past when an account is connected, at a time, and at most.
const (
	historyAge   = 30 * 24 * time.Hour
	historyPages = 10
	maxPages     = 200
	pageSize     = 50
	smallPage    = 10 // always fits: a comment is 64 KiB at most, as the site writes it six times that, twice
	overlap      = 5  // of one page with the next: something may be removed meanwhile
)

const opFetch = "wordpress.Fetch"

// Fetch implements network.Fetcher; the package comment says how.
func (c *Client) Fetch(ctx context.Context, cur network.Cursor) (network.Page, error) {
	m, since := mark{Seen: map[string]string{}}, time.Now().Add(-historyAge)
	if cur != "" {
		var err error
		if m, err = parseMark(cur); err != nil {
			return network.Page{}, err
		}
		since = time.Time{}
	}
	l, err := c.latest(ctx, m, since)
	if err != nil {
		return network.Page{}, err
	}
	p := network.Page{}
	fresh, changed := l.compare(&m, &p, since)
	if changed, err = c.missing(ctx, &m, l, changed, &p); err != nil {
		return network.Page{}, err
	}
	if p.Messages, err = c.tell(ctx, l, fresh); err == nil {
		p.Changed, err = c.tell(ctx, l, changed)
	}
	if err != nil {
		return network.Page{}, err
	}
	m.drop(l.floor)
	p.Next = network.Cursor(m.String())
	return p, nil
}

// list is the latest comments, what is spam or in the bin left out.
type list struct {
	items   []comment // the oldest first
	spoilt  []string  // keys in a mark of those that cannot be read
	present map[string]bool
	floor   number // the lowest number of the first page, 0 = there are no others
}

// latest reads them: one page, and further ones until what was told before, or since a time when nothing was.
func (c *Client) latest(ctx context.Context, m mark, since time.Time) (list, error) {
	l := list{present: map[string]bool{}}
	size, pages := pageSize, maxPages
	if !since.IsZero() {
		pages = historyPages
	}
	last := m.last()
	for n, offset := 0, 0; n < pages; n++ {
		raw, err := c.page(ctx, size, offset)
		if errors.Is(err, errTooLarge) && size > smallPage {
			size, n = smallPage, n-1
			continue
		}
		if err != nil {
			return l, err
		}
		lowest, old := l.take(raw, since)
		if l.floor == 0 && len(raw) == size {
			l.floor = lowest
		}
		if len(raw) < size || old || lowest > 0 && lowest <= last {
			break
		}
		offset += size - overlap
	}
	slices.SortFunc(l.items, func(a, b comment) int { return int(a.ID - b.ID) })
	return l, nil
}

// page asks for a part of the list, the newest first.
func (c *Client) page(ctx context.Context, size, offset int) (raw []json.RawMessage, err error) {
	query := url.Values{"context": {"edit"}, "status": {"all"}, "orderby": {"id"}, "order": {"desc"}, "per_page": {strconv.Itoa(size)}, "_fields": {commentFields}}
	if offset > 0 {
		query.Set("offset", strconv.Itoa(offset))
	}
	err = c.get(ctx, opFetch, "comments", query, &raw)
	return raw, err
}

// take reads the items of a part. It returns the lowest number, and whether one is older than a time.
func (l *list) take(raw []json.RawMessage, since time.Time) (lowest number, old bool) {
	for _, r := range raw {
		m, err := parseComment(r)
		key := m.ID.String()
		if m.ID <= 0 {
			key = fmt.Sprintf("x%08x", crc32.ChecksumIEEE(r))
		} else if lowest == 0 || m.ID < lowest {
			lowest = m.ID
		}
		switch {
		case l.present[key]:
			continue
		case err != nil:
			l.spoilt = append(l.spoilt, key)
		default:
			l.items, old = append(l.items, m), old || m.at().Before(since)
		}
		l.present[key] = true
	}
	return lowest, old
}

// compare finds what is new since a mark, and what is different, and notes both in it. What was written before since
// is noted only.
func (l list) compare(m *mark, p *network.Page, since time.Time) (fresh, changed []comment) {
	for _, key := range l.spoilt {
		if _, known := m.Seen[key]; !known {
			m.Seen[key] = unread
			p.Skipped++
		}
	}
	for _, item := range l.items {
		key := item.ID.String()
		was, known := m.Seen[key]
		switch looks := item.looks(); {
		case !known && item.ID <= m.From:
			continue
		case item.at().Before(since):
		case !known || was == unread:
			fresh = append(fresh, item)
		case was != looks:
			changed = append(changed, item)
		}
		m.Seen[key] = item.looks()
	}
	return fresh, changed
}

// missing asks what became of the comments that were there and are not: they are spam, in the bin, or gone.
func (c *Client) missing(ctx context.Context, m *mark, l list, changed []comment, p *network.Page) ([]comment, error) {
	var ids []string
	for _, key := range slices.Sorted(maps.Keys(m.Seen)) {
		n := numberOf(key)
		switch was := m.Seen[key]; {
		case l.present[key] || n < l.floor:
		case n == 0 || was == unread || was == "":
			delete(m.Seen, key)
		case standsAside(was):
		default:
			ids = append(ids, key)
		}
	}
	for part := range slices.Chunk(ids, pageSize) {
		var raw []json.RawMessage
		query := url.Values{"context": {"edit"}, "status": {"any"}, "include": {strings.Join(part, ",")}, "per_page": {strconv.Itoa(pageSize)}, "_fields": {commentFields}}
		if err := c.get(ctx, opFetch, "comments", query, &raw); err != nil {
			return nil, err
		}
		there := map[string]bool{}
		for _, r := range raw {
			item, err := parseComment(r)
			there[item.ID.String()] = true
			if looks := item.looks(); err == nil && m.Seen[item.ID.String()] != looks {
				changed = append(changed, item)
				m.Seen[item.ID.String()] = looks
			}
		}
		for _, key := range part {
			if there[key] || len(p.Gone) == maxGone {
				continue
			}
			gone, err := c.gone(ctx, numberOf(key))
			if err != nil {
				return nil, err
			}
			if gone {
				p.Gone = append(p.Gone, commentID(numberOf(key)))
				delete(m.Seen, key)
			}
		}
	}
	return changed, nil
}

// maxGone bounds how many are asked for one by one at a time.
const maxGone = 20

// gone asks for one that no list has. A list may be empty for other reasons, and what is gone here loses its words.
func (c *Client) gone(ctx context.Context, n number) (bool, error) {
	err := c.get(ctx, opFetch, comments+n.String(), url.Values{"context": {"edit"}, "_fields": {"id"}}, &struct{}{})
	if fault.Is(err, fault.NotFound) {
		return true, nil
	}
	return false, err
}

// standsAside tells of how a comment looked that it was spam or in the bin: it is not in the list, and is not missed.
func standsAside(looks string) bool {
	return looks[:1] == standings[network.Spam][:1] || looks[:1] == standings[network.Removed][:1]
}

// tell makes messages of comments, with their articles and the beginnings of their threads.
func (c *Client) tell(ctx context.Context, l list, items []comment) (all []network.Message, err error) {
	if len(items) == 0 {
		return nil, nil
	}
	under, err := c.articles(ctx, items)
	if err != nil {
		return nil, err
	}
	roots, err := c.roots(ctx, l, items)
	if err != nil {
		return nil, err
	}
	for _, m := range items {
		all = append(all, c.message(m, roots[m.ID], under[m.Post]))
	}
	return all, nil
}

// articles reads what comments stand under, of whatever sort: the site joins it to one comment of each.
func (c *Client) articles(ctx context.Context, items []comment) (map[number]article, error) {
	var ids []string
	found, of := map[number]article{}, map[number]number{} // the article of each comment that we ask for
	for _, m := range items {
		if _, known := found[m.Post]; !known && m.Post > 0 {
			found[m.Post] = article{}
			of[m.ID] = m.Post
			ids = append(ids, m.ID.String())
		}
	}
	for part := range slices.Chunk(ids, pageSize) {
		var raw []json.RawMessage
		query := url.Values{"context": {"edit"}, "status": {"any"}, "include": {strings.Join(part, ",")}, "per_page": {strconv.Itoa(pageSize)}, "_embed": {"up"}, "_fields": {"id,_links.up,_embedded"}}
		if err := c.get(ctx, opFetch, "comments", query, &raw); err != nil {
			return nil, err
		}
		for _, r := range raw {
			var with struct {
				ID       number `json:"id"`
				Embedded struct {
					Up []struct {
						Link  page `json:"link"`
						Title struct {
							Rendered string `json:"rendered"`
						} `json:"title"`
					} `json:"up"`
				} `json:"_embedded"`
			}
			if json.Unmarshal(r, &with) == nil && len(with.Embedded.Up) > 0 {
				up := with.Embedded.Up[0]
				found[of[with.ID]] = article{Title: text.Line(text.FromPost(up.Title.Rendered)), Link: up.Link}
			}
		}
	}
	return found, nil
}

// maxDepth bounds how far up a thread is followed; sites nest ten deep at most.
const maxDepth = 12

// roots finds the first comment of each one's thread, asking for those above that are not in the list.
func (c *Client) roots(ctx context.Context, l list, items []comment) (map[number]number, error) {
	parents := map[number]number{}
	for _, m := range slices.Concat(l.items, items) {
		parents[m.ID] = m.Parent
	}
	up := func(n number) number { // as far as we know
		for range maxDepth {
			if parents[n] == 0 {
				break
			}
			n = parents[n]
		}
		return n
	}
	for range maxDepth {
		var ids []string
		for _, m := range items {
			top := up(m.ID)
			if _, known := parents[top]; !known && !slices.Contains(ids, top.String()) {
				ids = append(ids, top.String())
			}
		}
		if len(ids) == 0 {
			break
		}
		for part := range slices.Chunk(ids, pageSize) {
			var above []struct{ ID, Parent number }
			query := url.Values{"context": {"edit"}, "status": {"any"}, "include": {strings.Join(part, ",")}, "per_page": {strconv.Itoa(pageSize)}, "_fields": {"id,parent"}}
			if err := c.get(ctx, opFetch, "comments", query, &above); err != nil {
				return nil, err
			}
			for _, key := range part {
				parents[numberOf(key)] = 0 // what is not there begins its thread
			}
			for _, a := range above {
				parents[a.ID] = a.Parent
			}
		}
	}
	roots := map[number]number{}
	for _, m := range items {
		roots[m.ID] = up(m.ID)
	}
	return roots, nil
}
