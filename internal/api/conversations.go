package api

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// Listing is how a list is paged.
type Listing struct {
	After string `query:"after" maxLength:"80" doc:"The id of the last one that you have, or the mark that the Link of the page before carries."`
	Limit int    `query:"limit" minimum:"1" maximum:"100" default:"30" doc:"How many at most."`
}

// next is the Link to the page behind mark; "" for none.
func (l Listing) next(v *door.Visit, path, mark string, query ...string) string {
	if mark == "" {
		return ""
	}
	q := url.Values{"after": {mark}, "limit": {strconv.Itoa(l.Limit)}}
	for i := 0; i+1 < len(query); i += 2 {
		if query[i+1] != "" {
			q.Set(query[i], query[i+1])
		}
	}
	return "<" + v.Base() + base + path + "?" + q.Encode() + `>; rel="next"`
}

type listConversations struct {
	Listing
	State   string `query:"state" enum:"open,snoozed,settled,automatic" doc:"open: to be answered, by people; automatic: only machines spoke; absent: every one."`
	Network string `query:"network" maxLength:"40" doc:"Those of one network: house, email, …" example:"email"`
	Label   string `query:"label" format:"uuid" doc:"Those with a label, by its id."`
	Person  string `query:"person" format:"uuid" doc:"Those with a person, by their id."`
	Words   string `query:"q" maxLength:"200" doc:"Those with these words, accents and case aside; in quotes, as they stand." example:"groupe samedi"`
}

type getConversation struct {
	ByID
	Before string `query:"before" format:"uuid" doc:"Messages older than this one, by its id: the mark earlier."`
}

type changeConversation struct {
	ByID
	Body ConversationChange
}

// ConversationChange is what is to become of a conversation. What is left out stays.
type ConversationChange struct {
	State        inbox.State `json:"state,omitempty" enum:"open,snoozed,settled" doc:"settled: until somebody speaks again; snoozed: until snoozed_until, or the next message; open: back." example:"settled"`
	SnoozedUntil *time.Time  `json:"snoozed_until,omitempty" doc:"With snoozed only. A message always wakes it."`
	AssigneeID   optional    `json:"assignee_id,omitzero" doc:"Entrust it to a member who works at the counter; null: to nobody."`
	Read         bool        `json:"read,omitempty" doc:"true: somebody has seen the latest message."`
	Labels       LabelChange `json:"labels,omitempty"`
}

// LabelChange puts labels on and takes them off.
type LabelChange struct {
	On  []string `json:"on,omitempty" format:"uuid" maxItems:"50" doc:"Labels to put on, by id."`
	Off []string `json:"off,omitempty" format:"uuid" maxItems:"50" doc:"Labels to take off, by id."`
}

// optional is an id in a change: left out, null or given.
type optional struct {
	Given bool
	ID    string
}

// UnmarshalJSON implements json.Unmarshaler.
func (o *optional) UnmarshalJSON(b []byte) error {
	o.Given = true
	return json.Unmarshal(b, &o.ID)
}

// Schema implements huma.SchemaProvider.
func (optional) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid", Nullable: true}
}

func (a *API) conversationOperations() {
	tags := []string{"Conversations"}
	add(a, place.ScopeRead, huma.Operation{
		OperationID: "listConversations", Method: http.MethodGet, Path: "/conversations", Tags: tags,
		Summary: "Conversations, the newest first", Description: "In the order of their latest message; with q, of the latest message that has the words.",
	}, a.conversations)
	add(a, place.ScopeRead, huma.Operation{
		OperationID: "getConversation", Method: http.MethodGet, Path: "/conversations/{id}", Tags: tags, Errors: []int{http.StatusConflict},
		Summary: "A conversation with what is in it", Description: "One that has become part of another is answered 409, with the other's id as into.",
	}, a.conversation)
	add(a, place.ScopeReply, huma.Operation{
		OperationID: "changeConversation", Method: http.MethodPatch, Path: "/conversations/{id}", Tags: tags, Errors: []int{http.StatusConflict},
		Summary: "Settle, reopen, snooze, entrust, label", Description: "All that is given is done, or nothing.",
	}, a.changeConversation)
}

func (a *API) conversations(ctx context.Context, v *door.Visit, in *listConversations) (*list[Conversation], error) {
	if err := a.knows(in.Network); err != nil {
		return nil, err
	}
	tab := inbox.Tab(in.State)
	if tab == "" {
		tab = inbox.TabAll
	}
	page, err := a.Inbox.List(ctx, v.Place.ID, inbox.Query{
		Tab: tab, Only: network.Kind(in.Network), LabelID: in.Label, PersonID: in.Person, Search: in.Words, After: in.After, Limit: in.Limit,
	})
	if err != nil {
		return nil, wrongMark(err)
	}
	link := in.next(v, "/conversations", page.Next, "state", in.State, "network", in.Network, "label", in.Label, "person", in.Person, "q", in.Words)
	return &list[Conversation]{Link: link, Body: each(page.Rows, conversation)}, nil
}

// knows refuses a network that this installation does not know: an empty list would say that all is quiet there.
func (a *API) knows(kind string) error {
	if _, ok := a.Networks.Drivers[network.Kind(kind)]; kind != "" && !ok {
		return fault.InvalidFields("api.network", fault.Field{Name: "?network", Key: "network.unknown", Args: []any{"network", kind}})
	}
	return nil
}

// wrongMark says of which parameter the sentence about a mark speaks.
func wrongMark(err error) error {
	if f := fault.As(err); f.Key == "inbox.mark" {
		return fault.InvalidFields(f.Op, fault.Field{Name: "?after", Key: f.Key})
	}
	return err
}

func (a *API) conversation(ctx context.Context, v *door.Visit, in *getConversation) (*one[Thread], error) {
	t, err := a.Inbox.Thread(ctx, v.Place.ID, in.ID, in.Before)
	if err != nil {
		return nil, err
	}
	say := a.teller(ctx)
	err = say.inform(ctx, a.DB, v.Place.ID)
	return &one[Thread]{say.thread(t)}, err
}

func (a *API) changeConversation(ctx context.Context, v *door.Visit, in *changeConversation) (*one[Conversation], error) {
	b := in.Body
	change := inbox.Change{On: b.Labels.On, Off: b.Labels.Off}
	if b.SnoozedUntil != nil && b.State != inbox.Snoozed {
		return nil, fault.InvalidFields("api.change", fault.Field{Name: "snoozed_until", Key: "api.only_snoozed"})
	}
	if b.AssigneeID.Given {
		change.Gestures = append(change.Gestures, inbox.Assign(b.AssigneeID.ID))
	}
	if b.Read {
		change.Gestures = append(change.Gestures, inbox.Read())
	}
	switch b.State {
	case inbox.Settled:
		change.Gestures = append(change.Gestures, inbox.Settle())
	case inbox.Open:
		change.Gestures = append(change.Gestures, inbox.Reopen())
	case inbox.Snoozed:
		var until time.Time
		if b.SnoozedUntil != nil {
			until = *b.SnoozedUntil
		}
		change.Gestures = append(change.Gestures, inbox.Snooze(until))
	}
	if err := a.Inbox.Change(ctx, v.Actor, v.Place.ID, in.ID, change); err != nil {
		return nil, renamed(err, "member", "assignee_id", "until", "snoozed_until", "on", "labels/on", "off", "labels/off")
	}
	rows, err := a.Inbox.Rows(ctx, v.Place.ID, "", in.ID)
	if err == nil && len(rows) == 0 {
		err = fault.New(fault.NotFound, "api.change", "")
	}
	if err != nil {
		return nil, err
	}
	return &one[Conversation]{conversation(rows[0])}, nil
}
