package api_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/go-cmp/cmp"

	"comptoir/internal/app"
	"comptoir/internal/place"
)

// Clients are generated from these names: one that is gone or called otherwise breaks them.
var published = map[string]string{
	"GET /me": "getMe", "GET /members": "listMembers", "GET /tables": "listTables", "GET /labels": "listLabels", "POST /labels": "createLabel",
	"GET /conversations": "listConversations", "GET /conversations/{id}": "getConversation", "PATCH /conversations/{id}": "changeConversation",
	"POST /conversations/{id}/replies": "createReply", "POST /conversations/{id}/notes": "createNote", "POST /conversations/{id}/calls": "createCall",
	"PATCH /messages/{id}": "changeMessage", "GET /replies/{id}": "getReply", "DELETE /replies/{id}": "cancelReply",
	"GET /calls": "listCalls", "GET /calls/{id}": "getCall", "PATCH /calls/{id}": "changeCall",
	"GET /accounts": "listAccounts", "POST /accounts": "createAccount", "GET /accounts/{id}": "getAccount", "DELETE /accounts/{id}": "disconnectAccount",
}

// Whoever gave a token these scopes meant what they opened then.
var scopes = map[place.Scope]string{
	place.ScopeRead:     "getAccount getCall getConversation getMe getReply listAccounts listCalls listConversations listLabels listMembers listTables",
	place.ScopeReply:    "cancelReply changeConversation changeMessage createCall createLabel createNote createReply",
	place.ScopeFloor:    "changeCall",
	place.ScopeAccounts: "createAccount disconnectAccount",
}

func TestTheDocumentNamesEveryOperationWithItsScope(t *testing.T) {
	h := open(t, app.Config{})
	resp, err := http.Get(h.base + "/api/v1/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	doc, err := openapi3.NewLoader().LoadFromData(b)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(doc.OpenAPI, "3.1") || resp.Header.Get("Access-Control-Allow-Origin") != "*" || doc.Servers[0].URL != "/api/v1" {
		t.Errorf("it is OpenAPI %s at %s", doc.OpenAPI, doc.Servers[0].URL)
	}
	got := map[string]string{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			got[method+" "+path] = op.OperationID
			if op.Summary == "" || len(op.Tags) != 1 {
				t.Errorf("%s %s has no words", method, path)
			}
		}
	}
	if diff := cmp.Diff(published, got); diff != "" {
		t.Errorf("the operations changed: %s", diff)
	}
	opened := map[place.Scope]string{}
	for _, route := range h.operations() {
		op := doc.Paths.Value(route.Pattern).GetOperation(route.Method)
		if scopes := (*op.Security)[0]["token"]; len(scopes) != 1 || scopes[0] != string(route.Scope) {
			t.Errorf("%s says %v, the door says %s", op.OperationID, scopes, route.Scope)
		}
		delete(got, route.Method+" "+route.Pattern)
		names := append(strings.Fields(opened[route.Scope]), op.OperationID)
		slices.Sort(names)
		opened[route.Scope] = strings.Join(names, " ")
	}
	if diff := cmp.Diff(scopes, opened); diff != "" {
		t.Errorf("the scopes changed: %s", diff)
	}
	if len(got) > 0 {
		t.Errorf("described and not there: %v", got)
	}
	if bytes.Contains(b, []byte("$schema")) || bytes.Contains(b, []byte("ErrorModel")) {
		t.Error("it holds what is huma's own")
	}
}
