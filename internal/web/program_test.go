package web_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// program is a token of the house, acting.
func program(h *webtest.House, name string) place.Actor {
	var actor place.Actor
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, value, err := place.CreateToken(ctx, tx, place.System(), h.Place.ID, name, place.Scopes, 0)
		if err == nil {
			actor, _, err = place.FindToken(ctx, tx, value)
		}
		return err
	})
	return actor
}

func TestAProgramThatTakesACallIsSomebodyToTheGuestAndItselfToTheTeam(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	phone, staff := h.Visitor(), h.As(h.Owner)
	phone.Post(table, "kind", "hungry").Want(303)
	robot := program(h, "Robot de nuit")
	h.Write(func(ctx context.Context, tx db.Tx) error {
		waiting, err := floor.Waiting(ctx, tx, h.Place.ID)
		if err == nil {
			_, err = h.Web.Floor.Take(ctx, tx, robot, h.Place.ID, waiting[0].ID)
		}
		return err
	})
	if p := phone.Get(table + "/status").Want(200); !strings.Contains(p.Text("#suivi"), "Quelqu’un s’en vient") || strings.Contains(p.Body, "Robot") {
		t.Errorf("the guest reads %s", p.Text("#suivi"))
	}
	if p := staff.Get("/p/le-zinc/floor").Want(200); !strings.Contains(p.Text("#salle"), "Robot de nuit") { // in one piece: fields are joined by spaces
		t.Errorf("the floor reads %s", p.Text("#salle"))
	}
}

func TestWhatAProgramSaidCarriesItsWholeNameInTheThread(t *testing.T) {
	h := webtest.New(t)
	id := say(t, h, from("Maude", "Bonsoir", time.Now()))[0]
	robot := program(h, "Robot de nuit")
	if _, err := h.Web.Inbox.Reply(t.Context(), robot, h.Place.ID, inbox.Answer{ConversationID: id, Text: "Bonsoir Maude"}); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Web.Inbox.AddNote(t.Context(), robot, h.Place.ID, id, "Répondu."); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Web.Inbox.Do(t.Context(), robot, h.Place.ID, inbox.Settle(), id); err != nil {
		t.Fatal(err)
	}
	p := h.As(h.Owner).Get("/p/le-zinc/inbox/c/" + id + "?state=settled").Want(200)
	if n := strings.Count(p.Text("#corps"), "Robot de nuit"); n != 3 { // the answer, the note, what happened
		t.Errorf("it is named %d times: %s", n, p.Text("#corps"))
	}
}

func TestAnAnswerThatDidNotLeaveNamesWhoRefusedIt(t *testing.T) {
	h, server, _ := mailHouse(t)
	e := server.Endpoint(mailAddress, "")
	var account place.Account
	h.Write(func(ctx context.Context, tx db.Tx) (err error) {
		account, err = place.AddAccount(ctx, tx, h.Keys, place.System(), h.Place.ID, place.NewAccount{
			Kind: email.Kind, Name: "Le Zinc", Handle: mailAddress, Endpoint: e.String(),
			Credential: network.NewCredential(map[string]string{"imap_password": mailPassword}),
		})
		return err
	})
	h.Web.Inbox.Open = func(a place.Account) (network.Client, error) { return h.Web.Networks.Client(a, h.Keys) }
	if err := h.Web.Inbox.Receive(t.Context(), account, network.Page{Messages: []network.Message{from("Maude", "Bonsoir", time.Now())}, Next: "1"}); err != nil {
		t.Fatal(err)
	}
	page, err := h.Web.Inbox.List(t.Context(), h.Place.ID, inbox.Query{})
	if err != nil {
		t.Fatal(err)
	}
	id := page.Rows[0].ID
	if _, err := h.Web.Inbox.Reply(t.Context(), h.Owner.As(h.Place.ID, place.Owner), h.Place.ID, inbox.Answer{ConversationID: id, Text: "Bonsoir"}); err != nil {
		t.Fatal(err)
	}
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE reply SET state = 'failed', fault_code = 'rejected', fault_key = 'email.fault.smtp_refused'")
		return err
	})
	if p := h.As(h.Owner).Get("/p/le-zinc/inbox/c/" + id).Want(200); !strings.Contains(p.Text("#corps"), e.SMTP.Host) || strings.Contains(p.Text("#corps"), "{") {
		t.Errorf("the thread reads %s", p.Text("#corps"))
	}
}
