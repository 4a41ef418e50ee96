package text

import "strings"

// markQuotes marks the attributions of quotes in lines, and returns where the person's part ends because all
// that follows is a quoted mail without quote marks.
func markQuotes(lines []line) int {
	for i := 0; i < len(lines); i++ {
		l := &lines[i]
		if l.depth > 0 || l.void || l.aside {
			continue
		}
		if l.cut || isOriginal(l.key) || isHeadBlock(lines[i:]) {
			return cutAbove(lines, i)
		}
		n, sure := attribution(lines[i:])
		if n == 0 {
			if next := nextVisible(lines, i+1); next < len(lines) && next <= i+2 && lines[next].depth > 0 && leadsQuote(l.key) {
				l.aside = true
			}
			continue
		}
		if next := nextVisible(lines, i+n); next < len(lines) && lines[next].depth == 0 {
			if sure {
				return cutAbove(lines, i) // the quote follows bare
			}
			continue
		}
		for k := i; k < i+n; k++ {
			lines[k].aside = true
		}
		i += n - 1
	}
	return len(lines)
}

// cutAbove moves a cut up over the rule that a mail program drew above the quote.
func cutAbove(lines []line, i int) int {
	above := i - 1
	for above >= 0 && lines[above].blank() {
		above--
	}
	if above >= 0 && lines[above].depth == 0 && isRule(lines[above].key, 5) {
		return above
	}
	return i
}

// nextVisible returns the first line from i on that is not blank.
func nextVisible(lines []line, i int) int {
	for i < len(lines) && lines[i].blank() {
		i++
	}
	return i
}

const (
	maxSignature = 20 // lines below a signature mark that are still believed to be a signature
	maxContacts  = 8  // lines of a signature that has no mark
)

// signatureStart returns where the signature that ends lines starts, or len(lines) when there is none. The last
// line is not blank.
func signatureStart(lines []line) int {
	end := len(lines)
	visible := 0
	for i := end - 1; i >= 0 && visible <= maxSignature; i-- {
		l := &lines[i]
		if l.blank() {
			continue
		}
		if l.quote() {
			break
		}
		if isSignatureMark(l, visible) || isListFooter(lines[i:]) || isRule(l.key, 5) && visible > 0 && contacts(lines[i+1:]) >= 2 {
			return i
		}
		visible++
	}
	if start := signedOff(lines); start > 0 {
		return start
	}
	return end
}

// isSignatureMark reports "-- " in its common spellings. Without its space it must be close to the end.
func isSignatureMark(l *line, below int) bool {
	return l.raw == "-- " || below <= 12 && (l.key == "--" || l.key == "-" && strings.HasPrefix(strings.TrimSpace(l.raw), "—"))
}

// isListFooter reports the footer that mailing lists add: a rule, the list's name and its address.
func isListFooter(lines []line) bool {
	if !isRule(lines[0].key, 20) {
		return false
	}
	for i := 1; i < len(lines) && i < 6; i++ {
		if strings.Contains(lines[i].key, "mailing list") || strings.Contains(lines[i].key, "liste de diffusion") {
			return true
		}
	}
	return false
}

// signedOff returns where a signature without a mark starts in lines, 0 when there is none: a last paragraph that
// opens with "-Name", or one of short lines of which two or more are nothing but an address, a link or
// a phone number. The paragraph above must not announce it ("my details:"), for then it is the message.
func signedOff(lines []line) int {
	end := len(lines)
	start := end
	for start > 0 && !lines[start-1].blank() {
		start--
	}
	if start == 0 || end-start > maxContacts {
		return 0
	}
	for i := start; i < end; i++ {
		if lines[i].quote() || len(lines[i].raw) > 70 {
			return 0
		}
	}
	above := start
	for above > 0 && lines[above-1].blank() {
		above--
	}
	if above == 0 || strings.HasSuffix(lines[above-1].key, ":") || strings.Contains(lines[start].key, ":") {
		return 0
	}
	if contacts(lines[start:]) >= 2 && contacts(lines[start:start+1]) == 0 || end-start <= 3 && isDashName(lines[start].raw) {
		return start
	}
	return 0
}

// isDashName reports "-Abhishek Kona": a dash and, without a space, one to four capitalised words.
func isDashName(raw string) bool {
	name, ok := strings.CutPrefix(strings.TrimSpace(raw), "-")
	if !ok {
		name, ok = strings.CutPrefix(strings.TrimSpace(raw), "—")
	}
	words := strings.Fields(name)
	if !ok || len(words) == 0 || len(words) > 4 || strings.HasPrefix(name, " ") {
		return false
	}
	for _, w := range words {
		if !startsUpper(w) || strings.ContainsAny(w, ":;!?0123456789") {
			return false
		}
	}
	return true
}

// contacts counts the lines that are nothing but an address, a link or a telephone number.
func contacts(lines []line) int {
	n := 0
	for i := range lines {
		if isContact(lines[i].key) {
			n++
		}
	}
	return n
}
