package web

import (
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

// cardsPattern is where the cards of tables are printed.
const cardsPattern = "/p/{place}/tables/cards"

func (s *Server) cardsRoutes(t *door.Table) {
	manager := func(method, pattern string, h door.Handler) {
		t.Add(door.Route{Method: method, Pattern: pattern, Kind: door.Team, Role: place.Manager, Place: true, Fields: floor.MaxTables}, h)
	}
	manager("GET", cardsPattern, s.cardsPage)
	manager("POST", cardsPattern+"/printed", s.cardsPrinted)
}

func (s *Server) cardsPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showCards(w, r, v, view.AddressForm{}, nil)
}

// showCards draws the sheet. typed is what was tested or refused of the address form.
func (s *Server) showCards(w http.ResponseWriter, r *http.Request, v *door.Visit, typed view.AddressForm, refused error) error {
	l, ctx := Language(r, v)
	c := view.Cards{Back: at(v.Place, "tables"), Printed: at(v.Place, "tables/cards/printed")}
	var err error
	if c.Address, err = s.addressForm(ctx, l, v, typed, refused); err != nil {
		return err
	}
	c.Address.From = "cards"
	tables, err := floor.Tables(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	which := r.URL.Query().Get("which")
	for _, t := range tables {
		if which == "" || isOf(t, which) {
			c.Cards = append(c.Cards, s.card(v.Place, t, c.Address.Now))
		}
	}
	status := http.StatusOK
	if refused != nil {
		status = door.Status(refused)
	}
	sh := s.shell(r, v, "floor")
	sh.Title, sh.Sub, sh.Toasts = l.T("cards.title"), l.N("cards.count", len(c.Cards)), toasts(w, r, v, l)
	sh.Actions = view.PrintButton(c)
	return render(ctx, w, status, view.CardsPage(sh, c))
}

// card is what stands on a table: it speaks the place's language, whoever prints it.
func (s *Server) card(p place.Place, t floor.Table, base string) view.Card {
	address := base + "/t/" + s.Floor.Code(p, t)
	_, short, _ := strings.Cut(address, "://")
	own, other := locale.New(p.Language, nil), locale.New("en-CA", nil)
	if own.Lang() == "en" {
		other = locale.New("fr-CA", nil)
	}
	return view.Card{
		ID: t.ID, Table: t.Name, Place: p.Name, URL: address, Short: short,
		Lang: own.Tag, Say: own.T("cards.say"), Scan: own.T("cards.scan"), OtherLang: other.Tag, OtherScan: other.T("cards.scan"),
	}
}

// cardsPrinted notes what went to the printer. The browser prints before it sends this form; without
// script the notice says how.
func (s *Server) cardsPrinted(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if err := r.ParseForm(); err != nil {
		return fault.Wrap(err, fault.Invalid, "web.printed", "")
	}
	base := s.guestBase(v)
	if ReachOf(base) == ReachSelf {
		return fault.New(fault.Rejected, "web.printed", "cards.reach.self")
	}
	ids := r.PostForm["card"]
	err := s.DB.Write(r.Context(), func(tx db.Tx) error {
		return floor.Printed(r.Context(), tx, v.Actor, v.Place.ID, base, ids...)
	})
	if err != nil {
		return err
	}
	flash{Key: "cards.printed"}.leave(w, v)
	to := at(v.Place, "tables/cards")
	if len(ids) == 1 {
		to += "?which=" + escape("table "+ids[0])
	}
	return seeOther(w, r, to)
}
