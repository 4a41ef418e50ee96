package web

import (
	"context"
	"fmt"
	"net/http"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/web/view"
)

// planPage is where a manager puts the tables in their places.
func (s *Server) planPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	tables, err := floor.Tables(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	names, err := s.zoneNames(ctx, v.Place)
	if err != nil {
		return err
	}
	page := view.PlanEdit{Action: at(v.Place, "tables/plan"), Back: at(v.Place, "tables")}
	for _, t := range tables {
		page.Plan.Spots = append(page.Plan.Spots, view.Spot{
			ID: t.ID, Name: t.Name, Zone: names[t.ZoneID], X: t.X, Y: t.Y, URL: at(v.Place, "tables/edit/"+t.ID),
			Say: l.T("plan.spot", "table", t.Name, "x", t.X, "y", t.Y),
		})
	}
	sh := s.settingsShell(w, r, v)
	sh.Current = "tables"
	return render(ctx, w, http.StatusOK, view.PlanPage(sh, s.settingsPages(l, v, "tables"), page))
}

func (s *Server) zoneNames(ctx context.Context, p place.Place) (map[string]string, error) {
	zones, err := floor.Zones(ctx, s.DB, p.ID)
	names := map[string]string{}
	for _, z := range zones {
		names[z.ID] = z.Name
	}
	return names, err
}

// arrange reads the form's spots, each "ID x y".
func (s *Server) arrange(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Invalid, "web.arrange", "")
	}
	var spots []floor.Spot
	for _, typed := range r.PostForm["spot"] {
		var spot floor.Spot
		if n, err := fmt.Sscan(typed, &spot.TableID, &spot.X, &spot.Y); n != 3 || err != nil {
			return fault.InvalidFields("web.arrange", fault.Field{Name: "spot", Key: "floor.table_spot"})
		}
		spots = append(spots, spot)
	}
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		return floor.Arrange(r.Context(), tx, v.Actor, v.Place.ID, spots)
	})
	if err != nil {
		return err
	}
	flash{Key: "plan.saved"}.leave(w, v)
	return seeOther(w, r, at(v.Place, "tables/plan"))
}
