package web_test

import (
	"bufio"
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/place"
	"comptoir/internal/web/webtest"
)

// A removal, another role, a changed password or second factor and an ended session all reach a page that is open.
func TestAnOpenPageClosesWithinTwoSecondsOfARemoval(t *testing.T) {
	for name, act := range map[string]func(h *webtest.House, noemie place.Member){
		"removed": func(h *webtest.House, noemie place.Member) {
			h.As(h.Owner).Post("/p/le-zinc/settings/team/remove", "member", noemie.ID).Want(303)
		},
		"signed out elsewhere": func(h *webtest.House, noemie place.Member) {
			h.As(noemie).Post("/me/sessions/end-others").Want(303)
		},
		"a second factor, after which the other sessions end": func(h *webtest.House, noemie place.Member) {
			addApp(t, h.As(noemie))
		},
		"the operator took the second factor away": func(h *webtest.House, noemie place.Member) {
			h.Write(func(ctx context.Context, tx db.Tx) error {
				return place.ResetFactors(ctx, tx, place.System(), noemie.ID)
			})
		},
		"another role": func(h *webtest.House, noemie place.Member) {
			h.As(h.Owner).Post("/p/le-zinc/settings/team/role", "member", noemie.ID, "role", "manager").Want(303)
		},
		"a new password": func(h *webtest.House, noemie place.Member) {
			var code string
			h.Write(func(ctx context.Context, tx db.Tx) (err error) {
				code, err = place.ResetLink(ctx, tx, place.System(), "", noemie.ID)
				return err
			})
			h.Visitor().Post("/reset/"+code, "password", "le tramway passe à minuit").Want(303)
		},
		"a second factor asked of owners": func(h *webtest.House, noemie place.Member) {
			h.Write(func(ctx context.Context, tx db.Tx) error {
				_, err := place.Change(ctx, tx, place.System(), h.Place.ID, func(p *place.Place) error {
					p.Settings.OwnersSecondFactor = true
					return nil
				})
				return err
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := webtest.New(t)
			role := place.Floor
			if strings.Contains(name, "owners") {
				role = place.Owner
			}
			noemie := h.Add("Noémie", "noemie@lezinc.example", role)
			r, err := http.NewRequestWithContext(t.Context(), "GET", h.URL+"/p/le-zinc/floor/stream", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Accept", "text/event-stream")
			r.AddCookie(&http.Cookie{Name: "comptoir", Value: h.Cookie(noemie)})
			resp, err := http.DefaultClient.Do(r)
			if err != nil || resp.StatusCode != 200 {
				t.Fatal(resp, err)
			}
			defer resp.Body.Close()
			closed := make(chan bool, 1)
			go func() {
				lines := bufio.NewScanner(resp.Body)
				for lines.Scan() {
					if strings.HasPrefix(lines.Text(), "event: reload") {
						closed <- true
						return
					}
				}
				closed <- false
			}()
			start := time.Now()
			act(h, noemie)
			select {
			case said := <-closed:
				if !said {
					t.Error("the stream ended without a word")
				}
			case <-time.After(5 * time.Second):
				t.Fatal("still open")
			}
			if took := time.Since(start); took > 2*time.Second {
				t.Errorf("after %v", took)
			}
		})
	}
}
