package web

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// loginRoutes are for the networks whose accounts are connected on their own pages: the server is asked who it is,
// somebody leaves for it by a plain link (a form's redirect may not lead away), and comes back.
func (s *Server) loginRoutes(manager func(method, pattern string, fresh bool, h door.Handler)) {
	for _, kind := range s.Networks.Kinds() {
		if s.Networks.Authorizes(kind) && !s.Networks.Enrolls(kind) {
			manager("GET", "/new/"+string(kind), false, func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
				if err := knownAgain(v); err != nil {
					return err
				}
				return s.showServer(w, r, v, http.StatusOK, s.serverForm(w, r, v, kind))
			})
			manager("POST", "/new/"+string(kind), true, func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
				return s.meetServer(w, r, v, kind)
			})
		}
	}
	manager("GET", "/back", false, s.comeBack)
}

// serverForm asks for a server. What became of the last attempt stands above it.
func (s *Server) serverForm(w http.ResponseWriter, r *http.Request, v *door.Visit, kind network.Kind) view.ServerForm {
	l, _ := Language(r, v)
	f := view.ServerForm{
		Page: stepPage(l, v, "network."+string(kind)), Network: string(kind), Action: accountsAt(v.Place, "/new/"+string(kind)),
		Choose: accountsAt(v.Place, "/new"), Back: accountsAt(v.Place, ""), Address: typed(r, "address"), Again: typed(r, "account"),
	}
	for _, t := range toasts(w, r, v, l) {
		f.Said = t.Text
	}
	return f
}

func (s *Server) showServer(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, f view.ServerForm) error {
	_, ctx := Language(r, v)
	return render(ctx, w, status, view.ServerFormPage(f))
}

// loginAgain takes an account up again in one step: its server is known.
func (s *Server) loginAgain(w http.ResponseWriter, r *http.Request, v *door.Visit, a place.Account) error {
	f := s.serverForm(w, r, v, a.Kind)
	f.Address, f.Again = s.Networks.ServerOf(a), a.ID
	return s.showServer(w, r, v, http.StatusOK, f)
}

// meetServer asks a server who it is and prepares the way there.
func (s *Server) meetServer(w http.ResponseWriter, r *http.Request, v *door.Visit, kind network.Kind) error {
	l, _ := Language(r, v)
	f := s.serverForm(w, r, v, kind)
	ctx, cancel := context.WithTimeout(r.Context(), trialTime)
	defer cancel()
	var err error
	if f.Found, err = s.wayTo(ctx, v, l, kind, f.Address, f.Again); err == nil {
		f.Page.NoIndex = true
	}
	switch fault.CodeOf(err) {
	case "":
		return s.showServer(w, r, v, http.StatusOK, f)
	case fault.Internal, fault.NotFound:
		return err
	}
	f.Error = whyNot(l, err)
	return s.showServer(w, r, v, http.StatusUnprocessableEntity, f)
}

// wayTo asks a server who it is, tells what it takes, and where somebody goes on.
func (s *Server) wayTo(ctx context.Context, v *door.Visit, l locale.Locale, kind network.Kind, address, again string) (*view.FoundServer, error) {
	server, err := s.Networks.Meet(ctx, s.DB, v.Actor, v.Place.ID, kind, address)
	if err != nil {
		return nil, err
	}
	back := wayBack(v.Base(), kind, v.Place.Slug)
	back.Lang = l.Lang()
	page, err := s.Networks.BeginLogin(ctx, s.DB, s.Keys, v.Actor, v.Place.ID, place.Login{
		Kind: kind, Server: server, AccountID: again, Session: v.Session.Handle, Back: back,
	})
	if err != nil {
		return nil, err
	}
	takes := []string{softwareName(l, server.Software), l.N("accounts.takes_text", server.Limits.Text), l.N("accounts.takes_files", server.Limits.Attachments)}
	if server.Polls {
		takes = append(takes, l.T("accounts.takes_polls"))
	}
	asks := "accounts.asks_text." + string(kind)
	if !l.Has(asks) {
		asks = "accounts.asks_text"
	}
	return &view.FoundServer{Host: server.Host, Asks: l.T(asks), Takes: l.T("accounts.takes", "software", takes[0], "what", l.List(takes[1:])), Page: page}, nil
}

// wayBack is how somebody comes back to a place.
func wayBack(base string, kind network.Kind, slug string) network.Return {
	p := place.Place{Slug: url.PathEscape(slug)}
	return network.Return{URL: base + accountsAt(p, "/back"), About: base, Page: base + "/programs/" + string(kind) + "/" + p.Slug + "."}
}

// introductions are what networks read about this program. They are made of their addresses alone, and tell nothing
// of what is here.
func (s *Server) introductions(t *door.Table) {
	for _, kind := range s.Networks.Kinds() {
		if s.Networks.Introduces(kind) {
			t.Add(door.Route{Method: "GET", Pattern: "/programs/" + string(kind) + "/{program}", Kind: door.Open}, func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
				slug, name, _ := strings.Cut(r.PathValue("program"), ".")
				b, ok := s.Networks.Introduce(kind, name, wayBack(v.Base(), kind, slug))
				if !ok {
					return fault.New(fault.NotFound, "web.introduce", "")
				}
				w.Header().Set("Content-Type", "application/json")
				_, err := w.Write(b)
				return err
			})
		}
	}
}

// softwareName is how people write the name of what a server runs.
func softwareName(l locale.Locale, name string) string {
	switch name {
	case "":
		return l.T("accounts.software_unknown")
	case "gotosocial":
		return "GoToSocial"
	}
	return strings.ToUpper(name[:1]) + name[1:]
}

// comeBack connects the account of somebody who said yes. The answer is always another address, so that nothing of
// what they bring stays in the history of their browser. The link that led here is the network's: what makes it
// ours is the state, which is bound to the session, serves once, and is over in ten minutes.
func (s *Server) comeBack(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	ctx, cancel := context.WithTimeout(r.Context(), trialTime)
	defer cancel()
	a, kind, err := s.Networks.FinishLogin(ctx, s.DB, s.Keys, v.Actor, v.Place.ID, v.Session.Handle, r.URL.Query())
	if err == nil {
		v.Happened(place.EventConnected)
		return seeOther(w, r, accountsAt(v.Place, "/"+a.ID+"?new"))
	}
	if fault.Is(err, fault.Internal) {
		return err
	}
	why := flash{Key: fault.As(err).Key}
	for _, arg := range fault.As(err).Args {
		why.Args = append(why.Args, fmt.Sprint(arg))
	}
	if l, _ := Language(r, v); !l.Has(why.Key) {
		why = flash{Key: "accounts.login_failed"}
	}
	why.leave(w, v)
	if kind == "" {
		return seeOther(w, r, accountsAt(v.Place, ""))
	}
	return seeOther(w, r, accountsAt(v.Place, "/new/"+string(kind)))
}
