package blueskytest

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

// method is one of the API.
type method struct {
	post   bool
	open   bool // for anybody
	either bool // for anybody, and a token that is shown has to serve
	index  bool // answered by the network's index
	params []string
	do     func(r *http.Request, by *Account) (int, any)
}

func (s *Server) methods() map[string]method {
	return map[string]method{
		"com.atproto.server.createSession":        {post: true, open: true, do: s.createSession},
		"com.atproto.server.deleteSession":        {post: true, open: true, do: s.deleteSession},
		"com.atproto.server.refreshSession":       {post: true, open: true, do: s.refreshSession},
		"com.atproto.identity.resolveHandle":      {open: true, params: []string{"handle"}, do: s.resolveHandle},
		"com.atproto.repo.getRecord":              {either: true, params: []string{"repo", "collection", "rkey", "cid"}, do: s.getRecord},
		"com.atproto.repo.createRecord":           {post: true, do: s.createRecord},
		"com.atproto.repo.putRecord":              {post: true, do: s.putRecord},
		"com.atproto.repo.deleteRecord":           {post: true, do: s.deleteRecord},
		"com.atproto.repo.uploadBlob":             {post: true, do: s.uploadBlob},
		"app.bsky.actor.getProfile":               {index: true, params: []string{"actor"}, do: s.getProfile},
		"app.bsky.feed.getPosts":                  {index: true, params: []string{"uris"}, do: s.getPosts},
		"app.bsky.notification.listNotifications": {index: true, params: []string{"reasons", "limit", "cursor", "priority", "seenAt"}, do: s.listNotifications},
	}
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	for name, m := range s.methods() {
		mux.HandleFunc("/xrpc/"+name, func(w http.ResponseWriter, r *http.Request) { s.serve(w, r, name, m) })
	}
	mux.HandleFunc("/xrpc/", func(w http.ResponseWriter, r *http.Request) {
		write(w, http.StatusNotImplemented, no("MethodNotImplemented", "Method Not Implemented"))
	})
	for name, answer := range map[string]func(*http.Request) (int, any){"oauth-protected-resource": s.resource, "oauth-authorization-server": s.metadata} {
		mux.HandleFunc("GET /.well-known/"+name, func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			s.asked[name]++
			status, out := answer(r)
			if s.trouble.NoPage {
				status, out = http.StatusNotFound, no("NotFound", "Not Found")
			}
			s.mu.Unlock()
			write(w, status, out)
		})
	}
	mux.HandleFunc("POST /oauth/par", s.endpoint(s.push))
	mux.HandleFunc("GET /oauth/authorize", s.consent)
	mux.HandleFunc("POST /oauth/token", s.endpoint(s.token))
	mux.HandleFunc("POST /oauth/revoke", s.endpoint(s.revoke))
	mux.HandleFunc("GET /img/{cid}", s.image)
	mux.HandleFunc("GET /{did}", s.document)
	return mux
}

// serve answers one request, all under one lock: what is taken is in the ledger before anybody hears of it.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, name string, m method) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 52<<20))
	if err != nil { // nothing is done with half a request
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	s.mu.Lock()
	meanwhile := s.between[name]
	delete(s.between, name)
	s.mu.Unlock()
	if meanwhile != nil {
		meanwhile()
	}
	s.mu.Lock()
	s.asked[name]++
	status, answer := s.answer(r, name, m)
	wait := s.trouble.Throttled
	drop := s.trouble.DropAfterPut && status == http.StatusOK && name == "com.atproto.repo.putRecord"
	page, skew := s.trouble.Page, s.trouble.Skew
	s.mu.Unlock()
	if r.Header.Get("DPoP") != "" {
		s.nonce(w)
	}
	switch {
	case drop:
		panic(http.ErrAbortHandler)
	case page != 0:
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(page)
		io.WriteString(w, "<h1>Welcome to our wireless network</h1>")
		return
	case wait > 0:
		w.Header().Set("Date", time.Now().Add(skew).UTC().Format(http.TimeFormat))
		w.Header().Set("RateLimit-Limit", "3000")
		w.Header().Set("RateLimit-Remaining", "0")
		w.Header().Set("RateLimit-Reset", strconv.FormatInt(time.Now().Add(skew+wait).Unix(), 10))
		w.Header().Set("RateLimit-Policy", "3000;w=300")
	}
	write(w, status, answer)
}

func write(w http.ResponseWriter, status int, answer any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	if answer != nil {
		json.NewEncoder(w).Encode(answer)
	}
}

// problem is an error as the protocol says it.
type problem struct {
	Error   string `json:"error"`
	Message string `json:"message"`
}

func no(name, format string, args ...any) problem { return problem{name, fmt.Sprintf(format, args...)} }

func invalid(format string, args ...any) (int, any) {
	return http.StatusBadRequest, no("InvalidRequest", format, args...)
}

func (s *Server) answer(r *http.Request, name string, m method) (int, any) {
	switch {
	case s.trouble.Page != 0:
		return s.trouble.Page, nil
	case s.trouble.Throttled > 0:
		return http.StatusTooManyRequests, no("RateLimitExceeded", "Rate Limit Exceeded")
	case m.post != (r.Method == http.MethodPost):
		return http.StatusMethodNotAllowed, no("InvalidRequest", "Incorrect HTTP method (%s)", r.Method)
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return invalid("unreadable query")
	}
	for param := range query {
		if !slices.Contains(m.params, param) {
			return invalid("this fake knows no parameter %s", param)
		}
	}
	if m.open || m.either && r.Header.Get("Authorization") == "" {
		return m.do(r, nil)
	}
	by, status, refusal := s.bearer(r, name)
	if by == nil {
		return status, refusal
	}
	if m.index && s.trouble.NoIndex {
		return http.StatusBadGateway, no("UpstreamFailure", "Upstream service unreachable")
	}
	return m.do(r, by)
}

// read reads the JSON of a request, and nothing that is not known.
func read(r *http.Request, into any) error {
	if r.Header.Get("Content-Type") != "application/json" {
		return fmt.Errorf("wrong request encoding (Content-Type): %s", r.Header.Get("Content-Type"))
	}
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	d.UseNumber()
	return d.Decode(into)
}

// document is what a DID says of itself.
func (s *Server) document(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	a := s.who(r.PathValue("did"))
	s.asked["document"]++
	s.mu.Unlock()
	if a == nil || a.DID != r.PathValue("did") {
		write(w, http.StatusNotFound, map[string]string{"message": "DID not registered: " + r.PathValue("did")})
		return
	}
	write(w, http.StatusOK, map[string]any{
		"@context": []string{"https://www.w3.org/ns/did/v1"}, "id": a.DID, "alsoKnownAs": []string{"at://" + a.Handle},
		"service": []map[string]string{{"id": "#atproto_pds", "type": "AtprotoPersonalDataServer", "serviceEndpoint": s.URL()}},
	})
}
