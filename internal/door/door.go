// Package door is the one table of who may come in, and everything that happens to a request before its
// handler sees it: where it comes from, which host it asked for, headers, cross-origin protection,
// limits, session or token, role, place.
//
// Every route (page, stream, file, API) is registered with a Route that says its role or scope and
// whether it is bound to a place; one without does not start the program. The isolation test, the list
// in the manual and the access check read the same table.
package door

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"comptoir/internal/place"
)

// Kind says what sort of visitor a route is for, and so which proof of identity counts.
type Kind string

const (
	// Open needs nobody: health, static files, sign-in, one-time links, the public face.
	Open Kind = "open"
	// Guest is a table's page: the signed code in the path is the proof, the guest's cookie the name.
	Guest Kind = "guest"
	// Team is for signed-in members, by cookie.
	Team Kind = "team"
	// API is for tokens, in the Authorization header; cookies are ignored.
	API Kind = "api"
	// Operator is for whoever runs the machine: loopback, or the operator's token.
	Operator Kind = "operator"
)

// Route is one row of the table.
type Route struct {
	Method  string
	Pattern string // of http.ServeMux, without method; with {place} when Place is set
	Kind    Kind
	Role    place.Role  // Team: the least role; "" = any member, of any place (own account pages)
	Scope   place.Scope // API: what the token needs
	Place   bool        // bound to the place named in the path (Team) or by the token (API)
	Fresh   bool        // the password must have been given in the last 15 minutes
	Body    int64       // the largest request body, bytes; 0 = 1 MiB
	Fields  int         // the most values of a form; 0 = 200
	Limit   Limit       // how often; the zero value takes the Kind's own
	Stream  bool        // stays open: no write deadline for the whole answer
	AnyHost bool        // answers by whatever name it is asked: it may tell nothing
}

// Handler answers a request that was let in, or returns why it could not.
type Handler func(w http.ResponseWriter, r *http.Request, v *Visit) error

// Table collects the routes, checks them and serves them.
type Table struct {
	routes []entry
}

type entry struct {
	Route
	handle Handler
}

// Add registers a route. It panics on a row that forgot to say who may come in: such a program must
// not start.
func (t *Table) Add(r Route, h Handler) {
	if why := r.wrong(); why != "" {
		panic(fmt.Sprintf("door: %s %s: %s", r.Method, r.Pattern, why))
	}
	t.routes = append(t.routes, entry{r, h})
}

const apiPath = "/api/"

// forPrograms tells whether programs ask for this route, and not browsers that show pages.
func (r Route) forPrograms() bool { return r.Kind == API || strings.HasPrefix(r.Pattern, apiPath) }

func (r Route) wrong() string {
	switch {
	case r.Method == "" || !strings.HasPrefix(r.Pattern, "/"):
		return "no method or path"
	case r.Kind == "":
		return "no kind"
	case r.Kind == Team && r.Place && r.Role == "":
		return "a place's page without a role"
	case r.Kind == Team && r.Place != strings.Contains(r.Pattern, "/p/{place}"):
		return "Place and the path disagree"
	case r.Kind == Team && r.Role != "" && !r.Place:
		return "a role without a place"
	case r.Kind == API && r.Scope == "":
		return "an API route without a scope"
	case r.Kind != API && r.Scope != "":
		return "a scope without a token"
	}
	return ""
}

// Routes returns the table, ordered by path and method.
func (t *Table) Routes() []Route {
	var all []Route
	for _, e := range t.routes {
		all = append(all, e.Route)
	}
	slices.SortFunc(all, func(a, b Route) int {
		return cmp.Or(cmp.Compare(a.Pattern, b.Pattern), cmp.Compare(a.Method, b.Method))
	})
	return all
}
