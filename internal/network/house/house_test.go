package house_test

import (
	"context"
	"strings"
	"testing"

	"comptoir/internal/fault"
	"comptoir/internal/network"
	"comptoir/internal/network/house"
)

func open(t *testing.T) network.Client {
	t.Helper()
	c, err := house.Driver{}.Open("", network.Credential{}, network.Wire{})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestAnAnswerIsDeliveredByBeingStored(t *testing.T) {
	p := open(t).(network.Publisher)
	for range 2 {
		r, err := p.Publish(t.Context(), network.Draft{Key: "k1", Text: "On arrive!"})
		if err != nil || r.ID != "k1" {
			t.Errorf("%+v %v", r, err)
		}
	}
	r, err := p.(network.Finder).Find(t.Context(), network.Draft{Key: "k1"})
	if err != nil || r.ID != "k1" {
		t.Errorf("found %+v %v", r, err)
	}
}

func TestWhatAGuestsPageCannotShowIsRefusedForGood(t *testing.T) {
	p := open(t).(network.Publisher)
	for name, d := range map[string]network.Draft{
		"nothing":  {Key: "k"},
		"too long": {Key: "k", Text: strings.Repeat("é", house.MaxText+1)},
		"a file":   {Key: "k", Text: "voilà", Attachments: []network.Attachment{{Name: "menu.pdf"}}},
	} {
		if _, err := p.Publish(t.Context(), d); !fault.Is(err, fault.Rejected) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := p.Publish(t.Context(), network.Draft{Key: "k", Text: strings.Repeat("é", house.MaxText)}); err != nil {
		t.Errorf("the longest: %v", err)
	}
}

func TestThereIsNothingToFetchAndTheCursorStays(t *testing.T) {
	page, err := open(t).(network.Fetcher).Fetch(t.Context(), "c")
	if err != nil || len(page.Messages) > 0 || page.More || page.Next != "c" {
		t.Errorf("%+v %v", page, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t).(network.Fetcher).Fetch(ctx, ""); !fault.Is(err, fault.Unavailable) {
		t.Errorf("after the end: %v", err)
	}
}

func TestAStrangersEndpointOrCredentialIsRefused(t *testing.T) {
	if _, err := (house.Driver{}).Open("https://elsewhere.example", network.Credential{}, network.Wire{}); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
	if _, err := (house.Driver{}).Open("", network.NewCredential(map[string]string{"password": "x"}), network.Wire{}); !fault.Is(err, fault.Invalid) {
		t.Error(err)
	}
}
