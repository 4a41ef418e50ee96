package view

import "context"

func removeLabel(ctx context.Context, m TeamMember) string {
	if m.You {
		return L(ctx).T("team.leave")
	}
	return L(ctx).T("team.remove")
}
