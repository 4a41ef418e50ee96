package app_test

import (
	"bytes"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"os"
	"strings"
	"testing"
	"time"

	"comptoir/internal/app"
	"comptoir/internal/browsertest"
	"comptoir/internal/network"
	"comptoir/internal/network/email"
	"comptoir/internal/network/email/realtest"
	"comptoir/internal/place"
)

func TestMain(m *testing.M) {
	code := m.Run()
	realtest.Stop()
	os.Exit(code)
}

// The whole way with other people's programs: a mail sent by SMTP is seen in a browser, answered there, and the answer
// lies in the other mailbox, in its thread.
func TestAMailOfARealServerIsAnsweredInTheBrowser(t *testing.T) {
	servers := realtest.Need(t)
	each(t, func(t *testing.T, cfg app.Config) {
		bar, guest := servers.Account(), servers.Account()
		where := servers.Endpoint(bar, email.Plain)
		cfg.AllowPrivate = []string{fmt.Sprintf("127.0.0.1:%d", where.IMAP.Port), fmt.Sprintf("127.0.0.1:%d", where.SMTP.Port)}
		h := open(t, cfg)
		if _, err := h.Networks.Connect(t.Context(), h.DB, h.Keys, h.owner, h.place.ID, place.NewAccount{
			Kind: email.Kind, Endpoint: where.String(), Credential: network.NewCredential(map[string]string{email.IMAPPassword: realtest.PasswordOf(bar)}),
		}); err != nil {
			t.Fatal(err)
		}
		sendMail(t, servers, guest, bar, "q1."+bar, "On est huit. Une table près du DJ?")

		desk := browsertest.New(t, browsertest.Desk)
		_, port, _ := net.SplitHostPort(h.Addr().String())
		desk.Goto("http://127.0.0.1:" + port + "/sign-in")
		desk.Fill("input[name=email]", "elie@zinc.example")
		desk.Fill("input[name=password]", "un mot de passe assez long")
		desk.Follow("main form button")
		eventually(t, "the mail arrives", func() bool { return len(h.list(t)) == 1 })
		desk.Reload()
		desk.WaitForText("#rangs .conv", "Une table près du DJ?")
		desk.Click("#rangs .conv")
		desk.WaitForText("#corps", "On est huit.")
		desk.Press("r")
		desk.Fill("textarea[name=text]", "Avec plaisir, à samedi!")
		desk.Press("Control+Enter")
		desk.WaitForText("#corps .msg--us", "Avec plaisir, à samedi!")

		var lying [][]byte
		eventually(t, "the answer lies in the other mailbox", func() bool {
			var err error
			if lying, err = servers.Lying(guest); err != nil {
				t.Fatal(err)
			}
			return len(lying) > 0
		})
		got, err := mail.ReadMessage(bytes.NewReader(lying[0]))
		if err != nil {
			t.Fatal(err)
		}
		if in := got.Header.Get("In-Reply-To"); len(lying) != 1 || in != "<q1."+bar+"@example.test>" || got.Header.Get("References") != in || !strings.HasPrefix(got.Header.Get("Subject"), "Re: ") {
			t.Errorf("%d mails lie there, the first with %v", len(lying), got.Header)
		}
	})
}

// sendMail has a guest send a mail with a mail program's own means.
func sendMail(t *testing.T, servers *realtest.Servers, from, to, id, words string) {
	t.Helper()
	body := fmt.Appendf(nil, "From: Maude Gervais <%s@example.test>\r\nTo: <%s@example.test>\r\nSubject: Samedi\r\nDate: %s\r\nMessage-ID: <%s@example.test>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n%s\r\n",
		from, to, time.Now().Format(time.RFC1123Z), id, words)
	if err := smtp.SendMail(fmt.Sprintf("127.0.0.1:%d", servers.SMTP), nil, from+"@example.test", []string{to + "@example.test"}, body); err != nil {
		t.Fatal(err)
	}
}
