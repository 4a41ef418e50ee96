package network

import (
	"net/http"
	"strconv"
	"time"
)

// RateLimit is what a network lets one account ask until Reset, as it told with its last answer. The zero value is
// one that was never told.
type RateLimit struct {
	Limit int // requests in one period
	Left  int
	Reset time.Time // by our clock
}

// Share is how much of the period's requests is left, from 0 to 1; 1 when nothing is known, or when the period is over.
func (l RateLimit) Share(now time.Time) float64 {
	if l.Limit <= 0 || !now.Before(l.Reset) {
		return 1
	}
	return float64(max(0, min(l.Left, l.Limit))) / float64(l.Limit)
}

// ReadRateLimit reads what an HTTP answer tells of its limits: X-RateLimit-Limit, -Remaining and -Reset with a time
// (Mastodon API, 2026-11), or RateLimit-… with seconds since 1970 (AT protocol, 2026-11). Times are compared with the
// server's own clock.
func ReadRateLimit(h http.Header, now time.Time) (l RateLimit, told bool) {
	for _, prefix := range []string{"X-Ratelimit-", "Ratelimit-"} {
		limit, err := strconv.Atoi(h.Get(prefix + "Limit"))
		left, err2 := strconv.Atoi(h.Get(prefix + "Remaining"))
		reset := resetTime(h.Get(prefix + "Reset"))
		if err != nil || err2 != nil || limit <= 0 || reset.IsZero() {
			continue
		}
		theirs := now
		if at, err := http.ParseTime(h.Get("Date")); err == nil {
			theirs = at
		}
		wait := max(0, min(reset.Sub(theirs), MaxWait))
		return RateLimit{Limit: limit, Left: max(0, min(left, limit)), Reset: now.Add(wait)}, true
	}
	return RateLimit{}, false
}

func resetTime(s string) time.Time {
	if at, err := time.Parse(time.RFC3339, s); err == nil {
		return at
	}
	if seconds, err := strconv.ParseInt(s, 10, 64); err == nil && seconds > 0 {
		return time.Unix(min(seconds, 1<<40), 0)
	}
	return time.Time{}
}
