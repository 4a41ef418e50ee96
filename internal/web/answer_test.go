package web_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"comptoir/internal/db"
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
