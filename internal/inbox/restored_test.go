package inbox

import (
	"context"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// forgetJobs leaves what a backup holds: the rows, without jobs and without an index.
func (b *bench) forgetJobs() {
	b.t.Helper()
	b.write(func(tx db.Tx) error {
		for _, q := range []string{"DELETE FROM river_job", "DELETE FROM search"} {
			if _, err := tx.Exec(context.Background(), q); err != nil {
				return err
			}
		}
		return nil
	})
}

func (b *bench) restored() int {
	b.t.Helper()
	n, err := b.Restored(b.t.Context())
	if err != nil {
		b.t.Fatal(err)
	}
	return n
}

// answers stores an answer and puts it into a state as an attempt would.
func (b *bench) answers(words string, s DeliveryState) string {
	b.t.Helper()
	id := b.answer(words)
	if s == Waiting {
		return id
	}
	d, step, err := b.claim(b.t.Context(), DeliverArgs{b.place.ID, id})
	if err != nil || step != send {
		b.t.Fatalf("claim: %v, %v", step, err)
	}
	if s == Sending {
		return id
	}
	code := map[DeliveryState]fault.Code{Held: fault.Unauthenticated, Uncertain: fault.Ambiguous, Failed: fault.Rejected}[s]
	if err := b.settle(b.t.Context(), d, outcome{step: send, err: fault.New(code, "", "")}); err != nil {
		b.t.Fatal(err)
	}
	return id
}

func TestNothingLeavesARestoredCopyBeforeAPersonReleasesIt(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Bonjour"))
		waiting, held := b.answers("un", Waiting), b.answers("deux", Held)
		sending, uncertain, arrived := b.answers("trois", Sending), b.answers("quatre", Uncertain), b.answers("cinq", Sending)
		failed := b.answers("six", Failed)
		b.fake.accepted[b.state(arrived).Key]++ // it left, and the backup was made before this was known
		b.fake.found = fault.New(fault.NotFound, "fake.find", "")
		b.forgetJobs()
		if n := b.restored(); n != 5 {
			t.Errorf("%d answers wait for a person, want 5", n)
		}
		// Whatever runs by itself: every job, even of those that have none, and the account being read.
		for range 2 * maxLooks {
			for _, id := range []string{waiting, held, sending, uncertain, arrived, failed} {
				b.deliver(id)
				b.pass(id)
			}
			b.write(func(tx db.Tx) error { return b.Resume(t.Context(), tx, b.place.ID, b.account.ID) })
		}
		if n := b.fake.attempts; n != 0 {
			t.Errorf("%d answers left by themselves", n)
		}
		for id, want := range map[string]DeliveryState{waiting: Held, held: Held, sending: Held, uncertain: Held, arrived: Sent, failed: Failed} {
			if got := b.state(id); got.State != want || want == Held && got.FaultKey != "reply.restored" {
				t.Errorf("it is %s (%s), want %s", got.State, got.FaultKey, want)
			}
		}
		if c := b.only(); !c.Unread || c.State != Open {
			t.Errorf("the conversation is %s, unread: %v", c.State, c.Unread)
		}
		// A person releases one, knows of another that it left, and takes a third back.
		if err := b.SendAnyway(t.Context(), b.me, b.place.ID, waiting); err != nil {
			t.Fatal(err)
		}
		if err := b.Arrived(t.Context(), b.me, b.place.ID, held); err != nil || b.state(held).State != Sent {
			t.Errorf("it is %s, %v", b.state(held).State, err)
		}
		b.deliver(waiting)
		if got := b.state(waiting); got.State != Sent || b.fake.attempts != 1 {
			t.Errorf("released, it is %s after %d attempts", got.State, b.fake.attempts)
		}
		if _, err := b.Cancel(t.Context(), b.me, b.place.ID, sending); err != nil {
			t.Error(err)
		}
	})
}

func TestWhatNobodyKnowsOfStaysUncertainInARestoredCopy(t *testing.T) {
	b := setUp(t, onSQLite(t))
	b.get(from("a", "Maude", "Bonjour"))
	id := b.answers("Bonsoir", Sending)
	b.fake.found = fault.New(fault.Unavailable, "fake.find", "")
	b.forgetJobs()
	b.restored()
	for range 3 {
		b.deliver(id)
	}
	b.fake.found = fault.New(fault.NotFound, "fake.find", "") // the network is back, and does not have it
	b.deliver(id)
	if d := b.state(id); d.State != Held || d.FaultKey != FromBackup || b.fake.attempts != 0 {
		t.Errorf("it is %s (%s) after %d attempts", d.State, d.FaultKey, b.fake.attempts)
	}
}

func TestARestoredCopyFindsAndWakesAsBefore(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Avez-vous des huîtres?"))
		b.answerNow("Samedi, des moules.")
		if _, err := b.Cancel(t.Context(), b.me, b.place.ID, b.answer("Non, des palourdes")); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Do(t.Context(), b.me, b.place.ID, Snooze(time.Now().Add(time.Hour)), b.only().ID); err != nil {
			t.Fatal(err)
		}
		found := func(words string) int {
			t.Helper()
			return len(b.list(Query{Tab: TabAll, Search: words}))
		}
		before := []int{found("huitres maude"), found("moules"), found("palourdes")}
		b.forgetJobs()
		if found("huitres") != 0 {
			t.Fatal("the index was not emptied")
		}
		b.restored()
		if after := []int{found("huitres maude"), found("moules"), found("palourdes")}; after[0] != 1 || after[1] != 1 || after[2] != 0 || before[0] != 1 || before[1] != 1 || before[2] != 0 {
			t.Errorf("%v conversations found before, %v after", before, after)
		}
		b.write(func(tx db.Tx) error { // the hour has passed
			_, err := tx.Exec(t.Context(), "UPDATE conversation SET snoozed_until = 1 WHERE place_id = $1", b.place.ID)
			return err
		})
		if err := b.CatchUp(t.Context()); err != nil || b.only().State != Open {
			t.Errorf("it sleeps on: %s, %v", b.only().State, err)
		}
	})
}

func TestEveryUnfinishedAnswerIsExplained(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Bonjour"))
		unexplained := func() int {
			t.Helper()
			n, err := b.Unexplained(t.Context(), b.place.ID)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		ids := map[DeliveryState]string{}
		for _, s := range []DeliveryState{Waiting, Sending, Held, Uncertain, Failed} {
			ids[s] = b.answers(string(s), s)
		}
		b.answerNow("six")
		if n := unexplained(); n != 0 {
			t.Errorf("%d of answers that are on their way", n)
		}
		b.forgetJobs()
		b.restored()
		if n := unexplained(); n != 0 {
			t.Errorf("%d in a restored copy", n)
		}
		for i, damage := range []string{
			"state = 'waiting', due_at = 99999999999999999",
			"state = 'waiting', due_at = 1, answers_id = 'gone'",
			"state = 'sending', due_at = 1, account_id = 'gone'",
			"state = 'held', fault_code = ''",
			"state = 'nonsense'",
		} {
			id := ids[[]DeliveryState{Waiting, Sending, Held, Uncertain, Failed}[i]]
			b.write(func(tx db.Tx) error {
				_, err := tx.Exec(t.Context(), "UPDATE reply SET "+damage+" WHERE place_id = $1 AND message_id = $2", b.place.ID, id)
				return err
			})
			if n := unexplained(); n != i+1 {
				t.Errorf("with %s: %d are not explained, want %d", damage, n, i+1)
			}
		}
	})
}
