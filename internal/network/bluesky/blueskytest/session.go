package blueskytest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
)

// open hands out a pair of tokens.
func (s *Server) open(a *Account) (access, refresh string) {
	s.last++
	access, refresh = fmt.Sprintf("access-%d-of-%s", s.last, a.Handle), fmt.Sprintf("refresh-%d-of-%s", s.last, a.Handle)
	s.access[access], s.refresh[refresh] = a.DID, a.DID
	return access, refresh
}

func (s *Server) createSession(r *http.Request, _ *Account) (int, any) {
	var in struct {
		Identifier string `json:"identifier"`
		Password   string `json:"password"`
		Factor     string `json:"authFactorToken"`
	}
	if err := read(r, &in); err != nil {
		return invalid("%v", err)
	}
	a := s.who(in.Identifier)
	if a == nil || a.Password == "" || a.Password != in.Password || s.trouble.Revoked {
		return http.StatusUnauthorized, no("AuthenticationRequired", "Invalid identifier or password")
	}
	if s.trouble.Takedown {
		return http.StatusUnauthorized, no("AccountTakedown", "Account has been taken down")
	}
	access, refresh := s.open(a)
	return http.StatusOK, s.session(a, access, refresh)
}

func (s *Server) session(a *Account, access, refresh string) map[string]any {
	out := map[string]any{"did": a.DID, "handle": a.Handle, "accessJwt": access, "refreshJwt": refresh, "active": true}
	if s.trouble.NoRefresh {
		out["refreshJwt"] = ""
		s.refresh[refresh] = a.DID
	}
	return out
}

// refreshSession takes a token once.
func (s *Server) refreshSession(r *http.Request, _ *Account) (int, any) {
	if b, _ := io.ReadAll(r.Body); len(b) > 0 {
		return invalid("A request body was provided when none was expected")
	}
	token := bearer(r)
	a := s.who(s.refresh[token])
	switch {
	case token == "":
		return http.StatusUnauthorized, no("AuthMissing", "Authentication Required")
	case a == nil || s.trouble.Revoked:
		return http.StatusBadRequest, no("ExpiredToken", "Token has been revoked")
	case s.trouble.Takedown:
		return http.StatusUnauthorized, no("AccountTakedown", "Account has been taken down")
	}
	if !s.trouble.NoRefresh {
		delete(s.refresh, token)
	}
	access, refresh := s.open(a)
	return http.StatusOK, s.session(a, access, refresh)
}

func bearer(r *http.Request) string {
	token, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	if !ok {
		return ""
	}
	return token
}

// deleteSession ends a session by the token that renews it.
func (s *Server) deleteSession(r *http.Request, _ *Account) (int, any) {
	token := bearer(r)
	did := s.refresh[token]
	if did == "" {
		return http.StatusBadRequest, no("ExpiredToken", "Token has been revoked")
	}
	delete(s.refresh, token)
	delete(s.access, strings.Replace(token, "refresh", "access", 1))
	return http.StatusOK, nil
}

// bearer tells whose the token of a request is.
func (s *Server) bearer(r *http.Request, method string) (by *Account, status int, refusal any) {
	if strings.HasPrefix(r.Header.Get("Authorization"), "DPoP ") {
		return s.bearing(r, method)
	}
	token := bearer(r)
	did := s.access[token]
	switch {
	case token == "":
		return nil, http.StatusUnauthorized, no("AuthMissing", "Authentication Required")
	case s.refresh[token] != "":
		return nil, http.StatusBadRequest, no("InvalidToken", "Bad token scope")
	case did == "" || s.trouble.Revoked:
		return nil, http.StatusBadRequest, no("ExpiredToken", "Token has expired")
	case s.trouble.Takedown:
		return nil, http.StatusUnauthorized, no("AccountTakedown", "Account has been taken down")
	}
	return s.who(did), 0, nil
}

func (s *Server) resolveHandle(r *http.Request, _ *Account) (int, any) {
	handle := r.URL.Query().Get("handle")
	if did := s.claimed[handle]; did != "" {
		return http.StatusOK, map[string]string{"did": did}
	}
	a := s.who(handle)
	if a == nil {
		return invalid("Unable to resolve handle")
	}
	return http.StatusOK, map[string]string{"did": a.DID}
}
