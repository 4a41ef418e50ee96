package wordpresstest

import (
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
)

// publishable are the statuses that an article is given.
var publishable = []string{"publish", "draft", "pending", "private", "future"}

func (s *Server) link(p *Post) string {
	if p.Status == "draft" {
		return fmt.Sprintf("%s/?p=%d", s.URL(), p.ID)
	}
	return s.URL() + "/" + p.Slug + "/"
}

// listPosts lists articles, or files.
func (s *Server) listPosts(kind string) func(r *request, _ int64) (int, any) {
	return func(r *request, _ int64) (int, any) {
		wanted := []string{"publish"}
		if v := r.query.Get("status"); v != "" {
			if !r.editor() {
				return badParam("status", "Status is forbidden.", r.mayNot())
			}
			wanted = strings.Split(v, ",")
		}
		if kind == "attachment" {
			wanted = []string{"inherit"}
		}
		if r.query.Get("context") == "edit" && !r.editor() {
			return refuse(r.mayNot(), "rest_forbidden_context", "Sorry, you are not allowed to edit posts in this post type.")
		}
		slugs := strings.Split(r.query.Get("slug"), ",")
		var all []any
		for _, p := range slices.Backward(s.posts) {
			if p.Type == kind && slices.Contains(wanted, p.Status) && (!r.query.Has("slug") || slices.Contains(slugs, p.Slug)) {
				all = append(all, s.shown(p, r))
			}
		}
		return r.part(all)
	}
}

func (s *Server) shown(p *Post, r *request) any {
	title, content := map[string]string{"rendered": textured(p.Title)}, map[string]any{"rendered": p.Content, "protected": false}
	out := map[string]any{
		"id": p.ID, "date": p.At.Format("2006-01-02T15:04:05"), "date_gmt": p.At.Format("2006-01-02T15:04:05"), "slug": p.Slug, "status": p.Status, "type": p.Type,
		"link": s.link(p), "title": title, "author": p.Author,
	}
	if p.Type == "attachment" {
		out["alt_text"], out["mime_type"], out["source_url"] = p.Alt, p.Mime, s.URL()+"/wp-content/uploads/"+p.Slug
		return out
	}
	out["content"], out["featured_media"] = content, p.featured
	if r.query.Get("context") == "edit" {
		title["raw"], content["raw"] = p.Title, p.Content
	}
	return out
}

func (s *Server) createPost(r *request, _ int64) (int, any) {
	if !r.editor() {
		return refuse(r.mayNot(), "rest_cannot_create", "Sorry, you are not allowed to create posts as this user.")
	}
	for name := range r.fields {
		if !slices.Contains([]string{"title", "content", "excerpt", "slug", "status", "featured_media", "categories", "tags", "format", "comment_status"}, name) {
			return badParam(name, "nobody knows it", http.StatusBadRequest)
		}
	}
	p := &Post{Type: "post", Title: asText(r.fields["title"]), Content: asText(r.fields["content"]), Status: asText(r.fields["status"]), Author: r.who.ID, At: s.now(), featured: integer(r.fields["featured_media"])}
	switch {
	case !slices.Contains(publishable, p.Status):
		return badParam("status", "status is not one of publish, future, draft, pending, private.", http.StatusBadRequest)
	case p.Title == "" && p.Content == "":
		return refuse(http.StatusBadRequest, "empty_content", "Content, title, and excerpt are empty.")
	case p.featured != 0 && s.post(p.featured) == nil:
		return refuse(http.StatusBadRequest, "rest_invalid_featured_media", "Invalid featured media ID.")
	}
	p.ID, p.Slug = s.number("post"), s.free(sanitized(asText(r.fields["slug"])), p)
	s.posts = append(s.posts, p)
	s.ledger = append(s.ledger, &Entry{Post: p})
	return http.StatusCreated, s.shown(p, r)
}

// article finds one that somebody may change, or says no.
func (s *Server) article(r *request, id int64) (*Post, int, any) {
	p := s.post(id)
	if p == nil || p.Type != "post" {
		status, out := refuse(http.StatusNotFound, "rest_post_invalid_id", "Invalid post ID.")
		return nil, status, out
	}
	if !r.editor() {
		status, out := refuse(r.mayNot(), "rest_cannot_edit", "Sorry, you are not allowed to edit this post.")
		return nil, status, out
	}
	return p, 0, nil
}

func (s *Server) showPost(r *request, id int64) (int, any) {
	p, status, out := s.article(r, id)
	if p == nil {
		return status, out
	}
	return http.StatusOK, s.shown(p, r)
}

// changePost looks at what it is given first, whoever gives it.
func (s *Server) changePost(r *request, id int64) (int, any) {
	if is, given := r.fields["status"]; given && !slices.Contains(publishable, asText(is)) {
		return badParam("status", "status is not one of publish, future, draft, pending, private.", http.StatusBadRequest)
	}
	return s.showPost(r, id)
}

func (s *Server) removePost(r *request, id int64) (int, any) {
	p, status, out := s.article(r, id)
	if p == nil {
		return status, out
	}
	switch force := r.query.Get("force") == "true"; {
	case force:
		s.posts = slices.DeleteFunc(s.posts, func(x *Post) bool { return x == p })
	case s.trouble.NoBin:
		return refuse(http.StatusNotImplemented, "rest_trash_not_supported", "The post does not support trashing. Set 'force=true' to delete.")
	case p.Status == "trash":
		return refuse(http.StatusGone, "rest_already_trashed", "The post has already been deleted.")
	default:
		p.Status, p.Slug = "trash", p.Slug+"__trashed"
	}
	for _, e := range s.ledger {
		e.Gone = e.Gone || e.Post == p
	}
	return http.StatusOK, s.shown(p, r)
}

// createFile takes a file and judges it by looking at it.
func (s *Server) createFile(r *request, _ int64) (int, any) {
	if !r.editor() {
		return refuse(r.mayNot(), "rest_cannot_create", "Sorry, you are not allowed to create posts as this user.")
	}
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || params["boundary"] == "" {
		return refuse(http.StatusBadRequest, "rest_upload_no_data", "No data supplied.")
	}
	p := &Post{Type: "attachment", Status: "inherit", Author: r.who.ID, At: s.now()}
	form := multipart.NewReader(r.Body, params["boundary"])
	slug := ""
	for {
		part, err := form.NextPart()
		if err != nil {
			break
		}
		b, err := io.ReadAll(part)
		if err != nil {
			return refuse(http.StatusBadRequest, "rest_upload_no_data", "No data supplied.")
		}
		switch part.FormName() {
		case "file":
			p.Bytes = b
		case "alt_text":
			p.Alt = strings.Join(strings.Fields(tags.ReplaceAllString(string(b), "")), " ")
		case "slug":
			slug = string(b)
		default:
			return badParam(part.FormName(), "nobody knows it", http.StatusBadRequest)
		}
	}
	if p.Mime = http.DetectContentType(p.Bytes); !strings.HasPrefix(p.Mime, "image/") {
		return refuse(http.StatusInternalServerError, "rest_upload_unknown_error", "Sorry, you are not allowed to upload this file type.")
	}
	p.ID, p.Slug = s.number("post"), s.free(sanitized(slug), p)
	s.posts = append(s.posts, p)
	return http.StatusCreated, s.shown(p, r)
}

func (s *Server) me(r *request, _ int64) (int, any) {
	if r.who == nil {
		return refuse(http.StatusUnauthorized, "rest_not_logged_in", "You are not currently logged in.")
	}
	can := map[string]bool{"read": true}
	if r.who.Editor {
		for _, c := range []string{"moderate_comments", "publish_posts", "edit_others_posts", "edit_posts", "upload_files"} {
			can[c] = true
		}
	}
	return http.StatusOK, map[string]any{"id": r.who.ID, "username": r.who.Login, "name": r.who.Name, "capabilities": can}
}

func (s *Server) introspect(r *request, id int64) (int, any) {
	if r.who == nil {
		return s.me(r, id)
	}
	return http.StatusOK, map[string]any{"uuid": r.who.uuid, "name": "Comptoir"}
}

// forget takes an application password back.
func (s *Server) forget(r *request, id int64) (int, any) {
	if r.who == nil {
		return s.me(r, id)
	}
	if !strings.HasSuffix(r.URL.Path+r.query.Get("rest_route"), r.who.uuid) {
		return refuse(http.StatusNotFound, "rest_application_password_not_found", "Application password not found.")
	}
	r.who.Password = ""
	return http.StatusOK, map[string]any{"deleted": true}
}
