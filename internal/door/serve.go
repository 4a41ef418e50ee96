package door

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

// Guard serves a Table. Its fields are set once, before Handler.
type Guard struct {
	DB     *db.DB
	Log    *slog.Logger
	Origin Origin
	// PlainSignIn lets members sign in over plain http from other machines than this one.
	PlainSignIn bool
	// OperatorToken opens Operator routes to other machines, by bearer; "" = loopback only.
	OperatorToken string
	// Fail writes the answer to a request that failed, for people (Open, Guest, Team routes).
	Fail func(w http.ResponseWriter, r *http.Request, v *Visit, err error)
	// FailAPI does so for programs: API routes, and whatever else is asked for below /api/.
	FailAPI func(w http.ResponseWriter, r *http.Request, v *Visit, err error)
	// Answered is told of every request, for whoever counts them: its route, the status of its answer (0 = the visitor
	// went away before), how long it took. May be nil.
	Answered func(route Route, status int, took time.Duration)
	// Happened is told of every security event by its fixed name. May be nil.
	Happened func(event string)

	limit   *limiter
	streams streams
}

const (
	maxBody  = 1 << 20
	freshFor = 15 * time.Minute // how long a password that was given counts for a change that matters
)

// Handler returns the server's handler. Whatever the table does not hold is answered 404 by Fail, below /api/ by
// FailAPI.
func (g *Guard) Handler(t *Table) http.Handler {
	g.limit = newLimiter()
	g.streams.n = map[string]int{}
	mux := http.NewServeMux()
	for _, e := range t.routes {
		mux.Handle(e.Method+" "+e.Pattern, g.guarded(e))
	}
	for _, rest := range []string{"/", apiPath} {
		mux.Handle(rest, g.guarded(entry{Route{Kind: Open, Method: "GET", Pattern: rest}, func(http.ResponseWriter, *http.Request, *Visit) error {
			return fault.New(fault.NotFound, "door.route", "")
		}}))
	}
	return mux
}

func (g *Guard) guarded(e entry) http.Handler {
	cross := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		v := &Visit{Ref: reference(), Route: e.Route}
		start := time.Now()
		out := &answer{ResponseWriter: w, packs: Packs(r)}
		err := g.enter(out, r, v, e, cross)
		if err != nil {
			g.fail(out, r, v, err)
		}
		out.finish()
		g.note(r, v, out, err, time.Since(start))
	})
}

// enter takes a request through every check and then to its handler.
func (g *Guard) enter(w *answer, r *http.Request, v *Visit, e entry, cross *http.CrossOriginProtection) (err error) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			err = &fault.Error{Code: fault.Internal, Op: "door.panic", Err: panicked{p, debug.Stack()}}
		}
	}()
	err = g.Origin.read(r, v)
	headers(w, v, g.publicIsSecure())
	if err != nil {
		return err
	}
	if e.Kind != API && e.Kind != Operator {
		if err := cross.Check(r); err != nil {
			return fault.Wrap(err, fault.Forbidden, "door.cross_origin", "door.cross_origin")
		}
	}
	if err := g.identify(r, v); err != nil {
		// Who proves nothing is counted too, by address: a flood of guesses costs no pages.
		if limited := g.limit.take(unproven, v.addressKey(), time.Now()); limited != nil {
			return limited
		}
		return err
	}
	lim := e.Limit
	if lim.Group == "" {
		lim = limits[e.Kind]
	}
	if err := g.limit.take(lim, v.visitor(), time.Now()); err != nil {
		return err
	}
	if e.Stream {
		if v.leave, err = g.streams.open(v.streamShares(r)); err != nil {
			return err
		}
		defer func() {
			if v.leave != nil {
				v.leave()
			}
		}()
	}
	size := e.Body
	if size == 0 {
		size = maxBody
	}
	if size > maxBody {
		r.Body = &paced{ReadCloser: r.Body, ctl: http.NewResponseController(w), began: time.Now()}
	}
	r.Body = http.MaxBytesReader(w, r.Body, size)
	if err = v.readForm(r); err == nil {
		err = e.handle(w, r, v)
	}
	if key := bodyFault(err); key != "" {
		w.Header().Set("Connection", "close") // what is still to come would be taken for another request
		return &fault.Error{Code: fault.Rejected, Op: "door.body", Key: key, Err: err}
	}
	return err
}

// bodyFault says what was wrong with how a body came, "" for nothing.
func bodyFault(err error) string {
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return "door.too_large"
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, errSlow):
		return "door.too_slow"
	}
	return ""
}

func (g *Guard) publicIsSecure() bool {
	if g.Origin.Public == nil {
		return false
	}
	u := g.Origin.Public()
	return u != nil && u.Scheme == "https"
}

// identify proves who the visitor is and that they may pass this door.
func (g *Guard) identify(r *http.Request, v *Visit) error {
	switch v.Route.Kind {
	case API:
		return g.identifyToken(r, v)
	case Operator:
		return g.identifyOperator(r, v)
	case Team:
		return g.identifyMember(r, v)
	}
	return nil
}

func (g *Guard) identifyToken(r *http.Request, v *Visit) error {
	value, ok := bearer(r)
	if !ok {
		return fault.New(fault.Unauthenticated, "door.token", "token.missing")
	}
	actor, token, err := place.FindToken(r.Context(), g.DB, value)
	if err != nil {
		return err
	}
	v.Actor = actor
	if v.Place, err = place.Get(r.Context(), g.DB, actor.PlaceID); err != nil {
		return err
	}
	if !slices.Contains(actor.Scopes, v.Route.Scope) {
		if changes(r) {
			if err := g.misuse(r.Context(), actor); err != nil {
				return err
			}
		}
		return fault.New(fault.Forbidden, "door.scope", "token.scope", "scope", string(v.Route.Scope))
	}
	return place.TouchToken(r.Context(), g.DB, token)
}

func (g *Guard) identifyOperator(r *http.Request, v *Visit) error {
	// A proxy on this machine that does not say for whom it asks looks like this machine: it asks for our public name.
	if v.Addr.IsLoopback() && ownName(v.Host) {
		return nil
	}
	if value, ok := bearer(r); ok && g.OperatorToken != "" && equal(value, g.OperatorToken) {
		return nil
	}
	return fault.New(fault.NotFound, "door.operator", "")
}

func (g *Guard) identifyMember(r *http.Request, v *Visit) error {
	if !v.Secure && !v.Addr.IsLoopback() && !g.PlainSignIn {
		return fault.New(fault.Forbidden, "door.plain", "door.plain_http")
	}
	ctx := r.Context()
	var err error
	if v.Session, v.Member, err = place.FindSession(ctx, g.DB, v.cookie(r, sessionCookie)); err != nil {
		return err
	}
	v.Actor = v.Member.As("", "")
	if v.Route.Place {
		if err := g.identifyPlace(r, v); err != nil {
			return err
		}
	}
	if v.Route.Fresh {
		if err := v.Fresh(); err != nil {
			return err
		}
	}
	return place.TouchSession(ctx, g.DB, v.Session)
}

// identifyPlace gives the member their role. A place that is not theirs and one that does not exist are
// the same to them, also in the work that they cost. Where a place asks its owners for a second factor,
// those without one stay outside.
func (g *Guard) identifyPlace(r *http.Request, v *Visit) error {
	ctx := r.Context()
	m, err := place.MembershipOf(ctx, g.DB, v.Member.ID, r.PathValue("place"))
	if fault.Is(err, fault.NotFound) && changes(r) {
		if err := g.strayed(ctx, v); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	v.Place, v.Actor = m.Place, v.Member.As(m.Place.ID, m.Role)
	if err := v.Actor.Needs(v.Route.Role, m.Place.ID); err != nil {
		return err
	}
	asks, err := m.AsksFactor(ctx, g.DB, v.Member.ID)
	if err == nil && asks {
		return fault.New(fault.Forbidden, "door.place", "door.second_factor")
	}
	return err
}

// Recognise finds out who is signed in on a route that needs nobody; it leaves v alone when nobody is.
func (g *Guard) Recognise(r *http.Request, v *Visit) {
	s, m, err := place.FindSession(r.Context(), g.DB, v.cookie(r, sessionCookie))
	if err == nil {
		v.Session, v.Member, v.Actor = s, m, m.As("", "")
	}
}

// Again returns the question whether a stream's visitor may still see it, for later. It keeps of the request
// only what answers that.
func (g *Guard) Again(r *http.Request, v *Visit) func(ctx context.Context) error {
	route, addr, secure := v.Route, v.Addr, v.Secure
	asked := &http.Request{Method: r.Method, Header: http.Header{"Cookie": r.Header["Cookie"]}}
	asked.SetPathValue("place", r.PathValue("place"))
	return func(ctx context.Context) error {
		return g.identify(asked.WithContext(ctx), &Visit{Route: route, Addr: addr, Secure: secure})
	}
}

// changes tells whether a request may change something. A GET may not, not even the journal.
func changes(r *http.Request) bool { return r.Method != http.MethodGet && r.Method != http.MethodHead }

func bearer(r *http.Request) (string, bool) {
	scheme, value, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	return strings.TrimSpace(value), ok && strings.EqualFold(scheme, "Bearer")
}

// fail answers, unless the handler had begun to.
func (g *Guard) fail(w *answer, r *http.Request, v *Visit, err error) {
	if w.status != 0 || r.Context().Err() != nil && w.status == 0 && errors.Is(err, context.Canceled) {
		return
	}
	if v.Route.forPrograms() && g.FailAPI != nil {
		g.FailAPI(w, r, v, err)
		return
	}
	g.Fail(w, r, v, err)
}

// ParsePublic reads the address by which an installation is reached: http or https, a host, no path.
func ParsePublic(raw string) (*url.URL, error) {
	u, err := url.Parse(raw)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fault.New(fault.Invalid, "door.public", "address.invalid")
	}
	return &url.URL{Scheme: u.Scheme, Host: strings.ToLower(u.Host)}, nil
}
