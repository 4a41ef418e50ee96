package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// Reply is an answer of the place and how far it is.
type Reply struct {
	ID   string `json:"id" format:"uuid" example:"0199f8c2-6c1e-7cc3-9a54-0d2b8a7f1c11"`
	Text string `json:"text" example:"Avec plaisir. Disons 19 h, près du DJ."`
	Delivery
}

// Delivery is how far an answer is.
type Delivery struct {
	State  inbox.DeliveryState `json:"state" enum:"waiting,sending,sent,failed,held,uncertain,cancelled" doc:"waiting: leaves at due_at; held: its account needs a person first; uncertain: it left, and nobody knows whether it arrived."`
	DueAt  time.Time           `json:"due_at" doc:"Nothing leaves before; until then it can be taken back."`
	Settle bool                `json:"settle" doc:"The conversation was settled with it."`
	Code   fault.Code          `json:"code,omitempty" doc:"Why it is not further: the code of a problem."`
	Detail string              `json:"detail,omitempty" doc:"The same, for a person."`
}

// NewReply is what the place is to say.
type NewReply struct {
	Text      string `json:"text" doc:"Plain, at most 10,000 characters; less where the network takes less." example:"Avec plaisir. Disons 19 h, près du DJ."`
	Settle    bool   `json:"settle,omitempty" doc:"Settle the conversation with it."`
	AnswersID string `json:"answers_id,omitempty" format:"uuid" doc:"The message to answer; absent: the latest of theirs."`
	SeenID    string `json:"seen_id,omitempty" format:"uuid" doc:"The latest message that you know: when somebody answered after it, nothing is sent and the answer is 409."`
}

// NewNote is what the team is to know.
type NewNote struct {
	Text string `json:"text" doc:"Plain, at most 10,000 characters." example:"Elle vient avec sa mère, table du fond."`
}

// Keyed is a request that may come twice.
type Keyed struct {
	Key string `header:"Idempotency-Key" maxLength:"255" doc:"A name of your own for this request. The same request under the same name is done once; another one is refused (422)." example:"reservation-4182"`
}

func (a *API) replyOperations() {
	tags := []string{"Conversations"}
	add(a, place.ScopeReply, huma.Operation{
		OperationID: "createReply", Method: http.MethodPost, Path: "/conversations/{id}/replies", Tags: tags, DefaultStatus: http.StatusCreated, Errors: []int{http.StatusConflict},
		Summary: "Answer", Description: "The answer waits for the place's undo time and then leaves, once.",
	}, a.createReply)
	add(a, place.ScopeReply, huma.Operation{
		OperationID: "createNote", Method: http.MethodPost, Path: "/conversations/{id}/notes", Tags: tags, DefaultStatus: http.StatusCreated, Errors: []int{http.StatusConflict},
		Summary: "Leave a note", Description: "For the team. It never leaves the house.",
	}, a.createNote)
	add(a, place.ScopeReply, huma.Operation{
		OperationID: "changeMessage", Method: http.MethodPatch, Path: "/messages/{id}", Tags: tags, Errors: []int{http.StatusBadRequest},
		Summary: "Like a message, share it, or decide who can read it", Description: "Its network is asked in a moment. A private message is never shared; what the network does not know is refused (400).",
	}, a.changeMessage)
	add(a, place.ScopeRead, huma.Operation{
		OperationID: "getReply", Method: http.MethodGet, Path: "/replies/{id}", Tags: tags,
		Summary: "How far an answer is",
	}, a.getReply)
	add(a, place.ScopeReply, huma.Operation{
		OperationID: "cancelReply", Method: http.MethodDelete, Path: "/replies/{id}", Tags: tags, Errors: []int{http.StatusConflict},
		Summary: "Take an answer back", Description: "While nothing of it has left; afterwards the answer is 409.",
	}, a.cancelReply)
}

func (a *API) createReply(ctx context.Context, v *door.Visit, in *struct {
	ByID
	Keyed
	Body NewReply
}) (*made[Reply], error) {
	done, err := a.Inbox.Reply(ctx, v.Actor, v.Place.ID, inbox.Answer{
		Key: in.Key, ConversationID: in.ID, To: in.Body.AnswersID, Text: in.Body.Text, Settle: in.Body.Settle, Seen: in.Body.SeenID,
	})
	if err != nil {
		return nil, a.wrongMessage(ctx, v, in.ID, in.Body.AnswersID, "answers_id", wrongKey(err))
	}
	r, err := a.reply(ctx, v, done.MessageID)
	return &made[Reply]{Location: base + "/replies/" + r.ID, Body: r}, err
}

func (a *API) createNote(ctx context.Context, v *door.Visit, in *struct {
	ByID
	Keyed
	Body NewNote
}) (*one[Note], error) {
	n, _, err := a.Inbox.KeepNote(ctx, v.Actor, v.Place.ID, inbox.NewNote{Key: in.Key, ConversationID: in.ID, Text: in.Body.Text})
	return &one[Note]{Note{ID: n.ID, By: who(n.MemberID, v.Actor.Name), Text: n.Text, At: n.At}}, wrongKey(err)
}

// MessageChange is what is to become of a message; what is absent stays.
type MessageChange struct {
	Liked    *bool             `json:"liked,omitempty" doc:"By the place."`
	Boosted  *bool             `json:"boosted,omitempty" doc:"Shared by the place with those who follow it."`
	Standing *network.Standing `json:"standing,omitempty" enum:"held,shown,spam,removed" doc:"Of what was written under a publication of the place."`
}

func (a *API) changeMessage(ctx context.Context, v *door.Visit, in *struct {
	ByID
	Body MessageChange
}) (*one[Message], error) {
	for _, wish := range []struct {
		what network.Reaction
		on   *bool
	}{{network.Like, in.Body.Liked}, {network.Boost, in.Body.Boosted}} {
		if wish.on == nil {
			continue
		}
		if _, err := a.Inbox.React(ctx, v.Actor, v.Place.ID, in.ID, wish.what, *wish.on); err != nil {
			return nil, err
		}
	}
	if s := in.Body.Standing; s != nil {
		if _, err := a.Inbox.Moderate(ctx, v.Actor, v.Place.ID, in.ID, *s); err != nil {
			return nil, err
		}
	}
	m, err := a.Inbox.Message(ctx, v.Place.ID, in.ID)
	if err != nil {
		return nil, err
	}
	t := a.teller(ctx)
	if err := t.inform(ctx, a.DB, v.Place.ID); err != nil {
		return nil, err
	}
	return &one[Message]{t.message(m)}, nil
}

// wrongMessage says that it is the message named in a field that is not there, when its conversation is.
func (a *API) wrongMessage(ctx context.Context, v *door.Visit, conversation, message, field string, err error) error {
	if message == "" || !fault.Is(err, fault.NotFound) {
		return err
	}
	if _, missing := a.Inbox.Get(ctx, v.Place.ID, conversation); missing != nil {
		return err
	}
	return unknown(err, field, "api.message_unknown")
}

// wrongKey says of which header the sentence about a key speaks.
func wrongKey(err error) error {
	if f := fault.As(err); f != nil && f.Key == "inbox.key_used" {
		return fault.InvalidFields(f.Op, fault.Field{Name: "?Idempotency-Key", Key: f.Key})
	}
	return err
}

func (a *API) getReply(ctx context.Context, v *door.Visit, in *ByID) (*one[Reply], error) {
	r, err := a.reply(ctx, v, in.ID)
	return &one[Reply]{r}, err
}

func (a *API) cancelReply(ctx context.Context, v *door.Visit, in *ByID) (*none, error) {
	if _, err := a.reply(ctx, v, in.ID); err != nil {
		return nil, err
	}
	_, err := a.Inbox.Cancel(ctx, v.Actor, v.Place.ID, in.ID)
	return &none{}, err
}

// reply is an answer that was written here; any other message is not found.
func (a *API) reply(ctx context.Context, v *door.Visit, id string) (Reply, error) {
	m, err := a.Inbox.Message(ctx, v.Place.ID, id)
	if err == nil && m.Reply == nil {
		err = fault.New(fault.NotFound, "api.reply", "")
	}
	if err != nil {
		return Reply{}, err
	}
	say := a.teller(ctx)
	err = say.inform(ctx, a.DB, v.Place.ID)
	return Reply{ID: m.ID, Text: m.Text, Delivery: say.delivery(*m.Reply)}, err
}
