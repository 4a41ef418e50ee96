package wordpress

import (
	"encoding/json"
	"net"
	"net/url"
	"strings"

	"comptoir/internal/fault"
)

// Endpoint is an account on a site without its secrets, as stored.
type Endpoint struct {
	Site  string `json:"site"`  // its front page: "https://lezinc.example/blog"
	API   string `json:"api"`   // what its routes begin with: "https://lezinc.example/blog/wp-json/wp/v2/"
	Title string `json:"title"` // what the site calls itself
	Login string `json:"login"` // the account's name there
	User  int64  `json:"user"`  // its number
}

// String is the endpoint as Driver.Open takes it.
func (e Endpoint) String() string {
	b, err := json.Marshal(e)
	if err != nil {
		panic(err) // strings and numbers always marshal
	}
	return string(b)
}

// ParseEndpoint reads and checks what String wrote.
func ParseEndpoint(s string) (Endpoint, error) {
	const op = "wordpress.ParseEndpoint"
	var e Endpoint
	if err := json.Unmarshal([]byte(s), &e); err != nil {
		return e, fault.Wrap(err, fault.Invalid, op, "")
	}
	site, err := url.Parse(e.Site)
	if err != nil || !mayBeSpokenTo(site) || e.Login == "" || strings.ContainsAny(e.Login, ":\r\n") || e.User <= 0 {
		return e, fault.New(fault.Invalid, op, "")
	}
	api, err := url.Parse(e.API)
	if err != nil || !mayBeSpokenTo(api) || !strings.HasSuffix(e.API, "/") {
		return e, fault.New(fault.Invalid, op, "")
	}
	return e, nil
}

// host is how people know the site.
func (e Endpoint) host() string { return known(e.Site) }

// known is an address as people say it: without its scheme.
func known(site string) string {
	_, rest, _ := strings.Cut(site, "://")
	return strings.TrimSuffix(rest, "/")
}

// route is the address of a route with a query. Sites without pretty links take the route as a part of the query.
func route(api, path string, query url.Values) (string, error) {
	u, err := url.Parse(api)
	if err != nil {
		return "", err
	}
	q := u.Query()
	if base := q.Get("rest_route"); base != "" {
		q.Set("rest_route", base+path)
	} else {
		u.Path += path
	}
	for k, v := range query {
		q[k] = v
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// mayBeSpokenTo admits encrypted connections, and others to this machine only.
func mayBeSpokenTo(u *url.URL) bool {
	if u.Hostname() == "" || u.User != nil || u.Fragment != "" {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (u.Hostname() == "localhost" || ip != nil && ip.IsLoopback())
}
