package web_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// aFullRoom is Le Zinc in the middle of an evening: three zones, eleven tables, people who wait and people who were served.
func aFullRoom(t *testing.T) (h *webtest.House, noemie place.Member, paths []string) {
	t.Helper()
	h = addressed(t, "https://lezinc.example")
	noemie = h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Floor)
	h.Add("Tom Roy", "tom@lezinc.example", place.Floor)
	h.Write(func(ctx context.Context, tx db.Tx) error {
		for _, z := range []struct {
			name string
			n    int
		}{{"Fenêtres", 6}, {"Fond de salle", 4}, {"Bar", 1}} {
			zone, err := floor.AddZone(ctx, tx, place.System(), h.Place.ID, z.name)
			if err != nil {
				return err
			}
			added, err := floor.AddTables(ctx, tx, place.System(), h.Place.ID, z.n, zone.ID)
			if err != nil {
				return err
			}
			for _, t := range added {
				paths = append(paths, "/t/"+h.Web.Floor.Code(h.Place, t))
			}
			if z.n == 1 {
				if _, err := floor.ChangeTable(ctx, tx, place.System(), h.Place.ID, added[0].ID, func(t *floor.Table) { t.Name = "Bar" }); err != nil {
					return err
				}
			}
		}
		return nil
	})
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := place.Change(ctx, tx, place.System(), h.Place.ID, func(p *place.Place) error {
			for day, to := range map[time.Weekday]int{time.Tuesday: 25, time.Wednesday: 25, time.Thursday: 27, time.Friday: 27, time.Saturday: 27, time.Sunday: 23} {
				p.Settings.Hours.Days[day] = []place.Span{{From: 16 * 60, To: to * 60}}
			}
			p.Settings.Hours.Days[time.Now().In(p.Location()).Weekday()] = []place.Span{{From: 0, To: 24 * 60}} // open, whenever this runs
			p.Settings.Masked = []string{"bouh"}
			return nil
		})
		return err
	})
	ask := func(table int, form ...string) *webtest.Browser {
		b := h.Visitor()
		b.Post(paths[table-1], form...).Want(303)
		return b
	}
	staff, tom := h.As(noemie), h.As(h.Owner)
	for table, kind := range map[int]string{2: "bill", 5: "hungry", 9: "water"} {
		ask(table, "kind", kind)
	}
	for range 3 {
		for _, gesture := range []string{"take", "done"} {
			staff.Post(taking(t, staff.Get("/p/le-zinc/floor"), gesture)).Want(303)
		}
	}
	ask(11, "kind", "loud")
	tom.Post(taking(t, tom.Get("/p/le-zinc/floor"), "take")).Want(303)
	rude := ask(8, "kind", "other", "text", "Bouh")
	staff.Post(taking(t, staff.Get("/p/le-zinc/floor"), "block")).Want(303)
	rude.Get(paths[7])
	ask(7, "kind", "hungry", "text", "On est quatre, on ne voit personne!")
	ask(4, "kind", "other", "text", "De l’eau pour quatre")
	backdate(h, "loud", 6*time.Minute)
	backdate(h, "hungry", 3*time.Minute)
	return h, noemie, paths
}

// backdate makes the open calls of a kind older.
func backdate(h *webtest.House, kind string, by time.Duration) {
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE call SET received_at = received_at - $1 WHERE kind = $2 AND state IN ('received', 'taken')", by.Microseconds(), kind)
		return err
	})
}

// widths are those on which nothing may stick out.
var widths = []int{1440, 1024, 390, 320}

func TestTheRoomHoldsOnEveryScreen(t *testing.T) {
	h, _, paths := aFullRoom(t)
	screens := map[string]string{"salle": "floor", "tables": "tables", "plan": "tables/plan", "table-7": "", "affichettes": "tables/cards", "adresse": "settings/address"}
	all, err := floor.Tables(t.Context(), h.DB, h.Place.ID)
	if err != nil {
		t.Fatal(err)
	}
	screens["table-7"] = "tables/edit/" + all[6].ID
	english := h.Add("Anne Murray", "anne@lezinc.example", place.Manager)
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE member SET language = 'en-CA' WHERE id = $1", english.ID)
		return err
	})
	for name, v := range map[string]browsertest.View{
		"1440-matin": browsertest.Desk, "1440-soir": browsertest.Desk.Evening(), "390-matin": browsertest.Phone, "390-soir": browsertest.Phone.Evening(), "390-en": browsertest.Phone,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			who := h.Owner
			if strings.HasSuffix(name, "-en") {
				who = english
			}
			p := signedIn(t, h, v, paths[0], who)
			for screen, path := range screens {
				p.Goto(h.URL + "/p/le-zinc/" + path)
				p.Fits()
				p.Axe()
				if v.Touch {
					p.Fingers()
				}
				p.Screenshot(screen + "-" + name)
				p.Whole(screen + "-" + name + "-entier")
			}
		})
	}
	for _, w := range widths {
		t.Run(fmt.Sprint(w), func(t *testing.T) {
			t.Parallel()
			p := signedIn(t, h, browsertest.View{Width: w, Height: 800, Touch: w < 768}, paths[0], h.Owner)
			for _, path := range screens {
				p.Goto(h.URL + "/p/le-zinc/" + path)
				p.Fits()
			}
		})
	}
}

// newCode is where the card of the n-th table leads now.
func newCode(t *testing.T, h *webtest.House, n int) string {
	t.Helper()
	all, err := floor.Tables(t.Context(), h.DB, h.Place.ID)
	if err != nil {
		t.Fatal(err)
	}
	return "/t/" + h.Web.Floor.Code(h.Place, all[n])
}

// One thumb does all of it, and every other screen sees it.
func TestOneThumbGivesHandsBackBlocksAndPauses(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 7)[6]
	noemie := h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Floor)
	h.Add("Tom Roy", "tom@lezinc.example", place.Floor)
	desk := signedIn(t, h, browsertest.Desk, table, h.Owner)
	desk.Goto(h.URL + "/p/le-zinc/floor")
	thumb := signedIn(t, h, browsertest.Phone, table, noemie)
	thumb.Goto(h.URL + "/p/le-zinc/floor")
	thumb.WaitFor("html[data-stream=open]")
	guest := browsertest.New(t, browsertest.Phone)
	guest.Goto(h.URL + table)
	guest.Fill("#mots", "Bouh!")
	guest.Click("button[aria-label=Envoyer]")
	thumb.WaitForText("#prendre", "Bouh!")

	menu := func(item string) {
		t.Helper()
		thumb.Click(".slip [popovertarget]")
		thumb.WaitFor(".slip .menu:popover-open")
		thumb.Fingers()
		thumb.Click(".slip .menu " + item)
	}
	menu("button[name=member]") // the first of the team: Marc-Antoine
	thumb.WaitForText("#route", "Marc-Antoine")
	desk.WaitForText("#route", "Marc-Antoine")
	guest.WaitForText("#suivi", "Marc-Antoine")
	menu("form[action$=back] button")
	desk.WaitForText("#prendre", "Bouh!")
	guest.WaitForText("h1", "C’est reçu!")
	thumb.Click("#prendre .btn--lit")
	desk.WaitForText("#route", "Noémie")
	menu("form[action$=cancel] button")
	desk.WaitGone("#route .slip")

	guest.Goto(h.URL + table)
	guest.Fill("#mots", "Bouh encore!")
	guest.Click("button[aria-label=Envoyer]")
	thumb.WaitForText("#prendre", "Bouh encore!")
	menu("form[action$=block] button")
	desk.WaitForText("#plan", "Par Noémie")
	guest.Goto(h.URL + table)
	guest.WaitForText("h1", "On est fermé")
	menu("form[action$=rotate] button") // two taps: his friends have a photograph of the card
	thumb.WaitForText("#avis", "Le code est changé")
	stranger := browsertest.New(t, browsertest.Phone)
	stranger.Allow("status of 404")
	stranger.Goto(h.URL + table)
	stranger.WaitForText("h1", "Ce code a changé")
	table = newCode(t, h, 6)
	thumb.Click("#plan .rows form[action$=unblock] button")
	thumb.WaitGone("#plan form[action$=unblock]")
	desk.WaitGone("#plan form[action$=unblock]")
	guest.Goto(h.URL + table)
	guest.WaitForText("h1", "Bon")

	thumb.Click("[popovertarget=ouverture]")
	thumb.WaitFor("#ouverture:popover-open")
	thumb.Click("#ouverture button:has(input, use[href*=pause])")
	desk.WaitForText(".salle__b", "en pause")
	guest.Goto(h.URL + table)
	guest.WaitForText("h1", "Petite pause")
	desk.Click(".salle__b button")
	thumb.WaitGone(".salle__b")
}

// The screen needs nobody to load it again: time itself turns a wait to brick.
func TestALongWaitTurnsFromGreyToBrick(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := place.Change(ctx, tx, place.System(), h.Place.ID, func(p *place.Place) error { p.Settings.LongWait = 2 * time.Minute; return nil })
		return err
	})
	h.Visitor().Post(table, "kind", "hungry").Want(303)
	backdate(h, "hungry", 2*time.Minute-4*time.Second)
	p := signedIn(t, h, browsertest.Phone, table, h.Owner)
	p.Goto(h.URL + "/p/le-zinc/floor")
	colour := func() string { return p.Eval(`() => getComputedStyle(document.querySelector("#prendre .wait")).color`) }
	grey := colour()
	if p.Count(".wait--long") != 0 || !strings.Contains(p.Text("#prendre .wait"), "1\u00a0min") {
		t.Fatalf("before its time: %q", p.Text("#prendre .wait"))
	}
	p.WaitForText("#prendre .wait--long", "2\u00a0min")
	brick := p.Eval(`() => { const e = document.createElement("i"); e.style.color = "var(--brique)"; document.body.append(e); return getComputedStyle(e).color }`)
	if got := colour(); got != brick || got == grey {
		t.Errorf("the wait is %s, was %s; brick is %s", got, grey, brick)
	}
	if words := p.Text("#prendre .wait"); !strings.Contains(words, "long") {
		t.Errorf("only the colour says it: %q", words)
	}
}

// A manager puts the tables where they stand: with a mouse, a finger or the keys. The floor sees it at once.
func TestTheTablesArePutInTheirPlaces(t *testing.T) {
	for name, v := range map[string]browsertest.View{"mouse": browsertest.Desk, "finger": browsertest.Phone} {
		t.Run(name, func(t *testing.T) {
			h := webtest.New(t)
			path := tables(t, h, 3)[0]
			spot := func(n int) [2]int {
				all, err := floor.Tables(t.Context(), h.DB, h.Place.ID)
				if err != nil {
					t.Fatal(err)
				}
				return [2]int{all[n].X, all[n].Y}
			}
			before, second := spot(0), spot(1)
			room := signedIn(t, h, browsertest.Desk, path, h.Owner)
			room.Goto(h.URL + "/p/le-zinc/floor")
			room.WaitFor("html[data-stream=open]")
			p := signedIn(t, h, v, path, h.Owner)
			p.Goto(h.URL + "/p/le-zinc/tables/plan")
			at := `.plan a:not([aria-current])` // the second table: the first is chosen
			p.Drag(".plan a[aria-current]", 100, 60)
			p.WaitFor(fmt.Sprintf(".plan a[aria-current]:not([data-x='%d'])", before[0]))
			p.Click("[data-way=down]")
			p.Eval(`s => document.querySelector(s).focus()`, at)
			p.Press("ArrowRight", "ArrowRight", "ArrowUp")
			if url := p.URL(); !strings.HasSuffix(url, "/plan") {
				t.Fatalf("moving a table led to %s", url)
			}
			p.Click("#placer .btn--lit")
			p.WaitForText("#avis", "Le plan est gardé")
			after := spot(0)
			if after[0] <= before[0] || after[1] <= before[1]+1 {
				t.Errorf("dragged to the right and down, from %v to %v", before, after)
			}
			if got := spot(1); got != [2]int{second[0] + 2, second[1] - 1} {
				t.Errorf("moved by the keys from %v to %v", second, got)
			}
			room.WaitFor(fmt.Sprintf("#plan .t.x-%d.y-%d", after[0], after[1]))
			if v.Touch {
				p.Fingers()
			}
			p.Click(".plan a:last-of-type") // not moved: it is a link to its page
			p.WaitFor("#table")
		})
	}
}

func TestOnThePlanACallLeadsToItsSlip(t *testing.T) {
	h := webtest.New(t)
	path := tables(t, h, 3)[1]
	p := signedIn(t, h, browsertest.Phone, path, h.Owner)
	p.Goto(h.URL + "/p/le-zinc/floor")
	p.WaitFor("html[data-stream=open]")
	if p.Count(".plan a") != 0 {
		t.Error("a quiet table leads somewhere")
	}
	h.Visitor().Post(path, "kind", "bill").Want(303)
	p.WaitFor(".plan a.t--n")
	if got := p.Attr(".plan a.t--n", "aria-label"); got != "Table 2, appelle" {
		t.Errorf("it says %q", got)
	}
	p.Click(".plan a.t--n")
	p.WaitForText("article:target", "L’addition")
	p.Click("#prendre .btn--lit")
	p.WaitFor(".plan a.t--r")
	p.Click("#route .btn[data-key=e]")
	p.WaitFor(".plan span.t--g")
}

// The longest names there can be stay where they belong: the place's in the rail, a table's on the plan.
func TestLongNamesStayInTheirPlace(t *testing.T) {
	h, _, paths := aFullRoom(t)
	h.Write(func(ctx context.Context, tx db.Tx) error {
		all, err := floor.Tables(ctx, tx, h.Place.ID)
		if err != nil {
			return err
		}
		if _, err := floor.ChangeTable(ctx, tx, place.System(), h.Place.ID, all[0].ID, func(t *floor.Table) { t.Name = "MMMMMMMMMMMM" }); err != nil {
			return err
		}
		_, err = place.Change(ctx, tx, place.System(), h.Place.ID, func(p *place.Place) error {
			p.Name = "Le Bar-Café-Musée de l’Anticonstitutionnellement-Longue-Rue-Saint-Dominique"
			return nil
		})
		return err
	})
	p := signedIn(t, h, browsertest.Desk, paths[0], h.Owner)
	p.Goto(h.URL + "/p/le-zinc/floor")
	const inside = `(inner, outer) => { const a = document.querySelector(inner).getBoundingClientRect(), b = document.querySelector(outer).getBoundingClientRect(); return a.left >= b.left - 2 && a.right <= b.right + 2 ? "" : [a.left, a.right, b.left, b.right].join(" ") }`
	for inner, outer := range map[string]string{".side .place__txt b": ".side", ".plan .t": ".plan"} {
		if out := p.Eval(inside, inner, outer); out != `""` {
			t.Errorf("%s sticks out of %s: %s", inner, outer, out)
		}
	}
}
