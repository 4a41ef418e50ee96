package web

import (
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// replyBody bounds a form with files, in bytes.
const replyBody = 32 << 20

// replyRoutes are what is said, and what becomes of it until it has left.
func (s *Server) replyRoutes(t *door.Table, desk func(method, path string) door.Route) {
	reply := desk("POST", "/c/{conversation}/reply")
	reply.Body = replyBody
	t.Add(reply, s.reply)
	note := desk("POST", "/c/{conversation}/note")
	note.Body = replyBody // the same form
	t.Add(note, s.note)
	t.Add(desk("POST", "/c/{conversation}/draft"), s.draft)
	t.Add(desk("POST", "/m/{message}/cancel"), s.cancelReply)
	t.Add(desk("POST", "/m/{message}/like"), s.react(network.Like))
	t.Add(desk("POST", "/m/{message}/boost"), s.react(network.Boost))
	t.Add(desk("POST", "/m/{message}/standing"), s.moderate)
	t.Add(desk("POST", "/m/{message}/retry"), s.onReply(s.Inbox.Retry, "inbox.done.again"))
	t.Add(desk("POST", "/m/{message}/anyway"), s.onReply(s.Inbox.SendAnyway, "inbox.done.again"))
	t.Add(desk("POST", "/m/{message}/arrived"), s.onReply(s.Inbox.Arrived, "inbox.done.arrived"))
}

// replyBox fills the box at the foot: the draft, the place's kept answers, what the network takes.
func (s *Server) replyBox(ctx context.Context, r *http.Request, v *door.Visit, l locale.Locale, t inbox.Thread, a answering) (view.Reply, error) {
	b := view.Reply{
		ID: t.ID, Base: at(v.Place, "inbox/c/"+t.ID), Identity: view.Face{Name: v.Place.Name, House: true}, Error: a.Error,
		Text: a.Text, Settle: true, Once: db.NewID(),
	}
	b.Seen = t.Newest
	if a.Text == "" && !a.Keep {
		draft, err := s.Inbox.Draft(ctx, v.Place.ID, t.ID, v.Member.ID)
		if err != nil {
			return b, err
		}
		b.Text = draft
	}
	if t.PersonID == "" {
		b.Off = l.T("reply.nobody")
		return b, nil
	}
	reach, err := s.Inbox.Reach(ctx, v.Place.ID, t.ID)
	switch {
	case err != nil && fault.CodeOf(err) == fault.Internal:
		return b, err
	case err != nil:
		b.Off = l.Fault(err)
		return b, nil
	}
	b.Attach, b.Max, b.Link = reach.Attachments > 0, reach.Text, reach.Link
	if b.Max > 0 && reach.Length != nil {
		b.Used = reach.Length(b.Text)
	}
	switch {
	case len(reach.Notified) == 0 && reach.Visibility == network.Public && waits(t):
		b.To = l.T("reply.to_all_held")
	case len(reach.Notified) == 0 && reach.Visibility == network.Public:
		b.To = l.T("reply.to_all")
	case len(reach.Notified) > 0:
		b.To, b.Private = l.T("reply.to."+string(reach.Visibility), "who", l.List(reach.Notified)), reach.Visibility == network.Private
	}
	return b, s.kept(ctx, r, v, l, t, &b)
}

// waits tells whether what would be answered waits for a decision, which the answer makes.
func waits(t inbox.Thread) bool {
	last := lastOfTheirs(t.Messages)
	return slices.ContainsFunc(t.Messages, func(m inbox.Message) bool { return m.ID == last && m.Standing == network.Held })
}

// kept offers the place's kept answers, with their variables filled; ?kept=ID puts one in the box, for those without
// script.
func (s *Server) kept(ctx context.Context, r *http.Request, v *door.Visit, l locale.Locale, t inbox.Thread, b *view.Reply) error {
	saved, err := s.Inbox.Saved(ctx, v.Place.ID)
	if err != nil {
		return err
	}
	b.Manage = at(v.Place, "settings/counter")
	name := t.Name
	if t.Kind == place.HouseKind { // a guest at a table has no name
		name = ""
	}
	vars := variablesOf(l, v, name, time.Now())
	other := locale.New(otherLanguage(v.Place), l.Zone)
	theirs := variablesOf(other, v, name, time.Now())
	f := filterOf(r, v)
	for _, k := range saved {
		here := f.at(v.Place, "/c/"+t.ID)
		words := vars.Fill(k.Text)
		kept := view.Kept{ID: k.ID, Title: k.Title, Text: words, Pieces: keptPieces(vars, k.Text), URL: here + joiner(here) + "kept=" + k.ID}
		if k.Other != "" {
			kept.Other, kept.OtherLang, kept.OtherURL = theirs.Fill(k.Other), other.Lang(), kept.URL+"&in="+other.Lang()
		}
		b.Kept = append(b.Kept, kept)
		if r.Method == http.MethodGet && r.URL.Query().Get("kept") == k.ID {
			if kept.Other != "" && r.URL.Query().Get("in") == kept.OtherLang {
				words = kept.Other
			}
			b.Text = strings.TrimSpace(b.Text + "\n" + words)
		}
	}
	return nil
}

// reply stores an answer. Sent twice by a browser (a double press, a page loaded again) it is stored once.
func (s *Server) reply(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	files, closeFiles, err := formFiles(r, v)
	defer closeFiles()
	if err != nil {
		return err
	}
	words := r.PostFormValue("text")
	a := inbox.Answer{
		ID: r.PostFormValue("once"), ConversationID: r.PathValue("conversation"), Text: words, Settle: r.PostFormValue("then") == "settle",
		Files: files, Seen: r.PostFormValue("seen"),
	}
	if r.PostFormValue("anyway") != "" {
		a.Seen = ""
	}
	done, err := s.Inbox.Reply(r.Context(), v.Actor, v.Place.ID, a)
	l, _ := Language(r, v)
	if other := argument(err, "inbox.collision", "message"); other != "" {
		c, err := s.collision(r.Context(), v, l, other)
		if err != nil {
			return err
		}
		return s.showThread(w, r, v, http.StatusConflict, answering{Text: words, Keep: true, Collide: c})
	}
	if into := argument(err, "inbox.merged", "into"); into != "" {
		return s.movedOn(w, r, v, a.ConversationID, into, words)
	}
	if fault.Is(err, fault.Invalid) || fault.Is(err, fault.Rejected) || fault.Is(err, fault.Conflict) {
		return s.showThread(w, r, v, door.Status(err), answering{Text: words, Keep: true, Error: whyNot(l, err)})
	}
	if err != nil {
		return err
	}
	f := filterOf(r, v)
	if a.Settle {
		flash{Key: "inbox.done.answered_settled", Undo: at(v.Place, "inbox/m/"+done.MessageID+"/cancel"), Till: done.Due.UnixMilli()}.leave(w, v)
		return seeOther(w, r, f.first().at(v.Place, ""))
	}
	return seeOther(w, r, f.at(v.Place, "/c/"+a.ConversationID))
}

// movedOn leads to the conversation that a merged one is shown in. What was typed goes along, as a draft.
func (s *Server) movedOn(w http.ResponseWriter, r *http.Request, v *door.Visit, from, into, words string) error {
	if err := s.Inbox.SaveDraft(r.Context(), v.Actor, v.Place.ID, from, words); err != nil {
		return err
	}
	flash{Key: "inbox.merged"}.leave(w, v)
	return seeOther(w, r, filterOf(r, v).at(v.Place, "/c/"+into))
}

// whyNot is the sentence of the first field that was refused, or of the whole.
func whyNot(l locale.Locale, err error) string {
	if e := fault.As(err); len(e.Fields) > 0 {
		return l.Field(e.Fields[0])
	}
	return l.Fault(err)
}

// collision says who answered meanwhile, and what.
func (s *Server) collision(ctx context.Context, v *door.Visit, l locale.Locale, messageID string) (*view.Collision, error) {
	m, err := s.Inbox.Message(ctx, v.Place.ID, messageID)
	if err != nil {
		return nil, err
	}
	who := l.T("journal.somebody")
	if m.MemberID != "" {
		member, err := place.GetMember(ctx, s.DB, m.MemberID)
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if member.Name != "" {
			who = floor.FirstName(member.Name)
		}
	}
	return &view.Collision{Fact: l.T("collide.fact", "who", who, "wait", time.Since(m.At)), Words: m.Text}, nil
}

// formFiles opens the files of a form, those that were really chosen; done closes them.
func formFiles(r *http.Request, v *door.Visit) (files []inbox.NewFile, done func(), err error) {
	var open []io.Closer
	done = func() {
		for _, c := range open {
			c.Close()
		}
		if r.MultipartForm != nil {
			r.MultipartForm.RemoveAll()
		}
	}
	if err := r.ParseMultipartForm(1 << 20); err != nil {
		if errors.Is(err, http.ErrNotMultipart) {
			return nil, done, nil
		}
		return nil, done, fault.Wrap(err, fault.Invalid, "web.form", "")
	}
	if err := v.FormTooMany(r.MultipartForm.Value); err != nil {
		return nil, done, err
	}
	for _, h := range r.MultipartForm.File["file"] {
		if h.Filename == "" && h.Size == 0 {
			continue
		}
		var f multipart.File
		if f, err = h.Open(); err != nil {
			return nil, done, err
		}
		open = append(open, f)
		files = append(files, inbox.NewFile{Name: h.Filename, Content: f})
	}
	return files, done, nil
}

// note keeps the box's text for the team only.
func (s *Server) note(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	words := r.PostFormValue("text")
	id := r.PathValue("conversation")
	seq, err := s.Inbox.AddNote(r.Context(), v.Actor, v.Place.ID, id, words)
	if into := argument(err, "inbox.merged", "into"); into != "" {
		return s.movedOn(w, r, v, id, into, words)
	}
	if fault.Is(err, fault.Invalid) {
		l, _ := Language(r, v)
		return s.showThread(w, r, v, door.Status(err), answering{Text: words, Keep: true, Error: whyNot(l, err)})
	}
	return s.backToCounter(w, r, v, err, s.gesture(v, flash{Key: "inbox.done.noted"}, []int64{seq}))
}

// draft keeps what is being typed. The page does not change.
func (s *Server) draft(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	if err := s.Inbox.SaveDraft(r.Context(), v.Actor, v.Place.ID, r.PathValue("conversation"), r.PostFormValue("text")); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// cancelReply takes an answer back; its words return to the box.
func (s *Server) cancelReply(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	m, err := s.Inbox.Message(r.Context(), v.Place.ID, r.PathValue("message"))
	if err != nil {
		return err
	}
	_, err = s.Inbox.Cancel(r.Context(), v.Actor, v.Place.ID, m.ID)
	if err != nil {
		return s.backToCounter(w, r, v, err, flash{})
	}
	flash{Key: "inbox.done.cancelled"}.leave(w, v)
	return seeOther(w, r, filterOf(r, v).first().at(v.Place, "/c/"+m.ConversationID))
}

// onReply makes a decision about an answer a form.
func (s *Server) onReply(do func(ctx context.Context, actor place.Actor, placeID, messageID string) error, notice string) door.Handler {
	return func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
		err := do(r.Context(), v.Actor, v.Place.ID, r.PathValue("message"))
		return s.backToCounter(w, r, v, err, flash{Key: notice})
	}
}
