package web

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// The passwords of a mail account, as the form and the driver name them.
const (
	imapPassword = "imap_password"
	smtpPassword = "smtp_password"
)

// How long a person waits at most: for a proposal, and for both servers to answer.
const (
	searchTime = 10 * time.Second
	trialTime  = 30 * time.Second
)

// knownAgain asks for the member's password before a form is filled in, not after: the door asks only when it
// is sent, and what was typed would be lost.
func knownAgain(v *door.Visit) error {
	if time.Since(v.Session.AuthenticatedAt) > 5*time.Minute {
		return fault.New(fault.Unauthenticated, "web.knownAgain", "door.password_again")
	}
	return nil
}

func (s *Server) emailAddress(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if err := knownAgain(v); err != nil {
		return err
	}
	return s.showEmailAddress(w, r, v, http.StatusOK, "", "")
}

func (s *Server) showEmailAddress(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, address, wrong string) error {
	l, ctx := Language(r, v)
	return render(ctx, w, status, view.EmailAddressPage(view.EmailAddress{
		Page: stepPage(l, v, "network.email"), Address: address, Error: wrong,
		Search: accountsAt(v.Place, "/new/email/search"), Choose: accountsAt(v.Place, "/new"), Back: accountsAt(v.Place, ""),
	}))
}

// emailSearch says that we are looking, while the browser already asks for what is found: without script too.
func (s *Server) emailSearch(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	address := strings.TrimSpace(r.URL.Query().Get("address"))
	_, domain, ok := strings.Cut(address, "@")
	if !ok || domain == "" || len(address) > 254 {
		return s.showEmailAddress(w, r, v, http.StatusUnprocessableEntity, address, l.T("email.field.address"))
	}
	w.Header().Set("Refresh", "0; url="+accountsAt(v.Place, "/new/email/settings?address=")+escape(address))
	return render(ctx, w, http.StatusOK, view.EmailSearchPage(view.EmailAddress{
		Page: stepPage(l, v, "network.email"), Address: address, Domain: domain, Search: accountsAt(v.Place, "/new/email/settings?address=") + escape(address),
		Choose: accountsAt(v.Place, "/new/email"), Back: accountsAt(v.Place, ""),
	}))
}

// emailSettings proposes the settings of an address. Nobody has to answer for a form to come.
func (s *Server) emailSettings(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, _ := Language(r, v)
	address := strings.TrimSpace(r.URL.Query().Get("address"))
	discover := s.Networks.Discover[mailKind]
	if address == "" || discover == nil {
		return seeOther(w, r, accountsAt(v.Place, "/new/email"))
	}
	known, err := place.AccountOf(r.Context(), s.DB, v.Place.ID, mailKind, address)
	if err != nil {
		return err
	}
	if known.State != "" && known.State != place.AccountOff {
		f := s.emailForm(l, v, readMailEndpoint(known.Endpoint))
		f.Source = "connected"
		return s.showEmail(w, r, v, http.StatusOK, f)
	}
	ctx, cancel := context.WithTimeout(r.Context(), searchTime)
	defer cancel()
	found, err := discover(ctx, address)
	if fault.Is(err, fault.Invalid) {
		return s.showEmailAddress(w, r, v, http.StatusUnprocessableEntity, address, l.T("email.field.address"))
	}
	if err != nil {
		return err
	}
	f := s.emailForm(l, v, readMailEndpoint(found.Endpoint))
	f.Source, f.Note = found.Source, found.Note
	return s.showEmail(w, r, v, http.StatusOK, f)
}

// emailAgain takes an account up again in one step: its settings as they were, the password anew.
func (s *Server) emailAgain(w http.ResponseWriter, r *http.Request, v *door.Visit, a place.Account) error {
	l, _ := Language(r, v)
	f := s.emailForm(l, v, readMailEndpoint(a.Endpoint))
	f.Source = "again"
	return s.showEmail(w, r, v, http.StatusOK, f)
}

// connectMail tests what was typed, once, and keeps it only when both halves work.
func (s *Server) connectMail(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, _ := Language(r, v)
	e := typedMailEndpoint(r)
	if r.PostFormValue("fill") == "587" {
		e.SMTP.Port, e.SMTP.Security = 587, "starttls"
		return s.showEmail(w, r, v, http.StatusOK, s.emailForm(l, v, e))
	}
	if e.Name == "" {
		e.Name = v.Place.Name
	}
	secret := map[string]string{imapPassword: r.PostFormValue(imapPassword)}
	if own := r.PostFormValue(smtpPassword); own != "" {
		secret[smtpPassword] = own
	}
	ctx, cancel := context.WithTimeout(r.Context(), trialTime)
	defer cancel()
	a, err := s.Networks.Connect(ctx, s.DB, s.Keys, v.Actor, v.Place.ID, place.NewAccount{Kind: mailKind, Endpoint: e.String(), Credential: network.NewCredential(secret)})
	if err == nil {
		v.Happened(place.EventConnected)
		return seeOther(w, r, accountsAt(v.Place, "/"+a.ID+"?new"))
	}
	half := failedHalf(err)
	if half == "" && !fault.Is(err, fault.Invalid) {
		return err
	}
	f := s.emailForm(l, v, e)
	if f.Failed = half; half == "" {
		f.Errors = fieldErrors(l, err)
	} else {
		tell(l, &f, e, err)
	}
	return s.showEmail(w, r, v, http.StatusUnprocessableEntity, f)
}

// failedHalf is the half that a failed test names, "" for an error that is no test's.
func failedHalf(err error) string {
	for _, f := range fault.As(err).Fields {
		if f.Name == "imap" || f.Name == "smtp" {
			return f.Name
		}
	}
	return ""
}

// tell puts into words what a test found, and what can be tried.
func tell(l locale.Locale, f *view.EmailForm, e mailEndpoint, err error) {
	at := e.IMAP
	if f.Failed == "smtp" {
		at = e.SMTP
	}
	target := net.JoinHostPort(at.Host, strconv.Itoa(at.Port))
	why := fault.As(err)
	f.Reason = l.Fault(err)
	if said := saidOfTarget[why.Key]; said != "" {
		f.Reason = l.T(said, "target", target)
	}
	f.Advice = l.T(adviceOn(why), "target", target, "wait", max(why.RetryAfter, 5*time.Minute))
	f.Refused = why.Code == fault.Unauthenticated
	f.Try587 = f.Failed == "smtp" && at.Port != 587 && why.Code == fault.Unavailable && why.Key != "outgoing.refused"
}

// saidOfTarget are the way out's own words about any address, as they are told of a server that somebody typed.
var saidOfTarget = map[string]string{
	"outgoing.refused": "accounts.unreachable", "outgoing.unreached": "accounts.unreached", "outgoing.slow": "accounts.slow", "outgoing.certificate": "accounts.unsafe",
}

// adviceOn is the key of what somebody can do about a test that failed.
func adviceOn(why *fault.Error) string {
	switch why.Key {
	case "outgoing.refused":
		return "accounts.private"
	case "outgoing.certificate", "email.fault.certificate":
		return "accounts.certificate_advice"
	case "email.fault.no_tls", "email.fault.no_starttls", "email.fault.no_password":
		return "accounts.security_advice"
	case "email.fault.app_password":
		return "email.note.app_password"
	case "email.fault.password_ended":
		return "accounts.ended_advice"
	case "email.fault.imap_later", "email.fault.smtp_later":
		return "accounts.later_advice"
	}
	if why.Code == fault.Unauthenticated {
		return "accounts.password_advice"
	}
	return "accounts.server_advice"
}

func (s *Server) emailForm(l locale.Locale, v *door.Visit, e mailEndpoint) view.EmailForm {
	_, domain, _ := strings.Cut(e.Address, "@")
	f := view.EmailForm{
		Page: stepPage(l, v, "network.email"), Address: e.Address, Domain: domain, Action: accountsAt(v.Place, "/new/email/settings"),
		Choose: accountsAt(v.Place, "/new/email"), Back: accountsAt(v.Place, ""),
		IMAP: mailServer(e.IMAP), SMTP: mailServer(e.SMTP), OwnUser: e.SMTP.User != e.IMAP.User,
		Hidden: []view.Hidden{{Name: "address", Value: e.Address}, {Name: "name", Value: e.Name}, {Name: "mailbox", Value: e.Mailbox}, {Name: "sent", Value: e.Sent}},
	}
	if e.SentByServer != nil {
		f.Hidden = append(f.Hidden, view.Hidden{Name: "sent_by_server", Value: strconv.FormatBool(*e.SentByServer)})
	}
	return f
}

func mailServer(h mailHalf) view.MailServer {
	port := ""
	if h.Port > 0 {
		port = strconv.Itoa(h.Port)
	}
	return view.MailServer{Host: h.Host, Port: port, Security: h.Security, User: h.User}
}

func (s *Server) showEmail(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, f view.EmailForm) error {
	_, ctx := Language(r, v)
	return render(ctx, w, status, view.EmailFormPage(f))
}
