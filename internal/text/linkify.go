package text

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// SpanKind says what a Span is.
type SpanKind int

const (
	SpanText  SpanKind = iota // text as it is
	SpanLink                  // a link to a page
	SpanEmail                 // an e-mail address
)

// Span is a piece of a text. Its Text is shown; its URL is where it leads, always http, https or mailto,
// and empty for SpanText.
type Span struct {
	Kind SpanKind
	Text string
	URL  string
}

// Linkify parts plain text into what is text, what is a link (http://, https:// or www.) and what is an
// address. The texts of the spans in their order are the whole of plain. Punctuation at the end of a link is
// not part of it, unless it closes a bracket that the link opened.
func Linkify(plain string) []Span {
	var spans []Span
	done := 0 // what is before is in spans
	add := func(from, to int, kind SpanKind, href string) {
		if from > done {
			spans = append(spans, Span{Text: plain[done:from]})
		}
		if to > from {
			spans = append(spans, Span{Kind: kind, Text: plain[from:to], URL: href})
		}
		done = to
	}
	for at := 0; at < len(plain); {
		switch c := plain[at]; {
		case (c == 'h' || c == 'H' || c == 'w' || c == 'W') && at >= done && startsWord(plain[done:at]):
			if end, href := linkAt(plain[at:]); href != "" {
				add(at, at+end, SpanLink, href)
				at += end
				continue
			} else if end > 0 {
				at += end
				continue
			}
		case c == '@':
			if from, to := addressAround(plain, done, at); to > 0 {
				add(from, to, SpanEmail, "mailto:"+plain[from:to])
				at = to
				continue
			}
		}
		at++
	}
	add(len(plain), len(plain), SpanText, "")
	return spans
}

// startsWord reports whether a word may start after before.
func startsWord(before string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	return before == "" || !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '_' && r != '@' && r != '/' && r != '.' && r != '-'
}

// linkAt reads the link at the start of s. end is how many bytes were read; href is "" when it is none.
func linkAt(s string) (end int, href string) {
	prefix := ""
	switch {
	case len(s) > 8 && strings.EqualFold(s[:8], "https://"), len(s) > 7 && strings.EqualFold(s[:7], "http://"):
	case len(s) > 4 && strings.EqualFold(s[:4], "www."):
		prefix = "https://"
	default:
		return 0, ""
	}
	end = strings.IndexFunc(s, endsLink)
	if end < 0 {
		end = len(s)
	}
	if end > maxURL {
		return end, ""
	}
	end = trimLink(s[:end])
	href, host, ok := safeLink(prefix + s[:end])
	if !ok || prefix != "" && strings.Count(host, ".") < 2 {
		return end, ""
	}
	return end, href
}

// endsLink reports what can stand in no link that people type: white space, quotes, angle brackets,
// punctuation of scripts that put no space after it.
func endsLink(r rune) bool {
	return unicode.IsSpace(r) || r < ' ' || strings.ContainsRune("<>\"«»“”„、。，）】」』`", r) || isBidiControl(r)
}

// trimLink returns the length of s without the punctuation that belongs to the sentence around it.
func trimLink(s string) int {
	opens := [3]int{strings.Count(s, "("), strings.Count(s, "["), strings.Count(s, "{")}
	closes := [3]int{strings.Count(s, ")"), strings.Count(s, "]"), strings.Count(s, "}")}
	for s != "" {
		r, n := utf8.DecodeLastRuneInString(s)
		if pair := strings.IndexRune(")]}", r); pair >= 0 {
			if closes[pair] <= opens[pair] {
				break
			}
			closes[pair]--
		} else if !strings.ContainsRune(".,;:!?'’*_~…|", r) {
			break
		}
		s = s[:len(s)-n]
	}
	return len(s)
}

// addressAround returns where the e-mail address around the @ at lies in s, reading nothing before least;
// to is 0 when there is none. A handle of another network (@edgar@host) is no address.
func addressAround(s string, least, at int) (from, to int) {
	from = at
	for from > least && isLocalByte(rune(s[from-1])) && at-from < 64 {
		from--
	}
	for from < at && strings.IndexByte("._-'!$*=~+", s[from]) >= 0 {
		from++
	}
	before, _ := utf8.DecodeLastRuneInString(s[least:from])
	if from == at || from > least && (before == '@' || unicode.IsLetter(before) || unicode.IsDigit(before)) {
		return 0, 0
	}
	to = at + 1
	for to < len(s) && to-at < 254 && (s[to] == '-' || s[to] == '.' || s[to] >= '0' && s[to] <= '9' || s[to]|0x20 >= 'a' && s[to]|0x20 <= 'z') {
		to++
	}
	for to > at+1 && (s[to-1] == '.' || s[to-1] == '-') {
		to--
	}
	top := s[strings.LastIndexByte(s[:to], '.')+1 : to]
	next, _ := utf8.DecodeRuneInString(s[to:])
	if len(top) < 2 || strings.ContainsAny(top, "0123456789@-") || next == '@' || unicode.IsLetter(next) || !isAddress(s[from:to]) {
		return 0, 0
	}
	return from, to
}
