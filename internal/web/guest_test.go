package web_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// tables adds tables to the house and returns the address of each table's page.
func tables(t *testing.T, h *webtest.House, n int) []string {
	t.Helper()
	var paths []string
	h.Write(func(ctx context.Context, tx db.Tx) error {
		all, err := floor.AddTables(ctx, tx, place.System(), h.Place.ID, n, "")
		for _, table := range all {
			paths = append(paths, "/t/"+h.Web.Floor.Code(h.Place, table))
		}
		return err
	})
	return paths
}

func TestAGuestCallsWithoutScriptAndFollowsIt(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	phone, staff := h.Visitor(), h.As(h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Floor))

	page := phone.Get(table).Want(200)
	if !page.Has("form[method=post] [name=kind][value=hungry]") || !page.Has("form[method=post] [name=text]") || page.Has("input[type=email]") || page.Has("input[type=tel]") {
		t.Error("the form is not the plain one")
	}
	for _, header := range []string{"Cache-Control: no-store", "X-Robots-Tag: noindex", "Referrer-Policy: same-origin"} {
		name, want, _ := strings.Cut(header, ": ")
		if got := page.Header.Get(name); got != want {
			t.Errorf("%s: %q", name, got)
		}
	}
	follow := phone.Follow(phone.Post(table, "kind", "hungry", "text", "quatre <b>menus</b>").Want(303))
	if follow.Text("#suivi h2") != "« On a faim »" || !follow.Has("noscript") || !strings.Contains(follow.Body, "quatre &lt;b&gt;menus&lt;/b&gt;") || follow.Text("[aria-current=step]") == "" {
		t.Errorf("after asking: %s", follow.Text("#suivi"))
	}
	board := staff.Get("/p/le-zinc/floor").Want(200)
	if board.Text("#prendre .bon__say") != "On a faim" {
		t.Errorf("the floor shows %q", board.Text("#prendre"))
	}
	staff.Post(board.Attr("#prendre form[action^=/p/le-zinc/floor/calls/] ", "action")).Want(404) // the menu's first form: give, to nobody
	take := taking(t, board, "take")
	staff.Follow(staff.Post(take).Want(303))
	if news := phone.Get(table + "/status").Text("#suivi"); !strings.Contains(news, "Noémie s’en vient") {
		t.Errorf("on the way: %s", news)
	}
	staff.Post(strings.Replace(take, "/take", "/done", 1)).Want(303)
	arrived := phone.Get(table + "/status")
	answer := arrived.Attr("form[action^=/t/] ", "action")
	if !strings.HasSuffix(answer, "/answer") {
		t.Fatalf("no question afterwards: %s", arrived.Text("#suivi"))
	}
	thanks := phone.Follow(phone.Post(answer, "answer", "good").Want(303))
	if thanks.Text("#salut") != "Merci à vous!" {
		t.Errorf("at the end: %q", thanks.Text("#salut"))
	}
}

// taking finds the address of a gesture on the first slip.
func taking(t *testing.T, p *webtest.Page, gesture string) string {
	t.Helper()
	i := strings.Index(p.Body, "/"+gesture+`"`)
	if i < 0 {
		t.Fatalf("no gesture %s on the floor", gesture)
	}
	start := strings.LastIndexByte(p.Body[:i], '"') + 1
	return p.Body[start : i+len(gesture)+1]
}

func TestAPhoneThatRefusesCookiesStillRings(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	h.Visitor().Post(table, "kind", "bill").Want(303)
	page := h.Visitor().Get(table + "/status?sent=1").Want(200)
	if !strings.Contains(page.Text("#suivi"), "refuse les témoins") {
		t.Errorf("%s", page.Text("#suivi"))
	}
	waiting, err := floor.Waiting(t.Context(), h.DB, h.Place.ID)
	if err != nil || len(waiting) != 1 {
		t.Errorf("%+v %v", waiting, err)
	}
}

func TestTheNeighbourSeesNothingOfIt(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	maude, ginette := h.Visitor(), h.Visitor()
	maude.Post(table, "kind", "other", "text", "un secret").Want(303)
	ginette.Post(table, "kind", "water").Want(303)
	for _, path := range []string{"", "/status"} {
		if page := ginette.Get(table + path).Want(200); strings.Contains(page.Body, "secret") {
			t.Errorf("%s tells the neighbour's words", path)
		}
	}
	calls, _ := floor.Waiting(t.Context(), h.DB, h.Place.ID)
	ginette.Post(table + "/calls/" + calls[0].ID + "/withdraw").Want(404)
}

func TestCodesThatLeadNowhereAreOnePage(t *testing.T) {
	h := webtest.New(t)
	paths := tables(t, h, 2)
	h.Write(func(ctx context.Context, tx db.Tx) error {
		all, err := floor.Tables(ctx, tx, h.Place.ID)
		if err != nil {
			return err
		}
		return floor.Rotate(ctx, tx, place.System(), h.Place.ID, time.Time{}, all[0].ID)
	})
	want := h.Visitor().Get("/t/nothing").Want(404)
	if strings.Contains(want.Body, "Le Zinc") || want.Text("h1") != "Ce code a changé" {
		t.Errorf("the page: %s", want.Text("main"))
	}
	for name, path := range map[string]string{"rotated": paths[0], "changed": paths[1] + "A", "its status": paths[0] + "/status", "its stream": paths[0] + "/stream"} {
		if got := h.Visitor().Get(path); got.Body != want.Body || got.Status != 404 {
			t.Errorf("%s: another page", name)
		}
	}
	before, _ := place.Last(t.Context(), h.DB, h.Place.ID)
	h.Visitor().Post(paths[0], "kind", "hungry").Want(404)
	if after, _ := place.Last(t.Context(), h.DB, h.Place.ID); after != before {
		t.Error("a rotated code still writes")
	}
}

func TestTheLanguageIsThePhonesUntilOneIsChosen(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	phone := h.Visitor()
	phone.Header.Set("Accept-Language", "en-GB,en;q=0.9")
	page := phone.Get(table)
	if page.Attr("html", "lang") != "en-GB" || !strings.Contains(page.Text("main"), "You’re at table 1.") {
		t.Errorf("%s: %s", page.Attr("html", "lang"), page.Text("main"))
	}
	french := phone.Get(page.Attr("a[hreflang=fr]", "href"))
	if french.Attr("html", "lang") != "fr-CA" {
		t.Error("the switch does not switch")
	}
	after := phone.Follow(phone.Post(french.Attr("form", "action"), "kind", "water"))
	if after.Attr("html", "lang") != "fr-CA" {
		t.Error("the choice is lost by asking")
	}
}

func TestRefusedWordsStayOnThePage(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	phone := h.Visitor()
	long := strings.Repeat("mot ", 150)
	page := phone.Post(table, "kind", "other", "text", long).Want(http.StatusUnprocessableEntity)
	if !strings.Contains(page.Text("[role=alert]"), "599 caractères") || !strings.Contains(page.Body, long) {
		t.Errorf("%s", page.Text("[role=alert]"))
	}
	phone.Post(table, "kind", "other", "text", strings.Repeat("x", 10_000)).Want(http.StatusUnprocessableEntity)
	phone.Post(table, "kind", "other", "text", strings.Repeat("x", 100_000)).Want(http.StatusRequestEntityTooLarge)
	for range h.Place.Settings.PerGuest {
		phone.Post(table, "kind", "water").Want(303)
	}
	limited := phone.Post(table, "kind", "other", "text", "et du pain").Want(http.StatusTooManyRequests)
	if limited.Header.Get("Retry-After") == "" || !strings.Contains(limited.Text("[role=alert]"), "Redites-le dans 10") || !strings.Contains(limited.Body, "et du pain") {
		t.Errorf("%s %q", limited.Text("[role=alert]"), limited.Header.Get("Retry-After"))
	}
}

func TestClosedPausedAndBlockedPagesSaySoAndOfferNoForm(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	staff, phone := h.As(h.Owner), h.Visitor()
	for state, title := range map[string]string{"paused": "Petite pause", "closed": "On est fermé"} {
		staff.Post("/p/le-zinc/floor/opening", "state", state).Want(303)
		page := phone.Get(table).Want(200)
		if page.Text("#salut") != title || page.Has("form") {
			t.Errorf("%s: %s", state, page.Text("main"))
		}
		phone.Post(table, "kind", "water").Want(http.StatusServiceUnavailable)
	}
	staff.Post("/p/le-zinc/floor/opening", "state", "open").Want(303)
	phone.Post(table, "kind", "other", "text", "bouh").Want(303)
	board := staff.Get("/p/le-zinc/floor")
	staff.Post(taking(t, board, "block")).Want(303)
	if page := phone.Get(table); page.Text("#salut") != "On est fermé" || page.Has("form") {
		t.Errorf("blocked: %s", page.Text("main"))
	}
	h.Visitor().Post(table, "kind", "water").Want(303)
}

// A guest's open page asks again whether it may be open: at once when its card is renewed or its guest is blocked.
func TestAGuestsOpenPageClosesWithItsCardOrItsGuest(t *testing.T) {
	for name, end := range map[string]func(h *webtest.House, staff *webtest.Browser){
		"renewed": func(h *webtest.House, staff *webtest.Browser) {
			staff.Post("/p/le-zinc/tables/rotate", "which", "all").Want(303)
		},
		"blocked": func(h *webtest.House, staff *webtest.Browser) {
			staff.Post(taking(t, staff.Get("/p/le-zinc/floor"), "block")).Want(303)
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := webtest.New(t)
			table := tables(t, h, 1)[0]
			phone := h.Visitor()
			asked := phone.Post(table, "kind", "other", "text", "On a soif").Want(303)
			cookies, err := http.ParseSetCookie(asked.Header.Get("Set-Cookie"))
			if err != nil {
				t.Fatal(err)
			}
			all := openStream(t, h.URL+table+"/stream", cookies)
			start := time.Now()
			end(h, h.As(h.Owner))
			next(t, all, "event: reload")
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("after %v", took)
			}
		})
	}
}

func TestTheSecondThumbReadsWhoWasFirst(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	h.Visitor().Post(table, "kind", "hungry").Want(303)
	noemie, tom := h.As(h.Add("Noémie Tremblay", "n@lezinc.example", place.Floor)), h.As(h.Add("Tom Roy", "t@lezinc.example", place.Floor))
	take := taking(t, noemie.Get("/p/le-zinc/floor"), "take")
	noemie.Post(take).Want(303)
	if late := tom.Follow(tom.Post(take).Want(303)); !strings.Contains(late.Text(".toast"), "Noémie l’a pris juste avant vous.") {
		t.Errorf("the second reads %q", late.Text(".toast"))
	}
}

// Two who press the same tile asked twice for one thing; two who write asked for two, and both are there to be read.
func TestOneSlipCountsTheSameTileAndShowsEveryOwnWord(t *testing.T) {
	h := webtest.New(t)
	paths := tables(t, h, 2)
	for range 2 {
		h.Visitor().Post(paths[0], "kind", "bill").Want(303)
	}
	first, second := h.Visitor(), h.Visitor()
	followed := first.Follow(first.Post(paths[1], "kind", "other", "text", "Une chaise de plus").Want(303))
	if say := followed.Text("#suivi h2"); say != "« Une chaise de plus »" {
		t.Errorf("their own words are the title: %q", say)
	}
	second.Post(paths[1], "kind", "other", "text", "תפריט").Want(303)
	board := h.As(h.Owner).Get("/p/le-zinc/floor")
	if n := board.Count("#prendre .bon"); n != 2 || strings.Count(board.Text("#prendre"), "Demandé 2 fois") != 1 {
		t.Errorf("%d slips: %s", n, board.Text("#prendre"))
	}
	if words := board.Text("#prendre .bon__words"); words != "תפריט" || board.Attr("#prendre .bon__words", "dir") != "auto" {
		t.Errorf("the second guest wrote %q", words)
	}
}

// A kind word has somebody to go to. It rings nowhere; the room reads it among what was done tonight, the counter knows
// for whom it is, and a guest who is stopped is not read any more.
func TestAKindWordGoesToWhomItIsFor(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	staff, rude := h.As(h.Owner), h.Visitor()
	if page := h.Visitor().Get(table); page.Attr("#mot [checked]", "value") != "" || page.Count("#mot [name=for]") != 3 {
		t.Errorf("it is for everybody unless one chooses: %s", page.Text("#mot"))
	}
	if page := rude.Post(table, "kind", "kind", "for", "bar", "text", " ").Want(422); page.Attr("#mot [checked]", "value") != "bar" {
		t.Error("whom it is for is forgotten with a refused form")
	}
	for _, w := range [][2]string{{"kitchen", "Le grilled cheese!"}, {"", "Quelle soirée"}, {"dj'; --", "La lumière"}} {
		h.Visitor().Post(table, "kind", "kind", "for", w[0], "text", w[1]).Want(303)
	}
	rude.Post(table, "kind", "kind", "for", "bar", "text", "Zut").Want(303)
	board := staff.Get("/p/le-zinc/floor")
	if done := board.Text("#plan .rows"); done != "1 « Zut » pour le bar 1 « La lumière » un mot gentil 1 « Quelle soirée » un mot gentil 1 « Le grilled cheese! » pour la cuisine" || board.Has("#prendre .bon") {
		t.Errorf("the room reads %q", done)
	}
	h.Write(func(ctx context.Context, tx db.Tx) error {
		var guest string
		if err := tx.QueryRow(ctx, "SELECT guest_id FROM kind_word WHERE place_id = $1 AND text = 'Zut'", h.Place.ID).Scan(&guest); err != nil {
			return err
		}
		return floor.Block(ctx, tx, place.System(), h.Place.ID, guest)
	})
	if done := staff.Get("/p/le-zinc/floor").Text("#plan .rows"); strings.Contains(done, "Zut") {
		t.Errorf("stopped, and read: %q", done)
	}
	h.Write(func(ctx context.Context, tx db.Tx) error { return floor.Prune(ctx, tx, time.Now().AddDate(0, 2, 0)) })
	if left, err := floor.KindWords(t.Context(), h.DB, h.Place.ID, time.Time{}, 9); err != nil || len(left) != 0 {
		t.Errorf("after the days that the place chose: %v %v", left, err)
	}
}

func TestThePrivacyNoticeIsOneTapAwayInBothLanguages(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	phone := h.Visitor()
	for lang, want := range map[string]string{"fr": "effacé après 30\u00a0jours", "en": "erased after 30"} {
		page := phone.Get(phone.Get(table+"?lang="+lang).Attr("a[href^="+table+"/privacy]", "href")).Want(200)
		if !strings.Contains(strings.ReplaceAll(page.Text("main"), "\u00a0", " "), strings.ReplaceAll(want, "\u00a0", " ")) {
			t.Errorf("%s: %s", lang, page.Text("main"))
		}
	}
}

func TestAWordOnTheListIsMaskedOnTheFloorAndKept(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := place.Change(ctx, tx, place.System(), h.Place.ID, func(p *place.Place) error { p.Settings.Masked = []string{"zut"}; return nil })
		return err
	})
	h.Visitor().Post(table, "kind", "other", "text", "Zut, zutalors").Want(303)
	if say := h.As(h.Owner).Get("/p/le-zinc/floor").Text("#prendre .bon__say"); say != "•••, zutalors" {
		t.Errorf("%q", say)
	}
	calls, err := floor.OfGuest(t.Context(), h.DB, floor.Guest{PlaceID: h.Place.ID}, time.Time{})
	if err != nil || len(calls) != 0 {
		t.Errorf("the zero guest has calls: %v %v", calls, err)
	}
}

func TestAClosedPlaceSaysWhenItOpensAndWhereItIsWrittenTo(t *testing.T) {
	h, server, _ := mailHouse(t, "127.0.0.1:*")
	table := tables(t, h, 1)[0]
	hours(h, nil)
	page := h.Visitor().Get(table).Want(200)
	if page.Has("a[href^=mailto]") || !strings.Contains(page.Text(".empty"), "On rouvre demain, 16 h") || !strings.Contains(page.Text(".facts"), "16 h à minuit") {
		t.Errorf("%s", page.Text("main"))
	}
	h.As(h.Owner).Post(mailPath+"/settings", mailForm(server.Endpoint(mailAddress, ""), mailPassword)...).Want(303)
	if got := h.Visitor().Get(table).Attr("a[href^=mailto]", "href"); got != "mailto:bonjour@lezinc.example" {
		t.Errorf("it is written to %q", got)
	}
}
