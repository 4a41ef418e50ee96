package networktest

import (
	"slices"
	"testing"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// fates reads from a cursor what became of messages, and what is new.
func (b *bench) fates(cur network.Cursor) (p network.Page) {
	b.t.Helper()
	p.Next = cur
	for p.More = true; p.More; {
		next, err := b.fetcher().Fetch(b.ctx(), p.Next)
		b.ok("Fetch", err)
		for _, m := range next.Changed {
			b.plain(m)
		}
		p.Messages, p.Changed, p.Gone = append(p.Messages, next.Messages...), append(p.Changed, next.Changed...), append(p.Gone, next.Gone...)
		p.Next, p.More = next.Next, next.More
	}
	return p
}

// follows has people change what they said and take it back, over a wire that breaks in between.
func follows(t *testing.T, b *bench) {
	r, ok := b.fake.(Reviser)
	if !ok {
		t.Skip("this fake's people stand by what they say")
	}
	_, cur, _ := b.drain("")
	for _, words := range []string{"first", "second", "third"} {
		b.say(Said{Subject: "s", Text: words})
	}
	got, cur, _ := b.drain(cur)
	if len(got) != 3 {
		t.Fatalf("read %q", texts(got))
	}
	b.ok("Revise", r.Revise(got[0].ID, "first, and better"))
	b.ok("Withdraw", r.Withdraw(got[1].ID))
	b.wire.Set(CutRead, 10)
	_, err := b.fetcher().Fetch(b.ctx(), cur)
	if c := b.check("Fetch", err); c != fault.Unavailable {
		t.Errorf("Fetch over a broken wire = %v", err)
	}
	b.heal()
	p := b.fates(cur)
	if len(p.Messages) > 0 || len(p.Changed) != 1 || p.Changed[0].ID != got[0].ID || p.Changed[0].Text != "first, and better" || p.Changed[0].Thread != got[0].Thread {
		t.Errorf("one of three was changed; told as new %q, as changed %+v", texts(p.Messages), p.Changed)
	}
	if !slices.Equal(p.Gone, []network.RemoteID{got[1].ID}) {
		t.Errorf("%s was taken back, told of %q", got[1].ID, p.Gone)
	}
	if p = b.fates(p.Next); len(p.Changed)+len(p.Gone) > 0 {
		t.Errorf("told again: changed %+v, gone %q", p.Changed, p.Gone)
	}
	b.ok("Withdraw", r.Withdraw(got[2].ID))
	if p = b.fates(p.Next); !slices.Equal(p.Gone, []network.RemoteID{got[2].ID}) {
		t.Errorf("%s was taken back later, told of %q", got[2].ID, p.Gone)
	}
}

// decides gives a message each standing twice, and hears what somebody else decides.
func decides(t *testing.T, b *bench) {
	x, ok := b.client.(network.Moderator)
	if !ok {
		t.Skip("this driver decides of nothing")
	}
	shown := shows[Overseer](b, "decides who can read")
	m := b.hears(Said{Subject: "s", Text: "Vous êtes ouverts ?"})
	if m.Standing == "" || m.Standing != shown.Stands(m.ID) {
		t.Errorf("read as %q, stands as %q", m.Standing, shown.Stands(m.ID))
	}
	_, cur, _ := b.drain("")
	for _, s := range []network.Standing{network.Held, network.Shown, network.Spam, network.Removed, network.Shown} {
		for range 2 {
			b.ok("Moderate", x.Moderate(b.ctx(), m.ID, s))
			if is := shown.Stands(m.ID); is != s {
				t.Fatalf("Moderate(%s): the network has it as %q", s, is)
			}
		}
		p := b.fates(cur)
		if cur = p.Next; len(p.Messages) > 0 || len(p.Gone) > 0 {
			t.Errorf("as %s it is told as new %q, as gone %q", s, texts(p.Messages), p.Gone)
		}
	}
	for _, s := range []network.Standing{network.Spam, network.Shown, network.Removed, network.Held} {
		b.ok("Decide", shown.Decide(m.ID, s))
		p := b.fates(cur)
		if cur = p.Next; len(p.Changed) != 1 || p.Changed[0].ID != m.ID || p.Changed[0].Standing != s || len(p.Messages)+len(p.Gone) > 0 {
			t.Errorf("somebody decided %s; told as new %q, as changed %+v, as gone %q", s, texts(p.Messages), p.Changed, p.Gone)
		}
	}
	if c := b.check("Moderate", x.Moderate(b.ctx(), "nothing", network.Spam)); c != fault.NotFound && c != fault.Rejected {
		t.Errorf("Moderate of nothing = %q, want NotFound", c)
	}
	if c := b.check("Moderate", x.Moderate(b.ctx(), m.ID, "banned")); c != fault.Unsupported {
		t.Errorf("a standing that nobody knows = %q, want Unsupported", c)
	}
}
