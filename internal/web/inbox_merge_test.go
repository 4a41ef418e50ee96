package web_test

import (
	"strings"
	"testing"
	"time"

	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// plain is a text with ordinary spaces.
func plain(s string) string { return strings.NewReplacer("\u00a0", " ", "\u202f", " ").Replace(s) }

func TestTwoConversationsAreMadeOneAndThatIsTakenBack(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	ids := say(t, h, from("Maude Gervais", "Avez-vous trouvé mon foulard?", time.Now().Add(-time.Hour)), from("M. Gervais", "C’est encore moi, pour le foulard", time.Now()))
	kept, gone := "/p/le-zinc/inbox/c/"+ids[0], "/p/le-zinc/inbox/c/"+ids[1]
	b.Post(kept + "/settle").Want(303)
	b.Post(gone+"/label", "new", "Objet perdu").Want(303)

	p := b.Get(b.Get(kept).Want(200).Attr("#gestes a[href="+kept+"/merge]", "href")).Want(200)
	if p.Has("#fil li a[href^=" + kept + "/merge?other=" + ids[0] + "]") {
		t.Error("it is proposed to join itself")
	}
	p = b.Get(p.Attr("#fil li a", "href")).Want(200)
	said := plain(p.Text("#fil"))
	for _, want := range []string{
		"Maude Gervais Maison, 1 message", "garde le nom", "M. Gervais Maison, 1 message", "Chaque réponse repart là d’où vient le message",
		"La conversation avec Maude Gervais se rouvre", "Qui s’en occupe et les étiquettes : ceux de Maude Gervais", "Les deux fiches restent deux",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("%q is not said before: %s", want, said)
		}
	}
	p = b.Follow(b.Post(p.Attr("#fil form", "action"), "other", p.Attr("#fil form input[name=other]", "value")).Want(303))
	if text := p.Text("#corps"); strings.Index(text, "trouvé mon foulard") > strings.Index(text, "encore moi") || !p.Has("#c-"+ids[0]) || p.Has("#c-"+ids[1]) {
		t.Errorf("joined: %s", p.Text("main"))
	}
	if p := b.Follow(b.Get(gone).Want(303)); !strings.Contains(p.Text("#corps"), "trouvé mon foulard") {
		t.Errorf("the old address leads to %s", p.Text("#corps"))
	}
	if to := b.Get(gone + "/merge").Want(303).Location(); to != kept+"/merge" {
		t.Errorf("joining what is joined leads to %s", to)
	}
	p = b.Follow(b.Post(p.Attr("#avis form", "action"), "of", p.Attr("#avis input[name=of]", "value")).Want(303))
	if !strings.Contains(p.Text("#avis"), "C’est annulé") || strings.Contains(p.Text("#corps"), "encore moi") {
		t.Errorf("taken back: %s", p.Text("main"))
	}
	if p := b.Get("/p/le-zinc/inbox?state=settled"); !p.Has("#c-"+ids[0]) || !b.Get("/p/le-zinc/inbox").Has("#c-"+ids[1]) {
		t.Error("they are not where they were")
	}
}

func TestMergedConversationsArePartedLater(t *testing.T) {
	h := webtest.New(t)
	marco, noemie := h.As(h.Owner), h.As(h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Manager))
	ids := say(t, h, from("Maude Gervais", "Bonsoir", time.Now().Add(-time.Hour)), from("M. Gervais", "C’est encore moi", time.Now()))
	kept := "/p/le-zinc/inbox/c/" + ids[0]
	marco.Post(kept+"/merge", "other", ids[1]).Want(303)
	p := noemie.Get(kept).Want(200)
	if got := p.Text("#gestes form button[name=other]"); got != "Séparer de M. Gervais" {
		t.Errorf("the way to part them says %q", got)
	}
	p = noemie.Follow(noemie.Post(kept+"/unmerge", "other", p.Attr("#gestes button[name=other]", "value")).Want(303))
	if !p.Has("#c-"+ids[1]) || !strings.Contains(p.Text("#avis"), "séparées") {
		t.Errorf("parted: %s", p.Text("main"))
	}
	p = noemie.Follow(noemie.Post(p.Attr("#avis form", "action"), "other", p.Attr("#avis input[name=other]", "value")).Want(303))
	if p.Has("#c-" + ids[1]) {
		t.Error("the notice does not join them again")
	}
}

func TestAPageThatIsOlderThanAMergeLosesNothing(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	ids := say(t, h, from("Maude Gervais", "Bonsoir", time.Now().Add(-time.Hour)), from("M. Gervais", "C’est encore moi", time.Now()))
	kept, gone := "/p/le-zinc/inbox/c/"+ids[0], "/p/le-zinc/inbox/c/"+ids[1]
	stream := events(t, h, h.Owner, b.Get(gone).Want(200).Attr("div[id^=flux-]", "hx-sse:connect"))
	b.Post(kept+"/merge", "other", ids[1]).Want(303)
	if told := next(t, stream, "fait maintenant partie d’une autre"); !strings.Contains(told, "#fil-"+ids[1]) || !strings.Contains(told, `href="`+kept+`"`) {
		t.Errorf("who reads it is told %s", told)
	}
	for _, way := range []string{"/reply", "/note"} {
		p := b.Follow(b.Post(gone+way, "text", "On arrive!").Want(303))
		if p.Count(".msg--us") != 0 || p.Text("textarea[name=text]") != "On arrive!" || !strings.Contains(p.Text("#avis"), "fait maintenant partie") {
			t.Errorf("%s: %s", way, p.Text("#fil"))
		}
	}
	b.Header.Set("Referer", h.URL+gone)
	p := b.Follow(b.Post(gone + "/settle").Want(303))
	if !strings.Contains(p.Text("#avis"), "fait maintenant partie") || !p.Has("#c-"+ids[0]) {
		t.Errorf("settled from an old page: %s", p.Text("main"))
	}
}

func TestOnlyConversationsOfThePlaceAreJoined(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	id := say(t, h, from("Maude", "Bonsoir", time.Now()))[0]
	at := "/p/le-zinc/inbox/c/" + id
	if p := b.Get(at + "/merge").Want(200); !strings.Contains(p.Text("#fil"), "pas d’autre conversation") {
		t.Errorf("%s", p.Text("#fil"))
	}
	b.Post(at+"/merge", "other", "x").Want(404)
	if p := b.Follow(b.Post(at+"/merge", "other", id).Want(303)); !strings.Contains(p.Text("#avis"), "ne fusionne pas avec elle-même") {
		t.Errorf("with itself: %s", p.Text("#avis"))
	}
	if p := b.Get(at + "/merge?other=x").Want(200); p.Has("#fil form input[name=other]") {
		t.Error("an unknown conversation can be joined")
	}
}
