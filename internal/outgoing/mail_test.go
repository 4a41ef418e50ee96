package outgoing

import (
	"bufio"
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"
	"time"

	"comptoir/internal/fault"
)

// mailServer greets, with TLS from the first byte or after the line STARTTLS.
func mailServer(t *testing.T, conf *tls.Config, implicit bool) string {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				if !implicit {
					if line, _ := bufio.NewReader(c).ReadString('\n'); line != "STARTTLS\n" {
						return
					}
					io.WriteString(c, "ready\n")
				}
				io.WriteString(tls.Server(c, conf), "220 bonjour\r\n")
			}()
		}
	}()
	return l.Addr().String()
}

func certified(t *testing.T) (*tls.Config, Config) {
	t.Helper()
	s, roots := serveTLS(t, nil) // for its certificate: 127.0.0.1, ::1, example.com
	return &tls.Config{Certificates: s.TLS.Certificates}, Config{Allow: everywhere, RootCAs: roots}
}

func greeting(t *testing.T, c net.Conn, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if line, err := bufio.NewReader(c).ReadString('\n'); line != "220 bonjour\r\n" {
		t.Errorf("%q %v", line, err)
	}
}

func TestAMailServerIsReachedWithTLSFromTheStartOrLater(t *testing.T) {
	server, cfg := certified(t)
	d := open(t, cfg)
	w := d.Account("a")
	addr := mailServer(t, server, true)
	c, err := w.DialTLS(t.Context(), "tcp", addr)
	greeting(t, c, err)

	plain, err := w.Dial(t.Context(), "tcp", mailServer(t, server, false))
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(plain, "STARTTLS\n")
	if _, err := io.ReadFull(plain, make([]byte, len("ready\n"))); err != nil {
		t.Fatal(err)
	}
	c, err = w.StartTLS(t.Context(), plain, "example.com")
	greeting(t, c, err)

	raw, err := w.Dial(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.StartTLS(t.Context(), raw, "autre.example")
	wantFault(t, err, fault.Unavailable, "outgoing.certificate")
	if _, err := raw.Write([]byte("x")); err == nil {
		t.Error("a connection with a wrong certificate stays open")
	}
}

func TestACertificateThatNobodySignedIsRefused(t *testing.T) {
	server, _ := certified(t)
	d := open(t, Config{Allow: everywhere})
	_, err := d.Account("a").DialTLS(t.Context(), "tcp", mailServer(t, server, true))
	wantFault(t, err, fault.Unavailable, "outgoing.certificate")

	s, _ := serveTLS(t, nil)
	_, err = d.Stranger().Get(s.URL)
	wantFault(t, err, fault.Unavailable, "outgoing.certificate")
}

func TestASilentHandshakeEnds(t *testing.T) {
	l := quick()
	l.tls = 50 * time.Millisecond
	d := openWith(t, Config{Allow: everywhere}, l)
	_, err := d.Account("a").DialTLS(t.Context(), "tcp", hang(t, ""))
	wantFault(t, err, fault.Unavailable, "outgoing.slow")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := d.Account("a").Dial(ctx, "tcp", hang(t, "")); fault.CodeOf(err) != fault.Unavailable {
		t.Errorf("after the caller gave up: %v", err)
	}
}

func TestMailGoesToMailPortsOnly(t *testing.T) {
	resolver, _ := resolve(t, map[string][][]string{"mail.example": {{"8.8.8.8"}}})
	d := open(t, Config{Resolver: resolver})
	seen := record(d)
	w := d.Account("a")
	for _, p := range []string{"25", "465", "587", "143", "993"} {
		_, err := w.Dial(t.Context(), "tcp", "mail.example:"+p)
		wantFault(t, err, fault.Unavailable, "outgoing.unreached") // by the recorder
	}
	if n := len(seen.all()); n != 5 {
		t.Errorf("%d connections, want 5", n)
	}
	for _, p := range []string{"80", "22", "6379", "0", "65536", "imap", ""} {
		_, err := w.Dial(t.Context(), "tcp", "mail.example:"+p)
		wantFault(t, err, fault.Invalid, "outgoing.refused")
	}
	if n := len(seen.all()); n != 5 {
		t.Errorf("%d connections, want no more than 5", n)
	}
}

func TestTheOperatorReachesThePrivateNetwork(t *testing.T) {
	tr := listen(t)
	d := open(t, Config{})
	c, err := d.Operator().Dial(t.Context(), "tcp", tr.addr)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	_, err = d.Operator().Dial(t.Context(), "tcp", "169.254.169.254:80")
	wantFault(t, err, fault.Invalid, "outgoing.refused")
}
