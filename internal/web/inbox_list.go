package web

import (
	"context"
	"slices"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/text"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// conversations fills the list. open is the conversation beside it, "" for none.
func (s *Server) conversations(ctx context.Context, v *door.Visit, l locale.Locale, f filter, n inbox.Counts, open string) (view.List, error) {
	now := time.Now()
	page, err := s.Inbox.List(ctx, v.Place.ID, f.query(v.Member.ID))
	if err != nil {
		return view.List{}, err
	}
	list := view.List{
		URL: f.at(v.Place, ""), States: states(l, v.Place, f, n), Pick: f.Pick,
		Search: view.Search{Action: at(v.Place, "inbox"), Query: f.Search},
	}
	if list.Networks, err = s.networkChoices(ctx, v.Place, f); err != nil {
		return list, err
	}
	if list.Groups, err = s.groups(ctx, v.Place, l, f, page.Rows, open, now); err != nil {
		return list, err
	}
	if list.Bulk, err = s.bulk(ctx, v, l, f); err != nil {
		return list, err
	}
	if list.Labels, err = s.labelChoices(ctx, v.Place, f); err != nil {
		return list, err
	}
	list.Only, list.Manage = narrowed(l, v.Place, f, list.Labels), at(v.Place, "settings/counter#etiquettes")
	if len(page.Rows) > 0 {
		turned := f
		turned.Pick = !f.Pick
		list.Picking = turned.at(v.Place, "")
		if list.End = l.T("inbox.end", "when", l.When(page.Rows[len(page.Rows)-1].LastAt, now)); f.Search != "" {
			list.End = l.T("inbox.end_search")
		}
	}
	if page.Next != "" {
		older := f
		older.After = page.Next
		list.More = older.at(v.Place, "")
	}
	if len(page.Rows) == 0 {
		list.Empty, err = s.nothing(ctx, v, l, f)
	}
	return list, err
}

// states are the views of the list with what waits in each.
func states(l locale.Locale, p place.Place, f filter, n inbox.Counts) []view.Chip {
	counts := map[inbox.Tab]int{inbox.TabOpen: n.Open, inbox.TabMine: n.Mine, inbox.TabSnoozed: n.Snoozed}
	var chips []view.Chip
	for _, tab := range inbox.Tabs {
		to, on := tab, f.Tab == tab
		if tab == inbox.TabOpen {
			to, on = "", f.Tab == "" && f.Search == ""
		}
		chips = append(chips, view.Chip{Label: l.T("inbox.tab." + string(tab)), URL: f.in(to).at(p, ""), Count: counts[tab], On: on, Key: "tab-" + string(tab)})
	}
	return chips
}

// labelChoices are the place's labels, each with the list that it narrows.
func (s *Server) labelChoices(ctx context.Context, p place.Place, f filter) ([]view.LabelChoice, error) {
	labels, err := s.Inbox.Labels(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	var all []view.LabelChoice
	for _, label := range labels {
		to, on := f.first(), f.Label == label.ID
		if to.Label = label.ID; on {
			to.Label = ""
		}
		all = append(all, view.LabelChoice{ID: label.ID, Name: label.Name, Tone: label.Tone, URL: to.at(p, ""), On: on})
	}
	return all, nil
}

// narrowed says what narrows the list, beside its tab and networks.
func narrowed(l locale.Locale, p place.Place, f filter, labels []view.LabelChoice) []view.Chip {
	var all []view.Chip
	if f.Search != "" {
		to := f.first()
		to.Search = ""
		all = append(all, view.Chip{Label: l.T("inbox.searched", "words", f.Search), URL: to.at(p, "")})
	}
	for _, label := range labels {
		if label.On {
			all = append(all, view.Chip{Label: label.Name, URL: label.URL})
		}
	}
	return all
}

// networkChoices are the networks of the place, each with the way to hide or show it. One network alone gives no
// choice.
func (s *Server) networkChoices(ctx context.Context, p place.Place, f filter) ([]view.NetworkChoice, error) {
	accounts, err := place.Accounts(ctx, s.DB, p.ID)
	if err != nil {
		return nil, err
	}
	var kinds []network.Kind
	for _, a := range accounts {
		if !slices.Contains(kinds, a.Kind) {
			kinds = append(kinds, a.Kind)
		}
	}
	if len(kinds) < 2 {
		return nil, nil
	}
	var all []view.NetworkChoice
	for _, k := range kinds {
		all = append(all, view.NetworkChoice{Network: string(k), URL: f.turned(k).at(p, ""), On: !slices.Contains(f.Hidden, k)})
	}
	return all, nil
}

// groups puts rows under their marks of time: who sits in the room now stands first, then the days.
func (s *Server) groups(ctx context.Context, p place.Place, l locale.Locale, f filter, rows []inbox.Row, open string, now time.Time) ([]view.Group, error) {
	ids := make([]string, len(rows))
	for i := range rows {
		ids[i] = rows[i].ID
	}
	seats, err := floor.Seats(ctx, s.DB, p.ID, now, ids)
	if err != nil {
		return nil, err
	}
	here := view.Group{Title: l.T("inbox.here"), Live: true}
	var days []view.Group
	for _, r := range rows {
		row := s.convRow(l, p, f, r, seats[r.ID], now)
		row.Current = r.ID == open
		row.New = row.New && !row.Current // who reads it is about to say so: see seen
		if row.Table != "" && r.State == inbox.Open && f.After == "" && r.Match == nil {
			here.Rows = append(here.Rows, row)
			continue
		}
		day := capital(l.Day(r.LastAt, now))
		if r.Match != nil {
			day = capital(l.Day(r.Match.At, now))
		}
		if len(days) == 0 || days[len(days)-1].Title != day {
			days = append(days, view.Group{Title: day})
		}
		days[len(days)-1].Rows = append(days[len(days)-1].Rows, row)
	}
	if len(here.Rows) > 0 {
		days = append([]view.Group{here}, days...)
	}
	return days, nil
}

// convRow is one conversation as the list and the event stream show it.
func (s *Server) convRow(l locale.Locale, p place.Place, f filter, r inbox.Row, seat floor.Seat, now time.Time) view.ConvRow {
	v := view.ConvRow{
		ID: r.ID, URL: f.at(p, "/c/"+r.ID), Name: conversationName(l, r.Conversation, r.Name),
		At: l.Brief(r.LastAt, now), Stamp: l.Stamp(r.LastAt), Excerpt: r.Excerpt, Ours: r.Ours, Lang: foreign(l, r.Lang),
		New: r.Unread, Draft: r.Draft, Assignee: floor.FirstName(r.Assignee),
	}
	v.Face = view.Face{Name: v.Name, Hue: text.Hue(r.PersonID), Network: string(r.Kind)}
	if r.Excerpt == "" {
		v.Excerpt = r.Subject
	}
	if r.Match != nil {
		v.At, v.Stamp, v.Ours = l.Brief(r.Match.At, now), l.Stamp(r.Match.At), r.Match.Ours
		v.URL += joiner(v.URL) + "at=" + r.Match.MessageID
		for _, p := range r.Match.Pieces {
			v.Found = append(v.Found, view.Piece{Text: p.Text, Marked: p.Found})
		}
	}
	if seat.Table != "" {
		v.Table, v.TableAt = seat.Table, l.T("inbox.table_since", "table", seat.Table, "time", l.Clock(seat.Since))
	}
	if r.Automatic {
		v.Tags = append(v.Tags, view.Tag{Text: l.T("inbox.automatic"), Icon: "settings"})
	}
	for _, label := range r.Labels {
		v.Tags = append(v.Tags, view.Tag{Text: label.Name, Tone: label.Tone})
	}
	switch {
	case r.State == inbox.Snoozed:
		v.Note = snoozedLine(l, r.Conversation, now)
	case r.Ours && r.AnsweredIn >= time.Minute && r.AnsweredIn < 7*24*time.Hour:
		v.Note = l.T("inbox.answered_in", "wait", r.AnsweredIn)
	}
	return v
}

// conversationName is whose conversation it is; one in which only the place spoke has no name yet.
func conversationName(l locale.Locale, c inbox.Conversation, person string) string {
	switch {
	case person != "":
		return person
	case c.Subject != "":
		return c.Subject
	}
	return l.T("inbox.nobody")
}

func snoozedLine(l locale.Locale, c inbox.Conversation, now time.Time) string {
	if c.SnoozedUntil.IsZero() {
		return l.T("inbox.snoozed_message")
	}
	return l.T("inbox.snoozed_until", "when", l.When(c.SnoozedUntil, now))
}

// foreign is the language of a text when it is not the page's, for those who hear the page.
func foreign(l locale.Locale, lang string) string {
	if lang == "" || len(lang) >= 2 && lang[:2] == l.Lang() {
		return ""
	}
	return lang
}

// bulk is what can be done with several rows.
func (s *Server) bulk(ctx context.Context, v *door.Visit, l locale.Locale, f filter) (view.Bulk, error) {
	b := view.Bulk{Action: f.at(v.Place, "/gestures"), Settled: f.Tab == inbox.TabSettled}
	members, err := s.counterMembers(ctx, v, l, "")
	b.Members = members
	return b, err
}

// counterMembers are those to whom a conversation can be entrusted: who may see the counter.
func (s *Server) counterMembers(ctx context.Context, v *door.Visit, l locale.Locale, chosen string) ([]view.MemberOption, error) {
	team, err := place.Team(ctx, s.DB, v.Place.ID)
	if err != nil {
		return nil, err
	}
	busy, err := s.Inbox.Entrusted(ctx, v.Place.ID)
	if err != nil {
		return nil, err
	}
	var all []view.MemberOption
	for _, c := range team {
		if !c.Role.AtLeast(place.Manager) {
			continue
		}
		m := view.MemberOption{
			ID: c.Member.ID, Face: view.Face{Name: c.Member.Name, Hue: text.Hue(c.Member.ID)}, Detail: l.T("role." + string(c.Role)),
			Me: c.Member.ID == v.Member.ID, Chosen: c.Member.ID == chosen,
		}
		if n := busy[c.Member.ID]; n > 0 {
			m.Detail = l.N("assign.busy", n)
		}
		if m.Me {
			all = append([]view.MemberOption{m}, all...)
			continue
		}
		all = append(all, m)
	}
	return all, nil
}

// nothing says why the list is empty, with one way on.
func (s *Server) nothing(ctx context.Context, v *door.Visit, l locale.Locale, f filter) (view.Blank, error) {
	if f.Search != "" || f.Label != "" || len(f.Hidden) > 0 || f.After != "" {
		return view.Blank{State: "search", Way: &view.Link{Label: l.T("inbox.show_all"), URL: at(v.Place, "inbox")}}, nil
	}
	if f.Tab != "" {
		return view.Blank{State: string(f.Tab)}, nil
	}
	any, err := s.Inbox.List(ctx, v.Place.ID, inbox.Query{Tab: inbox.TabAll, Limit: 1})
	if err != nil {
		return view.Blank{}, err
	}
	if len(any.Rows) == 0 {
		return view.Blank{State: "first", Way: &view.Link{Label: l.T("inbox.connect"), URL: at(v.Place, "settings/accounts")}}, nil
	}
	return view.Blank{State: "todo", Way: &view.Link{Label: l.T("inbox.see_floor"), URL: at(v.Place, "floor")}}, nil
}
