package web_test

import (
	"strings"
	"testing"

	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

func TestThePlaceIsChangedInItsSettings(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	if got := b.Get("/p/le-zinc/settings").Want(303).Location(); got != "/p/le-zinc/settings/place" {
		t.Errorf("to %s", got)
	}
	form := []string{"place", "Le Zinc doré", "language", "en-CA", "timezone", "Europe/Paris", "undo", "20", "half_day", "on"}
	p := b.Post("/p/le-zinc/settings/place", append(form[:6:6], "undo", "999")...).Want(422)
	if !p.Has("#su-e") || p.Attr("#sn", "value") != "Le Zinc doré" {
		t.Errorf("%s", p.Text("main"))
	}
	b.Post("/p/le-zinc/settings/place", form...).Want(303)
	got, err := place.Get(t.Context(), h.DB, h.Place.ID)
	if err != nil || got.Name != "Le Zinc doré" || got.Settings.UndoSeconds != 20 || !got.Settings.FloorHalfDay || !got.Settings.ShowFirstName {
		t.Errorf("%+v %v", got, err)
	}
	p = b.Get("/p/le-zinc/settings/place").Want(200)
	if p.Attr("html", "lang") != "en-CA" || p.Text("h1") != "Settings" || !strings.Contains(p.Text("#avis"), "Kept.") {
		t.Errorf("%s: %s", p.Attr("html", "lang"), p.Text("h1"))
	}
}

func TestAMemberChangesWhatIsTheirs(t *testing.T) {
	h := webtest.New(t)
	noemie := h.Add("Noémie", "noemie@lezinc.example", place.Floor)
	b := h.As(noemie)
	p := b.Get("/me").Want(200)
	if p.Has("a[href^=/p/le-zinc/settings]") {
		t.Error("the floor is led to settings it may not open")
	}
	b.Post("/me", "name", "  ", "language", "tlh", "theme", "neon").Want(422)
	b.Post("/me", "name", "Noé", "language", "en-CA", "theme", "soir").Want(303)
	p = b.Get("/me").Want(200)
	if p.Attr("html", "lang") != "en-CA" || p.Attr("html", "data-theme") != "soir" || p.Attr("html", "data-keys") != "off" || p.Attr("#mn", "value") != "Noé" {
		t.Errorf("%s", p.Body[:200])
	}
	b.Post("/me/theme", "theme", "matin").Want(303)
	if b.Get("/me").Attr("html", "data-theme") != "matin" {
		t.Error("the light did not change")
	}
	if p := b.Post("/me/email", "email", h.Owner.Email).Want(422); !p.Has("#me-e") {
		t.Error("somebody else's address")
	}
	b.Post("/me/email", "email", "noe@lezinc.example").Want(303)
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	h := webtest.New(t)
	here, there, third := h.As(h.Owner), h.As(h.Owner), h.As(h.Owner)
	p := here.Get("/me/sessions").Want(200)
	if p.Count("[name=session]") != 2 || p.Text(".tag--verre") != "cette séance" {
		t.Errorf("%s", p.Text("main"))
	}
	stranger := h.As(h.Add("Tom", "tom@lezinc.example", place.Floor))
	stranger.Post("/me/sessions/end", "session", p.Attr("[name=session]", "value")).Want(404)
	here.Post("/me/sessions/end", "session", p.Attr("[name=session]", "value")).Want(303)
	here.Post("/me/sessions/end-others").Want(303)
	here.Get("/me").Want(200)
	there.Get("/me").Want(303)
	third.Get("/me").Want(303)
}

func TestAPasswordIsChangedWithTheOldOne(t *testing.T) {
	h := webtest.New(t)
	b, other := h.As(h.Owner), h.As(h.Owner)
	if p := b.Post("/me/password", "old", "pas le bon mot", "password", "le tramway passe à minuit").Want(422); !p.Has("#mo-e") {
		t.Error(p.Text("main"))
	}
	if p := b.Post("/me/password", "old", webtest.Password, "password", "marc-antoine 1").Want(422); !p.Has("#passe-e") {
		t.Error(p.Text("main"))
	}
	b.Post("/me/password", "old", webtest.Password, "password", "le tramway passe à minuit").Want(303)
	b.Get("/me").Want(200)
	other.Get("/me").Want(303)
}

func TestTheJournalSaysWhatHappenedInWords(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	h.Visitor().Post("/sign-in", "email", h.Owner.Email, "password", "pas le bon mot").Want(422)
	b.Post("/p/le-zinc/settings/team/invite", "email", "noemie@lezinc.example", "role", "floor").Want(200)
	p := b.Get("/p/le-zinc/settings/journal").Want(200)
	for _, want := range []string{"A monté le comptoir", "Mot de passe refusé", "A fait une invitation", "En salle"} {
		if !strings.Contains(p.Text("table"), want) {
			t.Errorf("no %q in %s", want, p.Text("table"))
		}
	}
	if strings.Contains(p.Body, "noemie@") {
		t.Error("an address in the journal")
	}
}

func TestTheJournalIsNarrowedToASubjectAndToSomebodyAndHandedOut(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	noemie := h.Add("=HYPERLINK(1)", "noemie@lezinc.example", place.Floor)
	floor, owner := h.As(noemie), h.As(h.Owner)
	h.Visitor().Post(table, "kind", "hungry").Want(303)
	floor.Post(taking(t, floor.Get("/p/le-zinc/floor"), "take")).Want(303)
	owner.Post("/p/le-zinc/tables/zones", "zone", "Bar").Want(303)
	journal := "/p/le-zinc/settings/journal"
	for _, c := range []struct{ asked, has, lacks string }{
		{"", "A monté le comptoir", "A pris un appel"},
		{"?about=floor", "A pris un appel Table 1, On a faim", "A monté le comptoir"},
		{"?about=floor&who=member+" + h.Owner.ID, "A ajouté une zone", "A pris un appel"},
		{"?about=floor&who=guest", "Un appel d’une table", "A ajouté une zone"},
		{"?about=all", "A pris un appel", "Est entré"},
		{"?about=all&who=member+" + noemie.ID, "A pris un appel", "A ajouté une zone"},
		{"?about=nonsense", "A monté le comptoir", "A pris un appel"},
	} {
		page := owner.Get(journal + c.asked).Want(200)
		if said := page.Text("table"); !strings.Contains(said, c.has) || strings.Contains(said, c.lacks) {
			t.Errorf("%q: %s", c.asked, said)
		}
		if !page.Has("select[name=who] option[selected]") || !page.Has("select[name=about] option[selected]") {
			t.Errorf("%q: what was asked is not chosen", c.asked)
		}
	}
	file := owner.Get(owner.Get(journal+"?about=floor").Attr("a[download]", "href")).Want(200)
	if file.Header.Get("Content-Type") != "text/csv; charset=utf-8" || !strings.Contains(file.Body, ",'=HYPERLINK(1),A pris un appel,\"Table 1, On a faim\"\n") || strings.Contains(file.Body, ",=") {
		t.Errorf("%s\n%s", file.Header.Get("Content-Type"), file.Body)
	}
	floor.Get(journal + "/file").Want(403)
}

func TestAMemberOfTwoPlacesGoesFromOneToTheOther(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	if p := b.Get("/me").Want(200); p.Has("#meslieux") {
		t.Error("a choice of one")
	}
	if _, _, err := place.SetUp(t.Context(), h.DB, place.First{Place: place.New{Name: "Le Cuivre", Language: "fr", TimeZone: "UTC"}, Owner: place.NewMember{Email: h.Owner.Email}}); err != nil {
		t.Fatal(err)
	}
	p := b.Get("/me").Want(200)
	if p.Attr("#meslieux", "id") == "" || !p.Has("a[href=/p/le-zinc/inbox]") || !p.Has("a[href=/p/le-cuivre/inbox]") {
		t.Errorf("%s", p.Text("main"))
	}
}

func TestOverPlainHTTPEverySettingsPageSaysSo(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	if p := b.Get("/me").Want(200); p.Has(".strip") {
		t.Error("a warning on this machine itself")
	}
	h.Guard.PlainSignIn = true
	b.Header.Set("X-Forwarded-For", "192.168.1.20")
	if p := b.Get("/me").Want(200); !strings.Contains(p.Text(".strip"), "n’est pas chiffrée") {
		t.Errorf("%s", p.Text(".tops"))
	}
}

func TestTheJournalSaysWhoStrayed(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	b.Post("/p/nulle-part/settings/place", "place", "X").Want(404)
	if text := b.Get("/p/le-zinc/settings/journal").Want(200).Text("main"); !strings.Contains(text, "A envoyé un formulaire à un lieu qui n’est pas le sien") {
		t.Errorf("%s", text)
	}
}
