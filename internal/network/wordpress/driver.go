package wordpress

import (
	"context"
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// Kind is the name of this network.
const Kind network.Kind = "wordpress"

// Password is the field of a credential that holds the application password.
const Password = "password"

// Driver opens WordPress accounts.
type Driver struct{}

// Kind implements network.Driver.
func (Driver) Kind() network.Kind { return Kind }

// Open implements network.Driver; endpoint is an Endpoint as JSON.
func (Driver) Open(endpoint string, cred network.Credential, w network.Wire) (network.Client, error) {
	e, err := ParseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	if cred.Field(Password) == "" || w.HTTP == nil {
		return nil, fault.New(fault.Invalid, "wordpress.Open", "")
	}
	return &Client{caller: caller{api: e.API, site: e.Site, http: w.HTTP, login: e.Login, password: func() string { return cred.Field(Password) }}, endpoint: e}, nil
}

// Explain implements network.Explainer.
func (Driver) Explain(endpoint, _ string) []any {
	e, err := ParseEndpoint(endpoint)
	if err != nil {
		return nil
	}
	return []any{"host", e.host()}
}

// Client is one account on its site. It holds nothing that changes.
type Client struct {
	caller
	endpoint Endpoint
}

var _ interface {
	network.Client
	network.Fetcher
	network.Publisher
	network.NewKeyer
	network.Addresser
	network.Finder
	network.Deleter
	network.Moderator
	network.Meter
	network.Revoker
} = (*Client)(nil)

var _ interface {
	network.Driver
	network.Enroller
	network.Explainer
} = Driver{}

// user is an account as its site tells it, as far as we read it.
type user struct {
	ID           number          `json:"id"`
	Login        string          `json:"username"`
	Name         string          `json:"name"`
	Capabilities map[string]bool `json:"capabilities"`
}

// needs is what an account must be allowed: an editor is, an author is not.
var needs = []string{"moderate_comments", "publish_posts", "edit_others_posts", "upload_files"}

// me asks who the account is.
func (c caller) me(ctx context.Context, op string) (user, error) {
	var u user
	if err := c.get(ctx, op, "users/me", url.Values{"context": {"edit"}, "_fields": {"id,username,name,capabilities"}}, &u); err != nil {
		return u, err
	}
	if u.ID <= 0 || u.Login == "" {
		return u, c.unreadable(op, fault.Unavailable)
	}
	for _, can := range needs {
		if !u.Capabilities[can] {
			return u, fault.New(fault.Forbidden, op, "wordpress.fault.role", "host", c.host())
		}
	}
	return u, nil
}

// Profile implements network.Client.
func (c *Client) Profile(ctx context.Context) (network.Profile, error) {
	u, err := c.me(ctx, "wordpress.Profile")
	if err != nil {
		return network.Profile{}, err
	}
	name := c.endpoint.Title
	if name == "" {
		name = text.Line(u.Name)
	}
	return network.Profile{ID: network.RemoteID(u.ID.String() + "@" + c.host()), Handle: text.Line(u.Login) + "@" + c.host(), Name: name, URL: c.endpoint.Site}, nil
}

// What a comment takes, in bytes as the site stores it; what an article takes is more than anybody writes, and we ask
// no more of it.
const (
	maxComment = 65525
	maxFiles   = 20
)

// Limits implements network.Publisher.
func (c *Client) Limits() network.Limits {
	return network.Limits{Text: maxComment, Length: length, Attachments: maxFiles, FileBytes: network.MaxBody, Unpublished: true}
}

// Audience implements network.Addresser: whoever reads the article reads its comments, and nobody is told.
func (c *Client) Audience(network.Message) network.Audience {
	return network.Audience{Visibility: network.Public, Wordy: true}
}

// keyLetters can stand in a slug, and are not taken for one another.
const keyLetters = "abcdefghjkmnpqrstuvwxyz23456789"

// NewKey implements network.NewKeyer: short enough for an address, and nobody's but this draft's.
func (c *Client) NewKey() string {
	b := make([]byte, 12)
	rand.Read(b)
	for i := range b {
		b[i] = keyLetters[int(b[i])%len(keyLetters)]
	}
	return string(b)
}

// Revoke implements network.Revoker: the site forgets the password that we were given.
func (c *Client) Revoke(ctx context.Context) error {
	const op, at = "wordpress.Revoke", "users/me/application-passwords/"
	var mine struct {
		UUID string `json:"uuid"`
	}
	err := c.get(ctx, op, at+"introspect", url.Values{"_fields": {"uuid"}}, &mine)
	if fault.Is(err, fault.Unauthenticated) {
		return nil // it opens nothing any more
	}
	if err != nil {
		return err
	}
	if mine.UUID == "" || strings.ContainsAny(mine.UUID, "/?#") {
		return c.unreadable(op, fault.Unavailable)
	}
	return c.do(ctx, call{op: op, method: http.MethodPost, path: at + mine.UUID, query: url.Values{"_method": {"DELETE"}}}, &struct{}{})
}

// number is a number of the site's own. A few plug-ins write it as text.
type number int64

// UnmarshalJSON implements json.Unmarshaler.
func (n *number) UnmarshalJSON(b []byte) error {
	v, err := strconv.ParseInt(strings.Trim(string(b), `"`), 10, 64)
	*n = number(v)
	return err
}

func (n number) String() string { return strconv.FormatInt(int64(n), 10) }
