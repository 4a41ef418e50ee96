package text

import (
	"strings"
	"unicode"
)

// maxKey is how many bytes of a line are looked at to recognise it. No mark of a mail program is longer.
const maxKey = 400

// line is one line of a mail and what was found out about it.
type line struct {
	raw   string
	key   string // the beginning, folded, spaces made single, without emphasis; "" for a blank or quoted line
	depth int    // quote marks before it
	aside bool   // not the person's words: an attribution, or a signature that a program marked
	cut   bool   // a quoted mail without quote marks starts here
	void  bool   // nothing but white space, after the quote marks too
}

func (l *line) blank() bool { return l.void && l.depth == 0 }
func (l *line) quote() bool { return l.depth > 0 || l.aside }

func parseLines(s string) []line {
	lines := make([]line, 0, min(strings.Count(s, "\n")+1, 1<<16))
	blanks := 0
	for raw := range strings.SplitSeq(s, "\n") {
		l := parseLine(raw)
		if blanks++; !l.blank() {
			blanks = 0
		}
		if blanks <= 2 { // more say nothing more, and a mail of a million line ends should cost little
			lines = append(lines, l)
		}
	}
	return lines
}

func parseLine(raw string) line {
	depth, rest := quoteDepth(raw)
	l := line{raw: raw, depth: depth, void: strings.TrimFunc(rest, isInvisible) == ""}
	if l.depth == 0 && !l.void {
		l.key = lineKey(rest)
	}
	return l
}

// lineKey folds the beginning of a line for comparing. Emphasis (*From:*) is a mail program's doing.
func lineKey(s string) string {
	if len(s) > maxKey {
		s = s[:maxKey]
	}
	s = strings.TrimSpace(Fold(s))
	if !strings.ContainsAny(s, "*\t\v\f") && !strings.Contains(s, "  ") { // nearly every line
		return s
	}
	return strings.Join(strings.Fields(strings.ReplaceAll(s, "*", "")), " ")
}

// quoteDepth counts the quote marks at the start of a line (">", "> >", ">>", one space before at most).
func quoteDepth(s string) (depth int, rest string) {
	rest = strings.TrimPrefix(s, " ")
	if isEmoticon(rest) {
		return 0, s
	}
	for strings.HasPrefix(rest, ">") {
		depth++
		rest = strings.TrimPrefix(rest[1:], " ")
	}
	if depth == 0 {
		return 0, s
	}
	return depth, rest
}

// isEmoticon reports a line that starts with a face and not with a quote mark.
func isEmoticon(s string) bool {
	for _, face := range [...]string{">_<", ">.<", ">:(", ">:)", ">:D", ">:|", ">;)", ">:-", ">:/", "><"} {
		if strings.HasPrefix(s, face) {
			return true
		}
	}
	return false
}

func isInvisible(r rune) bool { return unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) }
