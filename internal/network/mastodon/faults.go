package mastodon

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/text"
)

// unreached is for what fails before the whole answer is here.
func (c caller) unreached(op string, err error, lost fault.Code) error {
	key := "mastodon.fault.unreached"
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
	return fault.New(code, op, "mastodon.fault.unreadable", "host", c.host())
}

// refused is for an answer that says no. Only the network's own words can say that the account or the post is at
// fault: a proxy, or the page of a wireless network, knows nothing of either.
func (c caller) refused(q call, resp *http.Response, body []byte) error {
	said, own := words(body)
	f := &fault.Error{Op: q.op, Args: []any{"host", c.host()}, Err: errors.New(resp.Status + ": " + said), RetryAfter: retryAfter(resp.Header, time.Now())}
	switch s := resp.StatusCode; {
	case s == http.StatusTooManyRequests:
		f.Code, f.Key = fault.RateLimited, "mastodon.fault.later"
	case s == http.StatusServiceUnavailable && f.RetryAfter > 0:
		f.Code, f.Key = fault.Unavailable, "mastodon.fault.later"
	case s >= 500 && s != http.StatusNotImplemented:
		f.Code, f.Key = fault.Unavailable, "mastodon.fault.broken"
		if q.once {
			f.Code = fault.Ambiguous
		}
	case !own || s < 400:
		f.Code, f.Key = fault.Unavailable, "mastodon.fault.unreadable"
	case s == http.StatusUnauthorized:
		f.Code, f.Key = fault.Unauthenticated, "mastodon.fault.revoked"
	case s == http.StatusForbidden:
		f.Code, f.Key = fault.Forbidden, "mastodon.fault.forbidden"
	case s == http.StatusNotFound, s == http.StatusGone:
		f.Code, f.Key = fault.NotFound, "mastodon.fault.gone"
	case s == http.StatusMethodNotAllowed, s == http.StatusNotImplemented:
		f.Code, f.Key = fault.Unsupported, "mastodon.fault.unsupported"
	default: // 400 on GoToSocial, 422 on Mastodon, 413 for files
		f.Code, f.Key = fault.Rejected, "mastodon.fault.refused"
	}
	return f
}

// words are what the server says of an error, and whether it is the API that speaks.
func words(body []byte) (said string, own bool) {
	var e struct {
		Error       *string `json:"error"`
		Description string  `json:"error_description"`
	}
	if json.Unmarshal(body, &e) != nil || e.Error == nil {
		return "no words of the API", false
	}
	if e.Description != "" {
		return text.Clip(text.Line(e.Description), 200), true
	}
	return text.Clip(text.Line(*e.Error), 200), true
}

// longestWait bounds what a server may ask for.
const longestWait = 24 * time.Hour

// retryAfter is how long the server wants to be left alone, 0 when it does not say: in seconds, until a time, or
// until its count begins anew. Its times are compared with its own clock.
func retryAfter(h http.Header, now time.Time) time.Duration {
	if at, err := http.ParseTime(h.Get("Date")); err == nil {
		now = at
	}
	wait := time.Duration(0)
	if s := h.Get("Retry-After"); s != "" {
		if n, err := strconv.Atoi(s); err == nil {
			wait = time.Duration(min(n, int(longestWait/time.Second))) * time.Second
		} else if at, err := http.ParseTime(s); err == nil {
			wait = at.Sub(now)
		}
	} else if h.Get("X-RateLimit-Remaining") == "0" {
		if at := instant(h.Get("X-RateLimit-Reset")); !at.IsZero() {
			wait = at.Sub(now)
		}
	}
	return max(0, min(wait, longestWait))
}
