package api

import (
	"context"
	"io"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/place"
	"comptoir/internal/web/locale"
)

// adapter lets huma register its operations on our table of doors. It serves nothing by itself.
type adapter struct {
	http.Handler
	table *door.Table
}

// Handle implements huma.Adapter.
func (a adapter) Handle(op *huma.Operation, handle func(huma.Context)) {
	route := door.Route{Method: op.Method, Pattern: base + op.Path, Kind: door.API, Scope: scopeOf(op), Place: true}
	a.table.Add(route, func(w http.ResponseWriter, r *http.Request, v *door.Visit) error {
		if strings.Contains(op.Path, "{id}") && !db.IsID(r.PathValue("id")) {
			return fault.New(fault.NotFound, "api."+op.OperationID, "") // as an id that nothing has
		}
		r = r.WithContext(locale.With(r.Context(), speak(r, v)))
		x := &exchange{request: humago.NewContext(op, r, w), visit: v}
		handle(x)
		return x.failed
	})
}

// scopeOf reads the scope where the document says it.
func scopeOf(op *huma.Operation) place.Scope { return place.Scope(op.Security[0][security][0]) }

// exchange is one request on its way through huma, with the visit that huma knows nothing of. Once it failed,
// nothing is written: the handler returns failed, and Fail answers.
type exchange struct {
	request
	visit  *door.Visit
	failed error
}

type request = huma.Context // by another name, because it has a method Context

// Context implements huma.Context.
func (x *exchange) Context() context.Context { return within{x.request.Context(), x} }

// Header implements huma.Context. There is nothing to choose from, so nobody's preferences are read.
func (x *exchange) Header(name string) string {
	if name == "Accept" {
		return ""
	}
	return x.request.Header(name)
}

// SetStatus implements huma.Context.
func (x *exchange) SetStatus(code int) {
	if x.failed == nil {
		x.request.SetStatus(code)
	}
}

// BodyWriter implements huma.Context.
func (x *exchange) BodyWriter() io.Writer {
	if x.failed != nil {
		return io.Discard
	}
	return x.request.BodyWriter()
}

// within is the context that huma hands on to an operation; add takes the exchange out of it again.
type within struct {
	context.Context
	exchange *exchange
}
