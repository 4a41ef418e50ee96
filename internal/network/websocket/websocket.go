// Package websocket reads what a server sends over a WebSocket (RFC 6455), through whatever HTTP client it is given: so
// the address is judged where every address is. It is a client's half, of the little that streams of networks need.
package websocket

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Conn is an open connection. One goroutine reads; Close may come from any.
type Conn struct {
	raw    io.ReadWriteCloser
	in     *bufio.Reader
	limit  int64
	closed sync.Once
	stop   func() bool
}

// Refused is the answer of a server that opens no WebSocket.
type Refused struct{ Response *http.Response }

func (r *Refused) Error() string { return "no WebSocket: " + r.Response.Status }

const (
	continued = 0x0
	text      = 0x1
	binaries  = 0x2
	closing   = 0x8
	ping      = 0x9
	pong      = 0xa
)

// Open opens a WebSocket at an address (https or wss), until ctx ends. Messages have at most limit bytes.
func Open(ctx context.Context, client *http.Client, address string, header http.Header, limit int64) (*Conn, error) {
	if rest, ok := strings.CutPrefix(address, "ws"); ok { // ws, wss
		address = "http" + rest
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	for name, values := range header {
		req.Header[name] = values
	}
	nonce := make([]byte, 16)
	rand.Read(nonce)
	key := base64.StdEncoding.EncodeToString(nonce)
	for name, value := range map[string]string{"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": key} {
		req.Header.Set(name, value)
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	raw, ok := resp.Body.(io.ReadWriteCloser)
	if resp.StatusCode != http.StatusSwitchingProtocols || !ok || resp.Header.Get("Sec-WebSocket-Accept") != accept(key) {
		return nil, &Refused{resp}
	}
	c := &Conn{raw: raw, in: bufio.NewReader(raw), limit: limit}
	c.stop = context.AfterFunc(ctx, func() { raw.Close() })
	return c, nil
}

// accept is what a server answers that has understood.
func accept(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// Close ends the connection. It does not wait for the server.
func (c *Conn) Close() error {
	var err error
	c.closed.Do(func() {
		c.stop()
		c.write(closing, nil)
		err = c.raw.Close()
	})
	return err
}

// Read returns the next message, io.EOF when the server has closed.
func (c *Conn) Read() ([]byte, error) {
	var message []byte
	for begun := false; ; {
		final, kind, payload, err := c.frame(c.limit - int64(len(message)))
		if err != nil {
			return nil, err
		}
		switch kind {
		case ping:
			if err := c.write(pong, payload); err != nil {
				return nil, err
			}
			continue
		case pong:
			continue
		case closing:
			return nil, io.EOF
		case text, binaries, continued:
			if begun == (kind != continued) {
				return nil, errors.New("websocket: a message within a message")
			}
		default:
			return nil, fmt.Errorf("websocket: a frame of kind %d", kind)
		}
		message, begun = append(message, payload...), true
		if final {
			return message, nil
		}
	}
}

// frame reads one frame of at most so many bytes.
func (c *Conn) frame(most int64) (final bool, kind byte, payload []byte, err error) {
	var head [2]byte
	if _, err = io.ReadFull(c.in, head[:]); err != nil {
		return false, 0, nil, err
	}
	final, kind = head[0]&0x80 != 0, head[0]&0x0f
	n := int64(head[1])
	var long [8]byte
	switch n {
	case 126:
		_, err = io.ReadFull(c.in, long[6:])
		n = int64(binary.BigEndian.Uint64(long[:]))
	case 127:
		_, err = io.ReadFull(c.in, long[:])
		n = int64(binary.BigEndian.Uint64(long[:]))
	}
	switch {
	case err != nil:
		return false, 0, nil, unexpected(err)
	case head[0]&0x70 != 0 || head[1]&0x80 != 0:
		return false, 0, nil, errors.New("websocket: a frame that no server sends")
	case kind >= closing && (n > 125 || !final):
		return false, 0, nil, errors.New("websocket: a control frame that is too long")
	case kind < closing && (n < 0 || n > most):
		return false, 0, nil, errors.New("websocket: a message that is too long")
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(c.in, payload)
	return final, kind, payload, unexpected(err)
}

// unexpected is for what ends within a frame.
func unexpected(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// write sends one short frame; what a client sends is masked.
func (c *Conn) write(kind byte, payload []byte) error {
	frame := []byte{0x80 | kind, 0x80 | byte(len(payload)), 0, 0, 0, 0}
	mask := frame[2:6]
	rand.Read(mask)
	for i, b := range payload {
		frame = append(frame, b^mask[i%4])
	}
	_, err := c.raw.Write(frame)
	return err
}
