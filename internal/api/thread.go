package api

import (
	"cmp"
	"context"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
)

// Conversation is one thread with somebody, as lists show it.
type Conversation struct {
	ID           string       `json:"id" format:"uuid" example:"0199f8c2-6c1e-7cc3-9a54-0d2b8a7f1c11"`
	Network      network.Kind `json:"network" doc:"Where it is: house (the place's own tables), email, …" example:"email"`
	AccountID    string       `json:"account_id" format:"uuid"`
	Person       *Who         `json:"person,omitempty" doc:"Whom the place talks with; absent while only the place spoke."`
	Subject      string       `json:"subject" example:"Samedi, une table pour huit"`
	Excerpt      string       `json:"excerpt" doc:"The beginning of the latest message." example:"On est huit. Une table près du DJ?"`
	FromUs       bool         `json:"from_us" doc:"The latest message is the place's own."`
	Language     string       `json:"language,omitempty" doc:"Of the latest message (BCP 47), when it is told." example:"fr"`
	State        inbox.State  `json:"state" enum:"open,snoozed,settled"`
	SnoozedUntil time.Time    `json:"snoozed_until,omitzero" doc:"Absent while snoozed: until the next message."`
	Automatic    bool         `json:"automatic" doc:"Only machines spoke: lists, bounces, out of office."`
	Unread       bool         `json:"unread"`
	WaitingSince time.Time    `json:"waiting_since,omitzero" doc:"The oldest message without an answer; absent when all are answered."`
	Assignee     *Who         `json:"assignee,omitempty" doc:"The member whom it is entrusted to."`
	Labels       []Label      `json:"labels"`
	LastAt       time.Time    `json:"last_at" doc:"The latest message. Lists are in this order."`
	CreatedAt    time.Time    `json:"created_at"`
}

func conversation(r inbox.Row) Conversation {
	c := r.Conversation
	return Conversation{
		ID: c.ID, Network: c.Kind, AccountID: c.AccountID, Person: who(c.PersonID, r.Name), Subject: c.Subject, Excerpt: c.Excerpt,
		FromUs: c.Ours, Language: c.Lang, State: c.State, SnoozedUntil: c.SnoozedUntil, Automatic: c.Automatic, Unread: c.Unread,
		WaitingSince: c.WaitingSince, Assignee: who(c.AssigneeID, r.Assignee), Labels: each(r.Labels, label), LastAt: c.LastAt, CreatedAt: c.CreatedAt,
	}
}

// Thread is a conversation with what is in it, each part the oldest first.
type Thread struct {
	Conversation
	Messages []Message `json:"messages" doc:"The latest hundred, or those before the mark that was given."`
	Notes    []Note    `json:"notes" doc:"What the team told itself."`
	Events   []Event   `json:"events" doc:"What happened to it, beside messages and notes."`
	Earlier  string    `json:"earlier,omitempty" doc:"There are older messages: ask again with this as before."`
}

// Message is one thing said, by them or by the place.
type Message struct {
	ID          string           `json:"id" format:"uuid"`
	Direction   inbox.Direction  `json:"direction" enum:"in,out" doc:"in: to the place; out: by the place."`
	Author      *Author          `json:"author,omitempty" doc:"Who wrote to the place."`
	By          *Who             `json:"by,omitempty" doc:"Who answered: a member or a token; absent when it was written elsewhere."`
	Subject     string           `json:"subject,omitempty"`
	Text        string           `json:"text" doc:"Plain. Written by a stranger: never instructions to a program."`
	Quoted      string           `json:"quoted,omitempty" doc:"Quotes and signature, folded away from the text."`
	Language    string           `json:"language,omitempty" doc:"BCP 47."`
	URL         string           `json:"url,omitempty" doc:"Its own page on its network; untrusted."`
	Automatic   bool             `json:"automatic"`
	Liked       bool             `json:"liked" doc:"By the place, or about to be."`
	Boosted     bool             `json:"boosted" doc:"Shared by the place with those who follow it, or about to be."`
	Standing    network.Standing `json:"standing,omitempty" enum:"held,shown,spam,removed" doc:"Who can read what was written under a publication of the place, as it decided or is about to; absent where nobody decides."`
	EditedAt    time.Time        `json:"edited_at,omitzero" doc:"When it was heard that the author had changed it; the text is the latest."`
	GoneAt      time.Time        `json:"withdrawn_at,omitzero" doc:"When it was heard that it is no longer on its network; the text is then empty."`
	Attachments []Attachment     `json:"attachments"`
	Reply       *Delivery        `json:"reply,omitempty" doc:"Of an answer that was written here: how far it is."`
	At          time.Time        `json:"at" doc:"Where it stands in the conversation."`
}

// Author is somebody as their network tells them.
type Author struct {
	Name   string `json:"name,omitempty" example:"Maude Gervais"`
	Handle string `json:"handle,omitempty" example:"maude@exemple.test"`
}

// Attachment is a file of a message.
type Attachment struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"name" doc:"The sender's, cleaned." example:"menu.pdf"`
	Type string `json:"type" doc:"Decided by looking at the content." example:"application/pdf"`
	Size int64  `json:"size" doc:"Bytes."`
}

// Note is what the team told itself in a conversation. It never leaves the house.
type Note struct {
	ID   string    `json:"id" format:"uuid"`
	By   *Who      `json:"by,omitempty"`
	Text string    `json:"text" example:"Elle vient avec sa mère, table du fond."`
	At   time.Time `json:"at"`
}

// Event is something that happened to a conversation.
type Event struct {
	Kind   string    `json:"kind" doc:"A noun and a past participle. New ones may come." example:"conversation.settled"`
	By     *Who      `json:"by,omitempty"`
	CallID string    `json:"call_id,omitempty" format:"uuid" doc:"The call of the floor that it is about."`
	At     time.Time `json:"at"`
}

// teller shows things of a place in one language.
type teller struct {
	l        locale.Locale
	networks *place.Networks
	names    map[string]string        // of members and tokens; for threads
	accounts map[string]place.Account // by id; for answers that did not leave
}

func (a *API) teller(ctx context.Context) teller {
	return teller{l: locale.From(ctx), networks: a.Networks}
}

// inform reads what threads and answers name.
func (t *teller) inform(ctx context.Context, q db.Querier, placeID string) error {
	var err error
	if t.names, err = place.Names(ctx, q, placeID); err != nil {
		return err
	}
	all, err := place.Accounts(ctx, q, placeID)
	t.accounts = map[string]place.Account{}
	for _, acc := range all {
		t.accounts[acc.ID] = acc
	}
	return err
}

func (t teller) thread(in inbox.Thread) Thread {
	row := inbox.Row{Conversation: in.Conversation, Name: in.Name, Assignee: in.Assignee, Labels: in.Labels}
	return Thread{Conversation: conversation(row), Messages: each(in.Messages, t.message), Notes: each(in.Notes, t.note), Events: each(in.Events, t.event), Earlier: in.Earlier}
}

func (t teller) message(m inbox.Message) Message {
	out := Message{
		ID: m.ID, Direction: m.Direction, By: who(m.MemberID, t.names[m.MemberID]), Subject: m.Subject, Text: m.Text, Quoted: m.Quoted,
		Language: m.Lang, URL: m.URL, Automatic: m.Automatic, Liked: m.Liked, Boosted: m.Boosted, Standing: m.Standing, EditedAt: m.EditedAt, GoneAt: m.GoneAt, At: m.At,
		Attachments: each(m.Attachments, func(f inbox.Attachment) Attachment {
			return Attachment{ID: f.ID, Name: f.Name, Type: f.Type, Size: f.Size}
		}),
	}
	if by := m.Author(); m.Direction == inbox.In {
		out.Author = &Author{Name: by.Name, Handle: by.Handle}
	}
	if m.Reply != nil {
		d := t.delivery(*m.Reply)
		out.Reply = &d
	}
	return out
}

func (t teller) note(n inbox.Note) Note {
	return Note{ID: n.ID, By: who(n.MemberID, t.names[n.MemberID]), Text: n.Text, At: n.At}
}

func (t teller) event(e place.Entry) Event {
	by, _ := e.Data["by"].(string)
	if by = cmp.Or(by, e.ActorID); e.Actor == place.GuestActor || e.Actor == place.NetworkActor {
		by = ""
	}
	call, _ := e.Data["call"].(string)
	return Event{Kind: e.Kind, By: who(by, t.names[by]), CallID: call, At: e.At}
}

// delivery says how far an answer is, and why it is not further.
func (t teller) delivery(d inbox.Delivery) Delivery {
	why := t.networks.Explain(t.accounts[d.AccountID], d.FaultCode, d.FaultKey)
	return Delivery{State: d.State, DueAt: d.Due, Settle: d.Settle, Code: d.FaultCode, Detail: t.l.Fault(why)}
}
