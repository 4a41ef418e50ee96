package networktest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

func (b *bench) fetcher() network.Fetcher {
	f, ok := b.client.(network.Fetcher)
	if !ok {
		b.t.Skip("this driver reads nothing")
	}
	return f
}

func (b *bench) say(s Said) {
	b.t.Helper()
	if s.From.ID == "" {
		s.From = b.fake.Someone()
	}
	if err := b.fake.Say(s); err != nil {
		b.t.Fatalf("the fake cannot say %.40q: %v", s.Text, err)
	}
}

// drain reads from a cursor to the end over a healthy wire.
func (b *bench) drain(cur network.Cursor) (all []network.Message, next network.Cursor, skipped int) {
	b.t.Helper()
	f := b.fetcher()
	for range 1000 {
		p, err := f.Fetch(b.ctx(), cur)
		b.ok("Fetch", err)
		for _, m := range p.Messages {
			b.plain(m)
		}
		all, skipped = append(all, p.Messages...), skipped+p.Skipped
		if p.More && p.Next == cur {
			b.t.Fatal("Fetch says that there is more and does not move")
		}
		if cur = p.Next; !p.More {
			return all, cur, skipped
		}
	}
	b.t.Fatal("Fetch never ends")
	return
}

// plain checks that what leaves the driver can be stored and shown as text.
func (b *bench) plain(m network.Message) {
	b.t.Helper()
	if m.ID == "" || m.Author.ID == "" && !m.Automatic {
		b.t.Errorf("a message without a name or an author: %+v", m)
	}
	if m.SentAt.IsZero() {
		b.t.Errorf("message %s has no time", m.ID)
	}
	for _, s := range []string{m.Text, m.Quoted, m.Subject, m.Author.Name, m.Author.Handle} {
		if !utf8.ValidString(s) {
			b.t.Errorf("%q is not UTF-8", s)
		}
		for _, r := range s {
			if r == 0 || unicode.IsControl(r) && r != '\n' && r != '\t' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
				b.t.Errorf("%q holds %U", s, r)
			}
		}
	}
	if !isPage(m.URL) || !isPage(m.Author.URL) || !isPage(m.Author.Avatar) {
		b.t.Errorf("message %s leads to %q, its author to %q and %q", m.ID, m.URL, m.Author.URL, m.Author.Avatar)
	}
	switch m.Visibility {
	case "", network.Public, network.Unlisted, network.Private:
	default:
		b.t.Errorf("message %s is %q", m.ID, m.Visibility)
	}
	if strings.ContainsAny(m.Subject+m.Author.Name, "\n\r") {
		b.t.Errorf("a name or subject of several lines: %q, %q", m.Subject, m.Author.Name)
	}
}

func texts(ms []network.Message) (out []string) {
	for _, m := range ms {
		if i := slices.Index(out, m.Text); i < 0 {
			out = append(out, m.Text)
		}
	}
	return out
}

func reads(t *testing.T, b *bench) {
	f := b.fetcher()
	_, cur, _ := b.drain("")
	zones := []*time.Location{time.UTC, time.FixedZone("", -5*3600), time.FixedZone("", 5*3600+1800), time.FixedZone("", 14*3600)}
	start := time.Now().Add(-time.Hour).Truncate(time.Second)
	var want []string
	for i := range 75 {
		b.say(Said{Subject: "s", Text: fmt.Sprintf("number %d", i), At: start.Add(time.Duration(i) * time.Second).In(zones[i%len(zones)])})
		want = append(want, fmt.Sprintf("number %d", i))
	}
	got, next, skipped := b.drain(cur)
	if !slices.Equal(texts(got), want) || skipped != 0 {
		t.Fatalf("read %q, %d skipped", texts(got), skipped)
	}
	ids := map[network.RemoteID]bool{}
	for i, m := range got {
		if ids[m.ID] {
			t.Errorf("two messages are %s", m.ID)
		}
		ids[m.ID] = true
		if want := start.Add(time.Duration(i) * time.Second); len(got) == 75 && !m.SentAt.Equal(want) {
			t.Errorf("message %d was sent at %v, read as %v", i, want, m.SentAt)
		}
	}
	p, err := f.Fetch(b.ctx(), next)
	b.ok("Fetch", err)
	if len(p.Messages) != 0 && p.Next == next || p.More {
		t.Errorf("Fetch at the end = %d messages, more %v", len(p.Messages), p.More)
	}
	again, _, _ := b.drain(cur)
	for _, m := range again {
		if !ids[m.ID] {
			t.Errorf("read again, a message is %s", m.ID)
		}
	}
	if !slices.Equal(texts(again), want) {
		t.Errorf("read again: %q", texts(again))
	}
	b.say(Said{Text: "last"})
	if more, _, _ := b.drain(next); !slices.Contains(texts(more), "last") || len(more) > 10 {
		t.Errorf("after the end: %q", texts(more))
	}
}

// naughty is what people really write, and what they mean by it.
var naughty = [][2]string{
	{"Ça coûte 12 € l’été à Nîmes, œuf compris", ""},
	{"👩‍👩‍👧‍👦🍺🇨🇦 e\u0301", ""},
	{"مرحبا بكم في الحانة", ""},
	{"שלום and hello", ""},
	{"日本語のメッセージ、そして中文", ""},
	{"<b>not bold</b> <script>alert(1)</script> &amp; &lt;", ""},
	{"a\x00b\x07c\u0085d", "abcd"},
	{"evil \u202etxt.exe\u2066", "evil txt.exe"},
	{"%s %d %n {{.}} ${HOME} '; DROP TABLE x;--", ""},
	{"one\r\ntwo\nthree\r\n\r\nfour", "one\ntwo\nthree\n\nfour"},
	{".\n..\n. dots at line starts", ""},
	{"From here on\nSubject: not a header", ""},
	{strings.Repeat("x", 2500), ""},
	{"bad \xff\xfe bytes", ""},
	{"  spaces at the ends   \n", "spaces at the ends"},
	{"= =3D =\n=20=", ""},
}

func letters(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || unicode.IsControl(r) || r == '\ufffd' || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			return -1
		}
		return r
	}, s)
}

func readsNaughty(t *testing.T, b *bench) {
	_, cur, _ := b.drain("")
	_, real := b.fake.(RealServer)
	var said [][2]string
	for _, n := range naughty {
		err := b.fake.Say(Said{Subject: "a\u202eb \x00 é 👩‍👩‍👧‍👦", Text: n[0], From: b.fake.Someone()})
		if real && errors.Is(err, errors.ErrUnsupported) {
			continue
		}
		b.ok("Say", err)
		said = append(said, n)
	}
	got, _, _ := b.drain(cur)
	if len(got) != len(said) || len(said) < len(naughty)/2 {
		t.Fatalf("%d of %d messages read", len(got), len(said))
	}
	for i, n := range said {
		want := n[1]
		if want == "" {
			want = n[0]
		}
		// White space is the network's to fold; every other character is the person's.
		got := letters(got[i].Text + got[i].Quoted)
		if !utf8.ValidString(want) { // what such bytes mean is the driver's guess
			got, want = got[:3]+got[len(got)-5:], "badbytes"
		}
		if got != letters(want) {
			t.Errorf("said %q, read %q", n[0], got)
		}
	}
}

// readsBroken breaks the wire everywhere while reading, keeps what was given, and then reads the rest.
func readsBroken(t *testing.T, b *bench) {
	f := b.fetcher()
	var want []string
	_, begin, _ := b.drain("")
	for i := range 12 {
		want = append(want, fmt.Sprintf("number %d", i))
		b.say(Said{Subject: "s", Text: want[i]})
	}
	b.heal()
	b.drain(begin)
	read, wrote := b.wire.Counts()
	runs := []struct {
		fault Fault
		n     int64
	}{{CutRead, read}, {CutWrite, wrote}, {Garbage, read}, {Portal, 0}, {NoName, 0}, {NoTLS, 0}}
	if b.fake.Wire().HTTP != nil {
		b.wire.Set(CutAnswer, math.MaxInt64)
		b.drain(begin)
		runs[0].fault = CutAnswer // within the head, too
		runs[0].n, _ = b.wire.Counts()
		runs = append(runs, runs[0])
		runs[len(runs)-1].fault = EndAnswer
	}
	for _, f2 := range runs {
		for _, at := range b.points(f2.n) {
			b.wire.Set(f2.fault, at)
			cur := begin
			var got []network.Message
			for range 3 {
				p, err := f.Fetch(b.within(3*time.Second), cur)
				if c := b.check("Fetch", err); c != "" {
					if c != fault.Unavailable && !(f2.fault == Garbage && (c == fault.RateLimited || c == fault.Rejected)) {
						t.Errorf("Fetch with %v after %d bytes = %v, want Unavailable", f2.fault, at, err)
					}
					break
				}
				if got = append(got, p.Messages...); p.Skipped > 0 {
					t.Errorf("Fetch with %v after %d bytes gives up %d messages", f2.fault, at, p.Skipped)
				}
				if cur = p.Next; !p.More {
					break
				}
			}
			b.heal()
			rest, _, _ := b.drain(cur)
			if all := texts(append(got, rest...)); !slices.Equal(all, want) {
				t.Fatalf("with %v after %d of %d bytes: read %q", f2.fault, at, f2.n, all)
			}
		}
	}
}

func readsBig(t *testing.T, b *bench) {
	heavy.Lock()
	defer heavy.Unlock()
	b.patience = time.Minute // megabytes are slow under the race detector
	_, cur, _ := b.drain("")
	b.say(Said{Subject: "big", Text: "before the big one"})
	b.say(Said{Subject: "big", Text: "the big one", Padding: network.MaxBody + 1<<20})
	b.say(Said{Subject: "big", Text: "after the big one"})
	got, _, _ := b.drain(cur)
	if ts := texts(got); !slices.Contains(ts, "before the big one") || ts[len(ts)-1] != "after the big one" {
		t.Errorf("around a message that is too big: %.200q", ts)
	}
}

func readsSpoilt(t *testing.T, b *bench) {
	_, cur, _ := b.drain("")
	s, ok := b.fake.(Spoiler)
	if !ok {
		t.Skip("this fake spoils nothing")
	}
	b.say(Said{Subject: "s", Text: "before"})
	b.ok("SaySpoilt", s.SaySpoilt())
	b.say(Said{Subject: "s", Text: "after"})
	got, cur, skipped := b.drain(cur)
	if !slices.Equal(texts(got), []string{"before", "after"}) || skipped != 1 {
		t.Errorf("read %q, %d skipped", texts(got), skipped)
	}
	b.ok("SaySpoilt", s.SaySpoilt())
	if got, cur, skipped = b.drain(cur); len(texts(got)) > 1 || skipped == 0 {
		t.Errorf("read %q, %d skipped at the end", texts(got), skipped)
	}
	if _, _, skipped = b.drain(cur); skipped != 0 {
		t.Errorf("%d skipped again", skipped)
	}
}

func readsRenumbered(t *testing.T, b *bench) {
	b.drain("")
	r, ok := b.fake.(Renumberer)
	if !ok {
		t.Skip("this fake never forgets a cursor")
	}
	b.say(Said{Subject: "s", Text: "known"})
	known, cur, _ := b.drain("")
	b.say(Said{Subject: "s", Text: "unread"})
	b.ok("Renumber", r.Renumber())
	b.say(Said{Subject: "s", Text: "later"})
	got, _, _ := b.drain(cur)
	for _, want := range []string{"unread", "later"} {
		if !slices.Contains(texts(got), want) {
			t.Errorf("after renumbering, read %q", texts(got))
		}
	}
	for _, m := range got {
		for _, k := range known {
			if m.Text == k.Text && m.ID != k.ID {
				t.Errorf("%q was %s and is now %s", m.Text, k.ID, m.ID)
			}
		}
	}
}

func waits(t *testing.T, b *bench) {
	w, ok := b.client.(network.Waiter)
	if !ok {
		t.Skip("this driver cannot wait")
	}
	heavy.RLock()
	defer heavy.RUnlock()
	_, cur, _ := b.drain("")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	start := time.Now()
	if err := w.Wait(ctx, cur); err == nil {
		t.Error("Wait returns although nothing is new")
	} else if fault.Is(err, fault.Unsupported) {
		t.Skip("this server cannot say when something is new")
	} else if b.check("Wait", err); time.Since(start) > 1300*time.Millisecond {
		t.Errorf("Wait returned %v after its context began", time.Since(start))
	}
	done := make(chan error, 1)
	go func() { done <- w.Wait(b.ctx(), cur) }()
	time.Sleep(200 * time.Millisecond)
	b.say(Said{Subject: "s", Text: "wake up"})
	b.ok("Wait", <-done)
	b.ok("Wait for what is there already", w.Wait(b.ctx(), cur))
	b.wire.Set(CutRead, 10)
	if c := b.check("Wait", w.Wait(b.ctx(), cur)); c != fault.Unavailable {
		t.Errorf("Wait over a broken wire = %v", c)
	}
}
