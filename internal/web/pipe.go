package web

import (
	"bytes"
	"net"
	"net/http"
	"time"
)

// streamWrite is how long one event may take, or two thirds of it: a slower reader is cut, and resumes by number.
const streamWrite = 15 * time.Second

// pipe is a connection that a stream took over from the HTTP server, to let go of the server's buffers and of a
// goroutine with all that stands on its stack.
type pipe struct {
	conn   net.Conn
	armed  time.Time // when the deadline of writing was last moved
	head   []byte    // what a body begins with
	pause  []byte    // a comment: sent first, and when nothing happens
	reload []byte    // a named event becomes a DOM event: the page loads itself anew, or lands on the sign-in page
}

// What streams begin with, as they are and packed. A gzip body opens with its kind: no name, no time, any system.
var (
	plain   = pipe{pause: []byte(": \n\n"), reload: []byte("event: reload\ndata: \n\n")}
	gzipped = pipe{head: []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff}, pause: pack(plain.pause), reload: pack(plain.reload)}
)

// takeOver sends the head of the answer. The answer ends with the connection.
func (p *pipe) takeOver(w http.ResponseWriter) error {
	h := w.Header().Clone()
	h.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	h.Set("Connection", "close")
	b := bytes.NewBufferString("HTTP/1.1 200 OK\r\n")
	if err := h.Write(b); err != nil {
		return err
	}
	b.WriteString("\r\n")
	b.Write(p.head)
	b.Write(p.pause)
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return err
	}
	p.conn, p.head = conn, nil
	_ = conn.SetReadDeadline(time.Time{})
	_ = p.write(b.Bytes()) // who is gone already is noticed by watch
	return nil
}

func (p *pipe) write(b []byte) error {
	if len(b) == 0 {
		b = p.pause
	}
	// Moving the deadline costs a tenth of the write, so it is moved a few times a minute.
	if now := time.Now(); now.Sub(p.armed) > streamWrite/3 {
		p.armed = now
		_ = p.conn.SetWriteDeadline(now.Add(streamWrite)) // an error of its own shows in the write
	}
	_, err := p.conn.Write(b)
	return err
}

// watch waits for the browser to go away. It has nothing more to say.
func (p *pipe) watch(gone func()) {
	var b [1]byte
	_, _ = p.conn.Read(b[:])
	gone()
}
