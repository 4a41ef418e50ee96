package text

import "strings"

// replyMarks are the words that mail programs put before a subject when they answer or forward, folded.
var replyMarks = map[string]bool{
	"re": true, "ref": true, "tr": true, "rep": true, "fwd": true, "fw": true, "i": true, // en, fr, it
	"aw": true, "wg": true, "sv": true, "vs": true, "vb": true, "antw": true, "doorst": true, // de, sv, nl
	"rv": true, "res": true, "enc": true, "rif": true, "odp": true, "pd": true, // es, pt, it, pl
}

const (
	maxHeader  = 8 << 10 // bytes of a subject that are read
	maxSubject = 500     // characters of it that count
)

// Subject returns the subject of a mail as threads compare it: folded, on one line, without the marks of
// answers, forwards and lists (Re: RE : Réf: TR: Re[2]: [list]) however often they stand before it.
// It is empty when nothing else is left, and then says nothing about a thread.
func Subject(s string) string {
	if len(s) > maxHeader {
		s = s[:maxHeader]
	}
	s = Line(Fold(Line(s)))
	for {
		rest := stripList(stripMark(s))
		if rest == s {
			break
		}
		s = rest
	}
	if Runes(s) > maxSubject {
		s = Line(string([]rune(s)[:maxSubject]))
	}
	return s
}

// stripMark removes one "re:", "re :", "re[2]:" or "re (3):" from the start of s.
func stripMark(s string) string {
	n := 0
	for n < len(s) && s[n] >= 'a' && s[n] <= 'z' {
		n++
	}
	if !replyMarks[s[:n]] {
		return s
	}
	rest := strings.TrimLeft(s[n:], " ")
	if rest != "" && strings.ContainsRune("[(^", rune(rest[0])) {
		rest = strings.TrimLeft(strings.TrimLeft(rest, "[(^ 0123456789"), "]) ")
	}
	if !strings.HasPrefix(rest, ":") {
		return s
	}
	return strings.TrimLeft(rest[1:], " ")
}

// stripList removes one "[list]" from the start of s.
func stripList(s string) string {
	if !strings.HasPrefix(s, "[") {
		return s
	}
	if end := strings.IndexByte(s, ']'); end > 0 {
		return strings.TrimLeft(s[end+1:], " ")
	}
	return s
}
