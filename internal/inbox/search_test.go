package inbox

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// shows writes what a search shows of its matches, the words that were searched between brackets.
func (b *bench) shows(query string) string {
	b.t.Helper()
	var all []string
	for _, r := range b.list(Query{Search: query}) {
		line := r.Name + ": "
		for _, p := range r.Match.Pieces {
			if p.Found {
				line += "[" + p.Text + "]"
			} else {
				line += p.Text
			}
		}
		all = append(all, line)
	}
	return strings.Join(all, " / ")
}

func TestASearchShowsWhereItsWordsStand(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		mail := from("b", "Théo Lacasse", "Bonjour, nous serons quatorze.")
		mail.Subject = "Réservation du 4 décembre"
		b.get(from("a", "Maude Gervais", "Une RÉSERVATION pour jeudi, s’il vous plaît"), mail, from("c", "Karim", "L’Œuf à la coque"))
		for query, want := range map[string]string{
			"reservation":    "Théo Lacasse: [Réservation] du 4 décembre / Maude Gervais: Une [RÉSERVATION] pour jeudi, s’il vous plaît",
			"RÉSERV":         "Théo Lacasse: [Réservation] du 4 décembre / Maude Gervais: Une [RÉSERVATION] pour jeudi, s’il vous plaît",
			"jeudi plait":    "Maude Gervais: Une RÉSERVATION pour [jeudi], s’il vous [plaît]",
			"oeuf":           "Karim: L’[Œuf] à la coque",
			"theo":           "Théo Lacasse: Bonjour, nous serons quatorze.",
			"introuvable":    "",
			"…":              "",
			`"pour jeudi"`:   "Maude Gervais: Une RÉSERVATION [pour] [jeudi], s’il vous plaît",
			`"jeudi pour"`:   "",
			"reservation 14": "",
		} {
			if got := b.shows(query); got != want {
				t.Errorf("%q:\n got %q\nwant %q", query, got, want)
			}
		}
	})
}

func TestASearchFindsWhatIsPartOfAnotherConversation(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "foulard"), from("b", "M. Gervais", "chapeau"), from("c", "Marc", "gant"))
		id := func(q string) string { return b.list(Query{Search: q})[0].ID }
		first, second, third := id("foulard"), id("chapeau"), id("gant")
		b.merge(second, first)
		b.merge(third, second)
		for _, q := range []string{"foulard", "chapeau", "gant"} {
			if rows := b.list(Query{Search: q}); len(rows) != 1 || rows[0].ID != third {
				t.Errorf("%s: %v", q, rows)
			}
		}
	})
}

func TestThePagesOfASearchHoldEachConversationOnce(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(many(250, func(i int) network.Message {
			m := from(fmt.Sprint(i), fmt.Sprintf("Maude %d", i%7), "bonsoir")
			m.Thread = network.RemoteID(fmt.Sprint("t", i%7))
			m.SentAt = noon.Add(time.Duration(i) * time.Second)
			return m
		})...)
		seen := map[string]int{}
		var order []string
		for q := (Query{Search: "bonsoir", Limit: 3}); ; {
			p, err := b.List(t.Context(), b.place.ID, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range p.Rows {
				seen[r.ID]++
				order = append(order, r.Name)
			}
			if q.After = p.Next; p.Next == "" {
				break
			}
		}
		if got := strings.Join(order, ","); len(seen) != 7 || got != "Maude 4,Maude 3,Maude 2,Maude 1,Maude 0,Maude 6,Maude 5" {
			t.Errorf("%d conversations: %s", len(seen), got)
		}
		if _, err := b.List(t.Context(), b.place.ID, Query{Search: "bonsoir", After: "-"}); !fault.Is(err, fault.Invalid) {
			t.Errorf("a mark that was not given: %v", err)
		}
	})
}
