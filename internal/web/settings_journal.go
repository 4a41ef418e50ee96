package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"comptoir/internal/door"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

const journalPage = 100

func (s *Server) journal(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	l, ctx := Language(r, v)
	everything := r.URL.Query().Get("all") != ""
	before, _ := strconv.ParseInt(r.URL.Query().Get("before"), 10, 64)
	page, err := place.Audit(ctx, s.DB, v.Place.ID, !everything, before, journalPage)
	if err != nil {
		return err
	}
	names, err := place.Names(ctx, s.DB, v.Place.ID)
	if err != nil {
		return err
	}
	here := at(v.Place, "settings/journal")
	j := view.Journal{
		Views: []view.Chip{{Label: l.T("journal.access"), URL: here, On: !everything}, {Label: l.T("journal.all"), URL: here + "?all=1", On: everything}},
		End:   l.T("journal.end"),
	}
	now := time.Now()
	for _, e := range page.Entries {
		day := capital(l.Day(e.At, now))
		if n := len(j.Days); n == 0 || j.Days[n-1].Name != day {
			j.Days = append(j.Days, view.JournalDay{Name: day})
		}
		d := &j.Days[len(j.Days)-1]
		d.Lines = append(d.Lines, journalLine(l, e, names))
	}
	if page.Older > 0 {
		j.Older = here + "?before=" + strconv.FormatInt(page.Older, 10)
		if everything {
			j.Older += "&all=1"
		}
	}
	return render(ctx, w, http.StatusOK, view.JournalPage(s.settingsShell(w, r, v), s.settingsPages(l, v, "journal"), j))
}

// capital begins a line with a capital letter.
func capital(s string) string {
	first, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToUpper(first)) + s[n:]
}

// journalLine says an entry in words. What has no sentence yet is shown by its own name.
func journalLine(l locale.Locale, e place.Entry, names map[string]string) view.JournalLine {
	line := view.JournalLine{At: l.Clock(e.At), Stamp: l.Stamp(e.At), Who: journalWho(l, e, names), What: e.Kind}
	if key := "journal." + e.Kind; l.Has(key) {
		line.What = l.T(key)
	}
	if asked, ok := e.Data["owners_second_factor"].(bool); ok {
		line.What = l.T("journal.factor.waived")
		if asked {
			line.What = l.T("journal.factor.asked")
		}
	}
	if name := names[e.SubjectID]; name != "" && e.SubjectID != e.ActorID {
		line.Detail = name
	}
	word := func(name, prefix string) {
		if s, ok := e.Data[name].(string); ok && l.Has(prefix+s) {
			if line.Detail != "" {
				line.Detail += ", "
			}
			line.Detail += l.T(prefix + s)
		}
	}
	if e.Kind == place.EventRoleChanged {
		word("to", "role.")
	}
	word("role", "role.")
	if table, ok := e.Data["name"].(string); ok && strings.HasPrefix(e.Kind, "table.") {
		line.Detail = l.T("table.name", "table", table)
	}
	if device, ok := e.Data["device"].(string); ok && device != "" {
		line.Detail = device
	}
	word("factor", "journal.by.")
	if strings.HasPrefix(e.Kind, "signin.") {
		word("from", "journal.from.")
	}
	word("network", "network.")
	return line
}

func journalWho(l locale.Locale, e place.Entry, names map[string]string) string {
	switch e.Actor {
	case place.MemberActor:
		if name := names[e.ActorID]; name != "" {
			return name
		}
		return l.T("journal.somebody")
	case place.TokenActor:
		return l.T("journal.token", "name", names[e.ActorID])
	case place.GuestActor:
		return l.T("journal.guest")
	case place.NetworkActor:
		return l.T("journal.network")
	}
	return "Comptoir"
}
