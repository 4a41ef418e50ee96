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

// fond is a network that can be liked on; it fails as told, each failure once.
type fond struct {
	*fakeNetwork
	fails []error
	asked []bool
	likes bool
	while func() // happens while the network is asked
}

func (f *fond) React(_ context.Context, _ network.RemoteID, _ network.Reaction, on bool) error {
	f.asked = append(f.asked, on)
	if f.while != nil {
		f.while()
	}
	if len(f.fails) > 0 {
		err := f.fails[0]
		f.fails = f.fails[1:]
		return err
	}
	f.likes = on
	return nil
}

// liking is a message on a network that can be liked on.
func liking(t *testing.T, d *db.DB) (*bench, *fond, func(on bool) int64, func()) {
	b := setUp(t, d)
	f := &fond{fakeNetwork: b.fake}
	b.Open = func(place.Account) (network.Client, error) { return f, nil }
	b.get(from("a", "Maude", "Quelle soirée!"))
	id := b.thread(b.only().ID).Messages[0].ID
	like := func(on bool) int64 {
		t.Helper()
		seq, err := b.React(t.Context(), b.me, b.place.ID, id, network.Like, on)
		if err != nil {
			t.Fatal(err)
		}
		return seq
	}
	ask := func() {
		t.Helper()
		b.write(func(tx db.Tx) error { // the pause is over
			_, err := tx.Exec(t.Context(), "UPDATE reaction SET due_at = 1 WHERE place_id = $1 AND due_at > 0", b.place.ID)
			return err
		})
		if err := b.AskNetwork(t.Context(), ReactArgs{b.place.ID, id, network.Like}); err != nil {
			t.Fatal(err)
		}
	}
	return b, f, like, ask
}

func (b *bench) liked() bool { return b.thread(b.only().ID).Messages[0].Liked }

func TestALikeIsAskedForUntilTheNetworkHasIt(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b, f, like, ask := liking(t, d)
		f.fails = []error{fault.New(fault.Unavailable, "t", ""), fault.New(fault.RateLimited, "t", ""), fault.New(fault.Ambiguous, "t", "")}
		if like(true) == 0 || like(true) != 0 {
			t.Error("a like is one entry of the journal, and the same again is none")
		}
		for range 6 { // nothing is asked for that is there
			ask()
		}
		if !slices.Equal(f.asked, []bool{true, true, true, true}) || !f.likes || !b.liked() {
			t.Errorf("asked %v, likes %v, the thread says %v", f.asked, f.likes, b.liked())
		}
	})
}

func TestALikeThatIsRefusedIsTakenBackAndTold(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b, f, like, ask := liking(t, d)
		f.fails = []error{fault.New(fault.NotFound, "t", "")}
		like(true)
		ask()
		ask()
		if len(f.asked) != 1 || b.liked() {
			t.Errorf("asked %v, the thread says %v", f.asked, b.liked())
		}
		if events := b.thread(b.only().ID).Events; !slices.ContainsFunc(events, func(e place.Entry) bool { return e.Kind == "conversation.reaction_refused" }) {
			t.Errorf("nobody is told: %+v", events)
		}
	})
}

// A wish that changes while the network is asked is not lost under the outcome of the first.
func TestWhatIsWantedLastIsWhatTheNetworkGets(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b, f, like, ask := liking(t, d)
		like(true)
		f.while = func() { f.while = nil; like(false) }
		ask()
		ask()
		if !slices.Equal(f.asked, []bool{true, false}) || f.likes || b.liked() {
			t.Errorf("asked %v, likes %v, the thread says %v", f.asked, f.likes, b.liked())
		}
	})
}

func TestALikeIsUndoneAndARestoredOneIsNotAskedFor(t *testing.T) {
	b, f, like, ask := liking(t, onSQLite(t))
	seq := like(true)
	ask()
	if err := b.Undo(t.Context(), b.me, b.place.ID, seq); err != nil {
		t.Fatal(err)
	}
	wantKey(t, b.Undo(t.Context(), b.me, b.place.ID, seq), fault.Conflict, "inbox.undo_changed")
	if ask(); f.likes || b.liked() {
		t.Error("it was undone and is liked")
	}
	like(true)
	if _, err := b.HoldBack(t.Context()); err != nil {
		t.Fatal(err)
	}
	n := len(f.asked)
	if ask(); len(f.asked) != n || b.liked() {
		t.Error("a copy asks the network for what was wanted where it comes from")
	}
}
