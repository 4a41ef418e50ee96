package crash

import (
	"fmt"
	"html"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"comptoir/internal/network/email/emailtest"
	"comptoir/internal/place"
)

// desk is a house whose program runs, with a member at the counter.
type desk struct {
	*crowd
	t *testing.T
	s *server
}

func sit(t *testing.T, database string) *desk {
	t.Helper()
	h := settle(t, database, 1)
	d := &desk{t: t, s: h.start(t)}
	d.crowd = newCrowd(h, h.signIn(t))
	return d
}

// reads tells whether the page at path is there and holds words.
func (d *desk) page(path string) (status int, body string) {
	d.t.Helper()
	resp, err := d.client.Get("http://" + d.h.addr + path)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		d.t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// account is how the mailbox is doing, as the store has it.
func (d *desk) account() (a place.Account) {
	d.t.Helper()
	s := d.h.open(d.t)
	defer s.Close()
	a, err := place.GetAccount(d.t.Context(), s.DB, d.h.place.ID, d.h.account.ID)
	if err != nil {
		d.t.Fatal(err)
	}
	return a
}

// stored counts the mails that arrived.
func (d *desk) stored() (n int) {
	d.t.Helper()
	s := d.h.open(d.t)
	defer s.Close()
	if err := s.DB.QueryRow(d.t.Context(), "SELECT count(*) FROM message WHERE account_id = $1 AND direction = 'in'", d.h.account.ID).Scan(&n); err != nil {
		d.t.Fatal(err)
	}
	return n
}

// arrives waits for the mail with a word, looking no oftener than a person does.
func (d *desk) arrives(word string) {
	d.t.Helper()
	eventually(d.t, "the mail "+word+" is at the counter", func() bool {
		time.Sleep(200 * time.Millisecond)
		return len(d.listed("&q="+word)) == 1
	})
}

// further is the address of the next page of a list.
var further = regexp.MustCompile(`href="(/p/le-zinc/inbox\?[^"]*after=[^"]*)"`)

// Other people's broken mails: each is stored once or counted as unreadable, its conversation opens, and the mail that
// comes after them all is read.
func TestBrokenMailsArriveAndTheirConversationsOpen(t *testing.T) {
	t.Parallel()
	root := os.Getenv("COMPTOIR_CORPORA")
	if root == "" {
		t.Skip("COMPTOIR_CORPORA is not set")
	}
	onBoth(t, func(t *testing.T, database string) {
		files, err := filepath.Glob(filepath.Join(root, "email-mime-enmime", "testdata", "*", "*"))
		if err != nil || len(files) < 100 {
			t.Fatalf("%d files, %v", len(files), err)
		}
		d := sit(t, database)
		for i, f := range files {
			raw, err := os.ReadFile(f)
			if err == nil { // many carry one name: they were made of one mail
				err = d.h.mail.Deliver(barAddress, append(fmt.Appendf(nil, "Message-ID: <corpus-%d-%d@exemple.test>\r\n", *seed, i), raw...), time.Time{})
			}
			if err != nil {
				t.Fatalf("%s: %v", f, err)
			}
		}
		d.arrives(d.write(0))
		a, n := d.account(), d.stored()-1
		if a.State != place.AccountOK || n+int(a.Skipped) != len(files) || n < len(files)*9/10 {
			t.Errorf("of %d mails %d are stored and %d unreadable; the account is %s", len(files), n, a.Skipped, a.State)
		}
		opened := map[string]bool{}
		for path := "/p/le-zinc/inbox?state=all"; path != ""; {
			_, list := d.page(path)
			for _, m := range conversation.FindAllStringSubmatch(list, -1) {
				if opened[m[1]] {
					continue // a row leads there more than once
				}
				if status, _ := d.page("/p/le-zinc/inbox/c/" + m[1]); status != http.StatusOK {
					t.Errorf("conversation %s: %d", m[1], status)
				}
				opened[m[1]] = true
			}
			next := further.FindStringSubmatch(list)
			if path = ""; next != nil {
				path = html.UnescapeString(next[1])
			}
		}
		t.Logf("%d files: %d stored, %d unreadable, %d conversations opened", len(files), n, a.Skipped, len(opened))
		if len(opened) < 40 {
			t.Error("few were opened")
		}
		d.s.end(t)
	})
}

// A mail of 60 MB is read by its texts; its file is told of and left on the server, and nobody behind it waits.
func TestAMailOf60MBArrivesAndHoldsUpNobody(t *testing.T) {
	t.Parallel()
	d := sit(t, "")
	word := d.mails.word()
	if err := d.h.mail.Deliver(barAddress, huge(word, 60<<20), time.Time{}); err != nil {
		t.Fatal(err)
	}
	d.mails.note(word, taken)
	behind := d.write(0)
	d.arrives(word)
	d.arrives(behind)
	if _, page := d.page("/p/le-zinc/inbox/c/" + d.listed("&q=" + word)[0]); !contains(page, "Bonjour, "+word, "menu.bin") {
		t.Error("the conversation does not show its words and its file")
	}
	t.Log(d.judge(t))
	d.s.end(t)
}

// The mailbox breaks off in the middle of a mail, again and again.
func TestAMailboxThatBreaksOffInMidLiteralLosesNothing(t *testing.T) {
	t.Parallel()
	d := sit(t, "")
	for _, n := range []int{50, 3000, 20_000} {
		d.h.mail.Set(emailtest.Trouble{CutFetch: n})
		for i := range 5 {
			d.write(3 * i)
		}
		eventually(t, "the trouble is known", func() bool { return d.account().State == place.AccountTrouble })
		d.h.mail.Set(emailtest.Trouble{})
		d.arrives(d.write(1))
	}
	t.Log(d.judge(t))
	d.s.end(t)
}

// A password that was changed elsewhere is tried once, by either half; then somebody is asked, and nothing is tried
// until they have seen to it, whatever is started again meanwhile.
func TestAWrongPasswordAsksAPersonAndIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	d := sit(t, "")
	d.arrives(d.write(0))
	d.h.mail.Set(emailtest.Trouble{WrongPassword: true})
	d.h.mail.Disconnect()
	before := d.h.mail.SignIns()
	lost := d.write(1)
	eventually(t, "somebody is asked", func() bool { return d.account().State == place.AccountPerson })
	d.answer(t.Context(), d.listed("")[0])
	time.Sleep(8 * time.Second) // longer than a lease takes to be renewed
	d.s.kill()
	d.s = d.h.start(t)
	time.Sleep(2 * time.Second)
	if n := d.h.mail.SignIns() - before; n != 1 {
		t.Errorf("it tried %d times", n)
	}
	if _, page := d.page("/p/le-zinc/settings/accounts"); !contains(page, barAddress, "attend quelqu’un", "refuse le mot de passe") {
		t.Errorf("nobody is told:\n%s", page)
	}
	d.h.mail.Set(emailtest.Trouble{})
	e := d.h.mail.Endpoint(barAddress, "")
	form := url.Values{"address": {barAddress}, "imap_password": {"s3cret"}}
	for half, s := range map[string]struct {
		host, security, user string
		port                 int
	}{"imap": {e.IMAP.Host, string(e.IMAP.Security), e.IMAP.User, e.IMAP.Port}, "smtp": {e.SMTP.Host, string(e.SMTP.Security), e.SMTP.User, e.SMTP.Port}} {
		form.Set(half+".host", s.host)
		form.Set(half+".port", strconv.Itoa(s.port))
		form.Set(half+".security", s.security)
		form.Set(half+".user", s.user)
	}
	if o := send(d.client, post(t.Context(), "http://"+d.h.addr+"/p/le-zinc/settings/accounts/new/email/settings", form)); o != taken {
		t.Fatalf("it is not connected again: %d", o)
	}
	d.arrives(lost)
	t.Log(d.judge(t)) // the answer that was held has left, too
	d.s.end(t)
}

// A server that is away, or says to wait, is asked ever more seldom.
func TestAServerThatIsAwayIsNotStormed(t *testing.T) {
	t.Parallel()
	for name, trouble := range map[string]emailtest.Trouble{
		"says to wait":       {Throttled: 2 * time.Minute},
		"breaks every mail":  {CutFetch: 10},
		"has no room at all": {Greylisted: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := sit(t, "")
			d.arrives(d.write(0))
			d.h.mail.Set(trouble)
			d.h.mail.Disconnect()
			before := d.h.mail.SignIns()
			d.write(1)
			d.answer(t.Context(), d.listed("")[0])
			time.Sleep(10 * time.Second)
			// Reading backs off 1, 2, 4 … seconds; an answer after a minute.
			if n := d.h.mail.SignIns() - before; n > 8 {
				t.Errorf("%d attempts in ten seconds", n)
			} else {
				t.Logf("%d attempts in ten seconds", n)
			}
			d.s.end(t)
		})
	}
}

func contains(page string, all ...string) bool {
	for _, s := range all {
		if !strings.Contains(page, s) {
			return false
		}
	}
	return true
}
