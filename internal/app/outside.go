package app

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/outgoing"
	"comptoir/internal/place"
	"comptoir/internal/web"
)

// outgoingConfig is what the operator decides about going out, and who is told of what is refused.
func (a *App) outgoingConfig() outgoing.Config {
	cfg := outgoing.Config{
		Allow: a.cfg.AllowPrivate, NAT64: a.cfg.NAT64, OwnAddresses: a.ownAddresses,
		Refused: func(kind outgoing.Kind, reason error) {
			a.log.Warn("outgoing.refused", "kind", string(kind), "err", reason)
			a.count.refused.WithLabelValues(string(kind)).Inc()
			a.count.happened("outgoing.refused")
		},
	}
	if a.cfg.Proxy != "" {
		cfg.Proxy, _ = url.Parse(a.cfg.Proxy) // checked
	} else if ignored := outgoing.ProxyEnvironment(os.Environ()); len(ignored) > 0 {
		a.log.Warn("the environment names a proxy, which is not used: see --proxy", "count", len(ignored))
	}
	return cfg
}

// ownAddresses are where the world reaches this installation: those of the interfaces, and where its public name
// leads, which behind a router is another. Nobody's word opens a connection there.
func (a *App) ownAddresses() []netip.Addr {
	all := outgoing.InterfaceAddresses()
	if found := a.own.Load(); found != nil {
		all = append(all, *found...)
	}
	return all
}

// ownEvery is how often the public name is looked up.
const ownEvery = 10 * time.Minute

// learnOwn keeps up with where the public name leads, until ctx ends.
func (a *App) learnOwn(ctx context.Context) error {
	tick := time.NewTicker(ownEvery)
	defer tick.Stop()
	for {
		if u := a.public.Load(); u != nil {
			a.lookUpOwn(ctx, u.Hostname())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-a.moved:
		case <-tick.C:
		}
	}
}

// lookUpOwn notes the addresses of a name. While it cannot be looked up, what was known stays.
func (a *App) lookUpOwn(ctx context.Context, host string) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	found, err := a.out.Resolver().LookupNetIP(ctx, "ip", host)
	if err == nil {
		a.own.Store(&found)
	}
}

// foundAt puts a public address in force. One in figures is our own from now on, a name once it was looked up.
func (a *App) foundAt(u *url.URL) {
	a.public.Store(u)
	if ip, err := netip.ParseAddr(u.Hostname()); err == nil {
		a.own.Store(&[]netip.Addr{ip})
		return
	}
	select {
	case a.moved <- struct{}{}:
	default: // somebody is about to look already
	}
}

// followEvery is how soon a process uses an address that was given to another one.
const followEvery = 5 * time.Second

// followAddress keeps up with the address that the screen of another process of this installation was given.
func (a *App) followAddress(ctx context.Context) error {
	if a.cfg.Database == "" || a.cfg.PublicURL != "" {
		return nil // alone, or told by the operator
	}
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		raw, err := place.InstanceValue(ctx, a.DB, place.InstancePublicURL)
		if u := a.public.Load(); err != nil || raw == "" || u != nil && u.String() == raw {
			continue // a database that is away for a moment is told of by what needs it
		}
		if u, err := door.ParsePublic(raw); err == nil {
			a.foundAt(u)
		}
	}
}

// address lets the screen of cards show, try and change where this installation is found.
func (a *App) address() web.Address {
	return web.Address{
		Fixed: a.cfg.PublicURL != "",
		Use:   a.foundAt,
		Probe: a.answersAt,
	}
}

// AskReady asks a running server whether it is ready, at the operator's word.
func AskReady(ctx context.Context, base string) error {
	d, err := outgoing.New(outgoing.Config{})
	if err != nil {
		return err
	}
	defer d.Close()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base, "/")+"/readyz", nil)
	if err != nil {
		return fault.Wrap(err, fault.Invalid, "app.health", "")
	}
	resp, err := d.Operator().HTTP.Do(req)
	if err != nil {
		return fault.Wrap(err, fault.Unavailable, "app.health", "")
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fault.New(fault.Unavailable, "app.health", "")
	}
	return nil
}
