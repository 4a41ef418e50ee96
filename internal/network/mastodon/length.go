package mastodon

import (
	"regexp"
	"strings"

	"comptoir/internal/text"
)

// mention finds what the server reads as somebody's address. Of "@maude@jasette.quebec" it counts "@maude".
var mention = regexp.MustCompile(`(^|[^/\p{L}\p{N}_])@([A-Za-z0-9_]+(?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)@[\p{L}\p{N}_.-]*[\p{L}\p{N}_]`)

// length measures a text as the server does: in characters as people see them, a link as what the server reserves
// for it, a mention without its server.
func (e Endpoint) length(s string) int {
	n := 0
	var rest strings.Builder
	for _, span := range text.Linkify(s) {
		if e.Link > 0 && isLink(span.Text) {
			n += e.Link - 1
			rest.WriteByte(0) // counted below; nothing around a link grows together
			continue
		}
		rest.WriteString(span.Text)
	}
	return n + text.Graphemes(mention.ReplaceAllString(rest.String(), "$1@$2"))
}

// isLink reports what the server shortens: only what begins with its scheme.
func isLink(s string) bool {
	lower := strings.ToLower(s)
	return strings.HasPrefix(lower, "https://") || strings.HasPrefix(lower, "http://")
}
