package email

import (
	"strings"

	"comptoir/internal/text"
)

// What leaves this package as text goes through here.

func plainLine(s string) string { return text.Line(s) }

func plainText(s string) string { return text.Plain(s) }

func unflow(s string, delsp bool) string { return text.Unflow(s, delsp) }

func splitReply(s string) (reply, quoted string) { return text.SplitReply(s) }

func headerValue(s string) string { return text.HeaderValue(s) }

// splitHTML is splitReply for a mail that has no plain text.
func splitHTML(page string) (reply, quoted string) { return text.FromHTML(page) }

// htmlToText is a page as text, for one that stands beside plain text.
func htmlToText(page string) string {
	reply, quoted := text.FromHTML(page)
	return strings.TrimSpace(reply + "\n\n" + quoted)
}
