package inbox

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"comptoir/internal/db"
	"comptoir/internal/fault"
)

// two is a place where Maude wrote twice, under two names; the first is settled, the second waits.
func two(t *testing.T, d *db.DB) (b *bench, kept, gone string) {
	t.Helper()
	b = setUp(t, d)
	first, second := from("a", "Maude Gervais", "Bonjour"), from("b", "M. Gervais", "C’est encore moi")
	second.SentAt = noon.Add(time.Hour)
	b.get(first, second)
	rows := b.list(Query{Tab: TabAll}) // the newest first
	kept, gone = rows[1].ID, rows[0].ID
	if _, err := b.Do(t.Context(), b.me, b.place.ID, Settle(), kept); err != nil {
		t.Fatal(err)
	}
	return b, kept, gone
}

func (b *bench) merge(kept, gone string) int64 {
	b.t.Helper()
	seq, err := b.Merge(b.t.Context(), b.me, b.place.ID, kept, gone)
	if err != nil {
		b.t.Fatal(err)
	}
	return seq
}

func (b *bench) stands(id string) Conversation {
	b.t.Helper()
	c, err := b.Get(b.t.Context(), b.place.ID, id)
	if err != nil {
		b.t.Fatal(err)
	}
	return c
}

func TestMergedConversationsAreOneInTheOrderOfTime(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b, kept, gone := two(t, d)
		b.merge(kept, gone)
		th := b.thread(kept)
		if len(th.Messages) != 2 || th.Messages[0].Text != "Bonjour" || !cmp.Equal(th.Merged, []string{gone}) {
			t.Errorf("%+v", th.Messages)
		}
		c := b.only()
		if c.ID != kept || c.Name != "Maude Gervais" || c.State != Open || c.Excerpt != "C’est encore moi" {
			t.Errorf("the list shows %q, %s, %q", c.Name, c.State, c.Excerpt)
		}
		late := from("c", "M. Gervais", "Et une chose de plus")
		late.SentAt, late.ReplyTo = noon.Add(2*time.Hour), "b"
		b.get(late)
		if c := b.only(); c.ID != kept || c.Excerpt != "Et une chose de plus" {
			t.Errorf("a later message went to %q", c.Excerpt)
		}
	})
}

func TestWhatAsksForAMergedConversationIsToldWhereItIsNow(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b, kept, gone := two(t, d)
		b.get(from("c", "Marc", "Salut"))
		third := b.list(Query{Tab: TabAll, Search: "salut"})[0].ID
		b.merge(kept, gone)
		b.merge(third, kept)
		ctx, p := t.Context(), b.place.ID
		label, err := b.NewLabel(ctx, b.me, p, "Avis")
		if err != nil {
			t.Fatal(err)
		}
		for what, try := range map[string]func() error{
			"open":   func() error { _, err := b.Thread(ctx, p, gone, ""); return err },
			"settle": func() error { _, err := b.Do(ctx, b.me, p, Settle(), gone); return err },
			"reply": func() error {
				_, err := b.Reply(ctx, b.me, p, Answer{ConversationID: gone, Text: "On arrive"})
				return err
			},
			"note":       func() error { _, err := b.AddNote(ctx, b.me, p, gone, "Table 7"); return err },
			"label":      func() error { _, err := b.Label(ctx, b.me, p, label.ID, true, gone); return err },
			"merge into": func() error { _, err := b.Merge(ctx, b.me, p, gone, third); return err },
		} {
			f := fault.As(try())
			if f == nil || f.Code != fault.Conflict || f.Key != "inbox.merged" || !cmp.Equal(f.Args, []any{"into", third}) {
				t.Errorf("%s: %v", what, f)
			}
		}
		if _, err := b.Merge(ctx, b.me, p, third, gone); fault.As(err) == nil || fault.As(err).Key != "inbox.merge_already" {
			t.Errorf("merged twice: %v", err)
		}
	})
}

func TestUndoingAMergeGivesBackExactlyWhatWas(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b, kept, gone := two(t, d)
		before := []Conversation{b.stands(kept), b.stands(gone)}
		seq := b.merge(kept, gone)
		if err := b.Undo(t.Context(), b.other, b.place.ID, seq); !fault.Is(err, fault.Forbidden) {
			t.Errorf("a colleague takes it back: %v", err)
		}
		if err := b.Undo(t.Context(), b.me, b.place.ID, seq); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(before, []Conversation{b.stands(kept), b.stands(gone)}, cmpopts.EquateApproxTime(0)); d != "" {
			t.Errorf("(-before +after)\n%s", d)
		}
	})
}

func TestWhatWasDoneAfterAMergeOutlivesItsUndo(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b, kept, gone := two(t, d)
		seq := b.merge(kept, gone)
		if _, err := b.Do(t.Context(), b.other, b.place.ID, Assign(b.other.ID), kept); err != nil {
			t.Fatal(err)
		}
		if err := b.Undo(t.Context(), b.me, b.place.ID, seq); err != nil {
			t.Fatal(err)
		}
		if c := b.stands(kept); c.AssigneeID != b.other.ID || c.State != Open {
			t.Errorf("%s, entrusted to %q", c.State, c.AssigneeID)
		}
	})
}

func TestPartingOneOfThreeLeavesTheOthersTogether(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b, second, first := two(t, d)
		b.get(from("c", "Marc", "Salut"))
		third := b.list(Query{Tab: TabAll, Search: "salut"})[0].ID
		b.merge(second, first)
		b.merge(third, second)
		if err := b.Unmerge(t.Context(), b.other, b.place.ID, first); err != nil {
			t.Fatal(err)
		}
		if th := b.thread(third); len(th.Messages) != 2 || len(b.thread(first).Messages) != 1 || !cmp.Equal(th.Merged, []string{second}) {
			t.Errorf("together: %v", th.Merged)
		}
		if c := b.stands(third); c.Excerpt == "C’est encore moi" {
			t.Error("the list still shows words that left")
		}
		if err := b.Unmerge(t.Context(), b.other, b.place.ID, first); fault.As(err) == nil || fault.As(err).Key != "inbox.undo_changed" {
			t.Errorf("parted twice: %v", err)
		}
	})
}

func TestWhatWasTypedBeforeAMergeIsKept(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b, kept, gone := two(t, d)
		ctx, p := t.Context(), b.place.ID
		for id, words := range map[string]string{kept: "Bonsoir Maude", gone: "On vous attend"} {
			if err := b.SaveDraft(ctx, b.me, p, id, words); err != nil {
				t.Fatal(err)
			}
		}
		if err := b.SaveDraft(ctx, b.other, p, gone, "Je"); err != nil {
			t.Fatal(err)
		}
		b.merge(kept, gone)
		for who, want := range map[string]string{b.me.ID: "Bonsoir Maude\n\nOn vous attend", b.other.ID: "Je"} {
			if got, err := b.Draft(ctx, p, kept, who); got != want || err != nil {
				t.Errorf("the draft is %q: %v", got, err)
			}
		}
		if err := b.SaveDraft(ctx, b.other, p, gone, "Je regarde"); err != nil { // on a page that is older than the merge
			t.Fatal(err)
		}
		if got, _ := b.Draft(ctx, p, kept, b.other.ID); got != "Je regarde" {
			t.Errorf("typed on an old page: %q", got)
		}
	})
}
