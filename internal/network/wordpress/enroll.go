package wordpress

import (
	"context"
	"regexp"
	"strings"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

const opEnroll = "wordpress.Enroll"

// appPassword is what a site makes for programs; it is shown in groups. The account's own password is never sent.
var appPassword = regexp.MustCompile(`^[A-Za-z0-9]{24}$`)

// Enroll implements network.Enroller.
func (Driver) Enroll(ctx context.Context, who network.Claim, w network.Wire) (string, network.Credential, error) {
	var none network.Credential
	name, password := strings.TrimSpace(who.Name), strings.Join(strings.Fields(who.Password), "")
	var wrong []fault.Field
	if _, err := frontOf(who.Site); err != nil {
		wrong = append(wrong, fault.As(err).Fields...)
	}
	if name == "" || len(name) > 100 || strings.ContainsAny(name, ":\r\n") {
		wrong = append(wrong, fault.Field{Name: "name", Key: "wordpress.field.name"})
	}
	if !appPassword.MatchString(password) {
		wrong = append(wrong, fault.Field{Name: "password", Key: "wordpress.field.password"})
	}
	if wrong != nil {
		return "", none, fault.InvalidFields(opEnroll, wrong...)
	}
	e, err := discover(ctx, who.Site, w)
	if err != nil {
		return "", none, err
	}
	u, err := caller{api: e.API, site: e.Site, http: w.HTTP, login: name, password: func() string { return password }}.me(ctx, opEnroll)
	if fault.Is(err, fault.Unauthenticated) {
		return "", none, fault.InvalidFields(opEnroll, fault.Field{Name: "password", Key: "wordpress.field.password_refused"})
	}
	if err != nil {
		return "", none, err
	}
	e.Login, e.User = u.Login, int64(u.ID)
	if _, err := ParseEndpoint(e.String()); err != nil {
		return "", none, caller{site: e.Site}.unreadable(opEnroll, fault.Unavailable)
	}
	return e.String(), network.NewCredential(map[string]string{Password: password}), nil
}

// AsksSite implements network.Enroller.
func (Driver) AsksSite() bool { return true }

// ClaimOf implements network.Enroller.
func (Driver) ClaimOf(endpoint string) network.Claim {
	e, err := ParseEndpoint(endpoint)
	if err != nil {
		return network.Claim{}
	}
	return network.Claim{Site: strings.TrimPrefix(e.Site, "https://"), Name: e.Login}
}
