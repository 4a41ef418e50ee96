package inbox

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
)

// set changes what the store says, as another process or a wrong clock did.
func (b *bench) set(sql string, args ...any) {
	b.t.Helper()
	b.write(func(tx db.Tx) error { _, err := tx.Exec(context.Background(), sql, args...); return err })
}

func (b *bench) catchUp() {
	b.t.Helper()
	if err := b.CatchUp(context.Background()); err != nil {
		b.t.Fatal(err)
	}
}

func TestWhatIsDueAndWhoseJobIsLostIsDoneAllTheSame(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Bonjour"))
		id := b.answer("Bonsoir")
		b.catchUp()
		if s := b.state(id).State; s != Waiting {
			t.Fatalf("it is %s: its job has had no time yet", s)
		}
		b.set("UPDATE reply SET due_at = $1", db.Micros(time.Now().Add(-overdue-time.Second)))
		b.catchUp()
		b.catchUp()
		if n := b.fake.total(t); n != 1 || b.state(id).State != Sent {
			t.Errorf("the network got %d, it is %s", n, b.state(id).State)
		}
		if _, err := b.Do(t.Context(), b.me, b.place.ID, Snooze(time.Now().Add(time.Hour)), b.only().ID); err != nil {
			t.Fatal(err)
		}
		b.catchUp()
		if s := b.only().State; s != Snoozed {
			t.Fatalf("it is %s before its time", s)
		}
		b.set("UPDATE conversation SET snoozed_until = $1", db.Micros(time.Now().Add(-overdue-time.Second)))
		b.catchUp()
		if c := b.only(); c.State != Open || !c.Unread {
			t.Errorf("it sleeps on: %s", c.State)
		}
	})
}

func TestAPersonIsAskedAboutAnAnswerWhoseAttemptWasKilled(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Bonjour"))
		id := b.answer("Bonsoir")
		claimed, _, err := b.claim(t.Context(), DeliverArgs{b.place.ID, id})
		if err == nil {
			err = b.leave(t.Context(), claimed)
		}
		if err != nil {
			t.Fatal(err)
		}
		b.set("UPDATE reply SET tried_at = $1", db.Micros(time.Now().Add(-stuckAfter-overdue-time.Second)))
		b.catchUp()
		s := b.state(id)
		if s.State != Uncertain || s.Looks != 1 || !s.Due.After(time.Now()) {
			t.Errorf("it is %+v", s)
		}
		if c := b.only(); c.State != Open || !c.Unread {
			t.Errorf("nobody is asked: %s, unread %v", c.State, c.Unread)
		}
		// Killed again while it looked.
		b.set("UPDATE reply SET due_at = $1", db.Micros(time.Now().Add(-overdue-time.Second)))
		b.catchUp()
		if s := b.state(id); s.Looks != 2 {
			t.Errorf("it is looked for %d times", s.Looks)
		}
	})
}

func TestAnOutcomeThatTheStoreDidNotTakeIsKeptInMind(t *testing.T) {
	for name, refuse := range map[string]error{"sent": nil, "refused": fault.New(fault.Rejected, "fake.publish", "")} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *db.DB) {
				b := setUp(t, d)
				b.get(from("a", "Maude", "Bonjour"))
				id := b.answer("Bonsoir")
				claimed, s, err := b.claim(t.Context(), DeliverArgs{b.place.ID, id})
				if err != nil {
					t.Fatal(err)
				}
				b.fake.refuse = refuse
				b.memory.begun(id, s)
				o := b.attempt(t.Context(), claimed, s)
				b.set("ALTER TABLE reply RENAME TO away")
				if err := b.save(t.Context(), claimed, o); err == nil {
					t.Fatal("the store took it")
				}
				b.set("ALTER TABLE away RENAME TO reply")
				want := map[bool]DeliveryState{true: Sent, false: Failed}[refuse == nil]
				b.deliver(id)
				if s := b.state(id); s.State != want || s.Looks != 0 {
					t.Errorf("it is %s after %d looks, want %s", s.State, s.Looks, want)
				}
			})
		})
	}
}

// A network that keeps what it sent proves by absence, after a while, that something was not sent. A clock that leaps
// ahead is no such while.
func TestALeapOfTheClockIsNoWhile(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"))
	b.fake.outcome = func(network.Draft) error { return fault.New(fault.Ambiguous, "fake.publish", "") }
	begun := time.Now()
	id := b.answerNow("Bonsoir")
	b.pass(id) // as a leap of years does
	b.deliver(id)
	if tried := b.fake.tried; tried.Before(begun) || time.Since(tried) > time.Minute {
		t.Errorf("the network is told of an attempt at %v, it was at %v", tried, begun)
	}
}

func TestAClockThatGoesBackPutsNothingOff(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Bonjour"), from("b", "Théo", "Bonsoir"))
		var ids []string
		for _, c := range b.list(Query{}) {
			done, err := b.Reply(t.Context(), b.me, b.place.ID, Answer{ConversationID: c.ID, Text: "Merci"})
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, done.MessageID)
		}
		// Everything until here was a day ahead; the second answer was even being sent.
		day := (24 * time.Hour).Microseconds()
		claimed, _, err := b.claim(t.Context(), DeliverArgs{b.place.ID, ids[1]})
		if err == nil {
			err = b.leave(t.Context(), claimed)
		}
		if err != nil {
			t.Fatal(err)
		}
		b.set("UPDATE message SET received_at = received_at + $1", day)
		b.set("UPDATE reply SET due_at = due_at + $1, late_at = late_at + $1, tried_at = CASE WHEN tried_at > 0 THEN tried_at + $1 ELSE 0 END", day)
		b.catchUp()
		b.deliver(ids[0])
		if s := b.state(ids[0]); s.State != Sent {
			t.Errorf("the waiting one is %s, due %v", s.State, s.Due)
		}
		if s := b.state(ids[1]); s.State != Uncertain {
			t.Errorf("the one under way is %s", s.State)
		}
	})
}

// The clock of a process that died was ahead by a day, or a minute and a half: its mailbox is read on all the same.
// One that lives and renews keeps it.
func TestALeaseEndsWhenItsHolderIsSilentWhateverItsClockSays(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.fake.pages = []network.Page{{Messages: []network.Message{from("a", "Maude", "Bonjour")}, Next: "1"}}
		ahead := func() int64 { return db.Micros(time.Now().Add(24 * time.Hour)) }
		b.set("UPDATE account SET holder = 'other', held_until = $1", ahead())
		c := &Collector{Inbox: b.Inbox, Holder: "us", Lease: 900 * time.Millisecond, Renew: 300 * time.Millisecond, Poll: 10 * time.Millisecond}
		ctx, stop := context.WithCancel(t.Context())
		var done sync.WaitGroup
		done.Go(func() { c.Run(ctx) })
		defer func() { stop(); done.Wait() }()
		for range 4 { // more seldom than we look, oftener than two of our renewals
			b.set("UPDATE account SET held_until = $1", ahead())
			time.Sleep(400 * time.Millisecond)
		}
		if n := len(b.list(Query{})); n != 0 {
			t.Fatal("the mailbox of a process that lives is taken")
		}
		for end := time.Now().Add(10 * time.Second); len(b.list(Query{})) == 0 && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
		if n := len(b.list(Query{})); n != 1 {
			t.Error("the mailbox of a process that is gone is not read")
		}
	})
}

func TestOneThatCannotBeDoneDoesNotHoldUpTheOthers(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"))
	id := b.answer("Bonsoir")
	if _, err := b.Do(t.Context(), b.me, b.place.ID, Snooze(time.Now().Add(time.Hour)), b.only().ID); err != nil {
		t.Fatal(err)
	}
	past := db.Micros(time.Now().Add(-time.Hour))
	b.set("UPDATE reply SET due_at = $1", past)
	b.set("UPDATE conversation SET snoozed_until = $1", past)
	b.memory.begun(id, send)
	b.memory.ended(Delivery{PlaceID: "nowhere", MessageID: id}, outcome{}, errors.New("the store was away"))
	if err := b.CatchUp(t.Context()); err == nil {
		t.Error("what could not be stored is not told of")
	}
	if s := b.only().State; s != Open {
		t.Errorf("the conversation sleeps on: %s", s)
	}
}
