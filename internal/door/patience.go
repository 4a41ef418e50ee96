package door

import (
	"errors"
	"io"
	"net/http"
	"time"
)

// patience is how long a visitor may say nothing while they send, or take nothing while they read. A request of the
// usual size must be there within it whole; a large one keeps to pace.
var patience = 30 * time.Second

// pace is the slowest that a large request may come, bytes a second: slower than any phone that still works.
const pace = 1 << 10

// paced lets a large body take its time, as long as it comes.
type paced struct {
	io.ReadCloser
	ctl   *http.ResponseController
	began time.Time
	read  int64
}

func (p *paced) Read(b []byte) (int, error) {
	left := patience + time.Duration(p.read)*time.Second/pace - time.Since(p.began)
	if left <= 0 {
		return 0, errSlow
	}
	_ = p.ctl.SetReadDeadline(time.Now().Add(min(left, patience))) // its own error shows in the read
	n, err := p.ReadCloser.Read(b)
	p.read += int64(n)
	return n, err
}

var errSlow = errors.New("door: a body came too slowly")
