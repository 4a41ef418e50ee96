package mastodon

import (
	"context"
	"encoding/json"
	"net"
	"net/url"
	"strings"

	"golang.org/x/net/idna"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

const opMeet = "mastodon.Meet"

// Meet implements network.Authorizer: who answers at an address, and what it takes. address is a host, or an
// account's whole address there.
func (Driver) Meet(ctx context.Context, address string, w network.Wire) (network.Server, error) {
	server, err := serverOf(address)
	if err != nil {
		return network.Server{}, err
	}
	c := caller{server: server, http: w.HTTP}
	software, at, err := c.software(ctx)
	if err != nil {
		return network.Server{}, err
	}
	c.server = at
	e, err := c.instance(ctx)
	if err != nil {
		return network.Server{}, err
	}
	e.Software = software
	if _, err := ParseEndpoint(e.String()); err != nil {
		return network.Server{}, fault.Wrap(err, fault.Rejected, opMeet, "mastodon.fault.other_network", "host", c.host())
	}
	return network.Server{Host: c.host(), Software: software, Endpoint: e.String(), Limits: e.limits(), Polls: e.Polls}, nil
}

// ServerOf implements network.Authorizer.
func (Driver) ServerOf(endpoint string) string {
	e, err := ParseEndpoint(endpoint)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(e.Server, "https://")
}

// serverOf reads what a person may type or paste: "jasette.quebec", "@lezinc@jasette.quebec", the page of an account.
func serverOf(address string) (string, error) {
	s := strings.TrimSpace(address)
	scheme, rest, given := strings.Cut(s, "://")
	if !given {
		scheme, rest = "https", s
	}
	if !given || strings.HasPrefix(rest, "@") {
		rest = rest[strings.LastIndexByte(rest, '@')+1:]
	}
	host, _, _ := strings.Cut(rest, "/")
	name, port, err := net.SplitHostPort(host)
	if err != nil {
		name, port = host, ""
	}
	if plain, err := idna.Lookup.ToASCII(name); err == nil {
		name = plain
	}
	u := &url.URL{Scheme: strings.ToLower(scheme), Host: strings.TrimSuffix(strings.ToLower(name), ".")}
	if port != "" {
		u.Host = net.JoinHostPort(u.Host, port)
	}
	if !mayBeSpokenTo(u) || !strings.ContainsAny(u.Host, ".:") {
		return "", fault.InvalidFields(opMeet, fault.Field{Name: "address", Key: "mastodon.field.server"})
	}
	return origin(u), nil
}

// software asks what runs there, and where: the accounts of one host may live on another. A server that does not say
// is taken as it was named.
func (c caller) software(ctx context.Context) (name, at string, err error) {
	var known struct {
		Links []struct {
			Rel  string `json:"rel"`
			Href string `json:"href"`
		} `json:"links"`
	}
	if _, err := c.get(ctx, opMeet, "/.well-known/nodeinfo", nil, &known); err != nil {
		if f := fault.As(err); f.Key != "mastodon.fault.unreadable" && f.Code != fault.NotFound && f.Code != fault.Rejected {
			return "", "", err
		}
		return "", c.server, nil
	}
	for _, l := range known.Links {
		u, err := url.Parse(l.Href)
		if err != nil || !strings.HasPrefix(l.Rel, "http://nodeinfo.diaspora.software/ns/schema/") || !mayBeSpokenTo(u) {
			continue
		}
		there := caller{server: origin(u), http: c.http}
		var info struct {
			Software struct {
				Name string `json:"name"`
			} `json:"software"`
		}
		if _, err := there.get(ctx, opMeet, u.EscapedPath(), nil, &info); err == nil {
			return text.Clip(strings.ToLower(text.Line(info.Software.Name)), 30), there.server, nil
		}
	}
	return "", c.server, nil
}

// instance is what a server says of itself, in either form.
type instance struct {
	Domain        string `json:"domain"`
	URI           string `json:"uri"` // version 1
	MaxToot       int    `json:"max_toot_chars"`
	Configuration struct {
		URLs struct {
			Streaming string `json:"streaming"`
		} `json:"urls"`
		Statuses struct {
			Characters int  `json:"max_characters"`
			Files      int  `json:"max_media_attachments"`
			Link       *int `json:"characters_reserved_per_url"`
		} `json:"statuses"`
		Media struct {
			Types []string `json:"supported_mime_types"`
			Bytes int64    `json:"image_size_limit"`
			Alt   int      `json:"description_limit"`
		} `json:"media_attachments"`
		Polls struct {
			Options int `json:"max_options"`
		} `json:"polls"`
	} `json:"configuration"`
}

// instance reads it: version 2, or 1 of servers older than Mastodon 4.
func (c caller) instance(ctx context.Context) (Endpoint, error) {
	var last error
	for _, path := range []string{"/api/v2/instance", "/api/v1/instance"} {
		var raw json.RawMessage
		if _, last = c.get(ctx, opMeet, path, nil, &raw); last != nil {
			if code := fault.CodeOf(last); code == fault.Invalid || code == fault.RateLimited {
				return Endpoint{}, last
			}
			continue
		}
		var i instance
		if last = json.Unmarshal(raw, &i); last == nil && (i.Domain != "" || i.URI != "") {
			return i.endpoint(c.server), nil
		}
	}
	if f := fault.As(last); f.Code == fault.Unavailable && f.Key != "mastodon.fault.unreadable" {
		return Endpoint{}, last
	}
	return Endpoint{}, fault.Wrap(last, fault.Rejected, opMeet, "mastodon.fault.other_network", "host", c.host())
}

// endpoint takes what is told and, for the rest, what Mastodon has always taken.
func (i instance) endpoint(server string) Endpoint {
	s, m := i.Configuration.Statuses, i.Configuration.Media
	e := Endpoint{
		Server: server, Domain: i.Domain, Text: s.Characters, Link: 23, Files: s.Files, FileBytes: max(0, m.Bytes), Alt: max(0, m.Alt), Types: m.Types,
		Polls: i.Configuration.Polls.Options > 0, Streaming: i.Configuration.URLs.Streaming,
	}
	if e.Domain == "" {
		e.Domain = strings.TrimPrefix(i.URI, "https://")
	}
	if s.Link != nil {
		e.Link = *s.Link
	}
	if e.Text <= 0 {
		e.Text = max(i.MaxToot, 0)
	}
	if e.Text == 0 {
		e.Text = 500
	}
	if e.Files <= 0 {
		e.Files = 4
	}
	if e.FileBytes == 0 {
		e.FileBytes = 8 << 20
	}
	e.Types = e.Types[:min(len(e.Types), 100)]
	return e
}
