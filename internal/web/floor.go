package web

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/live"
	"comptoir/internal/place"
	"comptoir/internal/text"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"

	"github.com/a-h/templ"
)

// floorRoutes are the room, for everybody who works in the place.
func (s *Server) floorRoutes(t *door.Table) {
	team := func(method, path string) door.Route {
		return door.Route{Method: method, Pattern: "/p/{place}/floor" + path, Kind: door.Team, Role: place.Floor, Place: true}
	}
	t.Add(team("GET", ""), s.floorPage)
	stream := team("GET", "/stream")
	stream.Stream = true
	t.Add(stream, s.floorStream)
	t.Add(team("POST", "/calls/{call}/take"), s.onCall(s.Floor.Take, ""))
	t.Add(team("POST", "/calls/{call}/back"), s.onCall(s.Floor.HandBack, ""))
	t.Add(team("POST", "/calls/{call}/done"), s.onCall(s.Floor.Finish, "floor.is_done"))
	t.Add(team("POST", "/calls/{call}/cancel"), s.onCall(s.Floor.Cancel, ""))
	t.Add(team("POST", "/calls/{call}/reopen"), s.onCall(s.Floor.Reopen, ""))
	t.Add(team("POST", "/calls/{call}/give"), s.giveCall)
	t.Add(team("POST", "/calls/{call}/seat"), s.seatCall)
	t.Add(team("POST", "/guests/{guest}/block"), s.blockGuest)
	t.Add(team("POST", "/guests/{guest}/unblock"), s.unblockGuest)
	t.Add(team("POST", "/tables/{table}/rotate"), s.renewFromFloor)
	t.Add(team("POST", "/opening"), s.setOpening)
}

func (s *Server) floorPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	seq, err := place.Last(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	b, err := s.board(ctx, l, v.Place)
	if err != nil {
		return err
	}
	sh := s.shell(r, v, "floor")
	sh.Title, sh.Sub, sh.Fixed = l.T("nav.floor"), floorSub(l, time.Now()), true
	sh.Stream = at(v.Place, "floor/stream") + "?from=" + itoa(seq)
	sh.Toasts = toasts(w, r, v, l)
	cards := ""
	if v.Actor.Role.AtLeast(place.Manager) {
		cards = at(v.Place, "tables/cards")
	}
	var me view.Colleague
	for _, m := range b.Members {
		if m.ID == v.Member.ID {
			me = m
		}
	}
	sh.Actions = view.FloorActions(b.Opening, cards, me)
	sh.Keys = []view.KeyHint{
		{Keys: []string{"J", "K"}, Label: l.T("floor.keys.walk")}, {Keys: []string{"⏎"}, Label: l.T("floor.keys.take")},
		{Keys: []string{"E"}, Label: l.T("floor.keys.done")}, {Keys: []string{"A"}, Label: l.T("floor.keys.give")},
	}
	sh.Strip = s.plainStrip(v)
	return render(ctx, w, http.StatusOK, view.FloorPage(sh, b))
}

// floorSub names the evening, or the day. It shows no clock: the page stays open all night, and every screen has one.
func floorSub(l locale.Locale, now time.Time) string {
	local := now.In(l.Zone)
	if local.Hour() < 5 {
		local = local.AddDate(0, 0, -1) // the evening before goes on
	}
	if now.In(l.Zone).Hour() >= 17 || now.In(l.Zone).Hour() < 5 {
		return l.T("floor.evening", "day", dayName(l, local.Weekday()))
	}
	return dayName(l, local.Weekday())
}

// plainStrip says what plain http costs those who serve, and shows who may change it the way; nil when it costs nothing.
func (s *Server) plainStrip(v *door.Visit) templ.Component {
	if v.Secure || isThisMachine(v.Host) {
		return nil
	}
	way := ""
	if v.Actor.Role.AtLeast(place.Manager) {
		way = at(v.Place, "settings/address")
	}
	return view.PlainStrip(way)
}

// isThisMachine tells whether a host is one for which browsers lift what they refuse to plain http.
func isThisMachine(hostport string) bool {
	host := hostport
	if h, _, err := net.SplitHostPort(hostport); err == nil {
		host = h
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return host == "localhost" || err == nil && a.IsLoopback()
}

// board reads the whole room. It is the same for all who look at it in one language.
func (s *Server) board(ctx context.Context, l locale.Locale, p place.Place) (view.Board, error) {
	now := time.Now()
	b := view.Board{Base: at(p, "floor"), Opening: opening(l, p, now)}
	waiting, err := floor.Waiting(ctx, s.DB, p.ID)
	if err != nil {
		return b, err
	}
	for _, c := range waiting {
		slip := s.slip(l, p, c, now)
		if c.State == floor.Taken {
			b.Coming = append(b.Coming, slip)
		} else {
			b.Waiting = append(b.Waiting, slip)
		}
	}
	since := now.Add(-floor.Evening)
	done, err := floor.Closed(ctx, s.DB, p.ID, since, doneShown)
	if err != nil {
		return b, err
	}
	if b.Done, err = s.doneRows(ctx, l, p, done, since, now); err != nil {
		return b, err
	}
	if b.DoneAll, err = floor.ClosedCount(ctx, s.DB, p.ID, since); err != nil {
		return b, err
	}
	usual, err := floor.UsualWait(ctx, s.DB, p.ID)
	if err != nil {
		return b, err
	}
	if usual >= time.Minute {
		b.Usual = l.T("floor.usual", "wait", usual)
	}
	team, err := place.Team(ctx, s.DB, p.ID)
	if err != nil {
		return b, err
	}
	zones, err := floor.Zones(ctx, s.DB, p.ID)
	if err != nil {
		return b, err
	}
	of := map[string][]string{}
	for _, z := range zones {
		of[z.MemberID] = append(of[z.MemberID], z.Name)
	}
	for _, c := range team {
		b.Members = append(b.Members, view.Colleague{ID: c.Member.ID, First: floor.FirstName(c.Member.Name), Face: view.Face{Name: c.Member.Name, Hue: text.Hue(c.Member.ID)}, Zones: l.List(of[c.Member.ID])})
	}
	if b.Blocked, err = s.blocked(ctx, l, p); err != nil {
		return b, err
	}
	return b, s.plan(ctx, l, p, &b, waiting, done)
}

// doneShown is how much of what was done tonight the room shows.
const doneShown = 8

// doneRows are the calls done and the kind words said tonight, the latest first.
func (s *Server) doneRows(ctx context.Context, l locale.Locale, p place.Place, done []floor.Call, since, now time.Time) ([]view.DoneRow, error) {
	kind, err := floor.KindWords(ctx, s.DB, p.ID, since, doneShown)
	var rows []view.DoneRow
	for len(rows) < doneShown && len(done)+len(kind) > 0 {
		if len(kind) == 0 || len(done) > 0 && !kind[0].At.After(done[0].ClosedAt) {
			slip := s.slip(l, p, done[0], now)
			row := view.DoneRow{Table: slip.Table, Say: slip.Say, Who: slip.Who}
			if slip.OwnSay {
				row.Lang = slip.Lang
			}
			rows, done = append(rows, row), done[1:]
			continue
		}
		row := view.DoneRow{Table: kind[0].Table, Say: l.T("guest.quoted", "words", text.Line(masked(p, kind[0].Text))), Who: l.T("floor.kind"), Kind: true, Lang: kind[0].Language}
		if kind[0].Whom != "" {
			row.Who = l.T("floor.kind." + kind[0].Whom)
		}
		rows, kind = append(rows, row), kind[1:]
	}
	return rows, err
}

// served is how long the plan still shows that somebody has just been at a table.
const served = 10 * time.Minute

// plan draws the tables where they stand, marked with what waits there.
func (s *Server) plan(ctx context.Context, l locale.Locale, p place.Place, b *view.Board, waiting, done []floor.Call) error {
	tables, err := floor.Tables(ctx, s.DB, p.ID)
	if err != nil {
		return err
	}
	names, err := s.zoneNames(ctx, p)
	if err != nil {
		return err
	}
	states, slips := map[string]string{}, map[string]string{}
	for _, c := range done {
		if time.Since(c.ClosedAt) < served {
			states[c.TableID] = "g"
		}
	}
	for _, c := range waiting { // the longest waiting first: it is the one that the plan leads to
		state := "n"
		if c.State == floor.Taken {
			state = "r"
		}
		if states[c.TableID] != "n" && (state == "n" || states[c.TableID] != "r") {
			states[c.TableID], slips[c.TableID] = state, c.ID
		}
	}
	say := map[string][]string{}
	for _, t := range tables {
		spot := view.Spot{Name: t.Name, Zone: names[t.ZoneID], X: t.X, Y: t.Y, State: states[t.ID]}
		if spot.State != "" {
			say[spot.State] = append(say[spot.State], t.Name)
		}
		if slip := slips[t.ID]; slip != "" {
			spot.URL, spot.Say = "#b-"+slip, l.T("floor.spot."+spot.State, "table", t.Name)
		}
		b.Plan.Spots = append(b.Plan.Spots, spot)
		b.Tables = append(b.Tables, view.Option{Value: t.ID, Label: l.T("table.name", "table", t.Name)})
	}
	b.PlanLine = l.N("floor.tables", len(tables))
	if len(waiting) > 0 {
		b.PlanLine += ", " + l.N("floor.calls", len(waiting))
	}
	b.Plan.Say = l.T("floor.the_plan")
	for _, state := range []string{"n", "r", "g"} {
		if len(say[state]) > 0 {
			b.Plan.Say += ". " + l.T("floor.plan_say."+state, "tables", say[state])
		}
	}
	if len(tables) == 0 && len(waiting) == 0 {
		b.NoTable = &view.Link{Label: l.T("floor.add_tables"), URL: at(p, "tables")}
	}
	return nil
}

// slip is one call as colleagues see it.
func (s *Server) slip(l locale.Locale, p place.Place, c floor.Call, now time.Time) view.Slip {
	v := view.Slip{Key: c.ID, Where: c.TableID, Guests: c.Guests(), Bon: view.Bon{
		ID: "b-" + c.ID, Table: c.Table, Say: l.T("guest.kind." + string(c.Kind)), Wait: l.Wait(c.Waited(now)), Long: c.Waited(now) >= p.Settings.LongWait, State: "new",
		Since: c.ReceivedAt.UnixMilli(), LongMs: p.Settings.LongWait.Milliseconds(), Again: c.Answer == floor.Again,
	}}
	for _, a := range c.Asks {
		switch {
		case a.Text == "":
		case v.Words == "":
			v.Words, v.Lang = masked(p, a.Text), a.Language
		default:
			v.More = append(v.More, view.Said{Text: masked(p, a.Text), Lang: a.Language})
		}
	}
	if c.Kind == floor.Other && v.Words != "" && text.Graphemes(v.Words) <= 80 {
		v.Say, v.Words, v.OwnSay = v.Words, "", true // their own words say it better
	}
	if c.Kind != floor.Other && len(c.Asks) > 1 { // own words are each there to be read
		v.Asked = l.N("floor.asked", len(c.Asks))
	}
	v.Source = l.T("floor.by_code")
	if c.Network != string(place.HouseKind) {
		author := ""
		if len(c.Asks) > 0 {
			author = c.Asks[0].Author
		}
		v.Source = l.T("floor.by_network", "who", author, "network", l.T("network."+c.Network))
	}
	if c.State == floor.Received {
		return v
	}
	v.State, v.Face = "coming", &view.Face{Name: c.TakenName, Hue: text.Hue(c.TakenBy)}
	v.Who = whoFor(l, c.TakenName, "floor.who_since", "floor.who_now", now.Sub(c.TakenAt))
	if c.State == floor.Done {
		v.State, v.Who = "done", whoFor(l, c.TakenName, "floor.who_took", "floor.who_at_once", c.Waited(now))
	}
	return v
}

// whoFor is a first name with a length of time; under a minute it has words of its own.
func whoFor(l locale.Locale, name, key, short string, d time.Duration) string {
	if d < time.Minute {
		key = short
	}
	return l.T(key, "who", floor.FirstName(name), "wait", d)
}

// masked hides the words that the place does not want to see on the floor; nothing is deleted.
func masked(p place.Place, words string) string {
	for _, w := range p.Settings.Masked {
		if w != "" {
			words = maskWord(words, w)
		}
	}
	return words
}

// maskWord replaces each whole occurrence of a word, in any case, by as many dots.
func maskWord(s, word string) string {
	isLetter := func(r rune) bool { return r == '\'' || r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= 0x80 }
	var b strings.Builder
	for len(s) > 0 {
		i := strings.IndexFunc(s, isLetter)
		if i < 0 {
			break
		}
		j := strings.IndexFunc(s[i:], func(r rune) bool { return !isLetter(r) })
		if j < 0 {
			j = len(s) - i
		}
		b.WriteString(s[:i])
		if found := s[i : i+j]; strings.EqualFold(found, word) {
			b.WriteString(strings.Repeat("•", len([]rune(found))))
		} else {
			b.WriteString(found)
		}
		s = s[i+j:]
	}
	return b.String() + s
}

// floorStream sends the room anew when something in it changed.
func (s *Server) floorStream(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, lctx := Language(r, v)
	lctx = context.WithoutCancel(lctx)
	placeID := v.Place.ID
	return s.stream(w, r, v, live.Topic{PlaceID: placeID, Name: "floor " + l.Tag, Wants: about("call", "guest", "table", "tables", "zone", "place", "member"), Render: func(ctx context.Context, entries []place.Entry) ([]live.Frame, error) {
		p, err := place.Get(ctx, s.DB, placeID)
		if err != nil {
			return nil, err
		}
		b, err := s.board(ctx, l, p)
		if err != nil {
			return nil, err
		}
		frame, err := Frame(lctx, entries[len(entries)-1].Seq, view.StreamPart("salle", view.BoardPart(b)), view.StreamCount("floor", len(b.Waiting)), view.StreamSub(floorSub(l, time.Now())))
		return []live.Frame{frame}, err
	}})
}

// gesture is one method of floor.Floor on a call.
type gesture func(ctx context.Context, tx db.Tx, actor place.Actor, placeID, id string) (floor.Call, error)

// onCall makes a gesture a form. Who comes too late reads who was first; notice, when given, can be
// undone.
func (s *Server) onCall(do gesture, notice string) door.Handler {
	return func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
		id := r.PathValue("call")
		err := s.DB.Write(r.Context(), func(tx db.Tx) error {
			_, err := do(r.Context(), tx, v.Actor, v.Place.ID, id)
			return err
		})
		if err == nil && notice != "" {
			flash{Key: notice, Undo: at(v.Place, "floor/calls/"+id+"/reopen")}.leave(w, v)
		}
		return backToFloor(w, r, v, err)
	}
}

// backToFloor shows the room again. A conflict is news, not a mistake: it becomes a notice.
func backToFloor(w http.ResponseWriter, r *http.Request, v *door.Visit, err error) error {
	if fault.Is(err, fault.Conflict) {
		e := fault.As(err)
		f := flash{Key: e.Key}
		for _, a := range e.Args {
			if s, ok := a.(string); ok {
				f.Args = append(f.Args, s)
			}
		}
		f.leave(w, v)
		err = nil
	}
	if err != nil {
		return err
	}
	return seeOther(w, r, at(v.Place, "floor"))
}

func (s *Server) giveCall(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		team, err := place.Team(r.Context(), tx, v.Place.ID)
		if err != nil {
			return err
		}
		for _, c := range team {
			if c.Member.ID == r.PostFormValue("member") {
				_, err := s.Floor.Give(r.Context(), tx, v.Actor, v.Place.ID, r.PathValue("call"), c.Member)
				return err
			}
		}
		return fault.New(fault.NotFound, "web.give", "")
	})
	return backToFloor(w, r, v, err)
}

func (s *Server) seatCall(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		_, err := s.Floor.SeatAt(r.Context(), tx, v.Actor, v.Place.ID, r.PathValue("call"), r.PostFormValue("table"))
		return err
	})
	return backToFloor(w, r, v, err)
}

func (s *Server) blockGuest(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	id := r.PathValue("guest")
	err := s.DB.Write(r.Context(), func(tx db.Tx) error { return floor.Block(r.Context(), tx, v.Actor, v.Place.ID, id) })
	if err == nil {
		flash{Key: "floor.is_blocked", Undo: at(v.Place, "floor/guests/"+id+"/unblock")}.leave(w, v)
	}
	return backToFloor(w, r, v, err)
}

func (s *Server) unblockGuest(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		return floor.Unblock(r.Context(), tx, v.Actor, v.Place.ID, r.PathValue("guest"))
	})
	if err == nil && r.PostFormValue("from") == "tables" {
		return seeOther(w, r, at(v.Place, "tables"))
	}
	return backToFloor(w, r, v, err)
}

// renewFromFloor ends the code of a table at once: somebody calls from afar with a photograph of its card.
func (s *Server) renewFromFloor(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		return floor.Rotate(r.Context(), tx, v.Actor, v.Place.ID, time.Time{}, r.PathValue("table"))
	})
	if err == nil {
		flash{Key: "floor.code_renewed"}.leave(w, v)
	}
	return backToFloor(w, r, v, err)
}

func (s *Server) setOpening(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	to := floor.OpeningState(r.PostFormValue("state"))
	if to != floor.Answering && to != floor.Paused && to != floor.Shut {
		return fault.New(fault.Invalid, "web.opening", "")
	}
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		_, err := floor.SetOpening(r.Context(), tx, v.Actor, v.Place.ID, to)
		return err
	})
	if err == nil && r.PostFormValue("from") == "tables" {
		return seeOther(w, r, at(v.Place, "tables"))
	}
	return backToFloor(w, r, v, err)
}

// opening says whether the table pages answer, and until when.
func opening(l locale.Locale, p place.Place, now time.Time) view.Opening {
	o := floor.OpeningOf(p, now)
	v := view.Opening{State: string(o.State), Say: l.T("floor.say." + string(o.State)), Action: at(p, "floor/opening")}
	switch {
	case o.State == floor.Answering && !o.Until.IsZero():
		v.Say = l.T("floor.say.open_until", "when", l.Clock(o.Until))
	case o.State == floor.Shut && !o.Next.IsZero():
		v.Say = l.T("floor.say.closed_until", "when", l.When(o.Next, now))
	}
	return v
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
