package email

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"comptoir/internal/fault"
)

// world is what a domain answers: pages by URL without their query, SRV records by service, exchangers.
type world struct {
	pages map[string]string
	srv   map[string]net.SRV
	mx    string
	hang  bool
}

func (w *world) RoundTrip(req *http.Request) (*http.Response, error) {
	if w.hang {
		<-req.Context().Done()
		return nil, req.Context().Err()
	}
	body, ok := w.pages["https://"+req.URL.Host+req.URL.Path]
	if !ok {
		return nil, errors.New("no such host")
	}
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(body)), Header: http.Header{}, Request: req}, nil
}

func (w *world) LookupSRV(_ context.Context, service, _, _ string) (string, []*net.SRV, error) {
	if s, ok := w.srv[service]; ok {
		return "", []*net.SRV{&s}, nil
	}
	return "", nil, &net.DNSError{IsNotFound: true}
}

func (w *world) LookupMX(context.Context, string) ([]*net.MX, error) {
	if w.mx == "" {
		return nil, &net.DNSError{IsNotFound: true}
	}
	return []*net.MX{{Host: w.mx}}, nil
}

const page = `<?xml version="1.0"?><clientConfig version="1.1"><emailProvider id="x">
<incomingServer type="pop3"><hostname>pop.x.example</hostname><port>995</port><socketType>SSL</socketType></incomingServer>
<incomingServer type="imap"><hostname>plain.x.example</hostname><port>143</port><socketType>plain</socketType><username>%EMAILADDRESS%</username></incomingServer>
<incomingServer type="imap"><hostname>mail.x.example</hostname><port>143</port><socketType>STARTTLS</socketType><authentication>password-cleartext</authentication><username>%EMAILLOCALPART%</username></incomingServer>
<outgoingServer type="smtp"><hostname>oauth.x.example</hostname><port>465</port><socketType>SSL</socketType><authentication>OAuth2</authentication></outgoingServer>
<outgoingServer type="smtp"><hostname>out.x.example</hostname><port>465</port><socketType>SSL</socketType><username>%EMAILADDRESS%</username></outgoingServer>
</emailProvider></clientConfig>`

func TestSettingsAreProposedFromTheAddress(t *testing.T) {
	wellKnown := "https://lezinc.example/.well-known/autoconfig/mail/config-v1.1.xml"
	sub := "https://autoconfig.lezinc.example/mail/config-v1.1.xml"
	srv := map[string]net.SRV{"imaps": {Target: "imap.srv.example.", Port: 993}, "submission": {Target: "smtp.srv.example.", Port: 587}}
	for _, c := range []struct {
		name, address string
		world         world
		source        Source
		imap, smtp    string
		user, note    string
	}{
		{"a large service", "Zinc@Gmail.com", world{}, FromProvider, "tls imap.gmail.com:993", "tls smtp.gmail.com:465", "Zinc@gmail.com", NoteAppPassword},
		{"one that signs in without a domain", "zinc@free.fr", world{}, FromProvider, "tls imap.free.fr:993", "tls smtp.free.fr:465", "zinc", ""},
		{"a domain hosted by one", "bonjour@lezinc.example", world{mx: "aspmx.l.Google.com."}, FromProvider, "tls imap.gmail.com:993", "tls smtp.gmail.com:465", "bonjour@lezinc.example", NoteAppPassword},
		{"a name that only ends like one", "bonjour@lezinc.example", world{mx: "evilgoogle.com."}, FromGuess, "tls imap.lezinc.example:993", "tls smtp.lezinc.example:465", "bonjour@lezinc.example", ""},
		{"autoconfig", "bonjour@lezinc.example", world{pages: map[string]string{sub: page}, srv: srv}, FromAutoconfig, "starttls mail.x.example:143", "tls out.x.example:465", "bonjour", ""},
		{"autoconfig at the well-known place", "bonjour@lezinc.example", world{pages: map[string]string{wellKnown: page}, mx: "aspmx.l.google.com."}, FromAutoconfig, "starttls mail.x.example:143", "tls out.x.example:465", "bonjour", ""},
		{"SRV", "bonjour@lezinc.example", world{srv: srv}, FromSRV, "tls imap.srv.example:993", "starttls smtp.srv.example:587", "bonjour@lezinc.example", ""},
		{"SRV that says there is none", "bonjour@lezinc.example", world{srv: map[string]net.SRV{"imaps": {Target: ".", Port: 0}}}, FromGuess, "tls imap.lezinc.example:993", "tls smtp.lezinc.example:465", "bonjour@lezinc.example", ""},
		{"a page that is not one", "bonjour@lezinc.example", world{pages: map[string]string{sub: "<html><body>404", wellKnown: `<!DOCTYPE x [<!ENTITY a "imap.evil.example">]>` + strings.Replace(page, "mail.x.example", "&a;", 1)}}, FromGuess, "tls imap.lezinc.example:993", "tls smtp.lezinc.example:465", "bonjour@lezinc.example", ""},
		{"a page without an end", "bonjour@lezinc.example", world{pages: map[string]string{sub: "<clientConfig>" + strings.Repeat("<a>", 1<<20)}}, FromGuess, "tls imap.lezinc.example:993", "tls smtp.lezinc.example:465", "bonjour@lezinc.example", ""},
		{"nobody answers", "bonjour@lezinc.example", world{}, FromGuess, "tls imap.lezinc.example:993", "tls smtp.lezinc.example:465", "bonjour@lezinc.example", ""},
		{"a domain with accents", "bonjour@café.example", world{}, FromGuess, "tls imap.xn--caf-dma.example:993", "tls smtp.xn--caf-dma.example:465", "bonjour@xn--caf-dma.example", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d, err := Discover(t.Context(), c.address, &http.Client{Transport: &c.world}, &c.world)
			if err != nil {
				t.Fatal(err)
			}
			e := d.Endpoint
			if d.Source != c.source || string(e.IMAP.Security)+" "+e.IMAP.addr() != c.imap || string(e.SMTP.Security)+" "+e.SMTP.addr() != c.smtp || e.IMAP.User != c.user || d.Note != c.note {
				t.Errorf("%+v", d)
			}
			if _, err := ParseEndpoint(e.String()); err != nil {
				t.Errorf("the proposal is refused: %v", err)
			}
		})
	}
	for _, bad := range []string{"", "zinc", "@x.example", "a@", "a@127.0.0.1", "a@[::1]", "a b@x.example", "a@x.example/../y", "a@b@c.example", "a\r\n@x.example"} {
		if _, err := Discover(t.Context(), bad, nil, &world{}); !fault.Is(err, fault.Invalid) {
			t.Errorf("Discover(%q) = %v, want Invalid", bad, err)
		}
	}
}

func TestDiscoveryEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	w := &world{hang: true}
	d, err := Discover(ctx, "a@x.example", &http.Client{Transport: w}, w)
	if err != nil || d.Source != FromGuess || time.Since(start) > time.Second {
		t.Errorf("after %v: %+v, %v", time.Since(start), d, err)
	}
}

func FuzzAutoconfig(f *testing.F) {
	f.Add(page)
	f.Add("<clientConfig><emailProvider>")
	f.Fuzz(func(t *testing.T, s string) {
		e, ok := parseAutoconfig(strings.NewReader(s), "a@x.example")
		if !ok {
			return
		}
		if _, err := ParseEndpoint(e.String()); err != nil {
			t.Errorf("%+v: %v", e, err)
		}
	})
}
