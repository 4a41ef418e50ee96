package api_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/api"
	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
)

func TestEveryWrongPartOfARequestIsNamedInTheCallersLanguage(t *testing.T) {
	h := open(t, app.Config{})
	h.guest(floor.Hungry, "")
	c := "/conversations/" + as[[]api.Conversation](h.me.get("/conversations").want(200))[0].ID
	call := "/calls/" + as[[]api.Call](h.me.get("/calls").want(200))[0].ID
	id := db.NewID()
	mail := func(with string) string {
		return `{"network":"email","endpoint":{"address":"a@b.example","imap":{"host":"b.example","port":993,"security":"tls","user":"a"},"smtp":{"host":"b.example","port":465,"security":"tls"}},"credential":{"imap_password":"x"}` + with + `}`
	}
	for _, tt := range []struct {
		method, path, body string
		want               []api.Refused
	}{
		{"GET", "/conversations?state=mine", "", []api.Refused{{Parameter: "state", Detail: "One of these: open, snoozed, settled, automatic."}}},
		{"GET", "/conversations?limit=0", "", []api.Refused{{Parameter: "limit", Detail: "At least 1."}}},
		{"GET", "/conversations?limit=101", "", []api.Refused{{Parameter: "limit", Detail: "At most 100."}}},
		{"GET", "/conversations?limit=many", "", []api.Refused{{Parameter: "limit", Detail: "A whole number is expected."}}},
		{"GET", "/conversations?label=groupe", "", []api.Refused{{Parameter: "label", Detail: "This is not an id."}}},
		{"GET", "/conversations?stat=open", "", []api.Refused{{Parameter: "stat", Detail: "There is no such field here."}}},
		{"GET", "/conversations?network=carrier-pigeon", "", []api.Refused{{Parameter: "network", Detail: "Comptoir does not know how to speak with “carrier-pigeon” yet."}}},
		{"GET", "/conversations?after=zzz", "", []api.Refused{{Parameter: "after", Detail: "There is no such page of the list. Begin again from the top."}}},
		{"GET", "/conversations?after=" + id, "", []api.Refused{{Parameter: "after", Detail: "There is no such page of the list. Begin again from the top."}}},
		{"GET", "/calls?after=zzz", "", []api.Refused{{Parameter: "after", Detail: "There is no such page of the list. Begin again from the top."}}},
		{"GET", "/conversations?q=" + strings.Repeat("a", 201), "", []api.Refused{{Parameter: "q", Detail: "Too long: 200 characters at most."}}},
		{"POST", c + "/replies", "", []api.Refused{{Pointer: "#", Detail: "It is missing."}}},
		{"POST", c + "/replies", "null", []api.Refused{{Pointer: "#", Detail: "An object is expected."}}},
		{"POST", c + "/replies", `{"text":"x"`, []api.Refused{{Pointer: "#", Detail: "This is not JSON, from character 11 on."}}},
		{"POST", c + "/replies", strings.Repeat("[", 33) + strings.Repeat("]", 33), []api.Refused{{Pointer: "#", Detail: "Nested too deeply."}}},
		{"POST", c + "/replies", strings.Repeat("[", 32) + strings.Repeat("]", 32), []api.Refused{{Pointer: "#", Detail: "An object is expected."}}},
		{"POST", c + "/replies", `{}`, []api.Refused{{Pointer: "#/text", Detail: "It is missing."}}},
		{"POST", c + "/replies", `{"text":""}`, []api.Refused{{Pointer: "#/text", Detail: "There is nothing to send."}}},
		{"POST", c + "/replies", `{"text":"` + strings.Repeat("a", 10_001) + `"}`, []api.Refused{{Pointer: "#/text", Detail: "That is too long: 10,000 characters at most."}}},
		{"POST", c + "/replies", `{"text":7}`, []api.Refused{{Pointer: "#/text", Detail: "A text is expected."}}},
		{"POST", c + "/replies", `{"text":"x","settle":"yes"}`, []api.Refused{{Pointer: "#/settle", Detail: "true or false is expected."}}},
		{"POST", c + "/replies", `{"text":"x","answers_id":"\u0000"}`, []api.Refused{{Pointer: "#/answers_id", Detail: "This is not an id."}}},
		{"POST", c + "/replies", `{"text":"x","answers_id":"` + id + `"}`, []api.Refused{{Pointer: "#/answers_id", Detail: "There is no such message in this conversation."}}},
		{"POST", c + "/replies", `{"text":"x","member_id":"y"}`, []api.Refused{{Pointer: "#/member_id", Detail: "There is no such field here."}}},
		{"POST", c + "/replies", `{"Text":"x","text":"y"}`, []api.Refused{{Pointer: "#/Text", Detail: "There is no such field here."}}},
		{"PATCH", c, `{"state":"gone"}`, []api.Refused{{Pointer: "#/state", Detail: "One of these: open, snoozed, settled."}}},
		{"PATCH", c, `{"snoozed_until":"2099-01-01T00:00:00Z"}`, []api.Refused{{Pointer: "#/snoozed_until", Detail: "Only together with state snoozed."}}},
		{"PATCH", c, `{"state":"snoozed","snoozed_until":"tomorrow"}`, []api.Refused{{Pointer: "#/snoozed_until", Detail: "A time is written like 2026-11-26T21:30:00-05:00."}}},
		{"PATCH", c, `{"state":"snoozed","snoozed_until":"2001-01-01T00:00:00Z"}`, []api.Refused{{Pointer: "#/snoozed_until", Detail: "Choose a moment to come, within two years."}}},
		{"PATCH", c, `{"assignee_id":"` + id + `"}`, []api.Refused{{Pointer: "#/assignee_id", Detail: "This person does not work at the counter."}}},
		{"PATCH", c, `{"labels":{"on":["` + id + `"]}}`, []api.Refused{{Pointer: "#/labels/on", Detail: "There is no such label."}}},
		{"PATCH", c, `{"labels":{"off":["x"]}}`, []api.Refused{{Pointer: "#/labels/off/0", Detail: "This is not an id."}}},
		{"PATCH", c, `{"labels":["x"]}`, []api.Refused{{Pointer: "#/labels", Detail: "An object is expected."}}},
		{"PATCH", c, `{"labels":{"on":"x"}}`, []api.Refused{{Pointer: "#/labels/on", Detail: "A list is expected."}}},
		{"PATCH", c, `{"labels":{"on":[` + strings.Repeat(`"`+id+`",`, 50) + `"` + id + `"]}}`, []api.Refused{{Pointer: "#/labels/on", Detail: "Too many: 50 at most."}}},
		{"PATCH", call, `{"taken_by_id":"` + id + `"}`, []api.Refused{{Pointer: "#/taken_by_id", Detail: "Only together with state taken."}}},
		{"PATCH", call, `{"state":"taken","taken_by_id":"` + id + `"}`, []api.Refused{{Pointer: "#/taken_by_id", Detail: "Nobody of that id works here."}}},
		{"PATCH", call, `{"table_id":"` + id + `"}`, []api.Refused{{Pointer: "#/table_id", Detail: "There is no such table."}}},
		{"POST", "/labels", `{"name":" "}`, []api.Refused{{Pointer: "#/name", Detail: "A label has 1 to 40 characters."}}},
		{"POST", "/accounts", strings.Replace(mail(""), "993", "0", 1), []api.Refused{{Pointer: "#/endpoint/imap/port", Detail: "At least 1."}}},
		{"POST", "/accounts", strings.Replace(mail(""), "993", "1e3", 1), []api.Refused{{Pointer: "#", Detail: "A whole number is expected."}}},
		{"POST", "/accounts", strings.Replace(mail(""), "a@b.example", "a b", 1), []api.Refused{{Pointer: "#/endpoint/address", Detail: "This e-mail address is not valid. It is written without spaces, like hello@example.com."}}},
		{"POST", "/accounts", strings.Replace(mail(""), `"host":"b.example"`, `"host":"b/c"`, 1), []api.Refused{{Pointer: "#/endpoint/imap/host", Detail: "This server name is not valid. It is written without spaces or commas, like imap.example.com."}}},
		{"POST", "/accounts", strings.Replace(mail(""), `"x"`, `""`, 1), []api.Refused{{Pointer: "#/credential/imap_password", Detail: "Give the password."}}},
	} {
		got := h.me.with("Accept-Language", "en-GB").ask(tt.method, tt.path, tt.body)
		p := as[api.Problem](got)
		if diff := cmp.Diff(tt.want, p.Errors); diff != "" || got.status != 422 || p.Code != fault.Invalid {
			t.Errorf("%s %.60s: %d %s %s", got.asked, tt.body, got.status, p.Code, diff)
		}
	}
	if n := len(as[api.Thread](h.me.get(c).want(200)).Messages); n != 1 {
		t.Errorf("the conversation has %d messages after requests that were refused", n)
	}
}

func TestWhatTheDoorRefusesIsAProblemToo(t *testing.T) {
	h := open(t, app.Config{})
	nobody, reader := caller{h: h}, h.token(h.owner.PlaceID, "Lecteur", place.ScopeRead)
	label := `{"name":"x"}`
	for what, tt := range map[string]struct {
		got    answer
		status int
		code   fault.Code
	}{
		"no token":              {nobody.get("/me"), 401, fault.Unauthenticated},
		"an unknown token":      {caller{h: h, token: "cpt_" + strings.Repeat("x", 48)}.get("/me"), 401, fault.Unauthenticated},
		"a token in the query":  {nobody.get("/me?access_token=" + h.me.token), 401, fault.Unauthenticated},
		"a member's cookie":     {nobody.with("Cookie", "comptoir="+h.session()).get("/me"), 401, fault.Unauthenticated},
		"a scope that it lacks": {reader.post("/labels", label), 403, fault.Forbidden},
		"nothing of that name":  {h.me.get("/nowhere"), 404, fault.NotFound},
		"no such method":        {h.me.ask("PUT", "/labels", label), 404, fault.NotFound},
		"a form":                {h.me.with("Content-Type", "application/x-www-form-urlencoded").post("/labels", "name=x"), 415, fault.Invalid},
		"more than a mebibyte":  {h.me.post("/labels", `{"name":"`+strings.Repeat("x", 1<<20)+`"}`), 413, fault.Rejected},
		"another host":          {h.me.with("Host", "evil.example").get("/me"), 421, fault.Rejected},
	} {
		p := as[api.Problem](tt.got.want(tt.status))
		want := api.Problem{
			Type: "/api/v1/problems/" + string(tt.code), Status: tt.status, Code: tt.code,
			Title: p.Title, Detail: p.Detail, Ref: p.Ref, Errors: p.Errors,
		}
		if diff := cmp.Diff(want, p); diff != "" || p.Title == "" || p.Detail == "" || len(p.Ref) != 8 {
			t.Errorf("%s: %s %+v", what, diff, p)
		}
		if got := tt.got.header.Get("Content-Type"); got != "application/problem+json" {
			t.Errorf("%s: it is %s", what, got)
		}
		if got := tt.got.header.Get("Access-Control-Allow-Origin"); got != "*" || tt.got.header.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: another site's script may not read it", what)
		}
		if asked := tt.got.header.Get("WWW-Authenticate") != ""; asked != (tt.status == 401) {
			t.Errorf("%s: a token is asked for: %v", what, asked)
		}
	}
}

func TestTooManyRequestsSayWhenToComeBack(t *testing.T) {
	h := open(t, app.Config{})
	quiet := h.token(h.owner.PlaceID, "Sage", place.ScopeRead)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 6000 / 8 {
				h.me.unjudged(h.me.request("GET", "/me", ""))
			}
		})
	}
	wg.Wait()
	refused := h.me.get("/me").want(429)
	p := as[api.Problem](refused)
	if after := refused.header.Get("Retry-After"); p.Code != fault.RateLimited || after == "" || after == "0" {
		t.Errorf("%+v, Retry-After %q", p, after)
	}
	quiet.get("/me").want(200)
}

func TestAProblemSpeaksTheCallersLanguageElseThePlaces(t *testing.T) {
	h := open(t, app.Config{})
	for asked, want := range map[string]string{"": "fr-CA", "en": "en-CA", "fr-FR": "fr-FR", "de, en-US;q=0.5": "en-US"} {
		c := h.me
		if asked != "" {
			c = c.with("Accept-Language", asked)
		}
		got := c.get("/calls/" + db.NewID()).want(404)
		p := as[api.Problem](got)
		if french := strings.HasPrefix(p.Detail, "On ne trouve rien"); got.header.Get("Content-Language") != want || french != strings.HasPrefix(want, "fr") {
			t.Errorf("asked for %q: %s %q", asked, got.header.Get("Content-Language"), p.Detail)
		}
	}
}

func TestEveryFaultHasItsPageInTheManual(t *testing.T) {
	h := open(t, app.Config{})
	seen := map[string]bool{}
	for _, code := range fault.Codes {
		for _, language := range []string{"fr", "en"} {
			got := caller{h: h}.with("Accept-Language", language).get("/problems/" + string(code)).want(http.StatusOK)
			page := string(got.body)
			if !strings.HasPrefix(page, "### "+string(code)+"\n") || strings.Count(page, "#") != 3 || len(page) < 80 || seen[page] {
				t.Errorf("%s in %s: %q", code, language, page)
			}
			seen[page] = true
		}
	}
	caller{h: h}.get("/problems/bad_luck").want(404)
}

// session signs the owner in and returns their cookie's value.
func (h *house) session() (cookie string) {
	h.Helper()
	h.write(func(tx db.Tx) (err error) {
		cookie, err = place.StartSession(h.Context(), tx, h.owner.ID, "test")
		return err
	})
	return cookie
}

func TestAnotherSitesScriptMayCallWithATokenAndNothingElse(t *testing.T) {
	h := open(t, app.Config{})
	got := caller{h: h}.with("Origin", "https://tools.example").with("Access-Control-Request-Method", "PATCH").ask("OPTIONS", "/calls/"+db.NewID(), "").want(204)
	for name, want := range map[string]string{
		"Access-Control-Allow-Origin": "*", "Access-Control-Allow-Credentials": "",
		"Access-Control-Allow-Methods": "GET, POST, PATCH, DELETE", "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
	} {
		if v := got.header.Get(name); v != want {
			t.Errorf("%s: %q", name, v)
		}
	}
	if v := h.me.with("Origin", "https://tools.example").with("Sec-Fetch-Site", "cross-site").post("/labels", `{"name":"x"}`).want(201).header.Get("Access-Control-Allow-Origin"); v != "*" {
		t.Errorf("the answer itself: %q", v)
	}
	resp, err := http.Get(h.base + "/sign-in")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for name := range resp.Header {
		if strings.HasPrefix(name, "Access-Control") {
			t.Errorf("a page has %s", name)
		}
	}
}

func TestARefusalTellsAFewPartsOfManyAndNoValues(t *testing.T) {
	h := open(t, app.Config{})
	var fields []string
	for i := range 500 {
		fields = append(fields, fmt.Sprintf(`"secret-%d%s":"hunter2"`, i, strings.Repeat("x", 500)))
	}
	got := h.me.post("/labels", "{"+strings.Join(fields, ",")+"}").want(422)
	if p := as[api.Problem](got); len(p.Errors) > 20 || len(got.body) > 8000 || strings.Contains(string(got.body), "hunter2") {
		t.Errorf("%d parts in %d bytes", len(p.Errors), len(got.body))
	}
	if !slices.ContainsFunc(as[api.Problem](got).Errors, func(r api.Refused) bool { return strings.HasPrefix(r.Pointer, "#/secret-") }) {
		t.Error("no unknown field is named")
	}
}
