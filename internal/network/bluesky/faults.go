package bluesky

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// unreached is for what fails before the whole answer is here.
func (c caller) unreached(op string, err error, lost fault.Code) error {
	key := "bluesky.fault.unreached"
	if f, ok := errors.AsType[*fault.Error](err); ok { // the wire says more
		if f.Key != "" {
			key = f.Key
		}
		switch f.Code {
		case fault.Rejected: // an answer beyond its budgets
			err = errors.Join(errTooLarge, err)
		case fault.Invalid: // it opens nothing to such a target
			lost = fault.Invalid
		}
	}
	return fault.Wrap(err, lost, op, key, "host", c.host())
}

func (c caller) unreadable(op string, code fault.Code) error {
	return fault.New(code, op, "bluesky.fault.unreadable", "host", c.host())
}

// named are the errors that the protocol calls by a name, whatever their status.
var named = map[string]struct {
	code fault.Code
	key  string
}{
	"ExpiredToken":            {fault.Unauthenticated, "bluesky.fault.revoked"},
	"InvalidToken":            {fault.Unauthenticated, "bluesky.fault.revoked"},
	"AuthMissing":             {fault.Unauthenticated, "bluesky.fault.revoked"},
	"AuthenticationRequired":  {fault.Unauthenticated, "bluesky.fault.revoked"},
	"invalid_token":           {fault.Unauthenticated, "bluesky.fault.revoked"},
	"invalid_grant":           {fault.Unauthenticated, "bluesky.fault.revoked"},
	"invalid_client":          {fault.Unauthenticated, "bluesky.fault.revoked"},
	"invalid_dpop_proof":      {fault.Unavailable, "bluesky.fault.unproved"},
	"use_dpop_nonce":          {fault.Unavailable, "bluesky.fault.unproved"},
	"AuthFactorTokenRequired": {fault.Forbidden, "bluesky.fault.own_password"},
	"AccountTakedown":         {fault.Forbidden, "bluesky.fault.taken_down"},
	"AccountSuspended":        {fault.Forbidden, "bluesky.fault.taken_down"},
	"AccountDeactivated":      {fault.Forbidden, "bluesky.fault.taken_down"},
	"RepoTakendown":           {fault.Forbidden, "bluesky.fault.taken_down"},
	"RepoDeactivated":         {fault.Forbidden, "bluesky.fault.taken_down"},
	"RecordNotFound":          {fault.NotFound, "bluesky.fault.gone"},
	"BlobTooLarge":            {fault.Rejected, "bluesky.fault.file_large"},
	"MethodNotImplemented":    {fault.Unsupported, "bluesky.fault.unsupported"},
}

// refused is for an answer that says no. Only the network's own words can say that the account or the post is at
// fault: a proxy, or the page of a wireless network, knows nothing of either.
func (c caller) refused(q call, resp *http.Response, body []byte) error {
	name, said, own := words(body)
	f := &fault.Error{Op: q.op, Args: []any{"host", c.host()}, Err: refusal{name, resp.Status + ": " + said}, RetryAfter: retryAfter(resp.Header, time.Now())}
	known, isNamed := named[name]
	switch s := resp.StatusCode; {
	case s == http.StatusTooManyRequests:
		f.Code, f.Key = fault.RateLimited, "bluesky.fault.later"
	case s >= 500 && s != http.StatusNotImplemented:
		f.Code, f.Key = fault.Unavailable, "bluesky.fault.broken"
		if f.RetryAfter > 0 {
			f.Key = "bluesky.fault.later"
		}
		if q.once {
			f.Code = fault.Ambiguous
		}
	case !own || s < 400:
		f.Code, f.Key = fault.Unavailable, "bluesky.fault.unreadable"
	case isNamed:
		f.Code, f.Key = known.code, known.key
	case s == http.StatusUnauthorized:
		f.Code, f.Key = fault.Unauthenticated, "bluesky.fault.revoked"
	case s == http.StatusForbidden:
		f.Code, f.Key = fault.Forbidden, "bluesky.fault.forbidden"
	case s == http.StatusNotFound:
		f.Code, f.Key = fault.NotFound, "bluesky.fault.gone"
	case s == http.StatusMethodNotAllowed, s == http.StatusNotImplemented:
		f.Code, f.Key = fault.Unsupported, "bluesky.fault.unsupported"
	default:
		f.Code, f.Key = fault.Rejected, "bluesky.fault.refused"
	}
	return f
}

// words are what the server says of an error, and whether it is the protocol that speaks.
func words(body []byte) (name, said string, own bool) {
	var e struct {
		Error   *string `json:"error"`
		Message string  `json:"message"`
	}
	if json.Unmarshal(body, &e) != nil || e.Error == nil {
		return "", "no words of the protocol", false
	}
	return *e.Error, text.Clip(text.Line(*e.Error+" "+e.Message), 200), true
}

// retryAfter is how long the server wants to be left alone, 0 when it does not say. Its times are compared with its
// own clock.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if h.Get("Retry-After") != "" {
		return network.RetryAfter(h, now)
	}
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		now = at
	}
	wait := time.Duration(0)
	if at, err := strconv.ParseInt(h.Get("RateLimit-Reset"), 10, 64); err == nil && h.Get("RateLimit-Remaining") == "0" {
		wait = time.Unix(min(at, 1<<40), 0).Sub(now)
	}
	return max(0, min(wait, network.MaxWait))
}
