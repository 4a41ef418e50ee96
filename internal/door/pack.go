package door

import (
	"compress/gzip"
	"crypto/rand"
	"io"
	"net/http"
	"strings"
	"sync"
)

// Packs tells whether a browser takes gzip.
func Packs(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		name, weight, _ := strings.Cut(part, ";")
		if strings.TrimSpace(name) == "gzip" {
			return strings.Trim(strings.TrimPrefix(strings.TrimSpace(weight), "q="), "0.") != "" || weight == ""
		}
	}
	return false
}

// packers are used again: each has tables of half a megabyte.
var packers = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(io.Discard, gzip.BestSpeed) // the level is one that there is
	return z
}}

// pack has the body compressed from here on, when it is a page or data. Files come as they are.
func (a *answer) pack() {
	h := a.Header()
	kind, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	if kind != "text/html" && kind != "application/json" || h.Get("Content-Encoding") != "" {
		return
	}
	h.Add("Vary", "Accept-Encoding")
	if !a.packs || a.status == http.StatusNoContent || a.status == http.StatusNotModified {
		return
	}
	h.Set("Content-Encoding", "gzip")
	h.Del("Content-Length")
	a.packer = packers.Get().(*gzip.Writer)
	a.packer.Reset(a.ResponseWriter)
	a.packer.Name = blur()
}

// blur is put where the format has room for a name, and makes the length of a packed page say nothing exact:
// who makes a member search for a guess and listens on the line cannot tell whether the guess was on the page.
func blur() string {
	b := make([]byte, 1)
	rand.Read(b)
	return strings.Repeat("x", int(b[0])%97)
}

// finish sends what is still in the packer.
func (a *answer) finish() {
	if a.packer != nil {
		a.packer.Close() // the browser is gone, or has everything
		packers.Put(a.packer)
		a.packer = nil
	}
}
