// Package outgoing is the only door out: every connection that Comptoir opens is opened here.
//
// A community manager's tool fetches what strangers point at (a feed, a picture, a webhook's target), so
// the question of each connection is "on whose word?". That is its Kind. A stranger's or a member's word
// never reaches a private network, this machine, a cloud's metadata service or another odd place: the
// address is judged in net.Dialer.Control, on what is about to be connected, so that no spelling of a
// host, no second DNS answer and no redirect gets between what was checked and what is dialled.
//
// Targets in the house (a WordPress on the local network, the servers of a test or of the demo on
// loopback) are reached only when the operator lists them as host:port in Config.Allow; no screen can.
//
// Every error is a *fault.Error (inside the *url.Error that net/http adds). What a member reads of a
// refused target is one sentence, the same after the same time for every such target; the reason is in
// the chain, for the operator.
//
// A lint among the tests keeps the rest of the program from dialling by itself.
package outgoing

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"sync"
	"time"

	"comptoir/internal/network"
)

// Kind says on whose word a connection is opened.
type Kind string

const (
	// Stranger: anybody's word. Feeds, pages, pictures, autoconfig, OAuth metadata, webhook and push targets.
	Stranger Kind = "stranger"
	// Account: a member's word. A network or a mail server, spoken to with a credential.
	Account Kind = "account"
	// Self: a member's word about where this installation is found.
	Self Kind = "self"
	// Operator: the configuration's word. Database, object storage, proxy.
	Operator Kind = "operator"
)

// Config is what the operator decides about going out. The zero value is safe.
type Config struct {
	// Resolver looks names up; nil = the system's servers, asked by Go itself (a C resolver may read
	// "127.1" as an address; the dial check would hold, but why ask).
	Resolver *net.Resolver
	// Allow lists private targets that strangers and accounts may name, as "host:port". The host is a name
	// or an address and must be named exactly so: another name with the same address stays refused.
	// "127.0.0.1:*" and "[::1]:*" open every port of that loopback address, for tests and the demo.
	// Metadata addresses cannot be listed.
	Allow []string
	// OwnAddresses returns the addresses at which the world reaches this installation, refused as targets.
	// It is asked at each connection and must be fast; nil = those of the machine's interfaces.
	OwnAddresses func() []netip.Addr
	// NAT64 is for hosts with IPv6 only: addresses in 64:ff9b::/96 and 64:ff9b:1::/96 are judged by the
	// IPv4 address they embed, instead of refused.
	NAT64 bool
	// Proxy carries HTTP of strangers and accounts (http, https or socks5), except to listed targets. Names
	// are resolved and judged here first, but the proxy resolves again: it has to filter too. Mail is not
	// proxied. nil = none; the environment's HTTP_PROXY is never read (see ProxyEnvironment).
	Proxy *url.URL
	// RootCAs are trusted for TLS; nil = the system's.
	RootCAs *x509.CertPool
	// UserAgent is sent when a request has none.
	UserAgent string
	// Refused is told of each target that was refused, and why: for the operator's log, never for a screen. It must not
	// block; nil = nobody is told.
	Refused func(kind Kind, reason error)
}

// Door opens connections. It is safe for concurrent use.
type Door struct {
	cfg      Config
	resolver *net.Resolver
	allow    allowList
	proxy    string // host:port of the proxy, "" = none
	limits   limits
	slots    chan struct{} // one for each stranger spoken to
	stranger *http.Client
	operator network.Wire

	mu       sync.Mutex
	accounts map[string]*wire // by account id; a wire owns its connections

	// For tests: seen is called with each address that passed the judgement, and may stop the connection.
	seen func(netip.AddrPort) error
}

// limits are the budgets and the ports. They are the same in every installation; tests change them.
type limits struct {
	dial, tls, firstByte time.Duration
	whole                time.Duration // from the request to the last byte of the body
	idle                 time.Duration // longest silence of an account's event stream
	refusal              time.Duration // every refusal takes this long, so that time tells nothing
	headers, body        int64         // bytes, the body after decompression
	perHost, strangers   int           // connections to one host, strangers at once
	redirects            int
	web, mail            []uint16 // ports of strangers and of accounts' HTTP; of accounts' mail
}

var standardLimits = limits{
	dial: 5 * time.Second, tls: 5 * time.Second, firstByte: 10 * time.Second,
	whole: 30 * time.Second, idle: 90 * time.Second, refusal: 250 * time.Millisecond,
	headers: 100 << 10, body: network.MaxBody,
	perHost: 2, strangers: 64, redirects: 5,
	web: []uint16{80, 443, 8080, 8443}, mail: []uint16{25, 465, 587, 143, 993},
}

// New returns a door. fault.Invalid for an entry of Allow that is malformed or names a metadata address,
// and for a proxy that is not http, https or socks5.
func New(cfg Config) (*Door, error) { return newDoor(cfg, standardLimits) }

func newDoor(cfg Config, l limits) (*Door, error) {
	allow, err := parseAllow(cfg.Allow)
	if err != nil {
		return nil, err
	}
	proxy, err := proxyTarget(cfg.Proxy)
	if err != nil {
		return nil, err
	}
	d := &Door{
		cfg: cfg, allow: allow, proxy: proxy, limits: l, resolver: cfg.Resolver,
		slots: make(chan struct{}, l.strangers), accounts: make(map[string]*wire),
	}
	if d.resolver == nil {
		d.resolver = &net.Resolver{PreferGo: true}
	}
	if d.cfg.OwnAddresses == nil {
		d.cfg.OwnAddresses = InterfaceAddresses
	}
	d.stranger = d.newWire(Stranger).client()
	d.operator = d.newWire(Operator).network()
	return d, nil
}

// Stranger returns the client for what anybody may point at. It follows at most five redirects of a bare
// GET or HEAD, each judged like the first request, never from https to http and without Referer; a
// request with a body, a signature or a credential gets the redirect itself as its answer. No cookies, no
// connection is used twice, at most 64 strangers are spoken to at once. Close every body.
func (d *Door) Stranger() *http.Client { return d.stranger }

// Account returns the wire of one account, to be given to its driver. Its connections are shared with no
// other account, so with no other place. HTTP follows redirects of a bare GET without query only; Dial
// and DialTLS reach the mail ports and listed targets. Event streams (an answer text/event-stream that was
// asked for, a switched protocol) may be as long as their context, with at most 90 s of silence.
func (d *Door) Account(id string) network.Wire {
	d.mu.Lock()
	defer d.mu.Unlock()
	w, ok := d.accounts[id]
	if !ok {
		w = d.newWire(Account)
		d.accounts[id] = w
	}
	return w.network()
}

// Forget closes the unused connections of an account that is removed or whose credential changed.
func (d *Door) Forget(id string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if w, ok := d.accounts[id]; ok {
		w.transport.CloseIdleConnections()
		delete(d.accounts, id)
	}
}

// Self returns a client that asks an address whether this installation, which listens on port, is found there: at
// public addresses, its own among them, and at this machine's own on that port. It follows no redirect and uses no
// proxy. So a member can try the address of the house, and not the doors of its neighbours.
func (d *Door) Self(port uint16) *http.Client {
	w := d.newWire(Self)
	w.port = port
	return w.client()
}

// Operator returns the wire for targets that the configuration names. Private addresses and every port are
// reached, metadata addresses are not; it follows no redirect and bounds no body.
func (d *Door) Operator() network.Wire { return d.operator }

// Resolver looks names up like the door does, for records that are not addresses (SRV, MX, TXT).
func (d *Door) Resolver() *net.Resolver { return d.resolver }

// Close closes all unused connections.
func (d *Door) Close() {
	d.stranger.CloseIdleConnections()
	d.operator.HTTP.CloseIdleConnections()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, w := range d.accounts {
		w.transport.CloseIdleConnections()
	}
}

func (d *Door) newWire(kind Kind) *wire {
	w := &wire{door: d, kind: kind}
	w.transport = &http.Transport{
		Proxy:                  w.proxyFor,
		DialContext:            w.dialWeb,
		TLSClientConfig:        d.tlsConfig(""),
		TLSHandshakeTimeout:    d.limits.tls,
		ResponseHeaderTimeout:  d.limits.firstByte,
		ExpectContinueTimeout:  time.Second,
		IdleConnTimeout:        30 * time.Second,
		MaxResponseHeaderBytes: d.limits.headers,
		MaxConnsPerHost:        d.limits.perHost,
		MaxIdleConnsPerHost:    d.limits.perHost,
		// A stranger's connection serves one request, so that two places never share one.
		DisableKeepAlives: kind == Stranger || kind == Self,
		ForceAttemptHTTP2: true,
	}
	if kind == Operator {
		w.transport.MaxConnsPerHost, w.transport.ResponseHeaderTimeout = 0, 0
	}
	return w
}

func (d *Door) tlsConfig(host string) *tls.Config {
	return &tls.Config{RootCAs: d.cfg.RootCAs, ServerName: host, MinVersion: tls.VersionTLS12}
}
