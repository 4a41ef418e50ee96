package email

import (
	"context"
	"io"
	"slices"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapclient"

	"comptoir/internal/network"
)

const (
	historyDays  = 30
	historyMails = 200
	pageMails    = 50
	pageBytes    = 10 << 20 // of whole mails on one page; within network.MaxBody with what surrounds them
	wholeMail    = 6 << 20  // a bigger mail is read by its parts
)

// item is one mail as the server lists it.
type item struct {
	uid     imap.UID
	size    int64
	arrived time.Time
}

// Fetch implements network.Fetcher.
func (c *Client) Fetch(ctx context.Context, from network.Cursor) (network.Page, error) {
	const op = "email.Fetch"
	cur, err := parseCursor(from)
	if err != nil {
		return network.Page{}, err
	}
	s, err := c.imap(ctx, op)
	if err != nil {
		return network.Page{}, err
	}
	defer func() { s.end() }()
	box, err := c.examine(ctx, s, op)
	if err != nil {
		return network.Page{}, err
	}
	uids, cur, err := newUIDs(s, box, cur)
	if err != nil {
		return network.Page{}, c.imapFault(ctx, err, op)
	}
	page := network.Page{Next: cur.String()}
	if len(uids) == 0 {
		return page, nil
	}
	page.More = len(uids) > pageMails
	uids = uids[:min(len(uids), pageMails)]
	items, err := s.list(uids)
	if err != nil {
		return network.Page{}, c.imapFault(ctx, err, op)
	}
	if len(items) > 0 && items[0].size > wholeMail {
		// Alone on its page, so that what the page may hold is known before anything is read.
		page.More = page.More || len(uids) > 1
		m, err := c.large(ctx, s, op, box.UIDValidity, items[0])
		if err != nil {
			return network.Page{}, err
		}
		page.Messages = append(page.Messages, m)
		page.Next = cur.past(items[0].uid, items[0]).String()
		return page, nil
	}
	last := uids[len(uids)-1]
	if n := fitting(items); n < len(items) {
		last, items, page.More = items[n-1].uid, items[:n], true
	}
	if err := c.whole(ctx, s, op, box.UIDValidity, items, &page); err != nil {
		return network.Page{}, err
	}
	page.Next = cur.past(last, items...).String()
	return page, nil
}

// past moves the cursor behind uid and notes the newest arrival.
func (c cursor) past(uid imap.UID, items ...item) cursor {
	c.uid = uid
	for _, it := range items {
		if it.arrived.After(c.at) {
			c.at = it.arrived
		}
	}
	return c
}

// fitting tells how many of the first items make one page, at least one.
func fitting(items []item) int {
	total := int64(0)
	for i, it := range items {
		total += it.size
		if i > 0 && (total > pageBytes || it.size > wholeMail) {
			return i
		}
	}
	return len(items)
}

// newUIDs lists what stands behind the cursor, oldest first and one more than a page, and the cursor from
// which to count. At the beginning, and when the server has numbered the mailbox anew, that is by date: a
// new numbering repeats what is known rather than risk losing a mail.
func newUIDs(s *session, box *imap.SelectData, cur cursor) ([]imap.UID, cursor, error) {
	if cur.validity == box.UIDValidity && cur.validity != 0 {
		if box.UIDNext != 0 && box.UIDNext <= cur.uid+1 {
			return nil, cur, nil
		}
		data, err := s.UIDSearch(&imap.SearchCriteria{UID: []imap.UIDSet{{{Start: cur.uid + 1, Stop: 0}}}}, nil).Wait()
		if err != nil {
			return nil, cur, err
		}
		// "n:*" always names the last mail, however old.
		uids := firstUIDs(data.All, cur.uid+1, pageMails+1)
		if len(uids) == 0 && box.UIDNext > 0 {
			cur.uid = box.UIDNext - 1 // what had these numbers is gone, and Wait must not see it as new for ever
		}
		return uids, cur, nil
	}
	first := cur.validity == 0
	since := time.Now().AddDate(0, 0, -historyDays)
	if !first && cur.at.Unix() > 0 {
		since = cur.at.AddDate(0, 0, -2)
	}
	next := cursor{validity: box.UIDValidity, at: time.Unix(max(0, cur.at.Unix()), 0)}
	data, err := s.UIDSearch(&imap.SearchCriteria{Since: since}, nil).Wait()
	if err != nil {
		return nil, next, err
	}
	most := 1 << 20
	if first {
		most = historyMails
	}
	uids := lastUIDs(data.All, most)
	if len(uids) > 0 {
		next.uid = uids[0] - 1
	} else if box.UIDNext > 0 {
		next.uid = box.UIDNext - 1
	}
	return uids[:min(len(uids), pageMails+1)], next, nil
}

// lastUIDs lists the n highest numbers of a set, ascending.
func lastUIDs(all imap.NumSet, n int) []imap.UID {
	set, _ := all.(imap.UIDSet)
	var out []imap.UID
	for _, r := range slices.Backward(set) {
		for u := r.Stop; u >= r.Start && u > 0 && len(out) < n; u-- {
			out = append(out, u)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// list asks for the size and arrival of mails, ascending. Mails that have gone meanwhile are missing.
func (s *session) list(uids []imap.UID) ([]item, error) {
	got, err := s.gather(imap.UIDSetNum(uids...), &imap.FetchOptions{RFC822Size: true, InternalDate: true})
	if err != nil {
		return nil, err
	}
	items := make([]item, 0, len(got))
	for _, m := range got {
		items = append(items, item{uid: m.UID, size: m.RFC822Size, arrived: m.InternalDate})
	}
	slices.SortFunc(items, func(a, b item) int { return int(int64(a.uid) - int64(b.uid)) })
	return items, nil
}

// whole reads complete mails into the page, in order.
func (c *Client) whole(ctx context.Context, s *session, op string, validity uint32, items []item, page *network.Page) error {
	if len(items) == 0 {
		return nil
	}
	uids := make([]imap.UID, len(items))
	for i, it := range items {
		uids[i] = it.uid
	}
	// The range keeps a server that lied about a size to what the page can hold.
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Offset: 0, Size: wholeMail + 1}}
	raw, err := s.bodies(uids, section)
	if err != nil {
		return c.imapFault(ctx, err, op)
	}
	for _, it := range items {
		b, there := raw[it.uid]
		switch {
		case !there: // gone since it was listed
		case len(b) == 0:
			page.Skipped++
		default:
			root := readMail(b)
			if len(b) > wholeMail {
				root.last().cut = true
			}
			page.Messages = append(page.Messages, c.message(root, validity, it))
		}
	}
	return nil
}

// bodies asks for one section of each mail.
func (s *session) bodies(uids []imap.UID, section *imap.FetchItemBodySection) (map[imap.UID][]byte, error) {
	got, err := s.gather(imap.UIDSetNum(uids...), &imap.FetchOptions{BodySection: []*imap.FetchItemBodySection{section}})
	raw := map[imap.UID][]byte{}
	for _, m := range got {
		for _, b := range m.BodySection {
			raw[m.UID] = b.Bytes
		}
	}
	return raw, err
}

// gather is Fetch and Collect, but for content whose reading fails: it closes the connection and touches
// nothing of it again, where Collect would go on to read beside the client's own reading.
func (s *session) gather(set imap.UIDSet, options *imap.FetchOptions) ([]*imapclient.FetchMessageBuffer, error) {
	options.UID = true
	cmd := s.Fetch(set, options)
	var all []*imapclient.FetchMessageBuffer
	for data := cmd.Next(); data != nil; data = cmd.Next() {
		m := &imapclient.FetchMessageBuffer{}
		for it := data.Next(); it != nil; it = data.Next() {
			switch it := it.(type) {
			case imapclient.FetchItemDataUID:
				m.UID = it.UID
			case imapclient.FetchItemDataRFC822Size:
				m.RFC822Size = it.Size
			case imapclient.FetchItemDataInternalDate:
				m.InternalDate = it.Time
			case imapclient.FetchItemDataBodyStructure:
				m.BodyStructure = it.BodyStructure
			case imapclient.FetchItemDataBodySection:
				var content []byte
				if it.Literal != nil {
					var err error
					if content, err = io.ReadAll(it.Literal); err != nil {
						s.conn.Close()
						return nil, err
					}
				}
				m.BodySection = append(m.BodySection, imapclient.FetchBodySectionBuffer{Section: it.Section, Bytes: content})
			}
		}
		all = append(all, m)
	}
	return all, cmd.Close()
}
