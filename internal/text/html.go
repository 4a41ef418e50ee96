package text

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxDepth  = 100    // of elements in HTML; what lies deeper is read as bare text
	maxNodes  = 20_000 // of HTML; what follows is not read
	maxTokens = 3 * maxNodes
)

// parseHTML returns the body of src, and whether that is all of it. Markup that the parser refuses, such as 513 elements in one another,
// is read as the text between its tags.
func parseHTML(src string) (body *html.Node, whole bool) {
	full := len(src)
	src = boundHTML(src)
	whole = len(src) == full
	src = strings.ToValidUTF8(src, "\ufffd")
	doc, err := html.ParseWithOptions(strings.NewReader(src), html.ParseOptionEnableScripting(false))
	if err != nil {
		return bareText(src), whole
	}
	for n := range doc.Descendants() {
		if n.DataAtom == atom.Body && n.Namespace == "" {
			return n, whole
		}
	}
	return &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}, whole // a frameset
}

// boundHTML cuts src after the last token that could matter, so that no input makes the parser work for long.
func boundHTML(src string) string {
	z := html.NewTokenizer(strings.NewReader(src))
	length := 0
	for range maxTokens {
		if z.Next() == html.ErrorToken {
			return src
		}
		length += len(z.Raw())
	}
	return src[:min(length, len(src))]
}

// bareText returns a body that holds the text of src and nothing of its markup.
func bareText(src string) *html.Node {
	body := &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body}
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(src))
	hidden := ""
	for {
		switch z.Next() {
		case html.ErrorToken:
			body.AppendChild(&html.Node{Type: html.TextNode, Data: b.String()})
			return body
		case html.StartTagToken:
			b.WriteByte(' ')
			if name, _ := z.TagName(); hidden == "" && dropped(atom.Lookup(name)) {
				hidden = string(name)
			}
		case html.EndTagToken:
			if name, _ := z.TagName(); string(name) == hidden {
				hidden = ""
			}
		case html.TextToken:
			if hidden == "" {
				b.Write(z.Text())
			}
		}
	}
}

// dropped reports elements that vanish with all that is in them: what a browser does not show as text.
func dropped(a atom.Atom) bool {
	switch a {
	case atom.Script, atom.Style, atom.Head, atom.Title, atom.Template, atom.Noscript, atom.Iframe, atom.Noframes, atom.Noembed, atom.Object, atom.Embed, atom.Svg, atom.Math,
		atom.Select, atom.Datalist, atom.Textarea, atom.Audio, atom.Video, atom.Canvas, atom.Applet, atom.Map, atom.Frameset, atom.Link, atom.Meta, atom.Base:
		return true
	}
	return false
}

// skipped reports elements that have nothing for a reader, hidden ones included.
func skipped(n *html.Node) bool {
	if dropped(n.DataAtom) || n.Namespace != "" || n.Data == "xml" {
		return true
	}
	for _, a := range n.Attr {
		switch a.Key {
		case "hidden":
			return true
		case "style":
			style := strings.ToLower(strings.ReplaceAll(a.Val, " ", ""))
			if strings.Contains(style, "display:none") || strings.Contains(style, "mso-hide:all") {
				return true
			}
		}
	}
	return false
}

// isBlock reports elements that begin and end a line.
func isBlock(a atom.Atom) bool {
	switch a {
	case atom.P, atom.Div, atom.Pre, atom.Blockquote, atom.Ul, atom.Ol, atom.Li, atom.Dl, atom.Dt, atom.Dd, atom.Hr, atom.Table, atom.Caption, atom.Thead, atom.Tbody, atom.Tfoot, atom.Tr,
		atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Section, atom.Article, atom.Header, atom.Footer, atom.Main, atom.Nav, atom.Aside, atom.Address,
		atom.Center, atom.Fieldset, atom.Form, atom.Figure, atom.Figcaption, atom.Details, atom.Summary, atom.Dir, atom.Menu, atom.Body:
		return true
	}
	return false
}

func isHeading(a atom.Atom) bool {
	switch a {
	case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
		return true
	}
	return false
}

func attrOf(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key && a.Namespace == "" {
			return a.Val
		}
	}
	return ""
}
