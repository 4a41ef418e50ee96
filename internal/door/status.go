package door

import (
	"net/http"
	"strconv"

	"comptoir/internal/fault"
)

// statuses says which HTTP status tells of which fault.
var statuses = map[fault.Code]int{
	fault.Invalid: http.StatusUnprocessableEntity, fault.Unauthenticated: http.StatusUnauthorized,
	fault.Forbidden: http.StatusForbidden, fault.NotFound: http.StatusNotFound, fault.Conflict: http.StatusConflict,
	fault.Unsupported: http.StatusNotImplemented, fault.Rejected: http.StatusBadRequest,
	fault.RateLimited: http.StatusTooManyRequests, fault.Unavailable: http.StatusServiceUnavailable,
	fault.Ambiguous: http.StatusBadGateway, fault.Internal: http.StatusInternalServerError,
}

// Status is the HTTP status of an error.
func Status(err error) int {
	e := fault.As(err)
	switch e.Key {
	case "door.host":
		return http.StatusMisdirectedRequest
	case "door.too_slow":
		return http.StatusRequestTimeout
	case "door.too_large":
		return http.StatusRequestEntityTooLarge
	case "api.body_type":
		return http.StatusUnsupportedMediaType
	}
	if s, ok := statuses[e.Code]; ok {
		return s
	}
	return http.StatusInternalServerError
}

// RetryAfter tells who was refused when to come back, in whole seconds.
func RetryAfter(w http.ResponseWriter, err error) {
	if e := fault.As(err); e.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter.Seconds()+.999)))
	}
}
