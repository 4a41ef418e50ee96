package view

import "context"

// resetFactor is the operator's way to help somebody in who lost phone and codes.
const resetFactor = "comptoir member reset-factor --email …"

func onlyIf(yes bool, s string) string {
	if yes {
		return s
	}
	return ""
}

func codeText(ctx context.Context, c Code) string {
	switch {
	case c.App:
		return L(ctx).T("code.text_app")
	case c.Passkey != "":
		return L(ctx).T("code.text_passkey")
	}
	return L(ctx).T("code.text_paper")
}

func recoveryText(ctx context.Context, r RecoveryCodes) string {
	if r.Added && r.NoPassword {
		return L(ctx).T("recovery.text_alone")
	}
	if r.Added {
		return L(ctx).T("recovery.text_added")
	}
	return L(ctx).T("recovery.text_new")
}
