package web

import (
	"context"
	"net/http"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/web/view"
)

// enrollRoutes are for the networks whose accounts are connected by a name: with a password that they made for a
// program, or on their own page.
func (s *Server) enrollRoutes(manager func(method, pattern string, fresh bool, h door.Handler)) {
	for _, kind := range s.Networks.Kinds() {
		if s.Networks.Enrolls(kind) {
			manager("GET", "/new/"+string(kind), false, func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
				if err := knownAgain(v); err != nil {
					return err
				}
				return s.showEnroll(w, r, v, http.StatusOK, s.enrollForm(w, r, v, kind))
			})
			manager("POST", "/new/"+string(kind), true, func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
				return s.enroll(w, r, v, kind)
			})
		}
	}
}

func (s *Server) enrollForm(w http.ResponseWriter, r *http.Request, v *door.Visit, kind network.Kind) view.EnrollForm {
	l, _ := Language(r, v)
	n := string(kind)
	f := view.EnrollForm{
		Page: stepPage(l, v, "network."+n), Network: n, Action: accountsAt(v.Place, "/new/"+n), Choose: accountsAt(v.Place, "/new"), Back: accountsAt(v.Place, ""),
		Name: typed(r, "name"), NameHint: l.T("accounts.name_hint." + n), PasswordHint: l.T("accounts.password_hint." + n), PasswordForm: l.T("accounts.password_form." + n), Again: typed(r, "account"),
		Head: l.T("accounts.enroll_head", "network", l.T("network."+n)), NameLabel: l.T("accounts.enroll_name"), Leads: s.Networks.Authorizes(kind),
	}
	if f.AsksSite = s.Networks.AsksSite(kind); f.AsksSite {
		f.Site, f.SiteHint, f.SiteForm = typed(r, "site"), l.T("accounts.site_hint."+n), l.T("accounts.site_form."+n)
		f.Head, f.NameLabel = l.T("accounts.enroll_site_head", "network", l.T("network."+n)), l.T("accounts.enroll_user")
	}
	for _, t := range toasts(w, r, v, l) { // of who came back
		f.Said = t.Text
	}
	return f
}

func (s *Server) showEnroll(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, f view.EnrollForm) error {
	_, ctx := Language(r, v)
	return render(ctx, w, status, view.EnrollFormPage(f))
}

// enrollAgain takes an account up again in one step: its name is known.
func (s *Server) enrollAgain(w http.ResponseWriter, r *http.Request, v *door.Visit, a place.Account) error {
	f := s.enrollForm(w, r, v, a.Kind)
	is := s.Networks.ClaimOf(a)
	f.Site, f.Name, f.Again = is.Site, is.Name, a.ID
	return s.showEnroll(w, r, v, http.StatusOK, f)
}

// enroll tries a name and a password, and keeps them when they work; without a password it prepares the way to the
// network's own page. The password does not come back to a page.
func (s *Server) enroll(w http.ResponseWriter, r *http.Request, v *door.Visit, kind network.Kind) error {
	l, _ := Language(r, v)
	f := s.enrollForm(w, r, v, kind)
	ctx, cancel := context.WithTimeout(r.Context(), trialTime)
	defer cancel()
	var a place.Account
	var err error
	if password := r.PostFormValue("password"); password == "" && f.Leads {
		f.Page.NoIndex = true
		f.Found, err = s.wayTo(ctx, v, l, kind, f.Name, f.Again)
	} else {
		a, err = s.Networks.Enroll(ctx, s.DB, s.Keys, v.Actor, v.Place.ID, place.Enrolment{Kind: kind, AccountID: f.Again, Claim: network.Claim{Site: f.Site, Name: f.Name, Password: password}})
	}
	switch fault.CodeOf(err) {
	case "":
		if f.Found != nil {
			return s.showEnroll(w, r, v, http.StatusOK, f)
		}
		v.Happened(place.EventConnected)
		return seeOther(w, r, accountsAt(v.Place, "/"+a.ID+"?new"))
	case fault.Internal, fault.NotFound:
		return err
	}
	if f.Errors = fieldErrors(l, err); len(f.Errors) == 0 {
		f.Said = l.Fault(err)
	}
	return s.showEnroll(w, r, v, http.StatusUnprocessableEntity, f)
}
