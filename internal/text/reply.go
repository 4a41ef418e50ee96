package text

import "strings"

// SplitReply parts a plain-text mail into what the person wrote now and what only comes along: the quoted
// mail, its attribution ("Le … a écrit :"), the signature and the footer of a phone. Nothing is lost: every
// line that is not blank is, unchanged and in order, in exactly one of the two.
//
// Answers written between the lines of the quoted mail keep those lines. An answer below the whole quote
// stands alone. When nothing of the person's own is found (a forwarded mail), all of it is the reply.
func SplitReply(plain string) (reply, quoted string) {
	lines := parseLines(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(plain))
	from, to := ownRange(lines)
	if from >= to {
		return joinLines(lines), ""
	}
	return joinLines(lines[from:to]), joinLines(lines[:from], lines[to:])
}

// ownRange returns the lines [from, to) that the person wrote, answers between quotes included. It is
// empty when there are none.
func ownRange(lines []line) (from, to int) {
	to = markQuotes(lines)
	to = trimTail(lines[:to])
	for from < to && (lines[from].blank() || lines[from].quote()) {
		from++
	}
	for i := from; i < to; i++ {
		if lines[i].depth > 0 { // the person answers between the lines
			return 0, to
		}
	}
	return from, to
}

// trimTail returns the end of lines without what trails the person's own words: blank lines, quotes with
// their attribution, signatures, footers, in whatever order they come.
func trimTail(lines []line) int {
	end := len(lines)
	for end > 0 {
		l := &lines[end-1]
		switch {
		case l.blank() || l.quote() || isFooter(l):
			end--
		default:
			start := signatureStart(lines[:end])
			if start == end {
				return end
			}
			end = start
		}
	}
	return end
}

func joinLines(parts ...[]line) string {
	var b strings.Builder
	blank, any := 0, false // blank lines are written only between others
	for _, lines := range parts {
		for i := range lines {
			if lines[i].blank() {
				blank++
				continue
			}
			if any {
				b.WriteString(strings.Repeat("\n", min(blank, 2)+1))
			}
			b.WriteString(lines[i].raw)
			blank, any = 0, true
		}
		blank++ // the parts stood apart
	}
	return b.String()
}
