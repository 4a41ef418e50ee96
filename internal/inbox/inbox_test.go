package inbox

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/jobs"
	"comptoir/internal/media"
	"comptoir/internal/network"
	"comptoir/internal/place"
)

// bench is a place with one account on a fake network and a member.
type bench struct {
	*Inbox
	t       testing.TB
	place   place.Place
	account place.Account
	me      place.Actor
	other   place.Actor
	fake    *fakeNetwork
}

// each runs fn on a fresh database of every engine, with the tables of the queue.
func each(t *testing.T, fn func(t *testing.T, d *db.DB)) {
	t.Helper()
	dbtest.EachWith(t, "jobs", jobs.Migrate, fn)
}

func onSQLite(t testing.TB) *db.DB {
	t.Helper()
	return dbtest.SQLiteWith(t, "jobs", jobs.Migrate)
}

func setUp(t testing.TB, d *db.DB) *bench {
	t.Helper()
	ctx := t.Context()
	files, err := media.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { files.Close() })
	b := &bench{t: t, fake: newFake()}
	b.Inbox = &Inbox{DB: d, Files: files, Log: slog.New(slog.DiscardHandler), Open: func(place.Account) (network.Client, error) { return b.fake, nil }}
	w := jobs.NewWorkers()
	jobs.Work(w, b.Deliver)
	jobs.Work(w, b.Wake)
	jobs.Work(w, b.AskNetwork)
	jobs.Work(w, b.AskStanding)
	if b.Queue, err = jobs.New(d, w, b.Log); err != nil {
		t.Fatal(err)
	}
	b.write(func(tx db.Tx) error {
		b.place, err = place.Create(ctx, tx, place.System(), place.New{Name: "Le Zinc", Language: "fr-CA", TimeZone: "America/Montreal"})
		if err != nil {
			return err
		}
		_, err = place.Change(ctx, tx, place.System(), b.place.ID, func(p *place.Place) error { p.Settings.UndoSeconds = 0; return nil })
		if err != nil {
			return err
		}
		b.account, err = place.AddAccount(ctx, tx, place.Keys{}, place.System(), b.place.ID, place.NewAccount{Kind: "fake", Name: "Le Zinc", Handle: "lezinc"})
		b.me, b.other = b.member(tx, "elie@lezinc.example", "Élie"), b.member(tx, "noemie@lezinc.example", "Noémie")
		return err
	})
	return b
}

func (b *bench) member(tx db.Tx, email, name string) place.Actor {
	b.t.Helper()
	id := db.NewID()
	for _, q := range []string{
		"INSERT INTO member (id, email, name, password, settings, created_at) VALUES ($1, $2, $3, '', '{}', 0)",
	} {
		if _, err := tx.Exec(b.t.Context(), q, id, email, name); err != nil {
			b.t.Fatal(err)
		}
	}
	if _, err := tx.Exec(b.t.Context(), "INSERT INTO membership (place_id, member_id, role, created_at) VALUES ($1, $2, 'manager', 0)", b.place.ID, id); err != nil {
		b.t.Fatal(err)
	}
	return place.Actor{Kind: place.MemberActor, ID: id, PlaceID: b.place.ID, Role: place.Manager, Name: name}
}

func (b *bench) write(fn func(db.Tx) error) {
	b.t.Helper()
	if err := b.DB.Write(context.Background(), fn); err != nil {
		b.t.Fatal(err)
	}
}

// get receives messages and fails the test when that fails.
func (b *bench) get(messages ...network.Message) {
	b.t.Helper()
	if err := b.Receive(b.t.Context(), b.account, network.Page{Messages: messages, Next: "1"}); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) list(q Query) []Row {
	b.t.Helper()
	p, err := b.List(b.t.Context(), b.place.ID, q)
	if err != nil {
		b.t.Fatal(err)
	}
	return p.Rows
}

func (b *bench) thread(id string) Thread {
	b.t.Helper()
	th, err := b.Thread(b.t.Context(), b.place.ID, id, "")
	if err != nil {
		b.t.Fatal(err)
	}
	return th
}

// only is the one conversation there is.
func (b *bench) only() Row {
	b.t.Helper()
	rows := b.list(Query{Tab: TabAll})
	if len(rows) != 1 {
		b.t.Fatalf("%d conversations, want 1", len(rows))
	}
	return rows[0]
}

var noon = time.Now().Add(-48 * time.Hour).Truncate(time.Second)

func from(id, name, words string) network.Message {
	return network.Message{ID: network.RemoteID(id), Author: network.Author{ID: network.RemoteID(name + "@example.org"), Name: name}, Text: words, SentAt: noon, Visibility: network.Private}
}

// fakeNetwork is a network that keeps its own ledger: what it accepted is what happened.
type fakeNetwork struct {
	mu       sync.Mutex
	accepted map[string]int // by key
	texts    []string
	attempts int
	outcome  func(d network.Draft) error // after acceptance unless it says refuse
	refuse   error
	found    error // what Find says when it does not hold the key
	tried    time.Time
	pages    []network.Page
	fetches  int
	fetchErr error
}

func newFake() *fakeNetwork {
	return &fakeNetwork{accepted: map[string]int{}, found: fault.New(fault.Ambiguous, "fake.find", "")}
}

func (f *fakeNetwork) Profile(context.Context) (network.Profile, error) {
	return network.Profile{}, nil
}
func (f *fakeNetwork) Limits() network.Limits {
	return network.Limits{Text: 500, Length: func(s string) int { return len([]rune(s)) }, Attachments: 2, FileBytes: 1000}
}

func (f *fakeNetwork) Publish(ctx context.Context, d network.Draft) (network.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.attempts++
	if f.refuse != nil && !fault.Is(f.refuse, fault.Ambiguous) {
		return network.Receipt{}, f.refuse
	}
	if err := d.Leaving(ctx); err != nil {
		return network.Receipt{}, err
	}
	if f.refuse != nil {
		return network.Receipt{}, f.refuse
	}
	f.accepted[d.Key]++
	f.texts = append(f.texts, d.Text)
	if f.outcome != nil {
		if err := f.outcome(d); err != nil {
			return network.Receipt{}, err
		}
	}
	return network.Receipt{ID: network.RemoteID("remote-" + d.Key)}, nil
}

func (f *fakeNetwork) Find(_ context.Context, d network.Draft) (network.Receipt, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tried = d.TriedAt
	if f.accepted[d.Key] > 0 {
		return network.Receipt{ID: network.RemoteID("remote-" + d.Key)}, nil
	}
	return network.Receipt{}, f.found
}

func (f *fakeNetwork) Fetch(_ context.Context, cur network.Cursor) (network.Page, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fetches++
	if f.fetchErr != nil {
		return network.Page{}, f.fetchErr
	}
	for _, p := range f.pages {
		if cur < p.Next {
			return p, nil
		}
	}
	return network.Page{Next: cur}, nil
}

// total is how many messages the network got, and fails when it got one twice.
func (f *fakeNetwork) total(t testing.TB) int {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	for key, n := range f.accepted {
		if n > 1 {
			t.Errorf("the network got %s %d times", key, n)
		}
	}
	return len(f.accepted)
}

func many(n int, each func(i int) network.Message) []network.Message {
	all := make([]network.Message, n)
	for i := range all {
		all[i] = each(i)
	}
	return all
}
