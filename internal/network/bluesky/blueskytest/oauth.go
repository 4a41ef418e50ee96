package blueskytest

import (
	"encoding/json"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// client is a program that asks for something, as the document at its own address describes it.
type client struct {
	ID        string   `json:"client_id"`
	Name      string   `json:"client_name"`
	URI       string   `json:"client_uri"`
	Type      string   `json:"application_type"`
	Grants    []string `json:"grant_types"`
	Responses []string `json:"response_types"`
	Scope     string   `json:"scope"`
	Redirects []string `json:"redirect_uris"`
	Method    string   `json:"token_endpoint_auth_method"`
	Alg       string   `json:"token_endpoint_auth_signing_alg"`
	Bound     bool     `json:"dpop_bound_access_tokens"`
	Keys      struct {
		Keys []map[string]string `json:"keys"`
	} `json:"jwks"`
}

// grant is what a client asks for, may have, or has had.
type grant struct {
	client    *client
	jkt       string // the key that it is bound to
	redirect  string
	scope     string
	state     string
	challenge string
	did       string // who said yes
	ends      time.Time
	gone      bool
}

// oauth is the authorization server's part of Server, under its lock.
type oauth struct {
	pushed  map[string]*grant // by request_uri
	codes   map[string]*grant
	bound   map[string]*grant // by access token
	renewed map[string]*grant // by refresh token
	spent   map[string]*grant // by a refresh token that has served
	seen    map[string]bool
	proofs  int
	read    func(address string) ([]byte, error)
}

func newOAuth() oauth {
	return oauth{map[string]*grant{}, map[string]*grant{}, map[string]*grant{}, map[string]*grant{}, map[string]*grant{}, map[string]bool{}, 0, nil}
}

// Documents has the server read the documents of clients by read: it reaches no address itself.
func (s *Server) Documents(read func(address string) ([]byte, error)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.oauth.read = read
}

func (s *Server) resource(*http.Request) (int, any) {
	return http.StatusOK, map[string]any{"resource": s.URL(), "authorization_servers": []string{s.URL()}, "bearer_methods_supported": []string{"header"}}
}

func (s *Server) metadata(*http.Request) (int, any) {
	m := map[string]any{
		"issuer": s.URL(), "pushed_authorization_request_endpoint": s.URL() + "/oauth/par", "authorization_endpoint": s.URL() + "/oauth/authorize",
		"token_endpoint": s.URL() + "/oauth/token", "revocation_endpoint": s.URL() + "/oauth/revoke", "require_pushed_authorization_requests": true,
		"scopes_supported": []string{"atproto", "transition:generic"}, "code_challenge_methods_supported": []string{"S256"}, "dpop_signing_alg_values_supported": []string{"ES256"},
		"authorization_response_iss_parameter_supported": true, "client_id_metadata_document_supported": true,
	}
	for name, value := range s.trouble.Metadata {
		m[name] = value
	}
	return http.StatusOK, m
}

// client reads who asks.
func (s *Server) client(id string) (c *client, err error) {
	u, err := url.Parse(id)
	if err != nil {
		return nil, err
	}
	if q := u.Query(); strings.HasPrefix(id, "http://localhost?") {
		for _, back := range q["redirect_uri"] {
			if !strings.HasPrefix(back, "http://127.0.0.1") && !strings.HasPrefix(back, "http://[::1]") {
				return nil, fmt.Errorf("%s is not on this machine", back)
			}
		}
		return &client{ID: id, Redirects: q["redirect_uri"], Scope: q.Get("scope"), Method: "none", Type: "native"}, nil
	}
	if u.Scheme != "https" || u.Port() != "" || u.Path == "" || s.oauth.read == nil {
		return nil, fmt.Errorf("%s is no client", id)
	}
	b, err := s.oauth.read(id)
	if err != nil {
		return nil, err
	}
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.DisallowUnknownFields()
	if err := d.Decode(&c); err != nil {
		return nil, err
	}
	for _, back := range c.Redirects {
		if !strings.HasPrefix(back, "https://"+u.Host+"/") {
			return nil, fmt.Errorf("%s is not of %s", back, u.Host)
		}
	}
	if c.ID != id || c.URI != "https://"+u.Host || c.Type != "web" || !slices.Equal(c.Grants, []string{"authorization_code", "refresh_token"}) || !slices.Equal(c.Responses, []string{"code"}) ||
		c.Method != "private_key_jwt" || c.Alg != "ES256" || !c.Bound || len(c.Keys.Keys) == 0 || len(c.Redirects) == 0 {
		return nil, fmt.Errorf("the document of %s is wrong", id)
	}
	return c, nil
}

// asks checks who asks: a client that has a key proves that it is itself.
func (s *Server) asks(form url.Values) (*client, error) {
	c, err := s.client(form.Get("client_id"))
	if err != nil || c.Method == "none" {
		return c, err
	}
	if form.Get("client_assertion_type") != "urn:ietf:params:oauth:client-assertion-type:jwt-bearer" {
		return nil, fmt.Errorf("no assertion")
	}
	for _, key := range c.Keys.Keys {
		j, err := readJWT(form.Get("client_assertion"), key)
		if err == nil && j.header.Kid == key["kid"] && j.claims.Issuer == c.ID && j.claims.Subject == c.ID && j.claims.Audience == s.URL() &&
			time.Unix(j.claims.At, 0).Sub(s.now()).Abs() < patience && s.once("assertion "+j.claims.ID) {
			return c, nil
		}
	}
	return nil, fmt.Errorf("the assertion is wrong")
}

// endpoint is one of those to which clients post forms.
func (s *Server) endpoint(do func(c *client, jkt string, form url.Values) (int, any)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(io.LimitReader(r.Body, 1<<20))
		form, err := url.ParseQuery(string(b))
		if err != nil || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
			write(w, http.StatusBadRequest, no("invalid_request", "no form"))
			return
		}
		s.mu.Lock()
		s.asked[r.URL.Path]++
		status, answer := http.StatusBadRequest, any(nil)
		jkt, refusal := s.proved(r, "")
		c, err := s.asks(form)
		switch {
		case s.trouble.Page != 0:
			status, answer = s.trouble.Page, "<h1>Welcome to our wireless network</h1>"
		case s.trouble.Throttled > 0:
			status, answer = http.StatusTooManyRequests, no("RateLimitExceeded", "Rate Limit Exceeded")
		case refusal != nil:
			answer = refusal
		case err != nil:
			answer = no("invalid_client", "%v", err)
		default:
			status, answer = do(c, jkt, form)
		}
		s.mu.Unlock()
		s.nonce(w)
		write(w, status, answer)
	}
}

func denied(name, format string, args ...any) (int, any) {
	return http.StatusBadRequest, no(name, format, args...)
}

func (s *Server) push(c *client, jkt string, form url.Values) (int, any) {
	for name := range form {
		if !slices.Contains([]string{"client_id", "client_assertion", "client_assertion_type", "response_type", "redirect_uri", "scope", "state", "code_challenge", "code_challenge_method", "login_hint"}, name) {
			return denied("invalid_request", "this fake knows no parameter %s", name)
		}
	}
	g := &grant{client: c, jkt: jkt, redirect: form.Get("redirect_uri"), scope: form.Get("scope"), state: form.Get("state"), challenge: form.Get("code_challenge"), ends: s.now().Add(5 * time.Minute)}
	allowed := strings.Fields(c.Scope)
	for _, scope := range strings.Fields(g.scope) {
		if !slices.Contains(allowed, scope) {
			return denied("invalid_scope", "%s is not in what the client says of itself", scope)
		}
	}
	switch {
	case form.Get("response_type") != "code" || form.Get("code_challenge_method") != "S256" || len(g.challenge) != 43 || g.state == "":
		return denied("invalid_request", "no PKCE, or no state")
	case !slices.Contains(c.Redirects, g.redirect):
		return denied("invalid_request", "Invalid redirect_uri")
	case !strings.HasPrefix(g.scope+" ", "atproto "):
		return denied("invalid_scope", "atproto is missing")
	}
	s.last++
	name := fmt.Sprintf("urn:ietf:params:oauth:request_uri:req-%d", s.last)
	s.pushed[name] = g
	return http.StatusCreated, map[string]any{"request_uri": name, "expires_in": 299}
}

// consent is the page on which somebody says yes: it leads to two addresses of its own.
func (s *Server) consent(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	g := s.pushed[r.URL.Query().Get("request_uri")]
	var people []string
	for _, a := range s.accounts {
		if a.Password != "" {
			people = append(people, a.Handle)
		}
	}
	s.mu.Unlock()
	if as := r.URL.Query().Get("as"); as != "" {
		to, wrong := s.Consent(r.URL.RawQuery, strings.TrimPrefix(as, "-"))
		if wrong != "" {
			http.Error(w, wrong, http.StatusBadRequest)
			return
		}
		http.Redirect(w, r, to, http.StatusFound)
		return
	}
	if g == nil {
		http.Error(w, "This request has expired", http.StatusBadRequest)
		return
	}
	slices.Sort(people)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	fmt.Fprintf(w, `<!doctype html><html lang="fr"><link rel="icon" href="data:,"><title>%s</title><h1>%s demande</h1><p>%s</p>`, s.Host(), html.EscapeString(g.client.Name), html.EscapeString(g.scope))
	for _, as := range append(people, "-") {
		fmt.Fprintf(w, `<p><a href="/oauth/authorize?%s">%s</a></p>`, html.EscapeString(r.URL.RawQuery+"&as="+url.QueryEscape(as)), as)
	}
}

// Consent says yes on a page, given its query, as an account, or no (""). It returns where the browser is sent, or
// what the page says is wrong.
func (s *Server) Consent(query, handle string) (to, wrong string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, _ := url.ParseQuery(query)
	g := s.pushed[q.Get("request_uri")]
	delete(s.pushed, q.Get("request_uri"))
	if g == nil || s.now().After(g.ends) || q.Get("client_id") != g.client.ID {
		return "", "This request has expired"
	}
	back := url.Values{"state": {g.state}, "iss": {s.URL()}}
	if a := s.who(handle); a == nil {
		back.Set("error", "access_denied")
	} else {
		s.last++
		code := fmt.Sprintf("cod-%d", s.last)
		g.did, g.ends = a.DID, s.now().Add(time.Minute)
		s.codes[code] = g
		back.Set("code", code)
	}
	return g.redirect + "?" + back.Encode(), ""
}

func (s *Server) token(c *client, jkt string, form url.Values) (int, any) {
	switch form.Get("grant_type") {
	case "authorization_code":
		g := s.codes[form.Get("code")]
		delete(s.codes, form.Get("code"))
		if g == nil || s.now().After(g.ends) || g.client.ID != c.ID || g.jkt != jkt || g.redirect != form.Get("redirect_uri") || hashed(form.Get("code_verifier")) != g.challenge {
			return denied("invalid_grant", "Invalid code")
		}
		return s.grant(g)
	case "refresh_token":
		shown := form.Get("refresh_token")
		if g := s.spent[shown]; g != nil { // somebody has a copy
			g.gone = true
			return denied("invalid_grant", "Refresh token replayed")
		}
		g := s.renewed[shown]
		if g == nil || g.gone || g.client.ID != c.ID || g.jkt != jkt || s.trouble.Revoked {
			return denied("invalid_grant", "Invalid refresh token")
		}
		if !s.trouble.NoRefresh {
			delete(s.renewed, shown)
			s.spent[shown] = g
		}
		return s.grant(g)
	}
	return denied("unsupported_grant_type", "Grant type %q is not supported", form.Get("grant_type"))
}

// grant hands out a pair of tokens.
func (s *Server) grant(g *grant) (int, any) {
	s.last++
	access, refresh := fmt.Sprintf("bound-access-%d", s.last), fmt.Sprintf("bound-refresh-%d", s.last)
	s.bound[access], s.renewed[refresh] = g, g
	if s.trouble.NoRefresh {
		refresh = ""
	}
	scope := g.scope
	if s.trouble.FewScopes {
		scope = "atproto"
	}
	return http.StatusOK, map[string]any{"access_token": access, "token_type": "DPoP", "refresh_token": refresh, "scope": scope, "sub": g.did, "expires_in": 3599}
}

func (s *Server) revoke(c *client, jkt string, form url.Values) (int, any) {
	for _, tokens := range []map[string]*grant{s.renewed, s.bound} {
		if g := tokens[form.Get("token")]; g != nil && g.client.ID == c.ID && g.jkt == jkt {
			g.gone = true
		}
	}
	return http.StatusOK, map[string]any{}
}

// bearing tells whose a token is that is bound to a key, and whether it may be used for a method.
func (s *Server) bearing(r *http.Request, name string) (by *Account, status int, refusal any) {
	token := strings.TrimPrefix(r.Header.Get("Authorization"), "DPoP ")
	jkt, unproved := s.proved(r, token)
	g := s.bound[token]
	switch {
	case unproved != nil:
		return nil, http.StatusUnauthorized, unproved
	case g == nil || g.gone || g.jkt != jkt || s.trouble.Revoked:
		return nil, http.StatusUnauthorized, no("invalid_token", "Token has expired")
	case s.trouble.Takedown:
		return nil, http.StatusUnauthorized, no("AccountTakedown", "Account has been taken down")
	case !g.may(name):
		return nil, http.StatusForbidden, no("ScopeMissingError", "Missing required scope for %s", name)
	}
	return s.who(g.did), 0, nil
}

// may tells whether a grant is good for a method.
func (g *grant) may(method string) bool {
	switch {
	case method == "com.atproto.repo.uploadBlob":
		return strings.Contains(g.scope, "blob:image/*")
	case strings.HasPrefix(method, "com.atproto.repo."):
		return strings.Contains(g.scope, "repo?collection=app.bsky.feed.post&collection=app.bsky.feed.like&collection=app.bsky.feed.repost")
	}
	return strings.Contains(g.scope, "lxm="+method+"&")
}
