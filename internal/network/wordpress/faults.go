package wordpress

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/text"
)

// unreached is for what fails before the whole answer is here.
func (c caller) unreached(op string, err error, lost fault.Code) error {
	key := "wordpress.fault.unreached"
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
	return fault.New(code, op, "wordpress.fault.unreadable", "host", c.host())
}

// named are the refusals of which the site's status says less than their name.
var named = map[string]struct {
	code fault.Code
	key  string
}{
	"comment_duplicate":             {fault.Conflict, "wordpress.fault.duplicate"},
	"comment_flood":                 {fault.RateLimited, "wordpress.fault.later"},
	"comment_content_column_length": {fault.Rejected, "wordpress.fault.too_long"},
	"rest_comment_closed":           {fault.Rejected, "wordpress.fault.closed"},
	"rest_comment_draft_post":       {fault.Rejected, "wordpress.fault.article_gone"},
	"rest_comment_trash_post":       {fault.Rejected, "wordpress.fault.article_gone"},
	"rest_comment_invalid_post_id":  {fault.Rejected, "wordpress.fault.article_gone"},
	"rest_already_trashed":          {fault.NotFound, "wordpress.fault.gone"},
	"rest_trash_not_supported":      {fault.Unsupported, "wordpress.fault.unsupported"},
}

// refused is for an answer that says no. Only the site's own words can say that the account or an article is at fault:
// a proxy, or the page of a wireless network, knows nothing of either.
func (c caller) refused(q call, resp *http.Response, body []byte) error {
	e, own := words(body)
	f := &fault.Error{Op: q.op, Args: []any{"host", c.host()}, Err: errors.New(resp.Status + ": " + e.said()), RetryAfter: network.RetryAfter(resp.Header, time.Now())}
	known, isNamed := named[e.Code]
	switch s := e.status(resp.StatusCode); {
	case s == http.StatusTooManyRequests:
		f.Code, f.Key = fault.RateLimited, "wordpress.fault.later"
	case own && strings.HasPrefix(e.Code, "rest_upload_"): // though it calls it a mishap of its own
		f.Code, f.Key = fault.Rejected, "wordpress.fault.file_kind"
	case own && isNamed:
		f.Code, f.Key = known.code, known.key
	case s >= 500 && s != http.StatusNotImplemented:
		f.Code, f.Key = fault.Unavailable, "wordpress.fault.broken"
		if f.RetryAfter > 0 {
			f.Key = "wordpress.fault.later"
		}
		if q.once {
			f.Code = fault.Ambiguous
		}
	case !own || s < 400:
		f.Code, f.Key = fault.Unavailable, "wordpress.fault.unreadable"
	case s == http.StatusUnauthorized:
		f.Code, f.Key = fault.Unauthenticated, "wordpress.fault.revoked"
	case s == http.StatusForbidden:
		f.Code, f.Key = fault.Forbidden, "wordpress.fault.forbidden"
	case s == http.StatusNotFound, s == http.StatusGone:
		f.Code, f.Key = fault.NotFound, "wordpress.fault.gone"
	case s == http.StatusMethodNotAllowed, s == http.StatusNotImplemented:
		f.Code, f.Key = fault.Unsupported, "wordpress.fault.unsupported"
	default:
		f.Code, f.Key = fault.Rejected, "wordpress.fault.refused"
	}
	return f
}

// refusal is what a site says of an error.
type refusal struct {
	Code    string          `json:"code"`
	Message string          `json:"message"`
	Data    json.RawMessage `json:"data"`
}

// words are what the site says of an error, and whether it is the API that speaks.
func words(body []byte) (e refusal, own bool) {
	own = json.Unmarshal(proper(body), &e) == nil && e.Code != "" && e.Message != ""
	return e, own
}

func (e refusal) said() string {
	if e.Code == "" {
		return "no words of the API"
	}
	return text.Clip(text.Line(e.Code+" "+text.FromPost(e.Message)), 200)
}

// status is that of an answer, or of the parameter that it refuses: who may not ask for drafts hears that the
// parameter is wrong.
func (e refusal) status(s int) int {
	var data struct {
		Details map[string]struct {
			Data struct {
				Status int `json:"status"`
			} `json:"data"`
		} `json:"details"`
	}
	if s != http.StatusBadRequest || json.Unmarshal(e.Data, &data) != nil {
		return s
	}
	for _, d := range data.Details {
		if d.Data.Status == http.StatusUnauthorized || d.Data.Status == http.StatusForbidden {
			return d.Data.Status
		}
	}
	return s
}

// count reads the length of a list, -1 when it is not told.
func count(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return -1
	}
	return n
}
