package outgoing

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"comptoir/internal/fault"
)

// A member who tries targets one after the other learns nothing from the sentence or from a stopwatch:
// neither that a port of the house listens, nor that a name exists in its DNS.
func TestEveryRefusedTargetLooksTheSame(t *testing.T) {
	tr := listen(t)
	resolver, _ := resolve(t, map[string][][]string{
		"intranet.example": {{"10.0.0.1"}}, "local.example": {{"127.0.0.1"}}, "meta.example": {{"169.254.169.254"}}, "empty.example": {{}},
	})
	l := quick()
	l.refusal = standardLimits.refusal
	p := port(t, tr.port)
	l.web, l.mail = append(l.web[:4:4], p), append(l.mail[:5:5], p)
	d := openWith(t, Config{Resolver: resolver}, l)
	w := d.Account("a")
	targets := []string{
		"127.0.0.1:" + tr.port, "127.0.0.1:8080", "10.0.0.1:8080", "169.254.169.254:8080", "[::1]:" + tr.port, "[64:ff9b::7f00:1]:8080",
		"localhost:" + tr.port, "nas.local:8080", "intranet.example:8080", "local.example:" + tr.port, "meta.example:8080", "absent.example:8080", "empty.example:8080",
	}
	doors := map[string]func(string) error{
		"stranger": func(a string) error { _, err := d.Stranger().Get("http://" + a); return err },
		"post": func(a string) error {
			_, err := d.Stranger().Post("https://"+a, "application/json", http.NoBody)
			return err
		},
		"account": func(a string) error { _, err := w.HTTP.Get("http://" + a); return err },
	}
	doors["dial"] = func(a string) error { _, err := w.Dial(t.Context(), "tcp", a); return err }
	var mu sync.Mutex
	var wg sync.WaitGroup
	times := map[string][]time.Duration{}
	for name, ask := range doors {
		for _, target := range targets {
			if name == "dial" {
				target = strings.Replace(target, ":8080", ":993", 1)
			}
			for range 3 {
				wg.Go(func() {
					began := time.Now()
					err := ask(target)
					took := time.Since(began)
					want := fault.Invalid
					if strings.HasSuffix(target[:strings.LastIndex(target, ":")], ".example") {
						want = fault.Unavailable
					}
					f := fault.As(err)
					if f.Key != "outgoing.refused" || f.Code != want || len(f.Args) != 0 || len(f.Fields) != 0 || f.RetryAfter != 0 {
						t.Errorf("%s %s: %+v", name, target, f)
					}
					mu.Lock()
					defer mu.Unlock()
					times[name+" "+target] = append(times[name+" "+target], took)
				})
			}
		}
	}
	wg.Wait()
	for who, took := range times {
		slices.Sort(took)
		if took[1] < l.refusal || took[1] > l.refusal*12/10 {
			t.Errorf("%s is refused after %v, the others after %v", who, took[1], l.refusal)
		}
	}
	if tr.visits() != 0 {
		t.Error("a refused target was connected")
	}
}
