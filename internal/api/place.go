package api

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"comptoir/internal/door"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/place"
)

// Who is somebody, or something, of the house.
type Who struct {
	ID   string `json:"id" format:"uuid" doc:"Of a member or a token." example:"0199f8c2-6c1e-7cc3-9a54-0d2b8a7f1c11"`
	Name string `json:"name,omitempty" doc:"Absent when they are not known any more." example:"Noémie Tremblay"`
}

// who names a doer; nil when nobody is known.
func who(id, name string) *Who {
	if id == "" {
		return nil
	}
	return &Who{ID: id, Name: plain(name)}
}

// plain gives the name of a token its spaces back: between people it is kept in one piece.
func plain(name string) string { return strings.ReplaceAll(name, "\u00a0", " ") }

// Me is the token that asks, and the place that it is a key to.
type Me struct {
	ID     string        `json:"id" format:"uuid" doc:"The token's own id, never its value."`
	Name   string        `json:"name" example:"Reservation robot"`
	Scopes []place.Scope `json:"scopes" doc:"What it may do." enum:"read,reply,floor,accounts"`
	Place  Place         `json:"place"`
}

// Place is the place of a token.
type Place struct {
	ID       string `json:"id" format:"uuid"`
	Name     string `json:"name" example:"Le Zinc"`
	Slug     string `json:"slug" doc:"The word in the addresses of its pages." example:"le-zinc"`
	Language string `json:"language" doc:"BCP 47." example:"fr-CA"`
	TimeZone string `json:"time_zone" doc:"IANA." example:"America/Montreal"`
}

// Member is somebody who works in the place.
type Member struct {
	ID    string     `json:"id" format:"uuid"`
	Name  string     `json:"name" example:"Noémie Tremblay"`
	Role  place.Role `json:"role" enum:"owner,manager,floor" doc:"Owners and managers answer at the counter; everybody takes calls."`
	Since time.Time  `json:"since"`
}

// Label is a word that the place puts on conversations.
type Label struct {
	ID   string `json:"id" format:"uuid"`
	Name string `json:"name" example:"Groupe"`
}

func label(l inbox.Label) Label { return Label{ID: l.ID, Name: l.Name} }

// Table is a table with the address that its card leads to.
type Table struct {
	ID     string `json:"id" format:"uuid"`
	Number int64  `json:"number" doc:"Never used again once the table is gone." example:"7"`
	Name   string `json:"name" doc:"On its plate." example:"7"`
	Zone   string `json:"zone,omitempty" doc:"The name of its part of the room." example:"Terrasse"`
	Seats  int    `json:"seats,omitempty" example:"4"`
	URL    string `json:"url" format:"uri" doc:"Where its card leads. Whoever has it can call from the table." example:"https://lezinc.example/t/AQcBk0Vd3mW8xYfJ2hQpLrT9sA"`
}

// NewLabel is a label to be made.
type NewLabel struct {
	Name string `json:"name" doc:"At most 40 characters. A label of that name, accents and case aside, is found and not made again." example:"Groupe"`
}

func (a *API) placeOperations() {
	add(a, place.ScopeRead, huma.Operation{
		OperationID: "getMe", Method: http.MethodGet, Path: "/me", Tags: []string{"Place"},
		Summary: "Who is asking", Description: "The token, what it may do, and the place that it is a key to.",
	}, a.me)
	add(a, place.ScopeRead, huma.Operation{
		OperationID: "listMembers", Method: http.MethodGet, Path: "/members", Tags: []string{"Place"},
		Summary: "Who works here", Description: "To entrust a conversation or a call to. Addresses are not told.",
	}, a.members)
	add(a, place.ScopeRead, huma.Operation{
		OperationID: "listTables", Method: http.MethodGet, Path: "/tables", Tags: []string{"Floor"},
		Summary: "The tables", Description: "Each with the address that its card leads to.",
	}, a.tables)
	add(a, place.ScopeRead, huma.Operation{
		OperationID: "listLabels", Method: http.MethodGet, Path: "/labels", Tags: []string{"Conversations"},
		Summary: "The labels", Description: "The words that the place puts on conversations.",
	}, a.labels)
	add(a, place.ScopeReply, huma.Operation{
		OperationID: "createLabel", Method: http.MethodPost, Path: "/labels", Tags: []string{"Conversations"}, DefaultStatus: http.StatusCreated,
		Summary: "Make a label", Description: "Or find the one of that name.",
	}, a.createLabel)
}

func (a *API) me(_ context.Context, v *door.Visit, _ *struct{}) (*one[Me], error) {
	p := v.Place
	return &one[Me]{Me{
		ID: v.Actor.ID, Name: plain(v.Actor.Name), Scopes: v.Actor.Scopes,
		Place: Place{ID: p.ID, Name: p.Name, Slug: p.Slug, Language: p.Language, TimeZone: p.TimeZone},
	}}, nil
}

func (a *API) members(ctx context.Context, v *door.Visit, _ *struct{}) (*list[Member], error) {
	team, err := place.Team(ctx, a.DB, v.Place.ID)
	slices.SortStableFunc(team, func(x, y place.Colleague) int { return y.Since.Compare(x.Since) })
	return &list[Member]{Body: each(team, func(c place.Colleague) Member {
		return Member{ID: c.Member.ID, Name: c.Member.Name, Role: c.Role, Since: c.Since}
	})}, err
}

func (a *API) tables(ctx context.Context, v *door.Visit, _ *struct{}) (*list[Table], error) {
	all, err := floor.Tables(ctx, a.DB, v.Place.ID)
	if err != nil {
		return nil, err
	}
	zones, err := floor.Zones(ctx, a.DB, v.Place.ID)
	names := map[string]string{}
	for _, z := range zones {
		names[z.ID] = z.Name
	}
	slices.Reverse(all)
	return &list[Table]{Body: each(all, func(t floor.Table) Table {
		return Table{ID: t.ID, Number: t.N, Name: t.Name, Zone: names[t.ZoneID], Seats: t.Seats, URL: v.Base() + "/t/" + a.Floor.Code(v.Place, t)}
	})}, err
}

func (a *API) labels(ctx context.Context, v *door.Visit, _ *struct{}) (*list[Label], error) {
	all, err := a.Inbox.Labels(ctx, v.Place.ID)
	slices.SortFunc(all, func(x, y inbox.Label) int { return cmp.Compare(y.ID, x.ID) })
	return &list[Label]{Body: each(all, label)}, err
}

func (a *API) createLabel(ctx context.Context, v *door.Visit, in *struct{ Body NewLabel }) (*one[Label], error) {
	l, err := a.Inbox.NewLabel(ctx, v.Actor, v.Place.ID, in.Body.Name)
	return &one[Label]{label(l)}, renamed(err, "new", "name")
}
