package inbox

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

func TestALabelIsRenamedWhereverItIs(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		ctx, p := t.Context(), b.place.ID
		b.get(from("a", "Maude", "Bonjour"))
		c := b.only().ID
		l, err := b.NewLabel(ctx, b.me, p, "Reservation")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Label(ctx, b.me, p, l.ID, true, c); err != nil {
			t.Fatal(err)
		}
		if use, err := b.LabelUse(ctx, p); err != nil || use[l.ID] != 1 {
			t.Errorf("in use: %v, %v", use, err)
		}
		other, err := b.NewLabel(ctx, b.me, p, "Avis")
		if err != nil {
			t.Fatal(err)
		}
		for what, change := range map[string]Label{
			"another's name": {ID: l.ID, Name: "  AVÍS "}, "no name": {ID: l.ID, Name: " \n"}, "too long": {ID: l.ID, Name: strings.Repeat("a", 41)}, "no such tone": {ID: l.ID, Name: "Fête", Tone: "rose"},
		} {
			if err := b.ChangeLabel(ctx, b.me, p, change); !fault.Is(err, fault.Invalid) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := b.ChangeLabel(ctx, b.me, p, Label{ID: l.ID, Name: "Réservation", Tone: "vin"}); err != nil { // its own name, with its accent
			t.Fatal(err)
		}
		if d := cmp.Diff([]Label{{ID: l.ID, Name: "Réservation", Tone: "vin"}}, b.only().Labels); d != "" {
			t.Errorf("(-want +got)\n%s", d)
		}
		if again, err := b.NewLabel(ctx, b.me, p, "avis"); err != nil || again.ID != other.ID {
			t.Errorf("the same name is another label: %v, %v", again, err)
		}
	})
}

func TestHowMuchEachMemberSeesToIsCounted(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		ctx, p := t.Context(), b.place.ID
		b.get(from("a", "Maude", "un"), from("b", "Karim", "deux"), from("c", "Théo", "trois"))
		rows := b.list(Query{Tab: TabAll})
		for i, who := range []string{b.me.ID, b.me.ID, b.other.ID} {
			if _, err := b.Do(ctx, b.me, p, Assign(who), rows[i].ID); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := b.Do(ctx, b.me, p, Settle(), rows[2].ID); err != nil { // what is settled is in nobody's hands
			t.Fatal(err)
		}
		if n, err := b.Entrusted(ctx, p); err != nil || !cmp.Equal(n, map[string]int{b.me.ID: 2}) {
			t.Errorf("%v, %v", n, err)
		}
	})
}

func TestALabelThatIsRemovedIsOnNothing(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		ctx, p := t.Context(), b.place.ID
		b.get(from("a", "Maude", "Bonjour"))
		c := b.only().ID
		l, err := b.NewLabel(ctx, b.me, p, "Avis")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.Label(ctx, b.me, p, l.ID, true, c); err != nil {
			t.Fatal(err)
		}
		off, err := b.Label(ctx, b.me, p, l.ID, false, c)
		if err != nil {
			t.Fatal(err)
		}
		if err := b.RemoveLabel(ctx, b.me, p, l.ID); err != nil {
			t.Fatal(err)
		}
		if all, err := b.Labels(ctx, p); err != nil || len(all) != 0 || len(b.only().Labels) != 0 {
			t.Errorf("%v, %v", all, err)
		}
		if err := b.Undo(ctx, b.me, p, off...); fault.As(err) == nil || fault.As(err).Key != "inbox.undo_changed" {
			t.Errorf("putting it back on: %v", err)
		}
		if _, err := b.Label(ctx, b.me, p, l.ID, true, c); !fault.Is(err, fault.NotFound) {
			t.Errorf("it is put on: %v", err)
		}
		if err := b.RemoveLabel(ctx, b.me, p, l.ID); !fault.Is(err, fault.NotFound) {
			t.Errorf("removed twice: %v", err)
		}
	})
}
