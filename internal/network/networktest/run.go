package networktest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// Run is the suite. It takes a few seconds.
func Run(t *testing.T, driver network.Driver, newFake NewFake) {
	t.Run("leaves nothing running", func(t *testing.T) { // alone, because it counts what runs
		fake := newFake(t)
		leaks(t, newBench(t, driver, fake))
	})
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			fake := newFake(t)
			c.f(t, newBench(t, driver, fake))
		})
	}
}

// checks are what a driver is asked for, each named as a promise of it.
var checks = []struct {
	name string
	f    func(*testing.T, *bench)
}{
	{"opens without I/O and refuses nonsense", opens},
	{"never prints a secret", secrets},
	{"proves the account", profile},
	{"says when its right has ended", revoked},
	{"says how long to wait", throttled},
	{"is not put off by absurd waits", absurdWaits},
	{"returns soon when its context ends", contexts},
	{"takes no page for the network's word", pages},
	{"does nothing twice behind a proxy that repeats", repeats},
	{"stops reading what has no end", endless},
	{"bears answers of the wrong shape", wrongShapes},
	{"reads in order and moves forward", reads},
	{"reads what people really write", readsNaughty},
	{"reads pictures and what is told of them", readsFiles},
	{"skips nothing when the wire breaks", readsBroken},
	{"survives what is too big", readsBig},
	{"counts what cannot be read", readsSpoilt},
	{"loses nothing when cursors lose their meaning", readsRenumbered},
	{"follows what is changed and taken back", follows},
	{"waits for news", waits},
	{"follows a stream", streams},
	{"publishes once", publishes},
	{"leaves what somebody is to publish", leavesUnpublished},
	{"publishes once though it is told twice", publishesTwice},
	{"publishes only what may leave", publishesOnlyWhatMayLeave},
	{"finds nothing but the draft itself", findsNothingElse},
	{"answers in the thread", answers},
	{"answers in private what was said in private", keepsSecrets},
	{"knows beforehand whom an answer reaches", reaches},
	{"publishes what people really write", publishesNaughty},
	{"counts as its network counts", counts},
	{"publishes pictures with their descriptions", publishesFiles},
	{"is ambiguous only about what may have been sent", publishesBroken},
	{"knows the outcome wherever an answer is cut", publishesCut},
	{"bears clocks that are wrong", wrongClocks},
	{"takes back", deletes},
	{"reacts and takes it back", reacts},
	{"decides what others read", decides},
	{"measures", measures},
}

// bench is one account with a wire that breaks.
type bench struct {
	t      *testing.T
	driver network.Driver
	fake   Fake
	wire   *Breaker
	client network.Client
	drafts int
	// patience is what a call over a healthy wire never needs.
	patience time.Duration
}

func newBench(t *testing.T, d network.Driver, f Fake) *bench {
	b := &bench{t: t, driver: d, fake: f, wire: NewBreaker(f.Wire()), patience: 10 * time.Second}
	endpoint, cred := f.Account()
	c, err := d.Open(endpoint, cred, b.wire.Wire())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	b.client = c
	t.Cleanup(b.wire.Close)
	return b
}

// overHTTP skips what only happens to HTTP.
func (b *bench) overHTTP() {
	if b.fake.Wire().HTTP == nil {
		b.t.Skip("this driver does not speak HTTP")
	}
}

// shows is the fake as what shows an ability of the driver; it must, or the ability would go untested.
func shows[T any](b *bench, ability string) T {
	b.t.Helper()
	x, ok := b.fake.(T)
	if !ok {
		if _, real := b.fake.(RealServer); real {
			b.t.Skip("a real server does not show it")
		}
		b.t.Fatalf("the driver %s, so its fake must show it: %T is no %v", ability, b.fake, reflect.TypeFor[T]())
	}
	return x
}

func (b *bench) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(b.t.Context(), d)
	b.t.Cleanup(cancel)
	return ctx
}

func (b *bench) ctx() context.Context { return b.within(b.patience) }

// check fails when an error breaks the rules that every error keeps.
func (b *bench) check(what string, err error) fault.Code {
	b.t.Helper()
	if err == nil {
		return ""
	}
	f, ok := errors.AsType[*fault.Error](err)
	if !ok {
		b.t.Fatalf("%s: %T is no *fault.Error: %v", what, err, err)
	}
	if f.Code == "" || f.Code == fault.Internal {
		b.t.Fatalf("%s: a fault of the other side is not Internal: %v", what, err)
	}
	_, cred := b.fake.Account()
	for _, s := range secretsOf(cred) {
		if strings.Contains(err.Error(), s) || strings.Contains(fmt.Sprint(f.Args...), s) {
			b.t.Fatalf("%s: the error shows a secret: %v", what, err)
		}
	}
	return f.Code
}

// ok fails on any error of a call over a healthy wire.
func (b *bench) ok(what string, err error) {
	b.t.Helper()
	if b.check(what, err); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

func (b *bench) heal() { b.wire.Set(Healthy, 0) }

// draft is a new publication, addressed as this network wants it.
func (b *bench) draft(text string) network.Draft {
	b.drafts++
	d := network.Draft{Key: fmt.Sprintf("key-%d-%d", time.Now().UnixNano(), b.drafts), Text: text, Subject: "Conformance", CreatedAt: time.Now(), To: []network.Author{b.fake.Someone()}}
	if k, ok := b.client.(network.NewKeyer); ok {
		d.Key = k.NewKey()
	}
	return d
}

// accepted lists what the ledger has under a key.
func (b *bench) accepted(key string) (found []Accepted) {
	for _, a := range b.fake.Accepted() {
		if a.Key == key {
			found = append(found, a)
		}
	}
	return found
}

// points chooses where to break a run of n bytes: everywhere at its ends, and about 24 places between.
func (b *bench) points(n int64) (at []int64) {
	step, ends := max(1, n/24), int64(8)
	if _, slow := b.fake.(RealServer); slow || testing.Short() {
		step, ends = max(1, n/10), 2
	}
	for i := int64(0); i <= n; {
		at = append(at, i)
		switch {
		case i < ends/2 || i >= n-ends:
			i++
		default:
			i = min(i+step, max(i+1, n-ends))
		}
	}
	return at
}

func secretsOf(c network.Credential) (s []string) {
	for _, v := range strings.Split(string(c.Reveal()), `"`) {
		if len(v) >= 6 && !strings.Contains(v, "_") && v != "password" {
			s = append(s, v)
		}
	}
	return s
}

// calls is every method that does I/O.
func (b *bench) calls() map[string]func(context.Context) error {
	calls := map[string]func(context.Context) error{
		"Profile": func(ctx context.Context) error { _, err := b.client.Profile(ctx); return err },
	}
	if f, ok := b.client.(network.Fetcher); ok {
		calls["Fetch"] = func(ctx context.Context) error { _, err := f.Fetch(ctx, ""); return err }
	}
	if p, ok := b.client.(network.Publisher); ok {
		calls["Publish"] = func(ctx context.Context) error { _, err := p.Publish(ctx, b.draft("contexts")); return err }
	}
	if f, ok := b.client.(network.Finder); ok {
		calls["Find"] = func(ctx context.Context) error { _, err := f.Find(ctx, b.draft("contexts")); return err }
	}
	if d, ok := b.client.(network.Deleter); ok {
		calls["Delete"] = func(ctx context.Context) error { return d.Delete(ctx, "nothing") }
	}
	if r, ok := b.client.(network.Reactor); ok {
		calls["React"] = func(ctx context.Context) error { return r.React(ctx, "nothing", network.Like, true) }
	}
	if m, ok := b.client.(network.Moderator); ok {
		calls["Moderate"] = func(ctx context.Context) error { return m.Moderate(ctx, "nothing", network.Spam) }
	}
	if m, ok := b.client.(network.Meter); ok {
		calls["Measure"] = func(ctx context.Context) error { _, err := m.Measure(ctx, "nothing"); return err }
	}
	return calls
}
