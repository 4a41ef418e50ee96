package networktest

import (
	"context"
	"runtime"
	"strings"
	"testing"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

func (b *bench) publisher() network.Publisher {
	p, ok := b.client.(network.Publisher)
	if !ok {
		b.t.Skip("this driver publishes nothing")
	}
	return p
}

func publishes(t *testing.T, b *bench) {
	p := b.publisher()
	if l := p.Limits(); l.Text > 0 && (l.Length == nil || l.Length("été") < 3) {
		t.Errorf("Limits = %+v", l)
	}
	keys := map[string]bool{}
	for range 100 {
		keys[b.draft("").Key] = true
	}
	if len(keys) != 100 {
		t.Errorf("100 drafts have %d keys", len(keys))
	}
	d := b.draft("Ce soir, on chante.")
	r, err := p.Publish(b.ctx(), d)
	b.ok("Publish", err)
	got := b.accepted(d.Key)
	if r.ID == "" || len(got) != 1 || strings.TrimSpace(got[0].Text) != d.Text {
		t.Fatalf("Publish = %+v; the ledger has %+v", r, got)
	}
	if f, ok := b.client.(network.Finder); ok {
		found, err := f.Find(b.ctx(), d)
		b.ok("Find", err)
		if found.ID != r.ID {
			t.Errorf("published as %s, found as %s", r.ID, found.ID)
		}
		_, err = f.Find(b.ctx(), b.draft("never sent"))
		if c := b.check("Find", err); c != fault.NotFound && c != fault.Ambiguous {
			t.Errorf("Find of what was never sent = %v", err)
		}
	}
}

// publishesOnlyWhatMayLeave says no at the last moment.
func publishesOnlyWhatMayLeave(t *testing.T, b *bench) {
	p := b.publisher()
	d := b.draft("Trop tard")
	d.Leave = func(context.Context) error { return fault.New(fault.Conflict, "networktest", "") }
	_, err := p.Publish(b.ctx(), d)
	if c := b.check("Publish", err); c != fault.Conflict {
		t.Errorf("Publish of a draft that may not leave = %v, want the error of Leaving", err)
	}
	time.Sleep(20 * time.Millisecond)
	if n := len(b.accepted(d.Key)); n != 0 {
		t.Errorf("it was accepted %d times", n)
	}
	_, err = p.Publish(b.ctx(), b.draft("another"))
	b.ok("Publish", err)
}

func answers(t *testing.T, b *bench) {
	p, _ := b.publisher(), b.fetcher()
	_, cur, _ := b.drain("")
	b.say(Said{Subject: "Réservation", Text: "On est huit."})
	got, cur, _ := b.drain(cur)
	if len(got) != 1 {
		t.Fatalf("read %q", texts(got))
	}
	d := b.draft("Avec plaisir.")
	d.To, d.Subject, d.ReplyTo = nil, "", &got[0]
	r, err := p.Publish(b.ctx(), d)
	b.ok("Publish", err)
	if a := b.accepted(d.Key); len(a) != 1 || a[0].Answers != got[0].ID {
		t.Fatalf("answering %s, the ledger has %+v", got[0].ID, a)
	}
	b.say(Said{Subject: "Re: Réservation", Text: "Merci !", Answers: r.ID})
	back, _, _ := b.drain(cur)
	if len(back) == 0 {
		t.Fatal("the answer to our answer is not read")
	}
	m := back[len(back)-1]
	if m.ReplyTo != r.ID || m.Thread == "" || m.Thread != got[0].Thread {
		t.Errorf("an answer to %s in thread %s is read as one to %s in %s", r.ID, got[0].Thread, m.ReplyTo, m.Thread)
	}
}

func publishesNaughty(t *testing.T, b *bench) {
	p := b.publisher()
	for _, n := range naughty {
		if l := p.Limits(); l.Text > 0 && l.Length(n[0]) > l.Text {
			continue
		}
		d := b.draft(n[0])
		d.Subject = "x\r\nBcc: evil@example.org\r\n\r\n" + strings.ReplaceAll(n[0], "\n", " ")
		_, err := p.Publish(b.ctx(), d)
		if c := b.check("Publish", err); c == fault.Invalid || c == fault.Rejected {
			t.Errorf("Publish(%.40q) = %v", n[0], err)
			continue
		}
		a := b.accepted(d.Key)
		if err != nil || len(a) != 1 {
			t.Errorf("Publish(%.40q) = %v; the ledger has %+v", n[0], err, a)
			continue
		}
		if got := letters(a[0].Text); got != letters(n[0]) {
			t.Errorf("published %q, the ledger has %q", n[0], got)
		}
	}
}

// publishesBroken breaks the wire everywhere while publishing, and compares what the driver says with what the
// server knows.
func publishesBroken(t *testing.T, b *bench) {
	p := b.publisher()
	b.heal()
	_, err := p.Publish(b.ctx(), b.draft("measured"))
	b.ok("Publish", err)
	read, wrote := b.wire.Counts()
	// The fewest bytes read with which the driver is sure: just before them, the server has accepted and the
	// driver has not heard of it.
	low, high := int64(0), read
	for low < high {
		mid := (low + high) / 2
		b.wire.Set(CutRead, mid)
		if _, err := p.Publish(b.within(3*time.Second), b.draft("searching")); err == nil {
			high = mid
		} else {
			low = mid + 1
		}
	}
	for _, run := range []struct {
		fault Fault
		n     int64
	}{{CutWrite, wrote}, {CutRead, read}, {Silence, read}, {NoDial, 0}} {
		at := b.points(run.n)
		if run.fault == CutRead {
			at = append(at, max(0, low-20), max(0, low-2), max(0, low-1), low)
		}
		if run.fault == Silence && len(at) > 12 {
			at = append(at[:6:6], at[len(at)-6:]...)
		}
		for _, n := range at {
			d := b.draft("broken")
			limit := 3 * time.Second
			if run.fault == Silence {
				limit = 60 * time.Millisecond
			}
			b.wire.Set(run.fault, n)
			d.TriedAt = time.Now()
			asked := 0
			d.Leave = func(context.Context) error { asked++; return nil }
			_, err := p.Publish(b.within(limit), d)
			c := b.check("Publish", err)
			b.heal()
			time.Sleep(5 * time.Millisecond) // what had arrived is being entered into the ledger
			sent := len(b.accepted(d.Key))
			switch {
			case sent > 1:
				t.Fatalf("%v after %d: one attempt was accepted %d times", run.fault, n, sent)
			case sent == 1 && c != "" && c != fault.Ambiguous:
				t.Errorf("%v after %d of %d: accepted, and Publish says %v", run.fault, n, run.n, err)
			case sent == 0 && c == "":
				t.Errorf("%v after %d of %d: not accepted, and Publish says that it was", run.fault, n, run.n)
			case c == fault.Ambiguous && run.fault == NoDial:
				t.Errorf("%v after %d: Ambiguous, although nothing was sent", run.fault, n)
			case asked > 1 || asked == 0 && (sent == 1 || c == fault.Ambiguous):
				t.Errorf("%v after %d: Publish = %v, %d accepted, and Leaving was asked %d times", run.fault, n, err, sent, asked)
			}
			b.findAgrees(d, sent)
		}
	}
}

// findAgrees compares Find with the ledger.
func (b *bench) findAgrees(d network.Draft, sent int) {
	b.t.Helper()
	f, ok := b.client.(network.Finder)
	if !ok {
		return
	}
	_, err := f.Find(b.ctx(), d)
	c := b.check("Find", err)
	if c == "" && sent == 0 {
		b.t.Errorf("Find finds what the ledger does not have")
	}
	if c == fault.NotFound && sent > 0 {
		b.t.Errorf("Find says that what the ledger has was surely not sent")
	}
	if c != "" && c != fault.NotFound && c != fault.Ambiguous {
		b.t.Errorf("Find = %v", err)
	}
}

func publishesRefused(t *testing.T, b *bench) {
	p := b.publisher()
	if r, ok := b.fake.(Revoker); ok {
		r.Revoke(true)
		d := b.draft("revoked")
		_, err := p.Publish(b.ctx(), d)
		if c := b.check("Publish", err); c != fault.Unauthenticated || len(b.accepted(d.Key)) != 0 {
			t.Errorf("Publish with a revoked credential = %v, want Unauthenticated", err)
		}
		if f, ok := b.client.(network.Fetcher); ok {
			_, err := f.Fetch(b.ctx(), "")
			if c := b.check("Fetch", err); c != fault.Unauthenticated {
				t.Errorf("Fetch with a revoked credential = %v, want Unauthenticated", err)
			}
		}
		r.Revoke(false)
	}
	if th, ok := b.fake.(Throttler); ok {
		th.Throttle(90 * time.Second)
		d := b.draft("throttled")
		_, err := p.Publish(b.ctx(), d)
		if b.throttled("Publish", err); len(b.accepted(d.Key)) != 0 {
			t.Error("Publish when throttled was accepted")
		}
		if f, ok := b.client.(network.Fetcher); ok {
			_, err := f.Fetch(b.ctx(), "")
			b.throttled("Fetch", err)
		}
		th.Throttle(0)
	}
	_, err := p.Publish(b.ctx(), b.draft("again"))
	b.ok("Publish", err)
}

func deletes(t *testing.T, b *bench) {
	x, ok := b.client.(network.Deleter)
	if !ok {
		t.Skip("this driver takes nothing back")
	}
	d := b.draft("à effacer")
	r, err := b.publisher().Publish(b.ctx(), d)
	b.ok("Publish", err)
	for range 2 {
		b.ok("Delete", x.Delete(b.ctx(), r.ID))
	}
	if a := b.accepted(d.Key); len(a) != 1 || !a[0].Gone {
		t.Errorf("deleted, the ledger has %+v", a)
	}
}

// leaks breaks everything once more and waits until no more runs than before.
func leaks(t *testing.T, b *bench) {
	b.say(Said{Subject: "s", Text: "t"})
	before := runtime.NumGoroutine()
	for name, call := range b.calls() {
		for _, f := range []Fault{Healthy, CutRead, CutWrite, Garbage, Silence} {
			b.wire.Set(f, 120)
			b.check(name, call(b.within(100*time.Millisecond)))
		}
	}
	b.heal()
	now := 0
	for range 150 {
		if c := b.fake.Wire().HTTP; c != nil {
			c.CloseIdleConnections()
		}
		if now = runtime.NumGoroutine(); now <= before+2 {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	buf := make([]byte, 1<<20)
	t.Errorf("%d goroutines before, %d after:\n%s", before, now, buf[:runtime.Stack(buf, true)])
}
