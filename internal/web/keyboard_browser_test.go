package web_test

import (
	"strings"
	"testing"

	"comptoir/internal/browsertest"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// stop says what is wrong with where the focus is, "" for nothing; "again" where it has been. What had the focus is marked.
const stop = `() => {
	const e = document.activeElement
	if (e === document.body) return "" // past the end, the browser's own controls
	if (e.hasAttribute("data-reached")) return "again"
	e.setAttribute("data-reached", "")
	const name = e.tagName.toLowerCase() + "#" + e.id + "." + e.className + " " + (e.getAttribute("aria-label") ?? e.innerText ?? "").slice(0, 30)
	const ringed = el => { const s = getComputedStyle(el); return s.outlineStyle !== "none" && parseFloat(s.outlineWidth) >= 2 }
	let ring = e
	while (ring && !ringed(ring)) ring = ring.parentElement
	if (!ring || ring === document.body) return "no ring: " + name
	const r = e.getBoundingClientRect()
	if (r.bottom <= 0 || r.top >= innerHeight || r.right <= 0 || r.left >= innerWidth) return "out of sight: " + name
	const x = Math.max(1, Math.min(innerWidth - 1, r.x + r.width / 2)), y = Math.max(1, Math.min(innerHeight - 1, r.y + Math.min(r.height / 2, 20)))
	const hit = document.elementFromPoint(x, y)
	if (hit && !e.contains(hit) && !hit.contains(e) && !e.labels?.[0]?.contains(hit)) return "covered: " + name + " by " + hit.outerHTML.slice(0, 80)
	return ""
}`

// unreached lists the controls that one sees and Tab does not reach.
const unreached = `() => [...document.querySelectorAll("a[href], button, summary, select, textarea, input:not([type=hidden])")]
	.filter(e => e.checkVisibility({visibilityProperty: true}) && !e.disabled && e.tabIndex >= 0 && !e.hasAttribute("data-reached"))
	.filter(e => !(e.type === "radio" && document.querySelector('input[type=radio][data-reached][name="' + e.name + '"]')))
	.map(e => e.outerHTML.slice(0, 100)).join("\n")`

func TestTabReachesEverythingAndShowsWhereOneIs(t *testing.T) {
	h, _, _ := aFullRoom(t)
	ids := anEvening(t, h)
	p := signedIn(t, h, browsertest.Desk, "/sign-in", h.Owner)
	for _, page := range []string{
		"inbox", "inbox?pick=1", "inbox/c/" + ids[0], "inbox/c/" + ids[0] + "/merge", "floor", "tables", "tables/plan", "tables/cards", "go",
		"settings/place", "settings/team", "settings/tokens", "settings/counter", "settings/address", "settings/journal", "/me", "/me/sessions",
	} {
		if !strings.HasPrefix(page, "/") {
			page = "/p/le-zinc/" + page
		}
		p.Goto(h.URL + page)
		if strings.HasSuffix(page, ids[0]) {
			p.WaitFor("html[data-stream=open]")
			p.WaitGone("#c-" + ids[0] + " .conv--new") // the stream draws its row again
		}
		for range 250 {
			p.Press("Tab")
			said := p.Eval(stop)
			if said == `"again"` {
				break
			}
			if said != `""` {
				t.Errorf("%s: %s", page, said)
			}
		}
		if left := p.Eval(unreached); left != `""` {
			t.Errorf("%s: never reached: %s", page, left)
		}
	}
}

// The main job by the keyboard alone. After each gesture the focus is where one goes on, also where what had it has left.
func TestTheFocusGoesOnAfterEveryGesture(t *testing.T) {
	h, box, _ := withMail(t)
	path := tables(t, h, 3)[1]
	h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Manager)
	ids := anEvening(t, h)
	maude, karim, sandrine, theo := ids[0], ids[4], ids[3], ids[2] // as they stand in the list
	arrive(t, h, box, mail(t, "Une table pour huit, jeudi?"))
	b := h.As(h.Owner)
	b.Post(counterSettings+"/replies", "title", "Cuisine", "text", "Oui, jusqu’à 23 h!").Want(303)
	p := browsertest.New(t, browsertest.Desk)
	row := func(id string) string { return "#c-" + id + " .conv:focus" }
	step := func(focus string, keys ...string) {
		t.Helper()
		p.Press(keys...)
		p.WaitFor(focus)
	}
	p.Goto(h.URL + "/sign-in?to=/p/le-zinc/inbox")
	p.WaitFor("#courriel:focus")
	p.Fill("#courriel", h.Owner.Email)
	step("#passe:focus", "Tab")
	p.Fill("#passe", webtest.Password)
	p.Press("Enter")
	p.WaitFor("html[data-stream=open]") // the scripts are there
	step(row(maude), "j")
	step(row(maude)+"[aria-current]", "Enter")
	p.WaitForText("#fil h2", "Maude Gervais")

	step("#gardees input:focus", ";")
	step("#reponse textarea:focus", "Enter")
	if url := p.URL(); strings.Contains(url, "kept=") || p.Value("#reponse textarea") != "Oui, jusqu’à 23 h!" {
		t.Errorf("a kept answer led to %s", url)
	}
	p.Press("Control+Enter")
	p.WaitForText("#corps .msg--us .msg__state", "Part dans")
	p.WaitFor("#corps:focus")
	p.Press("z")
	p.WaitForText("#avis", "Rien n’est parti")
	p.WaitFor("#corps:focus")
	step(row(maude), "Escape")

	step("#confier .menu__item:focus", "a", "ArrowDown")
	p.Press("Enter")
	p.WaitForText("#avis", "C’est à vous.")
	p.WaitFor(row(maude))
	step("#veille .menu__item:focus", "v", "ArrowDown")
	p.Press("Enter")
	p.WaitForText("#avis", "En veille")
	p.WaitGone("#c-" + maude)
	p.WaitFor(row(karim)) // what took its place
	p.Press("z")
	p.WaitFor("#c-" + maude)
	p.WaitFor(row(karim))
	p.Press("Enter")
	p.WaitForText("#fil h2", "Karim Belkacem")
	p.Press("e")
	p.WaitGone("#c-" + karim)
	p.WaitFor(row(sandrine))
	b.Post("/p/le-zinc/inbox/c/" + sandrine + "/settle").Want(303) // by somebody else
	p.WaitGone("#c-" + sandrine)
	p.WaitFor(row(theo))

	p.Press("Enter")
	p.WaitForText("#fil h2", "Théo Lacasse")
	step("#fiche-nom:focus", "f")
	step(row(theo), "Escape", "Escape")
	step("#palette-q:focus", "Control+k")
	p.Fill("#palette-q", "étiqueter")
	step("#etiquette-nom:focus", "Enter") // before there is an answer
	p.Fill("#etiquette-nom", "Groupe")
	p.Press("Enter")
	p.WaitForText("#corps .chips", "Groupe")
	p.WaitFor("#fil :focus, " + row(theo))
	p.Press("Escape", "Control+k")
	p.WaitFor("#palette-q:focus")
	p.Fill("#palette-q", "fusionner")
	p.Press("Enter")
	p.WaitFor("#recherche-fusion")
	step("#fil [data-row]:focus", "j", "j", "j", "j", "j", "j", "j", "j")
	step("#fil .pane__body:focus", "Enter")
	step("#fil form .btn:not(.btn--lit):focus", "Tab")
	step("#fil form .btn--lit:focus", "Tab")
	p.Press("Enter")
	p.WaitForText("#avis", "n’en font plus qu’une")
	step("#recherche:focus", "/")

	h.Visitor().Post(path, "kind", "bill").Want(303)
	p.Goto(h.URL + "/p/le-zinc/floor")
	step("#prendre [data-row]:focus", "j")
	step("#route [data-row]:focus", "Enter")
	p.Press("e")
	p.WaitGone("#route .slip")
	p.WaitFor("#contenu:focus") // nobody waits

	p.Goto(h.URL + "/p/le-zinc/settings/tokens")
	p.Fill("main form [name=name]", "Caisse")
	step("#jeton:focus", "Enter")
	p.Goto(h.URL + "/p/le-zinc/settings/team")
	p.Fill("main form [name=email]", "tom@lezinc.example")
	step("#lien:focus", "Enter")
	step("#palette-q:focus", "Control+k")
	p.Fill("#palette-q", "sortir")
	step("#courriel:focus", "Enter")
}
