package view

import "context"

// memberLink is the operator's way to help somebody back in.
const memberLink = "comptoir member link --email …"

func signInBelow(ctx context.Context, s SignIn) string {
	if s.Again {
		return ""
	}
	return L(ctx).T("signin.no_account")
}

func invitationTitle(ctx context.Context, i Invitation) string {
	if i.By == "" {
		return L(ctx).T("invite.title_nobody", "place", i.Place)
	}
	return L(ctx).T("invite.title", "name", i.By, "place", i.Place)
}

// invitedPassword is newPassword where a passkey may be chosen instead: it is not required then, since a browser would
// hold the form back for a field that does not show. The server asks for it.
func invitedPassword(ctx context.Context, i Invitation) Field {
	f := newPassword(ctx, i.Errors["password"])
	f.Required = !i.Passkeys
	return f
}

// newPassword is the field in which a password is chosen, everywhere alike.
func newPassword(ctx context.Context, err string) Field {
	return Field{ID: "passe", Name: "password", Type: "password", Label: L(ctx).T("password.new"), Auto: "new-password", Required: true, Error: err, Hint: L(ctx).T("password.hint"), MaxLength: 512}
}
