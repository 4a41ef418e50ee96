package web

import (
	"context"
	"fmt"
	"net/http"
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
		if s.Networks.Authorizes(kind) {
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
	server, err := s.Networks.Meet(ctx, s.DB, v.Actor, v.Place.ID, kind, f.Address)
	if err == nil {
		f.Page.NoIndex = true
		f.Found, err = s.foundServer(ctx, r, v, l, kind, f, server)
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

// foundServer tells what a server takes, and where somebody goes on.
func (s *Server) foundServer(ctx context.Context, r *http.Request, v *door.Visit, l locale.Locale, kind network.Kind, f view.ServerForm, server network.Server) (*view.FoundServer, error) {
	page, err := s.Networks.BeginLogin(ctx, s.DB, s.Keys, v.Actor, v.Place.ID, place.Login{
		Kind: kind, Server: server, AccountID: f.Again, Session: v.Session.Handle, URL: v.Base() + accountsAt(v.Place, "/back"), Lang: l.Lang(), About: v.Base(),
	})
	if err != nil {
		return nil, err
	}
	takes := []string{softwareName(l, server.Software), l.N("accounts.takes_text", server.Limits.Text), l.N("accounts.takes_files", server.Limits.Attachments)}
	if server.Polls {
		takes = append(takes, l.T("accounts.takes_polls"))
	}
	return &view.FoundServer{Host: server.Host, Takes: l.T("accounts.takes", "software", takes[0], "what", l.List(takes[1:])), Page: page}, nil
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
