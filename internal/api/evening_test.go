package api_test

import (
	"strings"
	"testing"
	"time"

	"comptoir/internal/api"
	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/place"
)

func TestAScriptTakesAGuestsCallAnswersAndSettles(t *testing.T) {
	each(t, func(h *house) {
		h.guest(floor.Hungry, "On est quatre")
		calls := as[[]api.Call](h.me.get("/calls?state=open").want(200))
		if len(calls) != 1 || calls[0].Kind != floor.Hungry || calls[0].Table != "1" || calls[0].Asks[0].Text != "On est quatre" {
			h.Fatalf("the floor has %+v", calls)
		}
		call := "/calls/" + calls[0].ID
		if c := as[api.Call](h.me.patch(call, `{"state":"taken"}`).want(200)); c.State != floor.Taken || c.TakenBy.Name != "Robot de nuit" {
			h.Errorf("taken: %+v", c)
		}
		slow := h.token(h.owner.PlaceID, "Autre", place.ScopeFloor)
		if p := as[api.Problem](slow.with("Accept-Language", "en").patch(call, `{"state":"taken"}`).want(409)); p.Detail != "Robot\u00a0de\u00a0nuit took it just before you." {
			h.Errorf("who comes too late reads %q", p.Detail)
		}
		if c := as[api.Call](h.me.patch(call, `{"state":"taken","taken_by_id":"`+h.owner.ID+`"}`).want(200)); c.TakenBy.Name != "Élie Roy" {
			h.Errorf("given to %+v", c.TakenBy)
		}
		for _, step := range []struct {
			to   string
			want floor.State
		}{{"received", floor.Received}, {"done", floor.Done}, {"open", floor.Taken}, {"cancelled", floor.Cancelled}} {
			if c := as[api.Call](h.me.patch(call, `{"state":"`+step.to+`"}`).want(200)); c.State != step.want {
				h.Errorf("%s: it is %s", step.to, c.State)
			}
		}
		conversation := "/conversations/" + calls[0].Asks[0].ConversationID
		reply := h.me.post(conversation+"/replies", `{"text":"On arrive!","settle":true}`).want(201)
		sent := as[api.Reply](reply)
		if reply.header.Get("Location") != "/api/v1/replies/"+sent.ID || sent.State != inbox.Waiting || !sent.Settle || sent.DueAt.Before(time.Now().Add(-time.Minute)) {
			h.Errorf("the answer is %+v, at %s", sent, reply.header.Get("Location"))
		}
		h.eventually("the answer leaves", func() bool { return as[api.Reply](h.me.get("/replies/"+sent.ID).want(200)).State == inbox.Sent })
		h.me.delete("/replies/" + sent.ID).want(409)
		th := as[api.Thread](h.me.get(conversation).want(200))
		last := th.Messages[len(th.Messages)-1]
		if th.State != inbox.Settled || last.Text != "On arrive!" || last.By.Name != "Robot de nuit" || last.Reply.State != inbox.Sent {
			h.Errorf("in the end: %+v", th)
		}
		var told []string
		for _, e := range th.Events {
			told = append(told, strings.TrimPrefix(e.Kind, "conversation."))
			if e.Kind == "conversation.call_taken" && (e.CallID != calls[0].ID || e.By == nil) {
				h.Errorf("told as %+v", e)
			}
		}
		if got := strings.Join(told, " "); got != "call_taken call_taken call_handed_back call_done call_reopened call_cancelled reply.sent" {
			h.Errorf("the conversation tells %s", got)
		}
	})
}

func TestAnAnswerIsTakenBackBeforeItLeaves(t *testing.T) {
	each(t, func(h *house) {
		h.write(func(tx db.Tx) error {
			_, err := place.Change(h.Context(), tx, h.owner, h.owner.PlaceID, func(p *place.Place) error { p.Settings.UndoSeconds = 30; return nil })
			return err
		})
		h.guest(floor.Kindly, "La musique est belle")
		c := as[[]api.Conversation](h.me.get("/conversations").want(200))[0]
		sent := as[api.Reply](h.me.post("/conversations/"+c.ID+"/replies", `{"text":"Merci"}`).want(201))
		h.me.delete("/replies/" + sent.ID).want(204)
		if r := as[api.Reply](h.me.get("/replies/" + sent.ID).want(200)); r.State != inbox.Cancelled {
			h.Errorf("it is %s", r.State)
		}
		th := as[api.Thread](h.me.get("/conversations/" + c.ID).want(200))
		if len(th.Messages) != 1 || th.WaitingSince.IsZero() {
			h.Errorf("the conversation is %+v", th)
		}
		h.me.get("/replies/" + th.Messages[0].ID).want(404)    // theirs is no answer
		h.me.delete("/replies/" + th.Messages[0].ID).want(404) // nor can it be taken back
	})
}

func TestAConversationIsChangedAsTheCounterChangesIt(t *testing.T) {
	each(t, func(h *house) {
		h.guest(floor.Kindly, "La musique est belle")
		path := "/conversations/" + as[[]api.Conversation](h.me.get("/conversations?state=open&network=house").want(200))[0].ID
		label := as[api.Label](h.me.post("/labels", `{"name":"Groupe"}`).want(201))
		if again := as[api.Label](h.me.post("/labels", `{"name":"GROUPÉ"}`).want(201)); again != label {
			h.Errorf("one word, two labels: %+v", again)
		}
		soon := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
		for _, step := range []struct {
			body string
			ok   func(c api.Conversation) bool
		}{
			{`{"assignee_id":"` + h.owner.ID + `","labels":{"on":["` + label.ID + `"]}}`, func(c api.Conversation) bool {
				return c.Assignee.Name == "Élie Roy" && c.Labels[0] == label && c.Unread
			}},
			{`{"read":true}`, func(c api.Conversation) bool { return !c.Unread && c.Assignee != nil }},
			{`{"state":"snoozed","snoozed_until":"` + soon.Format(time.RFC3339) + `"}`, func(c api.Conversation) bool { return c.State == inbox.Snoozed && c.SnoozedUntil.Equal(soon) }},
			{`{"state":"snoozed"}`, func(c api.Conversation) bool { return c.State == inbox.Snoozed && c.SnoozedUntil.IsZero() }},
			{`{"state":"open"}`, func(c api.Conversation) bool { return c.State == inbox.Open }},
			{`{"assignee_id":null,"labels":{"off":["` + label.ID + `"]}}`, func(c api.Conversation) bool { return c.Assignee == nil && len(c.Labels) == 0 }},
			{`{"state":"settled"}`, func(c api.Conversation) bool { return c.State == inbox.Settled }},
			{`{}`, func(c api.Conversation) bool { return c.State == inbox.Settled }},
		} {
			if c := as[api.Conversation](h.me.patch(path, step.body).want(200)); !step.ok(c) {
				h.Errorf("after %s: %+v", step.body, c)
			}
		}
		note := as[api.Note](h.me.post(path+"/notes", `{"text":"Des habitués."}`).want(201))
		th := as[api.Thread](h.me.get(path).want(200))
		if len(th.Notes) != 1 || th.Notes[0].ID != note.ID || th.Notes[0].By.Name != "Robot de nuit" || th.Notes[0].Text != "Des habitués." {
			h.Errorf("notes: %+v", th.Notes)
		}
	})
}

func TestAMergedConversationSaysWhereItWent(t *testing.T) {
	h := open(t, app.Config{})
	h.guest(floor.Kindly, "Bonsoir")
	h.guest(floor.Kindly, "Rebonsoir") // another phone: no cookie was kept
	all := as[[]api.Conversation](h.me.get("/conversations").want(200))
	if _, err := h.Inbox.Merge(t.Context(), h.owner, h.owner.PlaceID, all[0].ID, all[1].ID); err != nil {
		t.Fatal(err)
	}
	gone := "/conversations/" + all[1].ID
	for _, got := range []answer{h.me.get(gone), h.me.patch(gone, `{"state":"settled"}`), h.me.post(gone+"/replies", `{"text":"Bonsoir"}`)} {
		if p := as[api.Problem](got.want(409)); p.Into != all[0].ID {
			t.Errorf("%s leads to %q", got.asked, p.Into)
		}
	}
}

func TestAListGoesOnWhereTheLastPageEnded(t *testing.T) {
	each(t, func(h *house) {
		for _, kind := range []floor.Kind{floor.Hungry, floor.Bill, floor.Water, floor.Loud} {
			h.guest(kind, "Bonsoir")
		}
		for _, first := range []string{"/calls?limit=3", "/conversations?limit=3", "/conversations?limit=3&q=bonsoir&state=open"} {
			type item struct{ ID string }
			page := h.me.get(first).want(200)
			items := as[[]item](page)
			link := page.header.Get("Link")
			next, found := strings.CutPrefix(strings.TrimSuffix(link, `>; rel="next"`), "<"+h.base+"/api/v1")
			if len(items) != 3 || !found {
				h.Fatalf("%s: %d items, Link %q", first, len(items), link)
			}
			for _, path := range []string{next, first + "&after=" + items[2].ID} {
				rest := h.me.get(path).want(200)
				left := as[[]item](rest)
				if len(left) != 1 || left[0].ID >= items[2].ID || rest.header.Get("Link") != "" {
					h.Errorf("%s: %+v behind %+v, Link %q", path, left, items, rest.header.Get("Link"))
				}
			}
			for i := range 2 {
				if items[i].ID <= items[i+1].ID {
					h.Errorf("%s is not newest first: %+v", first, items)
				}
			}
		}
	})
}

func TestAScriptFindsItsWayAround(t *testing.T) {
	each(t, func(h *house) {
		me := as[api.Me](h.me.get("/me").want(200))
		if me.Name != "Robot de nuit" || me.Place.Name != "Le Zinc" || me.Place.TimeZone != "America/Montreal" || len(me.Scopes) != 4 {
			h.Errorf("me: %+v", me)
		}
		if team := as[[]api.Member](h.me.get("/members").want(200)); len(team) != 1 || team[0].ID != h.owner.ID || team[0].Role != place.Owner {
			h.Errorf("team: %+v", team)
		}
		tables := as[[]api.Table](h.me.get("/tables").want(200))
		if len(tables) != 1 || !strings.HasPrefix(tables[0].URL, h.base+"/t/") || tables[0].Number != 1 {
			h.Errorf("tables: %+v", tables)
		}
		if labels := h.me.get("/labels").want(200); strings.TrimSpace(string(labels.body)) != "[]" {
			h.Errorf("no labels are %s", labels.body)
		}
	})
}
