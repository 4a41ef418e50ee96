package text

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/idna"
)

// maxURL is the length in bytes of the longest link that is kept.
const maxURL = 2048

// safeLink returns raw as a link that may be clicked, and what it leads to as a person should see it: the host, or
// the address of a mailto. Only absolute http, https and mailto links without a password pass; the host is in
// its ASCII form, so that nothing can look like another name. The result is ASCII and safeLink of it is itself.
func safeLink(raw string) (href, target string, ok bool) {
	raw = strings.Map(func(r rune) rune { // as browsers do before they read the scheme
		if r == '\t' || r == '\n' || r == '\r' {
			return -1
		}
		return r
	}, strings.TrimFunc(raw, func(r rune) bool { return r <= ' ' }))
	if len(raw) > maxURL || strings.ContainsFunc(raw, func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' || isBidiControl(r) }) {
		return "", "", false
	}
	u, err := url.Parse(raw)
	if err != nil {
		return "", "", false
	}
	switch u.Scheme {
	case "mailto":
		return mailLink(u)
	case "http", "https":
	default:
		return "", "", false
	}
	host, ok := safeHost(u.Hostname())
	if !ok || u.User != nil || u.Opaque != "" {
		return "", "", false
	}
	port := u.Port()
	u.Host = host
	if strings.Contains(host, ":") {
		u.Host = "[" + host + "]"
	}
	if port != "" {
		u.Host += ":" + port
	}
	u.RawQuery, u.RawFragment = escapeRest(u.RawQuery), ""
	href = u.String()
	if again, err := url.Parse(href); err != nil || again.String() != href || len(href) > maxURL {
		return "", "", false
	}
	return href, host, true
}

// safeHost returns a host name in lower case and ASCII, or an address.
func safeHost(host string) (string, bool) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.String(), addr.Zone() == ""
	}
	ascii, err := idna.Lookup.ToASCII(strings.TrimSuffix(host, "."))
	if err != nil || ascii == "" || strings.ContainsFunc(ascii, func(r rune) bool {
		return !(r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '-' || r == '.')
	}) {
		return "", false
	}
	return ascii, true
}

// mailLink keeps only the address of a mailto link: a subject, text or copies are not the sender's to choose.
func mailLink(u *url.URL) (href, target string, ok bool) {
	address, err := url.PathUnescape(u.Opaque)
	if err != nil || !isAddress(address) {
		return "", "", false
	}
	return "mailto:" + address, address, true
}

// isAddress reports an e-mail address of the ordinary form, in ASCII.
func isAddress(s string) bool {
	local, domain, ok := strings.Cut(s, "@")
	if !ok || local == "" || len(s) > 254 || strings.ContainsFunc(local, func(r rune) bool { return !isLocalByte(r) }) {
		return false
	}
	host, ok := safeHost(domain)
	return ok && host == strings.ToLower(domain) && strings.Contains(strings.Trim(host, "."), ".")
}

// isLocalByte reports what may stand before the @. The characters that mean something in a URL are left out.
func isLocalByte(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._-+'!$*=~", r)
}

// escapeRest escapes in a query what a URL may not hold as it is.
func escapeRest(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c >= 0x7f || strings.IndexByte("\"<>`'{}|^", c) >= 0 {
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
			continue
		}
		b.WriteByte(s[i])
	}
	return b.String()
}

// showsTarget reports whether the text of a link lets a reader see where it leads: it is the host, a URL on
// that host, or the address.
func showsTarget(text, target string) bool {
	text = strings.ToLower(strings.TrimSpace(text))
	target = strings.ToLower(target)
	if strings.Contains(target, "@") {
		return strings.TrimPrefix(text, "mailto:") == target
	}
	if strings.ContainsAny(text, " \t\n\u00a0") {
		return false
	}
	text = strings.TrimPrefix(strings.TrimPrefix(text, "http://"), "https://")
	if i := strings.IndexAny(text, "/?#"); i >= 0 {
		text = text[:i]
	}
	return text == target || "www."+text == target || text == "www."+target
}
