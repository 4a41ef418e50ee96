package networktest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

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
	b.heal()
	_, err = b.client.Profile(b.ctx())
	b.ok("Profile", err)
	read, wrote := b.wire.Counts()
	for _, f := range []Fault{NoDial, Blackhole, NoName, NoTLS, Portal, CutRead, CutWrite, Garbage, BadAnswer} {
		at, limit := read/2, 3*time.Second
		switch {
		case f == BadAnswer && b.fake.Wire().HTTP == nil:
			continue
		case f == CutWrite:
			at = wrote / 2
		case f == Blackhole:
			limit = 50 * time.Millisecond
		}
		b.wire.Set(f, at)
		_, err := b.client.Profile(b.within(limit))
		if c := b.check("Profile, "+f.String(), err); c != fault.Unavailable {
			t.Errorf("Profile with %v = %v, want Unavailable", f, err)
		}
		if !b.wire.Broken() {
			t.Errorf("Profile never met %v", f)
		}
	}
}

// revoked takes the right away and asks for everything.
func revoked(t *testing.T, b *bench) {
	r, ok := b.fake.(Revoker)
	if !ok {
		t.Skip("this fake revokes nothing")
	}
	for name, call := range b.calls() {
		r.Revoke(true)
		before := len(b.fake.Accepted())
		err := call(b.ctx())
		if c := b.check(name, err); c != fault.Unauthenticated {
			t.Errorf("%s with a revoked credential = %v, want Unauthenticated", name, err)
		}
		if len(b.fake.Accepted()) != before {
			t.Errorf("%s with a revoked credential was accepted", name)
		}
		r.Revoke(false)
	}
	_, err := b.client.Profile(b.ctx())
	b.ok("Profile with the right given back", err)
}

// throttled asks for everything of a network that has had too much, and says so in its own words.
func throttled(t *testing.T, b *bench) {
	th, ok := b.fake.(Throttler)
	if !ok {
		t.Skip("this fake is never too busy")
	}
	for name, call := range b.calls() {
		before := len(b.fake.Accepted())
		th.Throttle(90 * time.Second)
		b.putOff(name, call(b.ctx()), 80*time.Second, 100*time.Second)
		th.Throttle(10 * 365 * 24 * time.Hour)
		b.putOff(name, call(b.ctx()), 0, network.MaxWait)
		if len(b.fake.Accepted()) != before {
			t.Errorf("%s when throttled was accepted", name)
		}
		th.Throttle(0)
	}
	_, err := b.client.Profile(b.ctx())
	b.ok("Profile afterwards", err)
}

// putOff checks that being too much is told apart, with how long to wait.
func (b *bench) putOff(what string, err error, least, most time.Duration) {
	b.t.Helper()
	c := b.check(what, err)
	if c != fault.RateLimited && c != fault.Unavailable {
		b.t.Errorf("%s when throttled = %v, want RateLimited", what, err)
	} else if d := fault.As(err).RetryAfter; d < least || d > most {
		b.t.Errorf("%s: RetryAfter = %v, want %v to %v", what, d, least, most)
	}
}

// contexts calls everything over a wire that falls silent, at several places.
func contexts(t *testing.T, b *bench) {
	heavy.RLock()
	defer heavy.RUnlock()
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
					t.Fatalf("%s with %v after %d bytes returns %v after its context", name, f, at, d-50*time.Millisecond)
				}
				cancel()
				b.check(name, err)
			}
		}
		b.wire.Set(Blackhole, 0)
		start := time.Now()
		if err := call(b.within(50 * time.Millisecond)); b.check(name, err) != fault.Unavailable || time.Since(start) > 1050*time.Millisecond {
			t.Fatalf("%s into a black hole = %v after %v", name, err, time.Since(start))
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
