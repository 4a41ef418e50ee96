package inbox

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/network"
)

// Every tab is a walk over pages that brings each of its conversations once, the newest first.
func TestEveryTabIsWalkedToItsEnd(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		b.get(many(60, func(i int) network.Message {
			m := from(fmt.Sprint("m", i), fmt.Sprint("guest", i), "Bonsoir")
			m.Automatic = i%4 == 0
			m.SentAt = noon.Add(time.Duration(i%20) * time.Minute) // three share each minute
			return m
		})...)
		for i, r := range b.list(Query{Tab: TabAll, Limit: 100}) {
			var do []Gesture
			switch i % 3 {
			case 1:
				do = append(do, Settle())
			case 2:
				do = append(do, Snooze(noon.AddDate(1, 0, 0)))
			}
			if i%5 == 0 {
				do = append(do, Assign(b.me.ID))
			}
			for _, g := range do {
				if _, err := b.Do(t.Context(), b.me, b.place.ID, g, r.ID); err != nil {
					t.Fatal(err)
				}
			}
		}
		everything := b.list(Query{Tab: TabAll, Limit: 100})
		for _, tab := range append(Tabs, TabAll) {
			q := Query{Tab: tab, MemberID: b.me.ID, Limit: 7}
			var want []string
			for _, r := range everything {
				if q.Wants(r) {
					want = append(want, r.ID)
				}
			}
			var got []string
			for more := true; more; {
				p, err := b.List(t.Context(), b.place.ID, q)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range p.Rows {
					got = append(got, r.ID)
				}
				q.After, more = p.Next, p.Next != ""
			}
			if !slices.Equal(got, want) || len(want) < 3 {
				t.Errorf("%s: %d conversations, want %d in the order of all", tab, len(got), len(want))
			}
		}
		if !slices.IsSortedFunc(everything, func(a, b Row) int {
			if c := b.LastAt.Compare(a.LastAt); c != 0 {
				return c
			}
			return strings.Compare(b.ID, a.ID)
		}) || len(everything) != 60 {
			t.Errorf("all: %d, out of order", len(everything))
		}
	})
}

// A place grows for years. No list may get slower with what it does not show.
func TestListsAreReadFromAnIndexAndNotSorted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "c.db")
	for range 2 { // opened again, for the planner's statistics
		d, err := db.Open(t.Context(), path)
		if err != nil {
			t.Fatal(err)
		}
		defer d.Close()
		if n, err := d.Migrate(t.Context()); err != nil || n > 0 {
			if err != nil {
				t.Fatal(err)
			}
			continue
		}
		for _, c := range []struct {
			q     Query
			index string
			sorts bool // the rows of several stretches, or of one person
		}{
			{q: Query{}, index: "conversation_list"},
			{q: Query{Tab: TabSettled}, index: "conversation_list"},
			{q: Query{Tab: TabMine, MemberID: "m"}, index: "conversation_assignee"},
			{q: Query{Tab: TabAll}, index: "conversation_list", sorts: true},
			{q: Query{Tab: TabAutomatic}, index: "conversation_list", sorts: true},
			{q: Query{Tab: TabSnoozed}, index: "conversation_list", sorts: true},
			{q: Query{Tab: TabAll, PersonID: "p"}, index: "conversation_person", sorts: true},
			{q: Query{Tab: TabAll, LabelID: "l"}, index: "conversation_label_label", sorts: true},
		} {
			statement, args := c.q.statement("place", []any{int64(1), "x"})
			steps, err := db.Collect(func(r db.Row) (step string, err error) {
				var n int
				err = r.Scan(&n, &n, &n, &step)
				return step, err
			})(d.Query(t.Context(), "EXPLAIN QUERY PLAN "+statement, args...))
			if err != nil {
				t.Fatal(err)
			}
			plan := strings.Join(steps, "\n")
			if !strings.Contains(plan, "INDEX "+c.index+" ") || strings.Contains(plan, "SCAN c") || strings.Contains(plan, "autoindex_conversation_1 (place_id=?)") || strings.Contains(plan, "TEMP B-TREE") && !c.sorts {
				t.Errorf("%+v is read by\n%s", c.q, plan)
			}
		}
	}
}

func TestCountsSayHowManyUpToMany(t *testing.T) {
	each(t, func(t *testing.T, d *db.DB) {
		b := setUp(t, d)
		counts := func() Counts {
			n, err := b.Counts(t.Context(), b.place.ID, b.me.ID)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		b.get(from("a", "Maude", "Bonjour"), from("b", "Karim", "Salut"), from("c", "Zoé", "Allô"), from("d", "Luc", "Coucou"))
		rows := b.list(Query{})
		for i, g := range []Gesture{Assign(b.me.ID), Snooze(noon.AddDate(1, 0, 0)), Settle()} {
			if _, err := b.Do(t.Context(), b.me, b.place.ID, g, rows[i].ID); err != nil {
				t.Fatal(err)
			}
		}
		if got, want := counts(), (Counts{Open: 2, Mine: 1, Snoozed: 1}); got != want {
			t.Errorf("counted %+v, want %+v", got, want)
		}
		b.get(many(Many+5, func(i int) network.Message { return from(fmt.Sprint("m", i), fmt.Sprint("guest", i), "Bonsoir") })...)
		if got := counts(); got.Open != Many {
			t.Errorf("counted %d of more, want %d", got.Open, Many)
		}
	})
}
