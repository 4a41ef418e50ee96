package app_test

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/db"
	"comptoir/internal/network/email/emailtest"
	"comptoir/internal/place"
)

// canaries are what must be found nowhere, by name. Secrets open something; words are what people wrote, with the
// addresses they wrote from.
type canaries struct {
	secrets, words map[string]string
}

// browser keeps cookies, and every answer's cookies are canaries.
type browser struct {
	w   *world
	jar map[string]string
	all *canaries
}

func (c *canaries) browser(w *world) *browser {
	return &browser{w: w, jar: map[string]string{}, all: c}
}

var cookieOf = regexp.MustCompile(`^(?:__Host-)?(comptoir|guest|step|known)=([^;]{20,})`)

func (b *browser) do(method, path string, form ...string) answer {
	b.w.t.Helper()
	q := request{method: method, header: http.Header{}}
	q.path, q.query, _ = strings.Cut(path, "?")
	if method == "POST" {
		q.form = url.Values{}
		for i := 0; i+1 < len(form); i += 2 {
			q.form.Add(form[i], form[i+1])
		}
	}
	for name, value := range b.jar {
		q.header.Add("Cookie", "__Host-"+name+"="+value)
	}
	a := b.w.send(visitor{addr: b.w.from()}, q, false)
	for _, set := range a.header.Values("Set-Cookie") {
		if m := cookieOf.FindStringSubmatch(set); m != nil {
			b.jar[m[1]] = m[2]
			b.all.secrets[fmt.Sprint("cookie ", m[1], " ", len(b.all.secrets))] = m[2]
		}
	}
	// What was typed comes back in a refused form; a secret never does, and none stands in an address.
	if a.status >= 400 {
		for name, secret := range b.all.secrets {
			if strings.Contains(a.body, secret) && !strings.HasPrefix(name, "code") {
				b.w.t.Errorf("%s %s answers %d with %s", method, path, a.status, name)
			}
		}
	}
	return a
}

// get and post fail unless the answer is of this class.
func (b *browser) get(class, path string) answer {
	b.w.t.Helper()
	return b.want(class, "GET", path)
}

func (b *browser) post(class, path string, form ...string) answer {
	b.w.t.Helper()
	return b.want(class, "POST", path, form...)
}

func (b *browser) want(class, method, path string, form ...string) answer {
	b.w.t.Helper()
	a := b.do(method, path, form...)
	if a.class() != class {
		b.w.t.Fatalf("%s %s: %s, want %s\n%.600s", method, path, a.class(), class, a.body)
	}
	return a
}

// secret names a value that must be found nowhere.
func (c *canaries) secret(name, value string) string { c.secrets[name] = value; return value }

// word names what somebody wrote.
func (c *canaries) word(name, value string) string { c.words[name] = value; return value }

// shown finds a secret that a page shows once.
func (c *canaries) shown(t *testing.T, name, pattern string, a answer) string {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(a.body)
	if m == nil {
		t.Fatalf("no %s on the page", name)
	}
	return c.secret(name, m[1])
}

// Secrets and words are driven through everything that can be done, and that can go wrong, and then looked for: in the
// log at its most talkative, in the numbers, in pages that refuse, in addresses, in the journal, in the bytes on disk.
func TestCanariesAreFoundNowhere(t *testing.T) {
	each(t, func(t *testing.T, cfg app.Config) {
		server, allowed := mailServer(t)
		cfg.AllowPrivate, cfg.OperatorToken, cfg.Data = allowed, "canary-operator-token", t.TempDir()
		w := &world{t: t}
		w.App = startTelling(t, cfg, w.logger())
		w.base = "http://" + w.Addr().String()
		c := &canaries{map[string]string{"operator's token": cfg.OperatorToken}, map[string]string{}}
		owner := c.signsUp(t, w)
		c.handsOutKeys(t, owner)
		c.connectsMail(t, owner, server)
		c.talks(t, owner)
		c.knocksWrongly(t, w)
		c.breaks(t, w, owner)
		numbers, _ := w.metrics(t)
		c.look(t, w, cfg.Data, numbers)
	})
}

// signsUp makes the first place by its link, and signs in every way that there is.
func (c *canaries) signsUp(t *testing.T, w *world) *browser {
	path, err := app.SetUpLink(t.Context(), w.Store)
	if err != nil {
		t.Fatal(err)
	}
	c.secret("code of set-up", strings.TrimPrefix(path, "/setup/"))
	b := c.browser(w)
	password, address := c.secret("password", "canari jaune au grenier"), c.word("address of the owner", "canari@lezinc.example")
	b.get("200", path)
	b.post("303", path, "place", "Le Zinc", "name", "Élie", "email", address, "password", password, "language", "fr", "timezone", "America/Montreal")
	b.post("out", "/sign-out")
	b = c.browser(w)
	b.post("422", "/sign-in", "email", address, "password", c.secret("wrong password", "canari bleu à la cave"))
	b.post("303", "/sign-in", "email", address, "password", password)
	next := c.secret("new password", "canari vert sous l’escalier")
	b.post("422", "/me/password", "old", c.secrets["wrong password"], "password", next)
	b.post("303", "/me/password", "old", password, "password", next)
	b.post("303", "/sign-in/again", "password", next)
	b.post("303", "/me/email", "email", c.word("new address of the owner", "serin@lezinc.example"))
	c.secondFactor(t, b, next)
	return b
}

func (c *canaries) secondFactor(t *testing.T, b *browser, password string) {
	setup := b.post("200", "/me/app")
	secret := c.shown(t, "secret of the app", `value="([A-Z2-7 ]{32,60})"`, setup)
	sealed := c.shown(t, "secret of the app, sealed", `name="sealed" value="([\w-]{40,})"`, setup)
	c.secret("secret of the app, plain", strings.ReplaceAll(secret, " ", ""))
	raw, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(strings.ReplaceAll(secret, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	recovery := b.post("200", "/me/app/confirm", "sealed", sealed, "code", codeOf(raw, time.Now().Add(-30*time.Second)))
	c.shown(t, "recovery code", `<li class="code">([a-z0-9-]{9,})</li>`, recovery)
	fresh := c.browser(b.w)
	fresh.post("sign", "/sign-in", "email", c.words["new address of the owner"], "password", password)
	fresh.post("422", "/sign-in/code", "code", "000000")
	fresh.post("303", "/sign-in/code", "code", codeOf(raw, time.Now()))
	b.jar = fresh.jar
}

// codeOf is what an app shows (RFC 6238).
func codeOf(secret []byte, at time.Time) string {
	m := hmac.New(sha1.New, secret)
	binary.Write(m, binary.BigEndian, at.Unix()/30)
	sum := m.Sum(nil)
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[sum[19]&15:])&0x7fffffff%1_000_000)
}

// handsOutKeys makes every link and key that somebody gives to somebody, and uses them.
func (c *canaries) handsOutKeys(t *testing.T, owner *browser) {
	invited := owner.post("200", "/p/le-zinc/settings/team/invite", "email", c.word("address of a colleague", "pinson@lezinc.example"), "role", "manager")
	code := c.shown(t, "code of an invitation", `/invite/([\w-]{43})`, invited)
	b := c.browser(owner.w)
	b.get("200", "/invite/"+code)
	b.post("422", "/invite/"+code, "name", "Tom", "password", c.secret("short password", "kanari1"))
	b.post("303", "/invite/"+code, "name", "Tom", "password", c.secret("password of a colleague", "pinson gris dans la haie"))
	b.post("410", "/invite/"+code, "name", "Tom", "password", c.secrets["password of a colleague"])
	tom := owner.w.rows("SELECT id FROM member WHERE email = 'pinson@lezinc.example'")[0]
	reset := c.shown(t, "code of a reset", `/reset/([\w-]{43})`, owner.post("200", "/p/le-zinc/settings/team/reset", "member", tom))
	c.browser(owner.w).post("303", "/reset/"+reset, "password", c.secret("password by a reset", "pinson noir sur le toit"))
	owner.w.write(func(ctx context.Context, tx db.Tx) error {
		enter, err := place.SignInLink(ctx, tx, tom)
		c.secret("code of a way in", enter)
		return err
	})
	c.browser(owner.w).post("303", "/enter/"+c.secrets["code of a way in"])
	token := c.shown(t, "token", `(cpt_[\w-]{48})`, owner.post("200", "/p/le-zinc/settings/tokens", "name", "caisse", "scope", "read"))
	owner.w.send(visitor{bearer: token, addr: owner.w.from()}, request{method: "GET", path: "/api/v1/conversations"}, false)
	owner.w.send(visitor{bearer: token, addr: owner.w.from()}, request{method: "POST", path: "/api/v1/labels", json: `{"name":"x"}`}, false)
	owner.w.send(visitor{addr: owner.w.from()}, request{method: "GET", path: "/api/v1/conversations", query: "token=" + token}, false)
}

// connectsMail connects a mailbox, with a wrong password and the right one, and has it receive.
func (c *canaries) connectsMail(t *testing.T, owner *browser, server *emailtest.Server) {
	e := server.Endpoint(barAddress, "")
	form := func(password string) []string {
		return []string{
			"address", e.Address, "imap.host", e.IMAP.Host, "imap.port", fmt.Sprint(e.IMAP.Port), "imap.security", string(e.IMAP.Security), "imap.user", e.IMAP.User,
			"smtp.host", e.SMTP.Host, "smtp.port", fmt.Sprint(e.SMTP.Port), "smtp.security", string(e.SMTP.Security), "imap_password", password,
		}
	}
	right := c.secret("password of the mailbox", "canari-de-la-boite")
	server.Add(barAddress, right)
	owner.post("422", "/p/le-zinc/settings/accounts/new/email/settings", form(c.secret("wrong password of the mailbox", "canari-d-ailleurs"))...)
	owner.post("303", "/p/le-zinc/settings/accounts/new/email/settings", form(right)...)
	letter := strings.Replace(string(letter("c1", c.word("subject", "Canaris du samedi"), c.word("words of a mail", "La volière est pleine"))), guestAddress, c.word("address of a stranger", "serine@exemple.test"), 1)
	if err := server.Deliver(barAddress, []byte(letter), time.Time{}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the mail arrives", func() bool {
		return len(owner.w.rows("SELECT id FROM message WHERE direction = 'in'")) == 1
	})
	// From now on the server refuses: the account needs a person, the answer that waits is held.
	server.Set(emailtest.Trouble{})
	server.Add(barAddress, "another")
	server.Disconnect()
}

// talks has a guest and the counter say everything that can be said.
func (c *canaries) talks(t *testing.T, owner *browser) {
	w := owner.w
	owner.post("303", "/p/le-zinc/tables/add", "count", "1")
	p, err := place.BySlug(t.Context(), w.DB, "le-zinc")
	if err != nil {
		t.Fatal(err)
	}
	w.here = &party{w: w, place: p}
	w.here.owner = place.System()
	code := c.secret("code of a table", w.Floor.Code(p, w.here.things(place.Member{}).atTable()))
	guest := c.browser(w)
	guest.get("200", "/t/"+code)
	guest.post("303", "/t/"+code, "kind", "hungry", "text", c.word("words of a guest", "Nous sommes douze serins"))
	guest.get("200", "/t/"+code+"/status")
	id := w.rows("SELECT id FROM conversation WHERE kind = 'house'")[0]
	at := "/p/le-zinc/inbox/c/" + id
	owner.get("200", at)
	owner.get("200", "/p/le-zinc/inbox?q="+url.QueryEscape(c.word("words of a search", "sansonnet")))
	owner.post("204", at+"/draft", "text", c.word("words of a draft", "Chers serins"))
	owner.post("303", at+"/note", "text", c.word("words of a note", "Les serins de la table 7"))
	owner.post("303", at+"/reply", "text", c.word("words of an answer", "La cage est ouverte"))
	owner.post("303", at+"/floor", "note", c.word("words for the floor", "Du millet, vite"))
	mail := w.rows("SELECT id FROM conversation WHERE kind = 'email'")[0]
	owner.post("303", "/p/le-zinc/inbox/c/"+mail+"/reply", "text", c.word("words of a mail that cannot leave", "Le perchoir est réservé"))
}

// knocksWrongly sends secrets to where they do not belong.
func (c *canaries) knocksWrongly(t *testing.T, w *world) {
	odd := c.secret("secret in an address", "canari-dans-l-adresse")
	for _, path := range []string{"/" + odd, "/t/" + odd, "/p/" + odd + "/inbox", "/reset/" + odd, "/p/le-zinc/inbox/c/" + odd, "/static/" + odd, "/api/v1/conversations/" + odd} {
		w.send(visitor{addr: w.from(), cookie: odd, guest: odd}, request{method: "GET", path: path, query: "q=" + odd}, false)
		w.send(visitor{addr: w.from(), bearer: odd}, request{method: "POST", path: path, form: url.Values{odd: {odd}}, header: http.Header{"Origin": {"https://" + odd + ".example"}, "Sec-Fetch-Site": {"cross-site"}}}, false)
	}
	w.send(visitor{addr: w.from()}, request{method: "GET", path: "/metrics", header: http.Header{"Authorization": {"Bearer " + odd}}}, false)
}

// breaks takes tables away, so that everything fails in the middle, and does it all again.
func (c *canaries) breaks(t *testing.T, w *world, owner *browser) {
	signed := visitor{cookie: owner.jar["comptoir"]}
	for _, table := range []string{"conversation", "floor_table", "signin_failure", "account", "session"} {
		w.without(table, func() {
			w.knockOnEverything(t, signed, func(r row, a answer) {
				for name, secret := range c.secrets {
					if a.status >= 400 && strings.Contains(a.body, secret) && !strings.HasPrefix(name, "code") {
						t.Errorf("%s answers %d with %s", r.name(), a.status, name)
					}
				}
			})
		})
	}
}

// look searches everything that the program wrote.
func (c *canaries) look(t *testing.T, w *world, data, numbers string) {
	t.Helper()
	log := w.log.String()
	journal := strings.Join(w.rows("SELECT * FROM journal"), "\n")
	jobs := strings.Join(w.rows("SELECT args, kind FROM river_job"), "\n")
	rows := strings.Builder{}
	for _, table := range w.tables() {
		rows.WriteString(strings.Join(w.rows("SELECT * FROM "+table), "\n"))
	}
	places := map[string]string{"the log": log, "the numbers": numbers, "the journal": journal, "the jobs": jobs, "the database": rows.String()}
	maps.Copy(places, onDisk(t, data))
	if len(log) < 10_000 || len(journal) < 1000 || len(c.secrets) < 25 || len(c.words) < 12 {
		t.Fatalf("too little to look through: %d and %d bytes, %d secrets, %d words", len(log), len(journal), len(c.secrets), len(c.words))
	}
	for where, text := range places {
		for name, secret := range c.secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s is in %s: …%.120s…", name, where, around(text, secret))
			}
		}
	}
	for _, where := range []string{"the log", "the numbers", "the journal", "the jobs"} {
		for name, word := range c.words {
			if strings.Contains(places[where], word) {
				t.Errorf("%s: in %s: …%.200s…", name, where, around(places[where], word))
			}
		}
	}
}

func around(text, word string) string {
	i := strings.Index(text, word)
	return text[max(0, i-60):min(len(text), i+60)]
}

// onDisk is every file of the data folder but the key, which nothing else may hold either.
func onDisk(t *testing.T, data string) map[string]string {
	t.Helper()
	all := map[string]string{}
	key, err := os.ReadFile(filepath.Join(data, "comptoir.key"))
	if err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(data, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "comptoir.key" {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, bytes.TrimSpace(key)) {
			t.Errorf("%s holds the key", path)
		}
		all["the file "+d.Name()] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// knockOnEverything sends every row of doors.txt once, as it is, with whatever ids.
func (w *world) knockOnEverything(t *testing.T, v visitor, look func(r row, a answer)) {
	t.Helper()
	for _, r := range doors(t, w.Routes()) {
		if r.pattern == "/sign-out" || strings.HasPrefix(r.pattern, "/me/sessions/end") {
			continue // what follows is to be asked by somebody signed in
		}
		v.addr = w.from()
		q := r.request(func(thing string) string {
			if thing == "place" {
				return "le-zinc"
			}
			return db.NewID()
		})
		look(r, w.send(v, q, r.route.Stream))
	}
}
