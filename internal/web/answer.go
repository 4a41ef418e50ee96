package web

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"path"
	"time"

	"github.com/a-h/templ"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/text"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// Language chooses how to speak to a visitor: as the member set it, else as the place does, else as the
// browser asks. It returns the locale and a context that carries it to the templates.
func Language(r *http.Request, v *door.Visit) (locale.Locale, context.Context) {
	tag := v.Member.Language
	if tag == "" {
		tag = v.Place.Language
	}
	if tag == "" {
		tag = locale.Match(r.Header.Get("Accept-Language"))
	}
	zone := time.UTC
	if v.Place.ID != "" {
		zone = v.Place.Location()
	}
	l := locale.New(tag, zone)
	return l, locale.With(r.Context(), l)
}

// render writes a whole page or fragment: nothing is sent when a template fails.
func render(ctx context.Context, w http.ResponseWriter, status int, c templ.Component) error {
	var b bytes.Buffer
	if err := c.Render(ctx, &b); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, err := w.Write(b.Bytes())
	return err
}

// seeOther ends a form: the browser loads url by GET, so that loading again sends nothing twice.
func seeOther(w http.ResponseWriter, r *http.Request, url string) error {
	http.Redirect(w, r, url, http.StatusSeeOther)
	return nil
}

// Fail answers a request that failed: where to sign in, or a page that says what happened, what is safe
// and what to do.
func (s *Server) Fail(w http.ResponseWriter, r *http.Request, v *door.Visit, err error) {
	e := fault.As(err)
	if e.Code == fault.Unauthenticated && v.Route.Kind == door.Team {
		s.askWho(w, r, v, e)
		return
	}
	if e.Key == "door.second_factor" && !v.Route.Stream {
		leadTo(w, r, askedPage)
		return
	}
	l, ctx := Language(r, v)
	door.RetryAfter(w, err)
	ref := ""
	if e.Code == fault.Internal || e.Code == fault.Unavailable {
		ref = v.Ref
	}
	text := l.Fault(err)
	if ref != "" && v.Route.Kind == door.Guest {
		text = l.T("guest.trouble") // what the operator can do about it is nothing to a guest
	}
	page := view.PageInfo{Title: l.T("problem.title." + string(fault.CodeOf(err))), Theme: v.Member.Theme, NoIndex: true}
	way := &view.Link{Label: l.T("problem.home"), URL: "/"}
	if v.Route.Kind == door.Guest {
		way = nil
	}
	if rerr := render(ctx, w, door.Status(err), view.Problem(page, page.Title, text, ref, way)); rerr != nil {
		s.Log.Error("render a problem", "ref", v.Ref, "err", rerr)
		http.Error(w, http.StatusText(door.Status(err)), door.Status(err))
	}
}

// askWho sends a visitor without a session to the sign-in page, and back afterwards.
func (s *Server) askWho(w http.ResponseWriter, r *http.Request, v *door.Visit, e *fault.Error) {
	to, again := "/sign-in", e.Key == "door.password_again"
	if again {
		to = "/sign-in/again"
	}
	if back := s.cameFrom(r, v); back != "" && !v.Route.Stream {
		to += "?to=" + escape(back)
	}
	if !again && r.Method != http.MethodGet && !byItself(v.Route) {
		flash{Key: "signin.nothing_done"}.leaveFor(w, v, signInTime)
	}
	leadTo(w, r, to)
}

// signInTime is how long somebody may take to sign in and still be told what became of what they did before.
const signInTime = 15 * time.Minute

// byItself tells whether a page sends this by itself: nobody did it, so nobody misses it.
func byItself(r door.Route) bool {
	switch path.Base(r.Pattern) {
	case "seen", "presence", "draft":
		return true
	}
	return false
}

// leadTo sends somebody who may not pass to where they can do something about it.
func leadTo(w http.ResponseWriter, r *http.Request, to string) {
	if r.Header.Get("HX-Request") == "true" {
		w.Header().Set("HX-Redirect", to)
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	http.Redirect(w, r, to, http.StatusSeeOther)
}

// cameFrom is the page that a person is to return to. Where what they sent came from the answer to another form, at an
// address that only takes forms, it is the nearest page above.
func (s *Server) cameFrom(r *http.Request, v *door.Visit) string {
	from := askedFrom(r, v)
	u, err := url.Parse(from)
	if err != nil || from == "" || r.Method == http.MethodGet || s.load(u.Path) {
		return from
	}
	above := path.Dir(u.Path)
	for above != "/" && !s.load(above) {
		above = path.Dir(above)
	}
	return above
}

// askedFrom is what was asked for, or where the form that was sent stood; "" when that is not known.
func askedFrom(r *http.Request, v *door.Visit) string {
	if r.Method == http.MethodGet {
		return r.URL.RequestURI()
	}
	u, err := url.Parse(r.Referer()) // of our own pages: the policy is same-origin
	if err != nil || u.Host != v.Host || !ours(u.RequestURI()) {
		return ""
	}
	return u.RequestURI()
}

// shell fills the frame of a team screen. current is a key of view.NavItem.
func (s *Server) shell(r *http.Request, v *door.Visit, current string) view.Shell {
	l, _ := Language(r, v)
	now := time.Now().In(l.Zone)
	sh := view.Shell{
		Page:    view.PageInfo{Theme: v.Member.Theme, KeysOff: v.Member.Settings.KeysOff},
		Place:   view.Place{Name: v.Place.Name, Line: openLine(l, v.Place, now), URL: at(v.Place, "floor")},
		Me:      view.Member{Face: view.Face{Hue: text.Hue(v.Member.ID), Name: v.Member.Name}, Settings: "/me", Sessions: "/me/sessions", Theme: "/me/theme", SignOut: "/sign-out"},
		Current: current,
		Palette: view.Palette{Action: at(v.Place, "go")},
	}
	if v.Actor.Role.AtLeast(place.Manager) {
		sh.Place.URL = at(v.Place, "inbox")
		sh.Nav = append(sh.Nav, s.counted(r, v, view.NavItem{Key: "counter", URL: at(v.Place, "inbox")}))
	}
	sh.Nav = append(sh.Nav, s.counted(r, v, view.NavItem{Key: "floor", URL: at(v.Place, "floor")}))
	if v.Actor.Role.AtLeast(place.Manager) {
		sh.Nav = append(sh.Nav, view.NavItem{Key: "tables", URL: at(v.Place, "tables")}, view.NavItem{Key: "settings", URL: at(v.Place, "settings")})
	}
	return sh
}

// counted puts on a place of the rail how much waits there. A count that cannot be read is left out: the page itself
// says what is wrong.
func (s *Server) counted(r *http.Request, v *door.Visit, item view.NavItem) view.NavItem {
	item.Counted = true
	switch item.Key {
	case "counter":
		n, err := s.Inbox.Counts(r.Context(), v.Place.ID, v.Member.ID)
		if err == nil {
			item.Count = n.Open
		}
	case "floor":
		n, err := floor.WaitingCount(r.Context(), s.DB, v.Place.ID)
		if err == nil {
			item.Count = n
		}
	}
	item.News = item.Count > 0
	return item
}

// openLine says on the rail whether the place is open.
func openLine(l locale.Locale, p place.Place, now time.Time) string {
	open, until, next := p.Settings.Hours.Open(now.In(p.Location()))
	switch {
	case open && !until.IsZero():
		return l.T("place.open_until", "time", l.Clock(until))
	case open:
		return ""
	case next.IsZero():
		return l.T("place.closed")
	}
	return l.T("place.opens", "when", l.When(next, now))
}
