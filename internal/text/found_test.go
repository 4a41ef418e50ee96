package text

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// marked writes pieces as one text, what was found between brackets.
func marked(pieces []Piece) string {
	var b strings.Builder
	for _, s := range pieces {
		if s.Found {
			b.WriteString("[" + s.Text + "]")
			continue
		}
		b.WriteString(s.Text)
	}
	return b.String()
}

func TestWordsThatWereSearchedAreShownWhereTheyStand(t *testing.T) {
	long := "Bonjour, nous fêtons le départ d’une collègue et nous aimerions garder le fond de la salle pour quatorze personnes, est-ce possible le quatre?"
	for _, c := range []struct {
		in, words, want string
		found           bool
	}{
		{"Une RÉSERVATION pour jeudi", "reservation", "Une [RÉSERVATION] pour jeudi", true},
		{"L’Œuf à la coque, l’œuf dur", "oeuf", "L’[Œuf] à la coque, l’[œuf] dur", true},
		{"Aujourd’hui, oui", "aujourd hui", "[Aujourd]’[hui], oui", true},
		{"e\u0301te\u0301", "ete", "[e\u0301te\u0301]", true}, // accents as marks of their own
		{"rien de tel", "reservation", "rien de tel", false},
		{"un\n\ndeux\ttrois", "trois", "un deux [trois]", true},
		{"", "x", "", false},
		{long, "salle", "…garder le fond de la [salle] pour quatorze perso…", true},
		{long, "possible", "…quatorze personnes, est-ce [possible] le quatre?", true},
		{strings.Repeat("mot", 40) + " salle", "salle", "…[salle]", true},
		{"salle " + strings.Repeat("mot", 40), "salle", "[salle] " + strings.Repeat("mot", 13) + "mo…", true},
	} {
		pieces, found := Found(c.in, func(w string) bool { return slices.Contains(strings.Fields(c.words), w) }, 48)
		if got := marked(pieces); got != c.want || found != c.found {
			t.Errorf("%q in %q:\n got %q, %v\nwant %q", c.words, c.in, got, found, c.want)
		}
	}
}

func FuzzFoundKeepsTheWordsOfItsText(f *testing.F) {
	f.Add("Une RÉSERVATION pour jeudi 👨‍👩‍👧‍👦", "re", 20)
	f.Add("\xff\u0301\u202e ①ﬁ", "fi", 3)
	f.Fuzz(func(t *testing.T, s, start string, n int) {
		n = 1 + min(200, max(0, n))
		pieces, _ := Found(s, func(w string) bool { return strings.HasPrefix(w, start) }, n)
		var b strings.Builder
		for _, x := range pieces {
			b.WriteString(x.Text)
		}
		if got := b.String(); Graphemes(got) > n+1 || !utf8.ValidString(got) || !strings.Contains(Line(s), strings.Trim(got, "…")) && !strings.Contains(got, "…") {
			t.Errorf("%q in at most %d: %q", s, n, got)
		}
	})
}

func TestTheBeginningsOfWordsAreMarked(t *testing.T) {
	for _, c := range []struct{ in, wanted, want string }{
		{"Maude Gervais", "ma", "[Ma]ude Gervais"}, {"Lumière du soir, du matin", "ma", "Lumière du soir, du [ma]tin"}, {"Élie Moreau", "el mo", "[Él]ie [Mo]reau"},
		{"E\u0301lie", "el", "[E\u0301l]ie"}, {"L’Œuvre", "oeu", "L’[Œu]vre"}, {"Ouvrir", "ouvrir", "[Ouvrir]"}, {"Rien", "x", "Rien"}, {"", "x", ""}, {"mama", "ma mam", "[mam]a"},
	} {
		if got := marked(Beginnings(c.in, strings.Fields(c.wanted))); got != c.want {
			t.Errorf("%q in %q: %q, want %q", c.wanted, c.in, got, c.want)
		}
		if want := strings.Contains(c.want, "["); Begin(c.in, strings.Fields(c.wanted)) != want {
			t.Errorf("%q begins words of %q: %v", c.wanted, c.in, !want)
		}
	}
	if Begin("Maude Gervais", []string{"ma", "x"}) {
		t.Error("one word is enough")
	}
}
