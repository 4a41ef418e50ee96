package app_test

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"

	"comptoir/internal/app"
	"comptoir/internal/door"
	"comptoir/internal/place"
)

// A form changes what its row in doors.txt says and nothing else: whoever adds the name of a column, or of a setting,
// to what is sent does not write there. Sent twice: once with words and numbers that would be found anywhere in the
// database, once with what somebody would try, the highest role and the ids of another place.
func TestAFormChangesOnlyWhatItDeclares(t *testing.T) {
	takesMinutes(t)
	each(t, func(t *testing.T, cfg app.Config) {
		w := newWorld(t, cfg)
		rows := doors(t, w.Routes())
		w.everything(rows)
		names := w.writable()
		sent := 0
		for _, r := range rows {
			who := r.whoMay()
			if r.method == "GET" || who == "" {
				continue
			}
			plain := w.changes(t, r, who, nil)
			for _, extra := range []func(name string) string{planted, w.tempting} {
				added := url.Values{}
				for _, name := range names {
					if !r.declares(name) {
						added.Set(name, extra(name))
					}
				}
				for _, table := range w.changes(t, r, who, added) {
					if !slices.Contains(plain, table) {
						t.Errorf("%s changes %v, and with the names of columns %s too", r.name(), plain, table)
					}
				}
				if found := w.find("planted", "730731732"); len(found) > 0 {
					t.Fatalf("%s wrote where it should not: %v", r.name(), found)
				}
				sent++
			}
		}
		if sent < 100 {
			t.Errorf("only %d were sent", sent)
		}
	})
}

// whoMay is a visitor whom a door lets in, "" when it lets nobody in.
func (r row) whoMay() string {
	for _, name := range []string{"owner", "guest", "read", "reply", "calls", "accts"} {
		if letIn(r.want[name]) {
			return name
		}
	}
	return ""
}

func (r row) declares(name string) bool {
	return slices.ContainsFunc(r.sends, func(s string) bool {
		return strings.HasPrefix(s, name+"=") || strings.HasPrefix(s, "json=") && strings.Contains(s, `"`+name+`"`)
	})
}

// writable are the names of every column and of every setting.
func (w *world) writable() []string {
	all := map[string]bool{}
	for _, table := range w.tables() {
		if !strings.HasPrefix(table, "river_") {
			for _, c := range w.columns(table) {
				all[c] = true
			}
		}
	}
	for _, settings := range []any{place.DefaultSettings(), place.MemberSettings{}} {
		b, err := json.Marshal(settings)
		if err != nil {
			w.t.Fatal(err)
		}
		var keys map[string]any
		if err := json.Unmarshal(b, &keys); err != nil {
			w.t.Fatal(err)
		}
		for k := range keys {
			all[k] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// planted is a value that is found again: a number where names sound like one.
func planted(name string) string {
	if strings.HasSuffix(name, "_at") || len(name) < 3 || strings.HasSuffix(name, "s") {
		return "730731732"
	}
	return "planted " + name
}

// tempting is what somebody would try under a name.
func (w *world) tempting(name string) string {
	switch name {
	case "role":
		return string(place.Owner)
	case "scopes":
		return "read reply floor accounts"
	case "place_id", "place":
		return w.other.place.ID
	case "created_by":
		return w.here.owner.ID
	case "member_id", "assignee_id":
		return w.theirs().get("member")
	case "actor":
		return string(place.SystemActor)
	case "state":
		return "settled"
	}
	if thing, isID := strings.CutSuffix(name, "_id"); isID && makers()[thing] != nil {
		return w.theirs().get(thing)
	}
	return "1"
}

// changes sends a row with things of its own, and what is added to it, and returns the tables that changed.
func (w *world) changes(t *testing.T, r row, who string, added url.Values) (tables []string) {
	t.Helper()
	h := w.here.things(place.Member{})
	v := visitorNamed(who)(h)
	v.addr, h.visitor = w.from(), v.member
	q := r.request(h.get)
	if q.form != nil {
		maps.Copy(q.form, added)
	}
	want := r.want[who]
	if r.route.Kind == door.API && added != nil {
		want = "422" // a program is told of a name that does not exist
	}
	if q.json != "" {
		q.json = withNames(t, q.json, added)
	} else {
		q.query = strings.Trim(q.query+"&"+added.Encode(), "&")
	}
	before := w.contents("")
	a := w.send(v, q, r.route.Stream)
	if a.class() != want {
		t.Errorf("%s, %s: %s, want %s", r.name(), who, a.class(), want)
	}
	after := w.contents("")
	for _, table := range slices.Sorted(maps.Keys(after)) {
		if before[table] != after[table] {
			tables = append(tables, table)
		}
	}
	return tables
}

func visitorNamed(name string) func(*things) visitor {
	for _, v := range visitors {
		if v.name == name {
			return v.make
		}
	}
	panic("no visitor is called " + name)
}

// find says which tables hold one of the words, anywhere.
func (w *world) find(words ...string) (found []string) {
	w.t.Helper()
	for _, table := range w.tables() {
		if strings.HasPrefix(table, "river_") {
			continue
		}
		for _, line := range w.rows("SELECT * FROM " + table) {
			for _, word := range words {
				if i := strings.Index(line, word); i >= 0 {
					found = append(found, table+": "+line[max(0, i-40):min(len(line), i+40)])
				}
			}
		}
	}
	return found
}

// withNames adds names to a JSON object.
func withNames(t *testing.T, object string, added url.Values) string {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(object), &all); err != nil {
		t.Fatal(err)
	}
	for name := range added {
		all[name] = added.Get(name)
	}
	b, err := json.Marshal(all)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
