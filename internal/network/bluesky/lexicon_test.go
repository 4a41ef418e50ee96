package bluesky_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"comptoir/internal/network"
	"comptoir/internal/network/bluesky/blueskytest"
	"comptoir/internal/text"
)

// lexicons reads the protocol's own descriptions, by name.
type lexicons struct {
	dir  string
	read map[string]map[string]any
}

func openLexicons(t *testing.T) *lexicons {
	t.Helper()
	dir := os.Getenv("COMPTOIR_CORPORA")
	if dir == "" {
		t.Skip("COMPTOIR_CORPORA is not set")
	}
	return &lexicons{filepath.Join(dir, "atproto-lexicons", "lexicons"), map[string]map[string]any{}}
}

// def is what "app.bsky.feed.post#replyRef" names, seen from another description.
func (l *lexicons) def(from, ref string) (id string, def map[string]any, err error) {
	id, name, _ := strings.Cut(ref, "#")
	if id == "" {
		id = from
	}
	if name == "" {
		name = "main"
	}
	doc := l.read[id]
	if doc == nil {
		b, err := os.ReadFile(filepath.Join(l.dir, strings.ReplaceAll(id, ".", "/")+".json"))
		if err == nil {
			err = json.Unmarshal(b, &doc)
		}
		if err != nil {
			return id, nil, err
		}
		l.read[id] = doc
	}
	def, ok := doc["defs"].(map[string]any)[name].(map[string]any)
	if !ok {
		return id, nil, fmt.Errorf("%s is not described", ref)
	}
	return id, def, nil
}

// check tells how a value is not what a description says.
func (l *lexicons) check(from string, def map[string]any, v any) error {
	bound := func(name string, n int) error {
		if most, ok := def[name].(float64); ok && n > int(most) {
			return fmt.Errorf("%s is %d, at most %d", name, n, int(most))
		}
		return nil
	}
	switch def["type"] {
	case "record":
		return l.check(from, def["record"].(map[string]any), v)
	case "object":
		return l.object(from, def, v)
	case "ref":
		id, def, err := l.def(from, def["ref"].(string))
		if err != nil {
			return err
		}
		return l.check(id, def, v)
	case "union":
		return l.union(from, def, v)
	case "array":
		all, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%v is no array", v)
		}
		err := bound("maxLength", len(all))
		for _, one := range all {
			if err == nil {
				err = l.check(from, def["items"].(map[string]any), one)
			}
		}
		return err
	case "string":
		s, ok := v.(string)
		if !ok {
			return fmt.Errorf("%v is no string", v)
		}
		if err := bound("maxLength", len(s)); err != nil {
			return err
		}
		if _, err := time.Parse(time.RFC3339, s); def["format"] == "datetime" && err != nil {
			return err
		}
		return bound("maxGraphemes", text.Graphemes(s))
	case "integer":
		n, ok := v.(float64)
		if least, bounded := def["minimum"].(float64); !ok || n != float64(int(n)) || bounded && n < least {
			return fmt.Errorf("%v is no such integer", v)
		}
		return nil
	case "blob":
		b, _ := v.(map[string]any)
		if b["$type"] != "blob" || b["mimeType"] == "" || b["ref"].(map[string]any)["$link"] == "" {
			return fmt.Errorf("%v is no blob", v)
		}
		return bound("maxSize", int(b["size"].(float64)))
	}
	return fmt.Errorf("this test does not know the type %v", def["type"])
}

func (l *lexicons) object(from string, def map[string]any, v any) error {
	m, ok := v.(map[string]any)
	if !ok {
		return fmt.Errorf("%v is no object", v)
	}
	required, _ := def["required"].([]any)
	for _, name := range required {
		if _, ok := m[name.(string)]; !ok {
			return fmt.Errorf("%v is missing", name)
		}
	}
	for name, value := range m {
		property, known := def["properties"].(map[string]any)[name].(map[string]any)
		switch {
		case name == "$type":
		case !known:
			return fmt.Errorf("%s is not described", name)
		default:
			if err := l.check(from, property, value); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
		}
	}
	return nil
}

func (l *lexicons) union(from string, def map[string]any, v any) error {
	m, _ := v.(map[string]any)
	kind, _ := m["$type"].(string)
	for _, r := range def["refs"].([]any) {
		ref := r.(string)
		whole := ref
		if strings.HasPrefix(ref, "#") {
			whole = from + ref
		}
		if whole == kind {
			id, def, err := l.def(from, ref)
			if err != nil {
				return err
			}
			return l.check(id, def, v)
		}
	}
	return fmt.Errorf("%q is none of %v", kind, def["refs"])
}

// Everything that is sent is what the protocol's own descriptions say: a post with all that we make of one, a like,
// a repost.
func TestEveryRecordIsAsTheLexiconsSay(t *testing.T) {
	l := openLexicons(t)
	f := start(t)
	c := f.client(t)
	f.says(t, blueskytest.Said{Text: "Bonsoir", To: "lezinc.test"})
	got, _ := all(t, c, "")
	d := draft(c, "@maude.test #soirée https://lezinc.test "+strings.Repeat("é", 200))
	d.ReplyTo = &got[0]
	pixel := []byte("not much of a picture")
	for range 4 {
		d.Attachments = append(d.Attachments, attachment("image/jpeg", pixel))
	}
	publish(t, c, d)
	for _, r := range []network.Reaction{network.Like, network.Boost} {
		if err := c.React(t.Context(), got[0].ID, r, true); err != nil {
			t.Fatal(err)
		}
	}
	var seen []string
	for _, r := range f.Kept("lezinc.test") {
		var value any
		b, _ := json.Marshal(r.Value)
		if err := json.Unmarshal(b, &value); err != nil {
			t.Fatal(err)
		}
		id, def, err := l.def("", r.Collection)
		if err == nil {
			err = l.check(id, def, value)
		}
		if err != nil {
			t.Errorf("%s: %v\n%s", r.Collection, err, b)
		}
		seen = append(seen, r.Collection)
	}
	if want := []string{"app.bsky.feed.post", "app.bsky.feed.like", "app.bsky.feed.repost"}; !slices.Equal(seen, want) {
		t.Errorf("checked %q", seen)
	}
}
