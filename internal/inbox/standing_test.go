package inbox

import (
	"context"
	"slices"
	"testing"

	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// blog is a network on which the place decides who can read what others write; it fails as told, each failure once.
type blog struct {
	*fakeNetwork
	fails []error
	asked []network.Standing
}

func (f *blog) Moderate(_ context.Context, _ network.RemoteID, s network.Standing) error {
	f.asked = append(f.asked, s)
	if len(f.fails) > 0 {
		err := f.fails[0]
		f.fails = f.fails[1:]
		return err
	}
	return nil
}

// moderated is a comment that waits for a decision.
func moderated(t *testing.T, d *db.DB) (b *bench, f *blog, id string, ask func()) {
	b = setUp(t, d)
	f = &blog{fakeNetwork: b.fake}
	b.Open = func(place.Account) (network.Client, error) { return f, nil }
	b.get(held("Vous ouvrez le lundi?"))
	id = b.thread(b.only().ID).Messages[0].ID
	return b, f, id, func() {
		t.Helper()
		b.write(func(tx db.Tx) error { // the pause is over
			_, err := tx.Exec(t.Context(), "UPDATE standing SET due_at = 1 WHERE place_id = $1 AND due_at > 0", b.place.ID)
			return err
		})
		if err := b.AskStanding(t.Context(), ModerateArgs{b.place.ID, id}); err != nil {
			t.Fatal(err)
		}
	}
}

// held is a comment as its network tells it.
func held(words string) network.Message {
	m := from("c1", "Maude", words)
	m.Visibility, m.Standing = network.Public, network.Held
	return m
}

func (b *bench) moderate(id string, s network.Standing) int64 {
	b.t.Helper()
	seq, err := b.Moderate(b.t.Context(), b.me, b.place.ID, id, s)
	if err != nil {
		b.t.Fatal(err)
	}
	return seq
}

func (b *bench) first() Message { b.t.Helper(); return b.thread(b.only().ID).Messages[0] }

// hears receives what became of messages.
func (b *bench) hears(p network.Page) {
	b.t.Helper()
	p.Next = "2"
	if err := b.Receive(b.t.Context(), b.account, p); err != nil {
		b.t.Fatal(err)
	}
}

func TestADecisionIsAskedForUntilTheNetworkHasIt(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b, f, id, ask := moderated(t, d)
		f.fails = []error{fault.New(fault.Unavailable, "t", ""), fault.New(fault.RateLimited, "t", "")}
		if b.moderate(id, network.Shown) == 0 || b.moderate(id, network.Shown) != 0 {
			t.Error("a decision is one entry of the journal, and the same again is none")
		}
		for range 5 {
			ask()
		}
		if want := []network.Standing{network.Shown, network.Shown, network.Shown}; !slices.Equal(f.asked, want) || b.first().Standing != network.Shown {
			t.Errorf("asked %v, the thread says %s", f.asked, b.first().Standing)
		}
		if row := b.only(); row.State != Open || row.WaitingSince.IsZero() {
			t.Errorf("what is shown still waits for an answer: %+v", row.Conversation)
		}
	})
}

func TestWhatIsRefusedWaitsForNoAnswerUntilItIsUndone(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b, f, id, ask := moderated(t, d)
		for _, s := range []network.Standing{network.Spam, network.Removed} {
			f.asked = nil
			seq := b.moderate(id, s)
			if ask(); b.only().State != Settled || !b.only().WaitingSince.IsZero() {
				t.Errorf("%s: %+v", s, b.only().Conversation)
			}
			if err := b.Undo(t.Context(), b.me, b.place.ID, seq); err != nil {
				t.Fatal(err)
			}
			wantKey(t, b.Undo(t.Context(), b.me, b.place.ID, seq), fault.Conflict, "inbox.undo_changed")
			if ask(); b.only().State != Open || b.only().WaitingSince.IsZero() || b.first().Standing != network.Held {
				t.Errorf("undone: %+v, %s", b.only().Conversation, b.first().Standing)
			}
			if want := []network.Standing{s, network.Held}; !slices.Equal(f.asked, want) {
				t.Errorf("asked %v", f.asked)
			}
		}
	})
}

func TestADecisionThatIsRefusedIsTakenBackAndTold(t *testing.T) {
	b, f, id, ask := moderated(t, onSQLite(t))
	f.fails = []error{fault.New(fault.Forbidden, "t", "")}
	b.moderate(id, network.Spam)
	ask()
	ask()
	if len(f.asked) != 1 || b.first().Standing != network.Held || b.only().State != Open {
		t.Errorf("asked %v, the thread says %s, %s", f.asked, b.first().Standing, b.only().State)
	}
	if events := b.thread(b.only().ID).Events; !slices.ContainsFunc(events, func(e place.Entry) bool { return e.Kind == "conversation.moderation_refused" }) {
		t.Errorf("nobody is told: %+v", events)
	}
}

func TestNobodyDecidesOfWhatItsNetworkToldNoStandingOf(t *testing.T) {
	b, _, id, _ := moderated(t, onSQLite(t))
	_, err := b.Moderate(t.Context(), b.me, b.place.ID, id, "banned")
	wantKey(t, err, fault.Invalid, "")
	b.get(from("plain", "Théo", "Un mot."))
	other := b.list(Query{})[0]
	for _, r := range b.list(Query{}) {
		if r.Name == "Théo" {
			other = r
		}
	}
	_, err = b.Moderate(t.Context(), b.me, b.place.ID, b.thread(other.ID).Messages[0].ID, network.Spam)
	wantKey(t, err, fault.Rejected, "inbox.no_standing")
	b.Open = func(place.Account) (network.Client, error) { return b.fake, nil }
	_, err = b.Moderate(t.Context(), b.me, b.place.ID, id, network.Spam)
	wantKey(t, err, fault.Rejected, "inbox.no_standing")
}

func TestAnsweringWhatIsHeldShowsIt(t *testing.T) {
	b, f, _, ask := moderated(t, onSQLite(t))
	if _, err := b.Reply(t.Context(), b.me, b.place.ID, Answer{ConversationID: b.only().ID, Text: "Oui, dès 17 h."}); err != nil {
		t.Fatal(err)
	}
	if ask(); !slices.Equal(f.asked, []network.Standing{network.Shown}) || b.first().Standing != network.Shown {
		t.Errorf("asked %v, the thread says %s", f.asked, b.first().Standing)
	}
}

func TestWhatIsDecidedElsewhereIsTakenOver(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b, f, id, ask := moderated(t, d)
		is := held("Vous ouvrez le lundi?")
		is.Standing = network.Spam
		b.hears(network.Page{Changed: []network.Message{is, from("unknown", "x", "y")}})
		if b.first().Standing != network.Spam || b.only().State != Settled {
			t.Errorf("the thread says %s, %s", b.first().Standing, b.only().State)
		}
		b.moderate(id, network.Shown) // and is on its way when it is told once more
		b.hears(network.Page{Changed: []network.Message{is}})
		if ask(); b.first().Standing != network.Shown || len(f.asked) != 1 {
			t.Errorf("our own wish is lost: %s, asked %v", b.first().Standing, f.asked)
		}
	})
}

func TestWordsThatWereChangedTakeThePlaceOfTheEarlierOnes(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(from("a", "Maude", "Mon numéro est le 555-0142."))
		b.hears(network.Page{Changed: []network.Message{from("a", "Maude", "Appelez-moi.")}})
		if m := b.first(); m.Text != "Appelez-moi." || m.EditedAt.IsZero() || b.only().Excerpt != "Appelez-moi." {
			t.Errorf("the thread says %q, the list %q", m.Text, b.only().Excerpt)
		}
		if n := len(b.list(Query{Search: "numéro"})); n != 0 {
			t.Error("the earlier words are found")
		}
		if n := len(b.list(Query{Search: "appelez"})); n != 1 {
			t.Error("the new words are not found")
		}
		edited := b.first().EditedAt
		b.hears(network.Page{Changed: []network.Message{from("a", "Maude", "Appelez-moi.")}})
		if b.first().EditedAt != edited {
			t.Error("the same words again are a change")
		}
	})
}

func TestWhatIsTakenBackIsEmptiedAndWaitsNoLonger(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		first, second := from("a", "Maude", "Un premier mot."), from("b", "Maude", "Un secret.")
		first.Thread, second.Thread, second.HTML = "t", "t", "<p>Un secret.</p>"
		second.SentAt = noon.Add(60e9)
		b.get(first, second)
		b.hears(network.Page{Gone: []network.RemoteID{"b", "unknown"}})
		th := b.thread(b.only().ID)
		if m := th.Messages[1]; m.Text != "" || m.GoneAt.IsZero() || b.only().Excerpt != "Un premier mot." {
			t.Errorf("the thread says %q, the list %q", m.Text, b.only().Excerpt)
		}
		if len(b.list(Query{Search: "secret"})) != 0 {
			t.Error("what was taken back is found")
		}
		if b.only().State != Open || b.only().WaitingSince.IsZero() {
			t.Error("the first message waits for an answer all the same")
		}
		b.hears(network.Page{Gone: []network.RemoteID{"a"}})
		if row := b.only(); row.State != Settled || row.Excerpt != "" || !row.WaitingSince.IsZero() {
			t.Errorf("nothing is left to answer: %+v", row.Conversation)
		}
	})
}
