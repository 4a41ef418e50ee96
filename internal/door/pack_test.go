package door_test

import (
	"compress/gzip"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"comptoir/internal/db/dbtest"
	"comptoir/internal/door"
)

const words = "Une poutine pour la table 7. "

// packing is a guard with an answer of each sort.
func packing(t *testing.T) http.Handler {
	t.Helper()
	answers := map[string]struct {
		status       int
		header, kind string
	}{
		"/page": {200, "", "text/html; charset=utf-8"}, "/data": {422, "", "application/json"}, "/picture": {200, "", "image/png"},
		"/asset": {200, "br", "text/html; charset=utf-8"}, "/nothing": {204, "", "text/html; charset=utf-8"},
	}
	table := &door.Table{}
	for path, a := range answers {
		table.Add(door.Route{Method: "GET", Pattern: path, Kind: door.Open}, func(w http.ResponseWriter, _ *http.Request, _ *door.Visit) error {
			w.Header().Set("Content-Type", a.kind)
			if a.header != "" {
				w.Header().Set("Content-Encoding", a.header)
			}
			w.WriteHeader(a.status)
			if a.status == http.StatusNoContent {
				return nil
			}
			_, err := io.WriteString(w, strings.Repeat(words, 100))
			return err
		})
	}
	g := &door.Guard{DB: dbtest.SQLite(t), Log: slog.New(slog.DiscardHandler), Origin: door.Origin{Public: func() *url.URL { return nil }}}
	return g.Handler(table)
}

func TestPagesAndDataArePackedForBrowsersThatTakeIt(t *testing.T) {
	h := packing(t)
	for _, c := range []struct{ path, accepts, want string }{
		{"/page", "gzip, deflate, br", "gzip"},
		{"/page", "br;q=1, gzip;q=0.5", "gzip"},
		{"/page", "gzip;q=0", ""},
		{"/page", "gzip; q=0.0", ""},
		{"/page", "br", ""},
		{"/page", "", ""},
		{"/data", "gzip", "gzip"},
		{"/picture", "gzip", ""},
		{"/asset", "gzip", "br"},
		{"/nothing", "gzip", ""},
	} {
		r := httptest.NewRequest("GET", "http://localhost"+c.path, nil)
		r.Header.Set("Accept-Encoding", c.accepts)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		got := w.Header().Get("Content-Encoding")
		if got != c.want {
			t.Errorf("%s for %q: packed as %q, want %q", c.path, c.accepts, got, c.want)
		}
		if got != "gzip" {
			continue
		}
		packed := w.Body.Len()
		z, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := io.ReadAll(z); err != nil || string(b) != strings.Repeat(words, 100) {
			t.Errorf("%s: unpacked to %d bytes, %v", c.path, len(b), err)
		}
		if packed > len(words)*100/10 || w.Header().Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s: %d bytes, Vary %q", c.path, packed, w.Header().Get("Vary"))
		}
	}
}

// The length of what is encrypted can be seen on the line. It says nothing exact of what a page holds.
func TestTheSamePageIsNotAlwaysOfTheSameLength(t *testing.T) {
	h := packing(t)
	lengths := map[int]bool{}
	for range 40 {
		r := httptest.NewRequest("GET", "http://localhost/page", nil)
		r.Header.Set("Accept-Encoding", "gzip")
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		lengths[w.Body.Len()] = true
	}
	if len(lengths) < 10 {
		t.Errorf("%d lengths in 40 answers", len(lengths))
	}
}
