package app

import (
	"context"

	"comptoir/internal/network"
	"comptoir/internal/network/bluesky"
	"comptoir/internal/network/email"
	"comptoir/internal/network/house"
	"comptoir/internal/network/mastodon"
	"comptoir/internal/network/wordpress"
	"comptoir/internal/place"
)

// networks is the explicit list of what this program can speak with, and its way out.
func (a *App) networks() *place.Networks {
	drivers := map[network.Kind]network.Driver{}
	for _, d := range []network.Driver{email.Driver{}, house.Driver{}, mastodon.Driver{}, bluesky.Driver{}, wordpress.Driver{}} {
		drivers[d.Kind()] = d
	}
	return &place.Networks{
		Drivers: drivers, DB: a.DB, Wire: a.out.Account, Forget: a.out.Forget,
		Discover: map[network.Kind]func(context.Context, string) (place.Proposal, error){email.Kind: a.discoverMail},
	}
}

// discoverMail asks an address's own domain how its mailbox is read. The domain is a stranger.
func (a *App) discoverMail(ctx context.Context, address string) (place.Proposal, error) {
	d, err := email.Discover(ctx, address, a.out.Stranger(), a.out.Resolver())
	return place.Proposal{Endpoint: d.Endpoint.String(), Source: string(d.Source), Note: d.Note}, err
}
