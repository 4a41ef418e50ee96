package web

import (
	"net/http"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// askedPage is where an owner goes first whose place asks for a second factor.
const askedPage = "/me/second"

func (s *Server) factorRoutes(t *door.Table) {
	own := func(method, pattern string, fresh bool, h door.Handler) {
		t.Add(door.Route{Method: method, Pattern: "/me" + pattern, Kind: door.Team, Fresh: fresh}, func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
			if _, err := s.whereabouts(r, v); err != nil { // these pages speak as the place does
				return err
			}
			return h(w, r, v)
		})
	}
	own("GET", "/second", false, s.factorAsked)
	own("POST", "/app", true, s.startApp)
	own("POST", "/app/confirm", true, s.addApp)
	own("POST", "/app/remove", true, s.removeApp)
	own("POST", "/passkeys/new", true, s.startPasskey)
	own("POST", "/passkeys", true, s.addPasskey)
	own("POST", "/passkeys/remove", true, s.removePasskey)
	own("POST", "/recovery", true, s.newRecovery)
	// These pages answer a form and are not kept. Who loads one again, or comes back to it after giving the password, is
	// where it began.
	for _, pattern := range []string{"/app", "/app/confirm", "/passkeys/new", "/passkeys", "/recovery"} {
		own("GET", pattern, false, func(w http.ResponseWriter, r *http.Request, _ *door.Visit) error {
			return seeOther(w, r, askedPage)
		})
	}
}

// asking is the first place that keeps a member out until they have a second factor; its name is "" when none does.
func (s *Server) asking(r *http.Request, v *door.Visit) (place.Place, error) {
	places, err := place.PlacesOf(r.Context(), s.DB, v.Member.ID)
	for _, p := range places {
		if asks, err := p.AsksFactor(r.Context(), s.DB, v.Member.ID); asks || err != nil {
			return p.Place, err
		}
	}
	return place.Place{}, err
}

func (s *Server) factorAsked(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	p, err := s.asking(r, v)
	if err != nil {
		return err
	}
	if p.ID == "" {
		return seeOther(w, r, "/me/sessions")
	}
	l, ctx := Language(r, v)
	return render(ctx, w, http.StatusOK, view.FactorAskedPage(view.FactorAsked{
		Page: alone(l.T("asked.title"), v), Place: p.Name, NewApp: "/me/app", NewPasskey: newPasskey(v), SignOut: "/sign-out",
	}))
}

// alone is the head of a page that stands by itself.
func alone(title string, v *door.Visit) view.PageInfo {
	return view.PageInfo{Title: title, Theme: v.Member.Theme, NoIndex: true}
}

func newPasskey(v *door.Visit) string {
	if site(v).Passkeys() {
		return "/me/passkeys/new"
	}
	return ""
}

// keysOf fills the card of what a member enters with.
func (s *Server) keysOf(r *http.Request, v *door.Visit) (view.Keys, error) {
	k := view.Keys{
		NewPasskey: newPasskey(v), RemoveKey: "/me/passkeys/remove", NewApp: "/me/app", RemoveApp: "/me/app/remove",
		NewCodes: "/me/recovery", Password: passwordCard, NoPassword: !v.Member.HasPassword(),
	}
	has, err := place.FactorsOf(r.Context(), s.DB, v.Member.ID)
	if err != nil {
		return k, err
	}
	l, _ := Language(r, v)
	now := time.Now()
	for _, p := range has.Passkeys {
		k.Passkeys = append(k.Passkeys, view.KeyLine{ID: p.ID, Name: p.Name, Detail: passkeyDetail(l, p, site(v), now)})
	}
	if !has.App.IsZero() {
		k.App = l.T("ways.app_since", "day", l.FullDay(has.App, now))
	}
	if has.Any() {
		k.Recovery = l.N("ways.recovery_left", has.Recovery)
	}
	return k, nil
}

func passkeyDetail(l locale.Locale, p place.Passkey, here place.Site, now time.Time) string {
	used := l.T("ways.never")
	if !p.UsedAt.IsZero() {
		used = l.T("ways.used", "when", l.When(p.UsedAt, now))
	}
	text := l.T("ways.since", "day", l.FullDay(p.CreatedAt, now), "used", used)
	if p.Host != here.Host {
		text += " " + l.T("ways.elsewhere", "host", p.Host)
	}
	return text
}

func (s *Server) startApp(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showApp(w, r, v, http.StatusOK, place.StartApp(s.Keys, v.Session, v.Member), "")
}

func (s *Server) showApp(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, a place.NewApp, wrong string) error {
	l, ctx := Language(r, v)
	return render(ctx, w, status, view.AppPage(view.AppSetup{
		Page: alone(l.T("app.title"), v), Action: "/me/app/confirm", URL: a.URL, Secret: a.Secret, Sealed: a.Sealed, Error: wrong, Back: askedPage,
	}))
}

func (s *Server) addApp(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	sealed := r.PostFormValue("sealed")
	before, err := s.asking(r, v)
	if err != nil {
		return err
	}
	codes, err := place.AddApp(r.Context(), s.DB, s.Keys, v.Session, v.Member, sealed, r.PostFormValue("code"))
	if fault.Is(err, fault.Invalid) {
		l, _ := Language(r, v)
		again, aerr := place.AgainApp(s.Keys, v.Session, v.Member, sealed)
		if aerr != nil {
			return aerr
		}
		return s.showApp(w, r, v, http.StatusUnprocessableEntity, again, fieldErrors(l, err)["code"])
	}
	return s.factorAdded(w, r, v, err, before, codes, "ways.app_added")
}

func (s *Server) startPasskey(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, _ := Language(r, v)
	return s.showPasskeySetup(w, r, v, http.StatusOK, orWord(place.DeviceOf(r.UserAgent()), l.T("passkey.unnamed")), "")
}

func (s *Server) showPasskeySetup(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, name, wrong string) error {
	options, err := place.AskNewPasskey(r.Context(), s.DB, s.Keys, site(v), v.Session, v.Member)
	if err != nil {
		return err
	}
	l, ctx := Language(r, v)
	return render(ctx, w, status, view.PasskeySetupPage(view.PasskeySetup{
		Page: alone(l.T("passkey.new_title"), v), Action: "/me/passkeys", Options: string(options), Name: name, Error: wrong, Back: askedPage,
	}))
}

func (s *Server) addPasskey(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	name := r.PostFormValue("name")
	before, err := s.asking(r, v)
	if err != nil {
		return err
	}
	codes, err := place.AddPasskey(r.Context(), s.DB, s.Keys, site(v), v.Session, v.Member, name, []byte(r.PostFormValue("response")))
	l, _ := Language(r, v)
	switch e := fault.As(err); {
	case fault.Is(err, fault.Invalid):
		return s.showPasskeySetup(w, r, v, http.StatusUnprocessableEntity, name, fieldErrors(l, err)["name"])
	case fault.Is(err, fault.Rejected):
		v.Happened("passkey.not_made")
		return s.showPasskeySetup(w, r, v, http.StatusUnprocessableEntity, name, l.Fault(e))
	}
	return s.factorAdded(w, r, v, err, before, codes, "ways.passkey_added")
}

// factorAdded shows the recovery codes that came with a first factor, or goes back to the list. Who had to make one is
// let in then.
func (s *Server) factorAdded(w http.ResponseWriter, r *http.Request, v *door.Visit, err error, asked place.Place, codes []string, key string) error {
	if fault.As(err) != nil && fault.As(err).Key == "factor.start_again" {
		flash{Key: "factor.start_again"}.leave(w, v)
		return seeOther(w, r, askedPage)
	}
	if err != nil {
		return err
	}
	v.Happened(place.EventFactorAdded)
	if len(codes) == 0 {
		return s.meDone(w, r, v, nil, key, "/me/sessions")
	}
	next := "/me/sessions"
	if asked.ID != "" {
		next = "/"
	}
	return s.showRecovery(w, r, v, codes, true, next)
}

// showRecovery shows codes in this answer and nowhere else: loading the page again does not bring them back.
func (s *Server) showRecovery(w http.ResponseWriter, r *http.Request, v *door.Visit, codes []string, added bool, next string) error {
	l, ctx := Language(r, v)
	return render(ctx, w, http.StatusOK, view.RecoveryPage(view.RecoveryCodes{
		Page: alone(l.T("recovery.title"), v), Codes: codes, Added: added, NoPassword: !v.Member.HasPassword(), Next: next,
		Whose: l.T("recovery.whose", "email", v.Member.Email, "host", v.Host, "day", l.FullDay(time.Now(), time.Now().AddDate(1, 0, 0))),
	}))
}

func (s *Server) newRecovery(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	var codes []string
	err := s.DB.Write(r.Context(), func(tx db.Tx) (err error) {
		codes, err = place.NewRecoveryCodes(r.Context(), tx, s.Keys, v.Member)
		return err
	})
	if err != nil {
		return err
	}
	v.Happened(place.EventRecoveryMade)
	return s.showRecovery(w, r, v, codes, false, "/me/sessions")
}

func (s *Server) removeApp(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error { return place.RemoveApp(r.Context(), tx, v.Session, v.Member) })
	return s.factorRemoved(w, r, v, err)
}

func (s *Server) removePasskey(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		return place.RemovePasskey(r.Context(), tx, site(v), v.Session, v.Member, r.PostFormValue("passkey"))
	})
	if err != nil && fault.As(err).Key == "passkey.last" { // to where there is something to do about it
		return s.meDone(w, r, v, nil, "passkey.last", passwordCard)
	}
	return s.factorRemoved(w, r, v, err)
}

func (s *Server) factorRemoved(w http.ResponseWriter, r *http.Request, v *door.Visit, err error) error {
	if err == nil {
		v.Happened(place.EventFactorRemoved)
	}
	return s.meDone(w, r, v, err, "ways.removed", "/me/sessions")
}
