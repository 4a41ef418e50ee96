package wordpresstest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// statuses are the words by which a status is asked for and set, and what it is called then.
var statuses = map[string]string{"approve": "approved", "approved": "approved", "1": "approved", "hold": "hold", "0": "hold", "spam": "spam", "trash": "trash"}

// maxContent is what the column holds, in bytes.
const maxContent = 65525

func (s *Server) listComments(r *request, _ int64) (int, any) {
	if r.query.Get("context") == "edit" && !r.editor() {
		return refuse(r.mayNot(), "rest_forbidden_context", "Sorry, you are not allowed to edit comments.")
	}
	wanted := r.query.Get("status")
	if wanted == "" {
		wanted = "approve"
	}
	if wanted != "approve" && !r.editor() {
		return refuse(r.mayNot(), "rest_forbidden_param", "Query parameter not permitted: status")
	}
	var found []*Comment
	include := numbers(r.query.Get("include"))
	for _, c := range s.comments {
		switch {
		case wanted == "all" && c.Status != "approved" && c.Status != "hold", wanted != "all" && wanted != "any" && statuses[wanted] != c.Status,
			include != nil && !slices.Contains(include, c.ID),
			r.query.Has("post") && fmt.Sprint(c.Post) != r.query.Get("post"), r.query.Has("parent") && fmt.Sprint(c.Parent) != r.query.Get("parent"):
			continue
		}
		found = append(found, c)
	}
	slices.SortStableFunc(found, func(a, b *Comment) int {
		if r.query.Get("orderby") == "id" {
			return int(a.ID - b.ID)
		}
		return a.At.Compare(b.At)
	})
	if r.query.Get("order") != "asc" {
		slices.Reverse(found)
	}
	all := make([]any, len(found))
	for i, c := range found {
		all[i] = s.told(c, r)
	}
	return r.part(all)
}

// told is a comment as it is told to whoever asks.
func (s *Server) told(c *Comment, r *request) any {
	if c.raw != "" {
		return json.RawMessage(c.raw)
	}
	avatar := map[string]string{"24": "https://secure.gravatar.test/a?s=24", "96": "https://secure.gravatar.test/a?s=96"}
	content := map[string]string{"rendered": rendered(c.Content)}
	out := map[string]any{
		"id": c.ID, "post": c.Post, "parent": c.Parent, "author": 0, "author_name": c.Name, "author_url": c.URL, "author_avatar_urls": avatar,
		"date": c.At.Add(-5 * 3600e9).UTC().Format("2006-01-02T15:04:05"), "date_gmt": c.At.UTC().Format("2006-01-02T15:04:05"), "content": content,
		"link": fmt.Sprintf("%s/%s/#comment-%d", s.URL(), s.post(c.Post).Slug, c.ID), "status": c.Status, "type": c.Type, "meta": []any{},
	}
	if c.User != nil {
		out["author"] = c.User.ID
	}
	if c.padding > 0 {
		out["plugin_field"] = strings.Repeat("x", c.padding)
	}
	up := map[string]any{"embeddable": true, "post_type": "post", "href": fmt.Sprintf("%swp/v2/posts/%d", s.api(), c.Post)}
	out["_links"] = map[string]any{"up": []any{up}, "self": []any{map[string]any{"href": fmt.Sprintf("%swp/v2/comments/%d", s.api(), c.ID)}}}
	if r.query.Get("_embed") == "up" {
		p := s.post(c.Post)
		out["_embedded"] = map[string]any{"up": []any{map[string]any{"id": p.ID, "title": map[string]string{"rendered": textured(p.Title)}, "link": s.link(p), "slug": p.Slug, "type": p.Type}}}
	}
	if r.query.Get("context") == "edit" || r.method == http.MethodPost && r.editor() {
		content["raw"], out["author_email"], out["author_ip"], out["author_user_agent"] = c.Content, c.Email, "192.0.2.1", c.Program
	}
	return out
}

func (s *Server) createComment(r *request, _ int64) (int, any) {
	if r.who == nil {
		return refuse(http.StatusUnauthorized, "rest_comment_login_required", "Sorry, you must be logged in to comment.")
	}
	for name := range r.fields {
		if !slices.Contains([]string{"post", "parent", "content", "author_user_agent", "status", "author_name", "author_email", "author_url", "meta"}, name) {
			return badParam(name, "nobody knows it", http.StatusBadRequest)
		}
		if name == "status" && !r.editor() {
			return refuse(r.mayNot(), "rest_comment_invalid_status", "Sorry, you are not allowed to edit 'status' for comments.")
		}
	}
	p := s.post(integer(r.fields["post"]))
	content := asText(r.fields["content"])
	switch {
	case p == nil || p.Type != "post":
		return refuse(http.StatusForbidden, "rest_comment_invalid_post_id", "Sorry, you are not allowed to create this comment without a post.")
	case p.Status == "draft":
		return refuse(http.StatusForbidden, "rest_comment_draft_post", "Sorry, you are not allowed to create a comment on this post.")
	case p.Status == "trash":
		return refuse(http.StatusForbidden, "rest_comment_trash_post", "Sorry, you are not allowed to create a comment on this post.")
	case p.Closed:
		return refuse(http.StatusForbidden, "rest_comment_closed", "Sorry, comments are closed for this item.")
	case strings.TrimSpace(content) == "":
		return refuse(http.StatusBadRequest, "rest_comment_content_invalid", "Invalid comment content.")
	case len(content) > maxContent:
		return refuse(http.StatusBadRequest, "comment_content_column_length", "Comment field exceeds maximum length allowed.")
	}
	parent := integer(r.fields["parent"])
	for _, c := range s.comments {
		if c.raw == "" && c.Post == p.ID && c.Parent == parent && c.Status != "trash" && c.Email == r.who.Email && c.Content == content {
			return refuse(http.StatusConflict, "comment_duplicate", "Duplicate comment detected; it looks as though you&#8217;ve already said that!")
		}
	}
	c := s.keep(&Comment{Post: p.ID, Parent: parent, User: r.who, Name: r.who.Name, Email: r.who.Email, Content: content, Program: asText(r.fields["author_user_agent"])})
	s.ledger = append(s.ledger, &Entry{Comment: c})
	return http.StatusCreated, s.told(c, r)
}

// mayChange finds a comment that somebody may change, or says no.
func (s *Server) mayChange(r *request, id int64) (*Comment, int, any) {
	c := s.comment(id)
	if c == nil {
		status, out := refuse(http.StatusNotFound, "rest_comment_invalid_id", "Invalid comment ID.")
		return nil, status, out
	}
	if !r.editor() {
		status, out := refuse(r.mayNot(), "rest_cannot_edit", "Sorry, you are not allowed to edit this comment.")
		return nil, status, out
	}
	return c, 0, nil
}

func (s *Server) showComment(r *request, id int64) (int, any) {
	c, status, out := s.mayChange(r, id)
	if c == nil {
		return status, out
	}
	return http.StatusOK, s.told(c, r)
}

// changeComment sets the status; a word that nobody knows changes nothing.
func (s *Server) changeComment(r *request, id int64) (int, any) {
	c, status, out := s.mayChange(r, id)
	if c == nil {
		return status, out
	}
	if is := statuses[asText(r.fields["status"])]; is == "trash" && s.trouble.NoBin {
		s.erase(id)
		return refuse(http.StatusNotFound, "rest_comment_invalid_id", "Invalid comment ID.")
	} else if is != "" {
		c.Status = is
	}
	return http.StatusOK, s.told(c, r)
}

func (s *Server) removeComment(r *request, id int64) (int, any) {
	c, status, out := s.mayChange(r, id)
	if c == nil {
		return status, out
	}
	switch force := r.query.Get("force") == "true"; {
	case force:
		s.erase(id)
	case s.trouble.NoBin:
		return refuse(http.StatusNotImplemented, "rest_trash_not_supported", "The comment does not support trashing. Set 'force=true' to delete.")
	case c.Status == "trash":
		return refuse(http.StatusGone, "rest_already_trashed", "The comment has already been trashed.")
	default:
		c.Status = "trash"
	}
	for _, e := range s.ledger {
		e.Gone = e.Gone || e.Comment == c
	}
	return http.StatusOK, s.told(c, r)
}
