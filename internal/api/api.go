// Package api is the JSON API, version 1: what a program may do of what a member does, thin over the domain packages.
//
// Each operation is one call of add, which says its address, scope and words; of its Go types huma makes the checks of
// a request and the OpenAPI document. Package door lets the caller in before, as for any route. Whoever refuses a
// request (door, huma, a domain package), the answer is made in one place: Fail.
package api

import (
	"github.com/danielgtaylor/huma/v2"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/place"
)

// base is where version 1 begins.
const base = "/api/v1"

// API holds what operations need. Its fields are set once, by app, before Routes.
type API struct {
	DB       *db.DB
	Keys     place.Keys
	Floor    *floor.Floor
	Inbox    *inbox.Inbox
	Networks *place.Networks

	huma huma.API
}

// Routes registers every operation, and the document that describes them.
func (a *API) Routes(t *door.Table) {
	a.huma = huma.NewAPI(config(), adapter{table: t})
	a.placeOperations()
	a.conversationOperations()
	a.replyOperations()
	a.callOperations()
	a.accountOperations()
	a.documentRoutes(t)
}
