package email

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/mail"
	"regexp"
	"strings"
	"time"

	"comptoir/internal/network"
)

// Names in Message.Meta.
const (
	metaMessageID  = "message_id" // the Message-ID as sent, without angle brackets
	metaReferences = "references" // what an answer's References begin with, separated by spaces
	metaReplyTo    = "reply_to"   // whom an answer goes to, as a header field
	metaUID        = "uid"        // UIDVALIDITY:UID in the mailbox that is read
)

// message makes of a mail what the rest of the program reads.
func (c *Client) message(root *part, validity uint32, it item) network.Message {
	h := root.header
	content := readBody(root)
	own := firstID(h.get("message-id"))
	refs := references(h)
	m := network.Message{
		ID:          network.RemoteID(mailID(own, h)),
		References:  refs,
		Author:      author(h),
		Subject:     plainLine(decodeWords(h.get("subject"))),
		HTML:        strings.ToValidUTF8(content.html, "�"),
		Lang:        language(h),
		SentAt:      date(h, it.arrived),
		Visibility:  network.Private,
		Attachments: content.attachments,
		Meta:        map[string]string{metaUID: fmt.Sprintf("%d:%d", validity, it.uid)},
	}
	if strings.TrimSpace(content.text) == "" && content.html != "" {
		m.Text, m.Quoted = splitHTML(m.HTML)
	} else {
		m.Text, m.Quoted = splitReply(plainText(content.text))
	}
	m.Mine = strings.EqualFold(string(m.Author.ID), c.endpoint.Address)
	m.Automatic = automatic(root)
	m.Bounce = bounce(root, content)
	m.Thread = m.ID
	if len(refs) > 0 {
		m.Thread, m.ReplyTo = refs[0], refs[len(refs)-1]
	}
	if own != "" {
		m.Meta[metaMessageID] = own
	}
	if len(refs) > 0 {
		all := make([]string, len(refs))
		for i, r := range refs {
			all[i] = string(r)
		}
		m.Meta[metaReferences] = strings.Join(all, " ")
	}
	if to := replyTo(h, m.Author); to != "" {
		m.Meta[metaReplyTo] = to
	}
	return m
}

// mailID names a mail within its account. That is its Message-ID, but for those of devices and web forms
// that put the same one, or none, on every mail: there it is told by the rest of its header too, because
// two mails of one name would be stored as one.
func mailID(own string, h header) string {
	if left, _, ok := strings.Cut(own, "@"); ok && len(left) >= 8 && strings.ContainsAny(left, "0123456789") {
		return own
	}
	sum := sha256.New()
	for _, f := range h {
		switch f.name {
		case "from", "to", "date", "subject", "received":
			fmt.Fprintf(sum, "%s:%s\n", f.name, f.value)
		}
	}
	return own + ";" + hex.EncodeToString(sum.Sum(nil)[:12])
}

// messageIDOf undoes mailID: the Message-ID under which others know the mail, "" when it has none.
func messageIDOf(id network.RemoteID) string {
	own, _, _ := strings.Cut(string(id), ";")
	return own
}

var idPattern = regexp.MustCompile(`<([^<>\s;]{1,500})>`)

// firstID reads a Message-ID. Some come without angle brackets.
func firstID(s string) string {
	if m := idPattern.FindStringSubmatch(s); m != nil {
		return m[1]
	}
	s = strings.Trim(s, " \t<>")
	if s == "" || len(s) > 500 || strings.ContainsAny(s, " \t;<>") {
		return ""
	}
	return s
}

// maxReferences bounds the chain that is kept: its beginning and its end.
const maxReferences = 21

// references is the chain of mails that this one follows, the root first and its parent last.
func references(h header) []network.RemoteID {
	var ids []string
	for _, m := range idPattern.FindAllStringSubmatch(h.get("references"), 500) {
		ids = append(ids, m[1])
	}
	if parent := firstID(h.get("in-reply-to")); parent != "" && len(ids) == 0 {
		ids = append(ids, parent)
	}
	seen := map[string]bool{firstID(h.get("message-id")): true}
	var out []network.RemoteID
	for _, id := range ids {
		if !seen[id] {
			seen[id] = true
			out = append(out, network.RemoteID(id))
		}
	}
	if len(out) > maxReferences {
		out = append(out[:1:1], out[len(out)-maxReferences+1:]...)
	}
	return out
}

// author is who wrote the mail, by the first field that tells.
func author(h header) network.Author {
	for _, name := range []string{"from", "sender", "reply-to", "return-path"} {
		if list := addresses(h.get(name)); len(list) > 0 {
			a := list[0]
			who := network.Author{ID: network.RemoteID(strings.ToLower(a.Address)), Handle: plainLine(a.Address), Name: plainLine(a.Name)}
			if strings.EqualFold(who.Name, who.Handle) {
				who.Name = ""
			}
			return who
		}
	}
	return network.Author{Name: plainLine(decodeWords(h.get("from")))}
}

// replyTo is the Reply-To field when it names somebody else than the author.
func replyTo(h header, a network.Author) string {
	var to []string
	for _, r := range addresses(h.get("reply-to")) {
		if isAddress(r.Address) && len(to) < 10 {
			to = append(to, (&mail.Address{Name: headerValue(r.Name), Address: r.Address}).String())
		}
	}
	if len(to) == 1 && strings.EqualFold(addresses(to[0])[0].Address, string(a.ID)) {
		return ""
	}
	return strings.Join(to, ", ")
}

var anAddress = regexp.MustCompile(`[^\s<>,;:"()\[\]]+@[^\s<>,;:"()\[\]]+`)

// addresses reads an address list, and of a broken one what can be recognised.
func addresses(s string) []*mail.Address {
	if strings.TrimSpace(s) == "" {
		return nil
	}
	s = decodeCharset([]byte(s), "")
	parser := mail.AddressParser{WordDecoder: &words}
	if list, err := parser.ParseList(s); err == nil {
		return list
	}
	at := anAddress.FindStringIndex(s)
	if at == nil {
		return nil
	}
	name := strings.Trim(strings.TrimRight(s[:at[0]], "< "), `"' `)
	return []*mail.Address{{Name: decodeWords(name), Address: s[at[0]:at[1]]}}
}

func language(h header) string {
	l, _, _ := strings.Cut(h.get("content-language"), ",")
	l = strings.TrimSpace(l)
	if len(l) > 35 || strings.ContainsFunc(l, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-')
	}) {
		return ""
	}
	return l
}

// date is when the mail says it was written, or when it arrived.
func date(h header, arrived time.Time) time.Time {
	s := strings.TrimSpace(h.get("date"))
	if t, err := mail.ParseDate(s); err == nil && t.Year() > 1970 && t.Year() < 9000 {
		return t.UTC()
	}
	for _, layout := range []string{time.RFC3339, time.ANSIC, time.UnixDate, "2006-01-02 15:04:05 -0700", "2 Jan 2006 15:04 -0700", "Mon, 2 January 2006 15:04:05 -0700"} {
		if t, err := time.Parse(layout, s); err == nil && t.Year() > 1970 {
			return t.UTC()
		}
	}
	return arrived.UTC()
}
