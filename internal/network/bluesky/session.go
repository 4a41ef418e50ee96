package bluesky

import (
	"context"
	"net/url"
	"sync"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// renewal is network.Wire.Renew.
type renewal = func(ctx context.Context, spent network.Credential, renew func(context.Context, network.Credential) (network.Credential, error)) (network.Credential, error)

// session is what an account has entered with.
type session struct {
	did   string
	by    *Authority    // nil = an app password entered
	keep  renewal       // nil = nobody keeps it
	proof *prover       // nil = an app password entered
	turn  chan struct{} // held by who exchanges it

	mu   sync.Mutex // guards cred
	cred network.Credential
}

func newSession(e Endpoint, cred network.Credential, keep renewal) *session {
	s := &session{did: e.DID, by: e.Granted, keep: keep, turn: make(chan struct{}, 1), cred: cred}
	if key, ok := readKey(cred.Field(proofKey)); ok && s.by != nil {
		s.proof = newProver(key)
	}
	return s
}

func (s *session) pass(cred network.Credential) pass { return pass{cred.Field(AccessJWT), s.proof} }

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

// exchange buys another pair of tokens. Whatever fails but the network's own refusal will pass, and changes nothing.
func (c caller) exchange(ctx context.Context, op string, cred network.Credential) (network.Credential, error) {
	if c.session.by != nil {
		return c.refresh(ctx, op, cred)
	}
	anonymous := caller{server: c.server, http: c.http}
	var t tokens
	err := error(fault.New(fault.Unauthenticated, op, ""))
	if refresh := cred.Field(RefreshJWT); refresh != "" {
		err = anonymous.attempt(ctx, call{op: op, method: "com.atproto.server.refreshSession", post: true}, pass{token: refresh}, &t)
	}
	if fault.Is(err, fault.Unauthenticated) { // that a session is over says nothing of the password
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

// refresh is the exchange of a grant: a token serves once, and one that is shown twice ends the grant.
func (c caller) refresh(ctx context.Context, op string, cred network.Credential) (network.Credential, error) {
	g := grantFor(c.session.by, cred, c.http)
	var t granted
	err := g.ask(ctx, op, g.Token, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {cred.Field(RefreshJWT)}}, &t)
	switch {
	case fault.Is(err, fault.Unauthenticated):
		return cred, fault.Wrap(err, fault.Unauthenticated, op, "bluesky.fault.grant_gone", "host", g.host())
	case err != nil:
		return cred, err
	case !t.whole() || t.Sub != c.session.did:
		return cred, g.unreadable(op, fault.Unavailable)
	}
	return g.credential(t), nil
}

// Revoke implements network.Revoker: the grant ends, or the session of an app password, which only a person can
// delete.
func (c *Client) Revoke(ctx context.Context) error {
	const op = "bluesky.Revoke"
	cred := c.session.now()
	if c.session.by != nil {
		g := grantFor(c.session.by, cred, c.http)
		return g.ask(ctx, op, g.Authority.Revoke, url.Values{"token": {cred.Field(RefreshJWT)}}, nil)
	}
	err := caller{server: c.server, http: c.http}.attempt(ctx, call{op: op, method: "com.atproto.server.deleteSession", post: true}, pass{token: cred.Field(RefreshJWT)}, nil)
	if fault.Is(err, fault.Unauthenticated) {
		return nil // it was over
	}
	return err
}

func (t tokens) credential(password string) network.Credential {
	return network.NewCredential(map[string]string{Password: password, AccessJWT: t.Access, RefreshJWT: t.Refresh})
}

// enter opens a session with an app password.
func (c caller) enter(ctx context.Context, op, identifier, password string) (t tokens, err error) {
	err = c.post(ctx, op, "com.atproto.server.createSession", map[string]string{"identifier": identifier, "password": password}, &t)
	return t, err
}
