package app_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/browsertest"
	"comptoir/internal/floor"
	"comptoir/internal/inbox"
	"comptoir/internal/leash"
	"comptoir/internal/network/email"
	"comptoir/internal/place"
)

// The first five minutes, from the link in the terminal to a counter that works. Nothing in between asks for a terminal.

// walk is a person at a page, whose hands are counted.
type walk struct {
	*browsertest.Page
	fields, clicks int
}

func (w *walk) Fill(selector, text string) { w.Page.Fill(selector, text); w.fields++ }
func (w *walk) Click(selector string)      { w.Page.Click(selector); w.clicks++ }
func (w *walk) Follow(selector string)     { w.Page.Follow(selector); w.clicks++ }
func (w *walk) see(t *testing.T, shot string) {
	t.Helper()
	w.Fits()
	w.Axe()
	w.Screenshot("premiers-pas-" + shot)
}

// begin starts an installation that nobody has set up, and returns the path of its set-up link.
func begin(t *testing.T, cfg app.Config) (a *app.App, link string) {
	t.Helper()
	a = start(t, cfg)
	link, err := app.SetUpLink(t.Context(), a.Store)
	if err != nil {
		t.Fatal(err)
	}
	return a, link
}

func port(a *app.App) string { return fmt.Sprint(a.Addr().(*net.TCPAddr).Port) }

// settle fills in the one page that asks who and where.
func (w *walk) settle() {
	w.Fill("#pn", "Le Zinc")
	w.Fill("#on", "Marc-Antoine")
	w.Fill("#oe", "marco@lezinc.example")
	w.Fill("#passe", "quatre chaises autour du poêle")
	w.Follow("button.btn--lit")
}

// hear rings the bell from a phone, and goes: two devices, no account on one of them.
func (w *walk) hear(t *testing.T, base string, v browsertest.View) (guest *walk) {
	t.Helper()
	w.WaitForText("main", "à l’essai")
	_, code, _ := strings.Cut(w.Attr("main a[target=_blank]", "href"), "/t/")
	guest = &walk{Page: browsertest.New(t, v)}
	guest.Goto(base + "/t/" + code)
	tapped := time.Now()
	guest.Click("button.btn[value=hungry]")
	w.WaitForText("#essai .bon", "On a faim")
	if took := time.Since(tapped); took > 5*time.Second {
		t.Errorf("the bell rang after %s", took)
	}
	guest.WaitForText("#suivi", "On a faim")
	w.Click("#essai .btn--lit")
	w.WaitGone("#essai .btn--lit")
	guest.WaitForText("#suivi", "Marc-Antoine")
	w.Click("#essai form button")
	w.WaitForText("#suite", "Continuer")
	guest.WaitForText("#suivi", "Tout va bien?")
	return guest
}

func TestTheFirstFiveMinutes(t *testing.T) {
	for name, v := range map[string]browsertest.View{"1440": browsertest.Desk, "390": browsertest.Phone} {
		t.Run(name, func(t *testing.T) {
			server, allow := mailServer(t)
			a, link := begin(t, app.Config{AllowPrivate: allow})
			a.Networks.Discover[email.Kind] = func(_ context.Context, address string) (place.Proposal, error) {
				return place.Proposal{Endpoint: server.Endpoint(address, "").String(), Source: string(email.FromAutoconfig)}, nil
			}
			if err := server.Deliver(barAddress, []byte("From: Maude Gervais <"+guestAddress+">\r\nTo: <"+barAddress+">\r\nSubject: Samedi\r\nDate: "+time.Now().Format(time.RFC1123Z)+"\r\nMessage-ID: <s1@exemple.test>\r\n\r\nOn est huit. Une table?\r\n"), time.Now()); err != nil {
				t.Fatal(err)
			}
			base := "http://127.0.0.1:" + port(a)
			w := &walk{Page: browsertest.New(t, v)}
			w.Goto(base + link)
			w.see(t, "lieu-"+name)
			w.settle()

			w.WaitForText("main", "Essayer dans un autre onglet") // no phone can open 127.0.0.1
			w.see(t, "cloche-"+name)
			guest := w.hear(t, base, browsertest.Phone)
			w.see(t, "sonne-"+name)
			guest.Click("button[value=good]")
			w.Follow("#suite a")

			w.see(t, "reseau-"+name)
			w.Follow("a.nc[href$=email]")
			w.Fill("#ea", barAddress)
			w.Follow("button.btn--lit")
			w.WaitFor("#courriel")
			w.Fill("#ip", "s3cret")
			w.Follow("button.btn--lit")
			w.WaitForText(".banner--verre", "est branché")
			w.WaitForText("main", "Samedi") // it arrives while one looks
			w.see(t, "branche-"+name)
			w.Click(".banner--verre .btn--lit")

			w.WaitFor("#c0")
			w.see(t, "tables-"+name)
			w.Click("button[form=zones]")
			w.WaitFor(".pls")
			w.see(t, "plaques-"+name)
			w.Click(".wf .btn--lit")

			w.WaitForText("#rangs", "Maude Gervais")
			w.see(t, "comptoir-"+name)
			t.Logf("%s: %d fields, %d clicks; the phone: %d clicks", name, w.fields, w.clicks, guest.clicks)
			if w.fields > 12 || w.clicks+guest.clicks > 25 {
				t.Errorf("%d fields and %d clicks, want 12 and 25 at most", w.fields, w.clicks+guest.clicks)
			}
			p, err := place.BySlug(t.Context(), a.DB, "le-zinc")
			if err != nil {
				t.Fatal(err)
			}
			page, err := a.Inbox.List(t.Context(), p.ID, inbox.Query{Tab: inbox.TabSettled})
			if err != nil || len(page.Rows) != 1 {
				t.Errorf("settled at the counter: %d, %v", len(page.Rows), err)
			}
		})
	}
}

// With everything left for tomorrow there is a counter all the same, and a table that rings at it.
func TestTheFirstFiveMinutesCanWaitUntilTomorrow(t *testing.T) {
	a, link := begin(t, app.Config{})
	w := &walk{Page: browsertest.New(t, browsertest.Phone.Evening())}
	w.Goto("http://127.0.0.1:" + port(a) + link)
	w.settle()
	w.WaitForText("#suite", "Plus tard")
	w.Follow("#suite a")
	w.WaitForText("h2", "Où vos gens")
	w.Follow(".wf a.end")
	w.WaitForText("h2", "Combien de tables?")
	w.Follow(".wf .btn--ghost")
	w.WaitForText("#rangs", "Le comptoir est prêt")
	w.see(t, "demain")
	if w.clicks != 4 {
		t.Errorf("%d clicks to leave everything for tomorrow", w.clicks)
	}
	p, err := place.BySlug(t.Context(), a.DB, "le-zinc")
	if err != nil {
		t.Fatal(err)
	}
	tables, err := floor.Tables(t.Context(), a.DB, p.ID)
	if err != nil || len(tables) != 1 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	guest := browsertest.New(t, browsertest.Phone)
	guest.Goto("http://127.0.0.1:" + port(a) + "/t/" + a.Floor.Code(p, tables[0]))
	guest.Click("button.btn[value=water]")
	w.WaitForText("main", "De l’eau")
}

// Over plain http, from another device of the house. Passwords can be read on the way there, so the operator must have said
// that it may be; otherwise the page says why not.
func TestTheFirstFiveMinutesOverHTTPOnTheHousesNetwork(t *testing.T) {
	ip := lanAddress(t)
	for name, plain := range map[string]bool{"allowed": true, "refused": false} {
		t.Run(name, func(t *testing.T) {
			a, link := begin(t, app.Config{Listen: "0.0.0.0:0", PlainSignIn: plain})
			base := "http://" + net.JoinHostPort(ip, port(a))
			w := &walk{Page: browsertest.New(t, browsertest.Desk)}
			w.Allow("Cross-Origin-Opener-Policy") // Chromium says that it needs https
			if !plain {
				w.Allow("status of 403")
				w.Goto(base + link)
				w.WaitForText("main", "il faut une adresse https")
				return
			}
			w.Goto(base + link)
			w.WaitForText(".banner--amber", "n’est pas chiffrée")
			w.settle()
			w.WaitForText(".banner", "votre Wi-Fi")
			w.see(t, "cloche-wifi")
			guest := w.hear(t, base, browsertest.Phone)
			guest.Allow("Cross-Origin-Opener-Policy")
			guest.Click("button[value=good]")
			w.Follow("#suite a")
			w.Follow(".wf a.end")
			w.Click("button[form=zones]")
			w.WaitForText(".banner--amber", "Adresse du lieu")
			w.see(t, "plaques-wifi")
			w.Click(".wf .btn--lit")
			w.WaitFor("#rangs")
			w.Goto(base + "/p/le-zinc/floor")
			w.WaitForText(".strip", "pas d’installation sur le téléphone")
			w.see(t, "salle-wifi")
		})
	}
}

// Behind a proxy that ends https, as in the manual: cookies are bound to the host, the stream is not held up, and the cards
// carry the name.
func TestTheFirstFiveMinutesBehindCaddy(t *testing.T) {
	outside := freePort(t)
	base := fmt.Sprintf("https://comptoir.test:%d", outside)
	a, link := begin(t, app.Config{PublicURL: base})
	caddy(t, outside, port(a))
	desk, phone := browsertest.Desk, browsertest.Phone
	desk.Trusting, phone.Trusting = true, true
	w := &walk{Page: browsertest.New(t, desk)}
	w.Goto(base + link)
	w.settle()
	w.WaitFor(".qr__box")
	if w.Count(".banner") != 0 {
		t.Errorf("over https something is still warned of: %s", w.Text(".banner"))
	}
	guest := w.hear(t, base, phone)
	if cookie := guest.Eval("() => document.cookie"); cookie != `""` {
		t.Errorf("a script reads the guest's cookie: %s", cookie)
	}
	w.Follow("#suite a")
	w.Follow(".wf a.end")
	w.Click("button[form=zones]")
	w.WaitForText(".banner--verre", "Tous les téléphones")
	if got := w.Text(".qc__u"); !strings.HasPrefix(got, strings.TrimPrefix(base, "https://")+"/t/") {
		t.Errorf("the card carries %s", got)
	}
	w.see(t, "plaques-https")
	w.Click(".wf .btn--lit")
	w.WaitFor("#rangs")
	w.Goto(base + "/p/le-zinc/settings/address")
	w.WaitForText("main", "La liaison est chiffrée")
	w.WaitForText("main", "Un relais est devant Comptoir, et on le croit")
	w.see(t, "adresse-https")
	w.Goto(base + "/p/le-zinc/floor")
	if w.Count(".strip") != 0 {
		t.Errorf("over https the floor still warns: %s", w.Text(".strip"))
	}
}

// lanAddress is this machine's own on a network.
func lanAddress(t *testing.T) string {
	t.Helper()
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && ip.IP.IsGlobalUnicast() {
			return ip.IP.String()
		}
	}
	t.Skip("this machine is on no network")
	return ""
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// caddy puts Debian's Caddy before an installation, as the manual shows it, with a certificate of its own making.
func caddy(t *testing.T, outside int, inside string) {
	t.Helper()
	program, err := exec.LookPath("caddy")
	if err != nil && os.Getenv("COMPTOIR_REAL") == "" {
		t.Skip("Caddy is not installed (Debian: caddy)")
	}
	if err != nil {
		t.Fatal(err)
	}
	dir, err := leash.TempDir("", "comptoir-caddy-", nil)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "Caddyfile")
	// The first block keeps a test's Caddy to itself; the second is what the manual shows, but for the certificate.
	text := fmt.Sprintf("{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\nhttps://comptoir.test:%d {\n\ttls internal\n\treverse_proxy 127.0.0.1:%s\n}\n", outside, inside)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := leash.Start(leash.Command{Args: []string{program, "run", "--adapter", "caddyfile", "--config", file}, Env: []string{"XDG_DATA_HOME=" + dir, "XDG_CONFIG_HOME=" + dir}, Remove: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stop()
		if t.Failed() {
			t.Log(p.Log())
		}
	})
	eventually(t, "Caddy answers", func() bool {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", outside))
		if err == nil {
			c.Close()
		}
		return err == nil
	})
}
