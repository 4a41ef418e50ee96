package web

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
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

// addressRoutes are the screen of the address. It belongs to the installation: only an owner changes it.
func (s *Server) addressRoutes(t *door.Table) {
	const pattern = "/p/{place}/settings/address"
	t.Add(door.Route{Method: "GET", Pattern: pattern, Kind: door.Team, Role: place.Manager, Place: true}, s.addressPage)
	t.Add(door.Route{Method: "POST", Pattern: pattern, Kind: door.Team, Role: place.Owner, Place: true}, s.changeAddress)
}

func (s *Server) addressPage(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showAddress(w, r, v, view.AddressForm{}, nil)
}

// showAddress draws the screen. typed is what was tested or refused.
func (s *Server) showAddress(w http.ResponseWriter, r *http.Request, v *door.Visit, typed view.AddressForm, refused error) error {
	l, ctx := Language(r, v)
	form, err := s.addressForm(ctx, l, v, typed, refused)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if refused != nil {
		status = door.Status(refused)
	}
	page := view.AddressPage{Form: form, Facts: s.addressFacts(r, v, l, form)}
	return render(ctx, w, status, view.AddressSettingsPage(s.settingsShell(w, r, v), s.settingsPages(l, v, "address"), page))
}

// addressForm is the address in force, and the field that changes it.
func (s *Server) addressForm(ctx context.Context, l locale.Locale, v *door.Visit, typed view.AddressForm, refused error) (view.AddressForm, error) {
	base := s.guestBase(v)
	f := view.AddressForm{Now: base, Reach: string(ReachOf(base)), Fixed: s.Address.Fixed, Tested: typed.Tested}
	if s.Address.Use == nil || !v.Actor.Role.AtLeast(place.Owner) {
		return f, nil
	}
	f.Action = at(v.Place, "settings/address")
	f.Field = view.Field{ID: "adresse-c", Name: "address", Label: l.T("cards.field"), Type: "url", Value: base, Placeholder: "https://lezinc.example", Required: true, MaxLength: 200, Hint: l.T("cards.field_hint")}
	if f.Reach == string(ReachSelf) {
		f.Field.Value = s.nearby()
	}
	if typed.Field.Value != "" {
		f.Field.Value = typed.Field.Value
	}
	if refused != nil {
		f.Field.Error = sentence(l, refused)
	}
	var err error
	f.Out, err = floor.CardsOut(ctx, s.DB, base)
	return f, err
}

// addressFacts are what follows from the way this page was asked for.
func (s *Server) addressFacts(r *http.Request, v *door.Visit, l locale.Locale, f view.AddressForm) []view.AddressFact {
	fact := func(ok bool, key string, args ...any) view.AddressFact {
		tone := "warn"
		if ok {
			tone = "ok"
		}
		return view.AddressFact{Tone: tone, Fact: l.T("address.fact."+key, args...), Text: l.T("address.why."+key, args...)}
	}
	facts := []view.AddressFact{{Tone: "warn", Fact: l.T("cards.reach." + f.Reach)}}
	if f.Reach == string(ReachAll) {
		facts[0].Tone = "ok"
	}
	switch {
	case v.Secure:
		facts = append(facts, fact(true, "https"))
	case isThisMachine(v.Host):
		facts = append(facts, fact(true, "here"))
	default:
		facts = append(facts, fact(false, "plain"))
	}
	if f.Now != v.Base() {
		facts = append(facts, fact(true, "other", "came", v.Base(), "now", f.Now))
	}
	if relay, ok := relayed(r); ok {
		trusted := slices.ContainsFunc(s.Guard.Origin.Proxies, func(p netip.Prefix) bool { return p.Contains(relay) })
		key := "relay"
		if !trusted {
			key = "relay_unknown"
		}
		facts = append(facts, fact(trusted, key, "relay", relay.String()))
	}
	return facts
}

// relayed is the address of the proxy that handed a request on, if one did.
func relayed(r *http.Request) (netip.Addr, bool) {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	return a.Addr().Unmap(), err == nil && r.Header.Get("X-Forwarded-For")+r.Header.Get("X-Forwarded-Proto")+r.Header.Get("X-Forwarded-Host") != ""
}

// changeAddress tests an address, or puts it in force at once, for cards, links and cookies.
func (s *Server) changeAddress(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if s.Address.Fixed || s.Address.Use == nil {
		return fault.New(fault.Rejected, "web.address", "cards.fixed")
	}
	l, _ := Language(r, v)
	raw := strings.TrimSuffix(text.Line(r.PostFormValue("address")), "/")
	typed := view.AddressForm{Field: view.Field{Value: raw}}
	u, err := door.ParsePublic(raw)
	if err == nil && u == nil {
		err = fault.New(fault.Invalid, "web.address", "address.invalid")
	}
	if err != nil {
		return s.backToAddress(w, r, v, typed, err)
	}
	if r.PostFormValue("do") == "test" {
		typed.Tested = s.tryAddress(r.Context(), l, u)
		return s.backToAddress(w, r, v, typed, nil)
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
	return seeOther(w, r, at(v.Place, addressScreens[r.PostFormValue("from")]))
}

// addressScreens are those that have the field, by the word with which they send it.
var addressScreens = map[string]string{"": "settings/address", "cards": "tables/cards", "steps": "start/tables"}

// backToAddress shows the screen again that the form was sent from.
func (s *Server) backToAddress(w http.ResponseWriter, r *http.Request, v *door.Visit, typed view.AddressForm, refused error) error {
	switch r.PostFormValue("from") {
	case "cards":
		return s.showCards(w, r, v, typed, refused)
	case "steps":
		return s.showStepTables(w, r, v, stepTablesForm{address: typed, badAddress: refused})
	}
	return s.showAddress(w, r, v, typed, refused)
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
