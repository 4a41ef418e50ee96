package outgoing

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"comptoir/internal/fault"
)

// proxyPorts are the schemes of a proxy and their default ports.
var proxyPorts = map[string]string{"http": "80", "https": "443", "socks5": "1080", "socks5h": "1080"}

// proxyTarget returns the "host:port" that the transport will dial for a proxy.
func proxyTarget(u *url.URL) (string, error) {
	if u == nil {
		return "", nil
	}
	port, ok := proxyPorts[u.Scheme]
	if !ok {
		return "", fault.New(fault.Invalid, "outgoing.New", "outgoing.proxy")
	}
	if u.Port() != "" {
		port = u.Port()
	}
	host, _, n, err := splitTarget(u.Hostname() + ":" + port)
	if strings.Contains(u.Hostname(), ":") {
		host, _, n, err = splitTarget("[" + u.Hostname() + "]:" + port)
	}
	if err != nil {
		return "", fault.Wrap(err, fault.Invalid, "outgoing.New", "outgoing.proxy")
	}
	return target(host, n), nil
}

// proxyFor is the transport's Proxy: the configured one for strangers and accounts, none for what the
// operator named. The environment is not asked.
func (w *wire) proxyFor(req *http.Request) (*url.URL, error) {
	if !w.proxied(req.URL) {
		return nil, nil
	}
	return w.door.cfg.Proxy, nil
}

func (w *wire) proxied(u *url.URL) bool {
	if w.door.proxy == "" || w.kind == Operator || w.kind == Self {
		return false
	}
	host, _, port, err := splitTarget(withPort(u))
	return err != nil || !w.door.allow.has(host, port)
}

func withPort(u *url.URL) string {
	switch {
	case u.Port() != "":
		return u.Host
	case u.Scheme == "https":
		return u.Host + ":443"
	}
	return u.Host + ":80"
}

// judgeForProxy resolves a host and judges every address, since the proxy may choose any of them.
func (d *Door) judgeForProxy(ctx context.Context, host string) error {
	ctx, cancel := context.WithTimeout(ctx, d.limits.dial)
	defer cancel()
	addrs, err := d.resolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return err
	}
	for _, a := range addrs {
		if err := d.judge(a); err != nil {
			return err
		}
	}
	return nil
}

// ProxyEnvironment returns the names of the proxy settings in an environment ("NAME=value" each), which
// the door ignores: to be told at the start of the program.
func ProxyEnvironment(environ []string) []string {
	var names []string
	for _, e := range environ {
		name, value, _ := strings.Cut(e, "=")
		switch strings.ToUpper(name) {
		case "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY":
			if value != "" {
				names = append(names, name)
			}
		}
	}
	return names
}
