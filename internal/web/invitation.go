package web

import (
	"cmp"
	"net/http"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// byKey is the way of somebody who accepts an invitation with a passkey.
const byKey = "passkey"

func (s *Server) invitationPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showInvitation(w, r, v, http.StatusOK, view.Invitation{Way: byKey})
}

// showInvitation completes the page: p holds what was typed and what was refused.
func (s *Server) showInvitation(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, p view.Invitation) error {
	i, err := place.FindInvitation(r.Context(), s.DB, r.PathValue("code"))
	if err != nil {
		return err
	}
	v.Place.Language = i.Place.Language
	l, ctx := Language(r, v)
	l = locale.New(l.Tag, i.Place.Location())
	p.Page, p.Place, p.By, p.Role = view.PageInfo{Title: l.T("invite.head"), NoIndex: true}, i.Place.Name, i.By, string(i.Role)
	p.Action, p.Email, p.Known, p.Until = r.URL.Path, i.Email, i.HasLogin, l.When(i.ExpiresAt, time.Now())
	p.Passkeys = site(v).Passkeys()
	return render(locale.With(ctx, l), w, status, view.InvitationPage(p))
}

// acceptInvitation takes three forms at one address, so that loading it again is the invitation: a password, the wish
// for a passkey, and what the device answered then.
func (s *Server) acceptInvitation(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	i, err := place.FindInvitation(r.Context(), s.DB, r.PathValue("code"))
	if err != nil {
		return err
	}
	v.Place.Language = i.Place.Language
	response := []byte(r.PostFormValue("response"))
	switch asks := r.PostFormValue("way") == byKey; {
	case len(response) > 0 && i.HasLogin:
		return s.acceptByPasskey(w, r, v, i, response)
	case len(response) > 0:
		return s.joinByPasskey(w, r, v, i, response)
	case asks && i.HasLogin:
		return s.showAsked(w, r, v, s.acceptAsked(r, v, i))
	case asks:
		return s.showJoin(w, r, v, i, http.StatusOK, "")
	}
	return s.acceptByPassword(w, r, v, i)
}

func (s *Server) acceptByPassword(w http.ResponseWriter, r *http.Request, v *door.Visit, i place.Invited) error {
	l, _ := Language(r, v)
	a, p := attempt(r, v), view.Invitation{Name: r.PostFormValue("name")}
	_, err := place.AcceptInvitation(r.Context(), s.DB, s.Keys, r.PathValue("code"), p.Name, a)
	a.Email = i.Email
	switch e := fault.As(err); {
	case err == nil:
	case e.Code == fault.Invalid:
		p.Errors = fieldErrors(l, err)
		return s.showInvitation(w, r, v, http.StatusUnprocessableEntity, p)
	case e.Key == "signin.refused":
		p.Errors = map[string]string{"password": refusal(l, e)}
		return s.showInvitation(w, r, v, http.StatusUnprocessableEntity, p)
	case e.Key == "signin.limited":
		return s.pause(w, r, v, e.RetryAfter, view.SignIn{Action: r.URL.Path, To: "/"})
	default:
		return err
	}
	in, err := place.SignIn(r.Context(), s.DB, s.Keys, a)
	if err != nil {
		return err
	}
	return s.enter(w, r, v, in, home(place.Membership{Place: i.Place, Role: i.Role}))
}

// showJoin is the page on which a device makes the passkey of somebody who has no account yet.
func (s *Server) showJoin(w http.ResponseWriter, r *http.Request, v *door.Visit, i place.Invited, status int, wrong string) error {
	l, ctx := Language(r, v)
	name := r.PostFormValue("name")
	options, err := i.AskNewPasskey(s.Keys, site(v), name)
	if fault.Is(err, fault.Invalid) {
		return s.showInvitation(w, r, v, http.StatusUnprocessableEntity, view.Invitation{Name: name, Way: byKey, Errors: fieldErrors(l, err)})
	}
	if err != nil {
		return err
	}
	return render(ctx, w, status, view.JoinPage(view.Join{
		Page: alone(l.T("invite.head"), v), Place: i.Place.Name, Action: r.URL.Path, Options: string(options), Name: name, Error: wrong,
	}))
}

// joinByPasskey ends on the recovery codes: they are in this answer and nowhere else.
func (s *Server) joinByPasskey(w http.ResponseWriter, r *http.Request, v *door.Visit, i place.Invited, response []byte) error {
	l, _ := Language(r, v)
	a, name := attempt(r, v), r.PostFormValue("name")
	in, codes, err := place.JoinByPasskey(r.Context(), s.DB, s.Keys, site(v), r.PathValue("code"), name, cmp.Or(a.Device, l.T("passkey.unnamed")), response, a)
	switch {
	case fault.Is(err, fault.Invalid):
		return s.showInvitation(w, r, v, http.StatusUnprocessableEntity, view.Invitation{Name: name, Way: byKey, Errors: fieldErrors(l, err)})
	case fault.Is(err, fault.Rejected):
		v.Happened("passkey.not_made")
		return s.showJoin(w, r, v, i, http.StatusUnprocessableEntity, l.Fault(err))
	case err != nil:
		return err
	}
	s.admit(w, v, in)
	v.Happened(place.EventFactorAdded)
	v.Place = i.Place
	return s.showRecovery(w, r, v, codes, true, home(place.Membership{Place: i.Place, Role: i.Role}))
}

// acceptAsked asks somebody who has an account for its passkey.
func (s *Server) acceptAsked(r *http.Request, v *door.Visit, i place.Invited) asked {
	l, _ := Language(r, v)
	return asked{page: r.URL.Path, back: view.Link{Label: l.T("invite.back"), URL: r.URL.Path}, options: func() ([]byte, error) {
		return i.AskPasskey(r.Context(), s.DB, s.Keys, site(v))
	}}
}

func (s *Server) acceptByPasskey(w http.ResponseWriter, r *http.Request, v *door.Visit, i place.Invited, response []byte) error {
	in, err := place.AcceptByPasskey(r.Context(), s.DB, s.Keys, site(v), r.PathValue("code"), response, attempt(r, v))
	if err != nil {
		return s.askedRefused(w, r, v, s.acceptAsked(r, v, i), err)
	}
	return s.enter(w, r, v, in, home(place.Membership{Place: i.Place, Role: i.Role}))
}
