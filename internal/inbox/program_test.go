package inbox

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// program is a token of the place, acting.
func (b *bench) program(name string) place.Actor {
	b.t.Helper()
	var value string
	b.write(func(tx db.Tx) (err error) {
		_, value, err = place.CreateToken(context.Background(), tx, place.System(), b.place.ID, name, place.Scopes, 0)
		return err
	})
	actor, _, err := place.FindToken(b.t.Context(), b.DB, value)
	if err != nil {
		b.t.Fatal(err)
	}
	return actor
}

func wantKey(t *testing.T, err error, code fault.Code, key string) {
	t.Helper()
	f := fault.As(err)
	if f == nil || f.Code != code || f.Key != key && (len(f.Fields) == 0 || f.Fields[0].Key != key) {
		t.Errorf("got %v, want %s (%s)", err, code, key)
	}
}

func TestAHundredEqualRequestsUnderOneKeyAnswerOnce(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Vous servez encore?"))
		id, robot := b.only().ID, b.program("Robot")
		var wg sync.WaitGroup
		var mu sync.Mutex
		answers, notes := map[string]bool{}, map[string]bool{}
		for range 100 {
			wg.Go(func() {
				done, err := b.Reply(t.Context(), robot, b.place.ID, Answer{Key: "k", ConversationID: id, Text: "Oui!"})
				if err != nil {
					t.Error(err)
				}
				note, _, err := b.KeepNote(t.Context(), robot, b.place.ID, NewNote{Key: "k", ConversationID: id, Text: "Répondu."})
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				answers[done.MessageID], notes[note.ID] = true, true
			})
		}
		wg.Wait()
		th := b.thread(id)
		if len(answers) != 1 || len(notes) != 1 || len(th.Messages) != 2 || len(th.Notes) != 1 {
			t.Errorf("%d answers and %d notes were told, the conversation has %d messages and %d notes", len(answers), len(notes), len(th.Messages), len(th.Notes))
		}
		for answer := range answers {
			b.deliver(answer)
			b.deliver(answer)
		}
		if n := b.fake.total(t); n != 1 {
			t.Errorf("the network got %d", n)
		}
	})
}

func TestAKeyThatServedForSomethingElseIsRefused(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"), from("b", "Jo", "Salut"))
	rows := b.list(Query{})
	id, other, robot := rows[0].ID, rows[1].ID, b.program("Robot")
	first := Answer{Key: "k", ConversationID: id, Text: "Oui"}
	if _, err := b.Reply(t.Context(), robot, b.place.ID, first); err != nil {
		t.Fatal(err)
	}
	for what, a := range map[string]Answer{
		"other words":                {Key: "k", ConversationID: id, Text: "Non"},
		"another conversation":       {Key: "k", ConversationID: other, Text: "Oui"},
		"the same, and then settled": {Key: "k", ConversationID: id, Text: "Oui", Settle: true},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := b.Reply(t.Context(), robot, b.place.ID, a)
			wantKey(t, err, fault.Invalid, "inbox.key_used")
		})
	}
	if _, _, err := b.KeepNote(t.Context(), robot, b.place.ID, NewNote{Key: "k", ConversationID: id, Text: "À voir"}); err != nil {
		t.Fatal(err)
	}
	_, _, err := b.KeepNote(t.Context(), robot, b.place.ID, NewNote{Key: "k", ConversationID: id, Text: "Vu"})
	wantKey(t, err, fault.Invalid, "inbox.key_used")
	// Another program does not know which keys this one took.
	if _, err := b.Reply(t.Context(), b.program("Autre"), b.place.ID, Answer{Key: "k", ConversationID: id, Text: "Non"}); err != nil {
		t.Errorf("another program's key: %v", err)
	}
}

func TestWhatAProgramSaysCarriesItsName(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"))
	id, robot := b.only().ID, b.program("Robot des réservations")
	if _, err := b.Reply(t.Context(), robot, b.place.ID, Answer{ConversationID: id, Text: "Oui"}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.AddNote(t.Context(), robot, b.place.ID, id, "Répondu."); err != nil {
		t.Fatal(err)
	}
	names, err := place.Names(t.Context(), b.DB, b.place.ID)
	if err != nil {
		t.Fatal(err)
	}
	th := b.thread(id)
	for _, who := range []string{th.Messages[1].MemberID, th.Notes[0].MemberID} {
		if got := names[who]; strings.Contains(got, " ") || strings.ReplaceAll(got, "\u00a0", " ") != "Robot des réservations" || got != robot.Name {
			t.Errorf("it is called %q", got)
		}
	}
}

func TestAChangeIsMadeWholeOrNotAtAll(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Bonjour"))
		id := b.only().ID
		label, err := b.NewLabel(t.Context(), b.me, b.place.ID, "Groupe")
		if err != nil {
			t.Fatal(err)
		}
		err = b.Change(t.Context(), b.me, b.place.ID, id, Change{Gestures: []Gesture{Settle(), Assign(b.other.ID)}, On: []string{label.ID, db.NewID()}})
		wantKey(t, err, fault.Invalid, "inbox.label_unknown")
		if c := b.only(); c.State != Open || c.AssigneeID != "" || len(c.Labels) != 0 {
			t.Errorf("after a change that was refused: %+v", c)
		}
		if err := b.Change(t.Context(), b.me, b.place.ID, id, Change{Gestures: []Gesture{Assign(b.other.ID), Settle()}, On: []string{label.ID}}); err != nil {
			t.Fatal(err)
		}
		if c := b.only(); c.State != Settled || c.AssigneeID != b.other.ID || len(c.Labels) != 1 {
			t.Errorf("after the change: %+v", c)
		}
		if err := b.Change(t.Context(), b.me, b.place.ID, id, Change{Off: []string{label.ID}}); err != nil || len(b.only().Labels) != 0 {
			t.Errorf("the label is still there, %v", err)
		}
	})
}

func TestAConversationThatIsPartOfAnotherIsNotChanged(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"), from("b", "Jo", "Salut"))
	rows := b.list(Query{})
	if _, err := b.Merge(t.Context(), b.me, b.place.ID, rows[0].ID, rows[1].ID); err != nil {
		t.Fatal(err)
	}
	err := b.Change(t.Context(), b.me, b.place.ID, rows[1].ID, Change{Gestures: []Gesture{Settle()}})
	wantKey(t, err, fault.Conflict, "inbox.merged")
}

func TestAPageGoesOnBehindAConversationThatWasSettledMeanwhile(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(many(7, func(i int) network.Message {
			m := from(fmt.Sprint("m", i), fmt.Sprint("Personne ", i), "Bonsoir la gang")
			m.SentAt = m.SentAt.Add(time.Duration(i) * time.Minute)
			return m
		})...)
		for _, words := range []string{"", "bonsoir"} {
			q := Query{Tab: TabOpen, Search: words, Limit: 2}
			var seen []string
			for {
				page, err := b.List(t.Context(), b.place.ID, q)
				if err != nil {
					t.Fatal(err)
				}
				if len(page.Rows) == 0 {
					break
				}
				for _, r := range page.Rows {
					seen = append(seen, r.ID)
					q.After = r.ID
				}
				if _, err := b.Do(t.Context(), b.me, b.place.ID, Settle(), q.After); err != nil {
					t.Fatal(err)
				}
			}
			distinct := map[string]bool{}
			for _, id := range seen {
				distinct[id] = true
			}
			if len(seen) != 7 || len(distinct) != 7 {
				t.Errorf("searching %q: %d rows, %d conversations", words, len(seen), len(distinct))
			}
			for id := range distinct {
				if _, err := b.Do(t.Context(), b.me, b.place.ID, Reopen(), id); err != nil {
					t.Fatal(err)
				}
			}
			q.After = db.NewID()
			_, err := b.List(t.Context(), b.place.ID, q)
			wantKey(t, err, fault.Invalid, "inbox.mark")
		}
	})
}
