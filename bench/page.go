package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/go-rod/rod"
	"github.com/go-rod/rod/lib/proto"

	"comptoir/internal/browsertest"
)

// page weighs the main screen of a place with 50 conversations in a real browser with an empty cache, and then
// the next page of its list.
func page(ctx context.Context, w *work) ([]figure, error) {
	h, err := newHouse(ctx, w, "")
	if err != nil {
		return nil, err
	}
	defer h.close()
	if err := h.fill(ctx, letters(50), 10, ago(50, 20*time.Minute)); err != nil {
		return nil, err
	}
	cookies, err := h.sessions(ctx, h.owner.ID, 1)
	if err != nil {
		return nil, err
	}
	p, err := serve(ctx, w, h.cfg.Data)
	if err != nil {
		return nil, err
	}
	defer p.stop()
	browser, err := browsertest.Chromium()
	if err != nil {
		return nil, err
	}
	tab, err := browser.Page(proto.TargetCreateTarget{})
	if err != nil {
		return nil, err
	}
	defer tab.Close()
	name, value, _ := strings.Cut(cookies[0], "=")
	if err := tab.SetCookies([]*proto.NetworkCookieParam{{Name: name, Value: value, URL: "http://" + p.addr}}); err != nil {
		return nil, err
	}
	loaded := newLoads(tab)
	if err := tab.Navigate("http://" + p.addr + "/p/" + h.place.Slug + "/inbox"); err != nil {
		return nil, err
	}
	first, err := loaded.rest(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := tab.Eval(`() => document.querySelector("a[href*='after=']").click()`); err != nil {
		return nil, fmt.Errorf("the next page: %w", err)
	}
	next, err := loaded.rest(ctx)
	if err != nil {
		return nil, err
	}
	fonts := first.of(proto.NetworkResourceTypeFont)
	return []figure{
		one("main screen, 50 conversations, cold: without fonts", "kB", goal{most: 120}, first.kilobytes()-fonts.kilobytes()),
		one("… requests without fonts", "", goal{most: 12}, float64(len(first)-len(fonts))),
		one("… of that, the page itself", "kB", goal{}, first.of(proto.NetworkResourceTypeDocument).kilobytes()),
		one("… and script", "kB", goal{most: 60}, first.of(proto.NetworkResourceTypeScript).kilobytes()),
		one("… fonts, kept for a year", "kB", goal{most: 170}, fonts.kilobytes()),
		one("… the next page of the list", "kB", goal{most: 25}, next.kilobytes()),
	}, nil
}

// letters are texts such as people write to a bar, each another.
func letters(n int) []string {
	said := []string{
		"Bonsoir, est-ce que la terrasse est chauffée? Nous serions huit vers 20 h.",
		"La soupe d’hier était une merveille, dites-le à la cuisine, s’il vous plaît.",
		"Hi, do you take bookings for Saturday? It is my sister’s birthday and she loves your place.",
		"J’ai oublié un foulard vert près de la fenêtre, table du fond. L’auriez-vous trouvé?",
		"Votre programmation de novembre est-elle déjà affichée quelque part?",
		"Merci encore pour hier soir: le groupe, l’accueil, tout. On revient jeudi avec des amis.",
		"Bonjour, nous sommes une petite brasserie de Rimouski et aimerions vous faire goûter.",
	}
	var all []string
	for i := range n {
		all = append(all, said[i%len(said)]+fmt.Sprintf(" (%d)", i+1))
	}
	return all
}

// ago spreads n messages over the past, one every step, the last one now.
func ago(n int, step time.Duration) func(int) time.Time {
	end := time.Now()
	return func(i int) time.Time { return end.Add(-time.Duration(n-1-i) * step) }
}

// loads is what a tab asked for, counted as the network panel of its developer tools does.
type loads struct {
	mu   sync.Mutex
	all  map[proto.NetworkRequestID]*load
	last time.Time // when something happened
}

type load struct {
	kind  proto.NetworkResourceType
	bytes float64 // over the wire, with the head of the answer
}

func newLoads(tab *rod.Page) *loads {
	l := &loads{all: map[proto.NetworkRequestID]*load{}}
	go tab.EachEvent(
		func(e *proto.NetworkRequestWillBeSent) {
			if strings.HasPrefix(e.Request.URL, "http") {
				l.note(func() { l.all[e.RequestID] = &load{kind: e.Type} })
			}
		},
		func(e *proto.NetworkLoadingFinished) {
			l.note(func() {
				if one := l.all[e.RequestID]; one != nil {
					one.bytes = e.EncodedDataLength
				}
			})
		},
	)()
	return l
}

func (l *loads) note(what func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	what()
	l.last = time.Now()
}

// rest waits until the tab is quiet, returns what it asked for, and begins anew.
func (l *loads) rest(ctx context.Context) (asked, error) {
	const quiet = 2 * time.Second
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(quiet / 4):
		}
		l.mu.Lock()
		if len(l.all) > 0 && time.Since(l.last) > quiet {
			var all asked
			for _, one := range l.all {
				all = append(all, *one)
			}
			clear(l.all)
			l.mu.Unlock()
			return all, nil
		}
		l.mu.Unlock()
	}
}

// asked is what one page cost.
type asked []load

// of are those of one kind.
func (a asked) of(kind proto.NetworkResourceType) (some asked) {
	for _, one := range a {
		if one.kind == kind {
			some = append(some, one)
		}
	}
	return some
}

func (a asked) kilobytes() (sum float64) {
	for _, one := range a {
		sum += one.bytes / 1000
	}
	return sum
}
