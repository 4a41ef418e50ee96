package api

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/web/locale"
)

// Problem is every answer that is not what was asked for (RFC 9457).
type Problem struct {
	Type   string     `json:"type" format:"uri-reference" doc:"The page of the manual about this code, the same on every installation." example:"/api/v1/problems/conflict"`
	Title  string     `json:"title" doc:"The code in words, in the language of Accept-Language." example:"Somebody was first"`
	Status int        `json:"status" doc:"The status of the answer." example:"409"`
	Detail string     `json:"detail" doc:"What happened and what can be done, for a person, in the language of Accept-Language." example:"Noémie took it just before you."`
	Code   fault.Code `json:"code" doc:"What the caller can do. The list is closed." enum:"invalid,unauthenticated,forbidden,not_found,conflict,unsupported,rejected,rate_limited,unavailable,ambiguous,internal" example:"conflict"`
	Ref    string     `json:"ref" doc:"Names this request in the log of the server." example:"K5QWY3DP"`
	Errors []Refused  `json:"errors,omitempty" doc:"What is wrong with which part of the request."`
	Into   string     `json:"into,omitempty" format:"uuid" doc:"The conversation that the one asked for is part of now."`
}

// Refused is what is wrong with one part of a request.
type Refused struct {
	Pointer   string `json:"pointer,omitempty" doc:"The part of the body, as a JSON pointer in a fragment." example:"#/text"`
	Parameter string `json:"parameter,omitempty" doc:"The parameter of the query, or the header."`
	Detail    string `json:"detail" doc:"What is wrong with it, for a person." example:"There is nothing to send."`
}

// Error and GetStatus make Problem the type by which huma describes errors. Its values are made by Fail alone.
func (*Problem) Error() string { return "" }

// GetStatus implements huma.StatusError.
func (*Problem) GetStatus() int { return 0 }

// ContentType implements huma.ContentTypeFilter.
func (*Problem) ContentType(string) string { return "application/problem+json" }

var _ huma.StatusError = (*Problem)(nil)

// Fail answers a request that failed. It is door.Guard.FailAPI.
func (a *API) Fail(w http.ResponseWriter, r *http.Request, v *door.Visit, err error) {
	f, l := fault.As(err), speak(r, v)
	code := fault.CodeOf(err)
	p := Problem{
		Type: problems + string(code), Title: l.T("problem.title." + string(code)), Status: door.Status(err),
		Detail: l.Fault(err), Code: code, Ref: v.Ref,
	}
	for _, field := range f.Fields {
		part := Refused{Detail: l.Field(field)}
		if name, ok := strings.CutPrefix(field.Name, "?"); ok {
			part.Parameter = name
		} else {
			part.Pointer = strings.TrimSuffix("#/"+field.Name, "/")
		}
		p.Errors = append(p.Errors, part)
	}
	if f.Key == "inbox.merged" && len(f.Args) == 2 {
		p.Into, _ = f.Args[1].(string)
	}
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="Comptoir"`)
	}
	door.RetryAfter(w, err)
	w.Header().Set("Content-Type", p.ContentType(""))
	w.Header().Set("Content-Language", l.Tag)
	w.WriteHeader(p.Status)
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.Encode(p)
}

// speak chooses the language of an answer: as the program asks, else the place's.
func speak(r *http.Request, v *door.Visit) locale.Locale {
	tag := v.Place.Language
	if asked := r.Header.Get("Accept-Language"); asked != "" {
		tag = locale.Match(asked)
	}
	return locale.New(tag, v.Place.Location())
}

// renamed is err with its fields called as the API calls them: old name, new name, …. A name that is not given
// stays.
func renamed(err error, names ...string) error {
	if err == nil || len(fault.As(err).Fields) == 0 {
		return err
	}
	f := *fault.As(err)
	fields := make([]fault.Field, len(f.Fields))
	for i, field := range f.Fields {
		for n := 0; n+1 < len(names); n += 2 {
			if field.Name == names[n] {
				field.Name = names[n+1]
				break
			}
		}
		fields[i] = field
	}
	f.Fields = fields
	return &f
}
