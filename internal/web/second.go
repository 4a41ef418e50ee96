package web

import (
	"net"
	"net/http"
	"strings"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/web/view"
)

// After the password: a code, a passkey, or what was kept on paper. A passkey also opens alone.
func (s *Server) secondRoutes(t *door.Table) {
	open := func(pattern string, page, form door.Handler) {
		t.Add(door.Route{Method: "GET", Pattern: "/sign-in" + pattern, Kind: door.Open}, s.overSafe(page))
		t.Add(door.Route{Method: "POST", Pattern: "/sign-in" + pattern, Kind: door.Open, Limit: door.SignInLimit}, s.overSafe(form))
	}
	open("/code", s.codePage, s.code)
	open("/code/passkey", s.secondPasskeyPage, s.secondPasskey)
	open("/passkey", s.passkeyPage, s.passkey)
	t.Add(door.Route{Method: "GET", Pattern: "/sign-in/again/passkey", Kind: door.Team}, s.againPasskeyPage)
	t.Add(door.Route{Method: "POST", Pattern: "/sign-in/again/passkey", Kind: door.Team}, s.againPasskey)
}

// overSafe refuses what mayEnter refuses.
func (s *Server) overSafe(h door.Handler) door.Handler {
	return func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
		if err := s.mayEnter(v); err != nil {
			return err
		}
		return h(w, r, v)
	}
}

// site is where the browser stands: its passkeys are bound to that.
func site(v *door.Visit) place.Site {
	host := v.Host
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	return place.Site{Host: strings.ToLower(host), Origin: v.Base()}
}

// passkeysAt returns a page's address where there are passkeys at all, else "".
func passkeysAt(v *door.Visit, page, to string) string {
	if !site(v).Passkeys() {
		return ""
	}
	return page + "?to=" + escape(to)
}

// stepOver sends somebody back to the password whose step is over.
func stepOver(w http.ResponseWriter, r *http.Request, err error, to string) error {
	if fault.As(err).Key == "signin.step_over" {
		return seeOther(w, r, "/sign-in?to="+escape(to))
	}
	return err
}

func (s *Server) codePage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showCode(w, r, v, http.StatusOK, view.Code{To: returnTo(r.URL.Query().Get("to"))})
}

func (s *Server) showCode(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, c view.Code) error {
	_, has, err := place.SecondStep(r.Context(), s.DB, s.Keys, v.StepCookie(r))
	if err != nil {
		return stepOver(w, r, err, c.To)
	}
	if !has.Any() { // taken away in the meantime: the password is enough now
		return seeOther(w, r, "/sign-in?to="+escape(c.To))
	}
	l, ctx := Language(r, v)
	c.Page = view.PageInfo{Title: l.T("code.title"), NoIndex: true}
	c.App, c.Codes = !has.App.IsZero(), has.Recovery > 0
	for _, k := range has.Passkeys {
		if k.Host == site(v).Host {
			c.Passkey = passkeysAt(v, "/sign-in/code/passkey", c.To)
		}
	}
	return render(ctx, w, status, view.CodePage(c))
}

func (s *Server) code(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	to := returnTo(r.PostFormValue("to"))
	in, err := place.SignInByCode(r.Context(), s.DB, s.Keys, v.StepCookie(r), r.PostFormValue("code"), attempt(r, v))
	l, _ := Language(r, v)
	switch e := fault.As(err); {
	case err == nil:
		return s.finish(w, r, v, in, to)
	case e.Key == "signin.code_refused":
		v.Happened(place.EventFactorFailed)
		return s.showCode(w, r, v, http.StatusUnprocessableEntity, view.Code{To: to, Error: refusal(l, e), Paper: r.PostFormValue("paper") != ""})
	case e.Key == "signin.limited":
		v.Happened(place.EventSignInLimited)
		return s.pause(w, r, v, e.RetryAfter, view.SignIn{Action: "/sign-in/code", To: to})
	}
	return stepOver(w, r, err, to)
}

// finish ends a sign-in in two steps. Who had to use a recovery code is led to where new factors are made.
func (s *Server) finish(w http.ResponseWriter, r *http.Request, v *door.Visit, in place.Entered, to string) error {
	v.SetStep(w, "", 0)
	if in.Factor == place.FactorRecovery {
		flash{Key: "recovery.used"}.leave(w, v)
		to = "/me/sessions"
	}
	return s.enter(w, r, v, in, to)
}

// asked is a page that waits for a passkey: what it asks, where the answer goes, and the way without.
type asked struct {
	page    string // its own address; the answer goes there too
	to      string // where to go afterwards
	options func() ([]byte, error)
	back    view.Link
	only    bool // the way back is no other way in
}

func (s *Server) showAsked(w http.ResponseWriter, r *http.Request, v *door.Visit, a asked) error {
	options, err := a.options()
	if err != nil {
		return stepOver(w, r, err, a.to)
	}
	l, ctx := Language(r, v)
	page := view.PageInfo{Title: l.T("passkey.title"), Theme: v.Member.Theme, NoIndex: true}
	return render(ctx, w, http.StatusOK, view.PasskeyPage(view.PasskeyAsked{Page: page, Action: a.page, To: a.to, Options: string(options), Again: withTo(a.page, a.to), Back: a.back, Only: a.only}))
}

// askedRefused says that the answer did not open. The question is not put again by itself: it would go on for ever.
func (s *Server) askedRefused(w http.ResponseWriter, r *http.Request, v *door.Visit, a asked, err error) error {
	e := fault.As(err)
	if e.Key != "passkey.refused" {
		return stepOver(w, r, err, a.to)
	}
	v.Happened(place.EventFactorFailed)
	l, ctx := Language(r, v)
	page := view.PageInfo{Title: l.T("passkey.title"), Theme: v.Member.Theme, NoIndex: true}
	return render(ctx, w, http.StatusUnprocessableEntity, view.PasskeyPage(view.PasskeyAsked{Page: page, Error: l.Fault(e), Again: withTo(a.page, a.to), Back: a.back}))
}

// withTo is the address of a page that leads on to another; "" = to none.
func withTo(page, to string) string {
	if to == "" {
		return page
	}
	return page + "?to=" + escape(to)
}

func (s *Server) enterAsked(r *http.Request, v *door.Visit, to string) asked {
	l, _ := Language(r, v)
	return asked{page: "/sign-in/passkey", to: to, back: view.Link{Label: l.T("passkey.password"), URL: withTo("/sign-in", to)}, options: func() ([]byte, error) {
		return place.AskPasskey(r.Context(), s.DB, s.Keys, site(v))
	}}
}

func (s *Server) passkeyPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showAsked(w, r, v, s.enterAsked(r, v, returnTo(r.URL.Query().Get("to"))))
}

func (s *Server) passkey(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	to := returnTo(r.PostFormValue("to"))
	in, err := place.SignInByPasskey(r.Context(), s.DB, s.Keys, site(v), []byte(r.PostFormValue("response")), attempt(r, v))
	if err != nil {
		return s.askedRefused(w, r, v, s.enterAsked(r, v, to), err)
	}
	return s.enter(w, r, v, in, to)
}

func (s *Server) secondAsked(r *http.Request, v *door.Visit, to string) asked {
	l, _ := Language(r, v)
	return asked{page: "/sign-in/code/passkey", to: to, back: view.Link{Label: l.T("passkey.other"), URL: withTo("/sign-in/code", to)}, options: func() ([]byte, error) {
		return place.AskSecondPasskey(r.Context(), s.DB, s.Keys, site(v), v.StepCookie(r))
	}}
}

func (s *Server) secondPasskeyPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showAsked(w, r, v, s.secondAsked(r, v, returnTo(r.URL.Query().Get("to"))))
}

func (s *Server) secondPasskey(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	to := returnTo(r.PostFormValue("to"))
	in, err := place.SecondByPasskey(r.Context(), s.DB, s.Keys, site(v), v.StepCookie(r), []byte(r.PostFormValue("response")), attempt(r, v))
	if err != nil {
		return s.askedRefused(w, r, v, s.secondAsked(r, v, to), err)
	}
	return s.finish(w, r, v, in, to)
}

func (s *Server) againAsked(r *http.Request, v *door.Visit, to string) asked {
	l, _ := Language(r, v)
	a := asked{page: "/sign-in/again/passkey", to: to, back: view.Link{Label: l.T("passkey.password"), URL: withTo("/sign-in/again", to)}, options: func() ([]byte, error) {
		return place.AskPasskeyAgain(r.Context(), s.DB, s.Keys, site(v), v.Session)
	}}
	if !v.Member.HasPassword() {
		a.back, a.only = view.Link{Label: l.T("factor.back"), URL: to}, true
	}
	return a
}

func (s *Server) againPasskeyPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showAsked(w, r, v, s.againAsked(r, v, returnTo(r.URL.Query().Get("to"))))
}

func (s *Server) againPasskey(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	to := returnTo(r.PostFormValue("to"))
	cookie, err := place.ReauthenticateByPasskey(r.Context(), s.DB, s.Keys, site(v), v.Session, []byte(r.PostFormValue("response")))
	if err != nil {
		return s.askedRefused(w, r, v, s.againAsked(r, v, to), err)
	}
	return s.provedAgain(w, r, v, cookie, to)
}

// provedAgain leads back to what asked for the proof.
func (s *Server) provedAgain(w http.ResponseWriter, r *http.Request, v *door.Visit, cookie, to string) error {
	v.SetSession(w, cookie, time.Until(v.Session.ExpiresAt))
	flash{Key: "signin.again_done"}.leave(w, v)
	return seeOther(w, r, to)
}
