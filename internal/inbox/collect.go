package inbox

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/fault/point"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// Collector reads every account of the installation, shared with the other processes on the same
// database: an account is read by who holds its lease, and taken over when the lease runs out.
type Collector struct {
	Inbox  *Inbox
	Holder string // names this process; unique
	// Alone tells that no other process can read these accounts: a lease that is there was left by one that was
	// killed, and only delays us.
	Alone bool

	// Zero values take the usual ones.
	Lease time.Duration // 20 s: taken over this long after a death
	Renew time.Duration // 7 s
	Poll  time.Duration // 60 s, for networks that cannot wait

	mu      sync.Mutex
	readers map[string]*reader // by account, owned by mu
	joined  sync.WaitGroup
	others  map[string]lease // by account, used by Run alone
}

// lease is one of another process, with the moment since when we have seen it unchanged. Its own time is by a clock
// that may be minutes ahead of ours.
type lease struct {
	until int64
	since time.Time
}

// reader reads one account until its lease ends.
type reader struct {
	stop    context.CancelFunc
	version string // of the account's endpoint and credential: another one is opened anew
}

const (
	fetchTime  = 2 * time.Minute
	idleTime   = 25 * time.Minute // servers forget connections that wait longer
	maxBackoff = 5 * time.Minute
)

// Run collects until ctx ends; it then stops every reader, waits for them and gives its leases up.
func (c *Collector) Run(ctx context.Context) error {
	c.Lease, c.Renew, c.Poll = orElse(c.Lease, 20*time.Second), orElse(c.Renew, 7*time.Second), orElse(c.Poll, time.Minute)
	c.readers, c.others = map[string]*reader{}, map[string]lease{}
	if c.Alone {
		if err := c.Inbox.DB.Write(ctx, func(tx db.Tx) error { return place.ReleaseAll(ctx, tx) }); err != nil && ctx.Err() == nil {
			c.Inbox.Log.Error("inbox: release accounts", "err", err)
		}
	}
	tick := time.NewTicker(c.Renew)
	defer tick.Stop()
	for {
		if err := c.renew(ctx); err != nil && ctx.Err() == nil {
			c.Inbox.Log.Error("inbox: claim accounts", "err", err)
		}
		select {
		case <-ctx.Done():
			c.joined.Wait()
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
			defer cancel()
			return c.Inbox.DB.Write(end, func(tx db.Tx) error { return place.Release(end, tx, c.Holder) })
		case <-tick.C:
		}
	}
}

func orElse(d, usual time.Duration) time.Duration {
	if d > 0 {
		return d
	}
	return usual
}

// renew renews the leases, takes what nobody holds, and starts and stops readers to match. When it fails
// for longer than a lease, somebody else reads on: every reader stops.
func (c *Collector) renew(ctx context.Context) error {
	tctx, cancel := context.WithTimeout(ctx, c.Renew)
	defer cancel()
	var mine []place.Account
	silent, err := c.silent(tctx)
	if err == nil {
		err = c.Inbox.DB.Write(tctx, func(tx db.Tx) (err error) {
			if err = place.Lapse(tctx, tx, silent...); err == nil {
				mine, err = place.Claim(tctx, tx, c.Holder, c.Lease)
			}
			return err
		})
	}
	if len(mine) > 0 {
		point.Reached(point.LeaseHeld)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if err != nil {
		for id, r := range c.readers {
			r.stop()
			delete(c.readers, id)
		}
		return err
	}
	held := map[string]bool{}
	for _, a := range mine {
		held[a.ID] = true
		version := a.Version()
		if r := c.readers[a.ID]; r != nil {
			if r.version == version {
				continue
			}
			r.stop()
		}
		rctx, stop := context.WithCancel(ctx)
		r := &reader{stop: stop, version: version}
		c.readers[a.ID] = r
		c.joined.Go(func() {
			defer c.leave(a.ID, r)
			c.read(rctx, a)
		})
	}
	for id, r := range c.readers {
		if !held[id] {
			r.stop()
			delete(c.readers, id)
		}
	}
	return nil
}

// silent are the leases whose holders missed two renewals, whatever their clocks say.
func (c *Collector) silent(ctx context.Context) (dead []place.Lease, err error) {
	held, err := place.Leases(ctx, c.Inbox.DB, c.Holder)
	now, seen := time.Now(), map[string]lease{}
	for _, l := range held {
		before := c.others[l.AccountID]
		if before.until != l.Until {
			before = lease{l.Until, now}
		} else if now.Sub(before.since) > 2*c.Renew+c.Renew/7 {
			dead = append(dead, l)
		}
		seen[l.AccountID] = before
	}
	c.others = seen
	return dead, err
}

// leave forgets a reader that ended, so that its account can be read again once it is mended.
func (c *Collector) leave(id string, r *reader) {
	r.stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.readers[id] == r {
		delete(c.readers, id)
	}
}

// read reads one account until ctx ends or a person is needed.
func (c *Collector) read(ctx context.Context, a place.Account) {
	if err := c.resume(ctx, a); err != nil && ctx.Err() == nil {
		c.Inbox.Log.Error("inbox: resume answers", "account", a.ID, "err", err)
	}
	failures := 0
	for ctx.Err() == nil {
		err := c.turn(ctx, &a)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			failures = 0
			continue
		}
		failures++
		if err := c.trouble(ctx, a, err); err != nil {
			c.Inbox.Log.Error("inbox: store trouble", "account", a.ID, "err", err)
		}
		if fault.Is(err, fault.Unauthenticated) || fault.Is(err, fault.Forbidden) || fault.Is(err, fault.Invalid) {
			return // a person has to see to it: the claim no longer holds this account
		}
		sleep(ctx, backoff(err, failures))
	}
}

// resume sends what the account held back while it needed a person.
func (c *Collector) resume(ctx context.Context, a place.Account) error {
	return c.Inbox.DB.Write(ctx, func(tx db.Tx) error {
		if _, err := place.Lock(ctx, tx, a.PlaceID); err != nil {
			return err
		}
		return c.Inbox.Resume(ctx, tx, a.PlaceID, a.ID)
	})
}

// turn reads what is new and waits until there may be more.
func (c *Collector) turn(ctx context.Context, a *place.Account) error {
	client, err := c.Inbox.Open(*a)
	if err != nil {
		return err
	}
	fetcher, ok := client.(network.Fetcher)
	if !ok {
		<-ctx.Done()
		return nil
	}
	for past := false; ; past = true {
		if err := c.spare(ctx, *a, past); err != nil {
			return err
		}
		more, err := c.fetch(ctx, fetcher, a)
		if err != nil {
			return err
		}
		if !more {
			break
		}
	}
	return c.wait(ctx, client, a.Cursor)
}

// longestSpare bounds how long reading waits for its network's next period: limits may have been changed there.
const longestSpare = 15 * time.Minute

// spare waits while what the network still lets the account ask is wanted for something better than reading: for
// answers, and when it is the past that is read, for news.
func (c *Collector) spare(ctx context.Context, a place.Account, past bool) error {
	if c.Inbox.Rate == nil {
		return nil
	}
	least := place.ReplyShare
	if past {
		least = place.HistoryShare
	}
	for ctx.Err() == nil {
		l, err := c.Inbox.Rate(ctx, a)
		now := time.Now()
		if err != nil || l.Share(now) > least {
			return err
		}
		sleep(ctx, min(l.Reset.Sub(now), longestSpare)+time.Second)
	}
	return ctx.Err()
}

// fetch stores one page.
func (c *Collector) fetch(ctx context.Context, f network.Fetcher, a *place.Account) (more bool, err error) {
	tctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	page, err := f.Fetch(tctx, a.Cursor)
	if err != nil {
		return false, err
	}
	if len(page.Messages)+len(page.Changed)+len(page.Gone) == 0 && page.Next == a.Cursor && page.Skipped == 0 && a.State == place.AccountOK && time.Since(a.ReceivedAt) < time.Minute {
		return false, nil // nothing to say, and said lately
	}
	if err := c.Inbox.Receive(tctx, *a, page); err != nil {
		return false, err
	}
	// A page that says "more" and does not move would be read for ever.
	more = page.More && page.Next != a.Cursor
	a.Cursor, a.State, a.ReceivedAt = page.Next, place.AccountOK, time.Now()
	return more, nil
}

// wait waits until a fetch is worth it.
func (c *Collector) wait(ctx context.Context, client network.Client, cur network.Cursor) error {
	w, ok := client.(network.Waiter)
	if !ok {
		sleep(ctx, c.Poll)
		return nil
	}
	tctx, cancel := context.WithTimeout(ctx, idleTime)
	defer cancel()
	err := w.Wait(tctx, cur)
	switch {
	case err == nil || tctx.Err() != nil:
		return nil
	case fault.Is(err, fault.Unsupported):
		sleep(ctx, c.Poll)
		return nil
	}
	return err
}

func (c *Collector) trouble(ctx context.Context, a place.Account, cause error) error {
	f := fault.As(cause)
	if f.Code == fault.Invalid { // what was stored cannot be opened: only a person can mend it
		f = &fault.Error{Code: fault.Unauthenticated, Op: f.Op, Key: f.Key, Err: cause}
	}
	return c.Inbox.DB.Write(ctx, func(tx db.Tx) error { return place.Trouble(ctx, tx, a, f) })
}

// backoff is how long to wait after the n-th failure in a row.
func backoff(err error, n int) time.Duration {
	if f := fault.As(err); f.RetryAfter > 0 {
		return min(f.RetryAfter, time.Hour)
	}
	wait := min(time.Second<<min(n, 9), maxBackoff)
	return wait/2 + rand.N(wait/2)
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
