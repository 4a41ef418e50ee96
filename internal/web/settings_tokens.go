package web

import (
	"net/http"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

func (s *Server) tokens(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showTokens(w, r, v, http.StatusOK, view.Tokens{}, []string{string(place.ScopeRead)})
}

func (s *Server) showTokens(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, t view.Tokens, chosen []string) error {
	l, ctx := Language(r, v)
	all, err := place.Tokens(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	t.Create, t.Remove = at(v.Place, "settings/tokens"), at(v.Place, "settings/tokens/remove")
	now := time.Now()
	for _, k := range all {
		t.Tokens = append(t.Tokens, view.TokenLine{ID: k.ID, Name: k.Name, Detail: tokenDetail(l, k, now), Over: !k.RevokedAt.IsZero() || k.ExpiresAt.Before(now)})
	}
	for _, scope := range place.Scopes {
		t.Scopes = append(t.Scopes, view.Option{
			Value: string(scope), Label: l.T("scope." + string(scope)), Hint: l.T("scope_hint." + string(scope)), Chosen: strings.Contains(" "+strings.Join(chosen, " ")+" ", " "+string(scope)+" "),
		})
	}
	return render(ctx, w, status, view.TokensPage(s.settingsShell(w, r, v), s.settingsPages(l, v, "tokens"), t))
}

func tokenDetail(l locale.Locale, k place.Token, now time.Time) string {
	var scopes []string
	for _, s := range k.Scopes {
		scopes = append(scopes, strings.ToLower(l.T("scope."+string(s))))
	}
	used := l.T("tokens.never")
	if !k.UsedAt.IsZero() {
		used = l.T("tokens.used", "when", l.When(k.UsedAt, now))
	}
	end := l.T("tokens.until", "day", l.FullDay(k.ExpiresAt, now))
	if !k.RevokedAt.IsZero() {
		end = l.T("tokens.removed_on", "day", l.FullDay(k.RevokedAt, now))
	}
	return l.List(scopes) + ". " + used + ", " + end
}

func (s *Server) createToken(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	var scopes []place.Scope
	for _, x := range r.PostForm["scope"] {
		scopes = append(scopes, place.Scope(x))
	}
	var made place.Token
	var value string
	err := s.DB.Write(r.Context(), func(tx db.Tx) (err error) {
		made, value, err = place.CreateToken(r.Context(), tx, v.Actor, v.Place.ID, r.PostFormValue("name"), scopes, 0)
		return err
	})
	l, _ := Language(r, v)
	if fault.Is(err, fault.Invalid) {
		return s.showTokens(w, r, v, http.StatusUnprocessableEntity, view.Tokens{Name: r.PostFormValue("name"), Errors: fieldErrors(l, err)}, r.PostForm["scope"])
	}
	if err != nil {
		return err
	}
	v.Happened(place.EventTokenCreated)
	// Shown in this answer and nowhere else: loading the page again does not bring it back.
	return s.showTokens(w, r, v, http.StatusOK, view.Tokens{Made: &view.MadeToken{Name: made.Name, Value: value}}, []string{string(place.ScopeRead)})
}

func (s *Server) removeToken(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		return place.RevokeToken(r.Context(), tx, v.Actor, v.Place.ID, r.PostFormValue("token"))
	})
	if err != nil {
		return err
	}
	v.Happened(place.EventTokenRevoked)
	flash{Key: "tokens.removed"}.leave(w, v)
	return seeOther(w, r, at(v.Place, "settings/tokens"))
}
