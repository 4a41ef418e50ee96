package web

import (
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/inbox"
)

// fileRoutes are what people joined to their messages: whole, to be downloaded and never opened here, and pictures as we
// drew them anew.
func (s *Server) fileRoutes(t *door.Table, desk func(method, path string) door.Route) {
	t.Add(desk("GET", "/files/{file}"), s.downloadFile)
	t.Add(desk("GET", "/files/{file}/preview"), s.previewFile)
}

// downloadFile sends a file as it came. Its type is not told: no browser then thinks of opening it.
func (s *Server) downloadFile(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	a, err := s.Inbox.Attachment(r.Context(), v.Place.ID, r.PathValue("file"))
	if err != nil {
		return err
	}
	if a.Hash == "" { // too big: it was told of and not kept
		return fault.New(fault.NotFound, "web.file", "")
	}
	f, err := s.Inbox.Files.Get(v.Place.ID, a.Hash)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", "application/octet-stream")
	w.Header().Set("Content-Disposition", attached(a.Name))
	send(w, r, f)
	return nil
}

// previewFile sends a picture that we drew.
func (s *Server) previewFile(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	a, err := s.Inbox.Attachment(r.Context(), v.Place.ID, r.PathValue("file"))
	if err != nil {
		return err
	}
	if !a.Picture || a.Hash == "" {
		return fault.New(fault.NotFound, "web.preview", "")
	}
	f, kind, err := s.Inbox.Files.Preview(r.Context(), v.Place.ID, a.Hash)
	if err != nil {
		return err
	}
	defer f.Close()
	w.Header().Set("Content-Type", kind)
	send(w, r, f)
	return nil
}

// send writes a file of others under the policy of such files.
func send(w http.ResponseWriter, r *http.Request, f *os.File) {
	w.Header().Set("Content-Security-Policy", door.FilePolicy)
	http.ServeContent(w, r, "", time.Time{}, f)
}

// attached is the header that has a browser save a file under the sender's name for it, cleaned once more: names in the
// database may be older than the rules.
func attached(name string) string {
	return "attachment; filename*=UTF-8''" + strings.ReplaceAll(url.QueryEscape(inbox.FileName(name)), "+", "%20")
}
