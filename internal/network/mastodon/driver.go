package mastodon

import (
	"context"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// Kind is the name of this network.
const Kind network.Kind = "mastodon"

// Names of the fields of a credential. A server gives each program that makes itself known an id and a secret of its
// own; the token is the account's.
const (
	AccessToken  = "access_token"
	clientID     = "client_id"
	clientSecret = "client_secret"
)

// Driver opens Mastodon accounts.
type Driver struct{}

// Kind implements network.Driver.
func (Driver) Kind() network.Kind { return Kind }

// Open implements network.Driver; endpoint is an Endpoint as JSON.
func (Driver) Open(endpoint string, cred network.Credential, w network.Wire) (network.Client, error) {
	e, err := ParseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	if cred.Field(AccessToken) == "" || w.HTTP == nil {
		return nil, fault.New(fault.Invalid, "mastodon.Open", "")
	}
	return &Client{caller: caller{server: e.Server, http: w.HTTP, token: func() string { return cred.Field(AccessToken) }}, endpoint: e, secret: cred.Field}, nil
}

// Explain implements network.Explainer.
func (Driver) Explain(endpoint, _ string) []any {
	e, err := ParseEndpoint(endpoint)
	if err != nil {
		return nil
	}
	return []any{"host", e.Domain}
}

// Client is one account on its server. It holds nothing that changes.
type Client struct {
	caller
	endpoint Endpoint
	secret   func(field string) string // a function, as token is
}

var _ interface {
	network.Client
	network.Fetcher
	network.Waiter
	network.Publisher
	network.Addresser
	network.Finder
	network.Deleter
	network.Reactor
	network.Meter
	network.Revoker
} = (*Client)(nil)

var _ interface {
	network.Driver
	network.Authorizer
	network.Explainer
} = Driver{}

// Profile implements network.Client.
func (c *Client) Profile(ctx context.Context) (network.Profile, error) {
	const op = "mastodon.Profile"
	var a account
	if _, err := c.get(ctx, op, "/api/v1/accounts/verify_credentials", nil, &a); err != nil {
		return network.Profile{}, err
	}
	if !a.whole() {
		return network.Profile{}, c.unreadable(op, fault.Unavailable)
	}
	return network.Profile{ID: network.RemoteID(a.ID), Handle: "@" + a.address(c.endpoint.Domain), Name: text.Line(a.DisplayName), URL: string(a.URL)}, nil
}

// Limits implements network.Publisher.
func (c *Client) Limits() network.Limits { return c.endpoint.limits() }

// mine tells whether an account is the one that the client speaks for.
func (c *Client) mine(a account) bool {
	return string(a.ID) == c.endpoint.Account || strings.EqualFold("@"+a.address(c.endpoint.Domain), c.endpoint.Handle)
}
