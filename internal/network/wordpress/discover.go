package wordpress

import (
	"context"
	"encoding/json"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/idna"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

const opDiscover = "wordpress.Discover"

// maxPage bounds what is read of a page that says where its API is, in bytes.
const maxPage = 512 << 10

// discover finds the API of a site by what a person types of it: its name, the address of its front page, or that of
// any page of it. The page says where the API is; where it does not, it is looked for at the two usual places.
func discover(ctx context.Context, typed string, w network.Wire) (Endpoint, error) {
	front, err := frontOf(typed)
	if err != nil {
		return Endpoint{}, err
	}
	c := caller{site: front.String(), http: w.HTTP}
	at, said, err := c.askPage(ctx, front)
	if err != nil {
		return Endpoint{}, err
	}
	if strings.HasSuffix(at.Hostname(), ".wordpress.com") || said != nil && said.Hostname() == "public-api.wordpress.com" {
		return Endpoint{}, fault.New(fault.Rejected, opDiscover, "wordpress.fault.hosted", "host", c.host())
	}
	if said != nil && sameSite(said, at) {
		said.Scheme = at.Scheme // sites behind a proxy do not know how they are spoken to
		return c.index(ctx, said.String())
	}
	if said != nil {
		return Endpoint{}, wrongSite("wordpress.field.site_elsewhere", "other", said.Host)
	}
	base := strings.TrimSuffix(at.String(), "/")
	for _, usual := range []string{base + "/wp-json/", base + "/?rest_route=/"} {
		e, err := c.index(ctx, usual)
		if err == nil || fault.Is(err, fault.RateLimited) || fault.As(err).Key == "wordpress.fault.no_passwords" {
			return e, err
		}
	}
	return Endpoint{}, wrongSite("wordpress.field.site_other")
}

func wrongSite(key string, args ...any) error {
	return fault.InvalidFields(opDiscover, fault.Field{Name: "site", Key: key, Args: args})
}

// frontOf reads an address as a person types it. Where somebody signs in is not where the site begins.
func frontOf(typed string) (*url.URL, error) {
	s := strings.TrimSpace(typed)
	if !strings.Contains(s, "://") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || len(s) > 500 {
		return nil, wrongSite("wordpress.field.site")
	}
	name, port := u.Hostname(), u.Port()
	if plain, err := idna.Lookup.ToASCII(name); err == nil {
		name = plain
	}
	front := &url.URL{Scheme: strings.ToLower(u.Scheme), Host: strings.ToLower(name), Path: u.Path}
	if port != "" {
		front.Host = net.JoinHostPort(front.Host, port)
	}
	if i := strings.Index(front.Path, "/wp-"); i >= 0 {
		front.Path = front.Path[:i]
	}
	front.Path = strings.TrimSuffix(front.Path, "/") + "/"
	switch {
	case front.Scheme == "http" && !mayBeSpokenTo(front):
		return nil, wrongSite("wordpress.field.site_plain")
	case !mayBeSpokenTo(front), !strings.ContainsAny(front.Host, ".:"):
		return nil, wrongSite("wordpress.field.site")
	}
	return front, nil
}

// rel is the name of the link by which a site says where its API is.
const rel = "https://api.w.org/"

var (
	headLink = regexp.MustCompile(`<([^<>]*)>\s*;\s*rel="?` + regexp.QuoteMeta(rel) + `"?`)
	pageLink = regexp.MustCompile(`(?i)<link\s[^>]*\brel=["']` + regexp.QuoteMeta(rel) + `["'][^>]*>`)
	pageHref = regexp.MustCompile(`(?i)\bhref=["']([^"']*)["']`)
)

// askPage opens a page as anybody does, and returns where that led and what it says of the API, nil for nothing.
func (c caller) askPage(ctx context.Context, page *url.URL) (at, said *url.URL, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page.String(), nil)
	if err != nil {
		return nil, nil, fault.Wrap(err, fault.Invalid, opDiscover, "")
	}
	req.Header.Set("Accept", "text/html")
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, nil, c.unreached(opDiscover, err, fault.Unavailable)
	}
	defer resp.Body.Close()
	at = page
	if resp.Request != nil && resp.Request.URL != nil { // www., or the page of a language
		at = &url.URL{Scheme: resp.Request.URL.Scheme, Host: resp.Request.URL.Host, Path: page.Path}
	}
	for _, value := range resp.Header.Values("Link") {
		if m := headLink.FindStringSubmatch(value); m != nil {
			return at, address(m[1]), nil
		}
	}
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxPage))
	if err != nil {
		return nil, nil, c.unreached(opDiscover, err, fault.Unavailable)
	}
	if m := pageHref.FindSubmatch(pageLink.Find(b)); m != nil {
		return at, address(html.UnescapeString(string(m[1]))), nil
	}
	return at, nil, nil
}

func address(s string) *url.URL {
	u, err := url.Parse(s)
	if err != nil || u.Hostname() == "" {
		return nil
	}
	return u
}

// sameSite tells whether two addresses are of one host. A password goes nowhere else than where a person said.
func sameSite(a, b *url.URL) bool {
	bare := func(u *url.URL) string { return strings.TrimPrefix(strings.ToLower(u.Host), "www.") }
	return bare(a) == bare(b)
}

// index asks the API what site it is of, and whether it takes application passwords.
func (c caller) index(ctx context.Context, root string) (Endpoint, error) {
	c.api = root
	if !strings.HasSuffix(root, "/") {
		c.api += "/"
	}
	var site struct {
		Name       string          `json:"name"`
		Home       string          `json:"home"`
		Namespaces []string        `json:"namespaces"`
		Ways       json.RawMessage `json:"authentication"` // an empty list where there are none
	}
	err := c.get(ctx, opDiscover, "", url.Values{"_fields": {"name,home,namespaces,authentication"}}, &site)
	if f := fault.As(err); f != nil && f.Code != fault.RateLimited && f.Key != "wordpress.fault.unreached" && f.Code != fault.Invalid {
		return Endpoint{}, wrongSite("wordpress.field.site_other")
	}
	if err != nil {
		return Endpoint{}, err
	}
	if !slices.Contains(site.Namespaces, "wp/v2") {
		return Endpoint{}, wrongSite("wordpress.field.site_other")
	}
	var ways map[string]json.RawMessage
	if json.Unmarshal(site.Ways, &ways) != nil || ways["application-passwords"] == nil {
		return Endpoint{}, fault.New(fault.Rejected, opDiscover, "wordpress.fault.no_passwords", "host", c.host())
	}
	e := Endpoint{Site: strings.TrimSuffix(c.site, "/"), API: c.api + "wp/v2/", Title: text.Clip(text.Line(text.FromPost(site.Name)), 100)}
	if home := address(site.Home); home != nil && sameSite(home, address(c.api)) && mayBeSpokenTo(home) {
		e.Site = strings.TrimSuffix(home.String(), "/")
	}
	return e, nil
}
