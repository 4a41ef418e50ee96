package email

import (
	"unicode/utf8"

	"github.com/google/uuid"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// Kind is the name of this network.
const Kind network.Kind = "email"

// Names of the fields of a credential. The password of IMAP also serves for SMTP when that has none of its own.
const (
	IMAPPassword = "imap_password"
	SMTPPassword = "smtp_password"
)

// Driver opens e-mail accounts.
type Driver struct{}

// Kind implements network.Driver.
func (Driver) Kind() network.Kind { return Kind }

// Open implements network.Driver; endpoint is an Endpoint as JSON.
func (Driver) Open(endpoint string, cred network.Credential, w network.Wire) (network.Client, error) {
	e, err := ParseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	if cred.Field(IMAPPassword) == "" {
		return nil, fault.InvalidFields("email.Open", fault.Field{Name: IMAPPassword, Key: "email.field.password"})
	}
	return &Client{endpoint: e, wire: w, password: cred.Field}, nil
}

// Client is one mailbox. Each call makes its own connections and closes them, so a Client holds nothing
// that could leak or grow stale, and calls may run at the same time.
type Client struct {
	endpoint Endpoint
	wire     network.Wire
	password func(field string) string // a function, so that no way of printing a Client shows a password
}

var _ interface {
	network.Client
	network.Fetcher
	network.Waiter
	network.Publisher
	network.Finder
	network.NewKeyer
} = (*Client)(nil)

// NewKey implements network.NewKeyer: a Message-ID of our domain, without its angle brackets.
func (c *Client) NewKey() string {
	return uuid.Must(uuid.NewV7()).String() + "@" + domainOf(c.endpoint.Address)
}

// Limits of a mail are those that its readers bear, not the protocol's.
func (c *Client) Limits() network.Limits { return limits }

var limits = network.Limits{Text: 100_000, Length: utf8.RuneCountInString, Attachments: 20, FileBytes: 15 << 20}
