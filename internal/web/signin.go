package web

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

func (s *Server) signInRoutes(t *door.Table) {
	t.Add(door.Route{Method: "GET", Pattern: "/sign-in", Kind: door.Open}, s.signInPage)
	t.Add(door.Route{Method: "POST", Pattern: "/sign-in", Kind: door.Open, Limit: door.SignInLimit}, s.signIn)
	t.Add(door.Route{Method: "GET", Pattern: "/sign-in/again", Kind: door.Team}, s.againPage)
	t.Add(door.Route{Method: "POST", Pattern: "/sign-in/again", Kind: door.Team}, s.again)
	t.Add(door.Route{Method: "POST", Pattern: "/sign-out", Kind: door.Team}, s.signOut)
}

// mayEnter refuses passwords and one-time links over plain http from other machines, unless the operator
// said otherwise: anybody on the way could read them.
func (s *Server) mayEnter(v *door.Visit) error {
	if !v.Secure && !v.Addr.IsLoopback() && !s.Guard.PlainSignIn {
		return fault.New(fault.Forbidden, "web.sign_in", "door.plain_http")
	}
	return nil
}

// safe tells whether the connection keeps secrets: https, or within this machine.
func safe(v *door.Visit) bool { return v.Secure || v.Addr.IsLoopback() }

// returnTo is where a form says to go afterwards, "/" unless it stays within this server.
func returnTo(to string) string {
	if ours(to) {
		return to
	}
	return "/"
}

// attempt is who a sign-in form says it is.
func attempt(r *http.Request, v *door.Visit) place.Attempt {
	return place.Attempt{Email: r.PostFormValue("email"), Password: r.PostFormValue("password"), Device: place.DeviceOf(r.UserAgent()), Addr: v.Addr, Known: v.KnownCookie(r)}
}

func (s *Server) signInPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if err := s.mayEnter(v); err != nil {
		return err
	}
	to := returnTo(r.URL.Query().Get("to"))
	if s.Guard.Recognise(r, v); v.SignedIn() {
		return seeOther(w, r, to)
	}
	return s.showSignIn(w, r, v, http.StatusOK, view.SignIn{Action: "/sign-in", To: to})
}

// showSignIn completes the page with the greeting and whose counter it is.
func (s *Server) showSignIn(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, p view.SignIn) error {
	l, ctx := Language(r, v)
	p.Page = view.PageInfo{Title: l.T("signin.title"), Theme: v.Member.Theme, NoIndex: true}
	p.Safe, p.Passkey = safe(v), passkeysAt(v, "/sign-in/passkey", p.To)
	places, err := place.All(ctx, s.DB)
	if err != nil {
		return err
	}
	zone := time.UTC
	p.Place = l.T("signin.place")
	if len(places) > 0 {
		zone = places[0].Location()
	}
	if len(places) == 1 {
		p.Place = places[0].Name
	}
	p.Greeting = greeting(l, time.Now().In(zone))
	if p.Again {
		p.Greeting, p.Place, p.Passkey = l.T("signin.again_title"), l.T("signin.again_text"), passkeysAt(v, "/sign-in/again/passkey", p.To)
	}
	return render(ctx, w, status, view.SignInPage(p))
}

func greeting(l locale.Locale, now time.Time) string {
	if h := now.Hour(); h >= 5 && h < 17 {
		return l.T("signin.morning")
	}
	return l.T("signin.evening")
}

func (s *Server) signIn(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if err := s.mayEnter(v); err != nil {
		return err
	}
	a, to := attempt(r, v), returnTo(r.PostFormValue("to"))
	in, err := place.SignIn(r.Context(), s.DB, s.Keys, a)
	if err != nil {
		return s.signInRefused(w, r, v, err, view.SignIn{Action: "/sign-in", Email: a.Email, To: to})
	}
	return s.enter(w, r, v, in, to)
}

// enter gives the browser what a sign-in gave, and leads to where it was going: first to the second factor of whoever
// has one, or to the making of one where a place asks for it.
func (s *Server) enter(w http.ResponseWriter, r *http.Request, v *door.Visit, in place.Entered, to string) error {
	if in.Step != "" {
		v.SetStep(w, in.Step, place.StepFor)
		return seeOther(w, r, "/sign-in/code?to="+escape(to))
	}
	s.admit(w, v, in)
	if in.Factor != place.FactorRecovery { // who lost their phone has something else to read first
		if err := s.tellSince(w, r, v); err != nil {
			return err
		}
	}
	if in.Asked {
		to = askedPage
	}
	return seeOther(w, r, to)
}

// admit gives the browser the session of a sign-in that is complete.
func (s *Server) admit(w http.ResponseWriter, v *door.Visit, in place.Entered) {
	v.SetSession(w, in.Session, in.Life)
	v.SetKnown(w, in.Known, place.KnownFor)
	v.Member = in.Member
	v.Happened(place.EventSignedIn)
}

// tellSince leaves a notice of what changed in the member's account since they last signed in, whoever did it.
func (s *Server) tellSince(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	notices, err := place.TakeNotices(r.Context(), s.DB, v.Member.ID)
	if err != nil || len(notices) == 0 {
		return err
	}
	l, _ := Language(r, v)
	var what []string
	for _, n := range notices {
		if said := l.T("notice.what." + n.Kind); !slices.Contains(what, said) {
			what = append(what, said)
		}
	}
	flash{Key: "notice.since", Args: []string{"what", l.List(what)}}.leave(w, v)
	return nil
}

// signInRefused shows the form again, or the pause. Nothing of it depends on whether the address is known.
func (s *Server) signInRefused(w http.ResponseWriter, r *http.Request, v *door.Visit, err error, p view.SignIn) error {
	l, _ := Language(r, v)
	e := fault.As(err)
	switch {
	case e.Key == "signin.limited":
		v.Happened(place.EventSignInLimited)
		return s.pause(w, r, v, e.RetryAfter, p)
	case e.Key == "signin.refused":
		v.Happened(place.EventSignInFailed)
		p.Error = refusal(l, e)
		return s.showSignIn(w, r, v, http.StatusUnprocessableEntity, p)
	}
	return err
}

// refusal says what was refused, and how many attempts are left when they are few.
func refusal(l locale.Locale, e *fault.Error) string {
	text := l.T(e.Key)
	for i := 0; i+1 < len(e.Args); i += 2 {
		if left, ok := e.Args[i+1].(int); ok && e.Args[i] == "left" && left > 0 && left <= 3 {
			text += " " + l.N("signin.left", left)
		}
	}
	return text
}

func (s *Server) pause(w http.ResponseWriter, r *http.Request, v *door.Visit, wait time.Duration, p view.SignIn) error {
	l, ctx := Language(r, v)
	wait = max(wait.Round(time.Minute), time.Minute)
	if places, err := place.All(ctx, s.DB); err == nil && len(places) > 0 && v.Place.ID == "" {
		l = locale.New(l.Tag, places[0].Location())
	}
	again := p.Action + "?to=" + url.QueryEscape(p.To)
	seconds := strconv.Itoa(int(wait.Seconds()))
	w.Header().Set("Retry-After", seconds)
	w.Header().Set("Refresh", seconds+"; url="+again) // the page opens again by itself, without script
	return render(ctx, w, http.StatusTooManyRequests, view.PausePage(view.Pause{
		Page: view.PageInfo{Title: l.T("signin.pause"), Theme: v.Member.Theme, NoIndex: true},
		At:   l.Clock(time.Now().Add(wait)), In: l.Wait(wait), Retry: again, Passkey: passkeysAt(v, "/sign-in/passkey", p.To),
	}))
}

// againPage asks for the password, or leads to the passkey of whoever has no password.
func (s *Server) againPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	to := returnTo(r.URL.Query().Get("to"))
	if v.Member.HasPassword() {
		return s.showSignIn(w, r, v, http.StatusOK, view.SignIn{Action: "/sign-in/again", Email: v.Member.Email, To: to, Again: true})
	}
	has, err := place.HasPasskeyAt(r.Context(), s.DB, site(v), v.Member.ID)
	if err == nil && !has {
		err = fault.New(fault.Forbidden, "web.again", "signin.nothing_to_prove")
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, withTo("/sign-in/again/passkey", to))
}

func (s *Server) again(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	a, to := attempt(r, v), returnTo(r.PostFormValue("to"))
	a.Email = v.Member.Email
	cookie, err := place.Reauthenticate(r.Context(), s.DB, s.Keys, v.Session, a)
	if err != nil {
		return s.signInRefused(w, r, v, err, view.SignIn{Action: "/sign-in/again", Email: a.Email, To: to, Again: true})
	}
	return s.provedAgain(w, r, v, cookie, to)
}

func (s *Server) signOut(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		return place.EndSession(r.Context(), tx, v.Member, v.Session.Handle)
	})
	if err != nil && !fault.Is(err, fault.NotFound) { // two tabs signed out at once
		return err
	}
	v.SetSession(w, "", 0)
	w.Header().Set("Clear-Site-Data", `"cache", "storage"`)
	v.Happened(place.EventSignedOut)
	return seeOther(w, r, "/sign-in")
}
