package mastodontest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// route is one operation: who may, and what it knows of parameters.
type route struct {
	pattern string
	scope   string // "" = anybody
	query   []string
	answer  func(r *http.Request, g *grant) (int, any)
}

// refusal is the body of an error.
func (s *Server) refuse(status int, words string) (int, any) {
	if s.mood == GoToSocial && status == http.StatusUnprocessableEntity {
		status = http.StatusBadRequest
	}
	return status, map[string]string{"error": words}
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	paging := []string{"max_id", "min_id", "since_id", "limit"}
	for _, rt := range []route{
		{"GET /.well-known/nodeinfo", "", nil, s.nodeinfo},
		{"GET /nodeinfo/2.0", "", nil, s.software},
		{"GET /api/v1/instance", "", nil, s.instance1},
		{"GET /api/v2/instance", "", nil, s.instance2},
		{"GET /.well-known/oauth-authorization-server", "", nil, s.metadata},
		{"POST /api/v1/apps", "", nil, s.register},
		{"POST /oauth/token", "", nil, s.token},
		{"POST /oauth/revoke", "", nil, s.revoke},
		{"GET /api/v1/accounts/verify_credentials", "read:accounts", nil, s.verify},
		{"GET /api/v1/accounts/{id}/statuses", "read:statuses", append([]string{"exclude_reblogs", "exclude_replies"}, paging...), s.own},
		{"GET /api/v1/notifications", "read:notifications", append([]string{"types[]", "include_filtered"}, paging...), s.notifications},
		{"POST /api/v1/statuses", "write:statuses", nil, s.create},
		{"GET /api/v1/statuses/{id}", "read:statuses", nil, s.show},
		{"DELETE /api/v1/statuses/{id}", "write:statuses", nil, s.remove},
		{"GET /api/v1/statuses/{id}/context", "read:statuses", nil, s.context},
		{"POST /api/v1/statuses/{id}/favourite", "write:favourites", nil, s.react(false, true)},
		{"POST /api/v1/statuses/{id}/unfavourite", "write:favourites", nil, s.react(false, false)},
		{"POST /api/v1/statuses/{id}/reblog", "write:statuses", nil, s.react(true, true)},
		{"POST /api/v1/statuses/{id}/unreblog", "write:statuses", nil, s.react(true, false)},
		{"POST /api/v2/media", "write:media", nil, s.upload},
		{"GET /api/v1/media/{id}", "write:media", nil, s.uploaded},
	} {
		mux.HandleFunc(rt.pattern, s.serve(rt))
	}
	mux.HandleFunc("GET /api/v1/streaming/user/notification", s.stream)
	mux.HandleFunc("GET /oauth/authorize", s.consent)
	mux.HandleFunc("POST /oauth/authorize", s.consented)
	mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/") {
			s.write(w, http.StatusNotFound, map[string]string{"error": "Record not found"})
			return
		}
		http.NotFound(w, r)
	})
	return mux
}

// serve holds the server's lock for a whole operation.
func (s *Server) serve(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body(r)
		s.mu.Lock()
		s.asked[rt.pattern]++
		w.Header().Set("Date", s.now().UTC().Format(http.TimeFormat))
		status, out := s.judge(w, r, rt)
		drop := s.trouble.DropAfterPost && rt.pattern == "POST /api/v1/statuses" && status == http.StatusOK
		told, call := s.news(rt, status)
		s.mu.Unlock()
		if call != nil {
			call(told)
		}
		if drop {
			panic(http.ErrAbortHandler)
		}
		s.write(w, status, out)
	}
}

// news is the post that a request brought, and who wants to know of it.
func (s *Server) news(rt route, status int) (Post, func(Post)) {
	if rt.pattern != "POST /api/v1/statuses" || status != http.StatusOK || s.onPost == nil {
		return Post{}, nil
	}
	return *s.ledger[len(s.ledger)-1], s.onPost
}

// body reads a form before the lock is taken: a client may be slow.
func body(r *http.Request) {
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/") {
		r.ParseMultipartForm(32 << 20)
	}
}

// judge is what every operation asks first.
func (s *Server) judge(w http.ResponseWriter, r *http.Request, rt route) (int, any) {
	if s.trouble.Page > 0 {
		return s.trouble.Page, page("<h1>Down for maintenance</h1>")
	}
	if s.trouble.Throttled > 0 {
		return s.throttle(w)
	}
	if s.trouble.Limit > 0 && !s.meter(w) {
		return http.StatusTooManyRequests, map[string]string{"error": "Too many requests"}
	}
	for name := range r.URL.Query() {
		if !slices.Contains(rt.query, name) {
			return http.StatusTeapot, map[string]string{"error": "the documents know no parameter " + name}
		}
	}
	var g *grant
	if rt.scope != "" {
		token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		if g = s.tokens[token]; !ok || g == nil || s.trouble.Revoked {
			if s.mood == GoToSocial {
				return s.refuse(http.StatusUnauthorized, "Unauthorized: token not supplied")
			}
			return s.refuse(http.StatusUnauthorized, "The access token is invalid")
		}
		if !g.may(rt.scope) {
			return s.refuse(http.StatusForbidden, "This action is outside the authorized scopes")
		}
	}
	status, out := rt.answer(r, g)
	if l, ok := out.(linked); ok {
		if l.link != "" {
			w.Header().Set("Link", l.link)
		}
		out = l.items
	}
	return status, out
}

// throttle says it as each software does.
func (s *Server) throttle(w http.ResponseWriter) (int, any) {
	until := s.now().Add(s.trouble.Throttled)
	if s.mood == GoToSocial {
		w.Header().Set("Retry-After", strconv.Itoa(int(s.trouble.Throttled.Seconds())))
		return http.StatusServiceUnavailable, page("server busy")
	}
	tellLimit(w, 300, 0, until)
	return http.StatusTooManyRequests, map[string]string{"error": "Too many requests"}
}

// counted are the requests of one period.
type counted struct {
	n     int
	until time.Time
}

// meter counts a request, tells what is left, and whether it was still taken.
func (s *Server) meter(w http.ResponseWriter) bool {
	if now := s.now(); !now.Before(s.counted.until) {
		s.counted = counted{until: now.Add(s.trouble.Period)}
	}
	s.counted.n++
	tellLimit(w, s.trouble.Limit, max(0, s.trouble.Limit-s.counted.n), s.counted.until)
	return s.counted.n <= s.trouble.Limit
}

func tellLimit(w http.ResponseWriter, limit, left int, until time.Time) {
	w.Header().Set("X-RateLimit-Limit", strconv.Itoa(limit))
	w.Header().Set("X-RateLimit-Remaining", strconv.Itoa(left))
	w.Header().Set("X-RateLimit-Reset", until.UTC().Format("2006-01-02T15:04:05.000000Z"))
}

// page is an answer that is no JSON.
type page string

func (s *Server) write(w http.ResponseWriter, status int, out any) {
	if p, ok := out.(page); ok {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.WriteHeader(status)
		fmt.Fprint(w, string(p))
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	json.NewEncoder(w).Encode(out)
}

// linked is a part of a list, with where it goes on.
type linked struct {
	items []any
	link  string
}

// part cuts a list, the newest first, as the parameters ask: min_id goes forward from an item, the others back.
func (s *Server) part(r *http.Request, ids []string, usual, most int, show func(i int) any) linked {
	q := r.URL.Query()
	limit, err := strconv.Atoi(q.Get("limit"))
	if err != nil || limit < 1 {
		limit = usual
	}
	limit = min(limit, most)
	var chosen []int
	for i, id := range ids { // the oldest first
		if max := q.Get("max_id"); max != "" && !before(id, max) {
			continue
		}
		if since := q.Get("since_id"); since != "" && !before(since, id) {
			continue
		}
		if min := q.Get("min_id"); min != "" && !before(min, id) {
			continue
		}
		chosen = append(chosen, i)
	}
	if q.Get("min_id") != "" {
		chosen = chosen[:min(limit, len(chosen))]
	} else {
		chosen = chosen[max(0, len(chosen)-limit):]
	}
	l := linked{items: []any{}}
	for _, i := range slices.Backward(chosen) {
		l.items = append(l.items, show(i))
	}
	if len(chosen) > 0 {
		at := func(name, id string) string {
			q := r.URL.Query()
			q.Del("max_id")
			q.Del("min_id")
			q.Del("since_id")
			q.Set(name, id)
			u := url.URL{Scheme: "https", Host: Domain, Path: r.URL.Path, RawQuery: q.Encode()}
			return u.String()
		}
		l.link = fmt.Sprintf(`<%s>; rel="next", <%s>; rel="prev"`, at("max_id", ids[chosen[0]]), at("min_id", ids[chosen[len(chosen)-1]]))
	}
	return l
}

// stamp writes a time as servers do.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
