package mastodontest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
)

// known are the scopes that the server gives.
var known = []string{
	"read", "read:accounts", "read:statuses", "read:notifications", "read:search", "read:lists", "read:favourites", "read:follows",
	"write", "write:statuses", "write:media", "write:favourites", "write:conversations", "write:notifications", "follow", "push", "profile",
}

// app is a program that made itself known.
type app struct {
	id, secret, name string
	redirect         string
	scopes           []string
}

// grant is what somebody allowed a program: first as a code, then as a token.
type grant struct {
	app       *app
	account   *Account
	scopes    []string
	redirect  string
	challenge string
	at        time.Time
}

func (g *grant) may(scope string) bool {
	whole, _, _ := strings.Cut(scope, ":")
	return slices.Contains(g.scopes, scope) || slices.Contains(g.scopes, whole)
}

func secret() string {
	b := make([]byte, 24)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

func (s *Server) metadata(*http.Request, *grant) (int, any) {
	if s.mood == GoToSocial {
		return s.refuse(http.StatusNotFound, "Not Found")
	}
	return http.StatusOK, map[string]any{
		"issuer": s.URL() + "/", "authorization_endpoint": s.URL() + "/oauth/authorize", "token_endpoint": s.URL() + "/oauth/token", "revocation_endpoint": s.URL() + "/oauth/revoke",
		"scopes_supported": known, "response_types_supported": []string{"code"}, "grant_types_supported": []string{"authorization_code", "client_credentials"},
		"code_challenge_methods_supported": []string{"S256"}, "app_registration_endpoint": s.URL() + "/api/v1/apps",
	}
}

// register takes a form with the parameters of the documents and no other.
func (s *Server) register(r *http.Request, _ *grant) (int, any) {
	if r.ParseForm() != nil || !only(r.PostForm, "client_name", "redirect_uris", "scopes", "website") {
		return s.refuse(http.StatusUnprocessableEntity, "the documents know no such parameter")
	}
	a := &app{id: secret(), secret: secret(), name: r.PostForm.Get("client_name"), redirect: r.PostForm.Get("redirect_uris"), scopes: strings.Fields(r.PostForm.Get("scopes"))}
	u, err := url.Parse(a.redirect)
	switch {
	case a.name == "" || len(a.name) > 60:
		return s.refuse(http.StatusUnprocessableEntity, "Validation failed: Application name is invalid")
	case err != nil || !u.IsAbs() || u.Host == "" || u.Fragment != "":
		return s.refuse(http.StatusUnprocessableEntity, "Validation failed: Redirect URI must be an absolute URI.")
	}
	for _, scope := range a.scopes {
		if !slices.Contains(known, scope) {
			return s.refuse(http.StatusUnprocessableEntity, "Validation failed: Scopes doesn't match configured on the server.")
		}
	}
	s.apps[a.id] = a
	return http.StatusOK, map[string]any{
		"id": s.newID(), "name": a.name, "client_id": a.id, "client_secret": a.secret, "redirect_uri": a.redirect, "redirect_uris": []string{a.redirect},
		"scopes": a.scopes, "client_secret_expires_at": 0,
	}
}

func only(form url.Values, names ...string) bool {
	for name := range form {
		if !slices.Contains(names, name) {
			return false
		}
	}
	return true
}

// asking reads the query of the page on which somebody says yes; nil when it is wrong.
func (s *Server) asking(q url.Values) *grant {
	a := s.apps[q.Get("client_id")]
	scopes := strings.Fields(q.Get("scope"))
	switch {
	case a == nil, q.Get("response_type") != "code", q.Get("redirect_uri") != a.redirect, q.Get("state") == "":
		return nil
	case q.Get("code_challenge_method") != "S256", len(q.Get("code_challenge")) != 43:
		return nil // older servers would not mind; we do
	}
	for _, scope := range scopes {
		if !slices.Contains(a.scopes, scope) {
			return nil
		}
	}
	return &grant{app: a, scopes: scopes, redirect: a.redirect, challenge: q.Get("code_challenge"), at: s.now()}
}

// consent is the page on which somebody says yes or no.
func (s *Server) consent(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	g := s.asking(r.URL.Query())
	var names []string
	for name, a := range s.accounts {
		if !strings.Contains(name, "@") {
			names = append(names, a.Acct)
		}
	}
	s.mu.Unlock()
	slices.Sort(names)
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	if g == nil {
		w.WriteHeader(http.StatusBadRequest)
		w.Write([]byte(`<!doctype html><title>Jasette</title><p id="error">Client authentication failed.</p>`))
		return
	}
	var b strings.Builder
	b.WriteString(`<!doctype html><html lang="fr"><title>La Jasette</title><meta name="viewport" content="width=device-width"><h1>La Jasette</h1><p>` +
		html.EscapeString(g.app.name) + ` demande : ` + html.EscapeString(strings.Join(g.scopes, ", ")) + `</p><form method="post" action="/oauth/authorize?` + html.EscapeString(r.URL.RawQuery) + `">`)
	for _, name := range names {
		b.WriteString(`<p><button name="as" value="` + html.EscapeString(name) + `">Autoriser @` + html.EscapeString(name) + `</button></p>`)
	}
	b.WriteString(`<p><button name="as" value="">Refuser</button></p></form></html>`)
	w.Write([]byte(b.String()))
}

// consented sends somebody back with a code, or without.
func (s *Server) consented(w http.ResponseWriter, r *http.Request) {
	to, err := s.Consent(r.URL.RawQuery, r.PostFormValue("as"))
	if err != "" {
		http.Error(w, err, http.StatusBadRequest)
		return
	}
	http.Redirect(w, r, to, http.StatusFound)
}

// Consent is somebody saying yes on the page with this query, as an account of the server, or no (""). It returns
// where their browser is sent.
func (s *Server) Consent(query, acct string) (to, wrong string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q, _ := url.ParseQuery(query)
	g := s.asking(q)
	if g == nil {
		return "", "Client authentication failed."
	}
	back := url.Values{"state": {q.Get("state")}}
	if g.account = s.accounts[strings.ToLower(acct)]; g.account == nil {
		back.Set("error", "access_denied")
		back.Set("error_description", "The resource owner or authorization server denied the request.")
	} else {
		code := secret()
		s.codes[code] = g
		back.Set("code", code)
	}
	return g.redirect + "?" + back.Encode(), ""
}

// token gives a token for a code, once.
func (s *Server) token(r *http.Request, _ *grant) (int, any) {
	no := func(status int, code, words string) (int, any) {
		return status, map[string]string{"error": code, "error_description": words}
	}
	if r.ParseForm() != nil || !only(r.PostForm, "grant_type", "code", "client_id", "client_secret", "redirect_uri", "code_verifier", "scope") {
		return no(http.StatusBadRequest, "invalid_request", "the documents know no such parameter")
	}
	f := r.PostForm
	a := s.apps[f.Get("client_id")]
	if a == nil || a.secret != f.Get("client_secret") {
		return no(http.StatusUnauthorized, "invalid_client", "Client authentication failed due to unknown client.")
	}
	g := s.codes[f.Get("code")]
	delete(s.codes, f.Get("code"))
	sum := sha256.Sum256([]byte(f.Get("code_verifier")))
	switch {
	case f.Get("grant_type") != "authorization_code":
		return no(http.StatusBadRequest, "unsupported_grant_type", "The authorization grant type is not supported.")
	case g == nil, g.app != a, g.redirect != f.Get("redirect_uri"), s.now().Sub(g.at) > 10*time.Minute,
		base64.RawURLEncoding.EncodeToString(sum[:]) != g.challenge:
		return no(http.StatusBadRequest, "invalid_grant", "The provided authorization grant is invalid, expired, revoked, or was issued to another client.")
	}
	t := secret()
	s.tokens[t] = g
	return http.StatusOK, map[string]any{"access_token": t, "token_type": "Bearer", "scope": strings.Join(g.scopes, " "), "created_at": s.now().Unix()}
}

// revoke takes a token back that the program which asks was given; one that is none any more is no matter.
func (s *Server) revoke(r *http.Request, _ *grant) (int, any) {
	if r.ParseForm() != nil || !only(r.PostForm, "client_id", "client_secret", "token") {
		return s.refuse(http.StatusBadRequest, "the documents know no such parameter")
	}
	a := s.apps[r.PostForm.Get("client_id")]
	g := s.tokens[r.PostForm.Get("token")]
	if a == nil || a.secret != r.PostForm.Get("client_secret") || g != nil && g.app != a {
		return http.StatusForbidden, map[string]string{"error": "unauthorized_client", "error_description": "You are not authorized to revoke this token"}
	}
	delete(s.tokens, r.PostForm.Get("token"))
	return http.StatusOK, map[string]any{}
}
