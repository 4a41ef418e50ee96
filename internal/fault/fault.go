// Package fault is the vocabulary of what can go wrong.
//
// Every error that crosses a package boundary is a *fault.Error or wraps one. Its Code says what the
// caller can do; its Key names the sentence in the catalogues (package locale) that a person reads; the
// chain below it (Unwrap) is for the operator and is never shown. A function returns an error or logs
// it, never both.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Code says what the caller of a failed operation can do. The set is closed.
type Code string

const (
	// Invalid: the request itself is wrong; correct it and ask again.
	Invalid Code = "invalid"
	// Unauthenticated: nobody is signed in, or the network no longer accepts the credential; sign in or connect again.
	Unauthenticated Code = "unauthenticated"
	// Forbidden: known, but not allowed; ask somebody who may.
	Forbidden Code = "forbidden"
	// NotFound: there is no such thing, or none that the caller may know of.
	NotFound Code = "not_found"
	// Conflict: somebody else was first; read again, then decide.
	Conflict Code = "conflict"
	// Unsupported: this network or installation cannot do it at all; do without.
	Unsupported Code = "unsupported"
	// Rejected: the other side understood and refused for good; change the content or give up.
	Rejected Code = "rejected"
	// RateLimited: too much, too fast; wait RetryAfter.
	RateLimited Code = "rate_limited"
	// Unavailable: not now; nothing was done, try again later.
	Unavailable Code = "unavailable"
	// Ambiguous: sent, and the outcome is unknown; look before doing anything again.
	Ambiguous Code = "ambiguous"
	// Internal: our own mistake; report the reference.
	Internal Code = "internal"
)

// Codes lists every code, in the order of the documentation.
var Codes = []Code{Invalid, Unauthenticated, Forbidden, NotFound, Conflict, Unsupported, Rejected, RateLimited, Unavailable, Ambiguous, Internal}

// Error is a failure with a meaning. The zero Code is read as Internal.
type Error struct {
	Code Code
	Op   string // the operation that failed, "package.verb", for the operator
	Key  string // the sentence a person reads, a key of the catalogues ("" = the general sentence of Code)
	// Args fill the sentence's {placeholders}, as name, value, name, value. Values are shown to people as text.
	Args       []any
	RetryAfter time.Duration // how long to wait, for RateLimited and Unavailable; 0 = not known
	Fields     []Field       // what is wrong with which field of a form or JSON body
	Err        error         // the cause, for the operator only
}

// Field is one field of a request that was refused, with the sentence that says why.
type Field struct {
	Name string // the form field, or the JSON pointer without its leading slash
	Key  string // a key of the catalogues
	Args []any
}

// New returns an error with a code, an operation and the key of its sentence ("" for the code's general one).
func New(code Code, op, key string, args ...any) *Error {
	return &Error{Code: code, Op: op, Key: key, Args: args}
}

// Wrap returns err as a *Error with a code, keeping err as its cause; nil stays nil.
func Wrap(err error, code Code, op, key string, args ...any) error {
	if err == nil {
		return nil
	}
	return &Error{Code: code, Op: op, Key: key, Args: args, Err: err}
}

// InvalidFields collects refused fields into one Invalid error; nil when there are none.
func InvalidFields(op string, fields ...Field) error {
	if len(fields) == 0 {
		return nil
	}
	return &Error{Code: Invalid, Op: op, Fields: fields}
}

// Error is the operator's text: operation, code, sentence key, then the cause.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Op != "" {
		b.WriteString(e.Op + ": ")
	}
	b.WriteString(string(e.code()))
	if e.Key != "" {
		b.WriteString(" (" + e.Key + ")")
	}
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " [%s: %s]", f.Name, f.Key)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

func (e *Error) code() Code {
	if e.Code == "" {
		return Internal
	}
	return e.Code
}

// CodeOf returns the code of the first *Error in err's chain, Internal for any other error, "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.code()
	}
	return Internal
}

// Is tells whether err's code is code.
func Is(err error, code Code) bool { return err != nil && CodeOf(err) == code }

// As returns the first *Error in err's chain, or an Internal one around err; nil for nil.
func As(err error) *Error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e
	}
	return &Error{Code: Internal, Err: err}
}
