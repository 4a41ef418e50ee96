package web

import (
	"context"
	"net/http"
	"net/url"
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

// cardsRoutes are the sheet of cards and the address that they carry.
func (s *Server) cardsRoutes(t *door.Table) {
	team := func(method, path string, role place.Role, h door.Handler) {
		t.Add(door.Route{Method: method, Pattern: "/p/{place}/tables" + path, Kind: door.Team, Role: role, Place: true}, h)
	}
	team("GET", "/cards", place.Manager, s.cardsPage)
	team("POST", "/cards/printed", place.Manager, s.cardsPrinted)
	team("POST", "/address", place.Owner, s.changeAddress)
}

func (s *Server) cardsPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showCards(w, r, v, view.AddressForm{}, nil)
}

// showCards draws the sheet. typed is what was tested or refused of the address form.
func (s *Server) showCards(w http.ResponseWriter, r *http.Request, v *door.Visit, typed view.AddressForm, refused error) error {
	l, ctx := Language(r, v)
	base := s.guestBase(v)
	c := view.Cards{Back: at(v.Place, "tables"), Printed: at(v.Place, "tables/cards/printed"), Reach: string(ReachOf(base))}
	tables, err := floor.Tables(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	only := r.URL.Query().Get("table")
	for _, t := range tables {
		if only != "" && t.ID != only {
			continue
		}
		c.Cards = append(c.Cards, s.card(v.Place, t, base))
	}
	if c.Address, err = s.addressForm(ctx, l, v, base); err != nil {
		return err
	}
	c.Address.Tested = typed.Tested
	if typed.Field.Value != "" {
		c.Address.Field.Value = typed.Field.Value
	}
	status := http.StatusOK
	if refused != nil {
		status, c.Address.Field.Error = Status(refused), sentence(l, refused)
	}
	sh := s.shell(r, v, "tables")
	sh.Title, sh.Sub, sh.Toasts = l.T("cards.title"), l.N("cards.count", len(c.Cards)), toasts(w, r, v, l)
	sh.Actions = view.PrintButton(c)
	return render(ctx, w, status, view.CardsPage(sh, c))
}

func (s *Server) card(p place.Place, t floor.Table, base string) view.Card {
	address := base + "/t/" + s.Floor.Code(p, t)
	_, short, _ := strings.Cut(address, "://")
	return view.Card{ID: t.ID, Table: t.Name, Place: p.Name, URL: address, Short: short}
}

func (s *Server) addressForm(ctx context.Context, l locale.Locale, v *door.Visit, base string) (view.AddressForm, error) {
	f := view.AddressForm{Now: base, Fixed: s.Address.Fixed}
	if s.Address.Use == nil || !v.Actor.Role.AtLeast(place.Owner) {
		return f, nil
	}
	f.Action = at(v.Place, "tables/address")
	f.Field = view.Field{ID: "adresse-f", Name: "address", Label: l.T("cards.field"), Type: "url", Value: base, Placeholder: "https://lezinc.example", Required: true, MaxLength: 200, Hint: l.T("cards.field_hint")}
	if ReachOf(base) == ReachSelf {
		f.Field.Value = s.nearby()
	}
	var err error
	f.Out, err = floor.CardsOut(ctx, s.DB, base)
	return f, err
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
		to += "?table=" + escape(ids[0])
	}
	return seeOther(w, r, to)
}

// changeAddress tests an address, or puts it in force at once, for cards, links and cookies.
func (s *Server) changeAddress(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if s.Address.Fixed || s.Address.Use == nil {
		return fault.New(fault.Rejected, "web.address", "cards.fixed")
	}
	l, _ := Language(r, v)
	raw := strings.TrimSuffix(text.Line(r.PostFormValue("address")), "/")
	u, err := door.ParsePublic(raw)
	if err == nil && u == nil {
		err = fault.New(fault.Invalid, "web.address", "address.invalid")
	}
	if err != nil {
		return s.showCards(w, r, v, view.AddressForm{Field: view.Field{Value: raw}}, err)
	}
	if r.PostFormValue("do") == "test" {
		return s.showCards(w, r, v, view.AddressForm{Field: view.Field{Value: raw}, Tested: s.tryAddress(r.Context(), l, u)}, nil)
	}
	err = s.DB.Write(r.Context(), func(tx db.Tx) error {
		if err := place.SetInstanceValue(r.Context(), tx, place.InstancePublicURL, u.Scheme+"://"+u.Host); err != nil {
			return err
		}
		return place.Record(r.Context(), tx, v.Place.ID, v.Actor, place.Entry{Kind: place.EventAddressChanged, SubjectID: v.Place.ID, Data: map[string]any{"reach": string(ReachOf(u.String()))}})
	})
	if err != nil {
		return err
	}
	s.Address.Use(u)
	v.Happened(place.EventAddressChanged)
	flash{Key: "cards.changed"}.leave(w, v)
	return seeOther(w, r, at(v.Place, "tables/cards"))
}

// tryAddress asks the address whether it is this installation. It answers for this machine only: what
// a phone reaches may differ.
func (s *Server) tryAddress(ctx context.Context, l locale.Locale, u *url.URL) string {
	if s.Address.Probe == nil {
		return l.T("cards.untested")
	}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if err := s.Address.Probe(ctx, u.Scheme+"://"+u.Host); err != nil {
		if fault.As(err).Key == "outgoing.refused" { // a neighbour in the house, maybe a proxy: not ours to knock at
			return l.T("cards.untested")
		}
		return l.T("cards.test_failed")
	}
	return l.T("cards.test_ok." + string(ReachOf(u.String())))
}
