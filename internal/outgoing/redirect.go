package outgoing

import (
	"net/http"
	"net/url"
)

// next is the request after a redirect.
func (v *visit) next(req, from *http.Request, location string) (*http.Request, error) {
	u, err := from.URL.Parse(location)
	if err != nil {
		return nil, redirection("malformed Location")
	}
	hop, err := v.prepare(req, u)
	if err != nil {
		return nil, err
	}
	if from.URL.Scheme == "https" && hop.URL.Scheme == "http" {
		return nil, redirection("from https to http")
	}
	// A listed target is for who names it, not for whom the internet sends there.
	if v.wire.listed(hop.URL) && !v.wire.listed(from.URL) {
		return nil, refused(refusal("redirect to a listed target"), lookedUp)
	}
	return hop, nil
}

func (w *wire) listed(u *url.URL) bool {
	host, _, port, err := splitTarget(withPort(u))
	return err == nil && w.door.allow.has(host, port)
}

func redirects(status int) bool {
	switch status {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}

func safe(method string) bool {
	return method == "" || method == http.MethodGet || method == http.MethodHead || method == http.MethodOptions
}

// plainHeaders tell nothing that another host must not read. A request with any other header may carry a
// credential or a signature, and is not sent on to where a redirect points.
var plainHeaders = map[string]bool{
	"Accept": true, "Accept-Encoding": true, "Accept-Language": true, "Cache-Control": true,
	"If-Modified-Since": true, "If-None-Match": true, "Range": true, "Referer": true, "User-Agent": true,
}

// bare tells that a request carries nothing and changes nothing, so that it may follow redirects. The
// query of a stranger's URL came from the stranger; that of an account may hold its token.
func (w *wire) bare(req *http.Request) bool {
	if req.Method != "" && req.Method != http.MethodGet && req.Method != http.MethodHead {
		return false
	}
	if w.kind == Operator || w.kind == Self || req.Body != nil && req.Body != http.NoBody {
		return false
	}
	if w.kind == Account && req.URL.RawQuery != "" {
		return false
	}
	for name := range req.Header {
		if !plainHeaders[http.CanonicalHeaderKey(name)] {
			return false
		}
	}
	return true
}
