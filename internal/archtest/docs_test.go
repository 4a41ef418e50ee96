package archtest

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var mdLink = regexp.MustCompile(`\]\(([^)\s]+)\)|<img src="([^"]+)"`)

// deadLinks complains of every link of a document that leads to no file or folder of the repository.
func deadLinks(name, doc string, files []string) []string {
	var out []string
	for _, m := range mdLink.FindAllStringSubmatch(doc, -1) {
		to, _, _ := strings.Cut(m[1]+m[2], "#")
		if to == "" || strings.Contains(to, ":") {
			continue // within the page, or elsewhere
		}
		at := path.Join(path.Dir(name), to)
		if !slices.ContainsFunc(files, func(f string) bool { return f == at || strings.HasPrefix(f, at+"/") }) {
			out = append(out, fmt.Sprintf("%s: %s leads nowhere", name, to))
		}
	}
	return out
}

func TestEveryLinkOfTheDocumentsLeadsSomewhere(t *testing.T) {
	files := tracked(t)
	for _, name := range files {
		if !strings.HasSuffix(name, ".md") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(root(), name))
		if err != nil {
			continue // deleted and not committed yet
		}
		report(t, deadLinks(name, string(b), files))
	}
}

func TestALinkThatLeadsNowhereIsFound(t *testing.T) {
	doc := `[a](b.md) [c](../d) [e](https://example.com/f) [g](#h) [i](gone.md#j) <img src="k.png">`
	compare(t, deadLinks("docs/x.md", doc, []string{"docs/b.md", "d/y.go"}), "gone.md leads nowhere", "k.png leads nowhere")
}

func TestTheManualHasEachPageInBothLanguages(t *testing.T) {
	pages := map[string][]string{}
	for _, name := range tracked(t) {
		rest, manual := strings.CutPrefix(name, "docs/manual/")
		if language, page, ok := strings.Cut(rest, "/"); manual && ok {
			pages[page] = append(pages[page], language)
		}
	}
	for page, languages := range pages {
		if slices.Sort(languages); !slices.Equal(languages, []string{"en", "fr"}) {
			t.Errorf("docs/manual/*/%s is there in %v", page, languages)
		}
	}
}

var namedTest = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`")

// A promise whose test was renamed or removed is no longer shown by anything.
func TestEveryTestNamedInTheDocumentsExists(t *testing.T) {
	var tests strings.Builder
	for _, name := range tracked(t) {
		if strings.HasSuffix(name, "_test.go") {
			b, _ := os.ReadFile(filepath.Join(root(), name))
			tests.Write(b)
		}
	}
	doc, err := os.ReadFile(filepath.Join(root(), "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range namedTest.FindAllStringSubmatch(string(doc), -1) {
		if !strings.Contains(tests.String(), "func "+m[1]+"(") {
			t.Errorf("docs/security.md names %s, and there is no such test", m[1])
		}
	}
}
