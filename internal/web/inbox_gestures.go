package web

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// gestureRoutes are what is done with conversations, one or several. Each gesture can be taken back.
func (s *Server) gestureRoutes(t *door.Table, desk func(method, path string) door.Route) {
	t.Add(desk("POST", "/c/{conversation}/settle"), s.onConversation(func(*http.Request) (inbox.Gesture, string, error) {
		return inbox.Settle(), "inbox.done.settled", nil
	}))
	t.Add(desk("POST", "/c/{conversation}/reopen"), s.onConversation(func(*http.Request) (inbox.Gesture, string, error) {
		return inbox.Reopen(), "inbox.done.reopened", nil
	}))
	t.Add(desk("POST", "/c/{conversation}/snooze"), s.snooze)
	t.Add(desk("POST", "/c/{conversation}/assign"), s.assign)
	t.Add(desk("POST", "/c/{conversation}/label"), s.label)
	t.Add(desk("POST", "/c/{conversation}/floor"), s.passToFloor)
	t.Add(desk("POST", "/c/{conversation}/card"), s.describe)
	t.Add(desk("POST", "/gestures"), s.severalGestures)
	t.Add(desk("POST", "/undo"), s.undoGestures)
}

// onConversation makes a gesture a form of one conversation. Afterwards the list is shown, with the way back.
func (s *Server) onConversation(read func(r *http.Request) (g inbox.Gesture, notice string, err error)) door.Handler {
	return func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
		g, notice, err := read(r)
		if err != nil {
			return err
		}
		id := r.PathValue("conversation")
		seqs, err := s.Inbox.Do(r.Context(), v.Actor, v.Place.ID, g, id)
		if err != nil {
			return s.backToCounter(w, r, v, err, flash{})
		}
		s.gesture(v, flash{Key: notice}, seqs).leave(w, v)
		if notice == "inbox.done.reopened" {
			return seeOther(w, r, filterOf(r, v).first().at(v.Place, "/c/"+id))
		}
		return seeOther(w, r, filterOf(r, v).first().at(v.Place, ""))
	}
}

// gesture adds to a notice the way to take back what it tells.
func (s *Server) gesture(v *door.Visit, f flash, seqs []int64) flash {
	if len(seqs) == 0 {
		return f
	}
	var all []string
	for _, n := range seqs {
		all = append(all, strconv.FormatInt(n, 10))
	}
	f.Undo, f.Vals = at(v.Place, "inbox/undo"), map[string]string{"of": strings.Join(all, ",")}
	return f
}

// react likes or shares a message, or no longer.
func (s *Server) react(what network.Reaction) door.Handler {
	return func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
		on := r.PostFormValue("on") == "true"
		seq, err := s.Inbox.React(r.Context(), v.Actor, v.Place.ID, r.PathValue("message"), what, on)
		if fault.Is(err, fault.Rejected) {
			return s.backToCounter(w, r, v, nil, flash{Key: fault.As(err).Key})
		}
		done := flash{Key: "inbox.done." + string(what)}
		if !on {
			done.Key += "_off"
		}
		if seq == 0 {
			done = flash{}
		} else {
			done = s.gesture(v, done, []int64{seq})
		}
		return s.backToCounter(w, r, v, err, done)
	}
}

// moderate decides who can read what somebody wrote under a publication of the place.
func (s *Server) moderate(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	is := r.PostFormValue("is")
	seq, err := s.Inbox.Moderate(r.Context(), v.Actor, v.Place.ID, r.PathValue("message"), network.Standing(is))
	if fault.Is(err, fault.Rejected) {
		return s.backToCounter(w, r, v, nil, flash{Key: fault.As(err).Key})
	}
	done := flash{}
	if seq > 0 {
		done = s.gesture(v, flash{Key: "inbox.done." + is}, []int64{seq})
	}
	return s.backToCounter(w, r, v, err, done)
}

// undoGestures takes back what a notice told of.
func (s *Server) undoGestures(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	var seqs []int64
	for _, word := range strings.Split(r.PostFormValue("of"), ",") {
		n, err := strconv.ParseInt(word, 10, 64)
		if err != nil || n <= 0 {
			return fault.New(fault.NotFound, "web.undo", "")
		}
		seqs = append(seqs, n)
	}
	err := s.Inbox.Undo(r.Context(), v.Actor, v.Place.ID, seqs...)
	return s.backToCounter(w, r, v, err, flash{Key: "inbox.done.undone"})
}

// backToCounter shows again the page that a form came from. A conflict is news, not a mistake: it becomes the notice.
func (s *Server) backToCounter(w http.ResponseWriter, r *http.Request, v *door.Visit, err error, f flash) error {
	if fault.Is(err, fault.Conflict) {
		f, err = flash{Key: fault.As(err).Key}, nil
	}
	if err != nil {
		return err
	}
	if f.Key != "" {
		f.leave(w, v)
	}
	back := s.cameFrom(r, v)
	if back == "" {
		back = at(v.Place, "inbox")
	}
	return seeOther(w, r, back)
}

// snoozeMorning is when a conversation that was set aside "until tomorrow" comes back.
const snoozeMorning = 10 * time.Hour

// snoozeMenu proposes when a conversation comes back, in the place's own time.
func snoozeMenu(l locale.Locale, p place.Place, now time.Time) view.SnoozeMenu {
	m := view.SnoozeMenu{Zone: l.T("snooze.zone", "zone", zoneName(l, p.TimeZone))}
	for _, o := range []struct{ value, icon string }{{"2h", "clock"}, {"morning", "sun"}, {"monday", "calendar"}, {"message", "message-circle"}} {
		opt := view.Option{Value: o.value, Label: l.T("snooze.option." + o.value), Icon: o.icon}
		if until, ok := snoozeTime(o.value, p, now); ok && !until.IsZero() {
			opt.Hint = snoozeHint(l, o.value, until)
		}
		m.Options = append(m.Options, opt)
	}
	tomorrow := startOfDay(now.In(p.Location())).AddDate(0, 0, 1)
	m.Date, m.Time = tomorrow.Format("2006-01-02"), "10:00"
	return m
}

// snoozeHint says of a choice what its name does not.
func snoozeHint(l locale.Locale, choice string, until time.Time) string {
	switch choice {
	case "morning":
		return dayName(l, until.In(l.Zone).Weekday()) + ", " + l.Clock(until)
	case "monday":
		return l.ShortDay(until) + ", " + l.Clock(until)
	}
	return l.Clock(until)
}

// snoozeTime is the moment that a choice of the menu means; the zero time is "until the next message".
func snoozeTime(choice string, p place.Place, now time.Time) (time.Time, bool) {
	local := now.In(p.Location())
	morning := func(days int) time.Time {
		y, m, d := local.Date()
		return time.Date(y, m, d+days, int(snoozeMorning/time.Hour), 0, 0, 0, local.Location())
	}
	switch choice {
	case "2h":
		return now.Add(2 * time.Hour), true
	case "morning":
		return morning(1), true
	case "monday":
		days := (int(time.Monday) - int(local.Weekday()) + 7) % 7
		if days == 0 {
			days = 7
		}
		return morning(days), true
	case "message":
		return time.Time{}, true
	}
	return time.Time{}, false
}

func (s *Server) snooze(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	now := time.Now()
	until, known := snoozeTime(r.PostFormValue("until"), v.Place, now)
	if !known {
		typed, err := time.ParseInLocation("2006-01-02 15:04", r.PostFormValue("date")+" "+r.PostFormValue("time"), v.Place.Location())
		if err != nil {
			return fault.InvalidFields("web.snooze", fault.Field{Name: "until", Key: "inbox.snooze_range"})
		}
		until = typed
	}
	seqs, err := s.Inbox.Do(r.Context(), v.Actor, v.Place.ID, inbox.Snooze(until), r.PathValue("conversation"))
	if fault.Is(err, fault.Invalid) {
		flash{Key: "inbox.snooze_range"}.leave(w, v)
		return s.backToCounter(w, r, v, nil, flash{})
	}
	if err != nil {
		return s.backToCounter(w, r, v, err, flash{})
	}
	l, _ := Language(r, v)
	f := flash{Key: "inbox.done.snoozed", Args: []string{"when", l.When(until, now)}}
	if until.IsZero() {
		f = flash{Key: "inbox.done.snoozed_message"}
	}
	s.gesture(v, f, seqs).leave(w, v)
	return seeOther(w, r, filterOf(r, v).first().at(v.Place, ""))
}

// assign entrusts a conversation, with a word that stays as a note.
func (s *Server) assign(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	id, to := r.PathValue("conversation"), r.PostFormValue("member")
	seqs, err := s.Inbox.Do(r.Context(), v.Actor, v.Place.ID, inbox.Assign(to), id)
	if err != nil {
		return s.backToCounter(w, r, v, err, flash{})
	}
	if word := strings.TrimSpace(r.PostFormValue("note")); word != "" {
		seq, err := s.Inbox.AddNote(r.Context(), v.Actor, v.Place.ID, id, word)
		if err != nil {
			return err
		}
		seqs = append(seqs, seq)
	}
	f := flash{Key: "inbox.done.assigned_nobody"}
	if to == v.Member.ID {
		f = flash{Key: "inbox.done.assigned_self"}
	} else if to != "" {
		m, err := place.GetMember(r.Context(), s.DB, to)
		if err != nil {
			return err
		}
		f = flash{Key: "inbox.done.assigned", Args: []string{"to", floor.FirstName(m.Name)}}
	}
	return s.backToCounter(w, r, v, nil, s.gesture(v, f, seqs))
}

// label puts a label on or off, or makes a new one and puts it on.
func (s *Server) label(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	id, on := r.PostFormValue("label"), r.PostFormValue("on") != "false"
	if name := r.PostFormValue("new"); id == "" {
		label, err := s.Inbox.NewLabel(r.Context(), v.Actor, v.Place.ID, name)
		if fault.Is(err, fault.Invalid) {
			l, _ := Language(r, v)
			return s.showThread(w, r, v, http.StatusUnprocessableEntity, answering{Error: l.Field(fault.As(err).Fields[0])})
		}
		if err != nil {
			return err
		}
		id, on = label.ID, true
	}
	seqs, err := s.Inbox.Label(r.Context(), v.Actor, v.Place.ID, id, on, r.PathValue("conversation"))
	f := flash{Key: "inbox.done.labelled"}
	if !on {
		f.Key = "inbox.done.unlabelled"
	}
	return s.backToCounter(w, r, v, err, s.gesture(v, f, seqs))
}

// passToFloor makes a call for the floor of the latest message, or of the one named.
func (s *Server) passToFloor(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	_, err := s.Inbox.Pass(r.Context(), v.Actor, v.Place.ID, r.PathValue("conversation"), r.PostFormValue("message"), r.PostFormValue("table"), r.PostFormValue("note"))
	return s.backToCounter(w, r, v, err, flash{Key: "inbox.done.passed"})
}

// severalGestures does one thing with every conversation that was chosen.
func (s *Server) severalGestures(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
	ids := r.PostForm["id"]
	if len(ids) == 0 {
		return s.backToCounter(w, r, v, nil, flash{Key: "inbox.none_chosen"})
	}
	var seqs []int64
	var err error
	key := "inbox.several.labelled"
	if label := r.PostFormValue("label"); label != "" {
		seqs, err = s.Inbox.Label(r.Context(), v.Actor, v.Place.ID, label, true, ids...)
	} else {
		var g inbox.Gesture
		if g, key, err = bulkGesture(r, v.Place); err != nil {
			return err
		}
		seqs, err = s.Inbox.Do(r.Context(), v.Actor, v.Place.ID, g, ids...)
	}
	if err != nil {
		return s.backToCounter(w, r, v, err, flash{})
	}
	l, _ := Language(r, v)
	s.gesture(v, flash{Key: "inbox.done.several", Args: []string{"what", l.N(key, len(ids))}}, seqs).leave(w, v)
	return seeOther(w, r, filterOf(r, v).first().at(v.Place, ""))
}

// bulkGesture reads what is to be done with several, and how to say that it was.
func bulkGesture(r *http.Request, p place.Place) (inbox.Gesture, string, error) {
	if to := r.PostFormValue("assign"); to != "" {
		return inbox.Assign(to), "inbox.several.assigned", nil
	}
	switch r.PostFormValue("do") {
	case "settle":
		return inbox.Settle(), "inbox.several.settled", nil
	case "reopen":
		return inbox.Reopen(), "inbox.several.reopened", nil
	case "snooze":
		until, _ := snoozeTime("morning", p, time.Now())
		return inbox.Snooze(until), "inbox.several.snoozed", nil
	}
	return inbox.Gesture{}, "", fault.New(fault.Invalid, "web.bulk", "")
}
