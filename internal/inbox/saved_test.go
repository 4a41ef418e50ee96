package inbox

import "testing"

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
