package text

import (
	"strings"
	"unicode"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// text writes a text node: as it is inside pre, else word by word with white space folded.
func (c *htmlText) text(s string) {
	if c.pre > 0 {
		for i, part := range strings.Split(strings.ReplaceAll(s, "\r\n", "\n"), "\n") {
			if i > 0 {
				c.lineBreak()
			}
			if part != "" {
				c.word(part)
			}
		}
		return
	}
	for s != "" {
		end := strings.IndexAny(s, " \t\n\r\f")
		if end == 0 {
			c.space, s = true, s[1:]
			continue
		}
		if end < 0 {
			end = len(s)
		}
		c.word(s[:end])
		s = s[end:]
	}
}

// word writes w on the current line, after what has to stand between.
func (c *htmlText) word(w string) {
	switch {
	case c.cur.Len() == 0:
		c.cur.WriteString(c.bullet)
		c.bullet = ""
	case c.cell:
		c.cur.WriteString(" | ")
	case c.space:
		c.cur.WriteByte(' ')
	}
	if c.link != nil {
		if c.space && c.link.Len() > 0 {
			c.link.WriteByte(' ')
		}
		c.link.WriteString(w)
	}
	c.space, c.cell = false, false
	c.cur.WriteString(w)
}

// lineBreak ends the line; on an empty one it makes a blank line.
func (c *htmlText) lineBreak() {
	if c.row > 0 {
		c.space = true
		return
	}
	if c.cur.Len() == 0 {
		c.gap = true
	}
	c.endLine()
}

// endLine finishes the current line, if anything was written on it.
func (c *htmlText) endLine() {
	c.space, c.cell = false, false
	if c.cur.Len() == 0 || c.row > 0 {
		return
	}
	content := strings.TrimRightFunc(c.cur.String(), unicode.IsSpace)
	c.cur.Reset()
	marks := strings.Repeat("> ", min(c.quote, 10))
	l := parseLine(strings.TrimRight(marks+content, " "))
	if strings.TrimFunc(content, isInvisible) == "" { // a no-break space is how editors write a blank line
		c.gap = true
		return
	}
	if c.gap && len(c.lines) > 0 {
		c.lines = append(c.lines, parseLine(strings.TrimSpace(strings.Repeat("> ", min(c.quote, c.lines[len(c.lines)-1].depth, 10)))))
	}
	l.aside, l.cut = c.aside > 0, c.cut
	c.gap, c.cut = false, false
	c.lines = append(c.lines, l)
}

// pictureText returns the words that stand for a picture, none when they are useless. Pictures that stand for
// an emoji become that.
func pictureText(alt string) string {
	alt = Line(alt)
	if alt == "" || len(alt) > 100 {
		return ""
	}
	if strings.ContainsFunc(alt, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) {
		return "[" + alt + "]"
	}
	return alt
}

// isDataRow reports a table row of two or more short cells, as opposed to one that only lays out a page.
func isDataRow(tr *html.Node) bool {
	cells := 0
	for td := range tr.ChildNodes() {
		if td.DataAtom != atom.Td && td.DataAtom != atom.Th {
			continue
		}
		cells++
		size := 0
		for n := range td.Descendants() {
			switch n.DataAtom {
			case atom.Table, atom.Ul, atom.Ol, atom.Blockquote, atom.Hr, atom.Pre:
				return false
			}
			if n.Type == html.TextNode {
				size += len(strings.TrimSpace(n.Data))
			}
			if size > 120 {
				return false
			}
		}
	}
	return cells >= 2
}
