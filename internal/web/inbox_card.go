package web

import (
	"context"
	"slices"
	"strings"
	"time"

	"comptoir/internal/inbox"
	"comptoir/internal/people"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// personCard is what is known of who speaks; nil while nobody does.
func (s *Server) personCard(ctx context.Context, p place.Place, l locale.Locale, t inbox.Thread) (*view.PersonCard, error) {
	if t.PersonID == "" {
		return nil, nil
	}
	who, err := people.Get(ctx, s.DB, p.ID, t.PersonID)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	c := &view.PersonCard{Name: who.Name, Face: view.Face{Name: who.Name, Hue: view.Hue(who.ID)}, Since: l.T("card.since", "day", l.Day(who.FirstSeen, now))}
	names, err := people.Identities(ctx, s.DB, p.ID, who.ID)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if !slices.Contains(c.Networks, string(n.Kind)) {
			c.Networks = append(c.Networks, string(n.Kind))
		}
		if n.Handle != "" && n.Handle != who.Name {
			c.Facts = append(c.Facts, view.Fact{Term: l.T("network." + string(n.Kind)), Text: n.Handle})
		}
	}
	for line := range strings.Lines(who.About) {
		if line = strings.TrimSpace(line); line != "" {
			c.Know = append(c.Know, line)
		}
	}
	page, err := s.Inbox.List(ctx, p.ID, inbox.Query{Tab: inbox.TabAll, PersonID: who.ID, Limit: 6})
	if err != nil {
		return nil, err
	}
	for _, r := range page.Rows {
		if r.ID != t.ID {
			c.Lately = append(c.Lately, view.Happening{Network: string(r.Kind), Text: happening(r), When: l.When(r.LastAt, now)})
		}
	}
	return c, nil
}

// happening is a conversation in a few words.
func happening(r inbox.Row) string {
	if r.Subject != "" {
		return r.Subject
	}
	return r.Excerpt
}
