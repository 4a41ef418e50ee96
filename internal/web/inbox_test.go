package web_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/network"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// say has guests write to the house, the oldest first, and returns their conversations.
func say(t *testing.T, h *webtest.House, messages ...network.Message) []string {
	t.Helper()
	var ids []string
	h.Write(func(ctx context.Context, tx db.Tx) error {
		house, err := place.House(ctx, tx, h.Place.ID)
		if err != nil {
			return err
		}
		news, err := h.Web.Inbox.Accept(ctx, tx, house, messages...)
		for _, n := range news {
			ids = append(ids, n.ConversationID)
		}
		return err
	})
	return ids
}

// from is a message of one guest.
func from(who, words string, at time.Time) network.Message {
	return network.Message{
		ID: network.RemoteID(db.NewID()), Thread: network.RemoteID(who), Author: network.Author{ID: network.RemoteID(who), Name: who},
		Text: words, SentAt: at, Visibility: network.Private,
	}
}

func TestTheCounterListsWhatWasSaidAndOpensIt(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	if p := b.Get("/p/le-zinc/inbox").Want(200); !strings.Contains(p.Text("#rangs"), "Le comptoir est prêt") {
		t.Errorf("before anybody spoke: %s", p.Text("#rangs"))
	}
	now := time.Now()
	ids := say(t, h, from("Maude Gervais", "On a faim <b>ici</b>", now.Add(-time.Hour)), from("Karim", "Merci!", now.Add(-time.Minute)))
	p := b.Get("/p/le-zinc/inbox").Want(200)
	if p.Count("#rangs .convw") != 2 || !p.Has("#c-"+ids[0]+" .conv--new") || strings.Contains(p.Body, "<b>ici</b>") {
		t.Errorf("the list: %s", p.Text("#rangs"))
	}
	if text := p.Text("#rangs"); strings.Index(text, "Karim") > strings.Index(text, "Maude") || !strings.Contains(text, "C’est tout depuis") {
		t.Errorf("newest first, to its end: %s", text)
	}
	p = b.Get(p.Attr("#c-"+ids[0]+" a", "href")).Want(200)
	if !strings.Contains(p.Text("#corps"), "On a faim <b>ici</b>") || !p.Has("#c-"+ids[0]+" a[aria-current]") || p.Has("#c-"+ids[0]+" .conv--new") {
		t.Errorf("open and read: %s", p.Text("#fil"))
	}
	if !strings.Contains(p.Text("#fiche"), "Maude Gervais") {
		t.Errorf("the card: %s", p.Text("#fiche"))
	}
}

// A link on another site opens a page with the member's cookie: that must not tell the team that somebody read it.
func TestAConversationIsReadWhenItsPageSaysSo(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	id := say(t, h, from("Maude", "Bonsoir", time.Now()))[0]
	unread := func() bool { return b.Get("/p/le-zinc/inbox").Want(200).Has("#c-" + id + " .conv--new") }
	seen := b.Get("/p/le-zinc/inbox/c/"+id).Want(200).Attr("#vu-"+id, "hx-post")
	if !unread() {
		t.Error("loading the page has read it")
	}
	b.Post(seen).Want(204)
	if unread() {
		t.Error("the page said that it is seen, and it stays unread")
	}
}

func TestAConversationIsSettledAndThatIsTakenBack(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	id := say(t, h, from("Maude", "Bonsoir", time.Now()))[0]
	p := b.Follow(b.Post("/p/le-zinc/inbox/c/" + id + "/settle").Want(303))
	if p.Has("#c-"+id) || !strings.Contains(p.Text("#avis"), "C’est réglé.") {
		t.Errorf("settled: %s", p.Text("main"))
	}
	undo := p.Attr("#avis input[name=of]", "value")
	if p := b.Get("/p/le-zinc/inbox?state=settled"); !p.Has("#c-" + id) {
		t.Error("it is not among the settled ones")
	}
	p = b.Follow(b.Post("/p/le-zinc/inbox/undo", "of", undo).Want(303))
	if !p.Has("#c-" + id) {
		t.Error("taken back, it is not where it was")
	}
}

func TestAnAnswerSentTwiceByABrowserIsOneAnswer(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	id := say(t, h, from("Maude", "Bonsoir", time.Now()))[0]
	at := "/p/le-zinc/inbox/c/" + id
	once := b.Get(at).Want(200).Attr("input[name=once]", "value")
	for range 2 {
		b.Post(at+"/reply", "once", once, "text", "On arrive!").Want(303)
	}
	p := b.Get(at).Want(200)
	if p.Count(".msg--us") != 1 || !strings.Contains(p.Text(".msg--us"), "On arrive!") {
		t.Errorf("%d answers: %s", p.Count(".msg--us"), p.Text("#corps"))
	}
	b.Post(at+"/reply", "once", once, "text", "Autre chose").Want(303)
	if n := b.Get(at).Count(".msg--us"); n != 2 {
		t.Errorf("other words under an old name are %d answers", n)
	}
	cancel := p.Attr(".msg--us form", "action")
	p = b.Follow(b.Post(cancel).Want(303))
	if p.Count(".msg--us") != 1 || !strings.Contains(p.Text("textarea[name=text]"), "On arrive!") {
		t.Errorf("taken back: %s", p.Text("#fil"))
	}
}

func TestWhatIsTypedIsKeptAndAnEmptyAnswerIsRefused(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	id := say(t, h, from("Maude", "Bonsoir", time.Now()))[0]
	at := "/p/le-zinc/inbox/c/" + id
	b.Post(at+"/draft", "text", "Je pense que").Want(204)
	p := b.Get("/p/le-zinc/inbox")
	if !strings.Contains(p.Text("#c-"+id), "Brouillon") || b.Get(at).Text("textarea[name=text]") != "Je pense que" {
		t.Errorf("the draft: %s", p.Text("#c-"+id))
	}
	if p := b.Post(at+"/reply", "text", "  \n").Want(422); !p.Has("#rep-e") {
		t.Errorf("nothing to send: %s", p.Text("#reponse"))
	}
	if p := b.Post(at+"/reply", "text", strings.Repeat("é", 10_001)).Want(422); !p.Has("#rep-e") || len([]rune(p.Text("textarea[name=text]"))) != 10_001 {
		t.Error("too long, and what was typed is lost")
	}
	b.Post(at+"/note", "text", "Table du fond").Want(303)
	if p := b.Get(at); !strings.Contains(p.Text(".note"), "Table du fond") || !strings.Contains(p.Text(".note"), "Note de Marc-Antoine") {
		t.Errorf("the note: %s", p.Text(".note"))
	}
}

func TestSeveralConversationsAreSettledAtOnce(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	ids := say(t, h, from("A", "un", time.Now()), from("B", "deux", time.Now()), from("C", "trois", time.Now()))
	p := b.Follow(b.Post("/p/le-zinc/inbox/gestures", "do", "settle", "id", ids[0], "id", ids[1]).Want(303))
	if p.Count("#rangs .convw") != 1 || !strings.Contains(p.Text("#avis"), "2 conversations réglées") {
		t.Errorf("%s", p.Text("main"))
	}
	p = b.Follow(b.Post("/p/le-zinc/inbox/undo", "of", p.Attr("#avis input[name=of]", "value")).Want(303))
	if p.Count("#rangs .convw") != 3 {
		t.Errorf("%s", p.Text("#rangs"))
	}
	b.Post("/p/le-zinc/inbox/gestures", "do", "vanish", "id", ids[0]).Want(422)
}

func TestSeveralConversationsAreLabelledAtOnce(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	ids := say(t, h, from("A", "un", time.Now()), from("B", "deux", time.Now()), from("C", "trois", time.Now()))
	if p := b.Get("/p/le-zinc/inbox?pick=1"); p.Has("#groupe [name=label]") {
		t.Error("there is no label to put on")
	}
	b.Post("/p/le-zinc/inbox/c/"+ids[0]+"/label", "new", "Réservation").Want(303)
	label := b.Get("/p/le-zinc/inbox?pick=1").Attr("#groupe [name=label]", "value")
	p := b.Follow(b.Post("/p/le-zinc/inbox/gestures", "label", label, "id", ids[0], "id", ids[1]).Want(303))
	if !strings.Contains(p.Text("#avis"), "2 conversations étiquetées") || p.Count("#rangs .tag") != 2 || p.Count("#rangs .convw") != 3 {
		t.Errorf("%s / %s", p.Text("#avis"), p.Text("#rangs"))
	}
	p = b.Follow(b.Post("/p/le-zinc/inbox/undo", "of", p.Attr("#avis input[name=of]", "value")).Want(303))
	if p.Count("#rangs .tag") != 1 || !strings.Contains(p.Text("#c-"+ids[0]), "Réservation") { // it had it before
		t.Errorf("taken back: %s", p.Text("#rangs"))
	}
	other := another(h, "Le Magasin")
	b.Post("/p/"+other.Slug+"/inbox/gestures", "label", label, "id", ids[1]).Want(404)
	b.Post("/p/le-zinc/inbox/gestures", "label", "none", "id", ids[1]).Want(404)
	if p := b.Get("/p/le-zinc/inbox?state=settled&pick=1"); !p.Has("#groupe [name=label]") {
		t.Error("what is settled is not labelled")
	}
}

func TestSettingAsideEntrustingAndLabellingShow(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	noemie := h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Manager)
	id := say(t, h, from("Maude", "Bonsoir", time.Now()))[0]
	at := "/p/le-zinc/inbox/c/" + id
	b.Post(at+"/assign", "member", noemie.ID, "note", "Tu la connais").Want(303)
	b.Post(at+"/label", "new", "Réservation").Want(303)
	p := b.Get(at).Want(200)
	for _, want := range []string{"Marc-Antoine a confié la conversation à Noémie", "Tu la connais", "a mis l’étiquette « Réservation »"} {
		if !strings.Contains(strings.ReplaceAll(p.Text("#corps"), "\u00a0", " "), want) {
			t.Errorf("%q is not in %s", want, p.Text("#corps"))
		}
	}
	if p := h.As(noemie).Get("/p/le-zinc/inbox?state=mine"); !p.Has("#c-"+id) || !strings.Contains(p.Text("#c-"+id), "Réservation") {
		t.Errorf("hers: %s", p.Text("#rangs"))
	}
	p = b.Follow(b.Post(at+"/snooze", "until", "morning").Want(303))
	if p.Has("#c-"+id) || !strings.Contains(p.Text("#avis"), "demain") {
		t.Errorf("set aside: %s", p.Text("#avis"))
	}
	if p := b.Get("/p/le-zinc/inbox?state=snoozed"); !strings.Contains(p.Text("#c-"+id), "En veille jusqu’à demain") {
		t.Errorf("%s", p.Text("#rangs"))
	}
	past := b.Follow(b.Post(at+"/snooze", "date", "2001-01-01", "time", "10:00").Want(303))
	if !strings.Contains(past.Text("#avis"), "moment à venir") {
		t.Errorf("a moment gone by: %s", past.Text("#avis"))
	}
}

func TestAColleagueAnsweredFirst(t *testing.T) {
	h := webtest.New(t)
	marco, noemie := h.As(h.Owner), h.As(h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Manager))
	id := say(t, h, from("Maude", "Bonsoir", time.Now()))[0]
	at := "/p/le-zinc/inbox/c/" + id
	seen := marco.Get(at).Attr("input[name=seen]", "value")
	noemie.Post(at+"/reply", "text", "On arrive avec les menus!").Want(303)
	p := marco.Post(at+"/reply", "seen", seen, "text", "Oui, jusqu’à 23 h").Want(409)
	if text := p.Text("#corps .banner--amber"); !strings.Contains(text, "Noémie a répondu") || !strings.Contains(text, "On arrive avec les menus!") {
		t.Errorf("the collision: %s", text)
	}
	if !strings.Contains(p.Text("textarea[name=text]"), "Oui, jusqu’à 23 h") {
		t.Error("what was typed is lost")
	}
	marco.Post(at+"/reply", "seen", seen, "text", "Oui, jusqu’à 23 h", "anyway", "1").Want(303)
	if n := marco.Get(at).Count(".msg--us"); n != 2 {
		t.Errorf("%d answers", n)
	}
}

func TestTheFloorDoesNotSeeTheCounter(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Add("Noémie", "noemie@lezinc.example", place.Floor))
	id := say(t, h, from("Maude", "Bonsoir", time.Now()))[0]
	b.Get("/p/le-zinc/inbox").Want(403)
	b.Get("/p/le-zinc/inbox/c/" + id).Want(403)
	b.Post("/p/le-zinc/inbox/c/"+id+"/reply", "text", "x").Want(403)
}

func TestSearchFindsWithoutAccentsOrCapitals(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	ids := say(t, h, from("Maude", "Une RÉSERVATION pour jeudi", time.Now()), from("Karim", "Merci", time.Now()))
	b.Post("/p/le-zinc/inbox/c/" + ids[0] + "/settle").Want(303)
	p := b.Get("/p/le-zinc/inbox?q=reservation").Want(200)
	if p.Count("#rangs .convw") != 1 || !p.Has("#c-"+ids[0]) {
		t.Errorf("%s", p.Text("#rangs"))
	}
	if p := b.Get("/p/le-zinc/inbox?q=introuvable"); !strings.Contains(p.Text("#rangs"), "On ne trouve rien") {
		t.Errorf("%s", p.Text("#rangs"))
	}
}

func TestASearchShowsWhereItFoundAndOpensThere(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	now := time.Now()
	var said []network.Message
	for i := range 130 {
		words := "Bonsoir"
		if i == 3 {
			words = "Avez-vous trouvé une ÉCHARPE rouge?"
		}
		said = append(said, from("Maude", words, now.Add(time.Duration(i-200)*time.Minute)))
	}
	id := say(t, h, said...)[0]
	p := b.Get("/p/le-zinc/inbox?q=echarpe").Want(200)
	if got := p.Text("#c-" + id + " .conv__txt .found"); got != "ÉCHARPE" || !strings.Contains(p.Text("#rangs"), "C’est tout ce qu’on trouve") {
		t.Errorf("found %q: %s", got, p.Text("#rangs"))
	}
	if !strings.Contains(plain(p.Text("#liste .pane__head")), "« echarpe »") {
		t.Errorf("the head does not say what was searched: %s", p.Text("#liste .pane__head"))
	}
	p = b.Get(p.Attr("#c-"+id+" a", "href")).Want(200)
	if p.Count("#corps .msg") != 30 || !strings.Contains(p.Text("#corps .msg--found"), "ÉCHARPE") || !p.Has("#c-"+id+" a[aria-current]") {
		t.Errorf("it opens at %q, among %d messages", p.Text("#corps .msg--found"), p.Count("#corps .msg"))
	}
	if strings.Contains(p.Attr("div[id^=flux-]", "hx-sse:connect"), "open=") {
		t.Error("what arrives would take the place of what is read")
	}
	seen := p.Attr("input[name=seen]", "value")
	p = b.Get(p.Attr("#corps a[href^=/p/le-zinc/inbox/c/"+id+"?q=echarpe]", "href")).Want(200) // later messages
	if p.Count("#corps .msg") != 100 || p.Attr("input[name=seen]", "value") != seen {
		t.Errorf("back at the end: %d messages", p.Count("#corps .msg"))
	}
}

func TestTheListIsNarrowedToALabelAndWidened(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	ids := say(t, h, from("Maude", "un", time.Now()), from("Karim", "deux", time.Now()))
	b.Post("/p/le-zinc/inbox/c/"+ids[0]+"/label", "new", "Réservation").Want(303)
	p := b.Get(b.Get("/p/le-zinc/inbox").Attr("#filtre a[href^=/p/le-zinc/inbox?label=]", "href")).Want(200)
	if p.Count("#rangs .convw") != 1 || !p.Has("#c-"+ids[0]) || !strings.Contains(p.Text("#liste .pane__head .chips a[aria-current]"), "Réservation") {
		t.Errorf("narrowed: %s", p.Text("#liste"))
	}
	p = b.Get(p.Attr("#liste p.chips a", "href")).Want(200)
	if p.Count("#rangs .convw") != 2 {
		t.Errorf("widened: %s", p.Text("#rangs"))
	}
}

// What is said to a table fits the page of a phone, as what is said at one.
func TestAnAnswerToATableIsAsLongAsAGuestsOwnWords(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	conversation := "/p/le-zinc/inbox/c/" + say(t, h, from("Table 7", "La cuisine est encore ouverte?", time.Now()))[0]
	if most := b.Get(conversation).Attr("#compte", "data-max"); most != "500" {
		t.Errorf("the box counts up to %q", most)
	}
	long := strings.Repeat("é", 501)
	refused := b.Post(conversation+"/reply", "text", long).Want(422)
	if refused.Text("#reponse .err") != "C’est trop long : 500 caractères au plus." || refused.Text("#reponse textarea") != long {
		t.Errorf("refused with %q", refused.Text("#reponse"))
	}
	b.Post(conversation+"/reply", "text", long[2:]).Want(303)
}
