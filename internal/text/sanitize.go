package text

import (
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// SanitizeVersion numbers the rules of Sanitize. Store it beside what was sanitised, and sanitise the
// original again when the number has grown.
const SanitizeVersion = 1

// Safe is HTML that can be put into a page as it is: p, br, a, strong, em, code, pre, blockquote, ul, ol, li
// and hr, with no attribute but the href and rel of links. Only Sanitize makes one, so a Safe read from
// the database is Sanitize of what was stored. The zero Safe is empty.
type Safe struct{ markup string }

// HTML returns the markup. A browser that parses it and writes it out again gets the same bytes.
func (s Safe) HTML() string { return s.markup }

// Sanitize rebuilds HTML from others out of the few elements of Safe. Nothing of the source is copied but its
// text and the addresses of safe links (http, https, mailto), which get rel="nofollow noopener noreferrer
// ugc" and, where their text does not show it, the name of where they lead. Pictures are left out.
// Sanitize of its own result changes nothing.
func Sanitize(src string) Safe {
	body, _ := parseHTML(src)
	r := rebuild{}
	r.walk(body, 0)
	r.closeTo(0)
	return Safe{r.out.String()}
}

// walk reads n and what is in it.
func (r *rebuild) walk(n *html.Node, depth int) {
	if r.read++; r.read > maxNodes || r.made > maxMade {
		return
	}
	switch {
	case n.Type == html.TextNode:
		r.text(n.Data)
		return
	case n.Type != html.ElementNode || skipped(n):
		return
	}
	undo := func() {}
	if depth <= maxDepth {
		undo = r.enter(n)
	}
	for c := n.FirstChild; c != nil && r.read <= maxNodes; c = c.NextSibling {
		r.walk(c, depth+1)
	}
	undo()
}

// enter changes what the text inside n shall become, and returns what changes it back.
func (r *rebuild) enter(n *html.Node) func() {
	marks := r.marks
	back := func() { r.marks = marks }
	switch n.DataAtom {
	case atom.Br:
		r.lineBreak()
	case atom.Hr:
		r.rule()
	case atom.Img:
		r.text(pictureText(attrOf(n, "alt")))
	case atom.Td:
		r.text(" ")
	case atom.B, atom.Strong:
		r.marks.strong = true
	case atom.I, atom.Em, atom.Cite:
		r.marks.em = true
	case atom.Code, atom.Tt, atom.Kbd, atom.Samp:
		r.marks.code = true
	case atom.A:
		if href, target, ok := safeLink(attrOf(n, "href")); ok && r.marks.link == nil {
			r.marks.link = &link{href: href, target: target}
		}
	case atom.Th:
		r.text(" ")
		r.marks.strong = true
	case atom.Blockquote, atom.Pre, atom.Ul, atom.Ol, atom.Li:
		return r.container(n.DataAtom)
	default:
		if !isBlock(n.DataAtom) {
			break
		}
		r.marks.strong = r.marks.strong || isHeading(n.DataAtom)
		r.nextPara()
		return func() { r.nextPara(); back() }
	}
	return back
}

// container makes the text inside a quote, list, item or pre go into one. Inside pre, beyond maxPath, and
// for items without a list it is only a paragraph.
func (r *rebuild) container(kind atom.Atom) func() {
	r.nextPara()
	was := r.want
	back := func() { r.nextPara(); r.want = was }
	inList := len(was) > 0 && was[len(was)-1].isList()
	switch {
	case r.inPre(), kind == atom.Li && !inList:
		return back
	case inList && kind != atom.Li: // what stands between items gets an item of its own
		if len(was)+2 > maxPath {
			return back
		}
		r.push(atom.Li)
	case len(was)+1 > maxPath:
		return back
	}
	r.push(kind)
	return back
}

func (r *rebuild) push(kind atom.Atom) {
	r.want = append(r.want[:len(r.want):len(r.want)], box{kind: kind, id: r.nextID()})
}
