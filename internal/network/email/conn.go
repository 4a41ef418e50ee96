package email

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"comptoir/internal/fault/point"
	"comptoir/internal/network"
)

var (
	// errTooMuch ends a connection whose server says more than anything we asked for can need.
	errTooMuch = errors.New("the server sends more than it should")
	// What a person can do something about: another port, another kind of encryption.
	errForeign    = errors.New("whoever answers speaks another protocol")
	errNoStartTLS = errors.New("the server does not offer STARTTLS")
	errNoPassword = errors.New("the server offers no way to sign in with a password")
)

// conn is a connection with the driver's own limits. It ends with its context.
type conn struct {
	net.Conn
	left int64 // bytes that may still be read; only the reading goroutine uses it
	// head is read before anything of the server's: the greeting that was already consumed by STARTTLS.
	head []byte
	said []byte // the first bytes that the server said, a few; settled once reading has ended
	// data is set while the content of a mail is written; tail is what Write then holds back. dotted
	// becomes true just before the end mark leaves: from then on the server may have accepted the mail.
	data, dotted bool
	tail         []byte
	leaving      func() error // asked before the end mark leaves
	release      func() bool
}

// connect opens the connection to s as s.Security asks, with starttls as the dialogue that asks for it.
// The connection closes when ctx ends, which unblocks whatever waits for it.
func connect(ctx context.Context, w network.Wire, s Server, maxRead int64, starttls func(net.Conn) error) (*conn, error) {
	dial := w.Dial
	if s.Security == TLS {
		dial = w.DialTLS
	}
	if dial == nil {
		return nil, errors.New("this wire cannot dial")
	}
	raw, err := dial(ctx, "tcp", s.addr())
	if err != nil {
		return nil, err
	}
	c := &conn{left: maxRead, Conn: raw}
	c.release = context.AfterFunc(ctx, func() { raw.Close() })
	if s.Security != StartTLS {
		return c, nil
	}
	if err := starttls(raw); err != nil {
		c.Close()
		return nil, fmt.Errorf("starttls: %w", err)
	}
	secure, err := w.StartTLS(ctx, raw, s.Host)
	if err != nil {
		c.Close()
		return nil, err
	}
	c.Conn = secure
	return c, nil
}

func (c *conn) Close() error {
	c.release()
	return c.Conn.Close()
}

func (c *conn) Read(p []byte) (int, error) {
	if len(c.head) > 0 {
		n := copy(p, c.head)
		c.head = c.head[n:]
		return n, nil
	}
	if c.left <= 0 {
		return 0, errTooMuch
	}
	if int64(len(p)) > c.left {
		p = p[:c.left]
	}
	n, err := c.Conn.Read(p)
	c.left -= int64(n)
	c.said = append(c.said, p[:min(n, 4-len(c.said))]...)
	return n, err
}

// beganAs tells whether what the server said first can be the beginning of such words.
func (c *conn) beganAs(words string) bool {
	n := min(len(words), len(c.said))
	return string(c.said[:n]) == words[:n]
}

// endOfMail cannot occur within a mail: a line that begins with a dot gets a second one.
var endOfMail = []byte("\r\n.\r\n")

// Write sends the end mark of a mail by itself, after everything before it has left. So a connection that
// breaks earlier proves that the server never had the whole mail.
func (c *conn) Write(p []byte) (int, error) {
	if !c.data {
		return c.Conn.Write(p)
	}
	all := append(c.tail, p...)
	ready := max(0, len(all)-len(endOfMail)+1)
	ended := bytes.HasSuffix(all, endOfMail)
	if ended {
		ready = len(all) - len(".\r\n")
	}
	if _, err := c.Conn.Write(all[:ready]); err != nil {
		return 0, err
	}
	if ready > 0 {
		point.Reached(point.SendPart)
	}
	c.tail = append([]byte(nil), all[ready:]...)
	if ended {
		if err := c.leaving(); err != nil {
			return 0, err
		}
		c.dotted, c.data = true, false
		if _, err := c.Conn.Write(c.tail); err != nil {
			return 0, err
		}
		point.Reached(point.SendEnded)
	}
	return len(p), nil
}

// readLine reads one line byte by byte, so that nothing behind it is consumed: what a man in the middle adds
// to a plain answer then breaks the handshake instead of being believed after it.
func readLine(r io.Reader) (string, error) {
	var b strings.Builder
	one := make([]byte, 1)
	for b.Len() < 4096 {
		if _, err := io.ReadFull(r, one); err != nil {
			return "", err
		}
		if one[0] == '\n' {
			return strings.TrimRight(b.String(), "\r"), nil
		}
		b.WriteByte(one[0])
	}
	return "", bufio.ErrTooLong
}
