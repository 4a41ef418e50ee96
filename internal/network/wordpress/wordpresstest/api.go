package wordpresstest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// request is one operation as the site understands it.
type request struct {
	*http.Request
	method string // also by _method
	query  url.Values
	fields map[string]any // of a JSON body
	who    *User          // nil = a stranger
}

// route is one operation: what it knows of parameters, and its answer.
type route struct {
	pattern string // "GET comments/{id}"
	query   []string
	answer  func(r *request, id int64) (int, any)
}

func (s *Server) routes() []route {
	list := []string{"include", "page", "offset", "per_page", "orderby", "order", "status", "slug"}
	return []route{
		{"GET users/me", nil, s.me},
		{"GET users/me/application-passwords/introspect", nil, s.introspect},
		{"DELETE users/me/application-passwords/{uuid}", nil, s.forget},
		{"GET comments", append([]string{"post", "parent", "after", "before", "author"}, list...), s.listComments},
		{"POST comments", nil, s.createComment},
		{"GET comments/{id}", nil, s.showComment},
		{"POST comments/{id}", nil, s.changeComment},
		{"DELETE comments/{id}", []string{"force"}, s.removeComment},
		{"GET posts", list, s.listPosts("post")},
		{"POST posts", nil, s.createPost},
		{"GET posts/{id}", nil, s.showPost},
		{"POST posts/{id}", nil, s.changePost},
		{"DELETE posts/{id}", []string{"force"}, s.removePost},
		{"GET media", list, s.listPosts("attachment")},
		{"POST media", nil, s.createFile},
	}
}

// everywhere are the parameters that all routes know.
var everywhere = []string{"context", "_fields", "_embed", "_method", "rest_route"}

// refusal is the body of an error.
type refusal struct {
	Code    string         `json:"code"`
	Message string         `json:"message"`
	Data    map[string]any `json:"data"`
}

func refuse(status int, code, message string) (int, any) {
	return status, refusal{code, message, map[string]any{"status": status}}
}

// badParam is how a parameter is refused; why is the status of the reason.
func badParam(name, message string, why int) (int, any) {
	return http.StatusBadRequest, refusal{"rest_invalid_param", "Invalid parameter(s): " + name, map[string]any{"status": 400, "params": map[string]string{name: message},
		"details": map[string]any{name: map[string]any{"code": "rest_refused", "message": message, "data": map[string]any{"status": why}}}}}
}

// mayNot is the status for who may not: another one for strangers.
func (r *request) mayNot() int {
	if r.who == nil {
		return http.StatusUnauthorized
	}
	return http.StatusForbidden
}

func (r *request) editor() bool { return r.who != nil && r.who.Editor }

// serve holds the site's lock for a whole operation.
func (s *Server) serve(w http.ResponseWriter, hr *http.Request) {
	body, _ := io.ReadAll(io.LimitReader(hr.Body, 32<<20)) // before the lock: whoever sends slowly holds up nobody
	s.mu.Lock()
	w.Header().Set("Date", s.now().Format(http.TimeFormat))
	t := s.trouble
	if t.Page != 0 || t.Throttled > 0 {
		s.mu.Unlock()
		refuseAll(w, t)
		return
	}
	at, isAPI := s.routeOf(hr)
	if !isAPI {
		page := s.page(hr)
		s.mu.Unlock()
		page(w)
		return
	}
	r := &request{Request: hr, method: hr.Method, query: hr.URL.Query()}
	if m := r.query.Get("_method"); m != "" && hr.Method == http.MethodPost {
		r.method = m
	}
	published := len(s.ledger)
	status, out, total := s.answer(w, r, at, body)
	drop := t.DropAfterPost && len(s.ledger) > published
	var told func(Comment)
	var news Comment
	if len(s.ledger) > published {
		if c := s.ledger[len(s.ledger)-1].Comment; c != nil && s.onAnswer != nil {
			told, news = s.onAnswer, *c
		}
	}
	s.mu.Unlock()
	if told != nil {
		told(news)
	}
	if drop {
		panic(http.ErrAbortHandler)
	}
	if total >= 0 {
		size, _ := strconv.Atoi(r.query.Get("per_page"))
		w.Header().Set("X-WP-Total", strconv.Itoa(total))
		w.Header().Set("X-WP-TotalPages", strconv.Itoa((total+max(size, 1)-1)/max(size, 1)))
	}
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	w.WriteHeader(status)
	io.WriteString(w, t.Warnings)
	json.NewEncoder(w).Encode(out)
}

func refuseAll(w http.ResponseWriter, t Trouble) {
	status := t.Page
	if t.Throttled > 0 {
		status = http.StatusTooManyRequests
		w.Header().Set("Retry-After", strconv.Itoa(int(t.Throttled/time.Second)))
	}
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	fmt.Fprint(w, "<html><h1>Somebody else's page</h1></html>")
}

// routeOf is what is asked of the API: by the path, or by the query where there are no pretty links.
func (s *Server) routeOf(r *http.Request) (string, bool) {
	if s.mood == Plain {
		at := r.URL.Query().Get("rest_route")
		return strings.TrimPrefix(at, "/"), at != "" && r.URL.Path == "/blog/"
	}
	return strings.CutPrefix(r.URL.Path, "/wp-json/")
}

// answer finds the route of a request and has it answered. total is the length of a list, -1 for none.
func (s *Server) answer(w http.ResponseWriter, r *request, at string, body []byte) (status int, out any, total int) {
	if at == "" {
		return http.StatusOK, pick(s.index(), r.query.Get("_fields")), -1
	}
	if status, out := s.signIn(r); status != 0 {
		return status, out, -1
	}
	at, ok := strings.CutPrefix(at, "wp/v2/")
	rt, id := s.find(r.method, at)
	if !ok || rt == nil {
		status, out = refuse(http.StatusNotFound, "rest_no_route", "No route was found matching the URL and request method.")
		return status, out, -1
	}
	s.asked[strings.ReplaceAll(rt.pattern, "/{id}", "")]++
	for name := range r.query {
		if !slices.Contains(rt.query, name) && !slices.Contains(everywhere, name) {
			status, out = badParam(name, "nobody knows it", http.StatusBadRequest)
			return status, out, -1
		}
	}
	if strings.HasPrefix(r.Header.Get("Content-Type"), "application/json") {
		if json.Unmarshal(body, &r.fields) != nil {
			status, out = refuse(http.StatusBadRequest, "rest_invalid_json", "Invalid JSON body passed.")
			return status, out, -1
		}
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	status, out = rt.answer(r, id)
	total = -1
	if l, ok := out.(listed); ok {
		out, total = l.items, l.total
		if s.trouble.Empty {
			out, total = []any{}, 0
		}
	}
	if status < 300 {
		out = pick(out, r.query.Get("_fields"))
	}
	return status, out, total
}

// find is the route of a method and a path, with the number in it.
func (s *Server) find(method, at string) (*route, int64) {
	for _, rt := range s.routes() {
		m, pattern, _ := strings.Cut(rt.pattern, " ")
		head, tail, has := strings.Cut(pattern, "{")
		switch {
		case m != method:
		case !has && pattern == at:
			return &rt, 0
		case has && strings.HasPrefix(at, head) && !strings.Contains(at[len(head):], "/"):
			if tail == "uuid}" {
				return &rt, 0
			}
			if n, err := strconv.ParseInt(at[len(head):], 10, 64); err == nil && n >= 0 {
				return &rt, n
			}
		}
	}
	return nil, 0
}

// signIn finds out who asks. Status 0 lets them on.
func (s *Server) signIn(r *request) (int, any) {
	login, password, given := r.BasicAuth()
	if !given || s.trouble.Stripped {
		return 0, nil
	}
	u := s.user(login)
	if u != nil && s.mood != Hosted && !s.trouble.Revoked && u.Password != "" && strings.ReplaceAll(password, " ", "") == u.Password {
		r.who = u
		return 0, nil
	}
	if s.mood == Plain {
		return refuse(http.StatusUnauthorized, "incorrect_password", "The provided password is an invalid application password.")
	}
	return 0, nil
}

// index is what the API says of itself.
func (s *Server) index() any {
	ways := any([]any{})
	if s.mood != Hosted {
		ways = map[string]any{"application-passwords": map[string]any{"endpoints": map[string]string{"authorization": s.URL() + "/wp-admin/authorize-application.php"}}}
	}
	return map[string]any{"name": "Le blog du Zinc", "url": s.URL(), "home": s.URL(), "namespaces": []string{"oembed/1.0", "wp/v2"}, "authentication": ways}
}

// page is what is not of the API: the front page says where that is.
func (s *Server) page(r *http.Request) func(http.ResponseWriter) {
	front := strings.HasSuffix(s.URL(), "//"+s.listener.Addr().String()+strings.TrimSuffix(r.URL.Path, "/"))
	return func(w http.ResponseWriter) {
		if !front {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, "<html><h1>Nothing here</h1></html>")
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=UTF-8")
		if s.mood == Plain { // a host that keeps the header to itself
			fmt.Fprintf(w, "<html><head><link rel=\"https://api.w.org/\" href=\"%s\" /></head><body>%s</body></html>", strings.ReplaceAll(s.api(), "&", "&#038;"), Title)
			return
		}
		w.Header().Set("Link", "<"+s.api()+`>; rel="https://api.w.org/", <`+s.URL()+`/?p=2>; rel=shortlink`)
		fmt.Fprintf(w, "<html><body>%s</body></html>", Title)
	}
}

// listed is a part of a list, with its whole length.
type listed struct {
	items []any
	total int
}

// part cuts a list as the query says.
func (r *request) part(all []any) (int, any) {
	size := 10
	if v := r.query.Get("per_page"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 1 || n > 100 {
			return badParam("per_page", "per_page must be between 1 (inclusive) and 100 (inclusive)", http.StatusBadRequest)
		}
		size = n
	}
	from := 0
	if v := r.query.Get("offset"); v != "" {
		n, err := strconv.Atoi(v)
		if err != nil || n < 0 {
			return badParam("offset", "offset is not of type integer.", http.StatusBadRequest)
		}
		from = n
	} else if v := r.query.Get("page"); v != "" {
		n, _ := strconv.Atoi(v)
		from = (max(n, 1) - 1) * size
	}
	items := []any{}
	if from < len(all) {
		items = all[from:min(len(all), from+size)]
	}
	return http.StatusOK, listed{items, len(all)}
}

// pick leaves of an answer what _fields names: "id", "content", "_links.up".
func pick(v any, fields string) any {
	if fields == "" {
		return v
	}
	b, err := json.Marshal(v)
	if err != nil {
		return v
	}
	var any1 any
	json.Unmarshal(b, &any1)
	names := strings.Split(fields, ",")
	if list, ok := any1.([]any); ok {
		for i := range list {
			list[i] = picked(list[i], names)
		}
		return list
	}
	return picked(any1, names)
}

func picked(v any, names []string) any {
	m, ok := v.(map[string]any)
	if !ok {
		return v
	}
	out := map[string]any{}
	for _, name := range names {
		top, below, deep := strings.Cut(name, ".")
		if part, ok := m[top].(map[string]any); ok && deep {
			if inner, ok := part[below]; ok {
				out[top] = map[string]any{below: inner}
			}
		} else if part, ok := m[top]; ok && !deep {
			out[top] = part
		}
	}
	return out
}

// numbers reads a list of numbers in a parameter.
func numbers(s string) (all []int64) {
	for part := range strings.SplitSeq(s, ",") {
		if n, err := strconv.ParseInt(part, 10, 64); err == nil {
			all = append(all, n)
		}
	}
	return all
}

// integer reads a number, which may be written as text.
func integer(v any) int64 {
	switch x := v.(type) {
	case float64:
		return int64(x)
	case string:
		n, _ := strconv.ParseInt(x, 10, 64)
		return n
	}
	return 0
}

func asText(v any) string { s, _ := v.(string); return s }
