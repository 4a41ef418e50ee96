package web_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"comptoir/internal/db"
	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/network/email/emailtest"
	"comptoir/internal/outgoing"
	"comptoir/internal/place"
	"comptoir/internal/web"
	"comptoir/internal/web/webtest"
)

const (
	mailAddress  = "bonjour@lezinc.example"
	mailPassword = "canari-jaune-9137"
	accountsPath = "/p/le-zinc/settings/accounts"
	mailPath     = accountsPath + "/new/email"
)

// mailHouse is a house that can be connected to a mail server on loopback, and what its log said.
func mailHouse(t *testing.T, allow ...string) (*webtest.House, *emailtest.Server, *bytes.Buffer) {
	t.Helper()
	server, err := emailtest.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Close)
	server.Add(mailAddress, mailPassword)
	out, err := outgoing.New(outgoing.Config{Allow: allow, OwnAddresses: func() []netip.Addr { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(out.Close)
	said := &bytes.Buffer{}
	h := webtest.New(t, func(s *web.Server) {
		s.Log = slog.New(slog.NewTextHandler(said, &slog.HandlerOptions{Level: slog.LevelDebug}))
		s.Guard.Log = s.Log
		s.Networks = &place.Networks{
			Drivers: map[network.Kind]network.Driver{email.Kind: email.Driver{}}, Wire: out.Account, Forget: out.Forget,
			Discover: map[network.Kind]func(context.Context, string) (place.Proposal, error){
				email.Kind: func(ctx context.Context, address string) (place.Proposal, error) {
					if _, err := email.Discover(ctx, address, nil, nobody{}); err != nil {
						return place.Proposal{}, err
					}
					return place.Proposal{Endpoint: server.Endpoint(address, "").String(), Source: "autoconfig", Note: email.NoteAppPassword}, nil
				},
			},
		}
	})
	return h, server, said
}

// nobody answers no question about a domain.
type nobody struct{}

func (nobody) LookupSRV(context.Context, string, string, string) (string, []*net.SRV, error) {
	return "", nil, &net.DNSError{IsNotFound: true}
}

func (nobody) LookupMX(context.Context, string) ([]*net.MX, error) {
	return nil, &net.DNSError{IsNotFound: true}
}

// mailForm is the form as a person sends it; more replaces or adds fields.
func mailForm(e email.Endpoint, password string, more ...string) []string {
	form := []string{
		"address", e.Address, "imap.host", e.IMAP.Host, "imap.port", strconv.Itoa(e.IMAP.Port), "imap.security", string(e.IMAP.Security), "imap.user", e.IMAP.User,
		"smtp.host", e.SMTP.Host, "smtp.port", strconv.Itoa(e.SMTP.Port), "smtp.security", string(e.SMTP.Security), "imap_password", password,
	}
	for i := 0; i+1 < len(more); i += 2 {
		for j := 0; j < len(form); j += 2 {
			if form[j] == more[i] {
				form[j+1] = more[i+1]
			}
		}
		form = append(form, more[i], more[i+1])
	}
	return form
}

func mailAccounts(t *testing.T, h *webtest.House) (all []place.Account) {
	t.Helper()
	accounts, err := place.Accounts(t.Context(), h.DB, h.Place.ID)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range accounts {
		if a.Kind == email.Kind {
			all = append(all, a)
		}
	}
	return all
}

func TestAMailboxIsConnectedFromItsAddressAlone(t *testing.T) {
	h, server, _ := mailHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	if p := b.Get(accountsPath).Want(200); !p.Has(".empty a[href="+accountsPath+"/new]") || !strings.Contains(p.Text("table"), "Maison") {
		t.Errorf("nothing connected: %s", p.Text("main"))
	}
	if p := b.Get(accountsPath + "/new").Want(200); p.Count(".nc") != 1 || p.Attr(".nc", "href") != mailPath {
		t.Errorf("what can be connected: %s", p.Text("main"))
	}
	b.Get(mailPath + "/search?address=bonjour").Want(422)
	search := b.Get(mailPath + "/search?address=" + mailAddress).Want(200)
	delay, next, _ := strings.Cut(search.Header.Get("Refresh"), "; url=")
	if delay != "0" || !strings.Contains(search.Text("main"), "On cherche") {
		t.Fatalf("%q: %s", search.Header.Get("Refresh"), search.Text("main"))
	}
	form := b.Get(next).Want(200)
	e := server.Endpoint(mailAddress, "")
	for selector, want := range map[string]string{"#imap-h": e.IMAP.Host, "#imap-p": strconv.Itoa(e.IMAP.Port), "#smtp-p": strconv.Itoa(e.SMTP.Port), "#iu": mailAddress, "#ip": "", "[name=address]": mailAddress} {
		if got := form.Attr(selector, "value"); got != want {
			t.Errorf("%s: %q, want %q", selector, got, want)
		}
	}
	if !strings.Contains(form.Text("main"), "Réglages proposés par lezinc.example") || !strings.Contains(form.Text("main"), "mot de passe d’application") || form.Has("#resultat") {
		t.Errorf("%s", form.Text("main"))
	}
	done := b.Follow(b.Post(form.Attr("#courriel", "action"), mailForm(e, mailPassword)...).Want(303))
	if !strings.Contains(done.Text("main"), "Rien d’autre à faire ici") || !done.Has("a[href=/p/le-zinc/inbox]") || done.Header.Get("Refresh") == "" {
		t.Errorf("after connecting: %s", done.Text("main"))
	}
	all := mailAccounts(t, h)
	if len(all) != 1 || all[0].Handle != mailAddress || all[0].State != place.AccountOK || all[0].Name != "Le Zinc" {
		t.Fatalf("%+v", all)
	}
	if c, err := all[0].Credential(h.Keys); err != nil || c.Field(email.IMAPPassword) != mailPassword || c.Field(email.SMTPPassword) != "" {
		t.Errorf("what was sealed does not open: %v", err)
	}
	if len(server.Ledger()) != 0 {
		t.Error("the test sent a mail")
	}
}

func TestAFailedTestSaysWhichHalfAndKeepsNothing(t *testing.T) {
	h, server, _ := mailHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	e := server.Endpoint(mailAddress, "")
	dead := strconv.Itoa(deadPort(t))
	for _, c := range []struct {
		name     string
		form     []string
		head     string
		reason   string
		ok, own  bool
		settings string // a field that must have been kept
	}{
		{"wrong password", mailForm(e, "faux"), "Recevoir ne marche pas encore", "refuse le mot de passe de " + mailAddress, false, false, "#iu"},
		{"wrong password for sending", mailForm(e, mailPassword, "smtp_password", "faux"), "Presque", "Le serveur d’envoi 127.0.0.1 refuse le mot de passe", true, true, "#iu"},
		{"receiving unreachable", mailForm(e, mailPassword, "imap.port", dead), "Recevoir ne marche pas encore", "", false, false, "#imap-h"},
		{"sending unreachable", mailForm(e, mailPassword, "smtp.port", dead), "Presque", "", true, true, "#smtp-h"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := b.Post(mailPath+"/settings", c.form...).Want(422)
			if !strings.HasPrefix(p.Text("h2"), c.head) || !strings.Contains(p.Text("#resultat"), c.reason) || p.Has("#resultat .check--ok") != c.ok || p.Has("#courriel details[open]") != c.own {
				t.Errorf("%s / %s", p.Text("h2"), p.Text("#resultat"))
			}
			if p.Attr(c.settings, "value") == "" || p.Attr("#ip", "value") != "" || p.Attr("#sp", "value") != "" {
				t.Error("what was typed is gone, or a password came back")
			}
			if n := len(mailAccounts(t, h)); n != 0 {
				t.Errorf("%d accounts were stored", n)
			}
		})
	}
	if p := b.Post(mailPath+"/settings", mailForm(e, mailPassword, "smtp.port", dead)...).Want(422); !p.Has("button[name=fill]") {
		t.Error("no other port is offered")
	}
	if p := b.Post(mailPath+"/settings", mailForm(e, "", "smtp.port", dead, "fill", "587")...).Want(200); p.Attr("#smtp-p", "value") != "587" {
		t.Error("the other port is not filled in")
	}
}

func TestAWrongFieldIsNamedWithoutAskingAnyServer(t *testing.T) {
	h, server, _ := mailHouse(t) // whatever is dialled is refused with another answer
	b := h.As(h.Owner)
	e := server.Endpoint(mailAddress, "")
	p := b.Post(mailPath+"/settings", mailForm(e, "", "imap.port", "99999", "smtp.host", "a b", "imap.host", "mail.example")...).Want(422)
	for _, id := range []string{"imap-p", "smtp-h", "imap-s"} {
		if !p.Has("#" + id + "-e") {
			t.Errorf("nothing under %s: %s", id, p.Text("main"))
		}
	}
	if p := b.Post(mailPath+"/settings", mailForm(e, "")...).Want(422); !p.Has("#ip-e") {
		t.Error("no password is no fault")
	}
}

func TestAPrivateServerIsRefusedAlikeWhateverIsThere(t *testing.T) {
	h, server, _ := mailHouse(t)
	b := h.As(h.Owner)
	e := server.Endpoint(mailAddress, "")
	e.IMAP.Port, e.IMAP.Security, e.SMTP.Port, e.SMTP.Security = 993, email.TLS, 465, email.TLS
	said := map[string]bool{}
	for _, host := range []string{"127.0.0.1", "10.0.0.3", "192.168.1.1", "169.254.169.254", "localhost", "no-such-host.invalid"} {
		p := b.Post(mailPath+"/settings", mailForm(e, mailPassword, "imap.host", host)...).Want(422)
		text := p.Text("#resultat")
		if !strings.Contains(text, "--allow-private "+host+":993") {
			t.Errorf("%s: no way out: %s", host, text)
		}
		said[strings.ReplaceAll(text, host, "HOST")] = true
	}
	if len(said) != 1 {
		t.Errorf("the answers differ: %v", said)
	}
}

func TestTheFormTakesNothingButItsFields(t *testing.T) {
	h, server, _ := mailHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	e := server.Endpoint(mailAddress, "")
	b.Post(mailPath+"/settings", mailForm(e, mailPassword, "kind", "house", "state", "off", "place_id", "x", "id", "y", "handle", "roi@lezinc.example", "cursor", "z", "skipped", "9", "endpoint", "{}")...).Want(303)
	a := mailAccounts(t, h)[0]
	if a.Kind != email.Kind || a.State != place.AccountOK || a.PlaceID != h.Place.ID || a.Handle != mailAddress || a.ID == "y" || a.Cursor != "" || a.Skipped != 0 {
		t.Errorf("%+v", a)
	}
	if got, err := email.ParseEndpoint(a.Endpoint); err != nil || got.IMAP.Port != e.IMAP.Port || got.SMTP.User != mailAddress || got.Name != "Le Zinc" {
		t.Errorf("%+v %v", got, err)
	}
}

func TestAnAccountIsTakenUpAgainAndLetGo(t *testing.T) {
	h, server, _ := mailHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	e := server.Endpoint(mailAddress, "")
	b.Post(mailPath+"/settings", mailForm(e, mailPassword, "mailbox", "INBOX", "sent_by_server", "true")...).Want(303)
	a := mailAccounts(t, h)[0]
	server.Set(emailtest.Trouble{WrongPassword: true})
	client, err := h.Web.Networks.Client(a, h.Keys)
	if err != nil {
		t.Fatal(err)
	}
	_, cause := client.Profile(t.Context())
	h.Write(func(ctx context.Context, tx db.Tx) error { return place.Trouble(ctx, tx, a, cause) })
	p := b.Get(accountsPath).Want(200)
	again := accountsPath + "/" + a.ID + "/again"
	if !strings.Contains(p.Text(".banner"), mailAddress+" attend quelqu’un") || !strings.Contains(p.Text(".banner"), "127.0.0.1 refuse le mot de passe de "+mailAddress) || p.Attr(".banner a", "href") != again {
		t.Errorf("%s", p.Text("main"))
	}
	server.Set(emailtest.Trouble{})
	p = b.Get(again).Want(200)
	if p.Attr("#imap-p", "value") != strconv.Itoa(e.IMAP.Port) || p.Attr("[name=sent_by_server]", "value") != "true" || p.Attr("#ip", "value") != "" {
		t.Errorf("%s", p.Text("main"))
	}
	b.Post(mailPath+"/settings", mailForm(e, mailPassword)...).Want(303)
	if all := mailAccounts(t, h); len(all) != 1 || all[0].ID != a.ID || all[0].State != place.AccountOK {
		t.Fatalf("%+v", all)
	}
	b.Post(accountsPath + "/" + a.ID + "/disconnect").Want(303)
	gone := mailAccounts(t, h)[0]
	if c, err := gone.Credential(h.Keys); gone.State != place.AccountOff || err != nil || !c.IsZero() {
		t.Errorf("%s, %v", gone.State, err)
	}
	if p := b.Get(accountsPath).Want(200); !strings.Contains(p.Text("[aria-labelledby=debranches]"), mailAddress) || strings.Contains(p.Text("table"), mailAddress) {
		t.Errorf("%s", p.Text("main"))
	}
}

func TestAnAccountBelongsToItsPlaceAndItsRole(t *testing.T) {
	h, server, _ := mailHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	b.Post(mailPath+"/settings", mailForm(server.Endpoint(mailAddress, ""), mailPassword)...).Want(303)
	house, err := place.House(t.Context(), h.DB, h.Place.ID)
	if err != nil {
		t.Fatal(err)
	}
	other := otherPlace(t, h)
	for _, id := range []string{other, house.ID, "no-such-account"} {
		b.Get(accountsPath + "/" + id).Want(404)
		b.Get(accountsPath + "/" + id + "/again").Want(404)
		b.Post(accountsPath + "/" + id + "/disconnect").Want(404)
	}
	floor := h.As(h.Add("Noémie", "noemie@lezinc.example", place.Floor))
	own := accountsPath + "/" + mailAccounts(t, h)[0].ID
	for _, path := range []string{accountsPath, accountsPath + "/new", mailPath, own, own + "/again"} {
		floor.Get(path).Want(403)
	}
	floor.Post(own + "/disconnect").Want(403)
	floor.Post(mailPath+"/settings", mailForm(server.Endpoint(mailAddress, ""), mailPassword)...).Want(403)
	if mailAccounts(t, h)[0].State != place.AccountOK {
		t.Error("the floor disconnected the mailbox")
	}
}

// What is typed as a password is in no page, no line of the log, no row of the journal and no endpoint.
func TestAPasswordIsSeenNowhere(t *testing.T) {
	h, server, said := mailHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	e := server.Endpoint(mailAddress, "")
	const wrong = "canari-noir-2206"
	pages := []*webtest.Page{
		b.Post(mailPath+"/settings", mailForm(e, wrong, "smtp_password", wrong)...).Want(422),
		b.Post(mailPath+"/settings", mailForm(e, mailPassword, "smtp_password", wrong)...).Want(422),
		b.Post(mailPath+"/settings", mailForm(e, mailPassword, "imap.port", "x")...).Want(422),
		b.Post(mailPath+"/settings", mailForm(e, mailPassword, "fill", "587")...).Want(200),
		b.Post(mailPath+"/settings", mailForm(e, mailPassword)...).Want(303),
		b.Get(accountsPath).Want(200),
	}
	a := mailAccounts(t, h)[0]
	pages = append(pages, b.Get(accountsPath+"/"+a.ID).Want(200), b.Get(accountsPath+"/"+a.ID+"/again").Want(200))
	texts := []string{said.String(), a.Endpoint}
	for _, p := range pages {
		head, _ := json.Marshal(p.Header)
		texts = append(texts, p.Body, string(head))
	}
	entries, err := db.Collect(func(r db.Row) (s string, err error) { err = r.Scan(&s); return s, err })(h.DB.Query(t.Context(), "SELECT kind || data FROM journal WHERE place_id = $1", h.Place.ID))
	if err != nil || len(entries) == 0 {
		t.Fatal(err, "the journal is empty")
	}
	for _, text := range append(texts, entries...) {
		if strings.Contains(text, "canari") {
			t.Errorf("a password shows: %.300s", text)
		}
	}
}

func deadPort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// otherPlace makes a place next door and returns the id of its mail account.
func otherPlace(t *testing.T, h *webtest.House) (id string) {
	t.Helper()
	h.Write(func(ctx context.Context, tx db.Tx) error {
		p, err := place.Create(ctx, tx, place.System(), place.New{Name: "Chez Rosa", Language: "fr", TimeZone: "America/Montreal"})
		if err != nil {
			return err
		}
		a, err := place.AddAccount(ctx, tx, h.Keys, place.System(), p.ID, place.NewAccount{Kind: email.Kind, Handle: "rosa@rosa.example"})
		id = a.ID
		return err
	})
	return id
}
