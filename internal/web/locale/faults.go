package locale

import (
	"comptoir/internal/fault"
)

// Fault is the sentence that a person reads about err: the one its key names, else the general one of its code.
// nil gives "". The cause is never shown.
func (l Locale) Fault(err error) string {
	if err == nil {
		return ""
	}
	e := fault.As(err)
	if e.Key != "" && l.Has(e.Key) {
		return l.T(e.Key, append([]any{"wait", e.RetryAfter}, e.Args...)...)
	}
	if e.RetryAfter > 0 && fault.CodeOf(err) == fault.RateLimited {
		return l.T("fault.rate_limited_wait", "wait", e.RetryAfter)
	}
	return l.T("fault." + string(fault.CodeOf(err)))
}

// Field is the sentence about one field of a refused form.
func (l Locale) Field(f fault.Field) string {
	if !l.Has(f.Key) {
		return l.T("fault." + string(fault.Invalid))
	}
	return l.T(f.Key, f.Args...)
}
