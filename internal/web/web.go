// Package web answers browsers: it fills the structs of package view from the domain and renders them.
//
// Each screen has its file: its routes, its handlers, its part of the event stream. A handler returns an
// error; Fail turns it into a page, or into a notice when htmx asked. Handlers know no SQL and no
// driver: they ask the domain packages.
package web

import (
	"log/slog"
	"net/http"
	"net/url"
	"sync"

	"comptoir/internal/backup"
	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/jobs"
	"comptoir/internal/live"
	"comptoir/internal/place"
	"comptoir/internal/web/static"
)

// Server holds what handlers need. Its fields are set once, by app, before Routes.
type Server struct {
	DB      *db.DB
	Keys    place.Keys
	Hub     *live.Hub
	Queue   *jobs.Queue
	Guard   *door.Guard
	Floor   *floor.Floor
	Inbox   *inbox.Inbox
	Address Address
	Log     *slog.Logger
	Version string
	// Addresses are where this machine can be opened: on itself first, then on its network. nil = not known.
	Addresses func() []string
	// Networks is what accounts are connected to; without it there are no screens for them.
	Networks *place.Networks
	// Backups makes them; without it there is no screen for them.
	Backups *backup.Keeper

	has  func(pattern string) bool // tells whether a screen exists: nothing leads to one that does not
	load func(path string) bool    // tells whether an address can be loaded: some only take forms
}

// Routes registers every page, stream and file.
func (s *Server) Routes(t *door.Table) {
	s.load = loadable(t)
	files := static.Handler(door.Packs)
	t.Add(door.Route{Method: "GET", Pattern: "/static/{file...}", Kind: door.Open, Limit: door.NoLimit}, func(w http.ResponseWriter, r *http.Request, _ *door.Visit) error {
		files.ServeHTTP(w, r)
		return nil
	})
	t.Add(door.Route{Method: "GET", Pattern: "/{$}", Kind: door.Open}, s.front)
	s.guestRoutes(t)
	s.floorRoutes(t)
	s.signInRoutes(t)
	s.secondRoutes(t)
	s.linkRoutes(t)
	s.setupRoutes(t)
	s.stepRoutes(t)
	s.settingsRoutes(t)
	s.backupRoutes(t)
	s.addressRoutes(t)
	s.accountRoutes(t)
	s.meRoutes(t)
	s.factorRoutes(t)
	s.inboxRoutes(t)
	s.paletteRoutes(t)
	s.tablesRoutes(t)
	s.cardsRoutes(t)
}

// loadable tells which addresses of members are pages. It is asked when every route has been registered.
func loadable(t *door.Table) func(path string) bool {
	pages := sync.OnceValue(func() *http.ServeMux {
		mux := http.NewServeMux()
		for _, r := range t.Routes() {
			if r.Method == "GET" && r.Kind == door.Team && !r.Stream {
				mux.Handle("GET "+r.Pattern, http.NotFoundHandler())
			}
		}
		return mux
	})
	return func(path string) bool {
		_, pattern := pages().Handler(&http.Request{Method: "GET", URL: &url.URL{Path: path}})
		return pattern != ""
	}
}

// front sends whoever comes to the bare address where they belong.
func (s *Server) front(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	s.Guard.Recognise(r, v)
	if !v.SignedIn() {
		return seeOther(w, r, "/sign-in")
	}
	places, err := place.PlacesOf(r.Context(), s.DB, v.Member.ID)
	if err != nil {
		return err
	}
	if len(places) == 0 {
		return seeOther(w, r, "/me")
	}
	return seeOther(w, r, home(places[0]))
}

// home is where a member of a place begins: the counter, or the floor for those who only have it.
func home(m place.Membership) string {
	if m.Role.AtLeast(place.Manager) {
		return at(m.Place, "inbox")
	}
	return at(m.Place, "floor")
}

// at is the address of a screen of a place.
func at(p place.Place, screen string) string { return "/p/" + p.Slug + "/" + screen }
