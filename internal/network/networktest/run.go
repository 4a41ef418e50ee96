package networktest

import (
	"context"
	"errors"
	"fmt"
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
	for _, part := range []struct {
		name string
		f    func(*testing.T, *bench)
	}{
		{"opens without I/O and refuses nonsense", opens},
		{"never prints a secret", secrets},
		{"proves the account", profile},
		{"returns soon when its context ends", contexts},
		{"reads in order and moves forward", reads},
		{"reads what people really write", readsNaughty},
		{"skips nothing when the wire breaks", readsBroken},
		{"survives what is too big", readsBig},
		{"counts what cannot be read", readsSpoilt},
		{"loses nothing when cursors lose their meaning", readsRenumbered},
		{"waits for news", waits},
		{"publishes once", publishes},
		{"publishes only what may leave", publishesOnlyWhatMayLeave},
		{"answers in the thread", answers},
		{"publishes what people really write", publishesNaughty},
		{"is ambiguous only about what may have been sent", publishesBroken},
		{"publishes nothing without a right to", publishesRefused},
		{"takes back", deletes},
	} {
		t.Run(part.name, func(t *testing.T) {
			t.Parallel()
			fake := newFake(t)
			part.f(t, newBench(t, driver, fake))
		})
	}
}

// bench is one account with a wire that breaks.
type bench struct {
	t      *testing.T
	driver network.Driver
	fake   Fake
	wire   *Breaker
	client network.Client
	drafts int
}

func newBench(t *testing.T, d network.Driver, f Fake) *bench {
	b := &bench{t: t, driver: d, fake: f, wire: NewBreaker(f.Wire())}
	endpoint, cred := f.Account()
	c, err := d.Open(endpoint, cred, b.wire.Wire())
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	b.client = c
	return b
}

// within gives a call the time that a healthy one never needs.
func (b *bench) within(d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(b.t.Context(), d)
	b.t.Cleanup(cancel)
	return ctx
}

func (b *bench) ctx() context.Context { return b.within(10 * time.Second) }

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

func opens(t *testing.T, b *bench) {
	endpoint, cred := b.fake.Account()
	dead := NewBreaker(b.fake.Wire())
	dead.Set(NoDial, 0)
	if _, err := b.driver.Open(endpoint, cred, dead.Wire()); err != nil || dead.Broken() {
		t.Errorf("Open speaks to the network, or fails without it: %v", err)
	}
	for _, bad := range []string{"", "{", "\x00", "null", `{"x":1}`, "http://", "http://\r\nHost: x/", strings.Repeat("a", 1<<16)} {
		if _, err := b.driver.Open(bad, cred, dead.Wire()); fault.CodeOf(err) != fault.Invalid {
			t.Errorf("Open(%.20q) = %v, want Invalid", bad, err)
		}
	}
	if _, err := b.driver.Open(endpoint, network.Credential{}, dead.Wire()); !cred.IsZero() && fault.CodeOf(err) != fault.Invalid {
		t.Errorf("Open without a credential = %v, want Invalid", err)
	}
	if b.driver.Kind() == "" {
		t.Error("Kind is empty")
	}
}

func secrets(t *testing.T, b *bench) {
	endpoint, cred := b.fake.Account()
	for _, shown := range []string{fmt.Sprintf("%v %+v %#v", b.client, b.client, b.client), endpoint} {
		for _, s := range secretsOf(cred) {
			if strings.Contains(shown, s) {
				t.Errorf("%q shows a secret", shown)
			}
		}
	}
}

func profile(t *testing.T, b *bench) {
	p, err := b.client.Profile(b.ctx())
	b.ok("Profile", err)
	if p.ID == "" || p.Handle == "" {
		t.Errorf("Profile = %+v", p)
	}
	if r, ok := b.fake.(Revoker); ok {
		r.Revoke(true)
		_, err = b.client.Profile(b.ctx())
		if c := b.check("Profile", err); c != fault.Unauthenticated {
			t.Errorf("Profile with a revoked credential = %v, want Unauthenticated", err)
		}
		r.Revoke(false)
	}
	if th, ok := b.fake.(Throttler); ok {
		th.Throttle(90 * time.Second)
		_, err = b.client.Profile(b.ctx())
		b.throttled("Profile", err)
		th.Throttle(0)
	}
	b.heal()
	_, err = b.client.Profile(b.ctx())
	b.ok("Profile", err)
	read, wrote := b.wire.Counts()
	for _, f := range []Fault{NoDial, CutRead, CutWrite, Garbage, BadAnswer} {
		if f == BadAnswer && b.fake.Wire().HTTP == nil {
			continue
		}
		at := read / 2
		if f == CutWrite {
			at = wrote / 2
		}
		b.wire.Set(f, at)
		_, err := b.client.Profile(b.within(3 * time.Second))
		if c := b.check("Profile, "+f.String(), err); c != fault.Unavailable {
			t.Errorf("Profile with %v = %v, want Unavailable", f, err)
		}
	}
}

// throttled checks that being too much is told apart, with how long to wait.
func (b *bench) throttled(what string, err error) {
	b.t.Helper()
	c := b.check(what, err)
	if c != fault.RateLimited && c != fault.Unavailable {
		b.t.Errorf("%s when throttled = %v, want RateLimited", what, err)
		return
	}
	if d := fault.As(err).RetryAfter; d < 80*time.Second || d > 100*time.Second {
		b.t.Errorf("%s when told to wait 90 s: RetryAfter = %v", what, d)
	}
}

// contexts calls everything over a wire that falls silent, at several places.
func contexts(t *testing.T, b *bench) {
	b.ok("Say", b.fake.Say(Said{From: b.fake.Someone(), Subject: "s", Text: "t"}))
	for name, call := range b.calls() {
		b.heal()
		b.check(name, call(b.ctx()))
		read, _ := b.wire.Counts()
		for _, at := range []int64{0, 1, read / 2, read - 1} {
			for _, f := range []Fault{Silence, Slow} {
				b.wire.Set(f, max(0, at))
				ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
				start := time.Now()
				err := call(ctx)
				if d := time.Since(start); d > 1050*time.Millisecond {
					t.Errorf("%s with %v after %d bytes returns %v after its context", name, f, at, d-50*time.Millisecond)
				}
				cancel()
				b.check(name, err)
			}
		}
		ended, cancel := context.WithCancel(t.Context())
		cancel()
		b.heal()
		if err := call(ended); err == nil {
			t.Errorf("%s works with a context that has ended", name)
		} else {
			b.check(name, err)
		}
	}
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
	return calls
}
