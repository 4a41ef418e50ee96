package api

import (
	"context"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

// Call is something that a table waits for.
type Call struct {
	ID         string       `json:"id" format:"uuid" example:"0199f8c2-6c1e-7cc3-9a54-0d2b8a7f1c11"`
	Network    string       `json:"network" doc:"house: by the code on the table; else the network of the message that was passed on." example:"house"`
	Kind       floor.Kind   `json:"kind" enum:"hungry,bill,water,loud,other" example:"hungry"`
	State      floor.State  `json:"state" enum:"received,taken,done,cancelled"`
	TableID    string       `json:"table_id,omitempty" format:"uuid" doc:"Absent: not known yet."`
	Table      string       `json:"table,omitempty" doc:"The name on its plate." example:"7"`
	ReceivedAt time.Time    `json:"received_at" doc:"Waiting since."`
	LastAt     time.Time    `json:"last_at" doc:"Asked for the last time."`
	TakenBy    *Who         `json:"taken_by,omitempty" doc:"The member who goes, or the token that took it."`
	TakenAt    time.Time    `json:"taken_at,omitzero"`
	ClosedAt   time.Time    `json:"closed_at,omitzero" doc:"Done or cancelled."`
	Answer     floor.Answer `json:"answer,omitempty" enum:"good,again" doc:"What the guest said afterwards."`
	Asks       []Ask        `json:"asks" doc:"Who asked, the first first: the same call of a table is one call."`
}

// Ask is one time that a call was asked for.
type Ask struct {
	ID             string    `json:"id" format:"uuid"`
	ConversationID string    `json:"conversation_id,omitempty" format:"uuid" doc:"Where what becomes of it is told."`
	Author         string    `json:"author,omitempty" doc:"Who wrote, on another network than the house." example:"Maude Gervais"`
	Text           string    `json:"text,omitempty" doc:"In their own words, plain." example:"On est quatre"`
	Language       string    `json:"language,omitempty" doc:"BCP 47." example:"fr-CA"`
	At             time.Time `json:"at"`
}

func call(c floor.Call) Call {
	return Call{
		ID: c.ID, Network: c.Network, Kind: c.Kind, State: c.State, TableID: c.TableID, Table: c.Table, ReceivedAt: c.ReceivedAt, LastAt: c.LastAt,
		TakenBy: who(c.TakenBy, c.TakenName), TakenAt: c.TakenAt, ClosedAt: c.ClosedAt, Answer: c.Answer,
		Asks: each(c.Asks, func(a floor.Ask) Ask {
			return Ask{ID: a.ID, ConversationID: a.ConversationID, Author: a.Author, Text: a.Text, Language: a.Language, At: a.At}
		}),
	}
}

// NewCall is a message that the floor is to see to.
type NewCall struct {
	MessageID string `json:"message_id,omitempty" format:"uuid" doc:"The message; absent: the latest of theirs."`
	Note      string `json:"note,omitempty" doc:"A word for the floor, at most 200 characters." example:"Table du fond, apporte les menus"`
}

// CallChange is what is to become of a call.
type CallChange struct {
	State     floor.State `json:"state,omitempty" enum:"taken,received,done,cancelled,open" doc:"taken: somebody goes; received: handed back, it rings again; done: somebody was there; cancelled: nobody needs to go; open: a finished one is taken up again." example:"taken"`
	TakenByID string      `json:"taken_by_id,omitempty" format:"uuid" doc:"With taken: the member who goes, whoever had it before; absent: the token itself, if nobody has it."`
	TableID   string      `json:"table_id,omitempty" format:"uuid" doc:"The table it is from, when that was not known."`
}

func (a *API) callOperations() {
	tags := []string{"Floor"}
	add(a, place.ScopeRead, huma.Operation{
		OperationID: "listCalls", Method: http.MethodGet, Path: "/calls", Tags: tags,
		Summary: "Calls, the newest first",
	}, a.calls)
	add(a, place.ScopeRead, huma.Operation{
		OperationID: "getCall", Method: http.MethodGet, Path: "/calls/{id}", Tags: tags,
		Summary: "A call",
	}, a.call)
	add(a, place.ScopeReply, huma.Operation{
		OperationID: "createCall", Method: http.MethodPost, Path: "/conversations/{id}/calls", Tags: tags, DefaultStatus: http.StatusCreated, Errors: []int{http.StatusConflict, http.StatusNotImplemented},
		Summary: "Pass a message to the floor", Description: "It rings there, each time anew; what becomes of the call is told back in the conversation.",
	}, a.createCall)
	add(a, place.ScopeFloor, huma.Operation{
		OperationID: "changeCall", Method: http.MethodPatch, Path: "/calls/{id}", Tags: tags, Errors: []int{http.StatusConflict},
		Summary: "Take, hand back, finish, cancel or reopen a call", Description: "The first who takes it has it; for the others the answer is 409, with the name of who was first. The guest's page follows.",
	}, a.changeCall)
}

func (a *API) calls(ctx context.Context, v *door.Visit, in *struct {
	Listing
	State string `query:"state" enum:"open,received,taken,done,cancelled" doc:"open: received or taken; absent: every one."`
}) (*list[Call], error) {
	if in.After != "" && !db.IsID(in.After) {
		return nil, fault.InvalidFields("api.calls", fault.Field{Name: "?after", Key: "inbox.mark"})
	}
	all, err := floor.List(ctx, a.DB, v.Place.ID, floor.State(in.State), in.After, in.Limit+1)
	if err != nil {
		return nil, err
	}
	mark := ""
	if len(all) > in.Limit {
		all = all[:in.Limit]
		mark = all[in.Limit-1].ID
	}
	return &list[Call]{Link: in.next(v, "/calls", mark, "state", in.State), Body: each(all, call)}, nil
}

func (a *API) call(ctx context.Context, v *door.Visit, in *ByID) (*one[Call], error) {
	c, err := floor.Get(ctx, a.DB, v.Place.ID, in.ID)
	return &one[Call]{call(c)}, err
}

func (a *API) createCall(ctx context.Context, v *door.Visit, in *struct {
	ByID
	Body NewCall
}) (*made[Call], error) {
	id, err := a.Inbox.Pass(ctx, v.Actor, v.Place.ID, in.ID, in.Body.MessageID, "", in.Body.Note)
	if err != nil {
		return nil, a.wrongMessage(ctx, v, in.ID, in.Body.MessageID, "message_id", err)
	}
	c, err := floor.Get(ctx, a.DB, v.Place.ID, id)
	return &made[Call]{Location: base + "/calls/" + id, Body: call(c)}, err
}

func (a *API) changeCall(ctx context.Context, v *door.Visit, in *struct {
	ByID
	Body CallChange
}) (*one[Call], error) {
	if in.Body.TakenByID != "" && in.Body.State != floor.Taken {
		return nil, fault.InvalidFields("api.change_call", fault.Field{Name: "taken_by_id", Key: "api.only_taken"})
	}
	var c floor.Call
	err := a.DB.Write(ctx, func(tx db.Tx) (err error) {
		if c, err = floor.Get(ctx, tx, v.Place.ID, in.ID); err != nil {
			return err
		}
		if in.Body.TableID != "" {
			if c, err = a.Floor.SeatAt(ctx, tx, v.Actor, v.Place.ID, in.ID, in.Body.TableID); err != nil {
				return unknown(err, "table_id", "api.table_unknown")
			}
		}
		if in.Body.State != "" {
			c, err = a.moveCall(ctx, tx, v, in.ID, in.Body)
		}
		return err
	})
	return &one[Call]{call(c)}, err
}

func (a *API) moveCall(ctx context.Context, tx db.Tx, v *door.Visit, id string, to CallChange) (floor.Call, error) {
	do := map[floor.State]func(context.Context, db.Tx, place.Actor, string, string) (floor.Call, error){
		floor.Taken: a.Floor.Take, floor.Received: a.Floor.HandBack, floor.Done: a.Floor.Finish, floor.Cancelled: a.Floor.Cancel, floor.AnyOpen: a.Floor.Reopen,
	}[to.State]
	if to.TakenByID == "" {
		return do(ctx, tx, v.Actor, v.Place.ID, id)
	}
	m, err := place.GetMember(ctx, tx, to.TakenByID)
	if err != nil {
		return floor.Call{}, unknown(err, "taken_by_id", "api.member_unknown")
	}
	c, err := a.Floor.Give(ctx, tx, v.Actor, v.Place.ID, id, m)
	return c, unknown(err, "taken_by_id", "api.member_unknown")
}

// unknown says that an id in the body leads nowhere: the thing that the path names is there.
func unknown(err error, field, key string) error {
	if fault.Is(err, fault.NotFound) {
		return fault.InvalidFields("api.unknown", fault.Field{Name: field, Key: key})
	}
	return err
}
