package web_test

import (
	"context"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"comptoir/internal/db"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

func TestSigningInAndOut(t *testing.T) {
	h := webtest.New(t)
	b := h.Visitor()
	p := b.Get("/p/le-zinc/settings/place").Want(303)
	if got := p.Location(); got != "/sign-in?to=%2Fp%2Fle-zinc%2Fsettings%2Fplace" {
		t.Fatalf("sent to %s", got)
	}
	p = b.Get(p.Location()).Want(200)
	if p.Text("main .porte__s p.muted") != "Le Zinc" || p.Attr("input[name=password]", "autocomplete") != "current-password" {
		t.Errorf("%s", p.Text("main"))
	}
	p = b.Post("/sign-in", "email", h.Owner.Email, "password", webtest.Password, "to", p.Attr("input[name=to]", "value")).Want(303)
	if p.Location() != "/p/le-zinc/settings/place" {
		t.Errorf("then to %s", p.Location())
	}
	cookie := p.Header.Values("Set-Cookie")
	if len(cookie) != 2 || !strings.Contains(cookie[0], "HttpOnly; SameSite=Lax") || !strings.HasPrefix(cookie[0], "comptoir=") {
		t.Errorf("cookies: %v", cookie)
	}
	b.Get("/p/le-zinc/settings/place").Want(200)
	p = b.Post("/sign-out").Want(303)
	if p.Header.Get("Clear-Site-Data") != `"cache", "storage"` || p.Location() != "/sign-in" {
		t.Errorf("%v", p.Header)
	}
	b.Get("/p/le-zinc/settings/place").Want(303)
}

func TestOverHTTPSTheCookieIsBoundToTheHost(t *testing.T) {
	h := webtest.New(t)
	b := h.Visitor()
	b.Header.Set("X-Forwarded-Proto", "https")
	p := b.Post("/sign-in", "email", h.Owner.Email, "password", webtest.Password).Want(303)
	for _, c := range p.Header.Values("Set-Cookie") {
		if !strings.HasPrefix(c, "__Host-") || !strings.Contains(c, "; Path=/;") || !strings.Contains(c, "; HttpOnly; Secure; SameSite=Lax") {
			t.Errorf("%s", c)
		}
	}
}

// Whatever somebody changed in an account is told at its next sign-in, once.
func TestTheNextSignInTellsWhatChanged(t *testing.T) {
	h := webtest.New(t)
	h.As(h.Owner).Post("/me/email", "email", "serin@lezinc.example").Want(303)
	h.As(h.Owner).Post("/p/le-zinc/settings/tokens", "name", "caisse", "scope", "read").Want(200)
	b := h.Visitor()
	b.Post("/sign-in", "email", "serin@lezinc.example", "password", webtest.Password).Want(303)
	p := b.Get("/p/le-zinc/settings/place").Want(200)
	if said := p.Text("#avis"); !strings.Contains(said, "l’adresse avec laquelle vous entrez a été changée et un jeton a été fait en votre nom") {
		t.Errorf("it tells: %s", said)
	}
	again := h.Visitor()
	again.Post("/sign-in", "email", "serin@lezinc.example", "password", webtest.Password).Want(303)
	if p := again.Get("/p/le-zinc/settings/place").Want(200); strings.Contains(p.Text("#avis"), "adresse") {
		t.Errorf("it tells again: %s", p.Text("#avis"))
	}
}

func TestAPageCannotSendSomebodyElsewhereAfterSigningIn(t *testing.T) {
	h := webtest.New(t)
	for _, to := range []string{"https://evil.example/", "//evil.example", `/\evil.example`, "javascript:alert(1)", "evil", ""} {
		p := h.Visitor().Post("/sign-in", "email", h.Owner.Email, "password", webtest.Password, "to", to).Want(303)
		if p.Location() != "/" {
			t.Errorf("%q leads to %q", to, p.Location())
		}
	}
}

// The whole answer, byte for byte, header for header: who guesses learns nothing about who has an account.
func TestAnUnknownAddressAnswersByteForByteLikeAKnownOne(t *testing.T) {
	h := webtest.New(t)
	h.Add("Tom", "thom@lezinc.example", place.Floor) // invited, without a password
	answers := func(email string) []string {
		b := h.Visitor()
		var out []string
		for range 12 {
			out = append(out, whole(t, b.Post("/sign-in", "email", email, "password", "pas le bon mot de passe"), email))
		}
		return out
	}
	known, unknown, without := answers(h.Owner.Email), answers("perso@lezinc.example"), answers("thom@lezinc.example")
	if diff := cmp.Diff(known, unknown); diff != "" {
		t.Errorf("unknown: %s", diff)
	}
	if diff := cmp.Diff(known, without); diff != "" {
		t.Errorf("without a password: %s", diff)
	}
	if !strings.HasPrefix(known[0], "Unprocessable") || !strings.HasPrefix(known[11], "Too Many") {
		t.Errorf("%.40s … %.40s", known[0], known[11])
	}
}

// whole is an answer byte for byte, but for the address that was typed and the time of day.
func whole(t *testing.T, p *webtest.Page, email string) string {
	t.Helper()
	var head strings.Builder
	p.Header.Del("Date")
	if err := p.Header.Write(&head); err != nil {
		t.Fatal(err)
	}
	return http.StatusText(p.Status) + "\n" + head.String() + clock.ReplaceAllString(strings.ReplaceAll(p.Body, email, "EMAIL"), "HEURE")
}

var clock = regexp.MustCompile(`\d+\x{a0}h(\x{a0}\d\d)?`)

func TestThePauseOpensAgainByItself(t *testing.T) {
	h := webtest.New(t)
	b := h.Visitor()
	var p *webtest.Page
	for i := range 11 {
		p = b.Post("/sign-in", "email", h.Owner.Email, "password", "pas le bon", "to", "/me")
		if warned := strings.Contains(p.Text("#passe-e"), "avant une pause"); i < 10 && warned != (i >= 6 && i <= 8) {
			t.Errorf("attempt %d: %s", i+1, p.Text("#passe-e"))
		}
	}
	p.Want(429)
	if p.Header.Get("Retry-After") != "60" || p.Header.Get("Refresh") != "60; url=/sign-in?to=%2Fme" || !strings.Contains(p.Text(".banner"), "Nouvel essai possible à") {
		t.Errorf("%v %s", p.Header, p.Text("main"))
	}
}

func TestPlainHTTPFromElsewhereIsRefusedKindly(t *testing.T) {
	h := webtest.New(t)
	b := h.Visitor()
	b.Header.Set("X-Forwarded-For", "192.168.1.20")
	for _, path := range []string{"/sign-in", "/setup/x", "/invite/x", "/reset/x", "/enter/x", "/me", "/p/le-zinc/settings/team"} {
		if p := b.Get(path).Want(403); !strings.Contains(p.Text("main"), "https") {
			t.Errorf("%s: %s", path, p.Text("main"))
		}
	}
	if p := b.Post("/sign-in", "email", h.Owner.Email, "password", webtest.Password).Want(403); len(p.Header.Values("Set-Cookie")) > 0 {
		t.Error("a cookie over plain http")
	}
	h.Guard.PlainSignIn = true
	if p := b.Get("/sign-in").Want(200); !p.Has(".banner--amber") {
		t.Errorf("no banner over plain http: %s", p.Text("main"))
	}
	b.Post("/sign-in", "email", h.Owner.Email, "password", webtest.Password).Want(303)
}

// Every form of the house refuses a page of another site, and changes nothing.
func TestNoFormAnswersAnotherSite(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	b.Header.Set("Sec-Fetch-Site", "cross-site")
	before := lastSeq(t, h)
	posts := 0
	for _, r := range h.Table.Routes() {
		if r.Method != "POST" {
			continue
		}
		posts++
		path := strings.NewReplacer("{place}", "le-zinc", "{code}", strings.Repeat("a", 43)).Replace(r.Pattern)
		b.Post(path, "email", h.Owner.Email, "password", webtest.Password, "member", h.Owner.ID).Want(403)
	}
	if posts < 15 || lastSeq(t, h) != before {
		t.Errorf("%d forms tried, journal %d → %d", posts, before, lastSeq(t, h))
	}
}

func lastSeq(t *testing.T, h *webtest.House) int64 {
	n, err := place.Last(t.Context(), h.DB, h.Place.ID)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestChangesThatMatterAskThePasswordAgain(t *testing.T) {
	h := webtest.New(t)
	b := h.As(h.Owner)
	h.Write(func(ctx context.Context, tx db.Tx) error {
		_, err := tx.Exec(ctx, "UPDATE session SET authenticated_at = 0")
		return err
	})
	b.Header.Set("Referer", h.URL+"/p/le-zinc/settings/tokens")
	p := b.Post("/p/le-zinc/settings/tokens", "name", "Caisse", "scope", "read").Want(303)
	if p.Location() != "/sign-in/again?to=%2Fp%2Fle-zinc%2Fsettings%2Ftokens" {
		t.Fatalf("to %s", p.Location())
	}
	page := b.Get(p.Location()).Want(200)
	if page.Attr("input[name=email]", "value") != h.Owner.Email || !page.Has("input[name=email][readonly]") {
		t.Error(page.Text("main"))
	}
	b.Post("/sign-in/again", "password", "pas le bon mot").Want(422)
	p = b.Post("/sign-in/again", "password", webtest.Password, "to", page.Attr("input[name=to]", "value")).Want(303)
	if p.Location() != "/p/le-zinc/settings/tokens" || len(p.Header.Values("Set-Cookie")) == 0 {
		t.Errorf("to %s", p.Location())
	}
	p = b.Post("/p/le-zinc/settings/tokens", "name", "Caisse", "scope", "read").Want(200)
	if !strings.HasPrefix(p.Attr("#jeton", "value"), "cpt_") {
		t.Errorf("%s", p.Text("main"))
	}
	if again := b.Get("/p/le-zinc/settings/tokens").Want(200); strings.Contains(again.Body, "cpt_") || !strings.Contains(again.Text("main"), "Caisse") {
		t.Error("a token is shown twice")
	}
}
