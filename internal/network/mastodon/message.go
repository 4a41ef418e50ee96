package mastodon

import (
	"strings"

	"comptoir/internal/network"
	"comptoir/internal/text"
)

// Meta of a message: what is needed to answer it.
const (
	metaVisibility = "visibility" // the server's own word
	metaMentions   = "mentions"   // the other addresses that it names, separated by spaces
)

// message is a post as the counter reads it. before are the posts above it in its thread, the first one first.
func (c *Client) message(s status, before []status) network.Message {
	m := network.Message{
		ID: network.RemoteID(s.ID), Thread: network.RemoteID(s.ID), ReplyTo: network.RemoteID(s.InReplyTo),
		Author: c.author(s.Account), Mine: c.mine(s.Account), Text: wordsOf(s), Lang: text.Line(s.Language), URL: string(s.URL),
		SentAt: s.at(), Visibility: visibility(s.Visibility), Automatic: s.Account.Bot,
		Meta: map[string]string{metaVisibility: s.Visibility, metaMentions: strings.Join(c.others(s), " ")},
	}
	if s.InReplyTo != "" {
		m.Thread = network.RemoteID(s.InReplyTo)
	}
	for _, b := range before {
		m.References = append(m.References, network.RemoteID(b.ID))
	}
	if len(m.References) > 0 {
		m.Thread = m.References[0]
	}
	return m
}

func (c *Client) author(a account) network.Author {
	address := text.Line(a.address(c.endpoint.Domain))
	return network.Author{ID: network.RemoteID(strings.ToLower(address)), Handle: "@" + address, Name: text.Line(a.DisplayName), URL: string(a.URL), Avatar: string(a.Avatar)}
}

// others are whom a post names besides us.
func (c *Client) others(s status) (addresses []string) {
	for _, n := range s.Mentions {
		address := addressOf(n.Acct, c.endpoint.Domain)
		if n.Acct != "" && len(addresses) < maxNotified && !strings.ContainsAny(address, " \n\t") && !c.mine(account{ID: n.ID, Acct: n.Acct}) {
			addresses = append(addresses, address)
		}
	}
	return addresses
}

// wordsOf is all that a post says: the warning before it, its words, and what a poll asks.
func wordsOf(s status) string {
	var parts []string
	if warning := text.Plain(s.Spoiler); warning != "" {
		parts = append(parts, "⚠ "+warning)
	}
	if body := text.FromPost(s.Content); body != "" {
		parts = append(parts, body)
	}
	if s.Poll != nil {
		var options []string
		for _, o := range s.Poll.Options[:min(len(s.Poll.Options), 50)] {
			options = append(options, "○ "+text.Line(o.Title))
		}
		parts = append(parts, strings.Join(options, "\n"))
	}
	return strings.Join(parts, "\n\n")
}

// visibility reads the server's word. What it does not know, nobody else may read.
func visibility(word string) network.Visibility {
	switch word {
	case "public":
		return network.Public
	case "unlisted", "local":
		return network.Unlisted
	}
	return network.Private
}
