package bluesky

import (
	"strings"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/text"
)

// Meta of a message: what is needed to answer it. An answer names the versions of what it answers.
const (
	metaCID     = "cid"
	metaRoot    = "root"
	metaRootCID = "root_cid"
)

func (p post) root() string {
	if p.Reply == nil {
		return ""
	}
	return p.Reply.Root.URI
}

func (p post) parent() string {
	if p.Reply == nil {
		return ""
	}
	return p.Reply.Parent.URI
}

// isMine tells whether a record is of the account that the client speaks for.
func (c *Client) isMine(name string) bool {
	u, ok := parseURI(name)
	return ok && u.authority == c.endpoint.DID && u.collection == PostType
}

// message is a post as the counter reads it.
func (c *Client) message(p post, is ref, by actor, indexed string) network.Message {
	m := messageOf(p, is, by, instant(indexed))
	m.Mine = by.DID == c.endpoint.DID
	return m
}

// messageOf is a post that anybody made, which came to be known at a time.
func messageOf(p post, is ref, by actor, known time.Time) network.Message {
	u, _ := parseURI(is.URI)
	m := network.Message{
		ID: network.RemoteID(is.URI), Thread: network.RemoteID(is.URI), ReplyTo: network.RemoteID(p.parent()),
		Author: author(by), Text: wordsOf(p), URL: u.page(by.DID),
		SentAt: instant(p.CreatedAt), Visibility: network.Public, Meta: map[string]string{metaCID: is.CID},
	}
	if len(p.Langs) > 0 {
		m.Lang = text.Line(p.Langs[0])
	}
	if m.SentAt.IsZero() {
		m.SentAt = known
	}
	if p.Reply != nil && p.root() != "" {
		m.Thread = network.RemoteID(p.root())
		m.References = []network.RemoteID{m.Thread}
		if p.parent() != p.root() {
			m.References = append(m.References, m.ReplyTo)
		}
		m.Meta[metaRoot], m.Meta[metaRootCID] = p.Reply.Root.URI, p.Reply.Root.CID
	}
	return m
}

func author(a actor) network.Author {
	handle := text.Line(a.Handle)
	return network.Author{ID: network.RemoteID(a.DID), Handle: "@" + handle, Name: text.Line(a.DisplayName), URL: profilePage + a.DID, Avatar: string(a.Avatar)}
}

// wordsOf is all that a post says: its words with their links in full, and the link that it shows below them.
func wordsOf(p post) string {
	words := unfold(p.Text, p.Facets)
	if p.Embed != nil && p.Embed.External != nil && !strings.Contains(words, p.Embed.External.URI) {
		words += "\n\n" + p.Embed.External.Title + "\n" + p.Embed.External.URI
	}
	return text.Plain(words)
}

// quoted is what a post quotes, "" when that is not ours or gone.
func quoted(v view) string {
	p, ok := v.post()
	if !ok {
		return ""
	}
	return wordsOf(p)
}
