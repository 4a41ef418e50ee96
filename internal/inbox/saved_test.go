package inbox

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/place"
)

func (b *bench) keep(title string) string {
	b.t.Helper()
	s, err := b.Save(b.t.Context(), b.me, b.place.ID, Saved{Title: title, Text: title + " {prénom}"})
	if err != nil {
		b.t.Fatal(err)
	}
	return s.ID
}

func (b *bench) titles() string {
	b.t.Helper()
	all, err := b.Saved(b.t.Context(), b.place.ID)
	if err != nil {
		b.t.Fatal(err)
	}
	var titles []string
	for _, s := range all {
		titles = append(titles, s.Title)
	}
	return strings.Join(titles, " ")
}

func TestKeptAnswersStayInTheOrderTheyAreGiven(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		ctx, p := t.Context(), b.place.ID
		b.keep("un")
		two, three := b.keep("deux"), b.keep("trois")
		for _, step := range []struct {
			id   string
			by   int
			want string
		}{{three, -1, "un trois deux"}, {three, -1, "trois un deux"}, {three, -1, "trois un deux"}, {three, 5, "un deux trois"}, {two, 1, "un trois deux"}} {
			if err := b.MoveSaved(ctx, b.me, p, step.id, step.by); err != nil {
				t.Fatal(err)
			}
			if got := b.titles(); got != step.want {
				t.Errorf("moved by %d: %q, want %q", step.by, got, step.want)
			}
		}
		if err := b.Forget(ctx, b.me, p, three); err != nil {
			t.Fatal(err)
		}
		b.keep("quatre")
		if got := b.titles(); got != "un deux quatre" {
			t.Errorf("after one is removed: %q", got)
		}
		if _, err := b.Save(ctx, b.me, p, Saved{ID: two, Title: "Deux", Text: "Bonsoir"}); err != nil || b.titles() != "un Deux quatre" {
			t.Errorf("changed: %q, %v", b.titles(), err)
		}
		floor := b.me
		floor.Role = place.Floor
		for what, err := range map[string]error{
			"an unknown one moves":   b.MoveSaved(ctx, b.me, p, "x", 1),
			"one removed is removed": b.Forget(ctx, b.me, p, three),
		} {
			if !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", what, err)
			}
		}
		if err := b.MoveSaved(ctx, floor, p, two, 1); !fault.Is(err, fault.Forbidden) {
			t.Errorf("the floor orders them: %v", err)
		}
	})
}

func TestAKeptAnswerIsFilledWithWhatIsKnown(t *testing.T) {
	v := Variables{Name: "Maude Gervais", Place: "Le Zinc", Member: "Élie", Time: "21 h 40", Day: "jeudi"}
	guest := v
	guest.Name = ""
	for _, c := range []struct {
		vars     Variables
		in, want string
	}{
		{v, "Merci, {prénom}. {moi}, {lieu}", "Merci, Maude. Élie, Le Zinc"},
		{v, "Thanks {FIRST_NAME}, see you {day} at {Place}", "Thanks Maude, see you jeudi at Le Zinc"},
		{guest, "On arrive, {prénom}.", "On arrive."}, // a guest at a table has no name
		{guest, "{nom}", ""},
		{v, "jusqu’à {fermeture}", "jusqu’à"},
		{v, "un {mot} inconnu, une { accolade", "un {mot} inconnu, une { accolade"},
		{v, "{}{{prénom}}", "{}{Maude}"},
	} {
		if got := c.vars.Fill(c.in); got != c.want {
			t.Errorf("%q: %q, want %q", c.in, got, c.want)
		}
	}
	v.Name = "{lieu} Roy"
	if got := v.Fill("Bonjour {prénom}"); got != "Bonjour {lieu}" {
		t.Errorf("a name is no variable: %q", got)
	}
}

func TestThePiecesOfAKeptAnswerTellItsVariables(t *testing.T) {
	v := Variables{Name: "Maude Gervais", Place: "Le Zinc"}
	want := []Piece{{Text: "Oui "}, {Text: "Maude", Variable: true}, {Text: ", {à} "}, {Text: "Le Zinc", Variable: true}}
	if d := cmp.Diff(want, v.Pieces("Oui {prénom}, {à} {lieu}, {fermeture}")); d != "" {
		t.Errorf("(-want +got)\n%s", d)
	}
}
