package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

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

const (
	streamWrite = 15 * time.Second // a reader slower than this is cut, and resumes by number
	streamCheck = time.Minute      // how often a stream's right to be open is asked again
)

// stream sends a topic to a browser until it goes away, its session ends or the server stops.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, v *door.Visit, t live.Topic) error {
	from := int64(-1)
	// A browser that comes back names the last event it saw; a fresh page names the journal as it was
	// when the page was made, so that nothing falls between the two.
	for _, mark := range []string{r.Header.Get("Last-Event-ID"), r.URL.Query().Get("from")} {
		if n, err := strconv.ParseInt(mark, 10, 64); err == nil && n >= 0 {
			from = n
			break
		}
	}
	ctl := http.NewResponseController(w)
	h := w.Header()
	h.Set("Content-Type", "text/event-stream; charset=utf-8")
	h.Set("X-Accel-Buffering", "no")
	w.WriteHeader(http.StatusOK)
	send := func(b []byte) error {
		if len(b) == 0 {
			b = []byte(": \n\n")
		}
		// Errors of the deadline itself show in the write.
		_ = ctl.SetWriteDeadline(time.Now().Add(streamWrite))
		if _, err := w.Write(b); err != nil {
			return err
		}
		return ctl.Flush()
	}
	if err := send(nil); err != nil {
		return nil
	}
	_ = ctl.SetReadDeadline(time.Time{})
	checked := time.Now()
	t.Render = withChecks(t.Render)
	err := s.Hub.Stream(r.Context(), t, from, func(b []byte) error {
		if time.Since(checked) > streamCheck || bytes.Equal(b, check) {
			checked = time.Now()
			if err := s.Guard.Check(r, v); err != nil {
				return errStreamOver
			}
		}
		return send(b)
	})
	if errors.Is(err, live.ErrTooFar) || errors.Is(err, errStreamOver) {
		// Named events become DOM events: the page loads itself anew, or lands on the sign-in page.
		_ = send([]byte("event: reload\ndata: \n\n"))
	}
	return nil
}

// check is a comment to the browser; to the stream it says: ask again whether you may be open.
var check = []byte(": check\n\n")

// withChecks has every stream of a place ask again at once when a member's rights or sessions change.
func withChecks(render func(context.Context, []place.Entry) ([]live.Frame, error)) func(context.Context, []place.Entry) ([]live.Frame, error) {
	return func(ctx context.Context, entries []place.Entry) ([]live.Frame, error) {
		frames, err := render(ctx, entries)
		for _, e := range entries {
			if strings.HasPrefix(e.Kind, "member.") || strings.HasPrefix(e.Kind, "session.") {
				return append(frames, live.Frame{Seq: entries[len(entries)-1].Seq, Data: check}), err
			}
		}
		return frames, err
	}
}

var errStreamOver = errors.New("web: stream no longer allowed")

func wantsStream(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "text/event-stream")
}
