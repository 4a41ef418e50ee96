package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/a-h/templ"

	"comptoir/internal/door"
	"comptoir/internal/live"
	"comptoir/internal/place"
)

// Event writes one server-sent event that resumes at seq. Its data may have any number of lines; a line
// break of whatever kind within it cannot end the event.
func Event(seq int64, data []byte) []byte {
	var b bytes.Buffer
	b.WriteString("id: " + strconv.FormatInt(seq, 10) + "\n")
	data = bytes.ReplaceAll(bytes.ReplaceAll(data, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
	for line := range bytes.SplitSeq(bytes.ReplaceAll(data, []byte("\x00"), nil), []byte("\n")) {
		b.WriteString("data: ")
		b.Write(line)
		b.WriteByte('\n')
	}
	b.WriteByte('\n')
	return b.Bytes()
}

// Frame renders components into one event.
func Frame(ctx context.Context, seq int64, parts ...templ.Component) (live.Frame, error) {
	var b bytes.Buffer
	for _, p := range parts {
		if err := p.Render(ctx, &b); err != nil {
			return live.Frame{}, err
		}
	}
	return live.Frame{Seq: seq, Data: Event(seq, b.Bytes())}, nil
}

// stream sends a topic to a browser until it goes away, its session ends or the server stops.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, v *door.Visit, t live.Topic) error {
	return s.streamWhile(w, r, v, t, s.Guard.Again(r, v))
}

// streamWhile is stream for as long as allowed says nothing against it. It goes on after it has returned: what
// thousands of open pages keep is a connection, a number and a small stack each.
func (s *Server) streamWhile(w http.ResponseWriter, r *http.Request, v *door.Visit, t live.Topic, allowed func(context.Context) error) error {
	from := int64(-1)
	// A browser that comes back names the last event it saw; a fresh page names the journal as it was
	// when the page was made, so that nothing falls between the two.
	for _, mark := range []string{r.Header.Get("Last-Event-ID"), r.URL.Query().Get("from")} {
		if n, err := strconv.ParseInt(mark, 10, 64); err == nil && n >= 0 {
			from = n
			break
		}
	}
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	if r.Method == http.MethodHead {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	p := plain
	if door.Packs(r) {
		h.Set("Content-Encoding", "gzip")
		t, p = packed(t), gzipped
	}
	if err := p.takeOver(w); err != nil {
		return err
	}
	ctx, gone := context.WithCancel(context.Background())
	go p.watch(gone)
	leave := v.Stay()
	end := func(err error) {
		if errors.Is(err, live.ErrTooFar) || errors.Is(err, live.ErrOver) {
			_ = p.write(p.reload)
		}
		p.conn.Close()
		<-ctx.Done()
		leave()
	}
	err := s.Hub.Attach(ctx, t, live.Listener{From: from, Write: p.write, Allowed: allowed}, end)
	if err != nil {
		end(err)
	}
	return nil
}

// about wants the entries of some families: "call" is of every "call.…".
func about(families ...string) func(place.Entry) bool {
	return func(e place.Entry) bool {
		family, _, _ := strings.Cut(e.Kind, ".")
		return slices.Contains(families, family)
	}
}
