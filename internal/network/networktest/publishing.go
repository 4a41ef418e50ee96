package networktest

import (
	"context"
	"fmt"
	"math"
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

// leavesUnpublished leaves a draft for somebody to publish there, and finds it.
func leavesUnpublished(t *testing.T, b *bench) {
	p := b.publisher()
	if !p.Limits().Unpublished {
		t.Skip("this network keeps no drafts")
	}
	for _, unpublished := range []bool{true, false} {
		d := b.draft("À relire.")
		d.Unpublished = unpublished
		r, err := p.Publish(b.ctx(), d)
		b.ok("Publish", err)
		if a := b.accepted(d.Key); len(a) != 1 || a[0].Unpublished != unpublished {
			t.Errorf("to be left unpublished: %v; the ledger has %+v", unpublished, a)
		}
		if f, ok := b.client.(network.Finder); ok {
			found, err := f.Find(b.ctx(), d)
			if b.ok("Find", err); found.ID != r.ID {
				t.Errorf("left as %s, found as %s", r.ID, found.ID)
			}
		}
	}
}

// publishesTwice attempts one draft twice, as after a crash. A network that knows the key takes it once and gives the
// same receipt; on another the driver must be able to look.
func publishesTwice(t *testing.T, b *bench) {
	p := b.publisher()
	d := b.draft("Une fois suffit.")
	first, err := p.Publish(b.ctx(), d)
	b.ok("Publish", err)
	second, err := p.Publish(b.ctx(), d)
	c := b.check("Publish", err)
	switch n := len(b.accepted(d.Key)); {
	case n == 1 && (c == "" && second.ID != first.ID || c != "" && c != fault.Ambiguous):
		t.Errorf("published as %s; the same again = %s, %v", first.ID, second.ID, err)
	case n == 2:
		f, ok := b.client.(network.Finder)
		if !ok {
			t.Fatal("the network takes a draft twice, and the driver cannot look for it")
		}
		found, err := f.Find(b.ctx(), d)
		if b.ok("Find", err); found.ID != first.ID && found.ID != second.ID {
			t.Errorf("published as %s and %s, found as %s", first.ID, second.ID, found.ID)
		}
	case n != 1:
		t.Errorf("the ledger has it %d times", n)
	}
}

// findsNothingElse publishes something, and looks for the same words said later.
func findsNothingElse(t *testing.T, b *bench) {
	p := b.publisher()
	f, ok := b.client.(network.Finder)
	if !ok {
		t.Skip("this driver cannot look")
	}
	r, err := p.Publish(b.ctx(), b.draft("Merci !"))
	b.ok("Publish", err)
	time.Sleep(20 * time.Millisecond)
	d := b.draft("Merci !")
	d.TriedAt = time.Now()
	found, err := f.Find(b.ctx(), d)
	if c := b.check("Find", err); c != fault.NotFound && c != fault.Ambiguous {
		t.Errorf("Find of a draft that was never sent = %s, %v; %s said the same words before", found.ID, err, r.ID)
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
	thread, last := got[0].Thread, got[0]
	for _, words := range [][2]string{{"Avec plaisir <b>& à bientôt</b>.", "Merci !"}, {"À samedi.", "À samedi !"}} {
		d := b.draft(words[0])
		d.To, d.Subject, d.ReplyTo = nil, "", &last
		r, err := p.Publish(b.ctx(), d)
		b.ok("Publish", err)
		if a := b.accepted(d.Key); len(a) != 1 || a[0].Answers != last.ID {
			t.Fatalf("answering %s, the ledger has %+v", last.ID, a)
		} else if !strings.Contains(letters(a[0].Text), letters(words[0])) {
			t.Errorf("answered %q, the ledger has %q", words[0], a[0].Text)
		}
		b.say(Said{Subject: "Re: Réservation", Text: words[1], Answers: r.ID})
		back, _, _ := b.drain(cur)
		if len(back) == 0 || back[len(back)-1].Text != words[1] {
			t.Fatal("the answer to our answer is not read")
		}
		last = back[len(back)-1]
		if last.ReplyTo != r.ID || last.Thread == "" || last.Thread != thread {
			t.Errorf("an answer to %s in thread %s is read as one to %s in %s", r.ID, thread, last.ReplyTo, last.Thread)
		}
	}
	b.say(Said{Subject: "Réservation", Text: "Une autre table, un autre soir."})
	other, _, _ := b.drain(cur)
	if m := other[len(other)-1]; m.ReplyTo != "" || m.Thread == thread {
		t.Errorf("something new is read as an answer to %q in thread %q", m.ReplyTo, m.Thread)
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
	}{{CutWrite, wrote}, {CutRead, read}, {Silence, read}, {Garbage, read}, {NoDial, 0}, {Blackhole, 0}, {NoName, 0}, {NoTLS, 0}, {Portal, 0}} {
		at := b.points(run.n)
		limit := 3 * time.Second
		switch run.fault {
		case CutRead:
			at = append(at, max(0, low-20), max(0, low-2), max(0, low-1), low)
		case Silence, Blackhole: // also an answer that comes after we have lost patience
			if len(at) > 12 {
				at = append(at[:6:6], at[len(at)-6:]...)
			}
			limit = 60 * time.Millisecond
		}
		for _, n := range at {
			b.wire.Set(run.fault, n)
			c := b.outcome(fmt.Sprintf("%v after %d of %d", run.fault, n, run.n), limit)
			if c == fault.Ambiguous && run.n == 0 && run.fault != Portal {
				t.Errorf("%v: Ambiguous, although nothing was sent", run.fault)
			}
		}
	}
}

// outcome publishes over the wire as it is broken, and compares what the driver says with what the server knows.
func (b *bench) outcome(where string, limit time.Duration) fault.Code {
	b.t.Helper()
	d := b.draft("broken")
	d.TriedAt = time.Now()
	asked := 0
	d.Leave = func(context.Context) error { asked++; return nil }
	_, err := b.publisher().Publish(b.within(limit), d)
	c := b.check("Publish", err)
	b.heal()
	time.Sleep(5 * time.Millisecond) // what had arrived is being entered into the ledger
	sent := len(b.accepted(d.Key))
	switch {
	case sent > 1:
		b.t.Fatalf("%s: one attempt was accepted %d times", where, sent)
	case sent == 1 && c != "" && c != fault.Ambiguous:
		b.t.Errorf("%s: accepted, and Publish says %v", where, err)
	case sent == 0 && c == "":
		b.t.Errorf("%s: not accepted, and Publish says that it was", where)
	case asked > 1 || asked == 0 && (sent == 1 || c == fault.Ambiguous):
		b.t.Errorf("%s: Publish = %v, %d accepted, and Leaving was asked %d times", where, err, sent, asked)
	}
	b.findAgrees(d, sent)
	return c
}

// publishesCut cuts the answer on its way, heads and all: on a connection of its own, and on one that was kept, where
// net/http sends again by itself what it may.
func publishesCut(t *testing.T, b *bench) {
	b.overHTTP()
	p := b.publisher()
	b.wire.Set(CutAnswer, math.MaxInt64)
	_, err := p.Publish(b.ctx(), b.draft("measured"))
	b.ok("Publish", err)
	read, _ := b.wire.Counts()
	at := b.points(read)
	if read <= 600 && !testing.Short() {
		for at = nil; int64(len(at)) <= read; {
			at = append(at, int64(len(at)))
		}
	}
	for i, n := range at {
		for _, kept := range []bool{false, true} {
			if n > 1 && kept != (i%2 == 0) {
				continue // one of both is enough
			}
			b.wire.Close()
			if kept {
				b.wire.Set(CutAnswer, math.MaxInt64)
				_, err := b.client.Profile(b.ctx())
				b.ok("Profile", err)
			}
			b.wire.Set([]Fault{CutAnswer, EndAnswer}[i/2%2], n)
			b.outcome(fmt.Sprintf("cut after %d of %d bytes of answers on a connection that was kept: %v", n, read, kept), 3*time.Second)
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

// leaks breaks everything once more and waits until no more runs than before.
func leaks(t *testing.T, b *bench) {
	b.say(Said{Subject: "s", Text: "t"})
	before := runtime.NumGoroutine()
	for name, call := range b.calls() {
		b.heal()
		b.check(name, call(b.ctx()))
		read, wrote := b.wire.Counts()
		for _, f := range []Fault{CutRead, CutWrite, Garbage, Silence} {
			patience := 10 * time.Second // whose end would close what was left open
			if f == Silence {
				patience = 100 * time.Millisecond
			}
			at := read / 2
			if f == CutWrite {
				at = wrote / 2
			}
			b.wire.Set(f, at)
			b.check(name, call(b.within(patience)))
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
