package web

import (
	"context"
	"net/http"
	"slices"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/live"
	"comptoir/internal/place"
	"comptoir/internal/text"
	"comptoir/internal/web/view"
)

// followPage shows a guest what became of what they sent. Without script it loads itself again.
func (s *Server) followPage(w http.ResponseWriter, r *http.Request, g visit) error {
	if !g.guest.Known() {
		if r.URL.Query().Get("sent") == "" {
			return seeOther(w, r, g.at(""))
		}
		f := view.Follow{Guest: g.frame("/status", g.l.T("guest.got_it"), g.l.T("guest.at_table", "table", g.table.Name)), Unknown: true, Home: g.at(""), Self: g.at("/status"), Privacy: g.at("/privacy")}
		return render(r.Context(), w, http.StatusOK, view.FollowPage(f))
	}
	// Before the page is read: what changes meanwhile comes by the stream.
	seq, err := place.Last(r.Context(), s.DB, g.Place.ID)
	if err != nil {
		return err
	}
	f, err := s.follow(r.Context(), g)
	if err != nil {
		return err
	}
	if len(f.Calls) == 0 && len(f.Lines) == 0 {
		return seeOther(w, r, g.at("")) // never mind: back to what can be asked
	}
	f.Guest.Page.Refresh = 10
	f.Guest.Stream = g.at("/stream", "from", itoa(seq))
	return render(r.Context(), w, http.StatusOK, view.FollowPage(f))
}

// follow reads what one guest may see: their own calls and words, and the answers to them.
func (s *Server) follow(ctx context.Context, g visit) (view.Follow, error) {
	f := view.Follow{Home: g.at(""), Self: g.at("/status"), Privacy: g.at("/privacy")}
	calls, err := floor.OfGuest(ctx, s.DB, g.guest, g.now.Add(-floor.Evening))
	if err != nil {
		return f, err
	}
	best, first := 0, ""
	for _, c := range calls {
		if c.State == floor.Cancelled || c.State == floor.Done && g.now.Sub(c.ClosedAt) > 2*time.Hour {
			continue
		}
		row := g.call(c)
		f.Calls = append(f.Calls, row)
		if best == 0 {
			best = row.Step
			first = row.Answered
		}
	}
	if f.Lines, err = s.guestLines(ctx, g, calls); err != nil {
		return f, err
	}
	f.Guest = g.frame("/status", g.l.T(followHello(best, first, len(f.Lines))), g.l.T("guest.follow_sub", "table", g.table.Name))
	return f, nil
}

func followHello(step int, answered string, lines int) string {
	switch {
	case answered != "", step == 0 && lines > 0:
		return "guest.thanks"
	case step == 1:
		return "guest.got_it"
	case step == 2:
		return "guest.coming"
	case step == 3:
		return "guest.there"
	}
	return "guest.nothing"
}

// guestLines is what the guest and the place wrote. The words of calls are shown with their calls.
func (s *Server) guestLines(ctx context.Context, g visit, calls []floor.Call) ([]view.GuestLine, error) {
	if s.Floor.Thread == nil || g.guest.ConversationID == "" {
		return nil, nil
	}
	lines, err := s.Floor.Thread(ctx, g.Place.ID, g.guest.ConversationID)
	if err != nil {
		return nil, err
	}
	var asked []string
	for _, c := range calls {
		for _, a := range c.Asks {
			asked = append(asked, a.ID)
		}
	}
	var shown []view.GuestLine
	for _, line := range lines {
		if line.Mine && slices.Contains(asked, line.ID) || line.At.Before(g.guest.CreatedAt.Add(-time.Minute)) {
			continue
		}
		row := view.GuestLine{ID: line.ID, Mine: line.Mine, Text: line.Text, When: g.l.Clock(line.At), Who: g.l.T("guest.the_place", "place", g.Place.Name)}
		if line.Who != "" && g.Place.Settings.ShowFirstName {
			row.Who = g.l.T("guest.the_place", "place", floor.FirstName(line.Who))
		}
		shown = append(shown, row)
	}
	return shown, nil
}

// call is one call as its guest sees it: the first name of who comes, if the place says so.
func (g visit) call(c floor.Call) view.GuestCall {
	row := view.GuestCall{ID: c.ID, Say: g.l.T("guest.kind." + string(c.Kind)), Step: 1, Received: g.l.Clock(c.ReceivedAt), News: g.l.T("guest.news.received")}
	for _, a := range c.Asks {
		if a.Text != "" {
			row.Words = append(row.Words, a.Text)
		}
	}
	if c.Kind == floor.Other && len(row.Words) > 0 && text.Graphemes(row.Words[0]) <= 80 {
		row.Say, row.Words = row.Words[0], row.Words[1:] // their own words say it better
	}
	row.Say = g.l.T("guest.quoted", "words", row.Say)
	who := ""
	if g.Place.Settings.ShowFirstName && !c.Program {
		who = floor.FirstName(c.TakenName)
	}
	if who != "" && c.State != floor.Received {
		row.Face = &view.Face{Name: who, Hue: text.Hue(c.TakenBy)}
	}
	switch c.State {
	case floor.Received:
		if c.Answer == floor.Again {
			row.News = g.l.T("guest.news.again")
		}
	case floor.Taken:
		row.Step, row.Taken, row.News = 2, g.l.Clock(c.TakenAt), g.l.T("guest.news.coming_somebody")
		if who != "" {
			row.News = g.l.T("guest.news.coming", "who", who)
		}
	case floor.Done:
		row.Step, row.Taken, row.Done, row.News = 3, g.l.Clock(c.TakenAt), g.l.Clock(c.ClosedAt), g.l.T("guest.news.done")
		if who != "" {
			row.News = g.l.T("guest.news.done_by", "who", who)
		}
		if c.Answer == floor.Good {
			row.Answered = g.l.T("guest.answered")
		} else {
			row.Answer = g.at("/calls/" + c.ID + "/answer")
		}
	}
	if c.State.Open() {
		row.Withdraw = g.at("/calls/" + c.ID + "/withdraw")
	}
	return row
}

// guestStream sends the living part of a guest's status page.
func (s *Server) guestStream(w http.ResponseWriter, r *http.Request, g visit) error {
	if !g.guest.Known() {
		w.WriteHeader(http.StatusNoContent) // the browser does not ask again
		return nil
	}
	ctx := context.WithoutCancel(r.Context()) // the language; the topic may outlive this request
	v, cookie := g.Visit, g.GuestCookie(r)
	g.Visit = &door.Visit{Place: v.Place} // the topic keeps no more of the request
	return s.streamWhile(w, r, v, live.Topic{
		PlaceID: g.Place.ID, Name: "guest " + g.guest.ID + " " + g.code + " " + g.l.Tag + g.lang,
		Wants: g.guest.Concerns,
		Render: func(tctx context.Context, entries []place.Entry) ([]live.Frame, error) {
			now := g
			now.now = time.Now()
			var err error
			if now.guest, err = s.Floor.Guest(tctx, s.DB, g.Place.ID, cookie); err != nil {
				return nil, err
			}
			f, err := s.follow(tctx, now)
			if err != nil {
				return nil, err
			}
			frame, err := Frame(ctx, entries[len(entries)-1].Seq, view.StreamPart("suivi", view.FollowPart(f)), view.StreamHello(f.Guest))
			return []live.Frame{frame}, err
		},
	}, s.guestAgain(g.code, cookie))
}

// guestAgain asks whether a guest may still see what they sent: the card still leads to its table, the evening is not
// over, nobody has blocked them.
func (s *Server) guestAgain(code, cookie string) func(context.Context) error {
	return func(ctx context.Context) error {
		p, _, err := s.Floor.Find(ctx, s.DB, code)
		if err != nil {
			return err
		}
		guest, err := s.Floor.Guest(ctx, s.DB, p.ID, cookie)
		if err == nil && (!guest.Known() || guest.Blocked(time.Now())) {
			err = fault.New(fault.Unauthenticated, "web.guest_stream", "")
		}
		return err
	}
}
