package bluesky

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// scopes are the least that is needed: reading what is said to the account, posting, liking and reposting, pictures.
var scopes = []string{
	"atproto",
	"repo?collection=" + PostType + "&collection=" + likeType + "&collection=" + repostType,
	"blob:image/*",
	"rpc?lxm=app.bsky.actor.getProfile&lxm=app.bsky.feed.getPosts&lxm=app.bsky.notification.listNotifications&aud=*",
}

// Fields of a credential that a login on the network's own page brought, beside the tokens.
const (
	proofKey  = "proof_key"  // to which the tokens are bound
	clientKey = "client_key" // by which we prove who we are; "" = anybody may be who we are
)

// Fields of a login that waits for somebody to come back, beside those.
const (
	pendingEndpoint = "endpoint"
	pendingVerifier = "code_verifier"
	pendingReturn   = "redirect_uri"
)

const (
	opAuthorize = "bluesky.Authorize"
	opFinish    = "bluesky.Finish"
)

// Meet implements network.Authorizer: the server of an account is found by the account's name.
func (d Driver) Meet(ctx context.Context, address string, w network.Wire) (network.Server, error) {
	handle := nameIn(address)
	if !isHandle(handle) {
		return network.Server{}, fault.InvalidFields(opEnroll, fault.Field{Name: "name", Key: "bluesky.field.name"})
	}
	e, err := d.find(ctx, handle, w)
	if err != nil {
		return network.Server{}, err
	}
	m, err := discover(ctx, e, w)
	if err != nil {
		return network.Server{}, err
	}
	return network.Server{Host: hostOf(m.Issuer), Software: string(Kind), Endpoint: e.String(), Limits: network.Limits{Text: maxGraphemes, Attachments: maxImages}}, nil
}

// ServerOf implements network.Authorizer.
func (d Driver) ServerOf(endpoint string) string { return d.ClaimOf(endpoint).Name }

// client is this program to an authorization server.
type client struct {
	id  string
	key secretKey // by which it proves that it is itself; zero = it is one that anybody may be
}

// clientFor chooses who we are. A server fetches the page that describes a client: ours is at an address that holds
// the public half of a key made for this login alone, so that each account has a key of its own and none is kept
// anywhere else. On a machine without an address for others there is no page, and sessions end after two weeks.
func clientFor(back network.Return) (client, error) {
	u, err := url.Parse(back.URL)
	switch {
	case err != nil:
	case u.Scheme == "https" && u.Port() == "" && net.ParseIP(u.Hostname()) == nil && back.Page != "":
		key := newKey()
		return client{back.Page + string(key.public()), key}, nil
	case u.Scheme == "http" && net.ParseIP(u.Hostname()) != nil && net.ParseIP(u.Hostname()).IsLoopback():
		return client{id: "http://localhost?" + url.Values{"redirect_uri": {back.URL}, "scope": {strings.Join(scopes, " ")}}.Encode()}, nil
	}
	return client{}, fault.New(fault.Unsupported, opAuthorize, "bluesky.fault.no_address")
}

// Introduce implements network.Introducer.
func (Driver) Introduce(name string, back network.Return) ([]byte, bool) {
	key, ok := readPublic(name)
	if !ok {
		return nil, false
	}
	jwk := key.jwk()
	jwk["kid"], jwk["use"], jwk["alg"] = kid(key), "sig", "ES256"
	return asJSON(map[string]any{
		"client_id": back.Page + name, "client_name": "Comptoir", "client_uri": back.About, "application_type": "web", "redirect_uris": []string{back.URL},
		"grant_types": []string{"authorization_code", "refresh_token"}, "response_types": []string{"code"}, "scope": strings.Join(scopes, " "),
		"token_endpoint_auth_method": "private_key_jwt", "token_endpoint_auth_signing_alg": "ES256", "jwks": map[string]any{"keys": []any{jwk}}, "dpop_bound_access_tokens": true,
	}), true
}

// kid names a key: the beginning of its sum.
func kid(key publicKey) string {
	sum := sha256.Sum256([]byte(key))
	return b64.EncodeToString(sum[:12])
}

// Authorize implements network.Authorizer: what is asked for is pushed to the server first (PAR, RFC 9126), so that
// nothing of it can be changed on the way through somebody's browser.
func (Driver) Authorize(ctx context.Context, s network.Server, back network.Return, w network.Wire) (page string, pending network.Credential, err error) {
	e, err := ParseEndpoint(s.Endpoint)
	if err != nil {
		return "", pending, err
	}
	us, err := clientFor(back)
	if err != nil {
		return "", pending, err
	}
	m, err := discover(ctx, e, w)
	if err != nil {
		return "", pending, err
	}
	e.Granted = &Authority{Issuer: m.Issuer, Token: m.Token, Revoke: m.Revoke, Client: us.id}
	verifier, proof := rand.Text()+rand.Text(), newKey()
	fields := map[string]string{pendingEndpoint: e.String(), pendingVerifier: verifier, pendingReturn: back.URL, proofKey: proof.secret()}
	if us.key.PrivateKey != nil {
		fields[clientKey] = us.key.secret()
	}
	pending = network.NewCredential(fields)
	sum := sha256.Sum256([]byte(verifier))
	var pushed struct {
		URI string `json:"request_uri"`
	}
	err = grantFor(e.Granted, pending, w.HTTP).ask(ctx, opAuthorize, m.Push, url.Values{
		"response_type": {"code"}, "redirect_uri": {back.URL}, "scope": {strings.Join(scopes, " ")}, "state": {back.State},
		"code_challenge": {b64.EncodeToString(sum[:])}, "code_challenge_method": {"S256"}, "login_hint": {e.Handle},
	}, &pushed)
	switch {
	case fault.Is(err, fault.Rejected) || fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Forbidden): // it does not let us ask
		return "", pending, fault.Wrap(err, fault.Rejected, opAuthorize, "bluesky.fault.login", "host", hostOf(m.Issuer))
	case err != nil:
		return "", pending, err
	case pushed.URI == "":
		return "", pending, caller{server: m.Issuer}.unreadable(opAuthorize, fault.Unavailable)
	}
	return m.Authorize + "?" + url.Values{"client_id": {us.id}, "request_uri": {pushed.URI}}.Encode(), pending, nil
}

// Finish implements network.Authorizer.
func (Driver) Finish(ctx context.Context, pending network.Credential, brought url.Values, w network.Wire) (endpoint string, cred network.Credential, err error) {
	e, err := ParseEndpoint(pending.Field(pendingEndpoint))
	if err != nil {
		return "", cred, err
	}
	host := hostOf(e.Granted.Issuer)
	switch {
	case brought.Get("iss") != e.Granted.Issuer:
		return "", cred, fault.New(fault.Rejected, opFinish, "bluesky.fault.issuer", "host", host)
	case brought.Get("error") == "access_denied":
		return "", cred, fault.New(fault.Forbidden, opFinish, "bluesky.fault.denied", "host", host)
	case brought.Get("code") == "":
		return "", cred, fault.New(fault.Rejected, opFinish, "bluesky.fault.login", "host", host)
	}
	g := grantFor(e.Granted, pending, w.HTTP)
	var t granted
	err = g.ask(ctx, opFinish, e.Granted.Token, url.Values{
		"grant_type": {"authorization_code"}, "code": {brought.Get("code")}, "redirect_uri": {pending.Field(pendingReturn)}, "code_verifier": {pending.Field(pendingVerifier)},
	}, &t)
	switch {
	case fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Rejected) || fault.Is(err, fault.Forbidden):
		return "", cred, fault.Wrap(err, fault.Rejected, opFinish, "bluesky.fault.login", "host", host)
	case err != nil:
		return "", cred, err
	case !t.whole() || t.Refresh == "":
		return "", cred, g.unreadable(opFinish, fault.Unavailable)
	case t.Sub != e.DID: // somebody was signed in there as another one
		return "", cred, fault.New(fault.Conflict, opFinish, "bluesky.fault.other_account", "account", "@"+e.Handle)
	}
	for _, s := range scopes {
		if !slices.Contains(strings.Fields(t.Scope), s) {
			return "", cred, fault.New(fault.Forbidden, opFinish, "bluesky.fault.scopes", "host", host)
		}
	}
	return e.String(), g.credential(t), nil
}

// metadata is what an authorization server says of itself (RFC 8414).
type metadata struct {
	Issuer     string   `json:"issuer"`
	Push       string   `json:"pushed_authorization_request_endpoint"`
	Authorize  string   `json:"authorization_endpoint"`
	Token      string   `json:"token_endpoint"`
	Revoke     string   `json:"revocation_endpoint"`
	Scopes     []string `json:"scopes_supported"`
	Challenges []string `json:"code_challenge_methods_supported"`
	Proofs     []string `json:"dpop_signing_alg_values_supported"`
	Issues     bool     `json:"authorization_response_iss_parameter_supported"`
	Documents  bool     `json:"client_id_metadata_document_supported"`
}

// discover asks an account's server who lets programs in there, and that one how. A server that cannot do it as we
// ask, names another as itself, or leads elsewhere is fault.Unsupported: there is the app password.
func discover(ctx context.Context, e Endpoint, w network.Wire) (m metadata, err error) {
	unable := fault.New(fault.Unsupported, opAuthorize, "bluesky.fault.no_page", "host", e.host())
	get := func(server, name string, out any) error {
		c := caller{server: server, http: w.HTTP}
		err := c.do(ctx, call{op: opAuthorize, address: server + "/.well-known/" + name}, out)
		if fault.Is(err, fault.NotFound) || fault.Is(err, fault.Rejected) || fault.Is(err, fault.Unsupported) {
			return unable
		}
		return err
	}
	var resource struct {
		Resource string   `json:"resource"`
		Servers  []string `json:"authorization_servers"`
	}
	if err := get(e.Server, "oauth-protected-resource", &resource); err != nil {
		return m, err
	}
	if resource.Resource != e.Server || len(resource.Servers) != 1 {
		return m, unable
	}
	server, ok := serverAt(resource.Servers[0])
	if !ok || server != resource.Servers[0] {
		return m, unable
	}
	if err := get(server, "oauth-authorization-server", &m); err != nil {
		return m, err
	}
	for _, address := range []string{m.Issuer + "/", m.Push, m.Authorize, m.Token, m.Revoke} {
		if !strings.HasPrefix(address, server+"/") {
			return m, unable
		}
	}
	if m.Issuer != server || !m.Issues || !m.Documents || !slices.Contains(m.Scopes, "atproto") || !slices.Contains(m.Challenges, "S256") || !slices.Contains(m.Proofs, "ES256") {
		return m, unable
	}
	return m, nil
}

// grant is what an authorization server has let us have, or is asked for.
type grant struct {
	*Authority
	cred  network.Credential
	proof *prover
	caller
}

func grantFor(a *Authority, cred network.Credential, h *http.Client) grant {
	key, _ := readKey(cred.Field(proofKey))
	return grant{a, cred, newProver(key), caller{server: a.Issuer, http: h}}
}

// granted is an answer of the token endpoint.
type granted struct {
	Access  string `json:"access_token"`
	Refresh string `json:"refresh_token"`
	Type    string `json:"token_type"`
	Scope   string `json:"scope"`
	Sub     string `json:"sub"`
}

func (t granted) whole() bool {
	return t.Access != "" && text.Line(t.Access) == t.Access && strings.EqualFold(t.Type, "DPoP")
}

// ask posts a form to the server as the client that we are. A proof that was refused is made again, and with it the
// assertion, which serves once.
func (g grant) ask(ctx context.Context, op, address string, form url.Values, out any) error {
	post := func() error {
		g.identify(form)
		return g.once(ctx, call{op: op, address: address, post: true, body: []byte(form.Encode()), kind: "application/x-www-form-urlencoded"}, pass{proof: g.proof}, out)
	}
	err := post()
	if unproved(err) {
		err = post()
	}
	return err
}

// identify says who we are, and proves it where that can be proved (RFC 7523).
func (g grant) identify(form url.Values) {
	form.Set("client_id", g.Client)
	key, ok := readKey(g.cred.Field(clientKey))
	if !ok {
		return
	}
	now := g.proof.now(hostOf(g.Issuer)).Unix()
	form.Set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
	form.Set("client_assertion", key.sign(map[string]any{"typ": "JWT", "kid": kid(key.public())}, map[string]any{"iss": g.Client, "sub": g.Client, "aud": g.Issuer, "jti": rand.Text(), "iat": now, "exp": now + 60}))
}

// credential is what is kept of a grant. An answer without another token to exchange loses no good one.
func (g grant) credential(t granted) network.Credential {
	fields := map[string]string{AccessJWT: t.Access, RefreshJWT: t.Refresh}
	if t.Refresh == "" {
		fields[RefreshJWT] = g.cred.Field(RefreshJWT)
	}
	for _, name := range []string{proofKey, clientKey} {
		if v := g.cred.Field(name); v != "" {
			fields[name] = v
		}
	}
	return network.NewCredential(fields)
}
