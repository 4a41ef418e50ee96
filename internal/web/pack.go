package web

import (
	"bytes"
	"compress/flate"
	"context"
	"io"
	"sync"

	"comptoir/internal/live"
	"comptoir/internal/place"
)

// Streams are packed as gzip, an event at a time: each is compressed by itself and ends on a byte, and in that
// form, too, its bytes are shared by all who look. One after the other they are one gzip body.

var packers = sync.Pool{New: func() any {
	z, _ := flate.NewWriter(io.Discard, flate.BestSpeed) // the level is one that there is
	return z
}}

// pack compresses one event.
func pack(b []byte) []byte {
	var out bytes.Buffer
	z := packers.Get().(*flate.Writer)
	defer packers.Put(z)
	z.Reset(&out)
	z.Write(b) // a bytes.Buffer does not fail
	z.Flush()
	return out.Bytes()
}

// packed is the same topic for browsers that take gzip.
func packed(t live.Topic) live.Topic {
	render := t.Render
	t.Name += " gzip"
	t.Render = func(ctx context.Context, entries []place.Entry) ([]live.Frame, error) {
		frames, err := render(ctx, entries)
		for i := range frames {
			frames[i].Data = pack(frames[i].Data)
		}
		return frames, err
	}
	return t
}
