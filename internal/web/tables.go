package web

import (
	"context"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/text"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// tablesRoutes are the settings of the room, for managers.
func (s *Server) tablesRoutes(t *door.Table) {
	manager := func(method, path string, h door.Handler) {
		t.Add(door.Route{Method: method, Pattern: "/p/{place}/tables" + path, Kind: door.Team, Role: place.Manager, Place: true}, h)
	}
	manager("GET", "", s.tablesPage)
	manager("POST", "/add", s.changeRoom(addTables, "tables.added"))
	manager("POST", "/rotate", s.renewCodes)
	manager("POST", "/zones", s.changeRoom(addZone, ""))
	manager("POST", "/zones/{zone}", s.changeRoom(changeZone, ""))
	manager("POST", "/zones/{zone}/remove", s.changeRoom(removeZone, ""))
	manager("POST", "/hours", s.changeRoom(setHours, "tables.saved"))
	manager("POST", "/kinds", s.changeRoom(setKinds, "tables.saved"))
	manager("POST", "/gentle", s.changeRoom(setGentle, "tables.saved"))
	manager("POST", "/discreet", s.changeRoom(setDiscreet, "tables.saved"))
	manager("GET", "/plan", s.planPage)
	manager("POST", "/plan", s.arrange)
	manager("GET", "/edit/{table}", s.oneTable)
	manager("POST", "/edit/{table}", s.changeTable)
	manager("POST", "/edit/{table}/rotate", s.changeRoom(rotateOne, "tables.renewed"))
	manager("POST", "/edit/{table}/remove", s.changeRoom(removeOne, "tables.removed"))
}

// roomChange is one form of the tables screen.
type roomChange func(ctx context.Context, tx db.Tx, r *http.Request, v *door.Visit) error

// changeRoom runs a form in one transaction and comes back. A refused form is shown again with the
// sentence that says why.
func (s *Server) changeRoom(do roomChange, notice string) door.Handler {
	return func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
		if err := r.ParseForm(); err != nil {
			return fault.Wrap(err, fault.Invalid, "web.tables", "")
		}
		err := s.DB.Write(r.Context(), func(tx db.Tx) error { return do(r.Context(), tx, r, v) })
		if fault.Is(err, fault.Invalid) {
			return s.showTables(w, r, v, err)
		}
		if err != nil {
			return err
		}
		if notice != "" {
			flash{Key: notice}.leave(w, v)
		}
		return seeOther(w, r, at(v.Place, "tables"))
	}
}

func addTables(ctx context.Context, tx db.Tx, r *http.Request, v *door.Visit) error {
	n, _ := strconv.Atoi(r.PostForm.Get("count"))
	_, err := floor.AddTables(ctx, tx, v.Actor, v.Place.ID, n, r.PostForm.Get("zone"))
	return err
}

// renewCodes renews the codes of one table, of a zone or of all ("table ID", "zone ID", "all"), now or when the place
// closes, and goes on to their new cards.
func (s *Server) renewCodes(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	var until time.Time
	if r.PostFormValue("when") == "closing" {
		until = floor.Closing(v.Place, time.Now())
	}
	which := r.PostFormValue("which")
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		all, err := floor.Tables(r.Context(), tx, v.Place.ID)
		if err != nil {
			return err
		}
		var ids []string
		for _, t := range all {
			if isOf(t, which) {
				ids = append(ids, t.ID)
			}
		}
		if len(ids) == 0 {
			return fault.New(fault.NotFound, "web.renew", "")
		}
		return floor.Rotate(r.Context(), tx, v.Actor, v.Place.ID, until, ids...)
	})
	if err != nil {
		return err
	}
	flash{Key: "tables.renewed"}.leave(w, v)
	return seeOther(w, r, at(v.Place, "tables/cards?which="+escape(which)))
}

// isOf tells whether a table is one of those that "all", "zone ID" or "table ID" names.
func isOf(t floor.Table, which string) bool {
	return which == "all" || which == "table "+t.ID || t.ZoneID != "" && which == "zone "+t.ZoneID
}

func rotateOne(ctx context.Context, tx db.Tx, r *http.Request, v *door.Visit) error {
	return floor.Rotate(ctx, tx, v.Actor, v.Place.ID, time.Time{}, r.PathValue("table"))
}

func removeOne(ctx context.Context, tx db.Tx, r *http.Request, v *door.Visit) error {
	return floor.RemoveTable(ctx, tx, v.Actor, v.Place.ID, r.PathValue("table"))
}

func addZone(ctx context.Context, tx db.Tx, r *http.Request, v *door.Visit) error {
	_, err := floor.AddZone(ctx, tx, v.Actor, v.Place.ID, r.PostForm.Get("zone"))
	return err
}

func changeZone(ctx context.Context, tx db.Tx, r *http.Request, v *door.Visit) error {
	return floor.ChangeZone(ctx, tx, v.Actor, v.Place.ID, r.PathValue("zone"), func(z *floor.Zone) {
		z.Name, z.MemberID = r.PostForm.Get("zone"), r.PostForm.Get("member")
	})
}

func removeZone(ctx context.Context, tx db.Tx, r *http.Request, v *door.Visit) error {
	return floor.RemoveZone(ctx, tx, v.Actor, v.Place.ID, r.PathValue("zone"))
}

// setHours reads one opening a day; both fields empty = closed. A closing before the opening is the
// next day's.
func setHours(ctx context.Context, tx db.Tx, r *http.Request, v *door.Visit) error {
	var h place.Hours
	for _, day := range week {
		n := strconv.Itoa(int(day))
		from, to := r.PostForm.Get("from-"+n), r.PostForm.Get("to-"+n)
		if from == "" && to == "" {
			continue
		}
		open, okOpen := parseTime(from)
		shut, okShut := parseTime(to)
		if !okOpen || !okShut {
			return fault.InvalidFields("web.hours", fault.Field{Name: "hours", Key: "place.hours_invalid"})
		}
		if shut <= open {
			shut += 24 * 60
		}
		h.Days[day] = []place.Span{{From: open, To: shut}}
	}
	_, err := place.Change(ctx, tx, v.Actor, v.Place.ID, func(p *place.Place) error { p.Settings.Hours = h; return nil })
	return err
}

// setKinds keeps the order that the page has; what is unknown is not taken over.
func setKinds(ctx context.Context, tx db.Tx, r *http.Request, v *door.Visit) error {
	chosen := map[string]bool{}
	for _, k := range r.PostForm["kind"] {
		chosen[k] = true
	}
	kinds := []string{}
	for _, k := range place.GuestKinds {
		if chosen[k] {
			kinds = append(kinds, k)
		}
	}
	_, err := place.Change(ctx, tx, v.Actor, v.Place.ID, func(p *place.Place) error { p.Settings.GuestKinds = kinds; return nil })
	return err
}

func setGentle(ctx context.Context, tx db.Tx, r *http.Request, v *door.Visit) error {
	minutes := func(name string) time.Duration {
		return time.Duration(min(number(r.PostForm.Get(name), -1), 10_000)) * time.Minute
	}
	_, err := place.Change(ctx, tx, v.Actor, v.Place.ID, func(p *place.Place) error {
		p.Settings.JoinWithin, p.Settings.LongWait = minutes("join"), minutes("long")
		p.Settings.PerGuest, p.Settings.PerTable = number(r.PostForm.Get("guest"), -1), number(r.PostForm.Get("table"), -1)
		return nil
	})
	return err
}

// setDiscreet reads what is kept of guests' words, and which the floor sees masked: one a line, or with commas.
func setDiscreet(ctx context.Context, tx db.Tx, r *http.Request, v *door.Visit) error {
	masked := []string{}
	for _, w := range strings.FieldsFunc(r.PostForm.Get("words"), func(r rune) bool { return r == '\n' || r == ',' }) {
		if w = text.Line(w); w != "" && !slices.Contains(masked, w) {
			masked = append(masked, w)
		}
	}
	_, err := place.Change(ctx, tx, v.Actor, v.Place.ID, func(p *place.Place) error {
		p.Settings.KeepGuestDays, p.Settings.ShowFirstName, p.Settings.Masked = number(r.PostForm.Get("keep"), -1), r.PostForm.Get("name") == "on", masked
		return nil
	})
	return err
}

func (s *Server) tablesPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showTables(w, r, v, nil)
}

func (s *Server) showTables(w http.ResponseWriter, r *http.Request, v *door.Visit, refused error) error {
	l, ctx := Language(r, v)
	room, err := s.room(ctx, l, v)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if refused != nil {
		status, room.Error = door.Status(refused), sentence(l, refused)
		room.HoursOpen = fault.As(refused).Fields[0].Name == "hours"
		if words, typed := r.PostForm["words"]; typed {
			room.Words.Value = words[0]
		}
	}
	sh := s.settingsShell(w, r, v)
	sh.Current, sh.Actions = "tables", view.TablesActions(at(v.Place, "tables/cards"))
	return render(ctx, w, status, view.TablesPage(sh, s.settingsPages(l, v, "tables"), room))
}

// room reads everything that the screen shows.
func (s *Server) room(ctx context.Context, l locale.Locale, v *door.Visit) (view.Room, error) {
	p := v.Place
	set := p.Settings
	minutes := func(d time.Duration) int { return int(d / time.Minute) }
	number := func(id, name, label string, value, most int) view.Field {
		return view.Field{ID: id, Name: name, Label: l.T(label), Type: "number", Value: strconv.Itoa(value), Min: "1", Max: strconv.Itoa(most), Required: true}
	}
	r := view.Room{
		Base: at(p, "tables"), Opening: opening(l, p, time.Now()), Name: set.ShowFirstName, Open: hourFacts(l, set.Hours),
		AddZone: view.Field{ID: "z-nom", Name: "zone", Label: l.T("tables.new_zone"), MaxLength: 40, Required: true},
		Add:     number("combien", "count", "tables.how_many", 1, 100),
		InZone:  view.Field{ID: "dans", Name: "zone", Label: l.T("tables.zone"), Type: "select", Options: []view.Option{{Label: l.T("tables.no_zone")}}},
		Renew:   view.Field{ID: "lesquels", Name: "which", Label: l.T("tables.which"), Type: "select"},
		When:    view.Field{ID: "quand", Name: "when", Label: l.T("tables.when"), Type: "select", Options: renewals(l, p, time.Now())},
		Gentle: []view.Field{
			number("regroupe", "join", "tables.join", minutes(set.JoinWithin), 60), number("telephone", "guest", "tables.per_guest", set.PerGuest, 60),
			number("parttable", "table", "tables.per_table", set.PerTable, 200), number("longue", "long", "tables.long", minutes(set.LongWait), 60),
		},
		Fixed: l.T("tables.fixed", "address", floor.PerAddress, "max", floor.MaxText),
		Keep:  number("garde", "keep", "tables.keep", set.KeepGuestDays, 365),
		Words: view.Field{ID: "masques", Name: "words", Label: l.T("tables.masked"), Type: "textarea", Value: strings.Join(set.Masked, "\n"), Hint: l.T("tables.masked_hint"), Auto: "off"},
	}
	for _, day := range week {
		row := view.HourRow{Day: strconv.Itoa(int(day)), Name: capital(dayName(l, day))}
		if spans := set.Hours.Days[day]; len(spans) > 0 {
			row.From, row.To = timeValue(spans[0].From), timeValue(spans[len(spans)-1].To)
		}
		r.Hours = append(r.Hours, row)
	}
	for _, k := range place.GuestKinds {
		o := view.Option{Value: k, Label: l.T("guest.kind." + k), Chosen: slices.Contains(set.GuestKinds, k)}
		if key := "tables.kind." + k; l.Has(key) {
			o.Hint = l.T(key, "max", floor.MaxText)
		}
		r.Kinds = append(r.Kinds, o)
	}
	var err error
	if r.Blocked, err = s.blocked(ctx, l, p); err != nil {
		return r, err
	}
	return r, s.zones(ctx, l, v, &r)
}

// renewals are the moments from which an old code no longer leads anywhere.
func renewals(l locale.Locale, p place.Place, now time.Time) []view.Option {
	return []view.Option{{Value: "closing", Label: l.T("tables.at_closing", "when", l.When(floor.Closing(p, now), now))}, {Value: "now", Label: l.T("tables.at_once")}}
}

// blocked are the phones that are stopped tonight.
func (s *Server) blocked(ctx context.Context, l locale.Locale, p place.Place) ([]view.BlockedRow, error) {
	guests, err := floor.BlockedGuests(ctx, s.DB, p.ID)
	var rows []view.BlockedRow
	for _, b := range guests {
		rows = append(rows, view.BlockedRow{Table: b.Table, Say: l.T("tables.blocked_by", "who", floor.FirstName(b.BlockedBy), "time", l.Clock(b.BlockedAt)), Action: at(p, "floor/guests/"+b.ID+"/unblock")})
	}
	return rows, err
}

// zones puts the tables in their zones, and what can be chosen of both in the fields.
func (s *Server) zones(ctx context.Context, l locale.Locale, v *door.Visit, r *view.Room) error {
	zones, err := floor.Zones(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	tables, err := floor.Tables(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	r.Count = l.N("floor.tables", len(tables))
	if len(zones) > 0 {
		r.Count += ", " + l.N("tables.count_zones", len(zones))
	}
	if len(tables) > 0 {
		r.Plan = r.Base + "/plan"
	}
	of, coded := map[string][]view.Plate{}, map[string]time.Time{}
	base := s.guestBase(v)
	for _, t := range tables {
		of[t.ZoneID] = append(of[t.ZoneID], view.Plate{Name: t.Name, URL: r.Base + "/edit/" + t.ID, Stale: t.Stale(base)})
		if t.CodedAt.After(coded[t.ZoneID]) {
			coded[t.ZoneID] = t.CodedAt
		}
		r.Renew.Options = append(r.Renew.Options, view.Option{Value: "table " + t.ID, Label: l.T("tables.only", "table", t.Name)})
	}
	team, err := place.Team(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	row := func(z floor.Zone) view.ZoneRow {
		row := view.ZoneRow{ID: z.ID, Name: z.Name, Tables: of[z.ID]}
		row.Keeper = view.Field{ID: "zq-" + z.ID, Name: "member", Type: "select", Label: l.T("tables.zone_who"), Value: z.MemberID, Options: []view.Option{{Label: l.T("tables.nobody")}}}
		for _, c := range team {
			row.Keeper.Options = append(row.Keeper.Options, view.Option{Value: c.Member.ID, Label: c.Member.Name})
			if c.Member.ID == z.MemberID {
				row.Who = floor.FirstName(c.Member.Name)
			}
		}
		if at := coded[z.ID]; !at.IsZero() {
			row.Coded = l.T("tables.coded_on", "day", l.ShortDay(at))
		}
		return row
	}
	for _, z := range zones {
		r.Zones = append(r.Zones, row(z))
		r.InZone.Options = append(r.InZone.Options, view.Option{Value: z.ID, Label: z.Name})
		if len(of[z.ID]) > 0 {
			r.Renew.Options = append(r.Renew.Options, view.Option{Value: "zone " + z.ID, Label: l.T("tables.whole_zone", "zone", z.Name)})
		}
	}
	if len(of[""]) > 0 || len(zones) == 0 {
		r.Zones = append(r.Zones, row(floor.Zone{}))
	}
	r.Renew.Options = append(r.Renew.Options, view.Option{Value: "all", Label: l.T("tables.all")})
	return nil
}

func (s *Server) oneTable(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	t, err := floor.GetTable(r.Context(), s.DB, v.Place.ID, r.PathValue("table"))
	if err != nil {
		return err
	}
	return s.showOneTable(w, r, v, t, t.Name, nil)
}

// showOneTable shows the fields of a table, as stored or as refused.
func (s *Server) showOneTable(w http.ResponseWriter, r *http.Request, v *door.Visit, t floor.Table, plate string, refused error) error {
	l, ctx := Language(r, v)
	zones, err := floor.Zones(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	zone := view.Field{ID: "zone", Name: "zone", Label: l.T("tables.zone"), Type: "select", Value: t.ZoneID, Options: []view.Option{{Label: l.T("tables.no_zone")}}}
	for _, z := range zones {
		zone.Options = append(zone.Options, view.Option{Value: z.ID, Label: z.Name})
	}
	number := func(id, name, label string, value, most int) view.Field {
		return view.Field{ID: id, Name: name, Label: label, Type: "number", Value: strconv.Itoa(value), Min: "0", Max: strconv.Itoa(most), Required: true}
	}
	now := time.Now()
	page := view.OneTable{
		Action: at(v.Place, "tables/edit/"+t.ID), Back: at(v.Place, "tables"), Plate: plate, Card: at(v.Place, "tables/cards?which="+escape("table "+t.ID)),
		Coded: l.T("tables.coded", "day", l.Day(t.CodedAt, now)),
		Fields: []view.Field{
			{ID: "nom", Name: "name", Label: l.T("tables.name"), Value: t.Name, MaxLength: 24, Required: true, Hint: l.T("tables.name_hint")}, zone,
			number("places", "seats", l.T("tables.seats"), t.Seats, 99), number("x", "x", l.T("tables.x"), t.X, floor.Grid), number("y", "y", l.T("tables.y"), t.Y, floor.Grid),
		},
	}
	if t.OldUntil.After(now) {
		page.Coded += " " + l.T("tables.old_until", "when", l.When(t.OldUntil, now))
	}
	status := http.StatusOK
	if refused != nil {
		status, page.Error = door.Status(refused), sentence(l, refused)
	}
	sh := s.settingsShell(w, r, v)
	sh.Current = "tables"
	return render(ctx, w, status, view.OneTablePage(sh, s.settingsPages(l, v, "tables"), page))
}

func (s *Server) changeTable(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Invalid, "web.table", "")
	}
	number := func(name string) int {
		n, err := strconv.Atoi(r.PostForm.Get(name))
		if err != nil {
			return -1 // refused with its sentence
		}
		return n
	}
	var t floor.Table
	plate := ""
	err := s.DB.Write(r.Context(), func(tx db.Tx) (err error) {
		t, err = floor.ChangeTable(r.Context(), tx, v.Actor, v.Place.ID, r.PathValue("table"), func(t *floor.Table) {
			plate = t.Name
			t.Name, t.ZoneID, t.Seats, t.X, t.Y = r.PostForm.Get("name"), r.PostForm.Get("zone"), number("seats"), number("x"), number("y")
		})
		return err
	})
	if fault.Is(err, fault.Invalid) {
		return s.showOneTable(w, r, v, t, plate, err)
	}
	if err != nil {
		return err
	}
	flash{Key: "tables.saved"}.leave(w, v)
	return seeOther(w, r, at(v.Place, "tables"))
}
