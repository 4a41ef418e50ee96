package web_test

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"comptoir/internal/db"
	"comptoir/internal/door"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// The page with a new link is the answer to a form. A second form sent from it, too long after the password, must not
// end where there is nothing to load.
func TestAFormThatWaitedTooLongLeadsBackToItsPage(t *testing.T) {
	h := webtest.New(t)
	noemie := h.Add("Noémie", "noemie@lezinc.example", place.Floor)
	for _, c := range []struct {
		page, to string
		form     []string
	}{
		{"/p/le-zinc/settings/team/invite", "/p/le-zinc/settings/team", []string{"email", "tom@lezinc.example", "role", "floor"}},
		{"/p/le-zinc/settings/team/reset", "/p/le-zinc/settings/team", []string{"member", noemie.ID}},
		{"/me/email", "/me", []string{"email", "pas une adresse"}},
	} {
		b := h.As(h.Owner)
		b.Post(c.page, c.form...)
		h.Write(func(ctx context.Context, tx db.Tx) error {
			_, err := tx.Exec(ctx, "UPDATE session SET authenticated_at = 0")
			return err
		})
		b.Header.Set("Referer", h.URL+c.page)
		// htmx with its streams asks so for everything.
		b.Header.Set("HX-Request", "true")
		b.Header.Set("Accept", "text/html, text/event-stream")
		again := b.Post(c.page, c.form...).Want(401).Header.Get("HX-Redirect")
		if again != "/sign-in/again?to="+url.QueryEscape(c.page) {
			t.Errorf("%s: to %s", c.page, again)
		}
		b.Header = http.Header{}
		p := b.Post("/sign-in/again", "password", webtest.Password, "to", c.page).Want(303)
		if p = b.Get(p.Location()).Want(303); p.Location() != c.to {
			t.Errorf("%s: then to %s", c.page, p.Location())
		}
	}
}

// Whatever a member sends after their session has ended, they sign in, land on a page that is there, and read that nothing
// was changed; also where the form stood on the answer to another form, at an address that only takes forms.
func TestAfterASessionThatEndedEveryFormLeadsToAPage(t *testing.T) {
	h := webtest.New(t)
	tables(t, h, 1)
	id := anEvening(t, h)[0]
	fill := strings.NewReplacer("{place}", "le-zinc", "{conversation}", id)
	for _, route := range h.Table.Routes() {
		if route.Kind != door.Team || route.Method != "POST" || strings.HasPrefix(route.Pattern, "/sign-") {
			continue
		}
		b := h.Visitor()
		at := fill.Replace(route.Pattern)
		b.Header.Set("Referer", h.URL+at)
		p := b.Post(at).Want(303)
		to, err := url.Parse(p.Location())
		if err != nil || to.Path != "/sign-in" {
			t.Errorf("%s leads to %s", route.Pattern, p.Location())
			continue
		}
		b.Header.Del("Referer")
		b.SignIn(h.Owner) // they have signed in
		quiet := strings.HasSuffix(at, "/seen") || strings.HasSuffix(at, "/presence") || strings.HasSuffix(at, "/draft")
		if p = b.Follow(b.Get(to.Query().Get("to"))); p.Status != 200 && !strings.Contains(at, "{") {
			t.Errorf("%s: then %s answers %d", route.Pattern, to.Query().Get("to"), p.Status)
		} else if p.Has("#avis") && strings.Contains(p.Text("#avis"), "Rien n’a été changé") == quiet {
			t.Errorf("%s: then one reads %q", route.Pattern, p.Text("#avis"))
		}
	}
}
