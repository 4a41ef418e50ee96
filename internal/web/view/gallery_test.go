package view

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"comptoir/internal/web/locale"

	"github.com/a-h/templ"
	"golang.org/x/net/html"
)

func render(t *testing.T, tag string, c templ.Component) string {
	t.Helper()
	var b bytes.Buffer
	ctx := locale.With(context.Background(), locale.New(tag, time.UTC))
	if err := c.Render(ctx, &b); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func walk(n *html.Node, do func(*html.Node)) {
	do(n)
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		walk(c, do)
	}
}

func attr(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// Every screen, in every country: well formed, nothing inline, every reference meets its element, every field has words.
func TestScreensHoldTogether(t *testing.T) {
	for name, c := range screens() {
		for _, tag := range locale.Tags {
			t.Run(name+"/"+tag, func(t *testing.T) { checkPage(t, render(t, tag, c), tag) })
		}
	}
}

func checkPage(t *testing.T, page, tag string) {
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	ids, refs, heads, labels := map[string]int{}, map[string]string{}, 0, map[string]bool{}
	walk(doc, func(n *html.Node) {
		if n.Type != html.ElementNode {
			return
		}
		for _, a := range n.Attr {
			switch {
			case a.Key == "style" || strings.HasPrefix(a.Key, "on") || strings.HasPrefix(a.Key, "hx-on"):
				t.Errorf("<%s %s> is inline", n.Data, a.Key)
			case a.Key == "id":
				if ids[a.Val]++; ids[a.Val] > 1 {
					t.Errorf("two elements #%s", a.Val)
				}
			case a.Key == "aria-describedby" || a.Key == "aria-labelledby":
				for _, id := range strings.Fields(a.Val) {
					refs[id] = a.Key
				}
			case a.Key == "popovertarget" || a.Key == "form" || a.Key == "data-into" || a.Key == "data-count" || a.Key == "for":
				refs[a.Val] = a.Key
				if a.Key == "for" {
					labels[a.Val] = true
				}
			case (a.Key == "href" || a.Key == "src" || a.Key == "action") && strings.HasPrefix(strings.ToLower(strings.TrimSpace(a.Val)), "javascript:"):
				t.Errorf("<%s %s=%q>", n.Data, a.Key, a.Val)
			}
		}
		switch n.Data {
		case "html":
			if lang, _ := attr(n, "lang"); lang != tag {
				t.Errorf("lang %q, want %q", lang, tag)
			}
		case "h1":
			heads++
		case "style", "iframe", "object", "embed", "base":
			t.Errorf("<%s> on a page", n.Data)
		case "script":
			if src, _ := attr(n, "src"); !strings.HasPrefix(src, "/static/") || n.FirstChild != nil {
				t.Errorf("a script that is not ours: %q", src)
			}
		case "form":
			if method, _ := attr(n, "method"); method == "post" {
				if action, _ := attr(n, "action"); action == "" {
					t.Error("a form that posts to nowhere")
				}
			}
		}
	})
	walk(doc, func(n *html.Node) {
		if n.Data != "input" && n.Data != "textarea" && n.Data != "select" {
			return
		}
		id, _ := attr(n, "id")
		typ, _ := attr(n, "type")
		_, named := attr(n, "aria-label")
		inLabel := false
		for p := n.Parent; p != nil; p = p.Parent {
			inLabel = inLabel || p.Data == "label"
		}
		if typ != "hidden" && !named && !labels[id] && !inLabel {
			t.Errorf("<%s id=%q> has no words", n.Data, id)
		}
	})
	for id, by := range refs {
		if ids[id] == 0 {
			t.Errorf("%s=%q meets no element", by, id)
		}
	}
	if heads != 1 {
		t.Errorf("%d h1", heads)
	}
}

func TestWordsOfPeopleStayWords(t *testing.T) {
	page := render(t, "fr-CA", screens()["01-fil"])
	for _, bad := range []string{"<img src=x", "<script>alert", "<svg/onload"} {
		if strings.Contains(page, bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	if !strings.Contains(page, "&lt;img src=x onerror=alert(1)&gt;") {
		t.Error("the name is not shown as text")
	}
}

func TestAddressesInAMessageBecomeLinks(t *testing.T) {
	for text, want := range map[string][]span{
		"":                                {},
		"rien":                            {{Text: "rien"}},
		"voir https://a.ca/x, puis":       {{Text: "voir "}, {"https://a.ca/x", "https://a.ca/x"}, {Text: ", puis"}},
		"(http://a.ca)":                   {{Text: "("}, {"http://a.ca", "http://a.ca"}, {Text: ")"}},
		"https://":                        {{Text: "https://"}},
		"javascript:alert(1) https://b.c": {{Text: "javascript:alert(1) "}, {"https://b.c", "https://b.c"}},
	} {
		got := spans(text)
		if len(got) != len(want) {
			t.Errorf("%q: %v", text, got)
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%q [%d]: %v, want %v", text, i, got[i], want[i])
			}
		}
	}
}

func TestOnlyWhatExistsIsOnTheRail(t *testing.T) {
	page := render(t, "fr-CA", screens()["01-comptoir"])
	for _, gone := range []string{"Les colonnes", "Mesurer", "En direct"} {
		if strings.Contains(page, gone) {
			t.Errorf("%q leads nowhere yet", gone)
		}
	}
	for _, there := range []string{"Le comptoir", "La salle", "Réglages"} {
		if !strings.Contains(page, there) {
			t.Errorf("%q is missing", there)
		}
	}
}
