package api_test

import (
	"regexp"
	"strings"
	"testing"

	"comptoir/internal/api"
	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

// bodies are requests that would be done, by operation, with {…} for what the body names.
var bodies = map[string]string{
	"PATCH /conversations/{id}":        `{"state":"settled","assignee_id":"{member}","labels":{"on":["{label}"]}}`,
	"POST /conversations/{id}/replies": `{"text":"Bonsoir","answers_id":"{message}"}`,
	"POST /conversations/{id}/calls":   `{"note":"Vite","message_id":"{message}"}`,
	"POST /conversations/{id}/notes":   `{"text":"Bonsoir"}`,
	"PATCH /calls/{id}":                `{"state":"taken","taken_by_id":"{member}","table_id":"{table}"}`,
	"PATCH /messages/{id}":             `{"liked":true}`,
	"POST /labels":                     `{"name":"Groupe"}`,
	"POST /accounts":                   `{"network":"email","endpoint":{"address":"a b","imap":{"host":"x","port":1,"security":"tls"},"smtp":{"host":"x","port":1,"security":"tls"}},"credential":{"imap_password":"x"}}`,
}

// things are the ids of everything in the place that an operation can name.
func (h *house) things() map[string]string {
	h.Helper()
	h.guest(floor.Hungry, "On est quatre")
	conversation := as[[]api.Conversation](h.me.get("/conversations").want(200))[0].ID
	return map[string]string{
		"conversations": conversation,
		"calls":         as[[]api.Call](h.me.get("/calls").want(200))[0].ID,
		"accounts":      as[[]api.Account](h.me.get("/accounts").want(200))[0].ID,
		"messages":      as[api.Thread](h.me.get("/conversations/" + conversation).want(200)).Messages[0].ID,
		"replies":       as[api.Reply](h.me.post("/conversations/"+conversation+"/replies", `{"text":"On arrive"}`).want(201)).ID,
		"message":       as[api.Thread](h.me.get("/conversations/" + conversation).want(200)).Messages[0].ID,
		"label":         as[api.Label](h.me.post("/labels", `{"name":"Groupe"}`).want(201)).ID,
		"member":        h.owner.ID,
		"table":         h.table.ID,
	}
}

// filled is a path or body with its {…} replaced by ids.
func filled(s string, ids func(name string) string) string {
	return regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllStringFunc(s, func(m string) string { return ids(m[1 : len(m)-1]) })
}

func (h *house) operations() (all []door.Route) {
	for _, r := range h.Routes() {
		if r.Kind == door.API {
			r.Pattern = strings.TrimPrefix(r.Pattern, "/api/v1")
			all = append(all, r)
		}
	}
	if len(all) < 15 {
		h.Fatalf("only %d operations", len(all))
	}
	return all
}

var reference = regexp.MustCompile(`"ref":"[A-Z2-7]{8}"`)

// same is an answer without what names the request.
func same(a answer) string { return string(reference.ReplaceAll(a.body, nil)) }

func TestAnotherPlacesThingsAreUnknownThings(t *testing.T) {
	each(t, func(h *house) {
		own := h.things()
		mine := as[api.Account](h.other.get("/accounts/" + as[[]api.Account](h.other.get("/accounts").want(200))[0].ID).want(200))
		for _, op := range h.operations() {
			thing, _, found := strings.Cut(strings.TrimPrefix(op.Pattern, "/"), "/{id}")
			if !found {
				continue
			}
			body := bodies[op.Method+" "+op.Pattern]
			at := func(id string) answer {
				path := filled(op.Pattern, func(string) string { return id })
				return h.other.ask(op.Method, path, filled(body, func(name string) string { return own[name] })).want(404)
			}
			theirs, unknown, malformed := at(own[thing]), at(db.NewID()), at("%00")
			if same(theirs) != same(unknown) || same(unknown) != same(malformed) {
				h.Errorf("%s %s tells them apart:\n%s\n%s\n%s", op.Method, op.Pattern, theirs.body, unknown.body, malformed.body)
			}
		}
		if again := as[api.Account](h.other.get("/accounts/" + mine.ID).want(200)); again.ID != mine.ID {
			h.Error("one's own is not found either: the test shows nothing")
		}
	})
}

func TestWhatABodyOrAQueryNamesOfAnotherPlaceIsUnknown(t *testing.T) {
	each(t, func(h *house) {
		theirs := h.things()
		// The other place has a conversation and a call of its own, to name the others' things in.
		p, err := place.Get(h.Context(), h.DB, as[api.Me](h.other.get("/me").want(200)).Place.ID)
		if err != nil {
			h.Fatal(err)
		}
		h.write(func(tx db.Tx) error {
			tables, err := floor.AddTables(h.Context(), tx, place.System(), p.ID, 1, "")
			h.table, h.owner.PlaceID = tables[0], p.ID
			return err
		})
		h.guest(floor.Bill, "")
		conversation := "/conversations/" + as[[]api.Conversation](h.other.get("/conversations").want(200))[0].ID
		call := "/calls/" + as[[]api.Call](h.other.get("/calls").want(200))[0].ID
		for _, tt := range []struct{ method, path, body, names string }{
			{"GET", "/conversations?after={id}", "", "conversations"},
			{"GET", "/conversations?q=on&after={id}", "", "conversations"},
			{"GET", "/conversations?label={id}", "", "label"},
			{"GET", conversation + "?before={id}", "", "message"},
			{"PATCH", conversation, `{"assignee_id":"{id}"}`, "member"},
			{"PATCH", conversation, `{"labels":{"on":["{id}"]}}`, "label"},
			{"PATCH", conversation, `{"labels":{"off":["{id}"]}}`, "label"},
			{"POST", conversation + "/replies", `{"text":"x","answers_id":"{id}"}`, "message"},
			{"POST", conversation + "/calls", `{"message_id":"{id}"}`, "message"},
			{"PATCH", call, `{"state":"taken","taken_by_id":"{id}"}`, "member"},
			{"PATCH", call, `{"table_id":"{id}"}`, "table"},
		} {
			ask := func(id string) answer {
				put := func(string) string { return id }
				return h.other.ask(tt.method, filled(tt.path, put), filled(tt.body, put))
			}
			a, b := ask(theirs[tt.names]), ask(db.NewID())
			if a.status != b.status || same(a) != same(b) {
				h.Errorf("%s %s %s: theirs %d %s\nunknown %d %s", tt.method, tt.path, tt.body, a.status, a.body, b.status, b.body)
			}
			if tt.method != "GET" && a.status < 400 {
				h.Errorf("%s %s %s was done: %s", tt.method, tt.path, tt.body, a.body)
			}
		}
	})
}

func TestEachScopeOpensItsOwnOperationsAndNoOther(t *testing.T) {
	each(t, func(h *house) {
		own := h.things()
		for _, scope := range place.Scopes {
			only := h.token(h.owner.PlaceID, "Seulement "+string(scope), scope)
			for _, op := range h.operations() {
				thing, _, _ := strings.Cut(strings.TrimPrefix(op.Pattern, "/"), "/")
				path := filled(op.Pattern, func(string) string { return own[thing] })
				got := only.ask(op.Method, path, filled(bodies[op.Method+" "+op.Pattern], func(name string) string { return own[name] }))
				if refused := got.status == 403; refused == (op.Scope == scope) {
					h.Errorf("%s with %s alone: %d %s", got.asked, scope, got.status, got.body)
				}
				if got.status == 401 || got.status >= 500 {
					h.Errorf("%s with %s alone: %d %s", got.asked, scope, got.status, got.body)
				}
			}
		}
	})
}

func TestATokenThatWasRemovedOpensNothing(t *testing.T) {
	each(t, func(h *house) {
		id := as[api.Me](h.me.get("/me").want(200)).ID
		h.write(func(tx db.Tx) error { return place.RevokeToken(h.Context(), tx, h.owner, h.owner.PlaceID, id) })
		for _, op := range h.operations() {
			got := h.me.ask(op.Method, filled(op.Pattern, func(string) string { return db.NewID() }), bodies[op.Method+" "+op.Pattern]).want(401)
			if p := as[api.Problem](got); p.Code != fault.Unauthenticated {
				h.Errorf("%s: %+v", got.asked, p)
			}
		}
	})
}
