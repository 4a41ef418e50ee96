package web

import (
	"net/http"
	"strings"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// counterSettingsRoutes are the answers that the place keeps at hand, and its labels.
func (s *Server) counterSettingsRoutes(t *door.Table) {
	desk := func(method, path string, h door.Handler) {
		t.Add(door.Route{Method: method, Pattern: "/p/{place}/settings/counter" + path, Kind: door.Team, Role: place.Manager, Place: true}, h)
	}
	desk("GET", "", s.counterSettings)
	desk("POST", "/replies", s.saveKept)
	desk("POST", "/replies/move", s.moveKept)
	desk("POST", "/replies/remove", s.removeKept)
	desk("POST", "/labels", s.saveLabel)
	desk("POST", "/labels/remove", s.removeLabel)
}

// refusedForm is what was typed in a form of the page, and why it was refused. ID "" is the form of a new one.
type refusedForm struct {
	kept  *view.KeptLine
	label *view.LabelLine
}

func (s *Server) counterSettings(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	return s.showCounterSettings(w, r, v, http.StatusOK, refusedForm{})
}

func (s *Server) showCounterSettings(w http.ResponseWriter, r *http.Request, v *door.Visit, status int, no refusedForm) error {
	l, ctx := Language(r, v)
	base := at(v.Place, "settings/counter")
	page := view.CounterSettings{
		Save: base + "/replies", Move: base + "/replies/move", Remove: base + "/replies/remove", SaveLabel: base + "/labels", Unlabel: base + "/labels/remove", OtherLang: otherLanguage(v.Place)[:2],
	}
	saved, err := s.Inbox.Saved(ctx, v.Place.ID)
	if err != nil {
		return err
	}
	vars := variablesOf(l, v, l.T("kept.example"), time.Now())
	for i, k := range saved {
		line := view.KeptLine{ID: k.ID, Title: k.Title, Text: k.Text, Other: k.Other, Pieces: keptPieces(vars, k.Text), First: i == 0, Last: i == len(saved)-1}
		if no.kept != nil && no.kept.ID == k.ID {
			line.Title, line.Text, line.Other, line.Errors = no.kept.Title, no.kept.Text, no.kept.Other, no.kept.Errors
		}
		page.Kept = append(page.Kept, line)
	}
	if no.kept != nil && no.kept.ID == "" {
		page.New = *no.kept
	}
	for _, names := range inbox.VariableNames {
		word := names[0]
		if l.Lang() == "en" {
			word = names[1]
		}
		now, _ := vars.Value(word)
		page.Variables = append(page.Variables, view.Variable{Word: "{" + word + "}", Stands: l.T("kept.stands." + names[1]), Now: now})
	}
	for _, tone := range inbox.Tones {
		page.Tones = append(page.Tones, view.Option{Value: tone, Label: l.T("label.tone_" + orWord(tone, "none"))})
	}
	labels, err := s.Inbox.Labels(ctx, v.Place.ID)
	if err != nil {
		return err
	}
	use, err := s.Inbox.LabelUse(ctx, v.Place.ID)
	if err != nil {
		return err
	}
	for _, label := range labels {
		line := view.LabelLine{ID: label.ID, Name: label.Name, Tone: label.Tone, Used: l.N("label.used", use[label.ID])}
		if no.label != nil && no.label.ID == label.ID {
			line.Name, line.Errors = no.label.Name, no.label.Errors
		}
		page.Labels = append(page.Labels, line)
	}
	if no.label != nil && no.label.ID == "" {
		page.NewLabel = *no.label
	}
	return render(ctx, w, status, view.CounterSettingsPage(s.settingsShell(w, r, v), s.settingsPages(l, v, "counter"), page))
}

// variablesOf are the values of a kept answer's variables, for an answer to somebody now.
func variablesOf(l locale.Locale, v *door.Visit, name string, now time.Time) inbox.Variables {
	vars := inbox.Variables{Name: name, Place: v.Place.Name, Member: floor.FirstName(v.Member.Name), Time: l.Clock(now), Day: l.Day(now, now)}
	if open, until, _ := v.Place.Settings.Hours.Open(now.In(v.Place.Location())); open && !until.IsZero() {
		vars.Closing = l.Clock(until)
	}
	return vars
}

// otherLanguage is the one that a place does not speak first: kept answers may be there in it too.
func otherLanguage(p place.Place) string {
	if strings.HasPrefix(p.Language, "en") {
		return "fr-CA"
	}
	return "en-CA"
}

func keptPieces(vars inbox.Variables, words string) []view.Piece {
	var all []view.Piece
	for _, p := range vars.Pieces(words) {
		all = append(all, view.Piece{Text: p.Text, Marked: p.Variable})
	}
	return all
}

// saveKept keeps an answer, or changes one.
func (s *Server) saveKept(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	k := inbox.Saved{ID: r.PostFormValue("id"), Title: r.PostFormValue("title"), Text: r.PostFormValue("text"), Other: r.PostFormValue("other")}
	_, err := s.Inbox.Save(r.Context(), v.Actor, v.Place.ID, k)
	if fault.Is(err, fault.Invalid) {
		l, _ := Language(r, v)
		errs := fieldErrors(l, err)
		if len(errs) == 0 {
			errs["title"] = l.Fault(err)
		}
		return s.showCounterSettings(w, r, v, http.StatusUnprocessableEntity, refusedForm{kept: &view.KeptLine{ID: k.ID, Title: k.Title, Text: k.Text, Other: k.Other, Errors: errs}})
	}
	return s.counterSettingsDone(w, r, v, err, "kept.done")
}

func (s *Server) moveKept(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.Inbox.MoveSaved(r.Context(), v.Actor, v.Place.ID, r.PostFormValue("id"), number(r.PostFormValue("by"), 0))
	return s.counterSettingsDone(w, r, v, err, "")
}

func (s *Server) removeKept(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.Inbox.Forget(r.Context(), v.Actor, v.Place.ID, r.PostFormValue("id"))
	return s.counterSettingsDone(w, r, v, err, "kept.removed")
}

// saveLabel makes a label, or gives one another name and tone.
func (s *Server) saveLabel(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	label := inbox.Label{ID: r.PostFormValue("id"), Name: r.PostFormValue("name"), Tone: r.PostFormValue("tone")}
	var err error
	if label.ID == "" {
		_, err = s.Inbox.NewLabel(r.Context(), v.Actor, v.Place.ID, label.Name)
	} else {
		err = s.Inbox.ChangeLabel(r.Context(), v.Actor, v.Place.ID, label)
	}
	if fault.Is(err, fault.Invalid) {
		l, _ := Language(r, v)
		return s.showCounterSettings(w, r, v, http.StatusUnprocessableEntity, refusedForm{label: &view.LabelLine{ID: label.ID, Name: label.Name, Errors: map[string]string{"name": whyNot(l, err)}}})
	}
	return s.counterSettingsDone(w, r, v, err, "label.done")
}

func (s *Server) removeLabel(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	err := s.Inbox.RemoveLabel(r.Context(), v.Actor, v.Place.ID, r.PostFormValue("id"))
	return s.counterSettingsDone(w, r, v, err, "label.removed")
}

func (s *Server) counterSettingsDone(w http.ResponseWriter, r *http.Request, v *door.Visit, err error, key string) error {
	if err != nil {
		return err
	}
	if key != "" {
		flash{Key: key}.leave(w, v)
	}
	return seeOther(w, r, at(v.Place, "settings/counter"))
}
