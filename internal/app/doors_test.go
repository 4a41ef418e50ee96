package app_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"comptoir/internal/door"
)

// row is one line of testdata/doors.txt: a door, what is sent to it, and what everybody gets.
type row struct {
	method, pattern string
	want            map[string]string // by visitor
	strange         string            // what they get who are let in and name a thing that is not of this place
	own             map[string]string // the same for one thing, where it differs
	sends           []string
	route           door.Route
}

func (r row) name() string { return r.method + " " + r.pattern }

// readDoors reads the table: columns by spaces, what is sent behind a bar.
func readDoors(t *testing.T) map[string]row {
	t.Helper()
	text, err := os.ReadFile("testdata/doors.txt")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]row{}
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		cells, sent, _ := strings.Cut(line, "|")
		words := strings.Fields(cells)
		if len(words) != len(visitors)+3 {
			t.Fatalf("%d columns, want %d: %s", len(words), len(visitors)+3, line)
		}
		r := row{method: words[0], pattern: words[1], want: map[string]string{}, strange: words[len(words)-1], own: map[string]string{}}
		for _, field := range fields(sent) {
			if m := strangeMark.FindStringSubmatch(field); m != nil {
				r.own[m[1]] = m[2]
				field = strings.TrimSuffix(field, "!"+m[2])
			}
			if !strings.HasPrefix(field, "{") { // a mark of something in the path sends nothing
				r.sends = append(r.sends, field)
			}
		}
		for i, v := range visitors {
			r.want[v.name] = words[i+2]
		}
		if _, twice := all[r.name()]; twice {
			t.Errorf("%s stands there twice", r.name())
		}
		all[r.name()] = r
	}
	return all
}

// strangeMark says of one field what an id in it gives that is not of this place: member={member}!422
var strangeMark = regexp.MustCompile(`\{([a-z]+)\}!(\d{3})$`)

// fields parts what is sent: name=value for a form, ?name=value for a query, Name: value for a header, and
// JSON up to the end of the line.
func fields(sent string) []string {
	before, json, found := strings.Cut(strings.TrimSpace(sent), "json=")
	all := strings.Fields(before)
	if found {
		all = append(all, "json="+json)
	}
	return all
}

// doors are the rows of every route that the running program has.
func doors(t *testing.T, routes []door.Route) []row {
	t.Helper()
	table := readDoors(t)
	var all []row
	for _, route := range routes {
		r, ok := table[route.Method+" "+route.Pattern]
		if !ok {
			t.Errorf("%s %s has no row in testdata/doors.txt: say who may come in", route.Method, route.Pattern)
			continue
		}
		r.route = route
		all = append(all, r)
		delete(table, r.name())
	}
	for _, name := range slices.Sorted(maps.Keys(table)) {
		t.Errorf("testdata/doors.txt has a row for %s, and there is no such route", name)
	}
	return all
}

var hole = regexp.MustCompile(`\{[a-z]+(\.\.\.)?\}`)

// holes are the things that a row names, in its path and in what it sends.
func (r row) holes() []string {
	var all []string
	for _, h := range hole.FindAllString(r.pattern+" "+strings.Join(r.sends, " "), -1) {
		if name := r.thing(h); !slices.Contains(all, name) {
			all = append(all, name)
		}
	}
	return all
}

// thing is what stands in a hole: a code is of the kind that the first word of its path says, a file of a
// conversation is an attachment.
func (r row) thing(hole string) string {
	switch name := strings.TrimSuffix(strings.Trim(hole, "{}"), "..."); name {
	case "code":
		return strings.Split(r.pattern, "/")[1]
	case "file":
		switch {
		case strings.HasSuffix(r.pattern, "/preview"):
			return "picture"
		case strings.Contains(r.pattern, "{place}"):
			return "attachment"
		}
		return name
	case "id": // of the API: what the word before it names
		return map[string]string{"accounts": "account", "calls": "call", "conversations": "conversation", "messages": "message", "replies": "message"}[strings.Split(r.pattern, "/")[3]]
	default:
		return name
	}
}

// request fills a row in.
func (r row) request(value func(thing string) string) request {
	fill := func(s string, escape func(string) string) string {
		return hole.ReplaceAllStringFunc(s, func(h string) string { return escape(value(r.thing(h))) })
	}
	as := func(s string) string { return s }
	q := request{method: r.method, path: fill(strings.TrimSuffix(r.pattern, "{$}"), url.PathEscape), header: http.Header{}}
	if r.method == http.MethodPost && r.route.Kind != door.API {
		q.form = url.Values{}
	}
	for _, s := range r.sends {
		if json, ok := strings.CutPrefix(s, "json="); ok {
			q.json = fill(json, jsonEscape)
			continue
		}
		name, v, _ := strings.Cut(s, "=")
		if name, inQuery := strings.CutPrefix(name, "?"); inQuery {
			q.query = strings.TrimPrefix(q.query+"&"+name+"="+fill(v, url.QueryEscape), "&")
		} else if name, inHeader := strings.CutSuffix(name, ":"); inHeader {
			q.header.Set(name, fill(v, as))
		} else if q.form != nil {
			q.form.Add(name, strings.ReplaceAll(fill(v, as), "+", " "))
		}
	}
	return q
}

func jsonEscape(s string) string {
	q := fmt.Sprintf("%+q", s)
	return strings.NewReplacer(`\x00`, `\u0000`, `\'`, `'`).Replace(q[1 : len(q)-1])
}

// unknown is an id of the right form that names nothing; malformed could never be one.
func unknown(like string) string {
	if strings.HasPrefix(like, "le-zinc") {
		return "nulle-part"
	}
	last := "A"
	if strings.HasSuffix(like, "A") {
		last = "B"
	}
	if strings.Count(like, "-") == 4 {
		last = "0"
		if strings.HasSuffix(like, "0") {
			last = "1"
		}
	}
	if strings.Trim(like, "0123456789") == "" {
		return "999999"
	}
	return like[:len(like)-1] + last
}

const malformed = "o'ù<b>\x00;--"

// letIn tells whether somebody got as far as the handler: what they name matters then.
func letIn(class string) bool {
	return !slices.Contains([]string{"sign", "again", "401", "403", "404"}, class)
}
