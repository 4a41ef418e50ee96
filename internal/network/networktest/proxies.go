package networktest

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// pages puts a page in the place of the network's answer: that of a captive portal, of a proxy that is alone, or that
// has lost patience after it passed the request on.
func pages(t *testing.T, b *bench) {
	b.overHTTP()
	for _, status := range []int{200, 401, 403, 404, 410, 500, 502, 503, 504} {
		for name, call := range b.calls() {
			if name == "Publish" {
				continue
			}
			b.wire.SetAnswer(Answer{Status: status})
			err := call(b.ctx())
			if c := b.check(name, err); c != fault.Unavailable && !(name == "Find" && c == fault.Ambiguous) {
				t.Errorf("%s answered %d by somebody's page = %v, want Unavailable", name, status, err)
			}
		}
		for _, arrived := range []bool{false, true} {
			if _, ok := b.client.(network.Publisher); !ok || arrived && status >= 400 && status < 500 {
				continue
			}
			b.wire.SetAnswer(Answer{Status: status, Arrived: arrived})
			c := b.outcome(fmt.Sprintf("a page with %d, the draft arrived: %v", status, arrived), 3*time.Second)
			if c != fault.Unavailable && c != fault.Ambiguous {
				t.Errorf("Publish answered %d by somebody's page = %q", status, c)
			}
		}
	}
}

// absurdWaits answers 429 with what servers have been seen to ask.
func absurdWaits(t *testing.T, b *bench) {
	b.overHTTP()
	now := time.Now()
	date := func(d time.Duration) string { return now.Add(d).UTC().Format(http.TimeFormat) }
	const day = network.MaxWait
	for _, x := range []struct {
		name, after string
		ahead       time.Duration // of the server's clock
		least, most time.Duration
	}{
		{"nothing", "", 0, 0, 0},
		{"90 seconds", "90", 0, 90 * time.Second, 90 * time.Second},
		{"a negative number", "-90", 0, 0, 0},
		{"ten years", "315360000", 0, 0, day},
		{"a number beyond all numbers", "99999999999999999999999", 0, 0, day},
		{"a time", date(90 * time.Second), 0, 85 * time.Second, 91 * time.Second},
		{"a time by a clock that is ahead", date(time.Hour + 90*time.Second), time.Hour, 85 * time.Second, 91 * time.Second},
		{"a time by a clock that is behind", date(90*time.Second - time.Hour), -time.Hour, 85 * time.Second, 91 * time.Second},
		{"a time long ago", "Thu, 01 Jan 1970 00:00:00 GMT", 0, 0, 0},
		{"a time in ten years", date(10 * 365 * 24 * time.Hour), 0, 0, day},
		{"words", "tomorrow\t", 0, 0, 0},
	} {
		h := http.Header{"Date": {date(x.ahead)}}
		if x.after != "" {
			h.Set("Retry-After", x.after)
		}
		for name, call := range b.calls() {
			b.wire.SetAnswer(Answer{Status: http.StatusTooManyRequests, Header: h})
			b.putOff(name+" told to wait "+x.name, call(b.ctx()), x.least, x.most)
		}
	}
}

// repeats has a proxy send everything twice; of two answers that come in any order, the driver hears one.
func repeats(t *testing.T, b *bench) {
	b.overHTTP()
	_, oneTime := b.fake.(OneTime)
	for which := range int64(2) {
		if p, ok := b.client.(network.Publisher); ok {
			d := b.draft("deux fois plutôt qu'une")
			b.wire.Set(Repeats, which)
			r, err := p.Publish(b.ctx(), d)
			if c := b.check("Publish", err); c != "" && c != fault.Ambiguous {
				t.Errorf("accepted, and Publish says %v", err)
			}
			b.heal()
			if n := len(b.accepted(d.Key)); n == 0 {
				t.Error("the ledger has nothing")
			}
			b.findAgrees(d, 1)
			if x, ok := b.client.(network.Deleter); ok && r.ID != "" && !oneTime {
				b.wire.Set(Repeats, which)
				b.ok("Delete", x.Delete(b.ctx(), r.ID))
			}
		}
		if _, ok := b.client.(network.Fetcher); !ok || oneTime {
			continue
		}
		b.heal()
		_, cur, _ := b.drain("")
		b.say(Said{Subject: "s", Text: "once"})
		b.wire.Set(Repeats, which)
		got, _, skipped := b.drain(cur)
		if len(got) != 1 || skipped != 0 {
			t.Errorf("read %q, %d skipped", texts(got), skipped)
		}
		if x, ok := b.client.(network.Reactor); ok && len(got) == 1 {
			b.ok("React", x.React(b.ctx(), got[0].ID, network.Like, true))
			b.ok("React", x.React(b.ctx(), got[0].ID, network.Like, false))
		}
	}
}

// heavy is held by who moves many megabytes, and shared by who watches the time meanwhile: beside each other they would
// run into the suite's own limits.
var heavy sync.RWMutex

// endless has an answer go on for ever.
func endless(t *testing.T, b *bench) {
	calls := b.calls()
	if f, ok := b.client.(network.Fetcher); ok {
		b.say(Said{Subject: "s", Text: "the last that can be read"})
		calls["Fetch"] = func(ctx context.Context) error {
			p, err := f.Fetch(ctx, "")
			if err == nil && p.Skipped > 0 { // it took what has no end for something that is too long
				return fault.New(fault.Rejected, "networktest", "")
			}
			return err
		}
	}
	heavy.Lock()
	defer heavy.Unlock()
	b.patience = time.Minute
	for name, call := range calls {
		most := int64(network.MaxBody + 2<<20)
		if name == "Fetch" { // which may look again at less
			most += network.MaxBody
		} else if testing.Short() && name != "Publish" {
			continue // they mostly read as these two do
		}
		b.heal()
		b.check(name, call(b.ctx()))
		half, _ := b.wire.Counts()
		for _, at := range []int64{min(5, half/2), half / 2} {
			b.wire.Set(Endless, at)
			before := len(b.fake.Accepted())
			err := call(b.ctx())
			c := b.check(name, err)
			// An answer that says nothing need not be read, and after a mail's acceptance no answer matters.
			careless := c == "" && (name == "Delete" || name == "React" || name == "Publish" && len(b.fake.Accepted()) > before)
			if c != fault.Unavailable && c != fault.Rejected && c != fault.Ambiguous && !careless {
				t.Errorf("%s of an answer that is endless after %d bytes = %v", name, at, err)
			}
			if read, _ := b.wire.Counts(); read > most {
				t.Errorf("%s: %d bytes of an answer that is endless after %d were read", name, read, at)
			}
		}
	}
}
