package web

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// Where an account is connected.
const connectPattern = "/p/{place}/settings/accounts"

func (s *Server) settingsRoutes(t *door.Table) {
	known := sync.OnceValue(func() map[string]bool { // asked when every screen has been registered
		all := map[string]bool{}
		for _, r := range t.Routes() {
			all[r.Pattern] = true
		}
		return all
	})
	s.has = func(pattern string) bool { return known()[pattern] }
	manager := func(method, pattern string, fresh bool, h door.Handler) {
		t.Add(door.Route{Method: method, Pattern: "/p/{place}/settings" + pattern, Kind: door.Team, Role: place.Manager, Place: true, Fresh: fresh}, h)
	}
	manager("GET", "", false, func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
		return seeOther(w, r, at(v.Place, "settings/place"))
	})
	manager("GET", "/place", false, s.placeSettings)
	manager("POST", "/place", false, s.changePlace)
	manager("GET", "/team", false, s.team)
	manager("POST", "/team/invite", true, s.invite)
	manager("POST", "/team/uninvite", false, s.uninvite)
	manager("POST", "/team/role", true, s.changeRole)
	manager("POST", "/team/remove", true, s.removeMember)
	manager("POST", "/team/reset", true, s.resetMember)
	for _, pattern := range []string{"/team/invite", "/team/reset"} { // their answers are not kept: who comes back begins at the team
		manager("GET", pattern, false, func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
			return seeOther(w, r, at(v.Place, "settings/team"))
		})
	}
	manager("GET", "/tokens", false, s.tokens)
	manager("POST", "/tokens", true, s.createToken)
	manager("POST", "/tokens/remove", true, s.removeToken)
	manager("GET", "/journal", false, s.journal)
	manager("GET", "/journal/file", false, s.journalFile)
	s.counterSettingsRoutes(t)
}

// settingsPages is the list beside every page of settings: those of the place for who may change it, and
// the member's own. current is the last part of an address: "team", "me".
func (s *Server) settingsPages(l locale.Locale, v *door.Visit, current string) []view.SettingsItem {
	var all []view.SettingsItem
	add := func(key, icon, url string) {
		all = append(all, view.SettingsItem{Label: l.T("settings.page." + key), Icon: icon, URL: url, Current: key == current})
	}
	if v.Actor.Role.AtLeast(place.Manager) {
		add("place", "store", at(v.Place, "settings/place"))
		if s.has(connectPattern) {
			add("networks", "plug", at(v.Place, "settings/accounts"))
		}
		if s.has("/p/{place}/tables") {
			add("tables", "qr-code", at(v.Place, "tables"))
		}
		add("counter", "inbox", at(v.Place, "settings/counter"))
		add("address", "link", at(v.Place, "settings/address"))
		add("team", "users-round", at(v.Place, "settings/team"))
		add("tokens", "key-round", at(v.Place, "settings/tokens"))
		add("journal", "book-open-text", at(v.Place, "settings/journal"))
		if s.has(backupPattern) {
			add("backups", "database", at(v.Place, "settings/backups"))
		}
	}
	add("me", "user-round", "/me")
	add("sessions", "shield-check", "/me/sessions")
	return all
}

// settingsShell is the frame of a page of settings.
func (s *Server) settingsShell(w http.ResponseWriter, r *http.Request, v *door.Visit) view.Shell {
	l, _ := Language(r, v)
	sh := s.shell(r, v, "settings")
	sh.Title = l.T("nav.settings")
	sh.Toasts = toasts(w, r, v, l)
	if !safe(v) {
		sh.Strip = view.PlainSignInStrip()
	}
	return sh
}

func (s *Server) placeSettings(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showPlaceSettings(w, r, v, http.StatusOK, v.Place, nil)
}

func (s *Server) showPlaceSettings(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, p place.Place, errs map[string]string) error {
	l, ctx := Language(r, v)
	form := view.PlaceSettings{
		Action: at(v.Place, "settings/place"), Name: p.Name, Zones: zoneOptions(l, p.TimeZone, time.Now()), Languages: languageOptions(l, p.Language, false),
		Undo: strconv.Itoa(p.Settings.UndoSeconds), HalfDay: p.Settings.FloorHalfDay, Owner: v.Actor.Role == place.Owner, Second: p.Settings.OwnersSecondFactor, Errors: errs, Steps: at(v.Place, firstStep),
	}
	return render(ctx, w, status, view.PlaceSettingsPage(s.settingsShell(w, r, v), s.settingsPages(l, v, "place"), form))
}

// number reads a whole number of a form; what is none becomes -1, which every range refuses.
func number(s string, empty int) int {
	if s = strings.TrimSpace(s); s == "" {
		return empty
	}
	n, err := strconv.Atoi(s)
	if err != nil {
		return -1
	}
	return n
}

func (s *Server) changePlace(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	var typed place.Place
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		_, err := place.Change(r.Context(), tx, v.Actor, v.Place.ID, func(p *place.Place) error {
			p.Name, p.Language, p.TimeZone = r.PostFormValue("place"), r.PostFormValue("language"), r.PostFormValue("timezone")
			p.Settings.UndoSeconds = number(r.PostFormValue("undo"), -1)
			p.Settings.FloorHalfDay = r.PostFormValue("half_day") == "on"
			typed = *p
			if ask := r.PostFormValue("owners_second") == "on"; v.Actor.Role == place.Owner && ask != p.Settings.OwnersSecondFactor { // nobody else is shown it
				p.Settings.OwnersSecondFactor, typed.Settings.OwnersSecondFactor = ask, ask
				return v.Fresh()
			}
			return nil
		})
		return err
	})
	l, _ := Language(r, v)
	if fault.Is(err, fault.Invalid) {
		return s.showPlaceSettings(w, r, v, http.StatusUnprocessableEntity, typed, fieldErrors(l, err))
	}
	if err != nil {
		return err
	}
	flash{Key: "settings.saved"}.leave(w, v)
	return seeOther(w, r, at(v.Place, "settings/place"))
}

// languageOptions are the languages that may be chosen; with follow, also "as the place".
func languageOptions(l locale.Locale, chosen string, follow bool) []view.Option {
	var all []view.Option
	if follow {
		all = append(all, view.Option{Value: "", Label: l.T("me.language_place"), Chosen: chosen == ""})
	}
	for _, tag := range locale.Tags {
		all = append(all, view.Option{Value: tag, Label: l.T("language." + tag), Chosen: tag == chosen})
	}
	return all
}
