package web

import (
	"context"
	"slices"

	"github.com/a-h/templ"

	"comptoir/internal/door"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// next is what the counter proposes after the first steps, until all of it is done or somebody puts it away; nil for
// nothing.
func (s *Server) next(ctx context.Context, l locale.Locale, v *door.Visit) (templ.Component, error) {
	if !v.Place.Settings.FirstStepsDone || v.Place.Settings.NextDone {
		return nil, nil
	}
	var ways []view.Link
	add := func(key, to string) { ways = append(ways, view.Link{Label: l.T("next." + key), URL: at(v.Place, to)}) }
	team, err := place.Team(ctx, s.DB, v.Place.ID)
	if err != nil {
		return nil, err
	}
	if len(team) < 2 {
		add("invite", "settings/team")
	}
	accounts, err := place.Accounts(ctx, s.DB, v.Place.ID)
	if err != nil {
		return nil, err
	}
	connected := func(a place.Account) bool { return a.Kind != place.HouseKind && a.State != place.AccountOff }
	if s.has(connectPattern) && !slices.ContainsFunc(accounts, connected) {
		add("network", "settings/accounts/new")
	}
	reach := ReachOf(s.guestBase(v))
	if reach != ReachAll {
		add("address", "settings/address")
	}
	tables, err := floor.Tables(ctx, s.DB, v.Place.ID)
	if err != nil {
		return nil, err
	}
	printed := func(t floor.Table) bool { return !t.PrintedAt.IsZero() }
	if reach != ReachSelf && len(tables) > 0 && !slices.ContainsFunc(tables, printed) {
		add("cards", "tables/cards")
	}
	if len(ways) == 0 {
		return nil, nil
	}
	return view.NextStrip(ways, at(v.Place, "start/next")), nil
}
