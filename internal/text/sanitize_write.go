package text

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

const (
	maxPath = 40     // containers in one another
	maxMade = 19_000 // nodes written, so that the result is below maxNodes when it is read again
)

// rebuild writes Safe markup. The reader of the source says in want and marks what the next text is to be
// inside of; only when there is text are elements closed and opened for it. So nothing empty is ever
// written, elements are always well nested, and marks always stand in the same order, which together make
// a second pass change nothing.
type rebuild struct {
	out        strings.Builder
	read, made int

	want  []box // the containers around what is read now
	marks marks
	para  int // the paragraph that is read now
	ids   int

	open      []box // the elements that are open in out, paragraphs included
	openMarks []mark
	linkText  strings.Builder // of the open link
	pending   string          // white space or breaks before what comes next
	clean     cleaner
	afterTag  bool
}

// box is a container. Boxes with one id are one element.
type box struct {
	kind  atom.Atom
	id    int
	first int // the paragraph that a list item opened with: it needs no p
}

func (b box) isList() bool { return b.kind == atom.Ul || b.kind == atom.Ol }

// marks are what is inside a paragraph.
type marks struct {
	link             *link
	strong, em, code bool
}

type link struct{ href, target string }

// mark is one of marks, as it is open in out.
type mark struct {
	kind atom.Atom
	link *link
}

// list returns the marks in the order in which they are always nested.
func (m marks) list() []mark {
	var l []mark
	if m.link != nil {
		l = append(l, mark{atom.A, m.link})
	}
	if m.strong {
		l = append(l, mark{kind: atom.Strong})
	}
	if m.em {
		l = append(l, mark{kind: atom.Em})
	}
	if m.code {
		l = append(l, mark{kind: atom.Code})
	}
	return l
}

func (r *rebuild) nextID() int { r.ids++; return r.ids }
func (r *rebuild) nextPara()   { r.para = r.nextID() }
func (r *rebuild) inPre() bool { return len(r.want) > 0 && r.want[len(r.want)-1].kind == atom.Pre }

var lineEnds = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n")

// text writes a text node: word by word, or line by line inside pre.
func (r *rebuild) text(s string) {
	s = lineEnds.Replace(s)
	spaces := " \t\n\f"
	if r.inPre() {
		spaces = "\n"
	}
	for s != "" {
		end := strings.IndexAny(s, spaces)
		switch {
		case end == 0 && r.inPre():
			r.newline()
		case end == 0:
			if r.pending == "" {
				r.pending = " "
			}
		case end < 0:
			r.word(s)
			return
		default:
			r.word(s[:end])
			s = s[end:]
			continue
		}
		s = s[1:]
	}
}

// newline asks for a line end inside pre; three in a row are enough.
func (r *rebuild) newline() {
	if len(r.pending) < 3 {
		r.pending += "\n"
	}
}

func (r *rebuild) lineBreak() {
	switch {
	case r.inPre():
		r.newline()
	case r.pending == "<br/>":
		r.pending = "<br/><br/>"
	case r.pending == "" || r.pending == " ":
		r.pending = "<br/>"
	}
}

// word writes w where want and marks say.
func (r *rebuild) word(w string) {
	w = strings.Map(r.clean.keep, w)
	if w == "" {
		return
	}
	r.place(r.path(true))
	want := r.marks.list()
	same := 0
	for same < len(want) && same < len(r.openMarks) && want[same] == r.openMarks[same] {
		same++
	}
	r.closeMarks(same)
	r.writePending()
	for _, m := range want[same:] {
		if m.kind == atom.A {
			r.linkText.Reset()
			r.tag(`<a href="` + html.EscapeString(m.link.href) + `" rel="nofollow noopener noreferrer ugc">`)
		} else {
			r.tag("<" + m.kind.String() + ">")
		}
	}
	r.openMarks = append(r.openMarks, want[same:]...)
	r.write(w)
}

// rule writes a line across.
func (r *rebuild) rule() {
	if r.inPre() {
		return
	}
	r.nextPara()
	r.place(r.path(false))
	r.closeMarks(0)
	r.pending = ""
	r.tag("<hr/>")
	r.nextPara()
}

// path returns the elements that the next text (or rule) must be inside of.
func (r *rebuild) path(text bool) []box {
	path := r.want[:len(r.want):len(r.want)]
	if len(path) > 0 && path[len(path)-1].isList() {
		path = append(path, box{kind: atom.Li, id: r.para})
	}
	if !text {
		return path
	}
	p := box{kind: atom.P, id: r.para}
	if len(path) == 0 {
		return []box{p}
	}
	last := len(path) - 1
	switch path[last].kind {
	case atom.Pre:
	case atom.Li:
		if last < len(r.open) && r.open[last].id == path[last].id && r.open[last].first != r.para {
			path = append(path, p)
		}
	default:
		path = append(path, p)
	}
	return path
}

// place closes and opens elements until exactly path is open.
func (r *rebuild) place(path []box) {
	same := 0
	for same < len(path) && same < len(r.open) && path[same].id == r.open[same].id && path[same].kind == r.open[same].kind {
		same++
	}
	if same == len(path) && same == len(r.open) {
		return
	}
	r.closeTo(same)
	for _, b := range path[same:] {
		b.first = r.para
		r.open = append(r.open, b)
		r.tag("<" + b.kind.String() + ">")
	}
}

func (r *rebuild) closeTo(n int) {
	r.closeMarks(0)
	for len(r.open) > n {
		r.out.WriteString("</" + r.open[len(r.open)-1].kind.String() + ">")
		r.open = r.open[:len(r.open)-1]
	}
	r.pending, r.afterTag = "", true
}

// closeMarks closes the inner marks until n are open. A link whose text does not show where it leads says so.
func (r *rebuild) closeMarks(n int) {
	for len(r.openMarks) > n {
		m := r.openMarks[len(r.openMarks)-1]
		if m.kind == atom.A {
			text, told := r.linkText.String(), "("+m.link.target+")"
			if !showsTarget(text, m.link.target) && !strings.HasSuffix(text, told) {
				r.write(" " + told)
			}
		}
		r.out.WriteString("</" + m.kind.String() + ">")
		r.afterTag = true
		r.openMarks = r.openMarks[:len(r.openMarks)-1]
	}
}

func (r *rebuild) writePending() {
	switch r.pending {
	case "":
	case "<br/>", "<br/><br/>":
		for range len(r.pending) / len("<br/>") {
			r.tag("<br/>")
		}
		r.linkTo(" ")
	default:
		r.write(r.pending)
	}
	r.pending = ""
}

func (r *rebuild) tag(markup string) {
	r.out.WriteString(markup)
	r.made++
	r.afterTag = true
}

func (r *rebuild) write(text string) {
	if r.afterTag {
		r.made++
	}
	r.afterTag = false
	r.linkTo(text)
	r.out.WriteString(html.EscapeString(text))
}

// linkTo remembers text of the open link.
func (r *rebuild) linkTo(text string) {
	if len(r.openMarks) > 0 && r.openMarks[0].kind == atom.A {
		r.linkText.WriteString(text)
	}
}
