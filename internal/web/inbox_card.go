package web

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/people"
	"comptoir/internal/place"
	"comptoir/internal/text"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// lately is how much of what happened with a person the card shows.
const lately = 6

// personCard is what is known of who speaks; nil while nobody does.
func (s *Server) personCard(ctx context.Context, v *door.Visit, l locale.Locale, t inbox.Thread) (*view.PersonCard, error) {
	if t.PersonID == "" {
		return nil, nil
	}
	who, err := people.Get(ctx, s.DB, v.Place.ID, t.PersonID)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	c := &view.PersonCard{
		Name: who.Name, Face: view.Face{Name: who.Name, Hue: text.Hue(who.ID)}, Since: l.T("card.since", "day", l.Day(who.FirstSeen, now)),
		Edit: at(v.Place, "inbox/c/"+t.ID+"/card"), About: who.About,
	}
	if who.Named {
		c.Given = who.Name
	}
	for line := range strings.Lines(who.About) {
		if line = strings.TrimSpace(line); line != "" {
			c.Know = append(c.Know, line)
		}
	}
	for _, fill := range []func(context.Context, place.Place, locale.Locale, people.Person, inbox.Thread, *view.PersonCard) error{s.cardNames, s.cardFacts, s.cardLately} {
		if err := fill(ctx, v.Place, l, who, t, c); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// cardNames says who they are on each network.
func (s *Server) cardNames(ctx context.Context, p place.Place, l locale.Locale, who people.Person, _ inbox.Thread, c *view.PersonCard) error {
	names, err := people.Identities(ctx, s.DB, p.ID, who.ID)
	for _, n := range names {
		if !slices.Contains(c.Networks, string(n.Kind)) {
			c.Networks = append(c.Networks, string(n.Kind))
		}
		if name := cmp.Or(n.Handle, n.Name); name != "" && name != who.Name {
			c.Facts = append(c.Facts, view.Fact{Term: l.T("network." + string(n.Kind)), Text: name})
		}
	}
	return err
}

// cardFacts says how much they speak, and where they sit.
func (s *Server) cardFacts(ctx context.Context, p place.Place, l locale.Locale, who people.Person, t inbox.Thread, c *view.PersonCard) error {
	now := time.Now()
	local := now.In(p.Location())
	month := time.Date(local.Year(), local.Month(), 1, 0, 0, 0, 0, local.Location())
	all, recent, err := s.Inbox.Spoken(ctx, p.ID, who.ID, month)
	if err != nil {
		return err
	}
	fact := view.Fact{Term: l.T("card.messages"), Text: l.Number(all)}
	if recent > 0 && recent < all {
		fact.Text = l.T("card.month", "all", l.Number(all), "recent", l.Number(recent))
	}
	c.Facts = append(c.Facts, fact)
	seats, err := floor.Seats(ctx, s.DB, p.ID, now, []string{t.ID})
	if seat := seats[t.ID]; seat.Table != "" {
		c.Table, c.TableAt = seat.Table, l.T("inbox.table_since", "table", seat.Table, "time", l.Clock(seat.Since))
	}
	return err
}

// cardLately tells of their other conversations, and of their calls at the tables.
func (s *Server) cardLately(ctx context.Context, p place.Place, l locale.Locale, who people.Person, t inbox.Thread, c *view.PersonCard) error {
	page, err := s.Inbox.List(ctx, p.ID, inbox.Query{Tab: inbox.TabAll, PersonID: who.ID, Limit: lately + 1})
	if err != nil {
		return err
	}
	type told struct {
		at time.Time
		view.Happening
	}
	var all []told
	ids := append([]string{t.ID}, t.Merged...)
	now := time.Now()
	for _, r := range page.Rows {
		if r.ID != t.ID {
			ids = append(ids, r.ID)
			all = append(all, told{r.LastAt, view.Happening{Network: string(r.Kind), Text: happening(r), When: l.When(r.LastAt, now), URL: at(p, "inbox/c/"+r.ID)}})
		}
	}
	calls, err := floor.CallsIn(ctx, s.DB, p.ID, lately, ids...)
	if err != nil {
		return err
	}
	for _, call := range calls {
		say := l.T("guest.kind." + string(call.Kind))
		if call.Kind == floor.Other && len(call.Asks) > 0 && call.Asks[0].Text != "" {
			say = text.Excerpt(call.Asks[0].Text, 60)
		}
		words := l.T("card.call", "say", say)
		if call.Table != "" {
			words = l.T("card.call_at", "table", call.Table, "say", say)
		}
		all = append(all, told{call.ReceivedAt, view.Happening{Network: string(place.HouseKind), Text: words, When: l.When(call.ReceivedAt, now)}})
	}
	slices.SortStableFunc(all, func(a, b told) int { return b.at.Compare(a.at) })
	for _, x := range all[:min(len(all), lately)] {
		c.Lately = append(c.Lately, x.Happening)
	}
	return nil
}

// happening is a conversation in a few words.
func happening(r inbox.Row) string {
	if r.Subject != "" {
		return r.Subject
	}
	return r.Excerpt
}

// describe keeps what the team knows of who speaks, and the name that it gives them.
func (s *Server) describe(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	ctx := r.Context()
	t, err := s.Inbox.Get(ctx, v.Place.ID, r.PathValue("conversation"))
	if err != nil {
		return err
	}
	who, err := people.Get(ctx, s.DB, v.Place.ID, t.PersonID)
	if err != nil {
		return err
	}
	name, about := strings.TrimSpace(r.PostFormValue("name")), r.PostFormValue("about")
	err = s.DB.Write(ctx, func(tx db.Tx) error {
		if name != who.Name && (name != "" || who.Named) {
			if err := people.Rename(ctx, tx, v.Actor, v.Place.ID, who.ID, name); err != nil {
				return err
			}
		}
		if about == who.About {
			return nil
		}
		return people.Describe(ctx, tx, v.Actor, v.Place.ID, who.ID, about)
	})
	return s.backToCounter(w, r, v, err, flash{Key: "card.done"})
}
