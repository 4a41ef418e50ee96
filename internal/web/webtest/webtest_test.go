package webtest_test

import (
	"testing"

	"comptoir/internal/web/webtest"
)

func TestAHouseAnswersThroughTheDoor(t *testing.T) {
	h := webtest.New(t)
	p := h.Visitor().Get("/nowhere").Want(404)
	if !p.Has("main.porte h1") || p.Has("main .nothing") || p.Header.Get("Content-Security-Policy") == "" {
		t.Errorf("%s", p.Body)
	}
	if got := h.Visitor().Get("/").Want(303).Location(); got != "/sign-in" {
		t.Errorf("a stranger is sent to %s", got)
	}
	if got := h.As(h.Owner).Get("/").Want(303).Location(); got != "/p/le-zinc/inbox" {
		t.Errorf("the owner is sent to %s", got)
	}
}
