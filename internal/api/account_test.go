package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/internal/api"
	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/network/email/emailtest"
	"comptoir/internal/place"
)

const (
	barAddress, guestAddress = "bar@zinc.test", "maude@exemple.test"
	barPassword              = "canari-3f9c"
)

// mailHouse is a house whose mail server is faked, on both databases.
func mailHouse(t *testing.T, fn func(h *house, server *emailtest.Server)) {
	start := func(t *testing.T, cfg app.Config) {
		t.Parallel()
		server, err := emailtest.Start()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(server.Close)
		server.Add(barAddress, barPassword)
		server.Add(guestAddress, "guest")
		e := server.Endpoint(barAddress, "")
		cfg.AllowPrivate = []string{fmt.Sprintf("%s:%d", e.IMAP.Host, e.IMAP.Port), fmt.Sprintf("%s:%d", e.SMTP.Host, e.SMTP.Port)}
		fn(open(t, cfg), server)
	}
	t.Run("sqlite", func(t *testing.T) { start(t, app.Config{}) })
	t.Run("postgres", func(t *testing.T) { start(t, app.Config{Database: dbtest.PostgresURL(t)}) })
}

// connecting is the request that connects the bar's mailbox.
func connecting(server *emailtest.Server, change func(*api.NewAccount)) string {
	e := server.Endpoint(barAddress, "Le Zinc")
	n := api.NewAccount{Network: "email", Credential: api.MailCredential{IMAPPassword: barPassword}, Endpoint: api.MailEndpoint{
		Address: e.Address, Name: e.Name,
		IMAP: api.MailServer{Host: e.IMAP.Host, Port: e.IMAP.Port, Security: string(e.IMAP.Security), User: e.IMAP.User},
		SMTP: api.MailServer{Host: e.SMTP.Host, Port: e.SMTP.Port, Security: string(e.SMTP.Security)},
	}}
	change(&n)
	b, err := json.Marshal(n)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func TestAMailboxIsConnectedByAScriptAndAnswered(t *testing.T) {
	mailHouse(t, func(h *house, server *emailtest.Server) {
		got := h.me.post("/accounts", connecting(server, func(*api.NewAccount) {})).want(201)
		mailbox := as[api.Account](got)
		if mailbox.Handle != barAddress || mailbox.State != place.AccountOK || got.header.Get("Location") != "/api/v1/accounts/"+mailbox.ID {
			h.Errorf("connected: %+v", mailbox)
		}
		err := server.Deliver(barAddress, fmt.Appendf(nil, "From: Maude Gervais <%s>\r\nTo: <%s>\r\nSubject: Samedi\r\nDate: %s\r\nMessage-ID: <q1@exemple.test>\r\n\r\nOn est huit.\r\n", guestAddress, barAddress, time.Now().Format(time.RFC1123Z)), time.Time{})
		if err != nil {
			h.Fatal(err)
		}
		var found []api.Conversation
		h.eventually("the mail arrives", func() bool {
			found = as[[]api.Conversation](h.me.get("/conversations?network=email&q=HUIT").want(200))
			return len(found) == 1
		})
		if c := found[0]; c.Subject != "Samedi" || c.Person.Name != "Maude Gervais" || c.AccountID != mailbox.ID {
			h.Errorf("the conversation is %+v", c)
		}
		if th := as[api.Thread](h.me.get("/conversations/" + found[0].ID).want(200)); th.Messages[0].Author.Handle != guestAddress {
			h.Errorf("the thread is %+v", th)
		}
		passed := as[api.Call](h.me.post("/conversations/"+found[0].ID+"/calls", `{"note":"Table du fond"}`).want(201))
		if passed.Network != "email" || passed.Asks[0].Author != "Maude Gervais" || passed.Asks[0].Text != "Table du fond\nOn est huit." || passed.Asks[0].ConversationID != found[0].ID {
			h.Errorf("passed to the floor: %+v", passed)
		}
		reply := as[api.Reply](h.me.post("/conversations/"+found[0].ID+"/replies", `{"text":"Avec plaisir."}`).want(201))
		h.eventually("the answer arrives", func() bool { return len(server.Inbox(guestAddress)) == 1 })
		if raw := server.Inbox(guestAddress)[0]; !bytes.Contains(raw, []byte("In-Reply-To: <q1@exemple.test>")) {
			h.Errorf("it is not threaded:\n%s", raw)
		}
		h.write(func(tx db.Tx) error {
			_, err := tx.Exec(h.Context(), "UPDATE reply SET state = 'failed', fault_code = 'rejected', fault_key = 'email.fault.smtp_refused' WHERE message_id = $1", reply.ID)
			return err
		})
		if r := as[api.Reply](h.me.with("Accept-Language", "en").get("/replies/" + reply.ID).want(200)); r.Detail != "The sending server "+server.Endpoint(barAddress, "").SMTP.Host+" refuses this e-mail." {
			h.Errorf("an answer that was refused says %q", r.Detail)
		}
		for _, path := range []string{"/accounts", "/accounts/" + mailbox.ID} {
			if got := h.me.get(path).want(200); bytes.Contains(got.body, []byte(barPassword)) || bytes.Contains(got.body, []byte("password")) {
				h.Errorf("%s tells a secret: %s", path, got.body)
			}
		}
		h.me.delete("/accounts/" + mailbox.ID).want(204)
		if a := as[api.Account](h.me.get("/accounts/" + mailbox.ID).want(200)); a.State != place.AccountOff {
			h.Errorf("disconnected: %+v", a)
		}
		h.me.delete("/accounts/" + db.NewID()).want(404)
	})
}

func TestAMailboxThatDoesNotWorkSaysWhichHalfAndIsNotKept(t *testing.T) {
	mailHouse(t, func(h *house, server *emailtest.Server) {
		e := server.Endpoint(barAddress, "")
		for what, tt := range map[string]struct {
			change  func(*api.NewAccount)
			status  int
			code    fault.Code
			pointer string
		}{
			"the password":             {func(n *api.NewAccount) { n.Credential.IMAPPassword = "wrong-3f9c" }, 422, fault.Invalid, "#/endpoint/imap"},
			"the password for sending": {func(n *api.NewAccount) { n.Credential.SMTPPassword = "wrong-3f9c" }, 422, fault.Invalid, "#/endpoint/smtp"},
			"the port for sending":     {func(n *api.NewAccount) { n.Endpoint.SMTP.Port = e.IMAP.Port }, 503, fault.Unavailable, "#/endpoint/smtp"},
		} {
			got := h.me.with("Accept-Language", "en").post("/accounts", connecting(server, tt.change)).want(tt.status)
			p := as[api.Problem](got)
			if p.Code != tt.code || len(p.Errors) != 1 || p.Errors[0].Pointer != tt.pointer || !strings.Contains(p.Errors[0].Detail, e.IMAP.Host) || bytes.Contains(got.body, []byte("3f9c")) {
				h.Errorf("%s: %s", what, got.body)
			}
		}
		if all := as[[]api.Account](h.me.get("/accounts").want(200)); len(all) != 1 {
			h.Errorf("kept: %+v", all)
		}
	})
}

func TestAnAccountThatWaitsForAPersonSaysWhy(t *testing.T) {
	mailHouse(t, func(h *house, server *emailtest.Server) {
		mailbox := as[api.Account](h.me.post("/accounts", connecting(server, func(*api.NewAccount) {})).want(201))
		acc, err := place.GetAccount(h.Context(), h.DB, h.owner.PlaceID, mailbox.ID)
		if err != nil {
			h.Fatal(err)
		}
		h.write(func(tx db.Tx) error {
			return place.Trouble(h.Context(), tx, acc, fault.New(fault.Unauthenticated, "email.Fetch", "email.fault.imap_login"))
		})
		got := as[api.Account](h.me.with("Accept-Language", "en").get("/accounts/" + mailbox.ID).want(200))
		if want := "The receiving server " + server.Endpoint(barAddress, "").IMAP.Host + " refuses the password of " + barAddress + "."; got.State != place.AccountPerson || got.Code != fault.Unauthenticated || got.Detail != want {
			h.Errorf("it says %+v", got)
		}
	})
}

func TestAHundredEqualRequestsAreOneAnswer(t *testing.T) {
	each(t, func(h *house) {
		h.guest(floor.Kindly, "La musique est belle")
		path := "/conversations/" + as[[]api.Conversation](h.me.get("/conversations").want(200))[0].ID
		keyed := h.me.with("Idempotency-Key", "soirée n° 1 / "+strings.Repeat("k", 200))
		answers := make([]answer, 200)
		var wg sync.WaitGroup
		for i := range 100 {
			wg.Go(func() {
				answers[i] = keyed.unjudged(keyed.request("POST", path+"/replies", `{"text":"Merci"}`))
				answers[100+i] = keyed.unjudged(keyed.request("POST", path+"/notes", `{"text":"Remerciés."}`))
			})
		}
		wg.Wait()
		replies, notes := map[string]bool{}, map[string]bool{}
		for i := range 100 {
			replies[as[api.Reply](answers[i].want(201)).ID], notes[as[api.Note](answers[100+i].want(201)).ID] = true, true
		}
		th := as[api.Thread](h.me.get(path).want(200))
		if len(replies) != 1 || len(notes) != 1 || len(th.Messages) != 2 || len(th.Notes) != 1 {
			h.Errorf("%d answers, %d notes; the conversation has %d and %d", len(replies), len(notes), len(th.Messages)-1, len(th.Notes))
		}
		for _, got := range []answer{keyed.post(path+"/replies", `{"text":"Merci bien"}`), keyed.post(path+"/notes", `{"text":"Oui."}`)} {
			if p := as[api.Problem](got.want(422)); len(p.Errors) != 1 || p.Errors[0].Parameter != "Idempotency-Key" {
				h.Errorf("%s: %+v", got.asked, p)
			}
		}
		h.me.with("Idempotency-Key", strings.Repeat("k", 256)).post(path+"/notes", `{"text":"x"}`).want(422)
	})
}
