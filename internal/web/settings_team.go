package web

import (
	"net/http"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/text"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

func (s *Server) team(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showTeam(w, r, v, http.StatusOK, view.Team{RoleAsked: string(place.Floor)})
}

// showTeam completes the page: t holds what was just made or refused.
func (s *Server) showTeam(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, t view.Team) error {
	l, ctx := Language(r, v)
	now := time.Now()
	team, err := place.Team(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	invited, err := place.Invitations(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	t.Head, t.Count, t.Roles, t.Invite = l.T("team.title", "place", v.Place.Name), l.N("team.count", len(team)), roleOptions(l, v.Actor), at(v.Place, "settings/team/invite")
	for _, c := range team {
		t.Members = append(t.Members, s.teamMember(l, v, c, now))
	}
	for _, i := range invited {
		t.Invited = append(t.Invited, view.TeamInvited{
			Email: i.Email, Role: string(i.Role), ID: i.ID, Left: l.T("team.left", "wait", i.ExpiresAt.Sub(now)), Remove: at(v.Place, "settings/team/uninvite"),
		})
	}
	return render(ctx, w, status, view.TeamPage(s.settingsShell(w, r, v), s.settingsPages(l, v, "team"), t))
}

func (s *Server) teamMember(l locale.Locale, v *door.Visit, c place.Colleague, now time.Time) view.TeamMember {
	you := c.Member.ID == v.Member.ID
	may := v.Actor.Role == place.Owner || c.Role != place.Owner
	m := view.TeamMember{
		ID: c.Member.ID, Face: view.Face{Name: c.Member.Name, Hue: text.Hue(c.Member.ID)}, Role: string(c.Role), You: you,
		Detail: c.Member.Email + ", " + seen(l, c.SeenAt, now, you), Change: may && !you, Roles: roleOptions(l, v.Actor), Action: at(v.Place, "settings/team/role"),
	}
	if may {
		m.Remove = at(v.Place, "settings/team/remove")
	}
	if v.Actor.Role == place.Owner && !you {
		m.Reset = at(v.Place, "settings/team/reset")
	}
	return m
}

func seen(l locale.Locale, at, now time.Time, you bool) string {
	switch {
	case you:
		return l.T("team.here")
	case at.IsZero():
		return l.T("team.never")
	case now.Sub(at) < 2*time.Minute:
		return l.T("team.now")
	}
	return l.T("team.seen", "when", l.When(at, now))
}

// roleOptions are the roles that somebody may give.
func roleOptions(l locale.Locale, actor place.Actor) []view.Option {
	var all []view.Option
	for _, role := range place.Roles {
		if actor.Role.AtLeast(role) {
			all = append(all, view.Option{Value: string(role), Label: l.T("role." + string(role))})
		}
	}
	return all
}

func (s *Server) invite(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, _ := Language(r, v)
	email, role := r.PostFormValue("email"), place.Role(r.PostFormValue("role"))
	var code string
	var link place.Link
	err := s.DB.Write(r.Context(), func(tx db.Tx) (err error) {
		link, code, err = place.Invite(r.Context(), tx, v.Actor, v.Place.ID, email, role)
		return err
	})
	if fault.Is(err, fault.Invalid) {
		errs := fieldErrors(l, err)
		return s.showTeam(w, r, v, http.StatusUnprocessableEntity, view.Team{Email: email, RoleAsked: string(role), Error: errs["email"] + errs["role"]})
	}
	if err != nil {
		return err
	}
	v.Happened(place.EventInvited)
	return s.showTeam(w, r, v, http.StatusOK, view.Team{RoleAsked: string(role), Made: &view.OneLink{
		Fact: l.T("team.made", "email", link.Email), Text: l.T("team.made_text"), URL: s.base(v) + "/invite/" + code,
	}})
}

// base is the address that links are made with: the public one when it is known, as in letters, else the
// one that the visitor uses.
func (s *Server) base(v *door.Visit) string {
	if u := s.Guard.Origin.Public(); u != nil {
		return u.Scheme + "://" + u.Host
	}
	return v.Base()
}

func (s *Server) uninvite(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		return place.Uninvite(r.Context(), tx, v.Actor, v.Place.ID, r.PostFormValue("invitation"))
	})
	return s.teamDone(w, r, v, err, place.EventUninvited, "team.uninvited")
}

func (s *Server) changeRole(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		return place.ChangeRole(r.Context(), tx, v.Actor, v.Place.ID, r.PostFormValue("member"), place.Role(r.PostFormValue("role")))
	})
	return s.teamDone(w, r, v, err, place.EventRoleChanged, "team.role_changed")
}

func (s *Server) removeMember(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	id := r.PostFormValue("member")
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		return place.RemoveMember(r.Context(), tx, v.Actor, v.Place.ID, id)
	})
	if err == nil && id == v.Member.ID {
		v.Happened(place.EventRemoved)
		return seeOther(w, r, "/")
	}
	return s.teamDone(w, r, v, err, place.EventRemoved, "team.removed")
}

func (s *Server) resetMember(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, _ := Language(r, v)
	id := r.PostFormValue("member")
	var code string
	err := s.DB.Write(r.Context(), func(tx db.Tx) (err error) {
		code, err = place.ResetLink(r.Context(), tx, v.Actor, v.Place.ID, id)
		return err
	})
	if err != nil {
		return err
	}
	v.Happened(place.EventResetAsked)
	m, err := place.GetMember(r.Context(), s.DB, id)
	if err != nil {
		return err
	}
	return s.showTeam(w, r, v, http.StatusOK, view.Team{RoleAsked: string(place.Floor), Made: &view.OneLink{
		Fact: l.T("team.reset_made", "name", m.Name), Text: l.T("team.reset_text"), URL: s.base(v) + "/reset/" + code,
	}})
}

func (s *Server) teamDone(w http.ResponseWriter, r *http.Request, v *door.Visit, err error, event, key string) error {
	if err != nil {
		return err
	}
	v.Happened(event)
	flash{Key: key}.leave(w, v)
	return seeOther(w, r, at(v.Place, "settings/team"))
}
