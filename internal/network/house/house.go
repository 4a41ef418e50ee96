// Package house is the network of the place's own tables. What guests say reaches the counter in the
// transaction that stores it, and an answer is delivered by being stored: the guest's page shows it. So
// there is nothing to fetch, and publishing cannot fail.
package house

import (
	"context"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// Kind is the name of this network.
const Kind network.Kind = "house"

// MaxText is the longest answer that fits a guest's page, in characters.
const MaxText = 500

// Driver opens the account of a place's tables.
type Driver struct{}

// Kind implements network.Driver.
func (Driver) Kind() network.Kind { return Kind }

// Open needs no endpoint, no credential and no wire.
func (Driver) Open(endpoint string, cred network.Credential, _ network.Wire) (network.Client, error) {
	if endpoint != "" || !cred.IsZero() {
		return nil, fault.New(fault.Invalid, "house.open", "")
	}
	return client{}, nil
}

type client struct{}

// Profile always works: the tables are at home.
func (client) Profile(ctx context.Context) (network.Profile, error) {
	return network.Profile{ID: network.RemoteID(Kind)}, ended(ctx, "house.profile")
}

// Fetch finds nothing, ever.
func (client) Fetch(ctx context.Context, cur network.Cursor) (network.Page, error) {
	return network.Page{Next: cur}, ended(ctx, "house.fetch")
}

// Limits implements network.Publisher.
func (client) Limits() network.Limits { return network.Limits{Text: MaxText, Length: text.Runes} }

// Publish answers with the draft's own key: the same draft gives the same receipt however often it is
// sent.
func (client) Publish(ctx context.Context, d network.Draft) (network.Receipt, error) {
	if err := ended(ctx, "house.publish"); err != nil {
		return network.Receipt{}, err
	}
	if d.Text == "" || text.Runes(d.Text) > MaxText || len(d.Attachments) > 0 {
		return network.Receipt{}, fault.New(fault.Rejected, "house.publish", "")
	}
	if err := d.Leaving(ctx); err != nil {
		return network.Receipt{}, err
	}
	return network.Receipt{ID: network.RemoteID(d.Key)}, nil
}

// Find knows every draft: storing it was sending it.
func (client) Find(_ context.Context, d network.Draft) (network.Receipt, error) {
	return network.Receipt{ID: network.RemoteID(d.Key)}, nil
}

func ended(ctx context.Context, op string) error {
	return fault.Wrap(ctx.Err(), fault.Unavailable, op, "")
}
