package browsertest

import (
	"fmt"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"runtime"
	"strings"
	"testing"
)

const strict = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'"

// serve serves pages by path, each an HTML body, under a strict Content-Security-Policy.
func serve(t *testing.T, bodies map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", strict)
		if strings.HasSuffix(r.URL.Path, ".js") {
			w.Header().Set("Content-Type", "text/javascript")
			fmt.Fprint(w, bodies[r.URL.Path])
			return
		}
		body, ok := bodies[r.URL.Path]
		if !ok && r.URL.Path != "/favicon.ico" {
			w.WriteHeader(http.StatusNotFound)
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		body = strings.NewReplacer("{method}", r.Method, "{text}", r.FormValue("text"), "{language}", r.Header.Get("Accept-Language")).Replace(body)
		fmt.Fprintf(w, `<!doctype html><html lang="fr-CA"><head><title>Le Zinc</title><meta name="viewport" content="width=device-width, initial-scale=1"></head><body><main>%s</main></body></html>`, body)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

const form = `<h1>Table 7</h1>
<form method="post" action="/sent"><label>Un mot <input name="text" value="ancien"></label>
<select name="kind" aria-label="Genre"><option value="hungry">faim</option><option value="water">eau</option></select><button>Envoyer</button></form>`

func TestAPersonFillsAFormAndFollowsIt(t *testing.T) {
	pages := map[string]string{"/": form, "/sent": `<h1>{method}: {text}</h1><p>{language}</p>`}
	for name, view := range map[string]View{"desk": Desk, "phone": Phone, "without script": Phone.WithoutScript().English()} {
		t.Run(name, func(t *testing.T) {
			url := serve(t, pages)
			p := New(t, view)
			p.Goto(url)
			p.WaitForText("h1", "Table 7")
			p.Fill("input", "On a faim 🦪👩‍🍳")
			p.Choose("select", "water")
			if got := p.Value("select"); got != "water" {
				t.Errorf("chosen = %q", got)
			}
			p.Follow("button")
			if got := p.Text("h1"); got != "POST: On a faim 🦪👩‍🍳" {
				t.Errorf("h1 = %q", got)
			}
			if got, want := p.Text("p"), view.withDefaults().Language; !strings.HasPrefix(got, want) {
				t.Errorf("Accept-Language = %q, want %q first", got, want)
			}
			if p.URL() != url+"/sent" {
				t.Errorf("URL = %s", p.URL())
			}
			p.Fits()
		})
	}
}

func TestAViewIsTheScreenTheLightAndTheLanguage(t *testing.T) {
	url := serve(t, map[string]string{"/": "<h1>Zinc</h1>"})
	ask := `() => [innerWidth, innerHeight, matchMedia("(prefers-color-scheme: dark)").matches, matchMedia("(pointer: coarse)").matches, navigator.language].join(" ")`
	for want, view := range map[string]View{
		"1440 900 false false fr-CA": Desk,
		"390 844 true true en":       Phone.Evening().English(),
		"320 600 false false fr-CA":  {Width: 320, Height: 600},
	} {
		p := New(t, view)
		p.Goto(url)
		if got := p.evalString(ask); got != want {
			t.Errorf("the page sees %q, want %q", got, want)
		}
	}
}

func TestPagesThatChangeAreWaitedForAndKeysReachThem(t *testing.T) {
	url := serve(t, map[string]string{
		"/": `<h1>Comptoir</h1><p id="keys"></p><p id="late" hidden>arrivé</p><script src="/live.js"></script>`,
		"/live.js": `document.addEventListener("keydown", e => {
			document.querySelector("#keys").textContent += (e.ctrlKey ? "^" : "") + e.key
			if (e.key === "Enter") setTimeout(() => document.querySelector("#late").hidden = false, 100)
			if (e.key === "Escape") setTimeout(() => document.querySelector("#late").remove(), 100)
		})`,
	})
	p := New(t, Desk)
	p.Goto(url)
	p.Press("j", "?", "Control+Enter")
	p.WaitForText("#late", "arrivé")
	if got := p.Text("#keys"); got != "j?^Control^Enter" {
		t.Errorf("keys = %q", got)
	}
	p.Press("Escape")
	p.WaitGone("#late")
	if got := p.Count("#late"); got != 0 {
		t.Errorf("%d elements are left", got)
	}
}

func TestTwoPagesAreTwoPeopleAndTabsAreOne(t *testing.T) {
	url := serve(t, map[string]string{"/": `<h1>Zinc</h1><script src="/c.js"></script>`, "/c.js": ""})
	first := New(t, Desk)
	first.Goto(url)
	first.Eval(`() => document.cookie = "guest=7"`)
	tab := first.Tab()
	tab.Goto(url)
	stranger := New(t, Desk)
	stranger.Goto(url)
	if got := tab.evalString(`() => document.cookie`); got != "guest=7" {
		t.Errorf("the tab's cookie = %q", got)
	}
	if got := stranger.evalString(`() => document.cookie`); got != "" {
		t.Errorf("a stranger holds the cookie %q", got)
	}
}

func TestAScreenshotIsAPictureOfTheScreen(t *testing.T) {
	t.Setenv(Shots, t.TempDir())
	p := New(t, Phone)
	p.Goto(serve(t, map[string]string{"/": form}))
	f, err := os.Open(p.Screenshot("07 table"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.DecodeConfig(f)
	if err != nil || img.Width != 390 || img.Height != 844 {
		t.Errorf("the picture is %d × %d, %v", img.Width, img.Height, err)
	}
}

// What the harness exists to notice, each planted in a page.
func TestAPageThatDoesWrongFailsItsTest(t *testing.T) {
	const script = `<h1>Zinc</h1><script src="/wrong.js"></script>`
	wrong := func(js string) map[string]string { return map[string]string{"/": script, "/wrong.js": js} }
	for name, c := range map[string]struct {
		pages map[string]string
		do    func(*Page)
		want  string // what the failure says; "" = none
	}{
		"nothing is wrong": {pages: wrong(`console.warn("only a warning")`)},
		"console error":    {pages: wrong(`console.error("perdu", 7)`), want: "console error: perdu"},
		"thrown":           {pages: wrong(`setTimeout(() => { throw new Error("renversé") })`), want: "renversé"},
		"inline style":     {pages: map[string]string{"/": `<h1 style="color:red">Zinc</h1>`}, want: "Content Security Policy"},
		"inline script":    {pages: map[string]string{"/": `<h1>Zinc</h1><script>1</script>`}, want: "Content Security Policy"},
		"missing script":   {pages: map[string]string{"/": `<h1>Zinc</h1><img alt="" src="/none.png">`}, want: "404"},
		"another host": {pages: wrong(``), do: func(p *Page) {
			p.Eval(`() => { location.href = location.href.replace("127.0.0.1", "localhost") }`)
			p.until("the other host", `() => location.hostname === "localhost"`)
		}, want: "a request to another host: http://localhost:"},
		"alert":           {pages: wrong(`alert("1")`), want: "a dialog (alert): 1"},
		"allowed":         {pages: wrong(`console.error("attendu")`), do: func(p *Page) { p.Allow("attendu") }},
		"allowed in vain": {pages: wrong(``), do: func(p *Page) { p.Allow("attendu") }, want: "did not come"},
		"too wide":        {pages: map[string]string{"/": `<img class="sign" alt="" width="2000" height="9" src="data:,">`}, do: func(p *Page) { p.Allow("data:"); p.Fits() }, want: "img.sign"},
		"words over a button": {pages: map[string]string{"/": `<p><span class="thin">Marc-Antoine</span><button>C’est fait</button></p><script src="/wrong.js"></script>`,
			"/wrong.js": `Object.assign(document.querySelector("p").style, { display: "flex", width: "90px" }); document.querySelector("span").style.width = "20px"`},
			do: (*Page).Fits, want: "span.thin Marc-Antoine"},
		"label is missing":    {pages: map[string]string{"/": `<h1>Zinc</h1><input name="text">`}, do: (*Page).Axe, want: "axe: label"},
		"accessible":          {pages: map[string]string{"/": form}, do: (*Page).Axe},
		"unknown key":         {pages: wrong(``), do: func(p *Page) { p.Press("Any") }, want: "no key"},
		"text is not there":   {pages: map[string]string{"/": form}, do: func(p *Page) { p.Text("h1"); p.Goto("http://%zz") }, want: "Goto"},
		"the server is away":  {pages: wrong(``), do: func(p *Page) { p.Allow("ERR_CONNECTION_REFUSED"); p.Goto("http://127.0.0.1:1/") }, want: "Goto http://127.0.0.1:1/"},
		"page in another tab": {pages: wrong(`console.error("là")`), do: func(p *Page) { p.Allow("là"); tab := p.Tab(); tab.Goto(p.URL()) }, want: "console error: là"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			start(t)
			if strings.HasPrefix(c.want, "axe") && axe(t) == "" {
				t.Skip("axe-core is not installed")
			}
			url := serve(t, c.pages)
			rec := &recorder{TB: t}
			rec.run(func() {
				p := New(rec, Desk)
				p.Goto(url)
				if c.do != nil {
					c.do(p)
				}
			})
			got := strings.Join(rec.failures, "\n")
			if (c.want == "" && got != "") || !strings.Contains(got, c.want) {
				t.Errorf("the test was told %q, want %q", got, c.want)
			}
		})
	}
}

// recorder is a test that writes its failures down.
type recorder struct {
	testing.TB
	failures []string
	cleanups []func()
}

// run runs a test function to its end, or to its first Fatalf, and then its clean-ups.
func (r *recorder) run(test func()) {
	r.inGoroutine(test)
	for i := len(r.cleanups) - 1; i >= 0; i-- {
		r.inGoroutine(r.cleanups[i])
	}
}

func (r *recorder) inGoroutine(f func()) {
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	<-done
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Failed() bool     { return false }
func (r *recorder) Errorf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}
func (r *recorder) Error(args ...any)                 { r.failures = append(r.failures, fmt.Sprint(args...)) }
func (r *recorder) Fatal(args ...any)                 { r.Error(args...); runtime.Goexit() }
func (r *recorder) Fatalf(format string, args ...any) { r.Errorf(format, args...); runtime.Goexit() }
