package api

import (
	"errors"
	"net/http"
	"os"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"comptoir/internal/fault"
)

// huma is told by variables of its own, for the whole program, how errors look and how strict it is. Nothing else
// here uses it.
func init() {
	huma.NewError = func(int, string, ...error) huma.StatusError { return &Problem{} }
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		ctx.(*exchange).failed = refusal(status, errs)
		return &Problem{}
	}
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
}

const (
	maxRefused = 20  // parts of one request that are told
	maxNamed   = 120 // bytes of a name in them
)

// refusal turns what huma found wrong with a request into a fault, whose sentences are ours.
func refusal(status int, errs []error) error {
	const op = "api.request"
	if status == http.StatusUnsupportedMediaType {
		return fault.New(fault.Invalid, op, "api.body_type")
	}
	var fields []fault.Field
	for _, err := range errs[:min(len(errs), maxRefused)] {
		var large *http.MaxBytesError
		if errors.As(err, &large) {
			return err // door knows
		}
		if d, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			fields = append(fields, refused(d))
		}
	}
	switch {
	case len(fields) > 0:
		return fault.InvalidFields(op, fields...)
	case status == http.StatusBadRequest:
		return fault.InvalidFields(op, fault.Field{Key: "api.field.missing"}) // the body
	case status == http.StatusRequestTimeout:
		return os.ErrDeadlineExceeded // door knows
	case status < http.StatusInternalServerError:
		return &fault.Error{Code: fault.Unavailable, Op: op, Key: "api.body_unread", Err: errors.Join(errs...)}
	}
	return &fault.Error{Code: fault.Internal, Op: op, Err: errors.Join(errs...)}
}

// said are the beginnings of huma's messages, the longer before the shorter, and our sentences for them. What
// follows the beginning fills {value}.
var said = []struct{ starts, key string }{
	{"unexpected property", "api.field.unknown"},
	{"unknown query parameter", "api.field.unknown"},
	{"expected required property ", "api.field.missing"},
	{"required ", "api.field.missing"},
	{"expected value to be one of ", "api.field.one_of"},
	{"expected string to be RFC 3339 date-time", "api.field.time"},
	{"expected string to be RFC 4122 uuid", "api.field.id"},
	{"expected number >= ", "api.field.least"},
	{"expected number <= ", "api.field.most"},
	{"expected length <= ", "api.field.long"},
	{"expected array length <= ", "api.field.many"},
	{"expected string", "api.field.string"},
	{"expected integer", "api.field.integer"},
	{"invalid integer", "api.field.integer"},
	{"expected boolean", "api.field.boolean"},
	{"expected array", "api.field.array"},
	{"expected object", "api.field.object"},
	{notJSON, "api.field.json"},
	{tooDeep, "api.field.deep"},
}

// refused is one part of a request that huma found wrong.
func refused(d *huma.ErrorDetail) fault.Field {
	f := fault.Field{Name: partName(d.Location), Key: "fault.invalid"}
	for _, s := range said {
		rest, ok := strings.CutPrefix(d.Message, s.starts)
		if !ok {
			continue
		}
		f.Key = s.key
		if s.starts == "expected required property " { // told of the object that lacks it
			name, _, _ := strings.Cut(rest, " ")
			f.Name = strings.TrimPrefix(f.Name+"/"+name, "/")
			break
		}
		f.Args = []any{"value", strings.Trim(rest, `"`)}
		break
	}
	return f
}

// partName turns "body.labels.on[0]" into "labels/on/0" and "query.limit" into "?limit".
func partName(location string) string {
	where, rest, _ := strings.Cut(location, ".")
	rest = strings.ToValidUTF8(rest[:min(len(rest), maxNamed)], "")
	if where == "body" {
		return strings.NewReplacer("~", "~0", "/", "~1", ".", "/", "[", "/", "]", "").Replace(rest)
	}
	return "?" + rest
}
