package blueskytest

import (
	"bytes"
	"crypto/sha1"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"sync"
)

// Jetstream is a server that tells what is posted anywhere. Its methods may be called from any goroutine.
type Jetstream struct {
	*httptest.Server

	mu     sync.Mutex
	events [][]byte // as they go over the wire, in order
	more   chan struct{}
	asked  []string // the queries, in order
	drop   int      // how many events until connections break, 0 = never
}

// StartJetstream starts a server that has told of these events. Close ends it.
func StartJetstream(events ...[]byte) *Jetstream {
	j := &Jetstream{events: events, more: make(chan struct{})}
	j.Server = httptest.NewServer(http.HandlerFunc(j.subscribe))
	return j
}

// Tell tells of one more event.
func (j *Jetstream) Tell(event []byte) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.events = append(j.events, event)
	close(j.more)
	j.more = make(chan struct{})
}

// DropAfter breaks each connection after so many events.
func (j *Jetstream) DropAfter(n int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.drop = n
}

// Asked are the queries of those who came.
func (j *Jetstream) Asked() []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return slices.Clone(j.asked)
}

func (j *Jetstream) subscribe(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	for name := range q {
		if !slices.Contains([]string{"wantedCollections", "wantedDids", "cursor", "maxMessageSizeBytes", "compress", "requireHello"}, name) {
			write(w, http.StatusBadRequest, no("InvalidRequest", "unknown parameter %s", name))
			return
		}
	}
	conn, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer conn.Close()
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	fmt.Fprintf(conn, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", base64.StdEncoding.EncodeToString(sum[:]))
	gone := make(chan struct{})
	go func() { io.Copy(io.Discard, conn); close(gone) }()
	j.mu.Lock()
	j.asked = append(j.asked, r.URL.RawQuery)
	at, left := 0, j.drop
	j.mu.Unlock()
	cursor, _ := strconv.ParseInt(q.Get("cursor"), 10, 64)
	for {
		j.mu.Lock()
		events, more := j.events[at:], j.more
		j.mu.Unlock()
		for _, e := range events {
			at++
			if !wanted(e, cursor, q["wantedCollections"]) {
				continue
			}
			if _, err := conn.Write(framed(e)); err != nil {
				return
			}
			if left--; left == 0 {
				return
			}
		}
		select {
		case <-more:
		case <-gone:
			return
		}
	}
}

// wanted tells whether somebody wants an event; those of accounts and names reach everybody.
func wanted(e []byte, cursor int64, collections []string) bool {
	var told struct {
		At     int64  `json:"time_us"`
		Kind   string `json:"kind"`
		Commit struct {
			Collection string `json:"collection"`
		} `json:"commit"`
	}
	if json.Unmarshal(bytes.TrimSpace(e), &told) != nil {
		return true // what cannot be read is told all the same
	}
	return told.At >= cursor && (told.Kind != "commit" || len(collections) == 0 || slices.Contains(collections, told.Commit.Collection))
}

// framed is an event as one text frame.
func framed(e []byte) []byte {
	e = bytes.TrimSpace(e)
	head := []byte{0x81, 127}
	return append(binary.BigEndian.AppendUint64(head, uint64(len(e))), e...)
}
