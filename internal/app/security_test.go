package app_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"comptoir/internal/app"
	"comptoir/internal/place"
)

// happens says which security event each change of who may do what is, in the log and in the journal. Every route that
// asks for the password again has its row.
var happens = map[string]string{
	"POST /sign-out":           place.EventSignedOut,
	"POST /me/sessions/end":    place.EventSignedOut,
	"POST /me/passkeys/remove": place.EventFactorRemoved,
	// What these bring about takes a phone, or codes that are there already: see the tests of package web.
	"POST /me/app": "", "POST /me/app/confirm": "", "POST /me/app/remove": "", "POST /me/passkeys": "", "POST /me/passkeys/new": "", "POST /me/recovery": "",
	"POST /me/email": place.EventEmailChanged,
	"POST /p/{place}/settings/accounts/new/email/settings":   "", // see TestNoWayOutLeadsInside: there is no server to connect to
	"POST /p/{place}/settings/accounts/new/bluesky":          "", // connects what its network lets in: see the tests of package web
	"POST /p/{place}/settings/accounts/new/wordpress":        "", // connects what its site lets in: see the tests of package web
	"POST /p/{place}/settings/accounts/new/mastodon":         "", // leads to its server; what comes back connects: see the tests of package web
	"POST /p/{place}/settings/accounts/{account}/disconnect": place.EventDisconnected,
	"POST /p/{place}/settings/team/invite":                   place.EventInvited,
	"POST /p/{place}/settings/team/uninvite":                 place.EventUninvited,
	"POST /p/{place}/settings/team/remove":                   place.EventRemoved,
	"POST /p/{place}/settings/team/reset":                    place.EventResetAsked,
	"POST /p/{place}/settings/team/role":                     place.EventRoleChanged,
	"POST /p/{place}/settings/tokens":                        place.EventTokenCreated,
	"POST /p/{place}/settings/tokens/remove":                 place.EventTokenRevoked,
}

// line is one line of the log.
type line struct {
	Level, Msg, Ref, Member, Token, Place, From, Route, Code string
	Status                                                   int
}

// since returns the lines that the log has grown by.
func (l *logbook) since(t *testing.T, from int) (lines []line) {
	t.Helper()
	for text := range strings.Lines(l.String()[from:]) {
		var one line
		if err := json.Unmarshal([]byte(text), &one); err != nil {
			t.Errorf("%v: %s", err, text)
		}
		lines = append(lines, one)
	}
	return lines
}

func TestSecurityEventsAreInTheLogAndInTheJournal(t *testing.T) {
	w := newWorld(t, app.Config{})
	for _, r := range doors(t, w.Routes()) {
		event, listed := happens[r.name()]
		if r.route.Fresh && !listed {
			t.Errorf("%s asks for the password again, and has no event", r.name())
		}
		if event == "" {
			continue
		}
		h := w.here.things(place.Member{})
		v := h.signedIn(h.member(place.Owner))
		v.addr, h.visitor = w.from(), v.member
		q := r.request(h.get)
		at, seq := len(w.log.String()), w.last(w.here)
		w.send(v, q, false)
		told := w.log.since(t, at)
		i := slices.IndexFunc(told, func(l line) bool { return l.Msg == event })
		if i < 0 {
			t.Errorf("%s: no %s in %v", r.name(), event, told)
			continue
		}
		l := told[i]
		inPlace := !strings.Contains(r.pattern, "{place}") || l.Place == w.here.place.ID
		if len(l.Ref) != 8 || l.Member != v.member.ID || !inPlace || l.From != "internet" || l.Route != r.pattern {
			t.Errorf("%s: %+v", r.name(), l)
		}
		if rows := w.rows("SELECT kind FROM journal WHERE place_id = $1 AND seq > $2 AND actor_id = $3 AND kind = $4", w.here.place.ID, seq, v.member.ID, event); len(rows) != 1 {
			t.Errorf("%s is %d times in the journal", event, len(rows))
		}
	}
}

// Refusals are told with a name too: in the log always, in the journal where a place is to know and nothing could be
// learned from the row. A GET writes none.
func TestRefusalsHaveNames(t *testing.T) {
	w := newWorld(t, app.Config{})
	h := w.here.things(place.Member{})
	floor, foreign := h.signedIn(h.member(place.Floor)), away(h.signedIn(w.other.member(place.Owner)))
	owner := h.signedIn(h.member(place.Owner))
	reads, replies := h.holding(w.here, place.ScopeRead), h.holding(w.here, place.ScopeReply)
	conversation, _ := h.get("conversation"), h.get("call")
	get := func(path string) request { return request{method: "GET", path: path} }
	note := request{method: "POST", path: "/api/v1/conversations/" + conversation + "/notes", json: `{"text":"Bonsoir"}`}
	other := func(q request) request { q.header = http.Header{"Sec-Fetch-Site": {"cross-site"}}; return q }
	for _, c := range []struct {
		event, level string
		v            visitor
		q            request
		journal      string // of whose place a row is asked for
	}{
		{"role.refused", "WARN", floor, get("/p/le-zinc/inbox"), ""},
		{"isolation.refused", "WARN", foreign, get("/p/le-zinc/inbox"), ""},
		{"isolation.refused", "WARN", foreign, get("/p/nulle-part/inbox"), ""},
		{"token.refused", "INFO", visitor{bearer: "cpt_" + strings.Repeat("a", 48)}, get("/api/v1/calls"), ""},
		{"token.misused", "WARN", replies, get("/api/v1/calls"), ""},
		{"token.misused", "WARN", reads, note, "le-zinc"},
		{"operator.refused", "INFO", visitor{bearer: "guess"}, get("/metrics"), ""},
		{"origin.refused", "INFO", owner, other(request{method: "POST", path: "/me/theme", form: map[string][]string{"theme": {"soir"}}}), ""},
		{place.EventSignInFailed, "INFO", visitor{}, request{method: "POST", path: "/sign-in", form: map[string][]string{"email": {owner.member.Email}, "password": {"pas le bon"}}}, "le-zinc"},
	} {
		c.v.addr = w.from()
		at, seq := len(w.log.String()), w.last(w.here)
		w.send(c.v, c.q, false)
		told := w.log.since(t, at)
		i := slices.IndexFunc(told, func(l line) bool { return l.Msg == c.event })
		if i < 0 || told[i].Level != c.level || told[i].Ref == "" || told[i].From != "internet" || told[i].Member != c.v.member.ID && c.event != "origin.refused" {
			t.Errorf("%s %s: no %s: %+v", c.q.method, c.q.path, c.event, told)
		}
		rows := w.rows("SELECT kind FROM journal WHERE place_id = $1 AND seq > $2 AND kind = $3", w.here.place.ID, seq, c.event)
		if (len(rows) == 1) != (c.journal != "") {
			t.Errorf("%s: %d rows in the journal", c.event, len(rows))
		}
	}
	// Who sends forms to a place that is not theirs is in the journal of their own, once a minute, whether there is such a
	// place or not. The other one learns nothing of it, and a GET writes none.
	form := func(path string) request {
		return request{method: "POST", path: path, form: map[string][]string{"place": {"X"}}}
	}
	for _, there := range []string{"/p/le-zinc/settings/place", "/p/nulle-part/settings/place"} {
		stray := away(h.signedIn(w.other.member(place.Manager)))
		mine, theirs := w.last(w.here), w.last(w.other)
		stray.addr = w.from()
		w.send(stray, get(strings.TrimSuffix(there, "/settings/place")+"/inbox"), false)
		if n := w.last(w.other) - theirs; n != 0 {
			t.Errorf("%s: a look is in the journal", there)
		}
		for range 3 {
			stray.addr = w.from()
			w.send(stray, form(there), false)
		}
		rows := w.rows("SELECT kind FROM journal WHERE place_id = $1 AND seq > $2 AND actor_id = $3", w.other.place.ID, theirs, stray.member.ID)
		if !slices.Equal(rows, []string{place.EventStrayed}) || w.last(w.here) != mine {
			t.Errorf("%s: %v in the journal of their own place, %d rows in the other", there, rows, w.last(w.here)-mine)
		}
	}
	// A program that tries again and again is journalled once an hour, and logged each time.
	at, seq := len(w.log.String()), w.last(w.here)
	reads.addr = w.from()
	for range 5 {
		w.send(reads, note, false)
	}
	if n := w.last(w.here) - seq; n != 0 {
		t.Errorf("%d rows more for the same token", n)
	}
	if n := strings.Count(w.log.String()[at:], "token.misused"); n != 5 {
		t.Errorf("logged %d times", n)
	}
	text, _ := w.metrics(t)
	if !strings.Contains(text, `comptoir_security_events_total{event="isolation.refused"} 10`) {
		t.Error("the numbers tell nothing of it")
	}
}
