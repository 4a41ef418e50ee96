package view

import (
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/web/locale"
	"comptoir/internal/web/static"
)

// The policy of every page of the team; package door sets it, with the other headers.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self'; media-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; object-src 'none'; require-trusted-types-for 'script'; trusted-types comptoir"

// thorough tells that time does not count: every screen, a hundred loads.
func thorough() bool { return os.Getenv("COMPTOIR_REAL") != "" }

// until waits for an expression to be true in the page.
func until(t *testing.T, p *browsertest.Page, what, js string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if p.Eval("() => !!("+js+")") == "true" {
			return
		}
	}
	t.Fatalf("%s: never became true: %s", what, js)
}

func gallery(t *testing.T) *httptest.Server {
	t.Helper()
	all := screens()
	mux := http.NewServeMux()
	mux.Handle("GET "+static.Prefix, static.Handler(func(*http.Request) bool { return true }))
	mux.HandleFunc("GET /g/{name}", func(w http.ResponseWriter, r *http.Request) {
		c, ok := all[r.PathValue("name")]
		if !ok {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		w.Header().Set("Content-Security-Policy", policy)
		c.Render(locale.With(r.Context(), locale.New(locale.Match(r.Header.Get("Accept-Language")), time.UTC)), w)
	})
	// An open conversation asks every few seconds who else looks at it: nobody does here.
	mux.HandleFunc("POST /c/{conversation}/seen", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(http.StatusNoContent) })
	mux.HandleFunc("POST /c/{conversation}/presence", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		id := r.PathValue("conversation")
		PresenceLine(id, "/c/"+id, nil).Render(locale.With(r.Context(), locale.New(locale.Match(r.Header.Get("Accept-Language")), time.UTC)), w)
	})
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

// Every screen and every menu: pictured (COMPTOIR_SHOTS), audited by axe, within its width, fit for fingers. Without
// COMPTOIR_REAL only the fullest screens are walked.
func TestScreensCanBeUsedByEverybody(t *testing.T) {
	s := gallery(t)
	views := map[string]browsertest.View{
		"1440_matin": browsertest.Desk, "390_soir": browsertest.Phone.Evening(),
		"1440_soir": browsertest.Desk.Evening(), "390_matin": browsertest.Phone, "390_en": browsertest.Phone.English(), "1440_en": browsertest.Desk.English(),
		"1024_matin": {Width: 1024, Height: 768}, "320_matin": {Width: 320, Height: 640, Touch: true},
	}
	for size, v := range views {
		usual := size == "1440_matin" || size == "390_soir"
		if !usual && !thorough() {
			continue
		}
		t.Run(size, func(t *testing.T) {
			p := browsertest.New(t, v)
			for name := range screens() {
				if name != "16-etats-du-fil" && name != "00-pieces" && name != "01-fil" && !thorough() {
					continue
				}
				p.Goto(s.URL + "/g/" + name)
				p.Screenshot(name + "_" + size)
				p.Eval("() => scrollTo(0, 0)") // what scrolls under the bars now is not too small, only elsewhere
				p.Fits()
				p.Axe()
				fingers(t, p, v, name)
			}
			p.Goto(s.URL + "/g/01-fil")
			p.Eval("() => scrollTo(0, 0)")
			for _, id := range []string{"moi", "confier", "veille", "etiquettes", "gestes", "gardees", "envoyer", "passer", "filtre", "raccourcis"} {
				p.Eval(`id => { const by = [...document.querySelectorAll('[popovertarget="' + id + '"]')]; (by.find(b => b.getClientRects().length) ?? by[0]).click() }`, id)
				p.Screenshot("16-" + id + "_" + size)
				if thorough() {
					p.Axe()
				}
				fingers(t, p, v, id)
				p.Eval(`id => document.getElementById(id).hidePopover()`, id)
			}
		})
	}
}

// fingers finds what is too small to be pressed on a phone: under 44 × 44, unless it stands in a sentence.
func fingers(t *testing.T, p *browsertest.Page, v browsertest.View, name string) {
	t.Helper()
	if !v.Touch {
		return
	}
	small := p.Eval(`() => [...document.querySelectorAll('a, button, input:not([type=hidden]), select, textarea, summary')].filter(el => {
		if (el.closest('.sr, .skip, label, p:not(.row), li') || el.matches('.sr, .skip, .link, .switch, input[type=radio]') || !el.checkVisibility({opacityProperty: true})) return false;
		const r = el.getBoundingClientRect();
		return r.width > 0 && (r.width < 43.5 || r.height < 43.5);
	}).map(el => el.className + ' «' + el.textContent.trim().slice(0, 20) + '» ' + Math.round(el.getBoundingClientRect().width) + '×' + Math.round(el.getBoundingClientRect().height)).slice(0, 6)`)
	if small != "[]" {
		t.Errorf("%s: too small for a finger: %s", name, small)
	}
}

// What a first visit of the main screen costs, without fonts: the goal is 12 requests and 120 KB.
func TestTheMainScreenIsLight(t *testing.T) {
	_, url := serveTap(t)
	p := browsertest.New(t, browsertest.Desk)
	p.Goto(url)
	until(t, p, "the stream opens", "document.documentElement.dataset.stream === 'open'")
	until(t, p, "few requests", "performance.getEntriesByType('resource').filter(e => !e.name.endsWith('.woff2')).length + 1 <= 12")
	until(t, p, "few bytes", "performance.getEntriesByType('resource').filter(e => !e.name.endsWith('.woff2')).reduce((n, e) => n + e.transferSize, performance.getEntriesByType('navigation')[0].transferSize) < 120e3")
}
