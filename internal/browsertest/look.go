package browsertest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-rod/rod/lib/proto"
)

// Shots names the folder that pictures are saved in; without it they lie in comptoir-shots, in the folder for
// temporary files.
const Shots = "COMPTOIR_SHOTS"

// AxeEnv names the file axe.min.js; without it the one that scripts/install-test-tools fetched is used.
const AxeEnv = "COMPTOIR_AXE"

// Screenshot saves a picture of what the view shows as NAME.png, and returns its path.
func (p *Page) Screenshot(name string) string {
	p.t.Helper()
	p.until("the fonts", `() => document.fonts.status === "loaded"`)
	path, err := p.save(name, false)
	if err != nil {
		p.t.Fatalf("Screenshot %s: %v", name, err)
	}
	return path
}

// Whole saves a picture of the page from its top to its end as NAME.png, and returns its path.
func (p *Page) Whole(name string) string {
	p.t.Helper()
	p.until("the fonts", `() => document.fonts.status === "loaded"`)
	path, err := p.save(name, true)
	if err != nil {
		p.t.Fatalf("Whole %s: %v", name, err)
	}
	return path
}

// shot is where the picture of a name lies.
func shot(name string) string {
	dir := os.Getenv(Shots)
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "comptoir-shots")
	}
	return filepath.Join(dir, strings.NewReplacer("/", "-", " ", "-").Replace(name)+".png")
}

func (p *Page) save(name string, whole bool) (string, error) {
	path := shot(name)
	tab := p.tab.Timeout(patience)
	defer tab.CancelTimeout()
	png, err := tab.Screenshot(whole, &proto.PageCaptureScreenshot{Format: proto.PageCaptureScreenshotFormatPng})
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return "", err
	}
	p.t.Logf("picture: %s", path)
	return path, os.WriteFile(path, png, 0o644)
}

// OnPaper shows the page as a printer gets it.
func (p *Page) OnPaper() {
	p.t.Helper()
	if err := (proto.EmulationSetEmulatedMedia{Media: "print"}).Call(p.tab); err != nil {
		p.t.Fatalf("OnPaper: %v", err)
	}
}

// PDF saves the page as the browser prints it, with nothing changed in its dialog, as NAME.pdf, and returns its path.
func (p *Page) PDF(name string) string {
	p.t.Helper()
	p.until("the fonts", `() => document.fonts.status === "loaded"`)
	path := strings.TrimSuffix(shot(name), ".png") + ".pdf"
	tab := p.tab.Timeout(2 * patience)
	defer tab.CancelTimeout()
	out, err := (proto.PagePrintToPDF{PreferCSSPageSize: true}).Call(tab)
	if err == nil {
		err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err == nil {
		err = os.WriteFile(path, out.Data, 0o644)
	}
	if err != nil {
		p.t.Fatalf("PDF %s: %v", name, err)
	}
	p.t.Logf("print: %s", path)
	return path
}

// Fits fails the test when the page is wider than the screen, or the words of an element in a row are wider than the
// element and lie over or under what is beside it; it names what sticks out.
func (p *Page) Fits() {
	p.t.Helper()
	out := p.evalString(`() => {
		const wide = document.documentElement.clientWidth, root = document.scrollingElement
		const name = e => e.tagName.toLowerCase() + [...e.classList].map(c => "." + c).join("")
		const inRow = e => ["flex", "inline-flex"].includes(getComputedStyle(e.parentElement).display) && e.checkVisibility({visibilityProperty: true, opacityProperty: true})
		const words = e => {
			const all = [], walk = document.createTreeWalker(e, NodeFilter.SHOW_TEXT), range = document.createRange()
			while (walk.nextNode()) { range.selectNode(walk.currentNode); all.push(...range.getClientRects()) }
			return all
		}
		const over = e => e.clientWidth > 4 && e.scrollWidth > e.clientWidth + 2 && getComputedStyle(e).overflowX === "visible" &&
			words(e).some(r => r.right > e.getBoundingClientRect().right + 2)
		const still = e => ![e, ...e.querySelectorAll("*")].some(e => ["absolute", "fixed"].includes(getComputedStyle(e).position))
		const pushed = [...document.body.querySelectorAll("*")].filter(e => over(e) && inRow(e) && still(e))
		if (pushed.length) return "words over what is beside them: " + pushed.slice(0, 5).map(e => name(e) + " " + e.innerText.trim().slice(0, 40)).join(", ")
		if (root.scrollWidth <= wide) return ""
		const guilty = [...document.body.querySelectorAll("*")].filter(e => e.getBoundingClientRect().right > wide + 0.5)
		return root.scrollWidth + " px of page on " + wide + " px of screen: " + guilty.slice(0, 5).map(name).join(", ")
	}`)
	if out != "" {
		p.t.Errorf("the page sticks out: %s", out)
	}
}

// Fingers fails the test for every control that a finger would miss: smaller than 44 by 44 pixels. A link within a
// sentence may be as small as its words; a control that has its label around it is as large as that.
func (p *Page) Fingers() {
	p.t.Helper()
	out := p.evalString(`() => {
		const controls = [...document.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])")]
		const seen = e => e.checkVisibility({visibilityProperty: true}) && !e.matches(".skip, .sr")
		const small = e => {
			if (getComputedStyle(e).display === "inline") return false
			const box = (e.closest("label") ?? e).getBoundingClientRect()
			return box.width < 43.5 || box.height < 43.5
		}
		const name = e => e.tagName.toLowerCase() + [...e.classList].map(c => "." + c).join("") + " " + (e.getAttribute("aria-label") ?? e.innerText).slice(0, 30)
		return controls.filter(e => seen(e) && small(e)).slice(0, 8).map(e => name(e) + " " + Math.round(e.getBoundingClientRect().width) + "×" + Math.round(e.getBoundingClientRect().height)).join("\n  ")
	}`)
	if out != "" {
		p.t.Errorf("too small for a finger:\n  %s", out)
	}
}

// Axe fails the test for everything on the page that axe-core finds to violate WCAG 2.0, 2.1 or 2.2, A or AA.
// Where axe-core is not installed it says so and checks nothing; with COMPTOIR_REAL=1 that fails the test.
func (p *Page) Axe() {
	p.t.Helper()
	source := axe(p.t)
	if source == "" {
		return
	}
	tab := p.tab.Timeout(3 * patience)
	defer tab.CancelTimeout()
	// The protocol's own evaluation: a page's Content-Security-Policy does not see it.
	if _, err := (proto.RuntimeEvaluate{Expression: source + "\n;0"}).Call(tab); err != nil {
		p.t.Fatalf("Axe: %v", err)
	}
	res, err := (proto.RuntimeEvaluate{AwaitPromise: true, ReturnByValue: true, Expression: axeRun}).Call(tab)
	if err != nil {
		p.t.Fatalf("Axe: %v", err)
	}
	if res.ExceptionDetails != nil {
		p.t.Fatalf("Axe: %s", exception(res.ExceptionDetails))
	}
	var violations []struct {
		ID, Help string
		Nodes    []struct{ Target, HTML, Why string }
	}
	if err := json.Unmarshal([]byte(res.Result.Value.Str()), &violations); err != nil {
		p.t.Fatalf("Axe: %v", err)
	}
	for _, v := range violations {
		var b strings.Builder
		for _, n := range v.Nodes {
			fmt.Fprintf(&b, "\n  %s\n    %s\n    %s", n.Target, n.HTML, strings.ReplaceAll(n.Why, "\n", "\n    "))
		}
		p.t.Errorf("axe: %s: %s%s", v.ID, v.Help, b.String())
	}
}

const axeRun = `axe.run(document, {runOnly: {type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa"]}, resultTypes: ["violations"]})
	.then(r => JSON.stringify(r.violations.map(v => ({ID: v.id, Help: v.help, Nodes: v.nodes.map(n => ({Target: n.target.join(" "), HTML: n.html.slice(0, 200), Why: n.failureSummary}))}))))`

// axe returns the text of axe-core, or "" after saying where it may come from.
func axe(t testing.TB) string {
	t.Helper()
	path := os.Getenv(AxeEnv)
	if path == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Fatal(err)
		}
		path = filepath.Join(cache, "comptoir", "axe-core-4.14.1", "axe.min.js")
	}
	b, err := os.ReadFile(path)
	if err != nil && real() {
		t.Fatalf("Axe: %v", err)
	}
	if err != nil {
		t.Logf("accessibility is not checked: %v (scripts/install-test-tools fetches it)", err)
	}
	return string(b)
}
