package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/people"
	"comptoir/internal/place"
	"comptoir/internal/text"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// paletteRoutes: one page, whose results the palette of every other page shows.
func (s *Server) paletteRoutes(t *door.Table) {
	t.Add(door.Route{Method: "GET", Pattern: "/p/{place}/go", Kind: door.Team, Role: place.Floor, Place: true}, s.palettePage)
}

func (s *Server) palettePage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	p := finder{s: s, v: v, l: l, query: strings.TrimSpace(r.URL.Query().Get("q")), now: time.Now()}
	p.wanted = text.Words(p.query)
	groups, err := p.find(ctx, r.URL.Query().Get("open"))
	if err != nil {
		return err
	}
	sh := s.shell(r, v, "")
	sh.Title, sh.Palette = l.T("go.title"), view.Palette{}
	return render(ctx, w, http.StatusOK, view.PalettePage(sh, view.Palette{Action: at(v.Place, "go"), Query: p.query, Groups: groups}))
}

// paletteShown is how many persons, and how many conversations, are shown at most.
const paletteShown = 5

// finder answers one query of the palette. Without a query it offers places and gestures.
type finder struct {
	s      *Server
	v      *door.Visit
	l      locale.Locale
	query  string
	wanted []string // its words, folded
	now    time.Time
}

// goal is a place of the house or a gesture: words of the catalogues under go.KEY, further ones by which it is found
// under go.KEY.words.
type goal struct {
	key  string
	item view.PaletteItem
}

func (p finder) find(ctx context.Context, open string) ([]view.PaletteGroup, error) {
	manages := p.v.Actor.Role.AtLeast(place.Manager)
	var groups []view.PaletteGroup
	add := func(key string, items []view.PaletteItem) {
		if len(items) > 0 {
			groups = append(groups, view.PaletteGroup{Title: p.l.T(key), Items: items})
		}
	}
	if manages && open != "" {
		here, err := p.gesturesOf(ctx, open)
		if err != nil {
			return nil, err
		}
		add("go.here", p.match(here))
	}
	if manages && len(p.wanted) > 0 {
		persons, err := p.persons(ctx)
		if err != nil {
			return nil, err
		}
		add("go.people", persons)
	}
	screens, err := p.screens(ctx, manages)
	if err != nil {
		return nil, err
	}
	add("go.places", p.match(screens))
	add("go.gestures", p.match(p.gestures(manages)))
	if manages && len(p.wanted) > 0 {
		found, err := p.conversations(ctx)
		if err != nil {
			return nil, err
		}
		add("go.conversations", found)
	}
	return groups, nil
}

// match keeps the goals that begin with the words of the query.
func (p finder) match(goals []goal) []view.PaletteItem {
	var items []view.PaletteItem
	for _, g := range goals {
		label := p.l.T("go." + g.key)
		also := ""
		if key := "go." + g.key + ".words"; p.l.Has(key) {
			also = p.l.T(key)
		}
		if text.Begin(label+" "+g.item.Hint+" "+also, p.wanted) {
			g.item.Label = p.marked(label)
			items = append(items, g.item)
		}
	}
	return items
}

func (p finder) marked(label string) []view.Piece {
	var all []view.Piece
	for _, x := range text.Beginnings(label, p.wanted) {
		all = append(all, view.Piece{Text: x.Text, Marked: x.Found})
	}
	return all
}

// screens are the places of the house that the member may open.
func (p finder) screens(ctx context.Context, manages bool) ([]goal, error) {
	to := func(key, icon, url, hint string) goal {
		return goal{key, view.PaletteItem{Icon: icon, URL: url, Hint: hint}}
	}
	receive, interact, settings := p.l.T("verb.receive"), p.l.T("verb.interact"), p.l.T("nav.settings")
	var all []goal
	if manages {
		f := filter{}
		all = append(all, to("counter", "inbox", at(p.v.Place, "inbox"), receive))
		for _, tab := range []inbox.Tab{inbox.TabMine, inbox.TabSnoozed, inbox.TabSettled, inbox.TabAutomatic} {
			all = append(all, to(string(tab), "inbox", f.in(tab).at(p.v.Place, ""), p.l.T("nav.counter")))
		}
	}
	all = append(all, to("floor", "concierge-bell", at(p.v.Place, "floor"), interact))
	if manages {
		all = append(all, to("tables", "qr-code", at(p.v.Place, "tables"), ""), to("cards", "printer", at(p.v.Place, "tables/cards"), p.l.T("nav.tables")))
		for _, x := range p.s.settingsPages(p.l, p.v, "") {
			if key := strings.TrimPrefix(x.URL, at(p.v.Place, "settings/")); key != x.URL {
				all = append(all, to("settings."+key, x.Icon, x.URL, settings))
			}
		}
	}
	all = append(all, to("me", "user-round", "/me", settings), to("sessions", "shield-check", "/me/sessions", settings))
	places, err := place.PlacesOf(ctx, p.s.DB, p.v.Member.ID)
	if err != nil {
		return nil, err
	}
	for _, m := range places {
		if m.Place.ID != p.v.Place.ID && text.Begin(m.Place.Name, p.wanted) {
			all = append(all, goal{"other", view.PaletteItem{Icon: "store", URL: home(m), Hint: m.Place.Name}})
		}
	}
	return all, nil
}

// gestures are what can be done from anywhere.
func (p finder) gestures(manages bool) []goal {
	all := []goal{{"light", view.PaletteItem{Icon: "moon", Press: "light", Keys: []string{"mod", "⇧", "L"}}}}
	opening := view.PaletteItem{Icon: "pause", Post: at(p.v.Place, "floor/opening"), Vals: []view.Hidden{{Name: "state", Value: string(floor.Paused)}}}
	if floor.OpeningOf(p.v.Place, p.now).State == floor.Answering {
		all = append(all, goal{"pause", opening})
	} else {
		opening.Icon, opening.Vals = "play", []view.Hidden{{Name: "state", Value: string(floor.Answering)}}
		all = append(all, goal{"reopen_tables", opening})
	}
	if manages {
		all = append(all, goal{"keep", view.PaletteItem{Icon: "bookmark", URL: at(p.v.Place, "settings/counter#nouvelle")}},
			goal{"invite", view.PaletteItem{Icon: "user-round-plus", URL: at(p.v.Place, "settings/team#inviter")}})
		if p.s.has(connectPattern) {
			all = append(all, goal{"connect", view.PaletteItem{Icon: "plug", URL: accountsAt(p.v.Place, "/new")}})
		}
	}
	return append(all, goal{"sign_out", view.PaletteItem{Icon: "arrow-right", Post: "/sign-out"}})
}

// gesturesOf are those of the conversation that is open. They are pressed on its own page.
func (p finder) gesturesOf(ctx context.Context, id string) ([]goal, error) {
	c, err := p.s.Inbox.Get(ctx, p.v.Place.ID, id)
	if err != nil {
		return nil, err
	}
	key := func(name, icon, press string) goal {
		return goal{name, view.PaletteItem{Icon: icon, Press: press, Keys: []string{strings.ToUpper(press)}}}
	}
	all := []goal{key("reply", "reply", "r"), key("assign", "user-round-plus", "a"), key("snooze", "moon", "v"), key("settle", "check", "e")}
	if c.State != inbox.Open {
		all[3].key, all[3].item.Icon = "reopen", "reply"
	}
	if c.Kind != place.HouseKind && p.s.Inbox.ToFloor != nil {
		all = append(all, key("to_floor", "concierge-bell", "n"))
	}
	all = append(all, goal{"label", view.PaletteItem{Icon: "hash", Press: "label"}})
	return append(all, goal{"merge", view.PaletteItem{Icon: "files", URL: at(p.v.Place, "inbox/c/"+id+"/merge")}}), nil
}

// persons are guests and strangers by name, each at their latest conversation, and colleagues.
func (p finder) persons(ctx context.Context) ([]view.PaletteItem, error) {
	found, err := people.Find(ctx, p.s.DB, p.v.Place.ID, p.query, paletteShown)
	if err != nil {
		return nil, err
	}
	var items []view.PaletteItem
	for _, who := range found {
		page, err := p.s.Inbox.List(ctx, p.v.Place.ID, inbox.Query{Tab: inbox.TabAll, PersonID: who.ID, Limit: 1})
		if err != nil {
			return nil, err
		}
		for _, c := range page.Rows {
			items = append(items, view.PaletteItem{
				Label: p.marked(who.Name), Face: &view.Face{Name: who.Name, Hue: text.Hue(who.ID)}, URL: at(p.v.Place, "inbox/c/"+c.ID),
				Hint: p.l.T("go.spoke", "network", p.l.T("network."+string(c.Kind)), "when", p.l.When(c.LastAt, p.now)),
			})
		}
	}
	team, err := place.Team(ctx, p.s.DB, p.v.Place.ID)
	if err != nil {
		return nil, err
	}
	for _, c := range team {
		if text.Begin(c.Member.Name, p.wanted) {
			items = append(items, view.PaletteItem{
				Label: p.marked(c.Member.Name), Face: &view.Face{Name: c.Member.Name, Hue: text.Hue(c.Member.ID)}, Hint: p.l.T("role." + string(c.Role)),
				URL: at(p.v.Place, "settings/team#m-"+c.Member.ID),
			})
		}
	}
	return items, nil
}

// conversations are those that hold the words, the newest match first.
func (p finder) conversations(ctx context.Context) ([]view.PaletteItem, error) {
	page, err := p.s.Inbox.List(ctx, p.v.Place.ID, inbox.Query{Search: p.query, Limit: paletteShown})
	if err != nil {
		return nil, err
	}
	var items []view.PaletteItem
	for _, c := range page.Rows {
		it := view.PaletteItem{
			Icon: view.NetworkIcon(string(c.Kind)), URL: at(p.v.Place, "inbox/c/"+c.ID) + "?at=" + c.Match.MessageID,
			Hint: p.l.T("go.spoke", "network", conversationName(p.l, c.Conversation, c.Name), "when", p.l.When(c.Match.At, p.now)),
		}
		for _, x := range c.Match.Pieces {
			it.Label = append(it.Label, view.Piece{Text: x.Text, Marked: x.Found})
		}
		items = append(items, it)
	}
	return items, nil
}
