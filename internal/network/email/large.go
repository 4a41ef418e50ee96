package email

import (
	"context"
	"fmt"
	"strings"

	"github.com/emersion/go-imap/v2"

	"comptoir/internal/network"
)

const (
	partialText  = 512 << 10 // of one text part of a mail that is too big to be read whole
	partialFile  = 1 << 20   // a bigger file of such a mail is named but not fetched
	partialTotal = 6 << 20   // of everything that is fetched of such a mail
	partialHead  = 1 << 20   // what is read of a mail whose structure the server cannot tell
)

// large reads a mail that is too big to be read whole: its header, its texts, its small files. What was left
// out is named, with its size and without Content.
func (c *Client) large(ctx context.Context, s *session, op string, validity uint32, it item) (network.Message, error) {
	root, err := s.largeTree(it)
	if err == nil {
		return c.message(root, validity, it), nil
	}
	if ctx.Err() != nil {
		return network.Message{}, c.imapFault(ctx, err, op)
	}
	// A structure that this server cannot tell, or that we cannot read, breaks the dialogue. The beginning
	// of the mail can still be read in another one.
	again, err := c.imap(ctx, op)
	if err != nil {
		return network.Message{}, err
	}
	defer again.end()
	if _, err := c.examine(ctx, again, op); err != nil {
		return network.Message{}, err
	}
	section := &imap.FetchItemBodySection{Peek: true, Partial: &imap.SectionPartial{Size: partialHead}}
	raw, err := again.bodies([]imap.UID{it.uid}, section)
	if err != nil {
		return network.Message{}, c.imapFault(ctx, err, op)
	}
	root = readMail(raw[it.uid])
	last := root.last()
	last.cut, last.size = true, it.size-int64(len(raw[it.uid]))+int64(len(last.raw))
	return c.message(root, validity, it), nil
}

// largeTree builds the tree of parts from the structure that the server tells.
func (s *session) largeTree(it item) (*part, error) {
	set := imap.UIDSetNum(it.uid)
	head := &imap.FetchItemBodySection{Specifier: imap.PartSpecifierHeader, Peek: true, Partial: &imap.SectionPartial{Size: maxHeader}}
	got, err := s.gather(set, &imap.FetchOptions{BodyStructure: &imap.FetchItemBodyStructure{Extended: true}, BodySection: []*imap.FetchItemBodySection{head}})
	if err != nil {
		return nil, err
	}
	if len(got) != 1 || got[0].BodyStructure == nil || len(got[0].BodySection) != 1 {
		return nil, fmt.Errorf("structure of mail %d: %d answers", it.uid, len(got))
	}
	top, _ := splitHeader(got[0].BodySection[0].Bytes)
	t := &tree{left: maxParts}
	root := t.grow(got[0].BodyStructure, nil, 0)
	root.header, root.params = top, newPart(top, root.kind).params
	if err := s.fill(set, t.leaves); err != nil {
		return nil, err
	}
	return root, nil
}

type tree struct {
	left   int
	leaves []*leaf
}

type leaf struct {
	part *part
	path []int
	root bool  // the whole mail is this one part, whose header is the mail's
	want int64 // bytes of content to fetch; 0 = none
}

func (t *tree) grow(bs imap.BodyStructure, path []int, depth int) *part {
	t.left--
	p := &part{kind: bs.MediaType()}
	switch bs := bs.(type) {
	case *imap.BodyStructureMultiPart:
		for i, c := range bs.Children {
			if depth >= maxDepth || t.left <= 0 {
				break
			}
			p.children = append(p.children, t.grow(c, append(path[:len(path):len(path)], i+1), depth+1))
		}
	case *imap.BodyStructureSinglePart:
		l := &leaf{part: p, path: path}
		if len(path) == 0 {
			l.path, l.root = []int{1}, true
		}
		p.size = int64(bs.Size)
		if strings.HasPrefix(p.kind, "text/") {
			l.want = partialText
		} else if p.size <= partialFile {
			l.want = partialFile
		}
		t.leaves = append(t.leaves, l)
	}
	return p
}

// fill fetches the headers of all leaves and the content of those that are wanted, texts first.
func (s *session) fill(set imap.UIDSet, leaves []*leaf) error {
	left := int64(partialTotal)
	for _, texts := range []bool{true, false} {
		for _, l := range leaves {
			if strings.HasPrefix(l.part.kind, "text/") != texts {
				continue
			}
			if l.want > left || min(l.part.size, l.want) > left {
				l.want = 0
			}
			if err := s.fillOne(set, l); err != nil {
				return err
			}
			left -= int64(len(l.part.raw))
		}
	}
	return nil
}

func (s *session) fillOne(set imap.UIDSet, l *leaf) error {
	var sections []*imap.FetchItemBodySection
	if !l.root {
		sections = append(sections, &imap.FetchItemBodySection{Part: l.path, Specifier: imap.PartSpecifierMIME, Peek: true, Partial: &imap.SectionPartial{Size: maxHeader / 8}})
	}
	if l.want > 0 {
		sections = append(sections, &imap.FetchItemBodySection{Part: l.path, Peek: true, Partial: &imap.SectionPartial{Size: l.want}})
	}
	if len(sections) == 0 {
		l.part.cut = true
		return nil
	}
	got, err := s.gather(set, &imap.FetchOptions{BodySection: sections})
	if err != nil {
		return err
	}
	for _, m := range got {
		for _, b := range m.BodySection {
			if b.Section.Specifier == imap.PartSpecifierMIME {
				h, _ := splitHeader(b.Bytes)
				l.part.header, l.part.params = h, newPart(h, l.part.kind).params
			} else {
				l.part.raw = b.Bytes
			}
		}
	}
	l.part.cut = int64(len(l.part.raw)) < l.part.size
	return nil
}
