package web

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/inbox"
	"comptoir/internal/place"
	"comptoir/internal/text"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// mergeRoutes join two conversations that are one, and part them again.
func (s *Server) mergeRoutes(t *door.Table, desk func(method, path string) door.Route) {
	t.Add(desk("GET", "/c/{conversation}/merge"), s.mergePage)
	t.Add(desk("POST", "/c/{conversation}/merge"), s.merge)
	t.Add(desk("POST", "/c/{conversation}/unmerge"), s.unmerge)
}

// mergePage chooses the conversation that joins this one; ?other= says which, and then what will happen.
func (s *Server) mergePage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	f := filterOf(r, v)
	kept, err := s.Inbox.Thread(ctx, v.Place.ID, r.PathValue("conversation"), "")
	if into := argument(err, "inbox.merged", "into"); into != "" {
		return seeOther(w, r, f.at(v.Place, "/c/"+into+"/merge"))
	}
	if err != nil {
		return err
	}
	c, err := s.counter(ctx, w, r, v, l, kept.ID, "")
	if err != nil {
		return err
	}
	c.Merge = &view.Merge{Base: at(v.Place, "inbox/c/"+kept.ID), Back: f.at(v.Place, "/c/"+kept.ID)}
	if other := r.URL.Query().Get("other"); other != "" && other != kept.ID {
		err = s.mergeFacts(ctx, v.Place, l, c.Merge, kept, other)
	}
	if c.Merge.First == nil && err == nil {
		err = s.mergeChoices(ctx, r, v, l, c.Merge, kept)
	}
	if err != nil {
		return err
	}
	return render(ctx, w, http.StatusOK, view.CounterScreen(c))
}

// mergeFacts says what joining the two does. A conversation that was joined meanwhile is nothing to choose.
func (s *Server) mergeFacts(ctx context.Context, p place.Place, l locale.Locale, m *view.Merge, kept inbox.Thread, otherID string) error {
	gone, err := s.Inbox.Thread(ctx, p.ID, otherID, "")
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.NotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	now := time.Now()
	first, second := mergeSide(l, kept, now), mergeSide(l, gone, now)
	first.Keeps = true
	m.First, m.Second = &first, &second
	fact := func(tone, key string, args ...any) {
		b := view.Banner{Tone: tone, Fact: l.T("merge.fact."+key, args...)}
		if l.Has("merge.fact." + key + ".text") {
			b.Text = l.T("merge.fact."+key+".text", args...)
		}
		m.Facts = append(m.Facts, b)
	}
	fact("verre", "answers")
	fact("verre", "undo")
	if gone.State == inbox.Open && kept.State != inbox.Open {
		fact("amber", "opens", "name", first.Name)
	}
	if len(gone.Labels) > 0 || gone.AssigneeID != "" {
		fact("amber", "keeps", "name", first.Name)
	}
	if kept.PersonID != gone.PersonID && gone.PersonID != "" {
		fact("amber", "cards")
	}
	return nil
}

// mergeSide is one of the two with how much was said in it.
func mergeSide(l locale.Locale, t inbox.Thread, now time.Time) view.MergeRow {
	row := mergeRow(l, inbox.Row{Conversation: t.Conversation, Name: t.Name})
	count := l.N("merge.messages", len(t.Messages))
	if t.Earlier != "" {
		count = l.N("merge.messages_more", len(t.Messages))
	}
	row.Detail = l.T("merge.side", "network", l.T("network."+string(t.Kind)), "messages", count, "when", l.When(t.LastAt, now))
	return row
}

func mergeRow(l locale.Locale, r inbox.Row) view.MergeRow {
	name := conversationName(l, r.Conversation, r.Name)
	return view.MergeRow{ID: r.ID, Name: name, Face: view.Face{Name: name, Hue: text.Hue(r.PersonID), Network: string(r.Kind)}}
}

// mergeShown is how many conversations are proposed.
const mergeShown = 12

// mergeChoices proposes conversations: what was searched, else those of the same person and of the same name, then the
// latest ones.
func (s *Server) mergeChoices(ctx context.Context, r *http.Request, v *door.Visit, l locale.Locale, m *view.Merge, kept inbox.Thread) error {
	words := strings.TrimSpace(r.URL.Query().Get("with"))
	m.Search = view.Search{Action: at(v.Place, "inbox/c/"+kept.ID+"/merge"), Name: "with", Words: l.T("merge.search"), Query: words, Hidden: filterOf(r, v).hidden()}
	queries := []inbox.Query{{Tab: inbox.TabAll, Search: words, Limit: mergeShown + 1}}
	if words == "" {
		queries = []inbox.Query{{Tab: inbox.TabAll, Limit: mergeShown + 1}}
		if kept.PersonID != "" {
			queries = slices.Insert(queries, 0, inbox.Query{Tab: inbox.TabAll, PersonID: kept.PersonID, Limit: mergeShown + 1}, inbox.Query{Tab: inbox.TabAll, Search: kept.Name, Limit: mergeShown + 1})
		}
	}
	now, known := time.Now(), map[string]bool{kept.ID: true}
	for _, q := range queries {
		page, err := s.Inbox.List(ctx, v.Place.ID, q)
		if err != nil {
			return err
		}
		for _, c := range page.Rows {
			if known[c.ID] || len(m.Rows) == mergeShown {
				continue
			}
			known[c.ID] = true
			row := mergeRow(l, c)
			row.Detail = l.T("merge.row", "words", happening(c), "when", l.When(c.LastAt, now))
			to := filterOf(r, v).at(v.Place, "/c/"+kept.ID+"/merge")
			row.URL = to + joiner(to) + "other=" + c.ID
			m.Rows = append(m.Rows, row)
		}
	}
	return nil
}

func (s *Server) merge(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	kept := r.PathValue("conversation")
	seq, err := s.Inbox.Merge(r.Context(), v.Actor, v.Place.ID, kept, r.PostFormValue("other"))
	if fault.Is(err, fault.Conflict) || fault.Is(err, fault.Invalid) {
		flash{Key: fault.As(err).Key}.leave(w, v)
	} else if err != nil {
		return err
	} else {
		s.gesture(v, flash{Key: "inbox.done.merged"}, []int64{seq}).leave(w, v)
	}
	return seeOther(w, r, filterOf(r, v).at(v.Place, "/c/"+kept))
}

// unmerge parts a conversation from this one. Its notice joins them again.
func (s *Server) unmerge(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	kept, gone := r.PathValue("conversation"), r.PostFormValue("other")
	err := s.Inbox.Unmerge(r.Context(), v.Actor, v.Place.ID, gone)
	f := flash{Key: "inbox.done.unmerged", Undo: at(v.Place, "inbox/c/"+kept+"/merge"), Vals: map[string]string{"other": gone}}
	return s.backToCounter(w, r, v, err, f)
}

// mergedIn names the conversations that are shown as part of one, for parting them again.
func (s *Server) mergedIn(ctx context.Context, p place.Place, l locale.Locale, t inbox.Thread) ([]view.Hidden, error) {
	var all []view.Hidden
	for _, id := range t.Merged {
		c, err := s.Inbox.Get(ctx, p.ID, id)
		if err != nil {
			return nil, err
		}
		name := ""
		for _, m := range t.Messages {
			if m.ConversationID == id && m.Direction == inbox.In {
				name = m.Author().Name
			}
		}
		all = append(all, view.Hidden{Name: conversationName(l, c, name), Value: id})
	}
	return all, nil
}
