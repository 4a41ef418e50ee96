package app_test

import (
	"net/http"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"comptoir/internal/app"
	"comptoir/internal/place"
)

// Other sites, mail scanners and browsers that fetch ahead send GET with whatever cookie there is: it changes
// nothing, whoever sends it, not even the second time.
func TestNoGETChangesAnything(t *testing.T) {
	takesMinutes(t)
	each(t, func(t *testing.T, cfg app.Config) {
		w := newWorld(t, cfg)
		walked := 0
		for _, r := range doors(t, w.Routes()) {
			if r.method != http.MethodGet {
				continue
			}
			for _, kind := range visitors {
				want := r.want[kind.name]
				if !letIn(want) && kind.name != "nobody" {
					continue
				}
				h := w.here.things(place.Member{})
				v := kind.make(h)
				v.addr, h.visitor = w.from(), v.member
				q := r.request(h.get)
				before := w.contents("")
				for range 2 {
					if a := w.send(v, q, r.route.Stream); a.class() != want {
						t.Errorf("%s, %s: %s, want %s", r.name(), kind.name, a.class(), want)
					}
				}
				walked++
				if diff := gocmp.Diff(before, w.contents("")); diff != "" {
					t.Errorf("%s, %s, changes: %s", r.name(), kind.name, diff)
				}
			}
		}
		if walked < 100 {
			t.Errorf("only %d walked", walked)
		}
	})
}
