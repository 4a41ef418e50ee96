package app_test

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"comptoir/internal/app"
	"comptoir/internal/door"
	"comptoir/internal/inbox"
	"comptoir/internal/place"
)

// What everybody gets at every door, naming things of the place, of another place, unknown and malformed ones.
// A door without a row fails, and so does an answer by which another place's things could be told from things
// that do not exist.
func TestEveryDoorOpensToWhomItShould(t *testing.T) {
	takesMinutes(t)
	each(t, func(t *testing.T, cfg app.Config) {
		w := newWorld(t, cfg)
		rows := doors(t, w.Routes())
		w.everything(rows)
		before, last := w.contents(w.other.place.ID), w.last(w.other)
		for _, r := range rows {
			w.knock(t, r)
		}
		after := w.contents(w.other.place.ID)
		for _, table := range []string{"journal", "membership", "token"} { // the visitors from there came and went
			delete(before, table)
			delete(after, table)
		}
		if diff := gocmp.Diff(before, after); diff != "" {
			t.Errorf("what was done in one place changed another: %s", diff)
		}
		for _, kind := range w.rows("SELECT DISTINCT kind FROM journal WHERE place_id = $1 AND seq > $2", w.other.place.ID, last) {
			if family, _, _ := strings.Cut(kind, "."); !slices.Contains([]string{"member", "session", "token", "signin", "isolation"}, family) {
				t.Errorf("what was done in one place is in the journal of another: %s", kind)
			}
		}
		w.tryOtherMethods(t, rows)
	})
}

// knock has everybody try one door.
func (w *world) knock(t *testing.T, r row) {
	t.Helper()
	w.hold()
	failed := t.Failed()
	outside := w.here.things(place.Member{}) // for those who are not let in, nothing is used up
	var got []string
	for _, kind := range visitors {
		want := r.want[kind.name]
		h := outside
		if letIn(want) {
			h = w.here.things(place.Member{})
		}
		v := kind.make(h)
		v.addr, h.visitor = w.from(), v.member
		a := w.send(v, r.request(h.get), r.route.Stream)
		inspect(t, r, a)
		got = append(got, a.class())
		if a.class() != want {
			t.Errorf("%s, %s: %s, want %s", r.name(), kind.name, a.class(), want)
			continue
		}
		w.nameStrangeThings(t, r, kind.name, v, h, a)
	}
	if t.Failed() && !failed {
		t.Logf("as it is: %-6s %s  %s", r.method, r.pattern, strings.Join(got, " "))
	}
}

// nameStrangeThings has a visitor who got an answer with the place's own things name others, one at a time.
func (w *world) nameStrangeThings(t *testing.T, r row, who string, v visitor, h *things, own answer) {
	t.Helper()
	for _, thing := range r.holes() {
		if oneOff[thing] {
			continue
		}
		ask := func(value string) answer {
			v.addr = w.from()
			a := w.send(v, r.request(func(name string) string {
				if name == thing {
					return value
				}
				return h.get(name)
			}), r.route.Stream)
			inspect(t, r, a)
			return a.without(value)
		}
		missing := ask(unknown(h.get(thing)))
		existing := own.without(h.get(thing)) // what exists, and they must not learn it
		if !v.afar {
			existing = ask(w.theirs().get(cmp.Or(otherKind[thing], thing)))
		}
		shown := v.afar && (letIn(own.class()) || otherKind[thing] != "") // to anybody with the code
		if told := missing.toldFrom(existing); told != "" && !shown {
			t.Errorf("%s, %s: {%s} of another place is told from an unknown one: %s", r.name(), who, thing, told)
		}
		want := cmp.Or(r.own[thing], r.strange)
		switch class := own.class(); {
		case thing == "place" && class != "sign":
			want = "404"
		case !letIn(class):
			want = class
		}
		if got := missing.class(); got != want {
			t.Errorf("%s, %s: an unknown {%s} gives %s, want %s", r.name(), who, thing, got, want)
		}
		got := ask(malformed).class()
		if r.route.Kind == door.API && got == r.own[thing] {
			continue // a body that cannot be is refused before anything is looked up
		}
		if got != want {
			t.Errorf("%s, %s: a malformed {%s} gives %s, want %s", r.name(), who, thing, got, want)
		}
	}
}

// otherKind is what stands for another place's thing where the thing is itself the proof, a code that opens
// another sort of door or opened this one once, and where what is
// named is nobody's: a number that counts within a place, a file of the program.
var otherKind = map[string]string{"setup": "invite", "invite": "reset", "reset": "enter", "enter": "invite", "t": "rotated", "undo": "once", "file": "once", "problem": "once", "program": "once"}

// everything makes all that the other place has and that the rows name, so that nothing of it is made later.
func (w *world) everything(rows []row) {
	w.t.Helper()
	for _, r := range rows {
		for _, thing := range r.holes() {
			w.theirs().get(cmp.Or(otherKind[thing], thing))
		}
	}
	eventually(w.t, "the other place's answer is sent", func() bool {
		m, err := w.Inbox.Message(w.t.Context(), w.other.place.ID, w.theirs().get("message"))
		return err == nil && m.Reply != nil && m.Reply.State == inbox.Sent
	})
}

// tryOtherMethods sends to every path what it does not take.
func (w *world) tryOtherMethods(t *testing.T, rows []row) {
	t.Helper()
	known := map[string]bool{}
	for _, r := range rows {
		known[r.name()] = true
		known["HEAD "+r.pattern] = known["HEAD "+r.pattern] || r.method == http.MethodGet
	}
	for _, who := range visitors {
		if !slices.Contains([]string{"nobody", "guest", "owner", "reply"}, who.name) {
			continue
		}
		h := w.here.things(place.Member{})
		v := who.make(h)
		for _, r := range rows {
			for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "COMPTOIR"} {
				if known[method+" "+r.pattern] || method == http.MethodOptions && strings.HasPrefix(r.pattern, "/api/") { // that one has a row of its own
					continue
				}
				known := r
				known.method = method
				q := known.request(h.get)
				q.form, q.json = nil, ""
				v.addr = w.from()
				if a := w.send(v, q, r.route.Stream); a.status != http.StatusNotFound {
					t.Errorf("%s %s, %s: %d, want 404", method, r.pattern, who.name, a.status)
				}
			}
		}
	}
}

// theirs are the things of the other place. They are made once: nobody is to change them.
func (w *world) theirs() *things {
	if w.strange == nil {
		w.strange = w.other.things(place.Member{})
	}
	return w.strange
}

// toldFrom says by what two answers are told apart, "" when by nothing.
func (a answer) toldFrom(b answer) string {
	if a.status != b.status {
		return fmt.Sprint(a.status, " and ", b.status)
	}
	if diff := gocmp.Diff(a.header, b.header); diff != "" {
		return diff
	}
	for i := range min(len(a.body), len(b.body)) {
		if a.body[i] != b.body[i] {
			return fmt.Sprintf("%.60q and %.60q", a.body[i:], b.body[i:])
		}
	}
	if len(a.body) != len(b.body) {
		return fmt.Sprint(len(a.body), " bytes and ", len(b.body))
	}
	return ""
}

// onceField is what makes a form one sending, however often it is sent: new in each page.
var onceField = regexp.MustCompile(`(name="once" value=")[^"]+`)

// reference is what names a request in an answer of the API.
var reference = regexp.MustCompile(`"ref":"[A-Z2-7]{8}"`)

// without is an answer in which the value that was asked for, and the hour, say nothing.
func (a answer) without(value string) answer {
	same := strings.NewReplacer(value, "…", url.QueryEscape(value), "…", url.PathEscape(value), "…")
	a.body = reference.ReplaceAllString(onceField.ReplaceAllString(a.body, "$1…"), "")
	h := http.Header{}
	for name, values := range a.header {
		if name == "Date" || name == "Content-Length" {
			continue
		}
		for _, v := range values {
			h.Add(name, same.Replace(v))
		}
	}
	return answer{status: a.status, header: h, body: same.Replace(a.body)}
}
