package mastodontest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// create takes a post.
func (s *Server) create(r *http.Request, g *grant) (int, any) {
	key := r.Header.Get("Idempotency-Key")
	if s.mood == Mastodon && key != "" { // kept after the post was made; GoToSocial takes the header and ignores it
		if p := s.post(s.keys[g.account.ID+" "+key]); p != nil {
			return http.StatusOK, s.status(p, g.account)
		}
	}
	if r.Header.Get("Content-Type") != "application/json" {
		return s.refuse(http.StatusUnprocessableEntity, "this fake reads posts as JSON only")
	}
	var f struct {
		Status     string   `json:"status"`
		InReplyTo  string   `json:"in_reply_to_id"`
		Visibility string   `json:"visibility"`
		Language   string   `json:"language"`
		Sensitive  bool     `json:"sensitive"`
		Spoiler    string   `json:"spoiler_text"`
		MediaIDs   []string `json:"media_ids"`
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		return s.refuse(http.StatusUnprocessableEntity, "Validation failed: "+err.Error())
	}
	p := &Post{From: g.account, At: s.now(), Text: f.Status, Spoiler: f.Spoiler, Visibility: f.Visibility, Language: f.Language, InReplyTo: f.InReplyTo, Key: key}
	status, words := s.check(p, f.MediaIDs)
	if status != 0 {
		return s.refuse(status, words)
	}
	s.publish(p)
	s.ledger = append(s.ledger, p)
	s.keys[g.account.ID+" "+key] = p.ID
	return http.StatusOK, s.status(p, g.account)
}

// check says why a post is refused, 0 when it is not.
func (s *Server) check(p *Post, media []string) (status int, words string) {
	l := s.limits()
	switch {
	case strings.TrimSpace(p.Text) == "" && len(media) == 0:
		return http.StatusUnprocessableEntity, "Validation failed: Text can't be blank"
	case s.count(p.Text)+s.count(p.Spoiler) > l.characters:
		return http.StatusUnprocessableEntity, "Validation failed: Text character limit exceeded"
	case strings.ContainsRune(p.Text, 0):
		return http.StatusBadRequest, "string contains null byte"
	case !slices.Contains([]string{"", "public", "unlisted", "private", "direct"}, p.Visibility):
		return http.StatusUnprocessableEntity, "Validation failed: Visibility is not included in the list"
	case p.Language != "" && len(p.Language) != 2:
		return http.StatusUnprocessableEntity, "Validation failed: Language is invalid"
	case len(media) > l.files:
		return http.StatusUnprocessableEntity, "Validation failed: Cannot attach more than that many files"
	}
	if above := s.post(p.InReplyTo); p.InReplyTo != "" && (above == nil || !s.sees(above, p.From)) {
		return http.StatusNotFound, "The post you are trying to reply to does not appear to exist."
	}
	for _, id := range media {
		f := s.files[id]
		if f == nil || f.owner != p.From || f.used {
			return http.StatusUnprocessableEntity, "Validation failed: Media could not be found"
		}
		if f.pending > 0 {
			return http.StatusUnprocessableEntity, "Cannot attach files that have not finished processing"
		}
		f.used = true
		p.files = append(p.files, f)
	}
	return 0, ""
}

// publish makes a post known, and tells whom it names.
func (s *Server) publish(p *Post) *Post {
	p.ID = s.newID()
	p.liked, p.boosted = map[string]bool{}, map[string]bool{}
	if p.Visibility == "" {
		p.Visibility = "public"
	}
	p.mentions = s.named(p.Text)
	s.posts = append(s.posts, p)
	if above := s.any(p.InReplyTo); above != nil {
		above.replying++
	}
	for _, a := range p.mentions {
		if a != p.From {
			s.tell(&notice{kind: "mention", to: a, from: p.From, post: p, at: p.At})
		}
	}
	return p
}

// fileTypes are the kinds of files that the server takes.
var fileTypes = []string{"image/jpeg", "image/png", "image/gif", "image/webp", "video/mp4"}

// upload is a file that a post may join.
type upload struct {
	id, kind, description string
	size                  int64
	owner                 *Account
	pending               int
	used                  bool
}

func (f *upload) entity() map[string]any {
	kind, _, _ := strings.Cut(f.kind, "/")
	var at any
	if f.pending == 0 {
		at = "https://" + Domain + "/media/" + f.id
	}
	return map[string]any{"id": f.id, "type": kind, "url": at, "preview_url": at, "remote_url": nil, "meta": map[string]any{}, "description": orNull(f.description), "blurhash": nil}
}

func (s *Server) upload(r *http.Request, g *grant) (int, any) {
	if r.MultipartForm == nil || len(r.MultipartForm.File["file"]) != 1 {
		return s.refuse(http.StatusUnprocessableEntity, "Validation failed: File can't be blank")
	}
	for name := range r.MultipartForm.Value {
		if !slices.Contains([]string{"description", "focus"}, name) {
			return s.refuse(http.StatusUnprocessableEntity, "the documents know no parameter "+name)
		}
	}
	h := r.MultipartForm.File["file"][0]
	f := &upload{id: s.newID(), kind: h.Header.Get("Content-Type"), description: r.FormValue("description"), size: h.Size, owner: g.account, pending: s.trouble.Slow}
	if !slices.Contains(fileTypes, f.kind) {
		return s.refuse(http.StatusUnprocessableEntity, "Validation failed: File content type is invalid")
	}
	if len([]rune(f.description)) > s.limits().alt {
		return s.refuse(http.StatusUnprocessableEntity, "Validation failed: Description is too long")
	}
	s.files[f.id] = f
	if f.pending > 0 {
		return http.StatusAccepted, f.entity()
	}
	return http.StatusOK, f.entity()
}

func (s *Server) uploaded(r *http.Request, g *grant) (int, any) {
	f := s.files[r.PathValue("id")]
	if f == nil || f.owner != g.account {
		return s.refuse(http.StatusNotFound, "Record not found")
	}
	if f.pending > 0 {
		f.pending--
		return http.StatusPartialContent, f.entity()
	}
	return http.StatusOK, f.entity()
}

// Files lists the files of a post with what describes them.
func (p Post) Files() (descriptions []string) {
	for _, f := range p.files {
		descriptions = append(descriptions, f.description)
	}
	return descriptions
}
