package place

import (
	"slices"

	"comptoir/internal/fault"
)

// Role is what a member may do in a place. Each role may do what the ones below it may.
type Role string

const (
	Owner   Role = "owner"   // everything, members and erasure included
	Manager Role = "manager" // the counter, tables, accounts, settings
	Floor   Role = "floor"   // calls from tables
)

// Roles lists the roles, the highest first.
var Roles = []Role{Owner, Manager, Floor}

// AtLeast tells whether r may do what min may.
func (r Role) AtLeast(min Role) bool {
	i, j := slices.Index(Roles, r), slices.Index(Roles, min)
	return i >= 0 && j >= 0 && i <= j
}

// Scope is what an API token may do. The list is closed.
type Scope string

const (
	ScopeRead     Scope = "read"     // conversations, calls, accounts: see
	ScopeReply    Scope = "reply"    // answer, note, settle
	ScopeFloor    Scope = "floor"    // take and finish calls
	ScopeAccounts Scope = "accounts" // connect accounts
)

// Scopes lists every scope.
var Scopes = []Scope{ScopeRead, ScopeReply, ScopeFloor, ScopeAccounts}

// ActorKind is the first word of who did something.
type ActorKind string

const (
	MemberActor  ActorKind = "member"
	GuestActor   ActorKind = "guest"
	TokenActor   ActorKind = "token"
	NetworkActor ActorKind = "network" // somebody on a network, through a collector
	SystemActor  ActorKind = "system"  // the program itself, and the operator's command line
)

// Actor is who does something, and where. It is made by whoever proved the identity (a session, a
// token, a guest's cookie) and passed along explicitly.
type Actor struct {
	Kind    ActorKind
	ID      string // member, guest, token or account id; "" for the system
	PlaceID string // the one place this actor acts in; "" = the system, in any
	Role    Role   // of a member
	Scopes  []Scope
	Name    string // as others see it: "Noémie"
}

// System is the program itself.
func System() Actor { return Actor{Kind: SystemActor} }

// Needs returns fault.Forbidden unless the actor may do what role may in a place. Another place's
// member gets fault.NotFound: they are not to know that it exists.
func (a Actor) Needs(role Role, placeID string) error {
	if a.Kind == SystemActor {
		return nil
	}
	if a.PlaceID != placeID || placeID == "" {
		return fault.New(fault.NotFound, "place.needs", "")
	}
	switch a.Kind {
	case MemberActor:
		if a.Role.AtLeast(role) {
			return nil
		}
	case TokenActor:
		if role != Owner && len(a.Scopes) > 0 {
			return nil // the scope of each route was checked at the door
		}
	}
	return fault.New(fault.Forbidden, "place.needs", "", "role", string(role))
}
