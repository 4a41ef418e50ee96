package api

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"comptoir/internal/door"
	"comptoir/internal/place"
)

// security is the name, in the document, of how a caller proves itself.
const security = "token"

// add registers an operation. op says its id, method, path, words, and the errors that are its own; who may call it
// is scope. do gets the visit, and so the actor and the place, beside what huma made of the request.
func add[In, Out any](a *API, scope place.Scope, op huma.Operation, do func(ctx context.Context, v *door.Visit, in *In) (*Out, error)) {
	op.Security = []map[string][]string{{security: {string(scope)}}}
	op.Errors = append(op.Errors, http.StatusUnauthorized, http.StatusForbidden, http.StatusMisdirectedRequest, http.StatusTooManyRequests, http.StatusServiceUnavailable)
	if strings.Contains(op.Path, "{id}") {
		op.Errors = append(op.Errors, http.StatusNotFound)
	}
	if op.Method != http.MethodGet {
		op.Errors = append(op.Errors, http.StatusBadGateway) // a commit whose outcome is not known
	}
	if op.Method == http.MethodPost || op.Method == http.MethodPatch {
		op.Errors = append(op.Errors, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	op.MaxBodyBytes = -1                  // door has counted already
	op.BodyReadTimeout = 30 * time.Second // the server's own
	huma.Register(a.huma, op, func(ctx context.Context, in *In) (*Out, error) {
		x := ctx.(within).exchange
		out, err := do(ctx, x.visit, in)
		if err != nil {
			x.failed = err
			return nil, nil
		}
		return out, nil
	})
}

// one is an answer with one thing in it; made, with the address of something new; list, newest first, with the
// address of what is older; none has no body.
type (
	one[T any]  struct{ Body T }
	made[T any] struct {
		Location string `header:"Location" doc:"Where it is from now on." example:"/api/v1/replies/0199f8c2-6c1e-7cc3-9a54-0d2b8a7f1c11"`
		Body     T
	}
	list[T any] struct {
		Link string `header:"Link" doc:"The address of the next page, rel=\"next\"; absent when this was all." example:"<https://lezinc.example/api/v1/calls?after=0199f8c2-6c1e-7cc3-9a54-0d2b8a7f1c11>; rel=\"next\""`
		Body []T
	}
	none struct{}
)

// ByID is the request for one thing.
type ByID struct {
	ID string `path:"id" doc:"Its id." example:"0199f8c2-6c1e-7cc3-9a54-0d2b8a7f1c11"`
}

// each turns things into what the API shows of them; never nil, so that an empty list is [].
func each[From, To any](all []From, show func(From) To) []To {
	out := make([]To, 0, len(all))
	for _, x := range all {
		out = append(out, show(x))
	}
	return out
}
