package bluesky

import (
	"context"
	"sync"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// renewal is network.Wire.Renew.
type renewal = func(ctx context.Context, spent network.Credential, renew func(context.Context, network.Credential) (network.Credential, error)) (network.Credential, error)

// session is what an account has entered with.
type session struct {
	did  string
	keep renewal       // nil = nobody keeps it
	turn chan struct{} // held by who exchanges it

	mu   sync.Mutex // guards cred
	cred network.Credential
}

func newSession(did string, cred network.Credential, keep renewal) *session {
	return &session{did: did, keep: keep, turn: make(chan struct{}, 1), cred: cred}
}

func (s *session) now() network.Credential {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cred
}

// renewed exchanges what no longer serves for what does, once for all who ask together.
func (c caller) renewed(ctx context.Context, op string, spent network.Credential) (network.Credential, error) {
	s := c.session
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return spent, c.unreached(op, ctx.Err(), fault.Unavailable)
	}
	if now := s.now(); now.Field(AccessJWT) != spent.Field(AccessJWT) {
		return now, nil
	}
	exchange := func(ctx context.Context, kept network.Credential) (network.Credential, error) {
		return c.exchange(ctx, op, kept)
	}
	var fresh network.Credential
	var err error
	if s.keep == nil {
		fresh, err = exchange(ctx, spent)
	} else {
		fresh, err = s.keep(ctx, spent, exchange)
	}
	if err != nil {
		return spent, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cred = fresh
	return fresh, nil
}

// tokens is a session as the server hands it out.
type tokens struct {
	DID     string `json:"did"`
	Handle  string `json:"handle"`
	Access  string `json:"accessJwt"`
	Refresh string `json:"refreshJwt"`
}

// exchange buys another pair of tokens. That a session is over, in the server's own words, says nothing of the
// password; whatever else fails will pass, and changes nothing.
func (c caller) exchange(ctx context.Context, op string, cred network.Credential) (network.Credential, error) {
	anonymous := caller{server: c.server, http: c.http}
	var t tokens
	err := error(fault.New(fault.Unauthenticated, op, ""))
	if refresh := cred.Field(RefreshJWT); refresh != "" {
		err = anonymous.attempt(ctx, call{op: op, method: "com.atproto.server.refreshSession", post: true}, refresh, &t)
	}
	if fault.Is(err, fault.Unauthenticated) {
		t, err = anonymous.enter(ctx, op, c.session.did, cred.Field(Password))
	}
	if err != nil {
		return cred, err
	}
	if t.Access == "" || t.DID != c.session.did {
		return cred, c.unreadable(op, fault.Unavailable)
	}
	if t.Refresh == "" { // never lose a good one to an answer without any
		t.Refresh = cred.Field(RefreshJWT)
	}
	return t.credential(cred.Field(Password)), nil
}

func (t tokens) credential(password string) network.Credential {
	return network.NewCredential(map[string]string{Password: password, AccessJWT: t.Access, RefreshJWT: t.Refresh})
}

// enter opens a session with an app password.
func (c caller) enter(ctx context.Context, op, identifier, password string) (t tokens, err error) {
	err = c.post(ctx, op, "com.atproto.server.createSession", map[string]string{"identifier": identifier, "password": password}, &t)
	return t, err
}
