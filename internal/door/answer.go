package door

import (
	"bufio"
	"compress/gzip"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"net"
	"net/http"
	"runtime"
	"time"
)

// answer remembers whether and how a handler answered, and packs pages.
type answer struct {
	http.ResponseWriter
	packs  bool // the browser takes gzip
	status int
	packer *gzip.Writer // of the body, nil when it goes out as it is
}

func (a *answer) WriteHeader(status int) {
	if a.status == 0 && status >= 200 {
		a.status = status
		a.pack()
	}
	a.ResponseWriter.WriteHeader(status)
}

func (a *answer) Write(b []byte) (int, error) {
	if a.status == 0 {
		a.WriteHeader(http.StatusOK)
	}
	_ = http.NewResponseController(a.ResponseWriter).SetWriteDeadline(time.Now().Add(patience)) // its own error shows in the write
	if a.packer != nil {
		return a.packer.Write(b)
	}
	return a.ResponseWriter.Write(b)
}

// Hijack hands the connection to a stream, which answers by itself.
func (a *answer) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(a.ResponseWriter).Hijack()
	if err == nil {
		a.status = http.StatusOK
	}
	return conn, rw, err
}

// Unwrap lets http.ResponseController reach the connection.
func (a *answer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// reference names a request: short enough to be read over the telephone.
func reference() string {
	b := make([]byte, 5)
	rand.Read(b)
	return base32.StdEncoding.EncodeToString(b)
}

type panicked struct {
	value any
	stack []byte
}

// Error tells where, and what kind of thing was thrown. What it says is told only of the runtime's own errors: any
// other may quote what somebody sent.
func (p panicked) Error() string {
	what := fmt.Sprintf("%T", p.value)
	if e, ok := p.value.(runtime.Error); ok {
		what = e.Error()
	}
	return fmt.Sprintf("panic: %s\n%s", what, p.stack)
}

func equal(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
