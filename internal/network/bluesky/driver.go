package bluesky

import (
	"cmp"
	"context"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// Kind is the name of this network.
const Kind network.Kind = "bluesky"

// Names of the fields of a credential.
const (
	Password   = "password"    // the app password
	AccessJWT  = "access_jwt"  // serves until it runs out
	RefreshJWT = "refresh_jwt" // is exchanged, once, for another pair
)

// Driver opens Bluesky accounts. Its fields say where names are looked up; the zero value is the public network.
type Driver struct {
	Directory string // what knows the DID of a name: "https://public.api.bsky.app"
	PLC       string // what knows the document of a DID: "https://plc.directory"
}

// Kind implements network.Driver.
func (Driver) Kind() network.Kind { return Kind }

// Open implements network.Driver; endpoint is an Endpoint as JSON.
func (Driver) Open(endpoint string, cred network.Credential, w network.Wire) (network.Client, error) {
	e, err := ParseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	enters := cred.Field(Password) != ""
	if e.Granted != nil {
		_, enters = readKey(cred.Field(proofKey))
	}
	if !enters || w.HTTP == nil {
		return nil, fault.New(fault.Invalid, "bluesky.Open", "")
	}
	return &Client{caller: caller{server: e.Server, http: w.HTTP, session: newSession(e, cred, w.Renew)}, endpoint: e}, nil
}

// Explain implements network.Explainer.
func (Driver) Explain(endpoint, _ string) []any {
	e, err := ParseEndpoint(endpoint)
	if err != nil {
		return nil
	}
	return []any{"host", e.host()}
}

// Client is one account on its server. Nothing in it changes but the session.
type Client struct {
	caller
	endpoint Endpoint
}

var _ interface {
	network.Client
	network.Fetcher
	network.Waiter
	network.Publisher
	network.NewKeyer
	network.Addresser
	network.Finder
	network.Deleter
	network.Reactor
	network.Meter
	network.Revoker
} = (*Client)(nil)

var _ interface {
	network.Driver
	network.Enroller
	network.Authorizer
	network.Introducer
	network.Explainer
} = Driver{}

// Profile implements network.Client. It is asked of the index, through the account's own server: both work.
func (c *Client) Profile(ctx context.Context) (network.Profile, error) {
	const op = "bluesky.Profile"
	var a actor
	if err := c.get(ctx, op, "app.bsky.actor.getProfile", values("actor", c.endpoint.DID), &a); err != nil {
		return network.Profile{}, err
	}
	if a.DID != c.endpoint.DID || a.Handle == "" {
		return network.Profile{}, c.unreadable(op, fault.Unavailable)
	}
	handle := text.Line(a.Handle)
	return network.Profile{ID: network.RemoteID(a.DID), Handle: "@" + handle, Name: cmp.Or(text.Line(a.DisplayName), handle), URL: profilePage + handle}, nil
}

// What a post takes (app.bsky.feed.post and app.bsky.embed.images).
const (
	maxGraphemes  = 300
	maxBytes      = 3000
	maxImages     = 4
	maxImageBytes = 2_000_000
)

// Limits implements network.Publisher.
func (c *Client) Limits() network.Limits {
	return network.Limits{Text: maxGraphemes, Length: length, Attachments: maxImages, FileBytes: maxImageBytes}
}

// length is in characters as people see them. A family of emoji is one of them and two dozen bytes, of which there
// may be no more than ten a character: then these are what counts.
func length(s string) int {
	const each = maxBytes / maxGraphemes
	return max(text.Graphemes(s), (len(s)+each-1)/each)
}
