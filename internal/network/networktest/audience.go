package networktest

import (
	"strings"
	"testing"

	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// width orders who can read something.
var width = map[network.Visibility]int{network.Private: 1, network.Unlisted: 2, network.Public: 3}

// hears reads something that is said to the account.
func (b *bench) hears(s Said) network.Message {
	b.t.Helper()
	_, cur, _ := b.drain("")
	b.say(s)
	got, _, _ := b.drain(cur)
	if len(got) == 0 {
		b.t.Fatalf("%q is not read", s.Text)
	}
	return got[len(got)-1]
}

// keepsSecrets answers what was said in private. On a square nothing is: then the driver must say so.
func keepsSecrets(t *testing.T, b *bench) {
	p, _ := b.publisher(), b.fetcher()
	_, square := b.fake.(Square)
	for _, private := range []bool{true, false} {
		m := b.hears(Said{Subject: "s", Text: "Entre nous.", Private: private})
		d := b.draft("Bien sûr.")
		d.To, d.ReplyTo = nil, &m
		_, err := p.Publish(b.ctx(), d)
		b.ok("Publish", err)
		a := b.accepted(d.Key)
		if len(a) != 1 {
			t.Fatalf("an answer is %d times in the ledger", len(a))
		}
		if square {
			x, tells := b.client.(network.Addresser)
			if m.Visibility != network.Public || a[0].Visibility != "" || tells && x.Audience(m).Visibility != network.Public {
				t.Errorf("everybody reads everything here, and it is read as %q, answered as %q", m.Visibility, a[0].Visibility)
			}
			continue
		}
		if private && m.Visibility != network.Private || width[a[0].Visibility] == 0 || width[a[0].Visibility] > width[m.Visibility] {
			t.Errorf("said in private: %v; read as %q, answered as %q", private, m.Visibility, a[0].Visibility)
		}
	}
}

// reaches answers with as many words as are left beside those whom the answer names.
func reaches(t *testing.T, b *bench) {
	x, ok := b.client.(network.Addresser)
	if !ok {
		t.Skip("this driver names nobody")
	}
	for _, private := range []bool{true, false} {
		m := b.hears(Said{Subject: "s", Text: "Y a-t-il une table ?", Private: private})
		a := x.Audience(m)
		if _, quiet := b.fake.(Quiet); quiet != (len(a.Notified) == 0) || !quiet && a.Notified[0] != m.Author.Handle {
			t.Errorf("an answer to %s notifies %q", m.Author.Handle, a.Notified)
		}
		if width[a.Visibility] == 0 || m.Visibility != "" && width[a.Visibility] > width[m.Visibility] {
			t.Errorf("an answer to what is %s is %s", m.Visibility, a.Visibility)
		}
		l := b.publisher().Limits()
		for more := 0; more < 2 && l.Text > 0; more++ {
			d := b.draft(exactly(l, "x", l.Text-a.Weight) + strings.Repeat("x", more))
			d.To, d.ReplyTo = nil, &m
			_, err := b.publisher().Publish(b.ctx(), d)
			if c := b.check("Publish", err); more == 0 && c != "" || more == 1 && c != fault.Rejected {
				t.Errorf("an answer of %d more than is left beside %q = %v", more, a.Notified, err)
			}
		}
	}
}
