package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/live"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// streamRoutes are what keeps an open counter true.
func (s *Server) streamRoutes(t *door.Table, desk func(method, path string) door.Route) {
	stream := desk("GET", "/stream")
	stream.Stream = true
	t.Add(stream, s.counterStream)
	t.Add(desk("POST", "/c/{conversation}/seen"), s.seen)
	t.Add(desk("POST", "/c/{conversation}/presence"), s.presence)
}

// streamOf is the address of a page's events: its filter, the conversation that is open, and the journal as it was
// when the page began to be read.
func streamOf(f filter, p place.Place, open string, seq int64) string {
	to := f.at(p, "/stream")
	if open != "" {
		to += joiner(to) + "open=" + open
	}
	return to + joiner(to) + "from=" + itoa(seq)
}

// counterStream sends what changed in the list, in the counts and in the conversation that is open. Its bytes are one
// member's: what is theirs (counts, drafts) is in the rows.
func (s *Server) counterStream(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, lctx := Language(r, v)
	c := counterLive{s: s, l: l, ctx: context.WithoutCancel(lctx), place: v.Place.ID, member: v.Member.ID, filter: filterOf(r, v), open: r.URL.Query().Get("open")}
	if c.open != "" {
		if _, err := s.Inbox.Get(r.Context(), v.Place.ID, c.open); err != nil {
			return err
		}
	}
	name := strings.Join([]string{"inbox", l.Tag, v.Member.ID, c.open, c.filter.at(v.Place, "")}, " ")
	return s.stream(w, r, v, live.Topic{PlaceID: v.Place.ID, Name: name, Wants: about("conversation", "reply", "call", "account"), Render: c.render})
}

// counterLive is one member's open counter.
type counterLive struct {
	s      *Server
	l      locale.Locale
	ctx    context.Context // carries the language to the templates
	place  string
	member string
	filter filter
	open   string
}

// arrivals are the entries that bring a conversation into a list; others change a row only where it stands.
var arrivals = map[string]bool{place.EventReceived: true, "conversation.woken": true, "conversation.reopened": true, "conversation.assigned": true, "conversation.undone": true, "conversation.unmerged": true, "conversation.call_reopened": true}

// render turns entries of the journal into one event. It asks for the present state, so that many entries about one
// conversation draw it once.
func (c counterLive) render(ctx context.Context, entries []place.Entry) ([]live.Frame, error) {
	var touched []string
	arrived := map[string]bool{}
	accounts := false
	for _, e := range entries {
		if strings.HasPrefix(e.Kind, "call.") {
			continue // it changes the counts alone
		}
		if strings.HasPrefix(e.Kind, "account.") {
			accounts = true
			continue
		}
		if !slices.Contains(touched, e.SubjectID) {
			touched = append(touched, e.SubjectID)
		}
		arrived[e.SubjectID] = arrived[e.SubjectID] || arrivals[e.Kind]
	}
	p, err := place.Get(ctx, c.s.DB, c.place)
	if err != nil {
		return nil, err
	}
	parts, err := c.counts(ctx)
	if err != nil {
		return nil, err
	}
	rows, err := c.rows(ctx, p, touched, arrived)
	if err != nil {
		return nil, err
	}
	parts = append(parts, rows...)
	if slices.Contains(touched, c.open) {
		opened, err := c.thread(ctx, p)
		if err != nil {
			return nil, err
		}
		parts = append(parts, opened...)
	}
	if accounts {
		health, err := c.s.health(ctx, p, c.l)
		if err != nil {
			return nil, err
		}
		parts = append(parts, view.StreamPart("sante", view.HealthStrip(health)))
	}
	frame, err := Frame(c.ctx, entries[len(entries)-1].Seq, parts...)
	return []live.Frame{frame}, err
}

// counts are the numbers on the rail and beside the title.
func (c counterLive) counts(ctx context.Context) ([]templ.Component, error) {
	n, err := c.s.Inbox.Counts(ctx, c.place, c.member)
	if err != nil {
		return nil, err
	}
	calls, err := floor.WaitingCount(ctx, c.s.DB, c.place)
	return []templ.Component{
		view.StreamCount("counter", n.Open), view.StreamCount("tab-open", n.Open), view.StreamCount("tab-mine", n.Mine), view.StreamCount("tab-snoozed", n.Snoozed), view.StreamCount("floor", calls), view.StreamSub(counterSub(c.l, n)),
	}, err
}

// counterSub is the quiet sentence beside the title.
func counterSub(l locale.Locale, n inbox.Counts) string {
	switch {
	case n.Open == 0:
		return ""
	case n.Open >= inbox.Many:
		return l.T("inbox.sub_many")
	}
	return l.N("inbox.sub", n.Open)
}

// rows brings the rows that changed. A list of what was searched, or of older pages, takes no new ones.
func (c counterLive) rows(ctx context.Context, p place.Place, ids []string, arrived map[string]bool) ([]templ.Component, error) {
	now := time.Now()
	rows, err := c.s.Inbox.Rows(ctx, c.place, c.member, ids...)
	if err != nil {
		return nil, err
	}
	seats, err := floor.Seats(ctx, c.s.DB, c.place, now, ids)
	if err != nil {
		return nil, err
	}
	gone := slices.Clone(ids)
	var parts []templ.Component
	for _, r := range slices.Backward(rows) { // the newest last: the page puts it first
		if c.filter.Search == "" && !c.filter.query(c.member).Wants(r) {
			continue
		}
		gone = slices.DeleteFunc(gone, func(id string) bool { return id == r.ID })
		row := c.s.convRow(c.l, p, c.filter, r, seats[r.ID], now)
		row.Current = r.ID == c.open
		if arrived[r.ID] && c.filter.Search == "" && c.filter.After == "" {
			parts = append(parts, view.StreamRow(row))
		} else {
			parts = append(parts, view.StreamPart("c-"+r.ID, view.ConvItem(row)))
		}
	}
	if c.filter.Search != "" {
		return parts, nil // what was found stays
	}
	for _, id := range gone {
		if id != c.open { // what one is reading stays beside it
			parts = append(parts, view.StreamGone(id))
		}
	}
	return parts, nil
}

// thread draws what was said and done in the open conversation anew: the page keeps what it has of it.
func (c counterLive) thread(ctx context.Context, p place.Place) ([]templ.Component, error) {
	t, err := c.s.Inbox.Thread(ctx, c.place, c.open, "")
	if into := argument(err, "inbox.merged", "into"); into != "" {
		return []templ.Component{view.StreamPart("fil-"+c.open, view.ThreadMoved(c.open, c.filter.at(p, "/c/"+into)))}, nil
	}
	if fault.Is(err, fault.NotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	items, err := c.s.threadItems(ctx, p, c.l, t, "", time.Now())
	return []templ.Component{view.StreamPart("fil-"+t.ID, view.ThreadItems(t.ID, items))}, err
}

// seen is what an open page says by itself: a member has the conversation before their eyes. Loading the page says
// nothing: a link on another site, or a browser that fetches ahead, would say it too.
func (s *Server) seen(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	id := r.PathValue("conversation")
	if _, err := s.Inbox.Do(r.Context(), v.Actor, v.Place.ID, inbox.Read(), id); err != nil {
		return err
	}
	if err := s.Inbox.See(r.Context(), v.Actor, v.Place.ID, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// presence says who else has a conversation open, and is the sign of life of who asks.
func (s *Server) presence(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	_, ctx := Language(r, v)
	id := r.PathValue("conversation")
	if err := s.Inbox.See(ctx, v.Actor, v.Place.ID, id); err != nil {
		return err
	}
	who, err := s.present(ctx, v, id)
	if err != nil {
		return err
	}
	return render(ctx, w, http.StatusOK, view.PresenceLine(id, at(v.Place, "inbox/c/"+id), who))
}
