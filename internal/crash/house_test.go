package crash

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"testing"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/db/dbtest"
	"comptoir/internal/floor"
	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/network/email/emailtest"
	"comptoir/internal/place"
)

const (
	barAddress = "bar@zinc.test"
	owner      = "elie@zinc.example"
	password   = "un mot de passe assez long"
)

// house is an installation with one place, its tables and its mailbox, and the address at which its lives listen.
type house struct {
	data, database string
	program        string // "" = the usual one
	addr           string
	place          place.Place
	account        place.Account
	mail           *emailtest.Server
	allowed        []string
	tables         []string   // the paths of their codes
	store          *app.Store // on PostgreSQL, a view from outside while lives come and go
}

// onBoth runs a story on SQLite and on PostgreSQL, at once.
func onBoth(t *testing.T, fn func(t *testing.T, database string)) {
	built(t)
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); fn(t, "") })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); fn(t, dbtest.PostgresURL(t)) })
}

// settle makes a house, its data in a folder of the test's own.
func settle(t *testing.T, database string, tables int) *house {
	t.Helper()
	h := &house{data: t.TempDir(), database: database, addr: freeAddress(t)}

	var err error
	if h.mail, err = emailtest.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.mail.Close)
	h.mail.Add(barAddress, "s3cret")
	e := h.mail.Endpoint(barAddress, "Le Zinc")
	h.allowed = []string{fmt.Sprintf("%s:%d", e.IMAP.Host, e.IMAP.Port), fmt.Sprintf("%s:%d", e.SMTP.Host, e.SMTP.Port)}
	a, err := app.New(t.Context(), app.Config{Data: h.data, Database: database, Listen: "127.0.0.1:0", AllowPrivate: h.allowed}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	p, m, err := place.SetUp(t.Context(), a.DB, place.First{
		Place: place.New{Name: "Le Zinc", Language: "fr", TimeZone: "America/Montreal"},
		Owner: place.NewMember{Name: "Élie", Email: owner, Password: password},
	})
	if err != nil {
		t.Fatal(err)
	}
	h.place = p
	h.account, err = a.Networks.Connect(t.Context(), a.DB, a.Keys, m.As(p.ID, place.Owner), p.ID, place.NewAccount{
		Kind: email.Kind, Endpoint: e.String(), Credential: network.NewCredential(map[string]string{email.IMAPPassword: "s3cret"}),
	})
	if err != nil {
		t.Fatal(err)
	}
	err = a.DB.Write(t.Context(), func(tx db.Tx) error {
		_, err := place.Change(t.Context(), tx, place.System(), p.ID, func(p *place.Place) error { p.Settings.UndoSeconds = 0; return nil })
		for done := 0; done < tables && err == nil; done += 100 {
			var some []floor.Table
			some, err = floor.AddTables(t.Context(), tx, place.System(), p.ID, min(100, tables-done), "")
			for _, x := range some {
				h.tables = append(h.tables, "/t/"+a.Floor.Code(p, x))
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// enough is how many tables take what guests say in a while, each within its limit.
func enough(while time.Duration) int {
	return max(20, int(min(while, floor.Window).Seconds())**flood/place.DefaultSettings().PerTable*5/4)
}

// where are the flags by which every verb finds this house.
func (h *house) where() []string {
	args := []string{"--data", h.data}
	if h.database != "" {
		args = append(args, "--database", h.database)
	}
	return args
}

// start begins a life and waits until it is ready.
func (h *house) start(t *testing.T, env ...string) *server {
	t.Helper()
	s := launch(t, h, h.addr, env)
	if !s.ready(t) {
		t.Fatalf("it ended before it was ready:\n%s", s.Log())
	}
	return s
}

// kill ends a life as a power failure does, but for what the system had not written yet.
func (s *server) kill() { s.Stop() }

// end asks a life to end.
func (s *server) end(t *testing.T) {
	t.Helper()
	s.Signal(15)
	if !s.ended(20 * time.Second) {
		t.Fatalf("it does not end:\n%s", s.Log())
	}
}

// open opens the house's store from outside.
func (h *house) open(t *testing.T) *app.Store {
	t.Helper()
	s, err := app.Open(t.Context(), app.Config{Data: h.data, Database: h.database, Listen: ":0"}, false)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// browser is a client that keeps cookies and follows nothing.
func browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, Timeout: 15 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 4},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

// signIn signs the owner in.
func (h *house) signIn(t *testing.T) *http.Client {
	t.Helper()
	c := browser()
	resp, err := c.PostForm("http://"+h.addr+"/sign-in", url.Values{"email": {owner}, "password": {password}})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusSeeOther {
		t.Fatalf("sign in: %s", resp.Status)
	}
	return c
}

// dice are the seed's own for each part of a test, so that one part does not move another.
func dice(part string) *rand.Rand {
	var b [32]byte
	copy(b[:], fmt.Sprintf("%d %s", *seed, part))
	return rand.New(rand.NewChaCha8(b))
}
