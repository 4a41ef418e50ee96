package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/inbox"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// inboxRoutes are the counter: the list of conversations, one conversation, its gestures and its answers.
func (s *Server) inboxRoutes(t *door.Table) {
	desk := func(method, path string) door.Route {
		return door.Route{Method: method, Pattern: "/p/{place}/inbox" + path, Kind: door.Team, Role: place.Manager, Place: true}
	}
	t.Add(desk("GET", ""), s.counterPage)
	t.Add(desk("GET", "/c/{conversation}"), s.threadPage)
	s.streamRoutes(t, desk)
	s.fileRoutes(t, desk)
	s.mergeRoutes(t, desk)
	s.gestureRoutes(t, desk)
	s.replyRoutes(t, desk)
}

// counterPage is the list with nothing open.
func (s *Server) counterPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	c, err := s.counter(ctx, w, r, v, l, "", "")
	if err != nil {
		return err
	}
	next, err := s.next(ctx, l, v)
	if err != nil {
		return err
	}
	c.Shell.Strip = view.Strips(c.Shell.Strip, next)
	return render(ctx, w, http.StatusOK, view.CounterScreen(c))
}

// threadPage is the list with one conversation open. One that was merged is shown where it is now.
func (s *Server) threadPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showThread(w, r, v, http.StatusOK, answering{})
}

// showThread draws the counter with one conversation; a is what the member was about to say.
func (s *Server) showThread(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, a answering) error {
	l, ctx := Language(r, v)
	id := r.PathValue("conversation")
	t, err := s.threadAt(ctx, v.Place.ID, id, r.URL.Query().Get("before"), r.URL.Query().Get("at"))
	if into := argument(err, "inbox.merged", "into"); into != "" {
		return seeOther(w, r, filterOf(r, v).at(v.Place, "/c/"+into))
	}
	if err != nil {
		return err
	}
	follow := t.ID
	if t.Older() {
		follow = "" // what arrives would take the place of what is read
	}
	c, err := s.counter(ctx, w, r, v, l, t.ID, follow)
	if err != nil {
		return err
	}
	if c.Thread, err = s.thread(ctx, r, v, l, t, a); err != nil {
		return err
	}
	c.Shell.Palette.Open = t.ID
	if c.Card, err = s.personCard(ctx, v, l, t); err != nil {
		return err
	}
	return render(ctx, w, status, view.CounterScreen(c))
}

// maxPages bounds how far back a message is looked for.
const maxPages = 20

// threadAt reads a conversation with its latest messages, those before a mark, or those around a message.
func (s *Server) threadAt(ctx context.Context, placeID, id, before, around string) (inbox.Thread, error) {
	t, err := s.Inbox.Thread(ctx, placeID, id, before)
	for page := 0; err == nil && around != "" && t.Earlier != "" && page < maxPages && !holds(t, around); page++ {
		t, err = s.Inbox.Thread(ctx, placeID, id, t.Earlier)
	}
	if err == nil && around != "" && !holds(t, around) {
		return s.Inbox.Thread(ctx, placeID, id, before)
	}
	return t, err
}

func holds(t inbox.Thread, messageID string) bool {
	return slices.ContainsFunc(t.Messages, func(m inbox.Message) bool { return m.ID == messageID })
}

// counter fills the frame and the list. open is the conversation beside it, and follow the one whose news the page shows.
// A list that cannot be read says so in its pane: what is open stays usable.
func (s *Server) counter(ctx context.Context, w http.ResponseWriter, r *http.Request, v *door.Visit, l locale.Locale, open, follow string) (view.Counter, error) {
	f := filterOf(r, v)
	seq, err := place.Last(ctx, s.DB, v.Place.ID) // before the page is read: what changes meanwhile comes by the stream
	if err != nil {
		return view.Counter{}, err
	}
	n, err := s.Inbox.Counts(ctx, v.Place.ID, v.Member.ID)
	if err != nil {
		return view.Counter{}, err
	}
	c := view.Counter{Shell: s.shell(r, v, "counter")}
	c.Shell.Toasts, c.Shell.Sub, c.Shell.Stream = toasts(w, r, v, l), counterSub(l, n), streamOf(f, v.Place, follow, seq)
	health, err := s.health(ctx, v.Place, l)
	if err != nil {
		return c, err
	}
	c.Shell.Strip = view.HealthStrip(health)
	c.Shell.Search = &view.Search{Action: at(v.Place, "inbox"), Query: f.Search}
	if c.List, err = s.conversations(ctx, v, l, f, n, open); err != nil {
		if fault.CodeOf(err) == fault.Internal || fault.Is(err, fault.Unavailable) {
			s.Log.Error("read the list of conversations", "ref", v.Ref, "place", v.Place.ID, "err", err)
		}
		c.List = view.List{URL: f.first().at(v.Place, ""), States: states(l, v.Place, f, n), Fault: l.Fault(err)}
	}
	return c, nil
}

// health are the accounts of a place that wait for a person.
func (s *Server) health(ctx context.Context, p place.Place, l locale.Locale) ([]view.Health, error) {
	accounts, err := place.Accounts(ctx, s.DB, p.ID)
	var all []view.Health
	for _, a := range accounts {
		if a.State == place.AccountPerson {
			all = append(all, view.Health{Network: string(a.Kind), Fact: l.T("accounts.waits", "account", a.Handle), URL: accountsAt(p, "/"+a.ID)})
		}
	}
	return all, err
}

// argument is one argument of a fault with this key, "" for any other error.
func argument(err error, key, name string) string {
	if err == nil {
		return ""
	}
	e := fault.As(err)
	if e.Key != key {
		return ""
	}
	for i := 0; i+1 < len(e.Args); i += 2 {
		if e.Args[i] == name {
			s, _ := e.Args[i+1].(string)
			return s
		}
	}
	return ""
}

// startOfDay is midnight before t, where t is.
func startOfDay(t time.Time) time.Time {
	y, m, d := t.Date()
	return time.Date(y, m, d, 0, 0, 0, 0, t.Location())
}
