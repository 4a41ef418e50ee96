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

// passwordCard is where one's password is changed, or chosen.
const passwordCard = "/me#motdepasse"

func (s *Server) meRoutes(t *door.Table) {
	own := func(method, pattern string, fresh bool, h door.Handler) {
		t.Add(door.Route{Method: method, Pattern: "/me" + pattern, Kind: door.Team, Fresh: fresh}, h)
	}
	own("GET", "", false, s.me)
	own("POST", "", false, s.changeMe)
	own("POST", "/theme", false, s.changeTheme)
	own("POST", "/email", true, s.changeEmail)
	own("POST", "/password", false, s.changePassword)
	for _, pattern := range []string{"/email", "/password"} { // what was refused stands on the page of its form
		own("GET", pattern, false, func(w http.ResponseWriter, r *http.Request, _ *door.Visit) error { return seeOther(w, r, "/me") })
	}
	own("GET", "/sessions", false, s.sessions)
	own("POST", "/sessions/end", false, s.endSession)
	own("POST", "/sessions/end-others", false, s.endOtherSessions)
}

// whereabouts puts a page that belongs to no place into the frame of one: the one that the member came
// from, or their first.
func (s *Server) whereabouts(r *http.Request, v *door.Visit) ([]place.Membership, error) {
	places, err := place.PlacesOf(r.Context(), s.DB, v.Member.ID)
	if err != nil || len(places) == 0 {
		return nil, err
	}
	here := places[0]
	for _, p := range places {
		if strings.Contains(r.Referer(), "/p/"+p.Place.Slug+"/") {
			here = p
		}
	}
	v.Place, v.Actor = here.Place, v.Member.As(here.Place.ID, here.Role)
	return places, nil
}

func (s *Server) me(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showMe(w, r, v, http.StatusOK, view.Me{})
}

// showMe completes the page: m holds what was refused.
func (s *Server) showMe(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, m view.Me) error {
	places, err := s.whereabouts(r, v)
	if err != nil {
		return err
	}
	l, ctx := Language(r, v)
	if len(places) == 0 {
		page := view.PageInfo{Title: l.T("me.no_place"), Theme: v.Member.Theme, NoIndex: true}
		return render(ctx, w, http.StatusOK, view.Doorstep(page, l.T("me.no_place"), l.T("me.no_place_text"), "/sign-out", l.T("shell.sign_out")))
	}
	m.Action, m.EmailAction, m.PasswordAction, m.SignOut = "/me", "/me/email", "/me/password", "/sign-out"
	m.NoPassword = !v.Member.HasPassword()
	m.Keys = !v.Member.Settings.KeysOff
	m.Languages = languageOptions(l, v.Member.Language, true)
	for _, theme := range place.Themes {
		m.Themes = append(m.Themes, view.Option{Value: theme, Label: l.T("me.light_" + orWord(theme, "system")), Chosen: theme == v.Member.Theme})
	}
	if m.Name == "" {
		m.Name = v.Member.Name
	}
	if m.Email == "" {
		m.Email = v.Member.Email
	}
	for _, p := range places {
		m.Places = append(m.Places, view.MyPlace{Face: view.Face{Name: p.Place.Name, House: true}, Role: string(p.Role), URL: home(p), Here: p.Place.ID == v.Place.ID})
	}
	return render(ctx, w, status, view.MePage(s.settingsShell(w, r, v), s.settingsPages(l, v, "me"), m))
}

func orWord(s, empty string) string {
	if s == "" {
		return empty
	}
	return s
}

func (s *Server) changeMe(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.changeMember(r, v, func(m *place.Member) {
		m.Name, m.Language, m.Theme = r.PostFormValue("name"), r.PostFormValue("language"), r.PostFormValue("theme")
		m.Settings.KeysOff = r.PostFormValue("keys") != "on"
	})
	l, _ := Language(r, v)
	if fault.Is(err, fault.Invalid) {
		return s.showMe(w, r, v, http.StatusUnprocessableEntity, view.Me{Name: r.PostFormValue("name"), Errors: fieldErrors(l, err)})
	}
	return s.meDone(w, r, v, err, "settings.saved", "/me")
}

func (s *Server) changeMember(r *http.Request, v *door.Visit, fn func(*place.Member)) error {
	return s.DB.Write(r.Context(), func(tx db.Tx) error {
		_, err := place.ChangeMember(r.Context(), tx, v.Member.ID, fn)
		return err
	})
}

// changeTheme keeps the light that the member's page shows already; without script it goes back there.
func (s *Server) changeTheme(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if err := s.changeMember(r, v, func(m *place.Member) { m.Theme = r.PostFormValue("theme") }); err != nil {
		return err
	}
	if r.Header.Get("HX-Request") == "true" {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	return seeOther(w, r, returnTo(s.cameFrom(r, v)))
}

func (s *Server) changeEmail(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	email := r.PostFormValue("email")
	err := s.DB.Write(r.Context(), func(tx db.Tx) error { return place.ChangeEmail(r.Context(), tx, v.Member.ID, email) })
	l, _ := Language(r, v)
	if fault.Is(err, fault.Invalid) {
		return s.showMe(w, r, v, http.StatusUnprocessableEntity, view.Me{Email: email, Errors: fieldErrors(l, err)})
	}
	if err == nil {
		v.Happened(place.EventEmailChanged)
	}
	return s.meDone(w, r, v, err, "me.email_changed", "/me")
}

func (s *Server) changePassword(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if !v.Member.HasPassword() {
		return s.firstPassword(w, r, v)
	}
	old := attempt(r, v)
	old.Password = r.PostFormValue("old")
	cookie, err := place.ChangePassword(r.Context(), s.DB, s.Keys, v.Session, v.Member, old, r.PostFormValue("password"))
	l, _ := Language(r, v)
	switch e := fault.As(err); {
	case err == nil:
		v.SetSession(w, cookie, time.Until(v.Session.ExpiresAt))
		v.Happened(place.EventPasswordChanged)
	case e.Code == fault.Invalid:
		return s.showMe(w, r, v, http.StatusUnprocessableEntity, view.Me{PasswordErrors: fieldErrors(l, err)})
	case e.Key == "signin.refused":
		return s.showMe(w, r, v, http.StatusUnprocessableEntity, view.Me{PasswordErrors: map[string]string{"old": l.T("me.old_wrong")}})
	}
	return s.meDone(w, r, v, err, "me.password_changed", "/me")
}

// firstPassword has no old password to ask for: who it is must have been proved a moment ago.
func (s *Server) firstPassword(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if err := v.Fresh(); err != nil {
		return err
	}
	cookie, err := place.FirstPassword(r.Context(), s.DB, v.Session, v.Member, r.PostFormValue("password"))
	l, _ := Language(r, v)
	switch {
	case err == nil:
		v.SetSession(w, cookie, time.Until(v.Session.ExpiresAt))
		v.Happened(place.EventPasswordChanged)
	case fault.Is(err, fault.Invalid):
		return s.showMe(w, r, v, http.StatusUnprocessableEntity, view.Me{PasswordErrors: fieldErrors(l, err)})
	}
	return s.meDone(w, r, v, err, "me.password_chosen", "/me")
}

func (s *Server) meDone(w http.ResponseWriter, r *http.Request, v *door.Visit, err error, key, to string) error {
	if err != nil {
		return err
	}
	flash{Key: key}.leave(w, v)
	return seeOther(w, r, to)
}

func (s *Server) sessions(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	places, err := s.whereabouts(r, v)
	if err != nil {
		return err
	}
	if len(places) == 0 {
		return seeOther(w, r, "/me")
	}
	l, ctx := Language(r, v)
	all, err := place.Sessions(ctx, s.DB, v.Member.ID)
	if err != nil {
		return err
	}
	p := view.Sessions{End: "/me/sessions/end", Rest: "/me/sessions/end-others"}
	if p.Keys, err = s.keysOf(r, v); err != nil {
		return err
	}
	for _, x := range all {
		p.Lines = append(p.Lines, sessionLine(l, x, x.ID == v.Session.ID, time.Now()))
	}
	return render(ctx, w, http.StatusOK, view.SessionsPage(s.settingsShell(w, r, v), s.settingsPages(l, v, "sessions"), p))
}

func sessionLine(l locale.Locale, x place.Session, here bool, now time.Time) view.SessionLine {
	line := view.SessionLine{Handle: x.Handle, Name: orWord(x.Device, l.T("sessions.unknown")), Here: here}
	used := l.T("sessions.used", "when", l.When(x.UsedAt, now))
	if here {
		used = l.T("sessions.now")
	}
	line.Detail = l.T("sessions.since", "used", used, "day", l.FullDay(x.CreatedAt, now))
	return line
}

func (s *Server) endSession(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		return place.EndSession(r.Context(), tx, v.Member, r.PostFormValue("session"))
	})
	if err == nil {
		v.Happened(place.EventSignedOut)
	}
	return s.meDone(w, r, v, err, "sessions.ended", "/me/sessions")
}

func (s *Server) endOtherSessions(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		return place.EndOtherSessions(r.Context(), tx, v.Member, v.Session)
	})
	if err == nil {
		v.Happened(place.EventSignedOut)
	}
	return s.meDone(w, r, v, err, "sessions.ended_others", "/me/sessions")
}
