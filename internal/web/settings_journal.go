package web

import (
	"cmp"
	"context"
	"encoding/csv"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"comptoir/internal/door"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

const (
	journalPage = 100
	journalFile = 10_000 // lines of the file at most
)

// journalSubjects are what can be asked for, in order; the last is everything.
var journalSubjects = []place.Subject{place.AboutAccess, place.AboutFloor, place.AboutCounter, place.AboutSettings, ""}

// journalAsk reads what to show from the address: about which subject ("all" = everything; who came in, if nothing is
// said), by whom ("member ID", "guest" …).
func journalAsk(r *http.Request) (ask place.Question, about string) {
	q := r.URL.Query()
	about = q.Get("about")
	switch ask.About = place.Subject(about); {
	case about == "all":
		ask.About = ""
	case about == "" || !slices.Contains(journalSubjects, ask.About):
		ask.About, about = place.AboutAccess, string(place.AboutAccess)
	}
	kind, id, _ := strings.Cut(q.Get("who"), " ")
	ask.Actor, ask.ActorID = place.ActorKind(kind), id
	ask.Before, _ = strconv.ParseInt(q.Get("before"), 10, 64)
	ask.Limit = journalPage
	return ask, about
}

func (s *Server) journal(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	ask, about := journalAsk(r)
	page, err := place.Audit(ctx, s.DB, v.Place.ID, ask)
	if err != nil {
		return err
	}
	said, err := s.scribe(ctx, l, v.Place.ID)
	if err != nil {
		return err
	}
	here := at(v.Place, "settings/journal")
	asked := url.Values{"about": {about}, "who": {r.URL.Query().Get("who")}}
	j := view.Journal{Action: here, File: here + "/file?" + asked.Encode(), End: l.T("journal.end")}
	for _, subject := range journalSubjects {
		value := cmp.Or(string(subject), "all")
		j.About = append(j.About, view.Option{Value: value, Label: l.T("journal.about." + value), Chosen: value == about})
	}
	if j.Who, err = s.journalWho(ctx, l, v.Place.ID, asked.Get("who")); err != nil {
		return err
	}
	now := time.Now()
	for _, e := range page.Entries {
		day := capital(l.Day(e.At, now))
		if n := len(j.Days); n == 0 || j.Days[n-1].Name != day {
			j.Days = append(j.Days, view.JournalDay{Name: day})
		}
		d := &j.Days[len(j.Days)-1]
		d.Lines = append(d.Lines, said.line(e))
	}
	if page.Older > 0 {
		asked.Set("before", strconv.FormatInt(page.Older, 10))
		j.Older = here + "?" + asked.Encode()
	}
	sh := s.settingsShell(w, r, v)
	sh.Actions = view.JournalFile(j.File)
	return render(ctx, w, http.StatusOK, view.JournalPage(sh, s.settingsPages(l, v, "journal"), j))
}

// journalWho are those whose acts can be asked for: the team, then the others.
func (s *Server) journalWho(ctx context.Context, l locale.Locale, placeID, chosen string) ([]view.Option, error) {
	all := []view.Option{{Label: l.T("journal.everybody")}}
	team, err := place.Team(ctx, s.DB, placeID)
	for _, c := range team {
		all = append(all, view.Option{Value: "member " + c.Member.ID, Label: c.Member.Name})
	}
	for _, kind := range []place.ActorKind{place.TokenActor, place.GuestActor, place.NetworkActor, place.SystemActor} {
		all = append(all, view.Option{Value: string(kind), Label: l.T("journal.kind." + string(kind))})
	}
	for i := range all {
		all[i].Chosen = all[i].Value == chosen
	}
	return all, err
}

// journalFile hands out what the page shows as a table for other programs.
func (s *Server) journalFile(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	ask, _ := journalAsk(r)
	ask.Before, ask.Limit = 0, journalFile
	page, err := place.Audit(ctx, s.DB, v.Place.ID, ask)
	if err != nil {
		return err
	}
	said, err := s.scribe(ctx, l, v.Place.ID)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/csv; charset=utf-8")
	h.Set("Content-Disposition", `attachment; filename="journal.csv"`)
	io.WriteString(w, "\ufeff") // so that spreadsheets read accents
	out := csv.NewWriter(w)
	out.Write([]string{l.T("journal.when"), l.T("journal.who"), l.T("journal.what"), l.T("journal.detail")})
	for _, e := range page.Entries {
		line := said.line(e)
		out.Write([]string{line.Stamp, cell(line.Who), cell(line.What), cell(line.Detail)})
	}
	out.Flush()
	return out.Error()
}

// cell keeps a spreadsheet from taking what somebody called themselves for a formula.
func cell(s string) string {
	if s != "" && strings.ContainsRune("=+-@\t\r", rune(s[0])) {
		return "'" + s
	}
	return s
}

// capital begins a line with a capital letter.
func capital(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:]
}

// scribe says entries of a place's journal in words.
type scribe struct {
	l      locale.Locale
	names  map[string]string // of members and tokens, by id
	tables map[string]string // the plates, by id
}

func (s *Server) scribe(ctx context.Context, l locale.Locale, placeID string) (scribe, error) {
	c := scribe{l: l, tables: map[string]string{}}
	tables, err := floor.Tables(ctx, s.DB, placeID)
	for _, t := range tables {
		c.tables[t.ID] = t.Name
	}
	if err == nil {
		c.names, err = place.Names(ctx, s.DB, placeID)
	}
	return c, err
}

// line says an entry. What has no sentence yet is shown by its own name.
func (c scribe) line(e place.Entry) view.JournalLine {
	line := view.JournalLine{At: c.l.Clock(e.At), Stamp: c.l.Stamp(e.At), Who: c.who(e), What: e.Kind}
	if key := "journal." + e.Kind; c.l.Has(key) {
		line.What = c.l.T(key)
	}
	if asked, ok := e.Data["owners_second_factor"].(bool); ok {
		line.What = c.l.T("journal.factor.waived")
		if asked {
			line.What = c.l.T("journal.factor.asked")
		}
	}
	var details []string
	if name := c.names[e.SubjectID]; name != "" && e.SubjectID != e.ActorID {
		details = append(details, name)
	}
	word := func(name, prefix string) {
		if s, ok := e.Data[name].(string); ok && c.l.Has(prefix+s) {
			details = append(details, c.l.T(prefix+s))
		}
	}
	switch {
	case strings.HasPrefix(e.Kind, "call."), strings.HasPrefix(e.Kind, "guest."):
		if id, ok := e.Data["table"].(string); ok && c.tables[id] != "" {
			details = append(details, c.l.T("table.name", "table", c.tables[id]))
		}
		word("kind", "guest.kind.")
	case strings.HasPrefix(e.Kind, "table."):
		name, _ := e.Data["name"].(string)
		if name = cmp.Or(name, c.tables[e.SubjectID]); name != "" {
			details = append(details, c.l.T("table.name", "table", name))
		}
	case e.Kind == place.EventRoleChanged:
		word("to", "role.")
	}
	word("role", "role.")
	if device, ok := e.Data["device"].(string); ok && device != "" {
		details = append(details, device)
	}
	word("factor", "journal.by.")
	if strings.HasPrefix(e.Kind, "signin.") || e.Kind == place.EventStrayed {
		word("from", "journal.from.")
	}
	word("network", "network.")
	line.Detail = strings.Join(details, ", ")
	return line
}

func (c scribe) who(e place.Entry) string {
	switch e.Actor {
	case place.MemberActor:
		if name := c.names[e.ActorID]; name != "" {
			return name
		}
		return c.l.T("journal.somebody")
	case place.TokenActor:
		return c.l.T("journal.token", "name", c.names[e.ActorID])
	case place.GuestActor:
		return c.l.T("journal.guest")
	case place.NetworkActor:
		return c.l.T("journal.network")
	}
	return "Comptoir"
}
