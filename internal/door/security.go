package door

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// The security events that are refusals of this package, by their names in the log. What a handler did has the name that
// its row in the journal has: see Visit.Happened.
const (
	eventHost      = "host.refused"   // a name that is not ours
	eventOrigin    = "origin.refused" // a form of another site
	eventToken     = "token.refused"  // unknown, revoked, expired
	eventScope     = place.EventTokenMisused
	eventIsolation = place.EventStrayed // a place that is not the member's, or none
	eventRole      = "role.refused"     // more than the member's role
	eventOperator  = "operator.refused"
	eventLimit     = "limit.refused"
)

// refusals says which refusal is which event, by where the fault comes from.
var refusals = map[string]string{
	"door.origin": eventHost, "door.cross_origin": eventOrigin, "place.token": eventToken, "door.scope": eventScope,
	"place.membership": eventIsolation, "place.needs": eventRole, "door.operator": eventOperator, "door.limit": eventLimit,
}

// Happened tells of a security event that this request brought about, by the name that it has in the journal. It is
// logged once the request is answered, with who, where and from which sort of address.
func (v *Visit) Happened(event string) { v.events = append(v.events, event) }

// note writes the access log: the route's pattern, never the path, because paths hold codes; who, by id, and the sort of
// address that they came from. Of what was sent it says nothing.
func (g *Guard) note(r *http.Request, v *Visit, w *answer, err error, took time.Duration) {
	if g.Answered != nil {
		g.Answered(v.Route, w.status, took)
	}
	attrs := append(v.who(), slog.String("ref", v.Ref), slog.String("method", r.Method), slog.String("route", v.Route.Pattern), slog.Int("status", w.status), slog.Duration("took", took))
	tell := func(level slog.Level, event string, more ...slog.Attr) {
		g.Log.LogAttrs(context.WithoutCancel(r.Context()), level, event, append(attrs, more...)...)
		if g.Happened != nil && level >= slog.LevelInfo {
			g.Happened(event)
		}
	}
	for _, event := range v.events {
		tell(slog.LevelInfo, event)
	}
	switch code := fault.CodeOf(err); {
	case err == nil:
		tell(slog.LevelDebug, "request")
	case code == fault.Internal && !errors.Is(err, context.Canceled):
		tell(slog.LevelError, "request.failed", slog.Any("err", err))
	default:
		event, level := "request.refused", slog.LevelInfo
		if name := refusals[fault.As(err).Op]; name != "" {
			event = name
		}
		if v.Actor.ID != "" && event != "request.refused" { // somebody we know tried what is not theirs
			level = slog.LevelWarn
		}
		tell(level, event, slog.String("code", string(code)), slog.Any("err", err))
	}
}

// who is how far a visitor is known.
func (v *Visit) who() (attrs []slog.Attr) {
	attrs = append(attrs, slog.String("from", place.AddressClass(v.Addr)))
	if v.Member.ID != "" {
		attrs = append(attrs, slog.String("member", v.Member.ID))
	}
	if v.Actor.Kind == place.TokenActor {
		attrs = append(attrs, slog.String("token", v.Actor.ID))
	}
	if v.Place.ID != "" {
		attrs = append(attrs, slog.String("place", v.Place.ID))
	}
	return attrs
}

// misuse journals that a token was used for what it may not, once an hour for each: its place is to know.
func (g *Guard) misuse(ctx context.Context, actor place.Actor) error {
	once := Limit{Group: "misuse", Max: 1, Per: time.Hour}
	if g.limit.take(once, actor.ID, time.Now()) != nil {
		return nil
	}
	return g.DB.Write(ctx, func(tx db.Tx) error {
		return place.Record(ctx, tx, actor.PlaceID, actor, place.Entry{Kind: place.EventTokenMisused, SubjectID: actor.ID})
	})
}

// strayed journals that a member tried to change something in a place that is not theirs, once a minute for each: nobody
// is to fill a journal by asking.
func (g *Guard) strayed(ctx context.Context, v *Visit) error {
	once := Limit{Group: "strayed", Max: 1, Per: time.Minute}
	if g.limit.take(once, v.Member.ID, time.Now()) != nil {
		return nil
	}
	return g.DB.Write(ctx, func(tx db.Tx) error { return place.Strayed(ctx, tx, v.Member, v.Addr) })
}
