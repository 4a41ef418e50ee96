package app_test

import (
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/browsertest"
	"comptoir/internal/network/wordpress/realtest"
)

// The whole way with WordPress itself: a blog is connected by its address and an application password, a comment waits
// there, and is read, approved and answered in a browser.
func TestACommentOnTheRealWordPressIsApprovedAndAnsweredInTheBrowser(t *testing.T) {
	house := realtest.Need(t)
	t.Cleanup(realtest.Stop)
	site := house.Site(t, true)
	site.Holds(t)
	h := open(t, app.Config{AllowPrivate: []string{strings.TrimPrefix(site.URL, "http://")}})

	desk := browsertest.New(t, browsertest.Desk)
	_, port, _ := net.SplitHostPort(h.Addr().String())
	base := "http://127.0.0.1:" + port
	desk.Goto(base + "/sign-in?to=/p/le-zinc/settings/accounts/new/wordpress")
	desk.Fill("input[name=email]", "elie@zinc.example")
	desk.Fill("input[name=password]", "un mot de passe assez long")
	desk.Follow("main form button")
	id, err := site.Say(realtest.Comment{Name: "Maude", Email: "maude@exemple.test", Content: "Vous ouvrez le lundi ?"})
	if err != nil {
		t.Fatal(err)
	}
	desk.Fill("#es", site.URL+"/wp-admin/")
	desk.Fill("#en", "patron")
	desk.Fill("#ep", site.Password)
	desk.Screenshot("wordpress-connect")
	desk.Follow("button.btn--lit")
	desk.WaitForText(".banner--verre", "est branché")

	desk.Goto(base + "/p/le-zinc/inbox")
	desk.WaitForText("#rangs .conv", "Vous ouvrez le lundi ?")
	desk.Click("#rangs .conv")
	desk.WaitForText("#corps .msg__head", "En attente")
	desk.WaitForText("#corps .thread__subject", "Hello world!")
	desk.Screenshot("wordpress-held")
	stands := func() string {
		var c struct{ Status string }
		if err := site.Ask("keeper", http.MethodGet, fmt.Sprintf("comments/%d?context=edit", id), nil, &c); err != nil {
			t.Fatal(err)
		}
		return c.Status
	}
	if is := stands(); is != "hold" {
		t.Fatalf("the comment is %s before anybody decided", is)
	}
	desk.Click("#corps")
	desk.Press("o")
	desk.WaitForText("#corps", "a approuvé le message")
	eventually(t, "the site shows the comment", func() bool { return stands() == "approved" })

	desk.Press("r")
	desk.Fill("textarea[name=text]", "Oui, dès 17 h.")
	desk.Press("Control+Enter")
	desk.WaitForText("#corps .msg--us", "Oui, dès 17 h.")
	eventually(t, "the answer is under the comment, for all to read", func() bool {
		var seen []struct{ Content struct{ Rendered string } }
		if err := site.Ask("", http.MethodGet, fmt.Sprintf("comments?post=1&parent=%d", id), nil, &seen); err != nil {
			t.Fatal(err)
		}
		return len(seen) == 1 && strings.Contains(seen[0].Content.Rendered, "Oui, dès 17 h.")
	})
	time.Sleep(200 * time.Millisecond) // the page shows that it left
	desk.Screenshot("wordpress-answered")
}
