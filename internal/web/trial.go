package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/floor"
	"comptoir/internal/live"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// trial is the first table's code and what has come in from it; nil when the place has no table.
func (s *Server) trial(ctx context.Context, l locale.Locale, v *door.Visit) (*view.Trial, error) {
	seq, err := place.Last(ctx, s.DB, v.Place.ID)
	if err != nil {
		return nil, err
	}
	tables, err := floor.Tables(ctx, s.DB, v.Place.ID)
	if err != nil || len(tables) == 0 {
		return nil, err
	}
	base, reachable := s.phoneBase(v)
	t := &view.Trial{
		Table: tables[0].Name, Trial: onlyTrial(tables), URL: base + "/t/" + s.Floor.Code(v.Place, tables[0]), Stream: at(v.Place, "start/stream") + "?from=" + itoa(seq),
		Local: !reachable, Plain: strings.HasPrefix(base, "http://"),
	}
	t.Calls, err = s.trialCalls(ctx, l, v.Place)
	return t, err
}

// phoneBase is the address to try with a phone of the house: the public one when it is known, else the one
// that the visitor uses, unless that is this machine itself: then its address on the network, if it has one.
func (s *Server) phoneBase(v *door.Visit) (base string, reachable bool) {
	base = s.base(v)
	host := base[strings.Index(base, "://")+3:]
	if !isThisMachine(host) {
		return base, true
	}
	if s.Addresses != nil {
		for _, a := range s.Addresses() {
			if !isThisMachine(strings.TrimPrefix(a, "http://")) {
				return a, true
			}
		}
	}
	return base, false
}

// trialCalls are the calls that wait or are under way.
func (s *Server) trialCalls(ctx context.Context, l locale.Locale, p place.Place) (view.TrialCalls, error) {
	calls, err := floor.Waiting(ctx, s.DB, p.ID)
	out := view.TrialCalls{Base: at(p, "floor")}
	now := time.Now()
	for _, c := range calls {
		out.Slips = append(out.Slips, s.slip(l, p, c, now))
		out.Taken = out.Taken || c.State == floor.Taken
	}
	if err != nil {
		return out, err
	}
	closed, err := floor.ClosedCount(ctx, s.DB, p.ID, now.Add(-time.Hour))
	out.Rang, out.Done = len(calls) > 0 || closed > 0, closed > 0
	out.Taken = out.Taken || out.Done
	return out, err
}

// trialStream rings: it sends the slips anew when a call came in or changed.
func (s *Server) trialStream(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, lctx := Language(r, v)
	lctx = context.WithoutCancel(lctx)
	p, next := v.Place, at(v.Place, stepNetworkAt)
	return s.stream(w, r, v, live.Topic{PlaceID: p.ID, Name: "trial " + l.Tag, Wants: about("call"), Render: func(ctx context.Context, entries []place.Entry) ([]live.Frame, error) {
		calls, err := s.trialCalls(ctx, l, p)
		if err != nil {
			return nil, err
		}
		frame, err := Frame(lctx, entries[len(entries)-1].Seq, view.StreamPart("essai", view.TrialCallsPart(calls)), view.StreamPart("suite", view.TrialFoot{Next: next, Done: calls.Done}.Part()))
		return []live.Frame{frame}, err
	}})
}
