package webtest

import (
	"bytes"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// Page is an answer, read by selectors: tag, #id, .class, [attribute], [attribute=value],
// [attribute^=start], joined and nested by spaces.
type Page struct {
	Status int
	Header http.Header
	Body   string

	t    testing.TB
	name string
	doc  *html.Node
}

func newPage(t testing.TB, name string, resp *http.Response, body []byte) *Page {
	t.Helper()
	doc, err := html.Parse(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return &Page{Status: resp.StatusCode, Header: resp.Header, Body: string(body), t: t, name: name, doc: doc}
}

// Want fails the test unless the answer has this status.
func (p *Page) Want(status int) *Page {
	p.t.Helper()
	if p.Status != status {
		p.t.Fatalf("%s: %d, want %d (to %q)\n%s", p.name, p.Status, status, p.Location(), p.Text("main"))
	}
	return p
}

// Location is where a redirect leads, "" for none.
func (p *Page) Location() string { return p.Header.Get("Location") }

// Has tells whether an element fits.
func (p *Page) Has(selector string) bool { return len(p.all(selector)) > 0 }

// Count tells how many elements fit.
func (p *Page) Count(selector string) int { return len(p.all(selector)) }

// Text is the text of every element that fits, spaces folded.
func (p *Page) Text(selector string) string {
	var words []string
	for _, n := range p.all(selector) {
		walk(n, func(n *html.Node) {
			if n.Type == html.TextNode {
				words = append(words, strings.Fields(n.Data)...)
			}
		})
	}
	return strings.Join(words, " ")
}

// Attr is an attribute of the first element that fits; the test fails when there is none.
func (p *Page) Attr(selector, name string) string {
	p.t.Helper()
	all := p.all(selector)
	if len(all) == 0 {
		p.t.Fatalf("%s: nothing fits %s\n%s", p.name, selector, p.Text("main"))
	}
	v, _ := attr(all[0], name)
	return v
}

// Attrs is an attribute of every element that fits.
func (p *Page) Attrs(selector, name string) []string {
	var all []string
	for _, n := range p.all(selector) {
		v, _ := attr(n, name)
		all = append(all, v)
	}
	return all
}

func (p *Page) all(selector string) []*html.Node {
	parts := strings.Fields(selector)
	var out []*html.Node
	walk(p.doc, func(n *html.Node) {
		if fits(n, parts[len(parts)-1]) && within(n.Parent, parts[:len(parts)-1]) {
			out = append(out, n)
		}
	})
	return out
}

func within(n *html.Node, parts []string) bool {
	if len(parts) == 0 {
		return true
	}
	for ; n != nil; n = n.Parent {
		if fits(n, parts[len(parts)-1]) && within(n.Parent, parts[:len(parts)-1]) {
			return true
		}
	}
	return false
}

var piece = regexp.MustCompile(`^([a-z][a-z0-9-]*|[#.][\w-]+|\[[\w:-]+(?:\^?=[^\]]*)?\])`)

func fits(n *html.Node, compound string) bool {
	if n.Type != html.ElementNode {
		return false
	}
	for compound != "" {
		m := piece.FindString(compound)
		if m == "" {
			panic("webtest: a selector that is not understood: " + compound)
		}
		if !fitsPiece(n, m) {
			return false
		}
		compound = compound[len(m):]
	}
	return true
}

func fitsPiece(n *html.Node, m string) bool {
	switch m[0] {
	case '#':
		v, _ := attr(n, "id")
		return v == m[1:]
	case '.':
		v, _ := attr(n, "class")
		return strings.Contains(" "+strings.Join(strings.Fields(v), " ")+" ", " "+m[1:]+" ")
	case '[':
		name, want, valued := strings.Cut(m[1:len(m)-1], "=")
		want = strings.Trim(want, `"`)
		start := strings.HasSuffix(name, "^")
		v, ok := attr(n, strings.TrimSuffix(name, "^"))
		return ok && (!valued || start && strings.HasPrefix(v, want) || v == want)
	}
	return n.Data == m
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

func walk(n *html.Node, do func(*html.Node)) {
	do(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, do)
	}
}
