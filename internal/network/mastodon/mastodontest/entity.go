package mastodontest

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

func (s *Server) nodeinfo(*http.Request, *grant) (int, any) {
	return http.StatusOK, map[string]any{"links": []any{map[string]string{"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": s.URL() + "/nodeinfo/2.0"}}}
}

func (s *Server) software(*http.Request, *grant) (int, any) {
	return http.StatusOK, map[string]any{"version": "2.0", "software": map[string]string{"name": string(s.mood), "version": s.version()}, "protocols": []string{"activitypub"}}
}

func (s *Server) version() string {
	if s.mood == GoToSocial {
		return "3.5.3+0.20.0"
	}
	return "4.5.0"
}

func (s *Server) configuration() map[string]any {
	l := s.limits()
	return map[string]any{
		"urls":     map[string]any{"streaming": s.streaming()},
		"statuses": map[string]int{"max_characters": l.characters, "max_media_attachments": l.files, "characters_reserved_per_url": l.link},
		"media_attachments": map[string]any{
			"supported_mime_types": fileTypes, "description_limit": l.alt, "image_size_limit": 16777216, "image_matrix_limit": 33177600,
			"video_size_limit": 103809024, "video_frame_rate_limit": 120, "video_matrix_limit": 8294400,
		},
		"polls": map[string]int{"max_options": 4, "max_characters_per_option": 50, "min_expiration": 300, "max_expiration": 2629746},
	}
}

func (s *Server) instance1(*http.Request, *grant) (int, any) {
	return http.StatusOK, map[string]any{"uri": Domain, "title": "La Jasette", "version": s.version(), "configuration": s.configuration()}
}

func (s *Server) instance2(*http.Request, *grant) (int, any) {
	return http.StatusOK, map[string]any{"domain": Domain, "title": "La Jasette", "version": s.version(), "configuration": s.configuration(), "api_versions": map[string]int{"mastodon": 7}}
}

func (s *Server) verify(_ *http.Request, g *grant) (int, any) {
	a := s.account(g.account)
	a["source"] = map[string]any{"privacy": "public", "sensitive": false, "language": "fr", "note": ""}
	return http.StatusOK, a
}

func (s *Server) account(a *Account) map[string]any {
	user, _, _ := strings.Cut(a.Acct, "@")
	return map[string]any{
		"id": a.ID, "username": user, "acct": a.Acct, "display_name": a.Name, "bot": a.Bot, "locked": s.mood == GoToSocial, "url": s.profile(a),
		"avatar": "https://" + Domain + "/avatars/" + a.ID + ".png", "created_at": "2024-02-29T00:00:00.000Z", "emojis": []any{}, "fields": []any{},
	}
}

func orNull(v string) any {
	if v == "" {
		return nil
	}
	return v
}

// status is a post as somebody sees it.
func (s *Server) status(p *Post, viewer *Account) any {
	if p.raw != "" {
		return json.RawMessage(p.raw)
	}
	named := []any{}
	for _, a := range p.mentions {
		user, _, _ := strings.Cut(a.Acct, "@")
		named = append(named, map[string]any{"id": a.ID, "username": user, "acct": a.Acct, "url": s.profile(a)})
	}
	files := []any{}
	for _, f := range p.files {
		files = append(files, f.entity())
	}
	var poll any
	if len(p.Options) > 0 {
		options := []any{}
		for _, o := range p.Options {
			options = append(options, map[string]any{"title": o, "votes_count": 0})
		}
		poll = map[string]any{"id": p.ID, "expires_at": nil, "expired": false, "multiple": false, "votes_count": 0, "options": options}
	}
	var above any
	if q := s.any(p.InReplyTo); q != nil {
		above = q.From.ID
	}
	return map[string]any{
		"id": p.ID, "uri": "https://" + Domain + "/statuses/" + p.ID, "url": s.profile(p.From) + "/" + p.ID, "created_at": stamp(p.At), "edited_at": nil,
		"account": s.account(p.From), "content": s.page(p.Text) + strings.Repeat("<p>.</p>", p.padding/8), "visibility": p.Visibility, "sensitive": p.Spoiler != "",
		"spoiler_text": p.Spoiler, "language": orNull(p.Language), "in_reply_to_id": orNull(p.InReplyTo), "in_reply_to_account_id": above, "reblog": nil,
		"mentions": named, "tags": []any{}, "emojis": []any{}, "media_attachments": files, "card": nil, "poll": poll,
		"replies_count": p.replying, "reblogs_count": p.reblogs, "favourites_count": p.favourites,
		"favourited": p.liked[strings.ToLower(viewer.Acct)], "reblogged": p.boosted[strings.ToLower(viewer.Acct)],
	}
}

// any is a post, also one that is gone.
func (s *Server) any(id string) *Post {
	for _, p := range s.posts {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// sees tells whether somebody may read a post.
func (s *Server) sees(p *Post, a *Account) bool {
	return p.Visibility == "public" || p.Visibility == "unlisted" || p.From == a || slices.Contains(p.mentions, a)
}

func (s *Server) notifications(r *http.Request, g *grant) (int, any) {
	kinds := r.URL.Query()["types[]"]
	var ids []string
	var own []*notice
	for _, n := range s.notices {
		if n.to == g.account && (len(kinds) == 0 || slices.Contains(kinds, n.kind)) {
			own, ids = append(own, n), append(ids, n.id)
		}
	}
	return http.StatusOK, s.part(r, ids, 40, 80, func(i int) any {
		return s.notification(own[i], g.account)
	})
}

func (s *Server) notification(n *notice, viewer *Account) any {
	out := map[string]any{"id": n.id, "type": n.kind, "created_at": stamp(n.at), "group_key": "ungrouped-" + n.id, "account": s.account(n.from), "status": nil}
	if n.post != nil && !n.post.Gone {
		out["status"] = s.status(n.post, viewer)
	}
	return out
}

func (s *Server) own(r *http.Request, g *grant) (int, any) {
	if r.PathValue("id") != g.account.ID {
		return s.refuse(http.StatusNotFound, "Record not found")
	}
	var ids []string
	var own []*Post
	for _, p := range s.posts {
		if p.From == g.account && !p.Gone {
			own, ids = append(own, p), append(ids, p.ID)
		}
	}
	return http.StatusOK, s.part(r, ids, 20, 40, func(i int) any { return s.status(own[i], g.account) })
}

// seen is the post that a path names, if its reader may see it.
func (s *Server) seen(r *http.Request, g *grant) *Post {
	if p := s.post(r.PathValue("id")); p != nil && s.sees(p, g.account) {
		return p
	}
	return nil
}

func (s *Server) show(r *http.Request, g *grant) (int, any) {
	p := s.seen(r, g)
	if p == nil {
		return s.refuse(http.StatusNotFound, "Record not found")
	}
	return http.StatusOK, s.status(p, g.account)
}

func (s *Server) context(r *http.Request, g *grant) (int, any) {
	p := s.seen(r, g)
	if p == nil {
		return s.refuse(http.StatusNotFound, "Record not found")
	}
	above, below := []any{}, []any{}
	for q := s.post(p.InReplyTo); q != nil && s.sees(q, g.account); q = s.post(q.InReplyTo) {
		above = append(above, s.status(q, g.account))
	}
	slices.Reverse(above)
	for _, q := range s.posts {
		if q.InReplyTo == p.ID && !q.Gone && s.sees(q, g.account) {
			below = append(below, s.status(q, g.account))
		}
	}
	return http.StatusOK, map[string]any{"ancestors": above, "descendants": below}
}

func (s *Server) remove(r *http.Request, g *grant) (int, any) {
	p := s.post(r.PathValue("id"))
	if p == nil || p.From != g.account {
		return s.refuse(http.StatusNotFound, "Record not found")
	}
	p.Gone = true
	return http.StatusOK, s.status(p, g.account)
}

func (s *Server) react(boost, on bool) func(*http.Request, *grant) (int, any) {
	return func(r *http.Request, g *grant) (int, any) {
		p := s.seen(r, g)
		if p == nil {
			return s.refuse(http.StatusNotFound, "Record not found")
		}
		if boost && on && p.Visibility != "public" && p.Visibility != "unlisted" {
			return s.refuse(http.StatusUnprocessableEntity, "Validation failed: This action is not allowed")
		}
		done, count := p.liked, &p.favourites
		if boost {
			done, count = p.boosted, &p.reblogs
		}
		name := strings.ToLower(g.account.Acct)
		switch {
		case on && !done[name]:
			*count++
		case !on && done[name]:
			*count--
		}
		done[name] = on
		return http.StatusOK, s.status(p, g.account)
	}
}
