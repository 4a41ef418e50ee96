package text

import (
	"strconv"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// FromHTML reads the HTML of a mail as plain text and parts it as SplitReply does, helped by the marks that mail
// programs leave around quotes. Links keep their address when their text does not show it, lists get dashes,
// cells of a table row stand on one line. Scripts, styles, pictures and hidden text are left out; more
// than 20,000 nodes are not read, and the text then ends with "[…]".
func FromHTML(src string) (reply, quoted string) {
	lines := readHTML(src)
	from, to := ownRange(lines)
	if from >= to {
		return Plain(joinLines(lines)), ""
	}
	return Plain(joinLines(lines[from:to])), Plain(joinLines(lines[:from], lines[to:]))
}

// FromPost reads the HTML of a post on a social network as plain text: as FromHTML does, but nothing of it is a
// quote or a signature.
func FromPost(src string) string { return Plain(joinLines(readHTML(src))) }

func readHTML(src string) []line {
	c := htmlText{}
	body, whole := parseHTML(src)
	c.walk(body, 0)
	c.endLine()
	if !whole || c.nodes > maxNodes {
		c.word("[…]")
		c.endLine()
	}
	return c.lines
}

// htmlText collects the lines of a document while it walks over it.
type htmlText struct {
	lines []line
	cur   strings.Builder // the line being written
	nodes int

	space bool // white space came before what comes next
	cell  bool // the next words are in another cell of the row
	gap   bool // a blank line comes before the next line
	cut   bool // the next line starts the quoted mail

	quote, aside, pre, row int   // how many elements of that kind are open
	lists                  []int // open lists: the number of the last item, or -1 for dashes
	bullet                 string
	link                   *strings.Builder // the text of the open link
}

func (c *htmlText) walk(n *html.Node, depth int) {
	if c.nodes++; c.nodes > maxNodes {
		return
	}
	switch {
	case n.Type == html.TextNode:
		c.text(n.Data)
		return
	case n.Type != html.ElementNode || skipped(n):
		return
	}
	if depth > maxDepth {
		c.space = true
		c.children(n, depth)
		return
	}
	undo := c.open(n)
	c.children(n, depth)
	undo()
}

func (c *htmlText) children(n *html.Node, depth int) {
	for child := n.FirstChild; child != nil && c.nodes <= maxNodes; child = child.NextSibling {
		c.walk(child, depth+1)
	}
}

// open prepares for the children of n, and returns what to do after them.
func (c *htmlText) open(n *html.Node) func() {
	switch htmlRole(n) {
	case roleCut:
		c.endLine()
		c.cut = true
	case roleQuote:
		return c.inside(&c.quote)
	case roleAside:
		return c.inside(&c.aside)
	case roleLead:
		c.endLine()
		return c.lead(n)
	}
	switch n.DataAtom {
	case atom.Br:
		c.lineBreak()
	case atom.Hr:
		c.endLine()
		c.word("-----")
		c.endLine()
	case atom.Img:
		if words := pictureText(attrOf(n, "alt")); words != "" {
			c.word(words)
		}
	case atom.A:
		if !namesItself(n) {
			return c.openLink(attrOf(n, "href"))
		}
	case atom.Ul, atom.Ol:
		return c.openList(n.DataAtom)
	case atom.Li:
		return c.openItem()
	case atom.Tr:
		return c.openRow(n)
	case atom.Td, atom.Th:
		c.cell, c.space = c.cur.Len() > 0, true
	case atom.Pre:
		c.endLine()
		c.gap = true
		c.pre++
		return func() { c.endLine(); c.pre--; c.gap = true }
	default:
		if isBlock(n.DataAtom) {
			return c.openBlock(n)
		}
	}
	return func() {}
}

// inside counts an element that changes what its lines are.
func (c *htmlText) inside(counter *int) func() {
	c.endLine()
	*counter++
	return func() { c.endLine(); *counter-- }
}

// lead reads what stands above the blockquote in n as its attribution.
func (c *htmlText) lead(n *html.Node) func() {
	for child := n.FirstChild; child != nil && child.DataAtom != atom.Blockquote; child = n.FirstChild {
		if child.DataAtom == atom.Div && hasBlockquote(child) {
			break
		}
		n.RemoveChild(child)
		c.aside++
		c.walk(child, 1)
		c.aside-- // the line ends below, still aside
	}
	c.aside++
	c.endLine()
	c.aside--
	return c.endLine
}

func (c *htmlText) openBlock(n *html.Node) func() {
	if c.row > 0 { // a block in a cell of a row that is written on one line
		c.space = true
		return func() { c.space = true }
	}
	c.endLine()
	// Word writes every line as a paragraph without a margin.
	apart := len(c.lists) == 0 && (isHeading(n.DataAtom) || n.DataAtom == atom.P && !strings.HasPrefix(attrOf(n, "class"), "Mso") || n.DataAtom == atom.Table)
	c.gap = c.gap || apart
	return func() { c.endLine(); c.gap = c.gap || apart }
}

// namesItself reports the links of social networks whose text says all: "@maude", "#musique".
func namesItself(n *html.Node) bool {
	for class := range strings.FieldsSeq(attrOf(n, "class")) {
		if class == "mention" || class == "hashtag" {
			return true
		}
	}
	return false
}

func (c *htmlText) openLink(href string) func() {
	href, target, ok := safeLink(href)
	if !ok || c.link != nil {
		return func() {}
	}
	c.link = new(strings.Builder)
	return func() {
		text := c.link.String()
		c.link = nil
		if strings.TrimSpace(text) == "" || showsTarget(text, target) {
			return
		}
		c.space = true
		c.word("(" + strings.TrimPrefix(href, "mailto:") + ")")
	}
}

func (c *htmlText) openList(kind atom.Atom) func() {
	c.endLine()
	if len(c.lists) == 0 {
		c.gap = true
	}
	first := -1
	if kind == atom.Ol {
		first = 0
	}
	c.lists = append(c.lists, first)
	return func() {
		c.endLine()
		c.lists = c.lists[:len(c.lists)-1]
		c.gap = c.gap || len(c.lists) == 0
	}
}

func (c *htmlText) openItem() func() {
	c.endLine()
	c.bullet = "- "
	if last := len(c.lists) - 1; last >= 0 {
		if c.lists[last] >= 0 {
			c.lists[last]++
			c.bullet = strconv.Itoa(c.lists[last]) + ". "
		}
		c.bullet = strings.Repeat("  ", min(last, 8)) + c.bullet
	}
	return func() { c.endLine(); c.bullet = "" }
}

func (c *htmlText) openRow(n *html.Node) func() {
	c.endLine()
	if !isDataRow(n) {
		return c.endLine
	}
	c.row++
	return func() { c.row--; c.endLine() }
}
