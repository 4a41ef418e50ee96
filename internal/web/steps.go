package web

import (
	"context"
	"net/http"
	"strings"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// The first run: the place, a first message on the member's own phone, a first network, the tables. Each step can wait.
const (
	stepMessageAt = "start/message"
	stepNetworkAt = "start/network"
	stepTablesAt  = "start/tables"
	// firstStep is where somebody lands who has just made a place.
	firstStep = stepMessageAt
)

func (s *Server) stepRoutes(t *door.Table) {
	manager := func(method, pattern string, h door.Handler) {
		t.Add(door.Route{Method: method, Pattern: "/p/{place}/start/" + pattern, Kind: door.Team, Role: place.Manager, Place: true}, h)
	}
	manager("GET", "message", s.stepMessage)
	manager("POST", "trial", s.makeTrial)
	t.Add(door.Route{Method: "GET", Pattern: "/p/{place}/start/stream", Kind: door.Team, Role: place.Manager, Place: true, Stream: true}, s.trialStream)
	manager("GET", "network", s.stepNetwork)
	manager("GET", "tables", s.stepTables)
	manager("POST", "tables", s.makeTables)
	manager("POST", "done", s.stepsDone)
	manager("POST", "next", s.nextDone)
}

func stepPage(l locale.Locale, v *door.Visit, key string) view.PageInfo {
	return view.PageInfo{Title: l.T(key), Theme: v.Member.Theme, KeysOff: v.Member.Settings.KeysOff, NoIndex: true}
}

func (s *Server) stepMessage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	p := view.StepMessage{Page: stepPage(l, v, "steps.message"), Place: v.Place.Name, Table: at(v.Place, "start/trial")}
	p.Foot = view.TrialFoot{Next: at(v.Place, stepNetworkAt)}
	trial, err := s.trial(ctx, l, v)
	if err != nil {
		return err
	}
	if trial != nil {
		p.Trial, p.Foot.Done = view.TrialPart(*trial), trial.Calls.Done
	}
	return render(ctx, w, http.StatusOK, view.StepMessagePage(p))
}

// makeTrial sets the one table that a first message is tried from.
func (s *Server) makeTrial(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return orSeeOther(w, r, s.trialTable(r.Context(), v.Actor, v.Place.ID), at(v.Place, stepMessageAt))
}

func (s *Server) trialTable(ctx context.Context, actor place.Actor, placeID string) error {
	return s.DB.Write(ctx, func(tx db.Tx) error {
		have, err := floor.Tables(ctx, tx, placeID)
		if err != nil || len(have) > 0 {
			return err
		}
		_, err = floor.AddTables(ctx, tx, actor, placeID, 1, "")
		return err
	})
}

func (s *Server) stepNetwork(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	accounts, err := place.Accounts(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	p := view.StepNetwork{Page: stepPage(l, v, "steps.network"), Place: v.Place.Name, Back: at(v.Place, stepMessageAt), Next: at(v.Place, stepTablesAt)}
	if s.has(connectPattern) {
		p.Networks = s.connectable(l, v.Place)
	}
	for i, n := range p.Networks {
		for _, a := range accounts {
			if string(a.Kind) == n.Network && a.State != place.AccountOff {
				p.Networks[i].Done = a.Handle
			}
		}
	}
	return render(ctx, w, http.StatusOK, view.StepNetworkPage(p))
}

// stepTablesForm is what was typed on the step of the tables, and what was wrong with it.
type stepTablesForm struct {
	zones      []view.StepZone
	wrong      string
	address    view.AddressForm
	badAddress error
}

func (s *Server) stepTables(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showStepTables(w, r, v, stepTablesForm{})
}

func (s *Server) showStepTables(w http.ResponseWriter, r *http.Request, v *door.Visit, f stepTablesForm) error {
	l, ctx := Language(r, v)
	tables, err := floor.Tables(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	p := view.StepTables{Page: stepPage(l, v, "steps.tables"), Place: v.Place.Name, Action: at(v.Place, stepTablesAt), Back: at(v.Place, stepNetworkAt), Done: at(v.Place, "start/done"), Zones: f.zones, Error: f.wrong}
	if p.Zones == nil {
		p.Zones = []view.StepZone{{Name: l.T("steps.zone_first"), Count: "6"}, {Name: l.T("steps.zone_bar"), Count: "1"}, {}}
	}
	status := http.StatusOK
	if f.wrong != "" || f.badAddress != nil {
		status = http.StatusUnprocessableEntity
	}
	if !onlyTrial(tables) {
		if p.Address, err = s.addressForm(ctx, l, v, f.address, f.badAddress); err != nil {
			return err
		}
		p.Address.From, p.Cards = "steps", at(v.Place, "tables/cards")
		for _, t := range tables {
			p.Plates = append(p.Plates, t.Name)
		}
		if p.Address.Reach != string(ReachSelf) {
			card := s.card(v.Place, tables[0], p.Address.Now)
			p.Card = &card
		}
	}
	return render(ctx, w, status, view.StepTablesPage(p))
}

// onlyTrial tells whether nobody has made tables yet, but for the one to try with.
func onlyTrial(tables []floor.Table) bool {
	return len(tables) == 0 || len(tables) == 1 && tables[0].ZoneID == ""
}

func (s *Server) makeTables(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	wanted, zones, ok := zonesOf(r.PostForm["zone"], r.PostForm["count"])
	if !ok {
		l, _ := Language(r, v)
		return s.showStepTables(w, r, v, stepTablesForm{zones: zones, wrong: l.T("steps.zone_wrong")})
	}
	err := s.DB.Write(r.Context(), func(tx db.Tx) error { return makeZones(r.Context(), tx, v.Actor, v.Place.ID, wanted) })
	if fault.Is(err, fault.Invalid) {
		l, _ := Language(r, v)
		return s.showStepTables(w, r, v, stepTablesForm{zones: zones, wrong: l.Field(fault.As(err).Fields[0])})
	}
	return orSeeOther(w, r, err, at(v.Place, stepTablesAt))
}

// makeZones adds the tables that were asked for, each zone once; the table to try with is the first of the first zone. A row
// without a name makes tables in no zone. Where tables are made already (the back key), nothing is added.
func makeZones(ctx context.Context, tx db.Tx, actor place.Actor, placeID string, wanted []zoneWanted) error {
	have, err := floor.Tables(ctx, tx, placeID)
	if err != nil || !onlyTrial(have) {
		return err
	}
	for _, z := range wanted {
		id := ""
		if strings.TrimSpace(z.name) != "" {
			zone, err := floor.AddZone(ctx, tx, actor, placeID, z.name)
			if err != nil {
				return err
			}
			id = zone.ID
		}
		if len(have) > 0 {
			if _, err := floor.ChangeTable(ctx, tx, actor, placeID, have[0].ID, func(t *floor.Table) { t.ZoneID = id }); err != nil {
				return err
			}
			have, z.count = nil, z.count-1
		}
		if z.count == 0 {
			continue
		}
		if _, err := floor.AddTables(ctx, tx, actor, placeID, z.count, id); err != nil {
			return err
		}
	}
	return nil
}

func orSeeOther(w http.ResponseWriter, r *http.Request, err error, url string) error {
	if err != nil {
		return err
	}
	return seeOther(w, r, url)
}

type zoneWanted struct {
	name  string
	count int
}

// mostTables is how many tables the first run makes at once; more are made on the tables' own screen.
const mostTables = 200

// zonesOf reads the form's rows; an empty or zero count makes nothing. zones are the rows as typed.
func zonesOf(names, counts []string) (wanted []zoneWanted, zones []view.StepZone, ok bool) {
	total, ok := 0, true
	for i := range min(len(names), len(counts), 20) {
		zones = append(zones, view.StepZone{Name: names[i], Count: counts[i]})
		n := number(counts[i], 0)
		if total += n; n < 0 || total > mostTables {
			ok = false
		}
		if n > 0 {
			wanted = append(wanted, zoneWanted{names[i], n})
		}
	}
	return wanted, zones, ok
}

// stepsDone ends the first run: it does not come back by itself, only from the settings.
func (s *Server) stepsDone(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		_, err := place.Change(r.Context(), tx, v.Actor, v.Place.ID, func(p *place.Place) error { p.Settings.FirstStepsDone = true; return nil })
		return err
	})
	return orSeeOther(w, r, err, at(v.Place, "inbox"))
}

// nextDone puts away what the counter proposes to do next.
func (s *Server) nextDone(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		_, err := place.Change(r.Context(), tx, v.Actor, v.Place.ID, func(p *place.Place) error { p.Settings.NextDone = true; return nil })
		return err
	})
	return orSeeOther(w, r, err, at(v.Place, "inbox"))
}
