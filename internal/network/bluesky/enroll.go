package bluesky

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

const opEnroll = "bluesky.Enroll"

// appPassword is what the network makes for programs. The account's own password is never sent: it could change
// everything.
var appPassword = regexp.MustCompile(`^[a-z0-9]{4}(-[a-z0-9]{4}){3}$`)

// Enroll implements network.Enroller.
func (d Driver) Enroll(ctx context.Context, who network.Claim, w network.Wire) (string, network.Credential, error) {
	var none network.Credential
	handle, password := nameIn(who.Name), strings.TrimSpace(who.Password)
	var wrong []fault.Field
	if !isHandle(handle) {
		wrong = append(wrong, fault.Field{Name: "name", Key: "bluesky.field.name"})
	}
	if !appPassword.MatchString(password) {
		wrong = append(wrong, fault.Field{Name: "password", Key: "bluesky.field.password"})
	}
	if wrong != nil {
		return "", none, fault.InvalidFields(opEnroll, wrong...)
	}
	e, err := d.find(ctx, handle, w)
	if err != nil {
		return "", none, err
	}
	t, err := caller{server: e.Server, http: w.HTTP}.enter(ctx, opEnroll, e.DID, password)
	switch {
	case fault.Is(err, fault.Unauthenticated):
		return "", none, fault.InvalidFields(opEnroll, fault.Field{Name: "password", Key: "bluesky.field.password_refused"})
	case err != nil:
		return "", none, err
	case t.DID != e.DID || t.Access == "" || t.Refresh == "":
		return "", none, caller{server: e.Server}.unreadable(opEnroll, fault.Unavailable)
	}
	return e.String(), t.credential(password), nil
}

// AsksSite implements network.Enroller: a name is looked up.
func (Driver) AsksSite() bool { return false }

// ClaimOf implements network.Enroller.
func (Driver) ClaimOf(endpoint string) network.Claim {
	e, err := ParseEndpoint(endpoint)
	if err != nil {
		return network.Claim{}
	}
	return network.Claim{Name: e.Handle}
}

// nameIn reads what a person may type or paste: "lezinc.bar", "@lezinc.bar", the page of an account.
func nameIn(s string) string {
	s = strings.TrimSpace(s)
	if rest, ok := strings.CutPrefix(s, profilePage); ok {
		s, _, _ = strings.Cut(rest, "/")
	}
	return strings.ToLower(strings.TrimPrefix(s, "@"))
}

// find tells where the account of a name lives: its DID, by the network's directory or by the name's own site, and
// then the document of the DID, which has to name it back.
func (d Driver) find(ctx context.Context, handle string, w network.Wire) (Endpoint, error) {
	unknown := fault.InvalidFields(opEnroll, fault.Field{Name: "name", Key: "bluesky.field.name_unknown"})
	did, err := d.did(ctx, handle, w)
	if err != nil {
		return Endpoint{}, err
	}
	if !isDID(did) {
		return Endpoint{}, unknown
	}
	at := orElse(d.PLC, "https://plc.directory") + "/" + url.PathEscape(did)
	if host, ok := strings.CutPrefix(did, "did:web:"); ok && isHandle(host) {
		at = "https://" + host + "/.well-known/did.json"
	} else if !strings.HasPrefix(did, "did:plc:") {
		return Endpoint{}, unknown
	}
	raw, err := short(ctx, at, w)
	if err != nil {
		return Endpoint{}, err
	}
	var doc document
	if json.Unmarshal(raw, &doc) != nil || doc.ID != did || !slices.ContainsFunc(doc.Known, func(s string) bool { return strings.EqualFold(s, "at://"+handle) }) {
		return Endpoint{}, unknown
	}
	server, ok := doc.server()
	if !ok {
		return Endpoint{}, unknown
	}
	return Endpoint{Server: server, DID: did, Handle: handle}, nil
}

func orElse(s, usual string) string {
	if s != "" {
		return s
	}
	return usual
}

// did asks who has a name.
func (d Driver) did(ctx context.Context, handle string, w network.Wire) (string, error) {
	directory := caller{server: orElse(d.Directory, "https://public.api.bsky.app"), http: w.HTTP}
	var found struct {
		DID string `json:"did"`
	}
	err := directory.get(ctx, opEnroll, "com.atproto.identity.resolveHandle", values("handle", handle), &found)
	if !fault.Is(err, fault.Rejected) && !fault.Is(err, fault.NotFound) {
		return found.DID, err
	}
	raw, err := short(ctx, "https://"+handle+"/.well-known/atproto-did", w)
	if err != nil {
		return "", nil // nobody knows the name
	}
	return strings.TrimSpace(string(raw)), nil
}

// document is what a DID says of itself.
type document struct {
	ID       string   `json:"id"`
	Known    []string `json:"alsoKnownAs"`
	Services []struct {
		ID       string `json:"id"`
		Endpoint any    `json:"serviceEndpoint"`
	} `json:"service"`
}

// server is where the data of an account lives.
func (d document) server() (string, bool) {
	for _, s := range d.Services {
		if s.ID == "#atproto_pds" || s.ID == d.ID+"#atproto_pds" {
			address, _ := s.Endpoint.(string)
			return serverAt(address)
		}
	}
	return "", false
}

// short reads a short page that anybody may read.
func short(ctx context.Context, address string, w network.Wire) ([]byte, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, opEnroll, "")
	}
	c := caller{server: u.Scheme + "://" + u.Host, http: w.HTTP}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, opEnroll, "")
	}
	resp, err := w.HTTP.Do(req)
	if err != nil {
		return nil, c.unreached(opEnroll, err, fault.Unavailable)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(io.LimitReader(resp.Body, maxWords))
	switch {
	case err != nil:
		return nil, c.unreached(opEnroll, err, fault.Unavailable)
	case resp.StatusCode == http.StatusNotFound:
		return nil, fault.InvalidFields(opEnroll, fault.Field{Name: "name", Key: "bluesky.field.name_unknown"})
	case resp.StatusCode != http.StatusOK:
		return nil, c.refused(call{op: opEnroll}, resp, b)
	}
	return b, nil
}
