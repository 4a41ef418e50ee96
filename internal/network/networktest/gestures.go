package networktest

import (
	"slices"
	"testing"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

func deletes(t *testing.T, b *bench) {
	x, ok := b.client.(network.Deleter)
	if !ok {
		t.Skip("this driver takes nothing back")
	}
	d := b.draft("à effacer")
	r, err := b.publisher().Publish(b.ctx(), d)
	b.ok("Publish", err)
	kept := b.draft("à garder")
	_, err = b.publisher().Publish(b.ctx(), kept)
	b.ok("Publish", err)
	for range 2 {
		b.ok("Delete", x.Delete(b.ctx(), r.ID))
	}
	b.ok("Delete of what was never there", x.Delete(b.ctx(), "nothing"))
	if a := b.accepted(d.Key); len(a) != 1 || !a[0].Gone {
		t.Errorf("deleted, the ledger has %+v", a)
	}
	if a := b.accepted(kept.Key); len(a) != 1 || a[0].Gone {
		t.Errorf("another was deleted too: %+v", a)
	}
}

// reacts sets each reaction on and off, twice each.
func reacts(t *testing.T, b *bench) {
	x, ok := b.client.(network.Reactor)
	if !ok {
		t.Skip("this driver has no gestures")
	}
	shown := shows[Witness](b, "reacts")
	_, cur, _ := b.drain("")
	b.say(Said{Subject: "s", Text: "Quelle soirée !"})
	got, _, _ := b.drain(cur)
	id := got[len(got)-1].ID
	supported := 0
	for _, r := range []network.Reaction{network.Like, network.Boost} {
		err := x.React(b.ctx(), id, r, false)
		if c := b.check("React", err); c == fault.Unsupported {
			continue
		}
		b.ok("React off what is not on", err)
		supported++
		for _, on := range []bool{true, true, false, false} {
			b.ok("React", x.React(b.ctx(), id, r, on))
			var want []network.Reaction
			if on {
				want = append(want, r)
			}
			if got := shown.Gestures(id); !slices.Equal(got, want) {
				t.Errorf("React(%s, %v): the network shows %q", r, on, got)
			}
		}
		if c := b.check("React", x.React(b.ctx(), "nothing", r, true)); c != fault.NotFound && c != fault.Rejected {
			t.Errorf("React(%s) to nothing = %q, want NotFound", r, c)
		}
	}
	if supported == 0 {
		t.Error("a Reactor without a reaction")
	}
	if c := b.check("React", x.React(b.ctx(), id, "applause", true)); c != fault.Unsupported {
		t.Errorf("an unknown reaction = %q, want Unsupported", c)
	}
}

// measures compares what a driver counts with what people did.
func measures(t *testing.T, b *bench) {
	x, ok := b.client.(network.Meter)
	if !ok {
		t.Skip("this driver measures nothing")
	}
	public := shows[Public](b, "measures")
	r, err := b.publisher().Publish(b.ctx(), b.draft("Combien ?"))
	b.ok("Publish", err)
	did := network.Counts{}
	for range 2 {
		got, err := x.Measure(b.ctx(), r.ID)
		b.ok("Measure", err)
		told := 0
		for _, n := range [][2]int64{{got.Likes, did.Likes}, {got.Boosts, did.Boosts}, {got.Replies, did.Replies}, {got.Views, did.Views}} {
			if n[0] == n[1] {
				told++
			} else if n[0] != -1 {
				t.Errorf("people did %+v, measured %+v", did, got)
			}
		}
		if told == 0 {
			t.Errorf("a Meter that tells nothing: %+v", got)
		}
		did = network.Counts{Likes: 3, Boosts: 2, Replies: 1, Views: 40}
		b.ok("Applaud", public.Applaud(r.ID, did))
	}
	_, err = x.Measure(b.ctx(), "nothing")
	if c := b.check("Measure", err); c != fault.NotFound {
		t.Errorf("Measure of nothing = %v, want NotFound", err)
	}
}
