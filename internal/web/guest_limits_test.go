package web_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"comptoir/internal/db"
	"comptoir/internal/floor"
	"comptoir/internal/place"
	"comptoir/internal/web"
	"comptoir/internal/web/webtest"
)

func TestWhateverIsTypedIsTextOrIsRefusedWithASentence(t *testing.T) {
	h := webtest.New(t)
	paths := tables(t, h, 20)
	staff := h.As(h.Owner)
	for i, c := range []struct {
		name, kind, typed, shown, sentence string // shown on the floor, or the sentence of the refusal
	}{
		{name: "nothing", kind: "other", sentence: "Écrivez quelques mots d’abord."},
		{name: "white space", kind: "other", typed: " \n\t\u00a0 ", sentence: "Écrivez quelques mots d’abord."},
		{name: "no kind word", kind: "kind", sentence: "Écrivez quelques mots d’abord."},
		{name: "10,000 characters", kind: "other", typed: strings.Repeat("x", 10_000), sentence: "10 000 caractères"},
		{name: "no kind", sentence: "Dites-nous ce qu’il vous faut."},
		{name: "a kind that is not", kind: "pizza", sentence: "Dites-nous ce qu’il vous faut."},
		{name: "only emoji", kind: "other", typed: "🦪👩‍🍳🎉", shown: "🦪👩‍🍳🎉"},
		{name: "right to left", kind: "other", typed: "אפשר תפריט?", shown: "אפשר תפריט?"},
		{name: "a direction that would turn the line", kind: "other", typed: "menu \u202eunem", shown: "menu unem"},
		{name: "HTML", kind: "other", typed: `<script>alert(1)</script><b onclick=x>`, shown: `<script>alert(1)</script><b onclick=x>`},
		{name: "NUL", kind: "other", typed: "du\x00 pain", shown: "du pain"},
		{name: "bytes that are no text", kind: "other", typed: "pain \xff\xfe", shown: "pain \ufffd\ufffd"},
		{name: "words without their kind", typed: "du pain", shown: "du pain"},
		{name: "SQL", kind: "other", typed: "'; DROP TABLE guest; --", shown: "'; DROP TABLE guest; --"},
	} {
		phone := h.Visitor()
		answer := phone.Post(paths[i], "kind", c.kind, "text", c.typed)
		if c.sentence != "" {
			if answer.Want(422); !strings.Contains(answer.Text("[role=alert]"), c.sentence) {
				t.Errorf("%s: %q", c.name, answer.Text("[role=alert]"))
			}
			continue
		}
		answer.Want(303)
		followed := phone.Follow(answer)
		board := staff.Get("/p/le-zinc/floor")
		if board.Attr("#prendre .bon__say", "dir") != "auto" || !strings.Contains(board.Text("#prendre .bon__say"), c.shown) || !strings.Contains(followed.Text("#suivi"), c.shown) || followed.Has("#suivi script") || board.Has("#salle script") {
			t.Errorf("%s: the floor reads %q, the guest %q", c.name, board.Text("#prendre .bon__say"), followed.Text("#suivi"))
		}
	}
}

// A code that was good yesterday, one of a table that is gone, a forged one and nonsense: a stopwatch does not tell them
// apart, and a form sent to any of them writes nothing.
func TestCodesThatLeadNowhereTakeTheSameTimeAndWriteNothing(t *testing.T) {
	h := webtest.New(t)
	paths := tables(t, h, 2)
	h.Write(func(ctx context.Context, tx db.Tx) error {
		all, err := floor.Tables(ctx, tx, h.Place.ID)
		if err != nil {
			return err
		}
		if err := floor.Rotate(ctx, tx, place.System(), h.Place.ID, time.Now().Add(-time.Minute), all[0].ID); err != nil {
			return err
		}
		return floor.RemoveTable(ctx, tx, place.System(), h.Place.ID, all[1].ID)
	})
	forged := []byte(paths[0])
	forged[len(forged)-3] ^= 1
	codes := map[string]string{"rotated": paths[0], "removed": paths[1], "forged": string(forged), "nonsense": "/t/table-7", "long": "/t/" + strings.Repeat("A", 4000)}
	before, err := place.Last(t.Context(), h.DB, h.Place.ID)
	if err != nil {
		t.Fatal(err)
	}
	phone := h.Visitor()
	took := map[string][]time.Duration{}
	for range 15 {
		for name, path := range codes { // one of each in turn: a busy machine is busy for all
			start := time.Now()
			phone.Get(path).Want(404)
			took[name] = append(took[name], time.Since(start))
		}
	}
	var medians []time.Duration
	for name, path := range codes {
		slices.Sort(took[name])
		medians = append(medians, took[name][7])
		phone.Post(path, "kind", "hungry").Want(404)
		phone.Post(path + "/calls/" + db.NewID() + "/withdraw").Want(404)
	}
	if fast, slow := slices.Min(medians), slices.Max(medians); slow-fast > fast/5 {
		t.Errorf("a stopwatch tells them apart: medians from %v to %v", fast, slow)
	}
	if after, _ := place.Last(t.Context(), h.DB, h.Place.ID); after != before {
		t.Error("a code that leads nowhere writes")
	}
}

func TestCodesCookiesAndWordsAreInNoLog(t *testing.T) {
	var said bytes.Buffer
	h := webtest.New(t, func(s *web.Server) {
		s.Log = slog.New(slog.NewTextHandler(&said, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s.Guard.Log = s.Log
	})
	table := tables(t, h, 1)[0]
	phone := h.Visitor()
	page := phone.Post(table, "kind", "other", "text", "un mot-canari")
	cookie := strings.TrimPrefix(strings.SplitN(page.Header.Get("Set-Cookie"), ";", 2)[0], "guest=")
	if len(cookie) < 20 {
		t.Fatalf("no cookie was given: %q", page.Header.Get("Set-Cookie"))
	}
	phone.Follow(page)
	phone.Get(table + "/privacy")
	phone.Post(table, "kind", "other", "text", strings.Repeat("canari ", 200)).Want(422)
	calls, err := floor.Waiting(t.Context(), h.DB, h.Place.ID)
	if err != nil {
		t.Fatal(err)
	}
	phone.Post(table + "/calls/" + calls[0].ID + "/withdraw").Want(303)
	phone.Get(table + "x").Want(404)
	for what, secret := range map[string]string{"the code": strings.TrimPrefix(table, "/t/"), "the cookie": cookie, "the words": "canari"} {
		if strings.Contains(said.String(), secret) {
			t.Errorf("the log holds %s:\n%s", what, said.String())
		}
	}
	if !strings.Contains(said.String(), "/t/{code}") {
		t.Errorf("the log says nothing at all: %q", said.String())
	}
}

func TestAThousandPostsAMinuteFromOnePhoneCostReadsOnly(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	count := func() (n int) {
		if err := h.DB.QueryRow(t.Context(), "SELECT (SELECT count(*) FROM guest_said) + (SELECT count(*) FROM guest) + (SELECT count(*) FROM call) + (SELECT count(*) FROM call_ask)").Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	for who, phone := range map[string]func() *webtest.Browser{"with its cookie": func() func() *webtest.Browser { b := h.Visitor(); return func() *webtest.Browser { return b } }(), "refusing cookies": h.Visitor} {
		codes, rows, journal := map[int]int{}, 0, int64(0)
		start := time.Now()
		for i := range 1000 {
			page := phone().Post(table, "kind", "other", "text", "allo")
			codes[page.Status]++
			if i == 30 { // every limit is reached
				rows = count()
				journal, _ = place.Last(t.Context(), h.DB, h.Place.ID)
			}
		}
		took := time.Since(start)
		last, _ := place.Last(t.Context(), h.DB, h.Place.ID)
		if codes[http.StatusTooManyRequests] < 975 || codes[http.StatusTooManyRequests]+codes[http.StatusSeeOther] != 1000 {
			t.Errorf("%s: %v", who, codes)
		}
		if n := count(); n != rows || last != journal {
			t.Errorf("%s: what was refused wrote %d rows and %d lines of the journal", who, n-rows, last-journal)
		}
		if took > time.Minute {
			t.Errorf("%s: they took %v", who, took)
		}
	}
}

func TestOverHTTPSTheGuestsCookieIsBoundToTheHost(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	for scheme, want := range map[string]string{"https": "__Host-guest=", "http": "guest="} {
		phone := h.Visitor()
		phone.Header.Set("X-Forwarded-Proto", scheme)
		cookie := phone.Post(table, "kind", "water").Want(303).Header.Get("Set-Cookie")
		value := strings.TrimPrefix(strings.SplitN(cookie, ";", 2)[0], want)
		if !strings.HasPrefix(cookie, want) || len(value) != 22 || !strings.Contains(cookie, "Path=/; Max-Age=43200; HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || strings.Contains(cookie, "Secure") != (scheme == "https") || strings.Contains(cookie, "Domain") {
			t.Errorf("%s: %s", scheme, cookie)
		}
	}
}

func TestAPlaceThatTellsNoNamesTellsThemNowhere(t *testing.T) {
	h := webtest.New(t)
	table := tables(t, h, 1)[0]
	h.As(h.Owner).Post("/p/le-zinc/tables/discreet", "keep", "30", "words", "").Want(303)
	staff, phone := h.As(h.Add("Noémie Tremblay", "noemie@lezinc.example", place.Floor)), h.Visitor()
	phone.Post(table, "kind", "hungry").Want(303)
	take := taking(t, staff.Get("/p/le-zinc/floor"), "take")
	for _, gesture := range []string{"take", "done"} {
		staff.Post(strings.Replace(take, "/take", "/"+gesture, 1)).Want(303)
		if page := phone.Get(table + "/status"); strings.Contains(page.Body, "Noémie") || !strings.Contains(page.Text("#suivi"), "Quelqu’un") {
			t.Errorf("after %s: %s", gesture, page.Text("#suivi"))
		}
	}
}
