package email

import (
	"bytes"
	"io"
	"strings"

	"comptoir/internal/network"
)

// body is what a reader sees of a mail.
type body struct {
	text, html  string // text is "" when there is only HTML
	attachments []network.Attachment
	report      *part // message/delivery-status
	original    *part // the returned mail, or its header, within a report
}

func readBody(root *part) body {
	var b body
	b.take(root, false)
	return b
}

// take adds a part; inline is whether it hangs in a multipart/related below the page that shows it.
func (b *body) take(p *part, inline bool) {
	switch {
	case p.kind == "multipart/alternative":
		b.alternative(p)
	case p.kind == "multipart/related":
		for i, c := range p.children {
			b.take(c, i > 0)
		}
	case strings.HasPrefix(p.kind, "multipart/"):
		for _, c := range p.children {
			b.take(c, inline)
		}
	case p.kind == "message/delivery-status":
		b.report = p
	case b.report != nil && b.original == nil && (p.kind == "message/rfc822" || p.kind == "text/rfc822-headers" || p.kind == "message/rfc822-headers"):
		b.original = p
	case p.isBody() && !inline:
		b.body(p)
	default:
		b.attach(p, inline)
	}
}

// isBody tells text that is read from text that is a file.
func (p *part) isBody() bool {
	if p.kind != "text/plain" && p.kind != "text/html" && p.kind != "text/enriched" {
		return false
	}
	return p.disposition() != "attachment" && (p.filename() == "" || p.disposition() == "inline" && p.kind == "text/html")
}

// body appends one text leaf. A mail of several (text, picture, text) is read as one.
func (b *body) body(p *part) {
	if p.kind == "text/html" {
		page := p.text()
		if b.html != "" {
			b.html += "\n<hr>\n"
		}
		b.html += page
		if strings.TrimSpace(b.text) != "" {
			b.text = strings.TrimRight(b.text, "\n") + "\n\n" + htmlToText(page)
		}
		return
	}
	t := p.text()
	if strings.EqualFold(p.params["format"], "flowed") {
		t = unflow(t, strings.EqualFold(p.params["delsp"], "yes"))
	}
	if b.text == "" && b.html != "" {
		b.text = htmlToText(b.html)
	}
	if strings.TrimSpace(t) == "" {
		return
	}
	if b.text != "" {
		b.text = strings.TrimRight(b.text, "\r\n") + "\n\n"
	}
	b.text += t
}

// alternative takes the plain text unless it is empty, and keeps the HTML beside it.
func (b *body) alternative(p *part) {
	var plain, rich body
	for _, c := range p.children {
		var one body
		one.take(c, false)
		switch {
		case one.html != "":
			if rich.html == "" {
				rich = one
				continue
			}
		case strings.TrimSpace(one.text) != "":
			if plain.text == "" {
				plain = one
				continue
			}
		}
		b.attachments = append(b.attachments, one.attachments...)
	}
	if strings.TrimSpace(plain.text) == "" {
		plain.text = rich.text
		if b.text != "" && strings.TrimSpace(plain.text) == "" && rich.html != "" {
			plain.text = htmlToText(rich.html)
		}
	}
	if b.text != "" && plain.text != "" {
		b.text = strings.TrimRight(b.text, "\r\n") + "\n\n"
	}
	b.text += plain.text
	if rich.html != "" {
		if b.html != "" {
			b.html += "\n<hr>\n"
		}
		b.html += rich.html
	}
	b.attachments = append(b.attachments, plain.attachments...)
	b.attachments = append(b.attachments, rich.attachments...)
}

// attach keeps a part as a file. One that was not fetched has no Content.
func (b *body) attach(p *part, inline bool) {
	cid := strings.Trim(p.header.get("content-id"), " \t<>")
	if len(p.raw) == 0 && !p.cut && p.filename() == "" && cid == "" {
		return // an empty part without a name is nothing
	}
	a := network.Attachment{
		Name:   plainLine(p.filename()),
		Type:   p.kind,
		Inline: p.disposition() == "inline" || inline && p.disposition() != "attachment",
		CID:    plainLine(cid),
		Alt:    plainLine(decodeWords(p.header.get("content-description"))),
	}
	if a.Name == "" && strings.HasPrefix(p.kind, "message/rfc822") {
		h, _ := splitHeader(p.raw)
		if a.Name = plainLine(decodeWords(h.get("subject"))); a.Name == "" {
			a.Name = "message"
		}
		a.Name += ".eml"
	}
	if p.cut {
		a.Size = p.size
		if strings.EqualFold(strings.TrimSpace(p.header.get("content-transfer-encoding")), "base64") {
			a.Size = p.size / 4 * 3
		}
	} else {
		content := p.decoded()
		a.Size = int64(len(content))
		a.Content = func() io.Reader { return bytes.NewReader(content) }
	}
	b.attachments = append(b.attachments, a)
}
