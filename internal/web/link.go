package web

import (
	"net/http"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// One-time links act on POST, after a page: what scans mail follows every link that it can GET.
func (s *Server) linkRoutes(t *door.Table) {
	for pattern, pair := range map[string][2]door.Handler{
		"/invite/{code}": {s.invitationPage, s.acceptInvitation},
		"/reset/{code}":  {s.resetPage, s.reset},
		"/enter/{code}":  {s.doorstep, s.enterByLink},
	} {
		t.Add(door.Route{Method: "GET", Pattern: pattern, Kind: door.Open, Limit: door.SignInLimit}, s.byLink(pair[0]))
		t.Add(door.Route{Method: "POST", Pattern: pattern, Kind: door.Open, Limit: door.SignInLimit}, s.byLink(pair[1]))
	}
}

// byLink is a handler behind a one-time link: it says kindly when the link is over.
func (s *Server) byLink(h door.Handler) door.Handler {
	return func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
		if err := s.mayEnter(v); err != nil {
			return err
		}
		err := h(w, r, v)
		if key := fault.CodeOf(err); key != fault.Conflict {
			return err
		}
		return s.linkOver(w, r, v, err, "link.another", "")
	}
}

// linkOver is the answer to a used or expired link. how is the key of the way to another.
func (s *Server) linkOver(w http.ResponseWriter, r *http.Request, v *door.Visit, err error, how, code string) error {
	e := fault.As(err)
	if e.Key != "link.used" && e.Key != "link.expired" {
		return err
	}
	l, ctx := Language(r, v)
	page := view.PageInfo{Title: l.T("link.over"), NoIndex: true}
	return render(ctx, w, http.StatusGone, view.LinkOver(page, l.T("link.over"), l.Fault(e), l.T(how), code))
}

func (s *Server) resetPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showReset(w, r, v, http.StatusOK, nil)
}

func (s *Server) showReset(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, errs map[string]string) error {
	link, err := place.FindLink(r.Context(), s.DB, place.ResetKind, r.PathValue("code"))
	if err != nil {
		return err
	}
	m, err := place.GetMember(r.Context(), s.DB, link.MemberID)
	if err != nil {
		return err
	}
	l, ctx := Language(r, v)
	return render(ctx, w, status, view.ResetPage(view.Reset{Page: view.PageInfo{Title: l.T("reset.title"), NoIndex: true}, Action: r.URL.Path, Email: m.Email, Error: errs["password"]}))
}

func (s *Server) reset(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, _ := Language(r, v)
	m, err := place.ResetPassword(r.Context(), s.DB, r.PathValue("code"), r.PostFormValue("password"))
	if fault.Is(err, fault.Invalid) {
		return s.showReset(w, r, v, http.StatusUnprocessableEntity, fieldErrors(l, err))
	}
	if err != nil {
		return err
	}
	v.Member = m
	v.Happened(place.EventPasswordReset)
	a := attempt(r, v)
	a.Email = m.Email
	in, err := place.SignIn(r.Context(), s.DB, s.Keys, a)
	if err != nil { // strangers are guessing at this account: the new password waits with everybody else
		return seeOther(w, r, "/sign-in")
	}
	return s.enter(w, r, v, in, "/")
}

func (s *Server) doorstep(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	link, err := place.FindLink(r.Context(), s.DB, place.SignInKind, r.PathValue("code"))
	if err != nil {
		return err
	}
	m, err := place.GetMember(r.Context(), s.DB, link.MemberID)
	if err != nil {
		return err
	}
	l, ctx := Language(r, v)
	page := view.PageInfo{Title: l.T("signin.title"), NoIndex: true}
	return render(ctx, w, http.StatusOK, view.Doorstep(page, l.T("enter.title", "name", m.Name), l.T("enter.text"), r.URL.Path, l.T("signin.button")))
}

func (s *Server) enterByLink(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	in, err := place.EnterByLink(r.Context(), s.DB, s.Keys, r.PathValue("code"), attempt(r, v))
	if err != nil {
		return err
	}
	return s.enter(w, r, v, in, "/")
}

// fieldErrors are the sentences of a refused form, by field.
func fieldErrors(l locale.Locale, err error) map[string]string {
	out := map[string]string{}
	for _, f := range fault.As(err).Fields {
		out[f.Name] = l.Field(f)
	}
	return out
}
