// Package view draws the screens: templ components over plain structs that handlers fill. It knows locale, static
// and nothing of the domain; it makes no query and decides no right.
//
// # Rules of a page
//
// A page carries no inline style, script or handler (the Content-Security-Policy refuses them): colours and gaps are
// classes (h-0…h-35, gap-1…), behaviour is data-* attributes read by static/js. Every gesture is a link or a form
// first; htmx attributes come on top. Text from outside is only ever a text node or the value of a plain attribute:
// never an id, a class, an hx-* attribute or, unless it is a templ.SafeURL made by Outside, an address.
//
// Components find the reader's language in ctx (locale.With), so pages and streams draw the same rows.
//
// # Live rows
//
// A page that lives has one Stream element. The server answers it with server-sent events without a name: "id:" is
// the journal number, "data:" one or more blocks
//
//	<hx-partial hx-target="#c-ID" hx-swap="outerMorph">…the row…</hx-partial>
//
// which htmx 4 turns into swaps of their own targets (makeFragment reads <hx-partial> as <template hx type="partial">;
// when a message holds partials only, the stream element itself is left alone). A target that is not on the page is
// skipped. hx-sse reconnects by itself with Last-Event-ID and closes while the tab is hidden. Rows that are not in
// the list go to #arrivees, where surface.js puts them in place or behind the "3 nouvelles" pill. The Stream…
// components below write such blocks; they are the only thing that a handler needs to render into an event.
package view

import (
	"context"
	"hash/fnv"
	"net/url"
	"strconv"
	"strings"

	"comptoir/internal/web/locale"
	"comptoir/internal/web/static"

	"github.com/a-h/templ"
)

// L is the reader's language, as put in ctx by locale.With.
func L(ctx context.Context) locale.Locale { return locale.From(ctx) }

// Outside makes an address that came from outside fit for a link: http, https and mailto only, else "".
func Outside(address string) templ.SafeURL {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return ""
	}
	switch u.Scheme {
	case "http", "https":
		if u.Host == "" {
			return ""
		}
	case "mailto":
	default:
		return ""
	}
	return templ.SafeURL(u.String())
}

// icon returns the address of one drawing of the sprite.
func icon(name string) string { return static.URL("icons.svg") + "#" + name }

// streamOf takes from a stream's address the journal number of its page (?from=), so that nothing is missed between the
// page and its stream. The id is the same for the same stream wherever it begins.
func streamOf(address string) (id, at, from string) {
	if u, err := url.Parse(address); err == nil {
		q := u.Query()
		from = q.Get("from")
		q.Del("from")
		u.RawQuery = q.Encode()
		address = u.String()
	}
	h := fnv.New32a()
	h.Write([]byte(address))
	return "flux-" + strconv.FormatUint(uint64(h.Sum32()), 36), address, from
}

func itoa(n int) string { return strconv.Itoa(n) }

// yes writes a boolean for aria-pressed and the like.
func yes(b bool) string { return strconv.FormatBool(b) }

var networkIcons = map[string]string{
	"email": "mail", "house": "qr-code", "mastodon": "n-mastodon", "bluesky": "n-bluesky", "facebook": "n-facebook",
	"instagram": "n-instagram", "threads": "n-threads", "x": "n-x", "youtube": "n-youtube", "business": "n-google",
	"tumblr": "n-tumblr", "wordpress": "n-wordpress", "feed": "n-rss",
}

// NetworkIcon returns the drawing of a network, a plain envelope for one that has none.
func NetworkIcon(network string) string {
	if name, ok := networkIcons[network]; ok {
		return name
	}
	return "message-circle"
}

// networkName is the name of a network in the reader's language; an unknown one keeps its own.
func networkName(ctx context.Context, network string) string {
	if _, ok := networkIcons[network]; ok {
		return L(ctx).T("network." + network)
	}
	return network
}

func millis(n int64) string { return strconv.FormatInt(n, 10) }

// otherLight is the light that a change would bring; without script a press chooses it for good.
func otherLight(theme string) string {
	if theme == "soir" {
		return "matin"
	}
	return "soir"
}
