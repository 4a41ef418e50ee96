package networktest

import (
	"testing"
	"time"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// wrongClocks sets the network's clock an hour ahead, and an hour behind.
func wrongClocks(t *testing.T, b *bench) {
	s, ok := b.fake.(Skewer)
	if !ok {
		t.Skip("this fake's clock is right")
	}
	for _, ahead := range []time.Duration{time.Hour, -time.Hour} {
		s.Skew(ahead)
		_, cur, _ := b.drain("")
		b.say(Said{Subject: "s", Text: "heard"})
		if got, _, _ := b.drain(cur); len(got) != 1 || got[0].Text != "heard" {
			t.Errorf("by a clock %v ahead, read %q", ahead, texts(got))
		}
		p, ok := b.client.(network.Publisher)
		if !ok {
			continue
		}
		d := b.draft("quelle heure est-il ?")
		r, err := p.Publish(b.ctx(), d)
		b.ok("Publish", err)
		f, ok := b.client.(network.Finder)
		if !ok {
			continue
		}
		for _, since := range []time.Duration{0, 3 * time.Minute, 3 * time.Hour} {
			d.TriedAt = time.Now().Add(-since)
			found, err := f.Find(b.ctx(), d)
			if c := b.check("Find", err); c != "" && c != fault.Ambiguous || c == "" && found.ID != r.ID {
				t.Errorf("by a clock %v ahead, Find of what was published as %s %v ago = %s, %v", ahead, r.ID, since, found.ID, err)
			}
		}
	}
}
