package websocket_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	xws "golang.org/x/net/websocket"

	"comptoir/internal/network/websocket"
)

// serve is a server made by others that runs f on each connection.
func serve(t *testing.T, f func(*xws.Conn)) string {
	t.Helper()
	s := httptest.NewServer(xws.Server{Handler: f})
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "http", "ws", 1)
}

// raw is a server that opens a WebSocket and sends these bytes; told is what it hears.
func raw(t *testing.T, sent string) (address string, told chan []byte) {
	t.Helper()
	told = make(chan []byte, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, buffered, err := w.(http.Hijacker).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		defer conn.Close()
		answer := http.Response{StatusCode: 101, ProtoMajor: 1, ProtoMinor: 1, Header: http.Header{"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Accept": {websocket.Accept(r.Header.Get("Sec-WebSocket-Key"))}}}
		answer.Write(conn)
		io.WriteString(conn, sent)
		hear(conn, buffered.Reader, told)
	}))
	t.Cleanup(s.Close)
	return s.URL, told
}

func hear(conn net.Conn, in *bufio.Reader, told chan []byte) {
	conn.SetReadDeadline(time.Now().Add(time.Second))
	b := make([]byte, 64)
	n, _ := in.Read(b)
	told <- b[:n]
}

func open(t *testing.T, address string) *websocket.Conn {
	t.Helper()
	c, err := websocket.Open(t.Context(), http.DefaultClient, address, nil, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestMessagesAreReadAsTheyAreSent(t *testing.T) {
	want := []string{"", "été", strings.Repeat("x", 125), strings.Repeat("y", 126), strings.Repeat("z", 1<<16), strings.Repeat("é", 1<<19)}
	c := open(t, serve(t, func(ws *xws.Conn) {
		for _, s := range want {
			xws.Message.Send(ws, s)
		}
	}))
	for _, s := range want {
		if got, err := c.Read(); err != nil || string(got) != s {
			t.Fatalf("read %d bytes, %v; want %d", len(got), err, len(s))
		}
	}
	if _, err := c.Read(); err != io.EOF {
		t.Errorf("at the end: %v", err)
	}
}

func TestAMessageInPiecesIsOneAndAPingIsAnswered(t *testing.T) {
	address, told := raw(t, "\x01\x03on \x89\x02hi\x8a\x00\x00\x01a\x80\x05 faim")
	if got, err := open(t, address).Read(); err != nil || string(got) != "on a faim" {
		t.Errorf("%q, %v", got, err)
	}
	answer := <-told
	if len(answer) != 8 || answer[0] != 0x8a || answer[1] != 0x82 || string([]byte{answer[6] ^ answer[2], answer[7] ^ answer[3]}) != "hi" {
		t.Errorf("answered % x", answer)
	}
}

func TestWhatNoServerSendsEndsTheConnection(t *testing.T) {
	for name, sent := range map[string]string{
		"masked": "\x81\x81aaaaa", "reserved": "\xc1\x00", "unknown": "\x83\x00", "a long ping": "\x89\x7e\x00\x80" + strings.Repeat("x", 128), "a ping in pieces": "\x09\x00",
		"a piece of nothing": "\x80\x00", "a message in a message": "\x01\x00\x81\x00", "too long": "\x81\x7f\x00\x00\x00\x00\x7f\xff\xff\xff", "longer than there are": "\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff",
		"too long together": "\x01\x7f" + string(binary.BigEndian.AppendUint64(nil, 1<<20)) + strings.Repeat("x", 1<<20) + "\x80\x01x",
		"cut in its head":   "\x81", "cut in its length": "\x81\x7e\x00", "cut": "\x81\x05on",
	} {
		address, _ := raw(t, sent)
		if got, err := open(t, address).Read(); err == nil || err == io.EOF {
			t.Errorf("%s: read %d bytes, %v", name, len(got), err)
		}
	}
}

func TestAServerThatOpensNoneIsTold(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	_, err := websocket.Open(t.Context(), http.DefaultClient, s.URL, nil, 100)
	if refused, ok := errors.AsType[*websocket.Refused](err); !ok || refused.Response.StatusCode != http.StatusNotFound {
		t.Errorf("%v", err)
	}
}

func TestReadingEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	address := serve(t, func(ws *xws.Conn) { io.Copy(io.Discard, ws) })
	c, err := websocket.Open(ctx, http.DefaultClient, address, nil, 100)
	if err != nil {
		t.Fatal(err)
	}
	time.AfterFunc(50*time.Millisecond, cancel)
	start := time.Now()
	if _, err := c.Read(); err == nil || time.Since(start) > time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}
