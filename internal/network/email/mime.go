package email

import (
	"bytes"
	"strings"
)

const (
	maxDepth = 20  // of parts within parts
	maxParts = 200 // of one mail; what follows is left out
)

// part is a mail or a part of one.
type part struct {
	header   header
	kind     string // the media type, lower case
	params   map[string]string
	raw      []byte // the body as sent, of a leaf
	children []*part
	// cut is set when raw is not all of it; size is then how much there is, encoded, 0 = not known.
	cut  bool
	size int64
}

// readMail reads a mail as far as it can be read. It never fails: what is not a mail is its text.
func readMail(b []byte) *part {
	left := maxParts
	return readPart(b, "text/plain", 0, &left)
}

func readPart(b []byte, kind string, depth int, left *int) *part {
	h, body := splitHeader(b)
	p := newPart(h, kind)
	*left--
	if !strings.HasPrefix(p.kind, "multipart/") || depth >= maxDepth {
		p.raw = body
		return p
	}
	chunks := split(body, p.params["boundary"])
	if chunks == nil && len(bytes.TrimSpace(body)) > 0 {
		p.kind, p.raw = "text/plain", body // no boundary is ever found: what is there is all text
		return p
	}
	inner := "text/plain"
	if p.kind == "multipart/digest" {
		inner = "message/rfc822"
	}
	for _, c := range chunks {
		if *left <= 0 {
			break
		}
		p.children = append(p.children, readPart(c, inner, depth+1, left))
	}
	return p
}

// newPart reads what the header says about the body; kind is what a header that says nothing means.
func newPart(h header, kind string) *part {
	p := &part{header: h, kind: kind}
	if ct := h.get("content-type"); ct != "" {
		k, ps := params(ct)
		p.params = ps
		k = strings.Map(mediaRune, k)
		if i := strings.IndexByte(k, '/'); i > 0 && i < len(k)-1 {
			p.kind = k
		}
	}
	return p
}

// mediaRune drops what cannot be in a media type.
func mediaRune(r rune) rune {
	if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || strings.ContainsRune("/+-._", r) {
		return r
	}
	return -1
}

// split cuts the body of a multipart at its boundary, tolerating white space and line ends of every kind,
// a missing end and a boundary that was not declared. nil when there is not one part.
func split(b []byte, boundary string) (parts [][]byte) {
	if boundary == "" {
		if boundary = guessBoundary(b); boundary == "" {
			return nil
		}
	}
	mark := []byte("--" + boundary)
	start := -1
	for pos := 0; pos < len(b); {
		line, rest := cutLine(b[pos:])
		next := len(b) - len(rest)
		if tail, ok := bytes.CutPrefix(line, mark); ok {
			tail = bytes.TrimRight(tail, " \t")
			end := bytes.Equal(tail, []byte("--"))
			if len(tail) == 0 || end {
				if start >= 0 && len(parts) < maxParts {
					parts = append(parts, withoutLastEOL(b[start:pos]))
				}
				start = next
				if end {
					return parts
				}
			}
		}
		pos = next
	}
	if start >= 0 && start < len(b) {
		parts = append(parts, b[start:])
	}
	return parts
}

func guessBoundary(b []byte) string {
	for range 50 {
		line, rest := cutLine(b)
		if len(line) > 4 && len(line) < 80 && bytes.HasPrefix(line, []byte("--")) && line[2] != ' ' && bytes.Contains(rest, line) {
			return string(bytes.TrimRight(line[2:], " \t"))
		}
		b = rest
	}
	return ""
}

func withoutLastEOL(b []byte) []byte {
	b = bytes.TrimSuffix(b, []byte("\n"))
	return bytes.TrimSuffix(b, []byte("\r"))
}

// walk calls f for p and everything below it, in order.
func (p *part) walk(f func(*part)) {
	f(p)
	for _, c := range p.children {
		c.walk(f)
	}
}

// last returns the last leaf.
func (p *part) last() *part {
	for len(p.children) > 0 {
		p = p.children[len(p.children)-1]
	}
	return p
}

// decoded is the body of a leaf without its transfer encoding.
func (p *part) decoded() []byte {
	return decodeBody(p.raw, p.header.get("content-transfer-encoding"))
}

// text is the body of a text leaf as UTF-8.
func (p *part) text() string {
	if !looksBase64(p.raw) && strings.EqualFold(strings.TrimSpace(p.header.get("content-transfer-encoding")), "base64") {
		return decodeCharset(p.raw, p.charset()) // it says so and is not
	}
	return decodeCharset(p.decoded(), p.charset())
}

func (p *part) charset() string {
	if c := p.params["charset"]; c != "" {
		return c
	}
	if p.kind != "text/html" {
		return ""
	}
	return metaCharset(p.raw)
}

// metaCharset finds charset=… in the first kilobyte of an HTML page that came without one.
func metaCharset(b []byte) string {
	b = bytes.ToLower(b[:min(len(b), 1024)])
	_, rest, ok := bytes.Cut(b, []byte("charset="))
	if !ok {
		return ""
	}
	rest = bytes.TrimLeft(rest, `3d"' `)
	if i := bytes.IndexAny(rest, `"'/> ;`); i >= 0 {
		rest = rest[:i]
	}
	return string(rest)
}

// filename is how the sender named the part, "" when it has no name.
func (p *part) filename() string {
	_, d := params(p.header.get("content-disposition"))
	for _, n := range []string{d["filename"], d["name"], p.params["name"], p.params["filename"]} {
		if n != "" {
			return n
		}
	}
	return ""
}

// disposition is "inline", "attachment", something unknown or "".
func (p *part) disposition() string {
	v, _ := params(p.header.get("content-disposition"))
	return v
}
