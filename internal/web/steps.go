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

// firstStep is where somebody lands who has just made a place: its tables.
const firstStep = "start/tables"

// cardsPattern is where the cards of tables are printed.
const cardsPattern = "/p/{place}/tables/cards"

func (s *Server) stepRoutes(t *door.Table) {
	manager := func(method, pattern string, h door.Handler) {
		t.Add(door.Route{Method: method, Pattern: "/p/{place}/start/" + pattern, Kind: door.Team, Role: place.Manager, Place: true}, h)
	}
	manager("GET", "tables", s.stepTables)
	manager("POST", "tables", s.makeTables)
	manager("GET", "network", s.stepNetwork)
	manager("GET", "message", s.stepMessage)
	manager("POST", "done", s.stepsDone)
	t.Add(door.Route{Method: "GET", Pattern: "/p/{place}/start/stream", Kind: door.Team, Role: place.Manager, Place: true, Stream: true}, s.trialStream)
}

func (s *Server) plates(r *http.Request, v *door.Visit) ([]string, error) {
	tables, err := floor.Tables(r.Context(), s.DB, v.Place.ID)
	var names []string
	for _, t := range tables {
		names = append(names, t.Name)
	}
	return names, err
}

func stepPage(l locale.Locale, v *door.Visit, key string) view.PageInfo {
	return view.PageInfo{Title: l.T(key), Theme: v.Member.Theme, KeysOff: v.Member.Settings.KeysOff, NoIndex: true}
}

func (s *Server) stepTables(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, _ := Language(r, v)
	return s.showStepTables(w, r, v, http.StatusOK, []view.StepZone{{Name: l.T("steps.zone_first"), Count: "6"}, {Name: l.T("steps.zone_bar"), Count: "1"}, {}}, "")
}

func (s *Server) showStepTables(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, zones []view.StepZone, wrong string) error {
	l, ctx := Language(r, v)
	plates, err := s.plates(r, v)
	if err != nil {
		return err
	}
	p := view.StepTables{Page: stepPage(l, v, "steps.tables"), Place: v.Place.Name, Zones: zones, Plates: plates, Action: r.URL.Path, Skip: at(v.Place, "start/network"), Error: wrong}
	if s.has(cardsPattern) {
		p.Cards = at(v.Place, "tables/cards")
	}
	return render(ctx, w, status, view.StepTablesPage(p))
}

func (s *Server) makeTables(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	next := at(v.Place, "start/network")
	have, err := s.plates(r, v)
	if err != nil || len(have) > 0 {
		return orSeeOther(w, r, err, next)
	}
	if err := r.ParseForm(); err != nil {
		return err
	}
	wanted, zones, ok := zonesOf(r.PostForm["zone"], r.PostForm["count"])
	if !ok {
		l, _ := Language(r, v)
		return s.showStepTables(w, r, v, http.StatusUnprocessableEntity, zones, l.T("steps.zone_wrong"))
	}
	err = s.DB.Write(r.Context(), func(tx db.Tx) error { return makeZones(r.Context(), tx, v.Actor, v.Place.ID, wanted) })
	if fault.Is(err, fault.Invalid) {
		l, _ := Language(r, v)
		return s.showStepTables(w, r, v, http.StatusUnprocessableEntity, zones, l.Field(fault.As(err).Fields[0]))
	}
	return orSeeOther(w, r, err, next)
}

// makeZones adds the tables that were asked for, each zone once. A row without a name makes tables in no zone.
func makeZones(ctx context.Context, tx db.Tx, actor place.Actor, placeID string, wanted []zoneWanted) error {
	for _, z := range wanted {
		id := ""
		if strings.TrimSpace(z.name) != "" {
			zone, err := floor.AddZone(ctx, tx, actor, placeID, z.name)
			if err != nil {
				return err
			}
			id = zone.ID
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

func (s *Server) stepNetwork(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	plates, err := s.plates(r, v)
	if err != nil {
		return err
	}
	accounts, err := place.Accounts(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	p := view.StepNetwork{Page: stepPage(l, v, "steps.network"), Place: v.Place.Name, Tables: len(plates), Back: at(v.Place, firstStep), Next: at(v.Place, "start/message")}
	if s.has(connectPattern) {
		mail := view.StepChoice{Network: "email", Takes: l.T("steps.email_takes"), URL: at(v.Place, connectEmail)}
		for _, a := range accounts {
			if a.Kind == "email" && a.State != place.AccountOff {
				mail.Done = a.Handle
			}
		}
		p.Networks = append(p.Networks, mail)
	}
	return render(ctx, w, http.StatusOK, view.StepNetworkPage(p))
}

func (s *Server) stepMessage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	p := view.StepMessage{Page: stepPage(l, v, "steps.message"), Place: v.Place.Name, Tables: at(v.Place, firstStep), Back: at(v.Place, "start/network"), Done: at(v.Place, "start/done")}
	trial, err := s.trial(ctx, l, v)
	if err != nil {
		return err
	}
	if trial != nil {
		p.Trial = view.TrialPart(*trial)
	}
	return render(ctx, w, http.StatusOK, view.StepMessagePage(p))
}

// stepsDone ends the first run: it does not come back by itself, only from the settings.
func (s *Server) stepsDone(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		_, err := place.Change(r.Context(), tx, v.Actor, v.Place.ID, func(p *place.Place) error { p.Settings.FirstStepsDone = true; return nil })
		return err
	})
	return orSeeOther(w, r, err, at(v.Place, "inbox"))
}
