package web

import (
	"cmp"
	"net/http"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/text"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// mailKind is the one network whose form is drawn here.
const mailKind network.Kind = "email"

// What takes a credential, or takes one away, wants a password given lately.
func (s *Server) accountRoutes(t *door.Table) {
	if s.Networks == nil {
		return
	}
	manager := func(method, pattern string, fresh bool, h door.Handler) {
		t.Add(door.Route{Method: method, Pattern: connectPattern + pattern, Kind: door.Team, Role: place.Manager, Place: true, Fresh: fresh}, h)
	}
	manager("GET", "", false, s.accounts)
	manager("GET", "/new", false, s.chooseNetwork)
	manager("GET", "/new/email", false, s.emailAddress)
	manager("GET", "/new/email/search", false, s.emailSearch)
	manager("GET", "/new/email/settings", false, s.emailSettings)
	manager("POST", "/new/email/settings", true, s.connectMail)
	s.loginRoutes(manager)
	s.enrollRoutes(manager)
	s.introductions(t)
	manager("GET", "/{account}", false, s.account)
	manager("GET", "/{account}/again", false, s.accountAgain)
	manager("POST", "/{account}/disconnect", true, s.disconnect)
}

func accountsAt(p place.Place, rest string) string { return at(p, "settings/accounts") + rest }

// accounts lists what the place is connected to.
func (s *Server) accounts(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	all, err := place.Accounts(r.Context(), s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	l, ctx := Language(r, v)
	page := view.Accounts{New: accountsAt(v.Place, "/new")}
	now, networks := time.Now(), 0
	for _, a := range all {
		line := s.accountLine(l, v, a, now)
		if a.Kind != place.HouseKind && a.State != place.AccountOff {
			networks++
		}
		switch a.State {
		case place.AccountOff:
			page.Off = append(page.Off, line)
		case place.AccountPerson:
			page.Waiting = append(page.Waiting, line)
			page.On = append(page.On, line)
		default:
			page.On = append(page.On, line)
			if line.Expires != "" {
				page.Expiring = append(page.Expiring, line)
			}
		}
	}
	page.Empty = networks == 0
	return render(ctx, w, http.StatusOK, view.AccountsPage(s.settingsShell(w, r, v), s.settingsPages(l, v, "networks"), page))
}

// accountLine says in words how an account is doing.
func (s *Server) accountLine(l locale.Locale, v *door.Visit, a place.Account, now time.Time) view.Account {
	line := view.Account{
		Network: string(a.Kind), Handle: a.Handle, State: string(a.State), Words: l.T("accounts.state." + string(a.State)),
		Received: l.T("accounts.never"), Sent: l.T("accounts.never"), Skipped: int(a.Skipped),
		URL: accountsAt(v.Place, "/"+a.ID), Again: accountsAt(v.Place, "/"+a.ID+"/again"), Disconnect: accountsAt(v.Place, "/"+a.ID+"/disconnect"),
	}
	if !a.ReceivedAt.IsZero() {
		line.Received = l.When(a.ReceivedAt, now)
	}
	if !a.SentAt.IsZero() {
		line.Sent = l.When(a.SentAt, now)
	}
	if days, soon := place.ExpiresSoon(a, now); soon && a.State != place.AccountOff && a.State != place.AccountPerson {
		line.Expires = l.T("accounts.expires", "network", l.T("network."+string(a.Kind)), "day", l.FullDay(a.ExpiresAt, now))
		line.State, line.Words = "expires", l.N("accounts.state.expires", days)
		if days == 0 {
			line.Words = l.T("accounts.state.expires_today")
		}
	}
	if a.State == place.AccountTrouble || a.State == place.AccountPerson {
		line.Why = l.Fault(s.Networks.Explain(a, a.FaultCode, a.FaultKey))
	}
	if a.Kind == place.HouseKind {
		line.House, line.Handle, line.Again, line.Disconnect, line.URL = true, l.T("accounts.house"), "", "", ""
		if s.has("/p/{place}/tables") {
			line.URL = at(v.Place, "tables")
		}
	}
	return line
}

// chooseNetwork offers only what this program can be connected to today.
func (s *Server) chooseNetwork(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	p := view.ChooseNetwork{Page: stepPage(l, v, "accounts.connect"), Back: accountsAt(v.Place, ""), Networks: s.connectable(l, v.Place)}
	return render(ctx, w, http.StatusOK, view.ChooseNetworkPage(p))
}

// connectable are the networks that somebody can connect here.
func (s *Server) connectable(l locale.Locale, p place.Place) (all []view.StepChoice) {
	for _, k := range s.Networks.Kinds() {
		if k == mailKind || s.Networks.Authorizes(k) || s.Networks.Enrolls(k) {
			all = append(all, view.StepChoice{Network: string(k), Takes: l.T("steps." + string(k) + "_takes"), URL: accountsAt(p, "/new/"+string(k))})
		}
	}
	return all
}

// accountAgain takes an account up again, in the way of its network.
func (s *Server) accountAgain(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if err := knownAgain(v); err != nil {
		return err
	}
	a, err := s.connectedAccount(r, v)
	switch {
	case err != nil:
		return err
	case a.Kind == mailKind:
		return s.emailAgain(w, r, v, a)
	case s.Networks.Enrolls(a.Kind):
		return s.enrollAgain(w, r, v, a)
	case s.Networks.Authorizes(a.Kind):
		return s.loginAgain(w, r, v, a)
	}
	return fault.New(fault.Unsupported, "web.accountAgain", "network.unknown", "network", string(a.Kind))
}

// account is one account: how it does, what came last, how to take it up again or let it go.
func (s *Server) account(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	a, err := s.connectedAccount(r, v)
	if err != nil {
		return err
	}
	l, ctx := Language(r, v)
	now := time.Now()
	p := view.AccountDetail{Account: s.accountLine(l, v, a, now), Back: accountsAt(v.Place, ""), New: r.URL.Query().Has("new"), Counter: at(v.Place, "inbox"), Login: s.Networks.Authorizes(a.Kind) || s.Networks.Enrolls(a.Kind)}
	if !v.Place.Settings.FirstStepsDone && p.New {
		p.Steps = at(v.Place, stepTablesAt)
	}
	if a.Kind == mailKind {
		e := readMailEndpoint(a.Endpoint)
		p.In, p.Out = e.IMAP.Host, e.SMTP.Host
	}
	rate, err := s.Networks.Rate(r.Context(), a)
	if err != nil {
		return err
	}
	if rate.Limit > 0 && now.Before(rate.Reset) {
		p.Left = l.T("accounts.left", "left", rate.Left, "limit", rate.Limit, "until", l.When(rate.Reset, now))
	}
	if p.Arrivals, err = s.arrivals(r, v, l, a, now); err != nil {
		return err
	}
	if p.New && a.ReceivedAt.IsZero() {
		p.Coming = true
		w.Header().Set("Refresh", "4") // until the first reading; it works without script
	}
	return render(ctx, w, http.StatusOK, view.AccountPage(s.settingsShell(w, r, v), s.settingsPages(l, v, "networks"), p))
}

// connectedAccount is the account that the path names, of this place and no other; the tables have their own screens.
func (s *Server) connectedAccount(r *http.Request, v *door.Visit) (place.Account, error) {
	a, err := place.GetAccount(r.Context(), s.DB, v.Place.ID, r.PathValue("account"))
	if err == nil && a.Kind == place.HouseKind {
		err = fault.New(fault.NotFound, "web.account", "")
	}
	return a, err
}

// arrivals are the last conversations of an account, a few.
func (s *Server) arrivals(r *http.Request, v *door.Visit, l locale.Locale, a place.Account, now time.Time) ([]view.Arrival, error) {
	if s.Inbox == nil {
		return nil, nil
	}
	page, err := s.Inbox.List(r.Context(), v.Place.ID, inbox.Query{MemberID: v.Member.ID, Only: a.Kind})
	if err != nil {
		return nil, err
	}
	var last []view.Arrival
	for _, c := range page.Rows {
		if c.AccountID == a.ID && len(last) < 5 {
			last = append(last, view.Arrival{Face: view.Face{Name: c.Name, Hue: text.Hue(c.PersonID)}, Subject: cmp.Or(c.Subject, c.Excerpt), At: l.Brief(c.LastAt, now)})
		}
	}
	return last, nil
}

// disconnect lets an account go. Its conversations stay.
func (s *Server) disconnect(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	id := r.PathValue("account")
	if err := s.Networks.LetGo(r.Context(), s.DB, s.Keys, v.Actor, v.Place.ID, id); err != nil {
		return err
	}
	v.Happened(place.EventDisconnected)
	flash{Key: "accounts.disconnected"}.leave(w, v)
	return seeOther(w, r, accountsAt(v.Place, ""))
}
