package web

import (
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/a-h/templ"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/text"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/view"
)

// answering is what a member was about to say when the page had to be shown again.
type answering struct {
	Text    string
	Error   string
	Collide *view.Collision
	Keep    bool // Text counts, though it may be empty
}

// thread fills the middle pane.
func (s *Server) thread(ctx context.Context, r *http.Request, v *door.Visit, l locale.Locale, t inbox.Thread, a answering) (*view.Thread, error) {
	now := time.Now()
	f := filterOf(r, v)
	name := conversationName(l, t.Conversation, t.Name)
	pane := &view.Thread{
		ID: t.ID, Base: at(v.Place, "inbox/c/"+t.ID), Back: f.at(v.Place, ""), Name: name,
		Face: view.Face{Name: name, Hue: text.Hue(t.PersonID), Network: string(t.Kind)}, Network: string(t.Kind),
		Subject: t.Subject, State: string(t.State), Assigned: floor.FirstName(t.Assignee), Collide: a.Collide,
		Card: t.PersonID != "", CanMerge: true, Line: threadLine(l, t),
	}
	switch t.State {
	case inbox.Snoozed:
		pane.StateAt = snoozedLine(l, t.Conversation, now)
	case inbox.Settled:
		pane.StateAt = l.T("inbox.is_settled")
	}
	for _, label := range t.Labels {
		pane.Tags = append(pane.Tags, view.Tag{Text: label.Name, Tone: label.Tone})
	}
	here := f.at(v.Place, "/c/"+t.ID)
	if t.Earlier != "" {
		pane.Earlier = here + joiner(here) + "before=" + t.Earlier
	}
	if t.Older() {
		pane.Later = here
	}
	var err error
	if pane.Items, err = s.threadItems(ctx, v.Place, l, t, r.URL.Query().Get("at"), now); err != nil {
		return nil, err
	}
	if pane.Members, err = s.counterMembers(ctx, v, l, t.AssigneeID); err != nil {
		return nil, err
	}
	pane.Manage = at(v.Place, "settings/counter#etiquettes")
	if pane.Labels, err = s.labelOptions(ctx, v.Place, t); err != nil {
		return nil, err
	}
	if pane.Presence, err = s.present(ctx, v, t.ID); err != nil {
		return nil, err
	}
	if pane.Merged, err = s.mergedIn(ctx, v.Place, l, t); err != nil {
		return nil, err
	}
	if s.canPass(t) {
		if pane.Floor, err = s.floorMenu(ctx, v.Place, t, now); err != nil {
			return nil, err
		}
	}
	pane.Snooze = snoozeMenu(l, v.Place, now)
	pane.Reply, err = s.replyBox(ctx, r, v, l, t, a)
	return pane, err
}

// canPass tells whether what they say can become a call. What was said at a table is one already.
func (s *Server) canPass(t inbox.Thread) bool {
	return s.Inbox.ToFloor != nil && t.Kind != place.HouseKind
}

// saysTable finds the table that somebody names.
var saysTable = regexp.MustCompile(`\btable[ #n°:]*([a-z0-9-]+)`)

// floorMenu offers the tables; the one where they sit, or that they name, is chosen.
func (s *Server) floorMenu(ctx context.Context, p place.Place, t inbox.Thread, now time.Time) (*view.FloorMenu, error) {
	tables, err := floor.Tables(ctx, s.DB, p.ID)
	if err != nil {
		return nil, err
	}
	seats, err := floor.Seats(ctx, s.DB, p.ID, now, []string{t.ID})
	if err != nil {
		return nil, err
	}
	sits := seats[t.ID].Table
	for _, m := range slices.Backward(t.Messages) {
		if named := saysTable.FindStringSubmatch(text.Fold(m.Text)); sits == "" && m.Direction == inbox.In && named != nil {
			sits = named[1]
		}
	}
	menu := &view.FloorMenu{}
	for _, table := range tables {
		menu.Tables = append(menu.Tables, view.Option{Value: table.ID, Label: table.Name, Chosen: sits != "" && text.Fold(table.Name) == text.Fold(sits)})
	}
	return menu, nil
}

func joiner(url string) string {
	if strings.ContainsRune(url, '?') {
		return "&"
	}
	return "?"
}

// threadLine says by which network they speak, and under which name there.
func threadLine(l locale.Locale, t inbox.Thread) string {
	line := l.T("network." + string(t.Kind))
	for _, m := range slices.Backward(t.Messages) {
		if m.Direction == inbox.In {
			if handle := m.Author().Handle; handle != "" {
				return l.T("inbox.line", "network", line, "handle", handle)
			}
			break
		}
	}
	return line
}

// labelOptions are the labels of the place, those of the conversation marked.
func (s *Server) labelOptions(ctx context.Context, p place.Place, t inbox.Thread) ([]view.LabelOption, error) {
	labels, err := s.Inbox.Labels(ctx, p.ID)
	if err != nil {
		return nil, err
	}
	var all []view.LabelOption
	for _, label := range labels {
		on := slices.ContainsFunc(t.Labels, func(have inbox.Label) bool { return have.ID == label.ID })
		all = append(all, view.LabelOption{ID: label.ID, Name: label.Name, Tone: label.Tone, On: on})
	}
	return all, nil
}

// present returns who else looks at a conversation.
func (s *Server) present(ctx context.Context, v *door.Visit, id string) ([]view.Presence, error) {
	others, err := s.Inbox.Present(ctx, v.Place.ID, id, v.Member.ID)
	var all []view.Presence
	for _, o := range others {
		all = append(all, view.Presence{Face: view.Face{Name: o.Name, Hue: text.Hue(o.MemberID)}, Name: floor.FirstName(o.Name), Writing: o.Writing})
	}
	return all, err
}

// threadItem is one thing in a thread and when it was.
type threadItem struct {
	at   time.Time
	draw templ.Component
}

// threadItems puts messages, notes and what happened in order of time, parted by days. found is the message that led
// here, "" for none.
func (s *Server) threadItems(ctx context.Context, p place.Place, l locale.Locale, t inbox.Thread, found string, now time.Time) ([]templ.Component, error) {
	c, err := s.chronicler(ctx, p, l, now)
	if err != nil {
		return nil, err
	}
	c.subject, c.kind, c.found, c.floor = t.Subject, t.Kind, found, s.canPass(t)
	var all []threadItem
	last := lastOfTheirs(t.Messages)
	for _, m := range t.Messages {
		all = append(all, threadItem{m.At, view.MessageItem(c.message(m, m.ID == last))})
	}
	from, until := time.Time{}, now
	if t.Earlier != "" && len(t.Messages) > 0 {
		from = t.Messages[0].At // what happened before is shown with the older messages
	}
	if t.Older() {
		until = t.Messages[len(t.Messages)-1].At
	}
	for _, n := range t.Notes {
		all = append(all, threadItem{n.At, view.NoteItem(c.note(n))})
	}
	for _, e := range t.Events {
		if words := c.event(e); words != "" {
			all = append(all, threadItem{e.At, view.EventItem(eventID(e), words)})
		}
	}
	slices.SortStableFunc(all, func(a, b threadItem) int { return a.at.Compare(b.at) })
	var items []templ.Component
	day := ""
	for _, it := range all {
		if it.at.Before(from) || it.at.After(until) {
			continue
		}
		if d := capital(l.Day(it.at, now)); d != day {
			day = d
			items = append(items, view.DayMark(d))
		}
		items = append(items, it.draw)
	}
	return items, nil
}

func eventID(e place.Entry) string { return "e" + itoa(e.Seq) }

// lastOfTheirs is the message that gestures are about, "" when only the place spoke.
func lastOfTheirs(all []inbox.Message) string {
	for _, m := range slices.Backward(all) {
		if m.Direction == inbox.In {
			return m.ID
		}
	}
	return ""
}

// chronicler tells what is in a thread of a place to one reader.
type chronicler struct {
	l       locale.Locale
	place   place.Place
	now     time.Time
	names   map[string]string // of members and tokens
	tables  map[string]string
	labels  map[string]string
	subject string
	kind    network.Kind
	floor   bool   // a message can be passed to the floor
	found   string // the message that led here
	// reacts and moderates tell what can be done on the network of an account.
	reacts, moderates func(accountID string) bool
	// notSent is what kept an answer from leaving.
	notSent func(inbox.Delivery) error
}

func (s *Server) chronicler(ctx context.Context, p place.Place, l locale.Locale, now time.Time) (*chronicler, error) {
	c := &chronicler{l: l, place: p, now: now, tables: map[string]string{}, labels: map[string]string{}}
	c.notSent = func(d inbox.Delivery) error { return s.notSent(ctx, d) }
	c.reacts = once(func(accountID string) bool { return s.Inbox.Reacts(ctx, p.ID, accountID) })
	c.moderates = once(func(accountID string) bool { return s.Inbox.Moderates(ctx, p.ID, accountID) })
	var err error
	if c.names, err = place.Names(ctx, s.DB, p.ID); err != nil {
		return nil, err
	}
	tables, err := floor.Tables(ctx, s.DB, p.ID)
	if err != nil {
		return nil, err
	}
	for _, t := range tables {
		c.tables[t.ID] = t.Name
	}
	labels, err := s.Inbox.Labels(ctx, p.ID)
	for _, label := range labels {
		c.labels[label.ID] = label.Name
	}
	return c, err
}

// once asks about each account once.
func once(ask func(accountID string) bool) func(accountID string) bool {
	told := map[string]bool{}
	return func(accountID string) bool {
		is, known := told[accountID]
		if !known {
			is = ask(accountID)
			told[accountID] = is
		}
		return is
	}
}

// message is one message as the thread shows it; the latest of theirs carries the gestures.
func (c *chronicler) message(m inbox.Message, latest bool) view.Message {
	v := view.Message{
		ID: m.ID, At: c.l.Clock(m.At), Stamp: c.l.Stamp(m.At), Us: m.Direction == inbox.Out, Text: m.Text, Folded: m.Quoted,
		Lang: foreign(c.l, m.Lang), Remote: m.URL, Found: m.ID == c.found,
	}
	if text.Subject(m.Subject) != text.Subject(c.subject) {
		v.Subject = m.Subject
	}
	v.Blocked, v.Automatic = m.RemotePictures(), m.Automatic
	v.Standing, v.Edited, v.Gone = string(m.Standing), !m.EditedAt.IsZero(), !m.GoneAt.IsZero()
	for _, f := range m.Attachments {
		v.Files = append(v.Files, c.file(f))
	}
	if v.Us {
		v.Name, v.Face = c.place.Name, view.Face{Name: c.place.Name, House: true}
		v.Handle = floor.FirstName(c.names[m.MemberID])
		c.delivery(&v, m)
		return v
	}
	if m.Told("kind") == string(floor.Kindly) {
		v.Kind = c.l.T("floor.kind")
		if whom := m.Told("whom"); whom != "" {
			v.Kind = c.l.T("floor.kind." + whom)
		}
	}
	who := m.Author()
	v.Name, v.Handle = who.Name, who.Handle
	if v.Name == "" {
		v.Name, v.Handle = who.Handle, ""
	}
	v.Face = view.Face{Name: v.Name, Hue: text.Hue(m.PersonID), Network: string(c.kind)}
	v.Latest = latest
	if v.Gone {
		return v
	}
	v.Reply = latest
	if m.RemoteID != "" && c.reacts(m.AccountID) {
		base := at(c.place, "inbox/m/"+m.ID)
		v.Love, v.Loved, v.LovedBy = base+"/like", m.Liked, c.l.T("gesture.loved", "place", c.place.Name)
		if m.Visibility != network.Private {
			v.Share, v.Shared = base+"/boost", m.Boosted
		}
	}
	v.Floor = latest && c.floor
	if m.Standing != "" && c.moderates(m.AccountID) {
		v.Decide = at(c.place, "inbox/m/"+m.ID+"/standing")
	}
	return v
}

func (c *chronicler) file(f inbox.Attachment) view.File {
	v := view.File{Name: f.Name, Size: c.l.Size(f.Size), Alt: f.Alt}
	if f.Hash == "" {
		return v
	}
	v.URL = at(c.place, "inbox/files/"+f.ID)
	if f.Picture {
		v.Preview = v.URL + "/preview"
	}
	return v
}

// delivery says how far an answer of ours has come, and what can still be done.
func (c *chronicler) delivery(v *view.Message, m inbox.Message) {
	d := m.Reply
	if d == nil {
		return
	}
	base := at(c.place, "inbox/m/"+m.ID)
	why := c.l.Fault(c.notSent(*d))
	if d.Doubted() {
		v.State, v.Fault, v.Retry, v.Arrived = "uncertain", c.l.T("reply.unknown"), base+"/anyway", base+"/arrived"
		if d.FaultKey == inbox.FromBackup {
			v.Fault = why
		}
		if d.State == inbox.Held {
			v.Undo = base + "/cancel"
		}
		return
	}
	switch d.State {
	case inbox.Waiting:
		v.State, v.Until, v.Undo = "waiting", d.Due.UnixMilli(), base+"/cancel"
		if d.Attempts > 0 {
			v.Fault = c.l.T("message.again", "time", c.l.Clock(d.Due))
		}
	case inbox.Sending:
		v.State = "sending"
	case inbox.Held:
		v.State, v.Fault, v.Undo, v.Mend = "held", c.l.T("message.held"), base+"/cancel", accountsAt(c.place, "/"+m.AccountID)
	case inbox.Failed:
		v.State, v.Fault = "failed", why
		if d.FaultKey != "reply.bounced" {
			v.Retry, v.Undo = base+"/retry", base+"/cancel"
		}
	}
}

// notSent is what kept an answer from leaving, with the names that its sentence tells; nil when nothing did.
func (s *Server) notSent(ctx context.Context, d inbox.Delivery) error {
	if d.FaultCode == "" {
		return nil
	}
	a, err := place.GetAccount(ctx, s.DB, d.PlaceID, d.AccountID)
	if err != nil || s.Networks == nil {
		return &fault.Error{Code: d.FaultCode, Key: d.FaultKey}
	}
	return s.Networks.Explain(a, d.FaultCode, d.FaultKey)
}

func (c *chronicler) note(n inbox.Note) view.Note {
	name := c.names[n.MemberID]
	v := view.Note{ID: n.ID, Face: view.Face{Name: name, Hue: text.Hue(n.MemberID)}, At: c.l.Clock(n.At), Stamp: c.l.Stamp(n.At), Text: n.Text}
	if v.Title = c.l.T("note.by", "name", floor.FirstName(name)); name == "" {
		v.Title = c.l.T("note.of_the_team")
	}
	return v
}

// event says what happened to a conversation; "" for what a reader need not know.
func (c *chronicler) event(e place.Entry) string {
	key := "event." + e.Kind
	word := func(name string) string { s, _ := e.Data[name].(string); return s }
	who := c.who(e)
	args := []any{"who", who, "time", c.l.Clock(e.At)}
	switch e.Kind {
	case "conversation.assigned":
		is, _ := e.Data["is"].(map[string]any)
		to, _ := is["assignee"].(string)
		switch {
		case to == "":
			key += ".nobody"
		case to == e.ActorID:
			key += ".self"
		}
		args = append(args, "to", floor.FirstName(c.names[to]))
	case "conversation.snoozed":
		is, _ := e.Data["is"].(map[string]any)
		until, _ := is["until"].(float64)
		if until == 0 {
			key += ".message"
		}
		args = append(args, "when", c.l.When(db.Time(int64(until)), e.At))
	case "conversation.labelled":
		if on, _ := e.Data["on"].(bool); !on {
			key += ".off"
		}
		label := c.labels[word("label")]
		if label == "" {
			return "" // it was removed since: nobody knows it any more
		}
		args = append(args, "label", label)
	case "conversation.moderated":
		key += "." + word("standing")
		if e.Actor == place.NetworkActor {
			key += ".elsewhere"
		}
	default:
		if table := c.tables[word("table")]; table != "" && c.l.Has(key+".at") {
			key += ".at"
			args = append(args, "table", table)
		}
	}
	if !c.l.Has(key) {
		return ""
	}
	return c.l.T(key, args...)
}

// who did it: a colleague, a program, or nobody in particular.
func (c *chronicler) who(e place.Entry) string {
	if by, _ := e.Data["by"].(string); by != "" && c.names[by] != "" {
		return floor.FirstName(c.names[by])
	}
	if name := c.names[e.ActorID]; name != "" {
		return floor.FirstName(name)
	}
	return c.l.T("journal.somebody")
}
