package web

import (
	"net/http"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/web/view"
)

func (s *Server) setupRoutes(t *door.Table) {
	t.Add(door.Route{Method: "GET", Pattern: "/setup/{code}", Kind: door.Open, Limit: door.SignInLimit}, s.setupPage)
	t.Add(door.Route{Method: "POST", Pattern: "/setup/{code}", Kind: door.Open, Limit: door.SignInLimit}, s.setup)
}

// setupLink checks the way to the set-up page. Once there is a place, there is no such page.
func (s *Server) setupLink(w http.ResponseWriter, r *http.Request, v *door.Visit) (open bool, err error) {
	if err := s.mayEnter(v); err != nil {
		return false, err
	}
	err = place.FindSetup(r.Context(), s.DB, r.PathValue("code"))
	if fault.Is(err, fault.Conflict) {
		return false, s.linkOver(w, r, v, err, "setup.another", "comptoir setup --link")
	}
	return err == nil, err
}

func (s *Server) setupPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	open, err := s.setupLink(w, r, v)
	if !open {
		return err
	}
	l, _ := Language(r, v)
	return s.showSetup(w, r, v, http.StatusOK, place.First{Place: place.New{Language: l.Tag}}, nil)
}

func (s *Server) showSetup(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, f place.First, errs map[string]string) error {
	l, ctx := Language(r, v)
	zone := f.Place.TimeZone
	if zone == "" {
		zone = defaultZone
	}
	return render(ctx, w, status, view.SetupPage(view.Setup{
		Page: view.PageInfo{Title: l.T("steps.place_title")}, Action: r.URL.Path, Place: f.Place.Name, Language: f.Place.Language,
		Zones: zoneOptions(l, zone, time.Now()), Propose: f.Place.TimeZone == "", Name: f.Owner.Name, Email: f.Owner.Email, Errors: errs, Safe: safe(v),
	}))
}

func (s *Server) setup(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	open, err := s.setupLink(w, r, v)
	if !open {
		return err
	}
	l, _ := Language(r, v)
	f := place.First{
		Place: place.New{Name: r.PostFormValue("place"), Language: r.PostFormValue("language"), TimeZone: r.PostFormValue("timezone")},
		Owner: place.NewMember{Name: r.PostFormValue("name"), Email: r.PostFormValue("email"), Password: r.PostFormValue("password")},
	}
	p, m, err := place.SetUpByLink(r.Context(), s.DB, r.PathValue("code"), f)
	if fault.Is(err, fault.Invalid) {
		return s.showSetup(w, r, v, http.StatusUnprocessableEntity, f, fieldErrors(l, err))
	}
	if err != nil {
		return err
	}
	if err := s.trialTable(r.Context(), m.As(p.ID, place.Owner), p.ID); err != nil {
		return err
	}
	a := attempt(r, v)
	a.Email = m.Email
	in, err := place.SignIn(r.Context(), s.DB, s.Keys, a)
	if err != nil {
		return err
	}
	return s.enter(w, r, v, in, at(p, firstStep))
}
