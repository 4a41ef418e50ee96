package inbox

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// answer stores an answer to the one conversation there is.
func (b *bench) answer(words string) string {
	b.t.Helper()
	done, err := b.Reply(b.t.Context(), b.me, b.place.ID, Answer{ConversationID: b.only().ID, Text: words})
	if err != nil {
		b.t.Fatal(err)
	}
	return done.MessageID
}

// answerNow stores an answer and has it sent once.
func (b *bench) answerNow(words string) string {
	b.t.Helper()
	id := b.answer(words)
	b.deliver(id)
	return id
}

func (b *bench) deliver(id string) {
	b.t.Helper()
	if err := b.Deliver(context.Background(), DeliverArgs{b.place.ID, id}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) state(id string) Delivery {
	b.t.Helper()
	d, err := delivery(b.t.Context(), b.DB, b.place.ID, id)
	if err != nil {
		b.t.Fatal(err)
	}
	return d
}

// pass lets the time of an answer come, and of an attempt that was killed.
func (b *bench) pass(id string) {
	b.t.Helper()
	b.write(func(tx db.Tx) error {
		_, err := tx.Exec(context.Background(), "UPDATE reply SET due_at = 1, tried_at = 1 WHERE place_id = $1 AND message_id = $2", b.place.ID, id)
		return err
	})
}

func TestAnAnswerIsSentOnceAndItsConversationIsAnswered(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Vous servez encore?"))
		id := b.answerNow("Oui, jusqu’à 23 h!")
		b.deliver(id)
		b.deliver(id)
		if n := b.fake.total(t); n != 1 {
			t.Errorf("the network got %d", n)
		}
		th := b.thread(b.only().ID)
		m := th.Messages[1]
		if m.RemoteID != network.RemoteID("remote-"+m.Reply.Key) || m.Reply.State != Sent || m.MemberID != b.me.ID {
			t.Errorf("the answer is %+v, %+v", m, m.Reply)
		}
		if !th.WaitingSince.IsZero() || !th.Ours || th.AnsweredIn <= 0 || th.State != Open {
			t.Errorf("the conversation is %+v", th.Conversation)
		}
	})
}

func TestEachOutcomeOfAnAttemptHasItsPlaceInTheTable(t *testing.T) {
	for _, tt := range []struct {
		code  fault.Code
		want  DeliveryState
		again bool // another attempt is made by itself
	}{
		{fault.Invalid, Failed, false},
		{fault.Rejected, Failed, false},
		{fault.Unsupported, Failed, false},
		{fault.Forbidden, Failed, false},
		{fault.RateLimited, Waiting, true},
		{fault.Unavailable, Waiting, true},
		{fault.Unauthenticated, Held, false},
		{fault.Internal, Uncertain, false},
	} {
		t.Run(string(tt.code), func(t *testing.T) {
			t.Parallel()
			b := setUp(t, onSQLite(t))
			b.get(from("a", "Maude", "Bonjour"))
			b.fake.refuse = &fault.Error{Code: tt.code, RetryAfter: time.Minute}
			id := b.answerNow("Bonsoir")
			d := b.state(id)
			if d.State != tt.want || d.FaultCode != tt.code {
				t.Errorf("it is %s (%s)", d.State, d.FaultCode)
			}
			if tt.code == fault.RateLimited && d.Attempts != 0 {
				t.Errorf("counted %d attempts", d.Attempts)
			}
			if tt.again && time.Until(d.Due) < 30*time.Second {
				t.Errorf("due in %v", time.Until(d.Due))
			}
			if !tt.again && !b.only().Unread {
				t.Error("nobody is told")
			}
			b.deliver(id)
			if b.fake.attempts != 1 {
				t.Errorf("%d attempts at once", b.fake.attempts)
			}
			b.fake.refuse = nil
			b.pass(id)
			b.deliver(id)
			sent := b.fake.total(t) == 1
			if sent != tt.again {
				t.Errorf("sent later: %v", sent)
			}
		})
	}
}

func TestAnAmbiguousSendIsLookedForAndNeverRepeatedBlindly(t *testing.T) {
	ambiguous := fault.New(fault.Ambiguous, "fake.publish", "")
	for _, tt := range []struct {
		name     string
		arrived  bool
		find     error
		want     DeliveryState
		received int
	}{
		{"it arrived", true, nil, Sent, 1},
		{"it surely did not", false, fault.New(fault.NotFound, "fake.find", ""), Sent, 1},
		{"there is no way to know", false, ambiguous, Uncertain, 0},
		{"the network is away", false, fault.New(fault.Unavailable, "fake.find", ""), Uncertain, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, d *db.DB) {
				b := setUp(t, d)
				b.get(from("a", "Maude", "Bonjour"))
				if tt.arrived {
					b.fake.outcome = func(network.Draft) error { return ambiguous }
				} else {
					b.fake.refuse = ambiguous
				}
				id := b.answerNow("Bonsoir")
				if s := b.state(id).State; s != Uncertain {
					t.Fatalf("it is %s", s)
				}
				key := b.state(id).Key
				b.fake.refuse, b.fake.outcome, b.fake.found = nil, nil, tt.find
				for range 2 * maxLooks {
					b.deliver(id)
				}
				if s := b.state(id); s.State != tt.want || s.Key != key {
					t.Errorf("it became %s, its key %s → %s", s.State, key, s.Key)
				}
				if n := b.fake.total(t); n != tt.received {
					t.Errorf("the network got %d", n)
				}
				if tt.want == Uncertain {
					if err := b.Arrived(t.Context(), b.me, b.place.ID, id); err != nil || b.state(id).State != Sent {
						t.Errorf("a person looked: %v", err)
					}
				}
			})
		})
	}
}

func TestAProcessKilledAfterTheNetworkAcceptedNeverSendsAgain(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Bonjour"))
		id := b.answer("Bonsoir")
		// What Deliver does, up to the moment of the kill.
		claimed, s, err := b.claim(t.Context(), DeliverArgs{b.place.ID, id})
		if err != nil || s != send {
			t.Fatalf("claim: %v, %v", s, err)
		}
		if o := b.attempt(t.Context(), claimed, s); o.err != nil {
			t.Fatal(o.err)
		}
		b.deliver(id) // too early: it may be alive
		if st := b.state(id).State; st != Sending {
			t.Fatalf("it is %s", st)
		}
		b.pass(id)
		b.deliver(id)
		if n := b.fake.total(t); n != 1 || b.state(id).State != Sent || b.fake.attempts != 1 {
			t.Errorf("the network got %d in %d attempts, it is %s", n, b.fake.attempts, b.state(id).State)
		}
	})
}

func TestAProcessKilledBeforeTheFirstByteSendsInTheEnd(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Bonjour"))
		id := b.answer("Bonsoir")
		claimed, _, err := b.claim(t.Context(), DeliverArgs{b.place.ID, id})
		if err != nil {
			t.Fatal(err)
		}
		b.pass(id)
		b.deliver(id)
		if s := b.state(id); b.fake.total(t) != 1 || s.State != Sent || s.Key != claimed.Key {
			t.Errorf("the network got %d, it is %s", b.fake.total(t), s.State)
		}
	})
}

func TestAProcessKilledBeforeTheFirstByteAndFoundLateAsksAPerson(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"))
	id := b.answer("Bonsoir")
	if _, _, err := b.claim(t.Context(), DeliverArgs{b.place.ID, id}); err != nil {
		t.Fatal(err)
	}
	b.set("UPDATE reply SET tried_at = 1, late_at = 2")
	b.deliver(id)
	if s := b.state(id); b.fake.total(t) != 0 || s.State != Failed || s.FaultKey != "reply.late" {
		t.Errorf("the network got %d, it is %s (%s)", b.fake.total(t), s.State, s.FaultKey)
	}
}

func TestAProcessThatSleptMayNotSendWhatAnotherTookOver(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Bonjour"))
		id := b.answer("Bonsoir")
		slept, s, err := b.claim(t.Context(), DeliverArgs{b.place.ID, id})
		if err != nil {
			t.Fatal(err)
		}
		b.pass(id)
		awake, s2, err := b.claim(t.Context(), DeliverArgs{b.place.ID, id})
		if err != nil || s2 != send {
			t.Fatalf("it is not taken over: %v, %v", s2, err)
		}
		o := b.attempt(t.Context(), slept, s)
		if err := b.settle(t.Context(), slept, o); err != nil || !fault.Is(o.err, fault.Conflict) {
			t.Errorf("its attempt ends with %v, settled with %v", o.err, err)
		}
		if err := b.settle(t.Context(), awake, b.attempt(t.Context(), awake, s2)); err != nil {
			t.Fatal(err)
		}
		if n := b.fake.total(t); n != 1 || b.state(id).State != Sent {
			t.Errorf("the network got %d, it is %s", n, b.state(id).State)
		}
	})
}

func TestWhatLeftInAnEarlierAttemptSaysNothingOfThisOne(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"))
	b.fake.outcome = func(network.Draft) error { return fault.New(fault.Unavailable, "fake.publish", "") }
	id := b.answerNow("Bonsoir")
	b.fake.outcome = nil
	clear(b.fake.accepted) // it was refused after its end
	b.pass(id)
	if _, s, err := b.claim(t.Context(), DeliverArgs{b.place.ID, id}); err != nil || s != send {
		t.Fatalf("%v, %v", s, err)
	}
	b.pass(id)
	b.deliver(id)
	if s := b.state(id); b.fake.total(t) != 1 || s.State != Sent {
		t.Errorf("the network got %d, it is %s", b.fake.total(t), s.State)
	}
}

func TestAnAnswerDoesNotLeaveWhenTheStoreCannotNoteIt(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"))
	id := b.answer("Bonsoir")
	claimed, s, err := b.claim(t.Context(), DeliverArgs{b.place.ID, id})
	if err != nil {
		t.Fatal(err)
	}
	b.set("CREATE TRIGGER full BEFORE UPDATE OF left_at ON reply WHEN new.left_at > 0 BEGIN SELECT RAISE(ABORT, 'disk full'); END")
	o := b.attempt(t.Context(), claimed, s)
	if err := b.settle(t.Context(), claimed, o); err != nil || !fault.Is(o.err, fault.Unavailable) {
		t.Errorf("the attempt ends with %v, settled with %v", o.err, err)
	}
	if s := b.state(id); b.fake.total(t) != 0 || s.State != Waiting {
		t.Errorf("the network got %d, it is %s", b.fake.total(t), s.State)
	}
}

func TestASlowWorkerWhoseClaimWasOvertakenStillTellsThatTheNetworkHasIt(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"))
	id := b.answer("Bonsoir")
	slow, s, _ := b.claim(t.Context(), DeliverArgs{b.place.ID, id})
	o := b.attempt(t.Context(), slow, s)
	b.pass(id)
	if _, s, _ := b.claim(t.Context(), DeliverArgs{b.place.ID, id}); s != look {
		t.Fatalf("step %v", s)
	}
	if err := b.settle(t.Context(), slow, o); err != nil || b.state(id).State != Sent {
		t.Errorf("it is %s, %v", b.state(id).State, err)
	}
	// And one that failed says nothing any more.
	if err := b.settle(t.Context(), slow, outcome{step: send, err: fault.New(fault.Rejected, "late", "")}); err != nil || b.state(id).State != Sent {
		t.Errorf("it is %s, %v", b.state(id).State, err)
	}
}

func TestWorkersRacingOnTheSameAnswersSendEachOnce(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		var ids []string
		for i := range 8 {
			b.get(from(fmt.Sprint("m", i), fmt.Sprint("p", i), "Bonjour"))
		}
		for _, c := range b.list(Query{}) {
			done, err := b.Reply(t.Context(), b.me, b.place.ID, Answer{ConversationID: c.ID, Text: "Bonsoir"})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, done.MessageID)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for _, id := range ids {
					if err := b.Deliver(context.Background(), DeliverArgs{b.place.ID, id}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		if n := b.fake.total(t); n != len(ids) || b.fake.attempts != len(ids) {
			t.Errorf("the network got %d in %d attempts, want %d", n, b.fake.attempts, len(ids))
		}
	})
}

func TestCancelGivesTheTextBackAndNothingLeaves(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Bonjour"))
		before := b.only()
		done, err := b.Reply(t.Context(), b.me, b.place.ID, Answer{ConversationID: before.ID, Text: "Trop vite", Settle: true})
		if err != nil {
			t.Fatal(err)
		}
		words, err := b.Cancel(t.Context(), b.me, b.place.ID, done.MessageID)
		if err != nil || words != "Trop vite" {
			t.Fatalf("%q, %v", words, err)
		}
		b.deliver(done.MessageID)
		draft, _ := b.Draft(t.Context(), b.place.ID, before.ID, b.me.ID)
		if n := b.fake.total(t); n != 0 || draft != "Trop vite" {
			t.Errorf("the network got %d, the draft is %q", n, draft)
		}
		after := b.only()
		if after.State != Open || after.Excerpt != "Bonjour" || !after.WaitingSince.Equal(before.WaitingSince) {
			t.Errorf("the conversation is %+v", after)
		}
		if n := len(b.thread(after.ID).Messages); n != 1 {
			t.Errorf("%d messages are shown", n)
		}
		if rows := b.list(Query{Search: "trop vite"}); len(rows) != 0 {
			t.Error("it is still found")
		}
		sent := b.answerNow("Bonsoir")
		if _, err := b.Cancel(t.Context(), b.me, b.place.ID, sent); !fault.Is(err, fault.Conflict) {
			t.Errorf("cancelled after it was sent: %v", err)
		}
	})
}

func TestNothingLeavesBeforeItsTime(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.write(func(tx db.Tx) error {
		_, err := place.Change(t.Context(), tx, place.System(), b.place.ID, func(p *place.Place) error { p.Settings.UndoSeconds = 10; return nil })
		return err
	})
	b.get(from("a", "Maude", "Bonjour"))
	id := b.answerNow("Bonsoir")
	if n := b.fake.total(t); n != 0 || b.state(id).State != Waiting {
		t.Errorf("the network got %d, it is %s", n, b.state(id).State)
	}
}

func TestAnAnswerThatIsTooLateAsksAPerson(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"))
	id := b.answer("Bonsoir")
	b.write(func(tx db.Tx) error {
		_, err := tx.Exec(t.Context(), "UPDATE reply SET due_at = 1, late_at = 2 WHERE place_id = $1 AND message_id = $2", b.place.ID, id)
		return err
	})
	b.deliver(id)
	if d := b.state(id); d.State != Failed || d.FaultKey != "reply.late" || b.fake.total(t) != 0 || !b.only().Unread {
		t.Errorf("it is %+v", d)
	}
	if err := b.Retry(t.Context(), b.me, b.place.ID, id); err != nil {
		t.Fatal(err)
	}
	b.deliver(id)
	if b.fake.total(t) != 1 {
		t.Error("trying again sent nothing")
	}
}

func TestAHeldAnswerLeavesOnceTheAccountIsMended(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"))
	b.fake.refuse = fault.New(fault.Unauthenticated, "fake.publish", "")
	id := b.answerNow("Bonsoir")
	b.fake.refuse = nil
	b.write(func(tx db.Tx) error { return b.Resume(t.Context(), tx, b.place.ID, b.account.ID) })
	b.deliver(id)
	if b.fake.total(t) != 1 || b.state(id).State != Sent {
		t.Errorf("it is %s", b.state(id).State)
	}
}

func TestOurOwnMessageReadBackIsNotASecondOne(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Bonjour"))
		id := b.answer("Bonsoir")
		claimed, s, _ := b.claim(t.Context(), DeliverArgs{b.place.ID, id})
		o := b.attempt(t.Context(), claimed, s)
		back := from("remote-"+claimed.Key, "Le Zinc", "Bonsoir")
		back.Mine, back.ReplyTo = true, "a"
		b.get(back) // the collector was quicker than our own write
		if err := b.settle(t.Context(), claimed, o); err != nil {
			t.Fatal(err)
		}
		b.get(back)
		if got := texts(b.thread(b.only().ID)); len(got) != 2 {
			t.Errorf("the thread is %q", got)
		}
	})
}

func TestTheHouseDeliversByStoring(t *testing.T) {
	b := setUp(t, onSQLite(t))
	house, err := place.House(t.Context(), b.DB, b.place.ID)
	if err != nil {
		t.Fatal(err)
	}
	b.write(func(tx db.Tx) error {
		_, err := b.Accept(t.Context(), tx, house, from("g", "", "On a faim"))
		return err
	})
	id := b.answerNow("On arrive!")
	if b.state(id).State != Sent || b.fake.attempts != 0 {
		t.Errorf("it is %s", b.state(id).State)
	}
}

func TestACollisionIsToldBeforeASecondAnswerIsStored(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"))
	c := b.only()
	seen := b.thread(c.ID).Messages[0].ID
	if _, err := b.Reply(t.Context(), b.other, b.place.ID, Answer{ConversationID: c.ID, Text: "On arrive", Seen: seen}); err != nil {
		t.Fatal(err)
	}
	_, err := b.Reply(t.Context(), b.me, b.place.ID, Answer{ConversationID: c.ID, Text: "J’arrive", Seen: seen})
	if f := fault.As(err); f == nil || f.Key != "inbox.collision" {
		t.Fatalf("got %v", err)
	}
	if _, err := b.Reply(t.Context(), b.me, b.place.ID, Answer{ConversationID: c.ID, Text: "J’arrive"}); err != nil {
		t.Errorf("all the same: %v", err)
	}
}

func TestAnAnswerThatTheNetworkWouldRefuseIsRefusedAtOnce(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"))
	c := b.only()
	for _, words := range []string{"", " \n", string(make([]byte, 501)), fmt.Sprintf("%0501d", 1)} {
		if _, err := b.Reply(t.Context(), b.me, b.place.ID, Answer{ConversationID: c.ID, Text: words}); !fault.Is(err, fault.Invalid) {
			t.Errorf("%d bytes: %v", len(words), err)
		}
	}
}
