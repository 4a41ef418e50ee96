package place

import (
	"context"
	"net/http"
	"sync"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/network"
)

// rates are what the networks told this process last, by account. What another process must know of it is on the
// account's row: see note.
type rates struct {
	mu   sync.Mutex
	told map[string]toldRate
}

type toldRate struct {
	network.RateLimit
	noted   network.RateLimit // as it is on the row
	notedAt time.Time
}

// rateNoteAge is how old a row may be that nothing important has happened to since.
const rateNoteAge = 10 * time.Minute

// metered reads from each answer to an account how much it may still ask. Only what an account asks in its own name
// counts: pictures come from elsewhere.
type metered struct {
	next http.RoundTripper
	told func(network.RateLimit)
}

func (m metered) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := m.next.RoundTrip(r)
	if err == nil && r.Header.Get("Authorization") != "" {
		if l, told := network.ReadRateLimit(resp.Header, time.Now()); told {
			m.told(l)
		}
	}
	return resp, err
}

func (m metered) CloseIdleConnections() {
	if c, ok := m.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

// meter has an account's way out tell what is left to ask.
func (n *Networks) meter(a Account, c *http.Client) *http.Client {
	if c == nil || c.Transport == nil || n.DB == nil { // the way out of this program always has one
		return c
	}
	counted := *c
	counted.Transport = metered{counted.Transport, func(l network.RateLimit) { n.note(a, l) }}
	return &counted
}

// note keeps what a network told, and writes it on the account's row when that changes what others may do: a write
// for each answer would cost more than the answer.
func (n *Networks) note(a Account, l network.RateLimit) {
	now := time.Now()
	n.rates.mu.Lock()
	if n.rates.told == nil {
		n.rates.told = map[string]toldRate{}
	}
	t := n.rates.told[a.ID]
	t.RateLimit = l
	due := band(l, now) != band(t.noted, now) || now.Sub(t.notedAt) > rateNoteAge
	if due {
		t.noted, t.notedAt = l, now
	}
	n.rates.told[a.ID] = t
	n.rates.mu.Unlock()
	if !due {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
	defer cancel()
	_ = n.DB.Write(ctx, func(tx db.Tx) error { // what is not noted is told again
		_, err := tx.Exec(ctx, "UPDATE account SET rate_limit = $3, rate_left = $4, rate_reset = $5 WHERE place_id = $1 AND id = $2", a.PlaceID, a.ID, l.Limit, l.Left, db.Micros(l.Reset))
		return err
	})
}

// band is how much is left, roughly.
func band(l network.RateLimit, now time.Time) int {
	switch share := l.Share(now); {
	case share <= 0:
		return 0
	case share <= ReplyShare:
		return 1
	case share <= HistoryShare:
		return 2
	case share < 1:
		return 3
	}
	return 4
}

// What is left of an account's requests is dealt out: reading stops where answers begin, and the past where news do.
const (
	ReplyShare   = .1 // the last tenth is for answers
	HistoryShare = .5 // the past is read with the first half
)

// Rate is what an account may still ask, as this process or another was told last.
func (n *Networks) Rate(ctx context.Context, a Account) (network.RateLimit, error) {
	n.rates.mu.Lock()
	own, known := n.rates.told[a.ID]
	n.rates.mu.Unlock()
	if n.DB == nil || known && time.Now().Before(own.Reset) {
		return own.RateLimit, nil
	}
	var l network.RateLimit
	var reset int64
	err := n.DB.QueryRow(ctx, "SELECT rate_limit, rate_left, rate_reset FROM account WHERE place_id = $1 AND id = $2", a.PlaceID, a.ID).Scan(&l.Limit, &l.Left, &reset)
	l.Reset = db.Time(reset)
	return l, db.NotFound(err, "place.rate")
}

// expiryNotice is how long before an account must be connected again its place is told.
const expiryNotice = 7 * 24 * time.Hour

// ExpiresSoon tells whether a person must connect an account again within the week, and in how many days; 0 is today.
func ExpiresSoon(a Account, now time.Time) (days int, soon bool) {
	left := a.ExpiresAt.Sub(now)
	return max(0, int(left/(24*time.Hour))), !a.ExpiresAt.IsZero() && left < expiryNotice
}
