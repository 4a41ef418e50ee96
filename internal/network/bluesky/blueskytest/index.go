package blueskytest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/network/bluesky"
)

// tell notes whom a post concerns: whom it names, whom it answers, whom it quotes.
func (s *Server) tell(r *Record, more string) {
	told := map[string]bool{r.By.DID: true}
	add := func(did, reason string) {
		if did != "" && !told[did] {
			told[did] = true
			s.notices = append(s.notices, notice{did, reason, r})
		}
	}
	if parent := s.record(r.Parent()); parent != nil {
		add(parent.By.DID, "reply")
	}
	if e, _ := r.Value["embed"].(map[string]any); e != nil {
		q, _ := e["record"].(map[string]any)
		if quoted := s.record(fmt.Sprint(q["uri"])); quoted != nil {
			add(quoted.By.DID, "quote")
		}
	}
	facets, _ := r.Value["facets"].([]any)
	for _, f := range facets {
		features, _ := f.(map[string]any)["features"].([]any)
		for _, one := range features {
			did, _ := one.(map[string]any)["did"].(string)
			add(did, "mention")
		}
	}
	if a := s.who(more); a != nil {
		add(a.DID, "mention")
	}
}

func author(a Account) map[string]any {
	return map[string]any{"did": a.DID, "handle": a.Handle, "displayName": a.Name, "avatar": "https://cdn.test/" + a.DID + ".jpg", "labels": []any{}}
}

func (s *Server) getProfile(r *http.Request, _ *Account) (int, any) {
	a := s.who(r.URL.Query().Get("actor"))
	if a == nil {
		return invalid("Profile not found")
	}
	return http.StatusOK, author(*a)
}

// value is a record as it goes over the wire.
func (r *Record) value() any {
	if r.raw != "" {
		return json.RawMessage(r.raw)
	}
	if r.padding == 0 {
		return r.Value
	}
	heavy := map[string]any{"test.padding": strings.Repeat("x", r.padding)}
	for k, v := range r.Value {
		heavy[k] = v
	}
	return heavy
}

func (s *Server) listNotifications(r *http.Request, by *Account) (int, any) {
	q := r.URL.Query()
	limit := 50
	if v := q.Get("limit"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 100 {
			return invalid("limit must be between 1 and 100")
		}
		limit = n
	}
	var all []notice
	for _, n := range s.notices {
		if n.to == by.DID && !n.record.Gone && (len(q["reasons"]) == 0 || slices.Contains(q["reasons"], n.reason)) {
			all = append(all, n)
		}
	}
	slices.Reverse(all)
	slices.SortStableFunc(all, func(a, b notice) int { return b.record.At.Compare(a.record.At) })
	from := 0
	if c := q.Get("cursor"); c != "" {
		if from = slices.IndexFunc(all, func(n notice) bool { return position(n) == c }) + 1; from == 0 {
			return invalid("a cursor that is none")
		}
	}
	out := map[string]any{"priority": false}
	list := []any{}
	for i := from; i < len(all) && len(list) < limit; i++ {
		n := all[i]
		list = append(list, map[string]any{
			"uri": n.record.URI, "cid": n.record.CID, "author": author(n.record.By), "reason": n.reason, "record": n.record.value(),
			"isRead": false, "indexedAt": n.record.At.UTC().Format("2006-01-02T15:04:05.000Z"), "labels": []any{},
		})
		out["cursor"] = position(n)
	}
	out["notifications"] = list
	return http.StatusOK, out
}

func position(n notice) string {
	return n.record.At.UTC().Format(time.RFC3339Nano) + "::" + n.record.Key + n.record.CID
}

func (s *Server) getPosts(r *http.Request, by *Account) (int, any) {
	uris := r.URL.Query()["uris"]
	if len(uris) == 0 || len(uris) > 25 {
		return invalid("uris must have 1 to 25 elements")
	}
	for _, name := range uris {
		if !strings.HasPrefix(name, "at://") {
			return invalid("Error: uris/0 must be a valid at-uri")
		}
	}
	posts := []any{}
	for _, name := range uris {
		if p := s.record(name); p != nil && p.Collection == bluesky.PostType {
			posts = append(posts, s.view(p, by))
		}
	}
	return http.StatusOK, map[string]any{"posts": posts}
}

// view is a post as the index shows it to somebody.
func (s *Server) view(p *Record, to *Account) map[string]any {
	likes, reposts, replies := p.likes, p.reposts, p.replies
	viewer := map[string]any{}
	for _, r := range s.records {
		switch {
		case !r.shown():
		case r.Collection == "app.bsky.feed.like" && subject(r.Value) == p.URI:
			if likes++; r.By.DID == to.DID {
				viewer["like"] = r.URI
			}
		case r.Collection == "app.bsky.feed.repost" && subject(r.Value) == p.URI:
			if reposts++; r.By.DID == to.DID {
				viewer["repost"] = r.URI
			}
		case r.Collection == bluesky.PostType && r.Parent() == p.URI:
			replies++
		}
	}
	v := map[string]any{
		"uri": p.URI, "cid": p.CID, "author": author(p.By), "record": p.value(), "viewer": viewer, "likeCount": likes, "repostCount": reposts,
		"replyCount": replies, "quoteCount": 0, "indexedAt": p.At.UTC().Format(time.RFC3339), "labels": []any{},
	}
	if e, _ := p.Value["embed"].(map[string]any); e["$type"] == "app.bsky.embed.images" {
		images := []any{}
		for _, one := range e["images"].([]any) {
			i := one.(map[string]any)
			cid := i["image"].(map[string]any)["ref"].(map[string]any)["$link"]
			images = append(images, map[string]any{"fullsize": fmt.Sprintf("%s/img/%v", s.URL(), cid), "thumb": fmt.Sprintf("%s/img/%v", s.URL(), cid), "alt": i["alt"]})
		}
		v["embed"] = map[string]any{"$type": "app.bsky.embed.images#view", "images": images}
	}
	return v
}

// Upload keeps a picture, and is what a record holds to show it.
func (s *Server) Upload(f File) map[string]any {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last++
	cid := fmt.Sprintf("bafkreifake%048d", s.last)
	s.blobs[cid], s.types[cid] = f.Content, f.Type
	blob := map[string]any{"$type": "blob", "ref": map[string]any{"$link": cid}, "mimeType": f.Type, "size": len(f.Content)}
	return map[string]any{"$type": "app.bsky.embed.images", "images": []any{map[string]any{"image": blob, "alt": f.Alt}}}
}
