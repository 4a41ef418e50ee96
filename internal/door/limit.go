package door

import (
	"encoding/binary"
	"hash/maphash"
	"net/http"
	"sync"
	"time"

	"comptoir/internal/fault"
)

// Limit is how many requests one visitor may make in a while. Visitors are told apart by session or
// token, and by address (IPv6: the /64) when they have neither.
type Limit struct {
	Group string // routes of one group share their count
	Max   int
	Per   time.Duration
}

// The limits, all in one place. A whole bar shares one address, and a member at work opens many pages.
var limits = map[Kind]Limit{
	Open:     {Group: "open", Max: 300, Per: 5 * time.Minute},
	Guest:    {Group: "guest", Max: 3000, Per: 5 * time.Minute}, // what guests say has limits of its own
	Team:     {Group: "team", Max: 900, Per: 5 * time.Minute},
	API:      {Group: "api", Max: 6000, Per: 5 * time.Minute},
	Operator: {Group: "operator", Max: 600, Per: 5 * time.Minute},
}

// SignInLimit is for routes that check a password or a one-time link.
var SignInLimit = Limit{Group: "sign-in", Max: 60, Per: 10 * time.Minute}

// unproven is for requests of one address that were refused because nobody stands behind them.
var unproven = Limit{Group: "unproven", Max: 300, Per: 5 * time.Minute}

// NoLimit is for static files and health.
var NoLimit = Limit{Group: "none"}

// slots bounds the limiter's memory whatever the number of visitors: 2^17 × 16 bytes = 2 MiB. Two
// visitors may share a slot; the seed is random, so nobody can choose whom to share with.
const slots = 1 << 17

type limiter struct {
	seed maphash.Seed
	born time.Time // windows are measured from it, by a clock that nobody sets back
	mu   sync.Mutex
	slot []window
}

type window struct {
	start int64 // seconds since the limiter was born
	count int32
	tag   uint32 // of the visitor that has the slot
}

func newLimiter() *limiter {
	return &limiter{seed: maphash.MakeSeed(), born: time.Now(), slot: make([]window, slots)}
}

// take counts one request of a visitor, and returns fault.RateLimited with the time to wait when it is
// one too many.
func (l *limiter) take(lim Limit, visitor string, now time.Time) error {
	if lim.Max == 0 {
		return nil
	}
	var h maphash.Hash
	h.SetSeed(l.seed)
	h.WriteString(lim.Group)
	h.WriteByte(0)
	h.WriteString(visitor)
	sum := h.Sum64()
	tag := uint32(sum >> 32)
	at, per := int64(now.Sub(l.born)/time.Second), int64(lim.Per/time.Second)
	l.mu.Lock()
	defer l.mu.Unlock()
	w := &l.slot[sum%slots]
	if at-w.start >= per || w.tag != tag && w.count < int32(lim.Max)/2 {
		*w = window{start: at, tag: tag}
	}
	if w.count >= int32(lim.Max) {
		wait := time.Duration(w.start+per-at) * time.Second
		return &fault.Error{Code: fault.RateLimited, Op: "door.limit", RetryAfter: max(wait, time.Second)}
	}
	w.count++
	return nil
}

// How many streams may stay open at once.
const (
	streamsPerSession = 8
	streamsPerGuest   = 4
	streamsPerAddress = 200 // a whole bar shares one
)

// streams counts what stays open.
type streams struct {
	mu    sync.Mutex
	n     map[string]int
	total int
}

// Streams is how many event streams are open.
func (g *Guard) Streams() int {
	g.streams.mu.Lock()
	defer g.streams.mu.Unlock()
	return g.streams.total
}

// open counts a stream under each key, and returns fault.RateLimited when one of them has its share.
func (s *streams) open(most map[string]int) (closed func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, max := range most {
		if s.n[key] >= max {
			return nil, &fault.Error{Code: fault.RateLimited, Op: "door.streams", RetryAfter: 10 * time.Second}
		}
	}
	for key := range most {
		s.n[key]++
	}
	s.total++
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.total--
		for key := range most {
			if s.n[key]--; s.n[key] == 0 {
				delete(s.n, key)
			}
		}
	}, nil
}

// streamShares says under which names a visitor's stream counts, and how many each may have.
func (v *Visit) streamShares(r *http.Request) map[string]int {
	most := map[string]int{"a" + v.addressKey(): streamsPerAddress}
	if v.Session.ID != "" {
		most["s"+v.Session.ID] = streamsPerSession
	}
	if g := v.GuestCookie(r); g != "" && v.Route.Kind == Guest {
		most["g"+g] = streamsPerGuest
	}
	return most
}

// visitor names who is counted.
func (v *Visit) visitor() string {
	if v.Actor.ID != "" {
		return string(v.Actor.Kind) + v.Actor.ID
	}
	return v.addressKey()
}

// addressKey is the visitor's address, of IPv6 the /64 that one subscriber has.
func (v *Visit) addressKey() string {
	b := v.Addr.As16()
	if v.Addr.Is6() {
		binary.BigEndian.PutUint64(b[8:], 0)
	}
	return string(b[:])
}
