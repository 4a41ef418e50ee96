package mastodon

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// scopes are the least that is needed: reading what is said to the account and what it said, answering, and liking.
const scopes = "read:accounts read:statuses read:notifications write:statuses write:media write:favourites"

// Fields of a login that waits for somebody to come back.
const (
	pendingEndpoint = "endpoint"
	pendingIssuer   = "issuer"
	pendingVerifier = "code_verifier"
	pendingReturn   = "redirect_uri"
)

const (
	opAuthorize = "mastodon.Authorize"
	opFinish    = "mastodon.Finish"
)

// metadata is what a server says of its own way to authorise (RFC 8414), since Mastodon 4.3.
type metadata struct {
	Issuer    string `json:"issuer"`
	Authorize string `json:"authorization_endpoint"`
	Token     string `json:"token_endpoint"`
}

// metadata asks for it. A server that has none gets the paths that every Mastodon has; one that names others, or
// itself by another name, is not believed.
func (c caller) metadata(ctx context.Context) (metadata, error) {
	usual := metadata{Issuer: c.server, Authorize: c.server + "/oauth/authorize", Token: c.server + "/oauth/token"}
	var m metadata
	_, err := c.get(ctx, opAuthorize, "/.well-known/oauth-authorization-server", nil, &m)
	if f := fault.As(err); f != nil {
		if f.Code == fault.NotFound || f.Code == fault.Unsupported || f.Key == "mastodon.fault.unreadable" {
			return usual, nil
		}
		return m, err
	}
	for _, u := range []string{m.Issuer + "/", m.Authorize, m.Token} {
		if !strings.HasPrefix(u, c.server+"/") {
			return m, fault.New(fault.Rejected, opAuthorize, "mastodon.fault.issuer", "host", c.host())
		}
	}
	m.Issuer = strings.TrimSuffix(m.Issuer, "/")
	return m, nil
}

// Authorize implements network.Authorizer: OAuth with an authorization code and PKCE (RFC 9700). The program makes
// itself known anew for each login: a server may have forgotten what it once registered, and would say so to the
// person and not to us.
func (Driver) Authorize(ctx context.Context, s network.Server, back network.Return, w network.Wire) (page string, pending network.Credential, err error) {
	e, err := ParseEndpoint(s.Endpoint)
	if err != nil {
		return "", pending, err
	}
	c := caller{server: e.Server, http: w.HTTP}
	m, err := c.metadata(ctx)
	if err != nil {
		return "", pending, err
	}
	var app struct {
		ID     string `json:"client_id"`
		Secret string `json:"client_secret"`
	}
	form := url.Values{"client_name": {"Comptoir"}, "redirect_uris": {back.URL}, "scopes": {scopes}}
	if strings.HasPrefix(back.About, "https://") {
		form.Set("website", back.About)
	}
	if _, err := c.post(ctx, opAuthorize, "/api/v1/apps", form, &app); err != nil {
		return "", pending, err
	}
	if app.ID == "" || app.Secret == "" {
		return "", pending, c.unreadable(opAuthorize, fault.Unavailable)
	}
	verifier := newVerifier()
	query := url.Values{
		"response_type": {"code"}, "client_id": {app.ID}, "redirect_uri": {back.URL}, "scope": {scopes}, "state": {back.State},
		"code_challenge": {challenge(verifier)}, "code_challenge_method": {"S256"},
	}
	if back.Lang != "" {
		query.Set("lang", back.Lang)
	}
	return m.Authorize + "?" + query.Encode(), network.NewCredential(map[string]string{
		pendingEndpoint: s.Endpoint, pendingIssuer: m.Issuer, pendingVerifier: verifier, pendingReturn: back.URL, clientID: app.ID, clientSecret: app.Secret,
	}), nil
}

// newVerifier is a fresh code_verifier: 256 bits.
func newVerifier() string {
	b := make([]byte, 32)
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(b)
}

// challenge is the S256 code_challenge of a verifier.
func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// Finish implements network.Authorizer.
func (Driver) Finish(ctx context.Context, pending network.Credential, brought url.Values, w network.Wire) (endpoint string, cred network.Credential, err error) {
	e, err := ParseEndpoint(pending.Field(pendingEndpoint))
	if err != nil {
		return "", cred, err
	}
	c := caller{server: e.Server, http: w.HTTP}
	switch iss := brought.Get("iss"); {
	case iss != "" && strings.TrimSuffix(iss, "/") != pending.Field(pendingIssuer):
		return "", cred, fault.New(fault.Rejected, opFinish, "mastodon.fault.issuer", "host", c.host())
	case brought.Get("error") == "access_denied":
		return "", cred, fault.New(fault.Forbidden, opFinish, "mastodon.fault.denied", "host", c.host())
	case brought.Get("code") == "":
		return "", cred, fault.New(fault.Rejected, opFinish, "mastodon.fault.login", "host", c.host())
	}
	token, err := c.exchange(ctx, pending, brought.Get("code"))
	if err != nil {
		return "", cred, err
	}
	cred = network.NewCredential(map[string]string{AccessToken: token, clientID: pending.Field(clientID), clientSecret: pending.Field(clientSecret)})
	c.token = func() string { return token }
	var a account
	if _, err := c.get(ctx, opFinish, "/api/v1/accounts/verify_credentials", nil, &a); err != nil {
		return "", cred, err
	}
	if !a.whole() {
		return "", cred, c.unreadable(opFinish, fault.Unavailable)
	}
	e.Account, e.Handle = string(a.ID), "@"+a.address(e.Domain)
	return e.String(), cred, nil
}

// exchange gives the code back for a token, which has no end until somebody takes it away.
func (c caller) exchange(ctx context.Context, pending network.Credential, code string) (string, error) {
	var t struct {
		Token string `json:"access_token"`
		Type  string `json:"token_type"`
		Scope string `json:"scope"`
	}
	_, err := c.post(ctx, opFinish, "/oauth/token", url.Values{
		"grant_type": {"authorization_code"}, "code": {code}, "client_id": {pending.Field(clientID)}, "client_secret": {pending.Field(clientSecret)},
		"redirect_uri": {pending.Field(pendingReturn)}, "code_verifier": {pending.Field(pendingVerifier)},
	}, &t)
	if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Rejected) || fault.Is(err, fault.Forbidden) {
		return "", fault.Wrap(err, fault.Rejected, opFinish, "mastodon.fault.login", "host", c.host())
	}
	if err != nil {
		return "", err
	}
	if text.Line(t.Token) != t.Token || t.Token == "" || !strings.EqualFold(t.Type, "bearer") {
		return "", c.unreadable(opFinish, fault.Unavailable)
	}
	granted := strings.Fields(t.Scope)
	for _, s := range strings.Fields(scopes) {
		whole, _, _ := strings.Cut(s, ":")
		if t.Scope != "" && !slices.Contains(granted, s) && !slices.Contains(granted, whole) {
			return "", fault.New(fault.Forbidden, opFinish, "mastodon.fault.scopes", "host", c.host())
		}
	}
	return t.Token, nil
}

// Revoke implements network.Revoker. A token that was not given by a login of ours cannot be given back by us.
func (c *Client) Revoke(ctx context.Context) error {
	const op = "mastodon.Revoke"
	if c.secret(clientID) == "" {
		return fault.New(fault.Unsupported, op, "mastodon.fault.unsupported", "host", c.host())
	}
	nobody := caller{server: c.server, http: c.http}
	_, err := nobody.post(ctx, op, "/oauth/revoke", url.Values{"client_id": {c.secret(clientID)}, "client_secret": {c.secret(clientSecret)}, "token": {c.token()}}, nil)
	return err
}
