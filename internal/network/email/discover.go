package email

import (
	"context"
	"encoding/xml"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"golang.org/x/net/idna"

	"comptoir/internal/fault"
)

// Resolver asks the domain name system; *net.Resolver is one.
type Resolver interface {
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
}

// Source says who told the settings.
type Source string

const (
	FromProvider   Source = "provider"   // a table of large services
	FromAutoconfig Source = "autoconfig" // the domain's own page (Mozilla's format)
	FromSRV        Source = "srv"        // the domain's SRV records
	FromGuess      Source = "guess"      // nobody: usual names, to be corrected by hand
)

// Discovery is a proposal of settings for an address. It is always complete; testing it is Client.Profile's.
type Discovery struct {
	Endpoint Endpoint
	Source   Source
	// Note is the key of a sentence that the person should read first, "" = none.
	Note string
}

// maxAutoconfig is the most that is read of an autoconfig page, in bytes.
const maxAutoconfig = 256 << 10

// Discover proposes the settings of an address. It asks the domain with the given client, which should be
// the one for strangers, and resolver, for at most ten seconds in all. Only Invalid, for what is no address,
// is an error: where nobody answers, the proposal is a guess.
func Discover(ctx context.Context, address string, client *http.Client, r Resolver) (Discovery, error) {
	address = strings.TrimSpace(address)
	local, domain, ok := strings.Cut(address, "@")
	if ascii, err := idna.Lookup.ToASCII(domain); err == nil {
		domain = ascii
	}
	domain = strings.ToLower(domain)
	address = local + "@" + domain
	if !ok || !isAddress(address) || net.ParseIP(domain) != nil {
		return Discovery{}, fault.InvalidFields("email.Discover", fault.Field{Name: "address", Key: "email.field.address"})
	}
	if p := providerOf(domain); p != nil {
		return Discovery{p.endpoint(address), FromProvider, p.note}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	// All are asked at once; the surest answer wins, not the fastest.
	ways := []func() (Discovery, bool){
		func() (Discovery, bool) {
			return autoconfig(ctx, client, address, "https://autoconfig."+domain+"/mail/config-v1.1.xml")
		},
		func() (Discovery, bool) {
			return autoconfig(ctx, client, address, "https://"+domain+"/.well-known/autoconfig/mail/config-v1.1.xml")
		},
		func() (Discovery, bool) { return byExchanger(ctx, r, address, domain) },
		func() (Discovery, bool) { return bySRV(ctx, r, address, domain) },
	}
	answers := make([]chan *Discovery, len(ways))
	for i, way := range ways {
		answers[i] = make(chan *Discovery, 1)
		go func() {
			if d, ok := way(); ok {
				answers[i] <- &d
			}
			close(answers[i])
		}()
	}
	for _, a := range answers {
		select {
		case d := <-a:
			if d != nil {
				return *d, nil
			}
		case <-ctx.Done():
		}
	}
	return guess(address, domain), nil
}

func guess(address, domain string) Discovery {
	e := Endpoint{Address: address, IMAP: tlsAt("imap." + domain), SMTP: tlsSend("smtp." + domain)}
	e.IMAP.User, e.SMTP.User = address, address
	return Discovery{e, FromGuess, ""}
}

func byExchanger(ctx context.Context, r Resolver, address, domain string) (Discovery, bool) {
	list, err := r.LookupMX(ctx, domain)
	if err != nil {
		return Discovery{}, false
	}
	for _, mx := range list {
		if p := providerByExchanger(mx.Host); p != nil {
			return Discovery{p.endpoint(address), FromProvider, p.note}, true
		}
	}
	return Discovery{}, false
}

// bySRV follows RFC 6186 and 8314. A record for "." says that there is no such service.
func bySRV(ctx context.Context, r Resolver, address, domain string) (Discovery, bool) {
	find := func(tls, plain string) (Server, bool) {
		for _, s := range []struct {
			name string
			sec  Security
		}{{tls, TLS}, {plain, StartTLS}} {
			_, list, err := r.LookupSRV(ctx, s.name, "tcp", domain)
			if err != nil || len(list) == 0 {
				continue
			}
			host := strings.TrimSuffix(list[0].Target, ".")
			if isHost(host) && list[0].Port > 0 {
				return Server{Host: host, Port: int(list[0].Port), Security: s.sec, User: address}, true
			}
		}
		return Server{}, false
	}
	in, ok := find("imaps", "imap")
	if !ok {
		return Discovery{}, false
	}
	out, ok := find("submissions", "submission")
	if !ok {
		return Discovery{}, false
	}
	return Discovery{Endpoint{Address: address, IMAP: in, SMTP: out}, FromSRV, ""}, true
}

// autoconfig reads Mozilla's format. Only encrypted servers are taken from it.
func autoconfig(ctx context.Context, client *http.Client, address, page string) (Discovery, bool) {
	if client == nil {
		return Discovery{}, false
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, page+"?emailaddress="+url.QueryEscape(address), nil)
	if err != nil {
		return Discovery{}, false
	}
	req.Header.Set("Accept", "application/xml, text/xml")
	resp, err := client.Do(req)
	if err != nil {
		return Discovery{}, false
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return Discovery{}, false
	}
	e, ok := parseAutoconfig(io.LimitReader(resp.Body, maxAutoconfig), address)
	return Discovery{e, FromAutoconfig, ""}, ok
}

type autoconfigServer struct {
	Type       string   `xml:"type,attr"`
	Host       string   `xml:"hostname"`
	Port       int      `xml:"port"`
	SocketType string   `xml:"socketType"`
	User       string   `xml:"username"`
	Auth       []string `xml:"authentication"`
}

func parseAutoconfig(r io.Reader, address string) (Endpoint, bool) {
	var page struct {
		XMLName  xml.Name `xml:"clientConfig"`
		Provider []struct {
			Incoming []autoconfigServer `xml:"incomingServer"`
			Outgoing []autoconfigServer `xml:"outgoingServer"`
		} `xml:"emailProvider"`
	}
	d := xml.NewDecoder(r)
	d.Strict = true // unknown entities fail; encoding/xml reads no DTD and fetches nothing
	if err := d.Decode(&page); err != nil {
		return Endpoint{}, false
	}
	e := Endpoint{Address: address}
	for _, p := range page.Provider {
		in, okIn := choose(p.Incoming, "imap", address)
		out, okOut := choose(p.Outgoing, "smtp", address)
		if okIn && okOut {
			e.IMAP, e.SMTP = in, out
			return e, true
		}
	}
	return e, false
}

// choose takes the first server of a kind that is encrypted and takes a password, TLS before STARTTLS.
func choose(list []autoconfigServer, kind, address string) (Server, bool) {
	for _, s := range []struct {
		socket string
		sec    Security
	}{{"SSL", TLS}, {"STARTTLS", StartTLS}} {
		for _, c := range list {
			if c.Type != kind || c.SocketType != s.socket || !isHost(c.Host) || c.Port < 1 || c.Port > 65535 {
				continue
			}
			if len(c.Auth) > 0 && !slices.ContainsFunc(c.Auth, func(a string) bool { return strings.HasPrefix(a, "password") || a == "plain" }) {
				continue
			}
			return Server{Host: c.Host, Port: c.Port, Security: s.sec, User: fillIn(c.User, address)}, true
		}
	}
	return Server{}, false
}

func fillIn(user, address string) string {
	local, domain, _ := strings.Cut(address, "@")
	user = strings.NewReplacer("%EMAILADDRESS%", address, "%EMAILLOCALPART%", local, "%EMAILDOMAIN%", domain).Replace(strings.TrimSpace(user))
	if user == "" || strings.ContainsFunc(user, isControl) || len(user) > 255 {
		return address
	}
	return user
}
