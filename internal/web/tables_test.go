package web_test

import (
	"context"
	"image"
	"image/png"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/db"
	"comptoir/internal/fault"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/web"
	"comptoir/internal/web/webtest"
)

// addressed is a house whose address can be changed; near is what it has on its network.
func addressed(t *testing.T, public string, near ...string) *webtest.House {
	t.Helper()
	var now atomic.Pointer[url.URL]
	if public != "" {
		u, err := url.Parse(public)
		if err != nil {
			t.Fatal(err)
		}
		now.Store(u)
	}
	return webtest.New(t, func(s *web.Server) {
		s.Addresses = func() []string { return near }
		s.Guard.Origin.Public = now.Load
		s.Address = web.Address{Use: now.Store, Probe: func(_ context.Context, base string) error {
			if strings.Contains(base, "nobody") {
				return fault.New(fault.Unavailable, "probe", "")
			}
			return nil
		}}
	})
}

func TestWhoCanOpenAnAddressIsSeenFromItsForm(t *testing.T) {
	for base, want := range map[string]web.Reach{
		"https://lezinc.example": web.ReachAll, "https://203.0.113.9": web.ReachAll, "http://lezinc.example:8080": web.ReachPlain,
		"http://192.168.1.10:8080": web.ReachPrivate, "https://10.0.0.2": web.ReachPrivate, "http://[fe80::1]:80": web.ReachPrivate, "http://[fd12::1]": web.ReachPrivate,
		"http://100.100.1.2": web.ReachPrivate, "http://zinc.local": web.ReachPrivate, "http://zinc": web.ReachPrivate, "http://[::ffff:192.168.1.10]": web.ReachPrivate,
		"http://localhost:8080": web.ReachSelf, "http://127.0.0.1": web.ReachSelf, "http://[::1]:8080": web.ReachSelf, "http://0.0.0.0:8080": web.ReachSelf, "https://zinc.localhost": web.ReachSelf, "": web.ReachSelf, "::": web.ReachSelf,
	} {
		if got := web.ReachOf(base); got != want {
			t.Errorf("%s: %s, want %s", base, got, want)
		}
	}
}

func TestCardsThatNoPhoneCanOpenAreNotPrinted(t *testing.T) {
	h := addressed(t, "")
	tables(t, h, 2)
	owner := h.As(h.Owner)
	page := owner.Get("/p/le-zinc/tables/cards").Want(200)
	if page.Has(".qc") || page.Has("form[data-printing]") || !strings.Contains(page.Text(".banner"), "Aucun téléphone") || !page.Has("input[name=address]") {
		t.Errorf("localhost: %s", page.Text(".banner"))
	}
	owner.Post("/p/le-zinc/tables/cards/printed", "card", "x").Want(http.StatusBadRequest)
}

func TestCardsOnALocalNetworkWarnAndPrintAnyway(t *testing.T) {
	h := addressed(t, "", "http://localhost:8080", "http://192.168.1.10:8080")
	tables(t, h, 3)
	owner := h.As(h.Owner)
	page := owner.Get("/p/le-zinc/tables/cards").Want(200)
	if page.Count(".qc") != 3 || !page.Has(".banner--amber") || !strings.Contains(page.Text("form[data-printing]"), "quand même") || !strings.HasPrefix(page.Text(".qc__u"), "192.168.1.10:8080/t/") {
		t.Errorf("%s | %s", page.Text(".banner"), page.Text(".qc__u"))
	}
}

func TestCardsSpeakThePlacesLanguageWhoeverPrintsThem(t *testing.T) {
	h := addressed(t, "https://lezinc.example")
	tables(t, h, 1)
	anne := h.Add("Anne", "anne@lezinc.example", place.Manager)
	h.As(anne).Post("/me", "name", "Anne", "language", "en-CA").Want(303)
	page := h.As(anne).Get("/p/le-zinc/tables/cards").Want(200)
	if page.Text("h1") != "Table codes" || page.Attr(".qc", "lang") != "fr-CA" || !strings.HasSuffix(page.Text(".qc .row"), "Faim, soif, un mot?") || !strings.Contains(page.Text(".qc"), "Visez, dites-le, on arrive. Scan, say it") {
		t.Errorf("%s: %s %s", page.Text("h1"), page.Attr(".qc", "lang"), page.Text(".qc"))
	}
}

func TestTheAddressIsTestedChangedAndSaysHowManyCardsAreOut(t *testing.T) {
	h := addressed(t, "", "http://192.168.1.10:8080")
	tables(t, h, 2)
	owner := h.As(h.Owner)
	cards := "/p/le-zinc/tables/cards"
	ids, err := floor.Tables(t.Context(), h.DB, h.Place.ID)
	if err != nil {
		t.Fatal(err)
	}
	owner.Post(cards+"/printed", "card", ids[0].ID, "card", ids[1].ID).Want(303)
	if page := owner.Get(cards); !strings.Contains(page.Text(".banner"), "2 affichettes imprimées") {
		t.Errorf("%s", page.Text(".banner"))
	}
	address := "/p/le-zinc/settings/address"
	owner.Post(address, "address", "lezinc.example", "do", "use").Want(http.StatusUnprocessableEntity)
	owner.Post(address, "address", "https://lezinc.example/t/", "do", "use").Want(http.StatusUnprocessableEntity)
	for host, want := range map[string]string{"https://lezinc.example": "Comptoir répond à cette adresse, en https.", "https://nobody.example": "Rien ne répond"} {
		if page := owner.Post(address, "address", host, "do", "test", "from", "cards").Want(200); !strings.Contains(page.Text("[role=status]"), want) {
			t.Errorf("%s: %s", host, page.Text(".banner"))
		}
	}
	page := owner.Follow(owner.Post(address, "address", "https://Lezinc.example", "do", "use", "from", "cards").Want(303))
	if !page.Has(".banner--verre") || !strings.HasPrefix(page.Text(".qc__u"), "lezinc.example/t/") {
		t.Errorf("%s | %s", page.Text(".banner"), page.Text(".qc__u"))
	}
	if v, err := place.InstanceValue(t.Context(), h.DB, place.InstancePublicURL); err != nil || v != "https://lezinc.example" {
		t.Errorf("stored %q %v", v, err)
	}
	if stale := owner.Get("/p/le-zinc/tables").Count(".plate .dot"); stale != 2 {
		t.Errorf("%d cards are said to be stale", stale)
	}
	manager := h.As(h.Add("Ma", "ma@lezinc.example", place.Manager))
	manager.Post(address, "address", "https://evil.example", "do", "use").Want(http.StatusForbidden)
}

func TestTheOperatorsAddressWins(t *testing.T) {
	h := webtest.New(t, func(s *web.Server) {
		u := &url.URL{Scheme: "https", Host: "fixed.example"}
		s.Guard.Origin.Public = func() *url.URL { return u }
		s.Address = web.Address{Fixed: true, Use: func(*url.URL) { t.Error("changed") }}
	})
	tables(t, h, 1)
	owner := h.As(h.Owner)
	if page := owner.Get("/p/le-zinc/tables/cards"); !strings.Contains(page.Text(".banner"), "--public-url") || page.Has("input[name=address]") {
		t.Errorf("%s", page.Text(".banner"))
	}
	owner.Post("/p/le-zinc/settings/address", "address", "https://other.example", "do", "use").Want(http.StatusBadRequest)
}

// The room says who looks after which zone: to her who does, and to whoever gives a call.
func TestAZoneIsLookedAfterBySomebody(t *testing.T) {
	h := webtest.New(t)
	noemie := h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Floor)
	table := tables(t, h, 1)[0]
	owner, at := h.As(h.Owner), "/p/le-zinc/tables"
	for _, name := range []string{"Fenêtres", "Terrasse", "Bar"} {
		owner.Post(at+"/zones", "zone", name).Want(303)
	}
	zones, err := floor.Zones(t.Context(), h.DB, h.Place.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, z := range zones[:2] {
		owner.Post(at+"/zones/"+z.ID, "zone", z.Name, "member", noemie.ID).Want(303)
	}
	owner.Post(at+"/zones/"+zones[2].ID, "zone", "Le bar", "member", "").Want(303)
	p := owner.Get(at).Want(200)
	if who := p.Text("#zones"); strings.Count(who, "Fenêtres Noémie") != 1 || !strings.Contains(who, "Le bar") || p.Attr("#zm-"+zones[1].ID+" option[selected]", "value") != noemie.ID {
		t.Errorf("%s", who)
	}
	h.Visitor().Post(table, "kind", "hungry").Want(303)
	if p := h.As(noemie).Get("/p/le-zinc/floor").Want(200); p.Text(".identity") != "NT Noémie section Fenêtres et Terrasse" {
		t.Errorf("she reads %q", p.Text(".identity"))
	}
	if p := owner.Get("/p/le-zinc/floor").Want(200); p.Has(".identity") || !strings.Contains(p.Text(".slip .menu"), "Noémie Tremblay Fenêtres et Terrasse") {
		t.Errorf("who gives a call reads %q", p.Text(".slip .menu"))
	}
}

func TestTablesZonesHoursAndKindsAreChanged(t *testing.T) {
	h := webtest.New(t)
	owner := h.As(h.Owner)
	at := "/p/le-zinc/tables"
	owner.Post(at+"/zones", "zone", "Fenêtres").Want(303)
	zones, err := floor.Zones(t.Context(), h.DB, h.Place.ID)
	if err != nil || len(zones) != 1 {
		t.Fatal(zones, err)
	}
	owner.Post(at+"/add", "count", "4", "zone", zones[0].ID).Want(303)
	if page := owner.Post(at+"/add", "count", "1000").Want(http.StatusUnprocessableEntity); !strings.Contains(page.Text(".banner"), "de 1 à 100") {
		t.Error(page.Text(".banner"))
	}
	all, _ := floor.Tables(t.Context(), h.DB, h.Place.ID)
	edit := at + "/edit/" + all[0].ID
	owner.Post(edit, "name", "Bar", "zone", zones[0].ID, "seats", "4", "x", "12", "y", "20").Want(303)
	owner.Post(edit, "name", "2", "zone", "", "seats", "4", "x", "12", "y", "20").Want(http.StatusUnprocessableEntity)
	owner.Post(edit, "name", "Bar", "zone", "", "seats", "x", "x", "12", "y", "20").Want(http.StatusUnprocessableEntity)
	owner.Post(at+"/rotate", "which", "zone "+zones[0].ID).Want(303)
	owner.Post(edit + "/rotate").Want(303)
	owner.Post(at+"/hours", "from-4", "16:00", "to-4", "03:00").Want(303)
	owner.Post(at+"/hours", "from-4", "16:00").Want(http.StatusUnprocessableEntity)
	owner.Post(at+"/kinds", "kind", "bill", "kind", "hungry", "kind", "evil").Want(303)
	owner.Post(at+"/gentle", "join", "2", "guest", "3", "table", "30", "long", "7").Want(303)
	owner.Post(at+"/gentle", "join", "2", "guest", "0", "table", "30", "long", "7").Want(http.StatusUnprocessableEntity)
	owner.Post(at+"/discreet", "keep", "10", "words", "zut, Flûte\r\nzut\r\n\r\n").Want(303)
	if page := owner.Post(at+"/discreet", "keep", "9999", "words", "zut").Want(http.StatusUnprocessableEntity); page.Text("#masques") != "zut" {
		t.Errorf("what was typed is lost: %q", page.Text("#masques"))
	}

	p, err := place.Get(t.Context(), h.DB, h.Place.ID)
	if err != nil {
		t.Fatal(err)
	}
	set := p.Settings
	if s := set.Hours.Days[time.Thursday]; len(s) != 1 || s[0] != (place.Span{From: 16 * 60, To: 27 * 60}) {
		t.Errorf("hours %v", set.Hours)
	}
	if strings.Join(set.GuestKinds, " ") != "hungry bill" || set.LongWait != 7*time.Minute || set.JoinWithin != 2*time.Minute || set.PerGuest != 3 || set.PerTable != 30 || set.KeepGuestDays != 10 || set.ShowFirstName || strings.Join(set.Masked, "|") != "zut|Flûte" {
		t.Errorf("%+v", set)
	}
	all, _ = floor.Tables(t.Context(), h.DB, h.Place.ID)
	if all[0].Name != "Bar" || all[0].Version != 3 || all[1].Version != 2 {
		t.Errorf("%+v", all[:2])
	}
	page := owner.Get(at).Want(200)
	if page.Attr("input[name=to-4]", "value") != "03:00" || page.Attr("input[name=from-1]", "value") != "" {
		t.Error("the hours are not shown as they are")
	}
	owner.Post(edit + "/remove").Want(303)
	owner.Get(edit).Want(404)
	h.As(h.Add("Tom", "tom@lezinc.example", place.Floor)).Get(at).Want(http.StatusForbidden)
}

// needs skips a test whose reader of what was printed is not installed.
func needs(t *testing.T, program string) string {
	t.Helper()
	path, err := exec.LookPath(program)
	if err != nil && os.Getenv("COMPTOIR_REAL") != "" {
		t.Fatal(err)
	}
	if err != nil {
		t.Skip(program + " is not installed")
	}
	return path
}

// The sheet as it comes out of the printer, whatever the light of the screen: four cards to a letter page, each code read by
// a camera at the density of a poor printer, each plate with its number.
func TestPrintedCardsAreReadByACameraAndOpenTheirTables(t *testing.T) {
	zbar, pdftoppm, pdftotext := needs(t, "zbarimg"), needs(t, "pdftoppm"), needs(t, "pdftotext")
	h := addressed(t, "https://lezinc.example")
	paths := tables(t, h, 6)
	p := signedIn(t, h, browsertest.Desk.Evening(), paths[0], h.Owner)
	p.Goto(h.URL + "/p/le-zinc/tables/cards")
	pdf := p.PDF("affichettes")
	run := func(program string, args ...string) string {
		t.Helper()
		out, err := exec.CommandContext(t.Context(), program, args...).Output()
		if err != nil {
			t.Fatal(program, err)
		}
		return string(out)
	}
	words := strings.Join(strings.Fields(run(pdftotext, pdf, "-")), " ")
	if strings.Count(words, "Visez, dites-le, on arrive.") != 6 || strings.Contains(words, "Imprimer") || strings.Contains(words, "Le comptoir") || strings.Contains(words, "Adresse") {
		t.Errorf("on paper: %s", words)
	}
	pages := strings.TrimSuffix(pdf, ".pdf")
	run(pdftoppm, "-r", "100", "-png", pdf, pages)
	all, err := filepath.Glob(pages + "-[0-9].png")
	if err != nil || len(all) != 2 {
		t.Fatalf("%d pages, %v", len(all), err)
	}
	read := ""
	for _, page := range all {
		read += run(zbar, "--quiet", "--raw", page)
		width, height := pictureSize(t, page)
		if width != 850 || height != 1100 {
			t.Errorf("the page is %d × %d, want a letter at 100 dots an inch", width, height)
		}
	}
	for _, path := range paths {
		if strings.Count(read, "https://lezinc.example"+path+"\n") != 1 {
			t.Errorf("the camera does not read %s once: %s", path, read)
		}
	}
	if first := blue(t, all[0]); first < 2000 {
		t.Errorf("the plates have lost their enamel on paper: %d blue dots", first)
	}
	h.Visitor().Get(paths[5]).Want(200)
}

func pictureSize(t *testing.T, path string) (width, height int) {
	t.Helper()
	size := readPNG(t, path).Bounds()
	return size.Dx(), size.Dy()
}

func readPNG(t *testing.T, path string) image.Image {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	img, err := png.Decode(f)
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// blue counts the dots of enamel blue.
func blue(t *testing.T, path string) (n int) {
	img := readPNG(t, path)
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			if r, _, b, _ := img.At(x, y).RGBA(); b>>8 > 90 && b>>8 < 180 && r>>8 < 80 {
				n++
			}
		}
	}
	return n
}

func TestTheTablesScreenOnADeskAndAPhone(t *testing.T) {
	h := addressed(t, "", "http://192.168.1.10:8080")
	paths := tables(t, h, 11)
	h.Write(func(ctx context.Context, tx db.Tx) error {
		for _, name := range []string{"Fenêtres", "Fond de salle"} {
			if _, err := floor.AddZone(ctx, tx, place.System(), h.Place.ID, name); err != nil {
				return err
			}
		}
		return nil
	})
	for name, v := range map[string]browsertest.View{"1440": browsertest.Desk, "390-soir": browsertest.Phone.Evening()} {
		p := signedIn(t, h, v, paths[0], h.Owner)
		for screen, path := range map[string]string{"tables": "tables", "plan": "tables/plan", "adresse": "settings/address", "affichettes-wifi": "tables/cards", "essai": "start/message"} {
			p.Goto(h.URL + "/p/le-zinc/" + path)
			p.Fits()
			p.Axe()
			p.Screenshot(screen + "-" + name)
		}
	}
}
