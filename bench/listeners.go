package main

import (
	"bufio"
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// listeners are browsers that keep an event stream open: raw connections, one goroutine each, the same for our
// server and for the ceiling's, so that what they cost is the same too.
type listeners struct {
	conns   []net.Conn
	heard   [][]heard // by connection; each is written by its own goroutine, and read after close
	reading sync.WaitGroup
}

// heard is one event that arrived whole: the number that it carried, and when its last byte was there.
type heard struct {
	mark int64
	at   time.Time
}

// dialect is how a server's events look.
type dialect struct {
	end  string                   // the last bytes of each
	mark func(event []byte) int64 // the number that it carries, 0 = it is only a sign of life
}

// listen opens n streams; request is the one of stream i. Addresses of the loopback network stand for as many
// visitors' addresses: 200 streams come from each.
func listen(ctx context.Context, addr string, n int, request func(i int) string, d dialect) (*listeners, error) {
	l := &listeners{conns: make([]net.Conn, n), heard: make([][]heard, n)}
	errs := make(chan error, n)
	var opening sync.WaitGroup
	slots := make(chan struct{}, 64)
	for i := range n {
		slots <- struct{}{}
		opening.Go(func() {
			defer func() { <-slots }()
			in, err := l.open(ctx, addr, i, request(i))
			if err != nil {
				errs <- err
				return
			}
			l.reading.Go(func() { l.read(in, i, d) })
		})
	}
	opening.Wait()
	select {
	case err := <-errs:
		l.close()
		return nil, err
	default:
		return l, nil
	}
}

// open sends a request and reads the head of the answer.
func (l *listeners) open(ctx context.Context, addr string, i int, request string) (*bufio.Reader, error) {
	from := &net.TCPAddr{IP: net.IPv4(127, 0, byte(1+i/200/250), byte(2+i/200%250))}
	c, err := (&net.Dialer{LocalAddr: from, Timeout: time.Minute}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	l.conns[i] = c
	if _, err := fmt.Fprint(c, request); err != nil {
		return nil, err
	}
	in := bufio.NewReaderSize(c, 4096)
	for first := true; ; first = false {
		line, err := in.ReadSlice('\n')
		if err != nil {
			return nil, err
		}
		if first && !bytes.Contains(line, []byte(" 200 ")) {
			return nil, fmt.Errorf("a stream was answered %s", bytes.TrimSpace(line))
		}
		if len(bytes.TrimSpace(line)) == 0 {
			return in, nil
		}
	}
}

// read notes each event until the connection ends.
func (l *listeners) read(in io.Reader, i int, d dialect) {
	var pending []byte
	part := make([]byte, 2048)
	for {
		n, err := in.Read(part)
		if err != nil {
			return
		}
		pending = append(pending, part[:n]...)
		for {
			event, rest, whole := bytes.Cut(pending, []byte(d.end))
			if !whole {
				break
			}
			if mark := d.mark(event); mark != 0 {
				l.heard[i] = append(l.heard[i], heard{mark, time.Now()})
			}
			pending = append(pending[:0], rest...)
		}
	}
}

// close ends every stream and returns what each heard.
func (l *listeners) close() [][]heard {
	for _, c := range l.conns {
		if c != nil {
			c.Close()
		}
	}
	l.reading.Wait()
	return l.heard
}

// numberAfter reads the number behind a field's name, as in "id: 12"; 0 when there is none.
func numberAfter(event []byte, name string) int64 {
	_, rest, _ := bytes.Cut(event, []byte(name))
	after := bytes.TrimLeft(rest, "0123456789")
	n, _ := strconv.ParseInt(string(rest[:len(rest)-len(after)]), 10, 64)
	return n
}

// trivial is the dialect of the ceiling's server: events carry when they were sent, in nanoseconds.
var trivial = dialect{"\n\n", func(event []byte) int64 { return numberAfter(event, "data: ") }}

// packed is our dialect as browsers ask for it. Every stream gets the same bytes, so the first who hears an
// event unpacks it for all: ten thousand real browsers would each have a processor of their own.
func packed() dialect {
	var mu sync.Mutex
	seen := map[string]int64{}
	return dialect{"\x00\x00\xff\xff", func(event []byte) int64 {
		mu.Lock()
		defer mu.Unlock()
		n, known := seen[string(event)]
		if !known {
			text, _ := io.ReadAll(flate.NewReader(bytes.NewReader(event))) // it ends without an end: the stream goes on
			n = numberAfter(text, "id: ")
			seen[string(event)] = n
		}
		return n
	}}
}
