package text

import (
	"slices"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// role is what a mail program says with its markup about a part of a mail.
type role int

const (
	roleNone    role = iota
	roleQuote        // the quoted mail
	roleLead         // an attribution, then the quote as a blockquote, perhaps with answers between
	roleAside        // an attribution or a signature
	roleCut          // from here on all is the quoted mail
	roleUnclear      // a blockquote that only indents
)

// htmlRole reads the marks of Gmail, Apple Mail, Thunderbird, Outlook, Yahoo, Proton and Windows Mail.
func htmlRole(n *html.Node) role {
	id, classes := attrOf(n, "id"), strings.Fields(attrOf(n, "class"))
	switch {
	case n.DataAtom == atom.Blockquote:
		if strings.Contains(strings.ReplaceAll(attrOf(n, "style"), " ", ""), "border:none") && attrOf(n, "type") != "cite" && len(classes) == 0 {
			return roleUnclear // the indent button of Gmail and Outlook
		}
		return roleQuote
	case hasClass(classes, "gmail_quote", "protonmail_quote", "zmail_extra"):
		if hasBlockquote(n) {
			return roleLead
		}
		return roleCut
	case hasClass(classes, "moz-cite-prefix", "gmail_attr", "moz-signature", "gmail_signature", "protonmail_signature_block"),
		attrOf(n, "data-smartmail") == "gmail_signature", attrOf(n, "data-signatureblock") == "true", id == "Signature", id == "ms-outlook-mobile-signature",
		strings.HasPrefix(id, "AppleMailSignature"):
		return roleAside
	case hasClass(classes, "yahoo_quoted", "ms-outlook-mobile-reference-message"), strings.HasPrefix(id, "yahoo_quoted"), id == "OLK_SRC_BODY_SECTION", id == "isForwardContent":
		return roleQuote
	case id == "divRplyFwdMsg", id == "appendonsend", id == "stopSpelling", id == "zwchr", id == "reply-intro", strings.HasPrefix(id, "mail-editor-reference-message"):
		return roleCut
	}
	return roleNone
}

func hasClass(classes []string, any ...string) bool {
	return slices.ContainsFunc(any, func(c string) bool { return slices.Contains(classes, c) })
}

// hasBlockquote looks for a quote near the top of n, where the programs put it.
func hasBlockquote(n *html.Node) bool {
	for c := range n.ChildNodes() {
		if c.DataAtom == atom.Blockquote {
			return true
		}
		for g := c.FirstChild; g != nil && c.DataAtom == atom.Div; g = g.NextSibling {
			if g.DataAtom == atom.Blockquote {
				return true
			}
		}
	}
	return false
}
