package inbox

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

func texts(t Thread) (all []string) {
	for _, m := range t.Messages {
		all = append(all, m.Text)
	}
	return all
}

func TestPagesThatRepeatItemsStoreEachOnceAndKeepTheOrderWithinASecond(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		say := func(i int) network.Message {
			m := from(fmt.Sprint("m", i), "Maude", fmt.Sprint("mot ", i))
			m.Thread = "t"
			return m
		}
		b.get(many(6, say)...)
		b.get(many(9, say)[3:]...)
		b.get(many(9, say)...)
		c := b.only()
		want := []string{"mot 0", "mot 1", "mot 2", "mot 3", "mot 4", "mot 5", "mot 6", "mot 7", "mot 8"}
		if diff := cmp.Diff(want, texts(b.thread(c.ID))); diff != "" {
			t.Error(diff)
		}
		if c.Excerpt != "mot 8" || !c.Unread || c.Name != "Maude" {
			t.Errorf("the list shows %+v", c)
		}
	})
}

func TestAMailJoinsTheThreadOfWhatItAnswersElseOfItsSubject(t *testing.T) {
	mail := func(id, name, subject string, refs ...network.RemoteID) network.Message {
		m := from(id, name, "…"+id)
		m.Subject, m.References, m.Thread = subject, refs, network.RemoteID(id)
		if len(refs) > 0 {
			m.Thread, m.ReplyTo = refs[0], refs[len(refs)-1]
		}
		return m
	}
	auto := mail("x", "Robot", "Réservation")
	auto.Automatic = true
	for _, tt := range []struct {
		name  string
		mails []network.Message
		want  int
	}{
		{"a reply names its parent", []network.Message{mail("a", "Maude", "Bonjour"), mail("b", "Jo", "Autre chose", "a")}, 1},
		{"a reply comes before its parent", []network.Message{mail("b", "Jo", "Autre", "a"), mail("a", "Maude", "Bonjour")}, 1},
		{"two replies to a mail that we never saw", []network.Message{mail("b", "Jo", "Un", "a"), mail("c", "Maude", "Deux", "z", "a")}, 1},
		{"the subject again, by the same person", []network.Message{mail("a", "Maude", "Réservation"), mail("b", "Maude", "RE : reservation")}, 1},
		{"the subject again, by somebody else", []network.Message{mail("a", "Maude", "Réservation"), mail("b", "Jo", "Réservation")}, 2},
		{"another subject", []network.Message{mail("a", "Maude", "Réservation"), mail("b", "Maude", "Objet perdu")}, 2},
		{"a machine with the same subject", []network.Message{mail("a", "Robot", "Réservation"), auto}, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := onSQLite(t)
			one, each := setUp(t, d), setUp(t, onSQLite(t))
			one.get(tt.mails...)
			for _, m := range tt.mails {
				each.get(m)
			}
			if n := len(one.list(Query{Tab: TabAll})); n != tt.want {
				t.Errorf("in one page: %d conversations, want %d", n, tt.want)
			}
			if n := len(each.list(Query{Tab: TabAll})); n != tt.want {
				t.Errorf("one at a time: %d conversations, want %d", n, tt.want)
			}
		})
	}
}

func TestAMessageReopensAndAMachineDoesNot(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		say := func(id string, auto bool) network.Message {
			m := from(id, "Maude", id)
			m.Thread, m.Automatic = "t", auto
			return m
		}
		b.get(say("a", false))
		c := b.only()
		if _, err := b.Do(t.Context(), b.me, b.place.ID, Settle(), c.ID); err != nil {
			t.Fatal(err)
		}
		b.get(say("b", true))
		if c := b.only(); c.State != Settled || c.Unread {
			t.Errorf("after a machine: %s, unread %v", c.State, c.Unread)
		}
		b.get(say("c", false))
		if c := b.only(); c.State != Open || !c.Unread || c.WaitingSince.IsZero() {
			t.Errorf("after a person: %+v", c)
		}
	})
}

func TestMachinesHaveTheirOwnTabAndNeverCountAsToAnswer(t *testing.T) {
	b := setUp(t, onSQLite(t))
	m := from("a", "Robot", "Votre facture")
	m.Automatic = true
	b.get(m)
	if n := len(b.list(Query{})); n != 0 {
		t.Errorf("%d to answer", n)
	}
	if rows := b.list(Query{Tab: TabAutomatic}); len(rows) != 1 || rows[0].Unread {
		t.Errorf("automatic: %+v", rows)
	}
	if n, err := b.Counts(t.Context(), b.place.ID, b.me.ID); err != nil || n.Open != 0 {
		t.Errorf("counts %+v, %v", n, err)
	}
}

func TestABounceStandsInTheConversationOfTheAnswerThatDidNotArriveAndOpensIt(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"))
	id := b.answerNow("Bonsoir")
	c := b.only()
	if _, err := b.Do(t.Context(), b.me, b.place.ID, Settle(), c.ID); err != nil {
		t.Fatal(err)
	}
	sent, err := b.Message(t.Context(), b.place.ID, id)
	if err != nil {
		t.Fatal(err)
	}
	report := from("r", "MAILER-DAEMON", "no such user")
	report.SentAt = time.Now()
	report.Bounce = &network.Bounce{Of: sent.RemoteID, Permanent: true, Status: "5.1.1"}
	b.get(report)
	th := b.thread(b.only().ID)
	if th.State != Open || th.WaitingSince.IsZero() {
		t.Errorf("state %s, waiting since %v", th.State, th.WaitingSince)
	}
	if r := th.Messages[1].Reply; r == nil || r.State != Failed || r.FaultKey != "reply.bounced" {
		t.Errorf("the answer says %+v", r)
	}
	if err := b.Retry(t.Context(), b.me, b.place.ID, id); err == nil {
		t.Error("an answer that bounced was sent again as it is")
	}
}

func TestTheCursorMovesOnlyWithWhatWasRead(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		fail := errors.New("no room on the floor")
		b.OnReceived = func(context.Context, db.Tx, []Received) error { return fail }
		page := network.Page{Messages: []network.Message{from("a", "Maude", "Bonjour")}, Next: "7", Skipped: 2}
		if err := b.Receive(t.Context(), b.account, page); !errors.Is(err, fail) {
			t.Fatalf("got %v", err)
		}
		cursor := func() network.Cursor {
			a, err := place.GetAccount(t.Context(), b.DB, b.place.ID, b.account.ID)
			if err != nil {
				t.Fatal(err)
			}
			return a.Cursor
		}
		if n := len(b.list(Query{Tab: TabAll})); n != 0 || cursor() != "" {
			t.Errorf("%d conversations kept, cursor %q", n, cursor())
		}
		var told []Received
		b.OnReceived = func(_ context.Context, _ db.Tx, news []Received) error { told = news; return nil }
		if err := b.Receive(t.Context(), b.account, page); err != nil {
			t.Fatal(err)
		}
		if c := b.only(); cursor() != "7" || len(told) != 1 || told[0].ConversationID != c.ID || !told[0].New {
			t.Errorf("cursor %q, told %+v", cursor(), told)
		}
	})
}

func TestTheSenderCannotPutAMessageIntoTheFuture(t *testing.T) {
	b := setUp(t, onSQLite(t))
	m := from("a", "Maude", "demain")
	m.SentAt = time.Now().AddDate(3, 0, 0)
	b.get(m)
	if at := b.only().LastAt; time.Until(at) > time.Minute {
		t.Errorf("stands at %v", at)
	}
}

func TestEveryTouchedConversationGetsOneJournalEntryAPage(t *testing.T) {
	b := setUp(t, onSQLite(t))
	last, _ := place.Last(t.Context(), b.DB, b.place.ID)
	b.get(many(10, func(i int) network.Message {
		m := from(fmt.Sprint(i), fmt.Sprint("p", i%2), "mot")
		m.Thread = network.RemoteID(fmt.Sprint("t", i%2))
		return m
	})...)
	entries, err := place.Since(t.Context(), b.DB, b.place.ID, last, 100)
	if err != nil || len(entries) != 2 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	if n := len(entries[0].Data["messages"].([]any)); n != 5 {
		t.Errorf("the first tells of %d messages", n)
	}
}

func TestHowMuchAPersonSpeaksIsCounted(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		old := from("a", "Maude", "Bonjour")
		old.SentAt = noon.AddDate(0, -2, 0)
		b.get(old, from("b", "Maude", "Encore"), from("c", "Karim", "Salut"))
		maude := b.list(Query{Search: "encore"})[0].PersonID
		b.answerTo(b.list(Query{Search: "encore"})[0].ID)
		if all, lately, err := b.Spoken(t.Context(), b.place.ID, maude, noon.AddDate(0, -1, 0)); all != 2 || lately != 1 || err != nil {
			t.Errorf("%d, of them %d lately: %v", all, lately, err)
		}
		if all, _, err := b.Spoken(t.Context(), db.NewID(), maude, noon); all != 0 || err != nil {
			t.Errorf("in another place %d: %v", all, err)
		}
	})
}

// answerTo answers a conversation: what we say counts for nobody else.
func (b *bench) answerTo(id string) {
	b.t.Helper()
	if _, err := b.Reply(b.t.Context(), b.me, b.place.ID, Answer{ConversationID: id, Text: "On arrive"}); err != nil {
		b.t.Fatal(err)
	}
}
