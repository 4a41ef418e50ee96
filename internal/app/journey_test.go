package app_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/network/email/emailtest"
	"comptoir/internal/place"
)

// each runs a story on a whole installation, on SQLite and on PostgreSQL.
func each(t *testing.T, fn func(t *testing.T, cfg app.Config)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); fn(t, app.Config{}) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); fn(t, app.Config{Database: dbtest.PostgresURL(t)}) })
}

// house is a running installation with one place.
type house struct {
	*app.App
	place place.Place
	owner place.Actor
}

// start runs an installation until the test ends, prepared before anything in it runs.
func start(t *testing.T, cfg app.Config, prepare ...func(*app.App)) *app.App {
	t.Helper()
	return startTelling(t, cfg, slog.New(slog.DiscardHandler), prepare...)
}

// startTelling is start with a log.
func startTelling(t *testing.T, cfg app.Config, log *slog.Logger, prepare ...func(*app.App)) *app.App {
	t.Helper()
	if cfg.Data == "" {
		cfg.Data = t.TempDir()
	}
	if cfg.Listen == "" {
		cfg.Listen = "127.0.0.1:0"
	}
	a, err := app.New(t.Context(), cfg, log)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range prepare {
		f(a)
	}
	ctx, stop := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := a.Serve(ctx); err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	t.Cleanup(func() { stop(); wg.Wait() })
	return a
}

func open(t *testing.T, cfg app.Config, prepare ...func(*app.App)) *house {
	t.Helper()
	h := &house{App: start(t, cfg, prepare...)}
	p, m, err := place.SetUp(t.Context(), h.DB, place.First{
		Place: place.New{Name: "Le Zinc", Language: "fr", TimeZone: "America/Montreal"},
		Owner: place.NewMember{Name: "Élie", Email: "elie@zinc.example", Password: "un mot de passe assez long"},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.place, h.owner = p, m.As(p.ID, place.Owner)
	h.write(t, func(tx db.Tx) error {
		_, err := place.Change(t.Context(), tx, h.owner, p.ID, func(p *place.Place) error { p.Settings.UndoSeconds = 1; return nil })
		return err
	})
	return h
}

func (h *house) write(t *testing.T, fn func(db.Tx) error) {
	t.Helper()
	if err := h.DB.Write(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// table sets a table and returns it as the guest's phone finds it.
func (h *house) table(t *testing.T) floor.Table {
	t.Helper()
	var tables []floor.Table
	h.write(t, func(tx db.Tx) (err error) {
		tables, err = floor.AddTables(t.Context(), tx, h.owner, h.place.ID, 1, "")
		return err
	})
	return tables[0]
}

// eventually waits for something that the program does by itself.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("never: %s", what)
}

func (h *house) list(t *testing.T) []inbox.Row {
	t.Helper()
	page, err := h.Inbox.List(t.Context(), h.place.ID, inbox.Query{})
	if err != nil {
		t.Fatal(err)
	}
	return page.Rows
}

func TestAGuestIsHungryAndTheLoopClosesWhereItBegan(t *testing.T) {
	each(t, func(t *testing.T, cfg app.Config) {
		h := open(t, cfg)
		asking := floor.Asking{Place: h.place, Table: h.table(t), Address: netip.MustParseAddr("192.0.2.7"), Kind: floor.Hungry, Text: "On est quatre", Language: "fr"}
		asked, err := h.Floor.Ask(t.Context(), asking)
		if err != nil {
			t.Fatal(err)
		}
		rows := h.list(t)
		if len(rows) != 1 || rows[0].Kind != place.HouseKind || rows[0].Name != "Table 1" || !strings.HasPrefix(rows[0].Excerpt, "On a faim") {
			t.Fatalf("the counter shows %+v", rows)
		}
		h.write(t, func(tx db.Tx) error {
			_, err := h.Floor.Take(t.Context(), tx, h.owner, h.place.ID, asked.Call.ID)
			return err
		})
		thread, err := h.Inbox.Thread(t.Context(), h.place.ID, rows[0].ID, "")
		if err != nil {
			t.Fatal(err)
		}
		if n := len(thread.Events); n != 1 || thread.Events[0].Kind != "conversation.call_taken" || thread.Events[0].Data["by"] != h.owner.ID {
			t.Errorf("the conversation tells %+v", thread.Events)
		}
		// An answer from the counter reaches the guest's page by being stored.
		if _, err := h.Inbox.Reply(t.Context(), h.owner, h.place.ID, inbox.Answer{ConversationID: rows[0].ID, Text: "On arrive!"}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the answer is sent", func() bool {
			thread, err := h.Inbox.Thread(t.Context(), h.place.ID, rows[0].ID, "")
			if err != nil {
				t.Fatal(err)
			}
			last := thread.Messages[len(thread.Messages)-1]
			return last.Reply != nil && last.Reply.State == inbox.Sent
		})
	})
}

func TestWhatWasDoneAtTheTableWaitsNoLongerAtTheCounter(t *testing.T) {
	each(t, func(t *testing.T, cfg app.Config) {
		h := open(t, cfg)
		table := h.table(t)
		ask := func(kind floor.Kind, text string, g floor.Guest) floor.Asked {
			t.Helper()
			asked, err := h.Floor.Ask(t.Context(), floor.Asking{Place: h.place, Table: table, Guest: g, Address: netip.MustParseAddr("192.0.2.7"), Kind: kind, Text: text, Language: "fr"})
			if err != nil {
				t.Fatal(err)
			}
			return asked
		}
		gesture := func(do func(context.Context, db.Tx, place.Actor, string, string) (floor.Call, error), c floor.Call) {
			t.Helper()
			h.write(t, func(tx db.Tx) error {
				_, err := do(t.Context(), tx, h.owner, h.place.ID, c.ID)
				return err
			})
		}
		is := func(what string, state inbox.State, waiting bool) {
			t.Helper()
			page, err := h.Inbox.List(t.Context(), h.place.ID, inbox.Query{Tab: inbox.TabAll})
			if err != nil || len(page.Rows) != 1 {
				t.Fatalf("%d conversations, %v", len(page.Rows), err)
			}
			if c := page.Rows[0]; c.State != state || c.WaitingSince.IsZero() == waiting {
				t.Errorf("%s: %s, waiting since %v", what, c.State, c.WaitingSince)
			}
		}
		hungry := ask(floor.Hungry, "", floor.Guest{})
		bill := ask(floor.Bill, "", hungry.Guest)
		gesture(h.Floor.Finish, hungry.Call)
		is("one of two calls is done", inbox.Open, true)
		gesture(h.Floor.Finish, bill.Call)
		is("both are done", inbox.Settled, false)
		gesture(h.Floor.Reopen, bill.Call)
		is("done too early", inbox.Open, true)
		gesture(h.Floor.Finish, bill.Call)
		is("done again", inbox.Settled, false)
		water := ask(floor.Water, "", hungry.Guest)
		is("they ask for more", inbox.Open, true)
		ask(floor.Kindly, "Le DJ est en feu ce soir.", hungry.Guest)
		gesture(h.Floor.Cancel, water.Call)
		is("a kind word waits for an answer", inbox.Open, true)
	})
}

const guestAddress, barAddress = "maude@exemple.test", "bar@zinc.test"

// mail gives a house a mailbox on a faked server.
func (h *house) mail(t *testing.T, server *emailtest.Server) {
	t.Helper()
	_, err := h.Networks.Connect(t.Context(), h.DB, h.Keys, h.owner, h.place.ID, place.NewAccount{
		Kind: email.Kind, Endpoint: server.Endpoint(barAddress, "Le Zinc").String(),
		Credential: network.NewCredential(map[string]string{"imap_password": "s3cret", "smtp_password": "s3cret"}),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func mailServer(t *testing.T) (*emailtest.Server, []string) {
	t.Helper()
	server, err := emailtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	server.Add(barAddress, "s3cret")
	server.Add(guestAddress, "guest")
	e := server.Endpoint(barAddress, "")
	return server, []string{fmt.Sprintf("%s:%d", e.IMAP.Host, e.IMAP.Port), fmt.Sprintf("%s:%d", e.SMTP.Host, e.SMTP.Port)}
}

func letter(id, subject, body string) []byte {
	return fmt.Appendf(nil, "From: Maude Gervais <%s>\r\nTo: <%s>\r\nSubject: %s\r\nDate: %s\r\nMessage-ID: <%s@exemple.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n",
		guestAddress, barAddress, subject, time.Now().Format(time.RFC1123Z), id, body)
}

func TestAMailIsAnsweredAndTheAnswerLiesInTheOtherMailboxThreaded(t *testing.T) {
	each(t, func(t *testing.T, cfg app.Config) {
		server, allowed := mailServer(t)
		cfg.AllowPrivate = allowed
		h := open(t, cfg)
		h.mail(t, server)
		if err := server.Deliver(barAddress, letter("q1", "Samedi", "On est huit. Une table près du DJ?"), time.Time{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the mail arrives", func() bool { return len(h.list(t)) == 1 })
		c := h.list(t)[0]
		if _, err := h.Inbox.Reply(t.Context(), h.owner, h.place.ID, inbox.Answer{ConversationID: c.ID, Text: "Avec plaisir."}); err != nil {
			t.Fatal(err)
		}
		if n := len(server.Ledger()); n != 0 {
			t.Errorf("%d mails left before the undo time was over", n)
		}
		eventually(t, "the answer arrives", func() bool { return len(server.Inbox(guestAddress)) == 1 })
		raw := server.Inbox(guestAddress)[0]
		for _, want := range []string{"In-Reply-To: <q1@exemple.test>", "References: <q1@exemple.test>", "Subject: Re: Samedi", "Avec plaisir."} {
			if !bytes.Contains(raw, []byte(want)) {
				t.Errorf("no %q in\n%s", want, raw)
			}
		}
		eventually(t, "a copy lies in Sent", func() bool { return len(server.Sent(barAddress)) == 1 })
		eventually(t, "the counter says answered", func() bool {
			c, err := h.Inbox.Get(t.Context(), h.place.ID, c.ID)
			return err == nil && c.WaitingSince.IsZero()
		})
		// What was sent is read back from Sent by nobody as something new.
		time.Sleep(300 * time.Millisecond)
		if n := len(h.list(t)); n != 1 {
			t.Errorf("%d conversations", n)
		}
	})
}

func TestAMessagePassedToTheFloorIsToldBackInItsConversation(t *testing.T) {
	each(t, func(t *testing.T, cfg app.Config) {
		server, allowed := mailServer(t)
		cfg.AllowPrivate = allowed
		h := open(t, cfg)
		h.mail(t, server)
		if err := server.Deliver(barAddress, letter("q1", "On a faim", "On est à la table du fond, on ne voit personne!"), time.Time{}); err != nil {
			t.Fatal(err)
		}
		eventually(t, "the mail arrives", func() bool { return len(h.list(t)) == 1 })
		c := h.list(t)[0]
		if _, err := h.Inbox.Pass(t.Context(), h.owner, h.place.ID, c.ID, "", "", "Apporte les menus"); err != nil {
			t.Fatal(err)
		}
		waiting, err := floor.Waiting(t.Context(), h.DB, h.place.ID)
		if err != nil || len(waiting) != 1 || waiting[0].Network != string(email.Kind) || waiting[0].Asks[0].Author != "Maude Gervais" ||
			waiting[0].Asks[0].Text != "Apporte les menus\nOn est à la table du fond, on ne voit personne!" {
			t.Fatalf("the floor has %+v, %v", waiting, err)
		}
		table := h.table(t)
		h.write(t, func(tx db.Tx) error {
			if _, err := h.Floor.SeatAt(t.Context(), tx, h.owner, h.place.ID, waiting[0].ID, table.ID); err != nil {
				return err
			}
			if _, err := h.Floor.Take(t.Context(), tx, h.owner, h.place.ID, waiting[0].ID); err != nil {
				return err
			}
			_, err := h.Floor.Finish(t.Context(), tx, h.owner, h.place.ID, waiting[0].ID)
			return err
		})
		thread, err := h.Inbox.Thread(t.Context(), h.place.ID, c.ID, "")
		if err != nil {
			t.Fatal(err)
		}
		var told []string
		for _, e := range thread.Events {
			told = append(told, strings.TrimPrefix(e.Kind, "conversation."))
		}
		if got := strings.Join(told, " "); got != "call_received passed call_placed call_taken call_done" {
			t.Errorf("the conversation tells %s", got)
		}
	})
}

func TestTwoProcessesOnOnePostgreSQLShowEachOthersEventsAndCollectOnce(t *testing.T) {
	server, allowed := mailServer(t)
	cfg := app.Config{Database: dbtest.PostgresURL(t), Data: t.TempDir(), AllowPrivate: allowed}
	one := open(t, cfg)
	two := start(t, cfg)
	one.mail(t, server)
	woken := make(chan string, 1000)
	defer two.DB.OnWake(func(id string) { woken <- id })()
	if _, err := one.Floor.Ask(t.Context(), floor.Asking{Place: one.place, Table: one.table(t), Address: netip.MustParseAddr("192.0.2.7"), Kind: floor.Bill, Language: "fr"}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other process is woken", func() bool {
		select {
		case id := <-woken:
			return id == one.place.ID
		default:
			return false
		}
	})
	for i := range 20 {
		if err := server.Deliver(barAddress, letter(fmt.Sprint("m", i), fmt.Sprint("Sujet ", i), "Bonjour"), time.Time{}); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "every mail arrived", func() bool { return len(one.list(t)) == 21 })
	for _, r := range one.list(t) {
		if r.Kind == email.Kind {
			if _, err := two.Inbox.Reply(t.Context(), one.owner, one.place.ID, inbox.Answer{ConversationID: r.ID, Text: "Merci!"}); err != nil {
				t.Fatal(err)
			}
		}
	}
	eventually(t, "every answer left", func() bool { return len(server.Ledger()) >= 20 })
	time.Sleep(500 * time.Millisecond)
	if n := len(server.Ledger()); n != 20 {
		t.Errorf("%d answers left, want each of the 20 once", n)
	}
}
