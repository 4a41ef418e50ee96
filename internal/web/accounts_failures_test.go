package web_test

import (
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"comptoir/internal/browsertest"
	"comptoir/internal/network/email/emailtest"
	"comptoir/internal/place"
)

// A failure is a way in which connecting a mailbox fails, with what it tells a person to do.
type failure struct {
	name    string
	form    []string // what is typed otherwise than it should be
	trouble emailtest.Trouble
	reason  string // the fact
	advice  string // and what can be done
	begin   string // where its button leads
}

func failures(t *testing.T, server *emailtest.Server) []failure {
	port := strconv.Itoa
	tls, plain := server.EndpointTLS(mailAddress, ""), server.Endpoint(mailAddress, "")
	dead, ssh := port(deadPort(t)), port(saysOnly(t, "SSH-2.0-OpenSSH_9.2\r\n"))
	return []failure{
		{"wrong password", []string{"imap_password", "faux"}, emailtest.Trouble{}, "127.0.0.1 refuse le mot de passe de " + mailAddress, "mot de passe d’application", "#ip"},
		{"wrong password for sending", []string{"smtp_password", "faux"}, emailtest.Trouble{}, "Le serveur d’envoi 127.0.0.1 refuse le mot de passe", "mot de passe d’application", "#sp"},
		{"no such server", []string{"imap.host", "imap.lezinc.invalid", "imap.port", "993", "imap.security", "tls"}, emailtest.Trouble{}, "ne peut pas atteindre imap.lezinc.invalid:993", "Vérifiez l’orthographe", "#imap-h"},
		{"a private address", []string{"imap.host", "192.168.1.1", "imap.port", "993", "imap.security", "tls"}, emailtest.Trouble{}, "ne peut pas atteindre 192.168.1.1:993", "--allow-private 192.168.1.1:993", "#imap-h"},
		{"a port that is not of mail", []string{"smtp.host", "smtp.lezinc.example", "smtp.port", "8000", "smtp.security", "tls"}, emailtest.Trouble{}, "ne peut pas atteindre smtp.lezinc.example:8000", "465 ou 587", "#smtp-h"},
		{"nobody on the port", []string{"imap.port", dead}, emailtest.Trouble{}, "Personne n’a répondu à 127.0.0.1:" + dead, "Vérifiez le nom et le port", "#imap-h"},
		{"nobody on the port for sending", []string{"smtp.port", dead}, emailtest.Trouble{}, "Personne n’a répondu à 127.0.0.1:" + dead, "Vérifiez le nom et le port", "#smtp-h"},
		{"a certificate that nobody vouches for", []string{"imap.port", port(tls.IMAP.Port), "imap.security", "tls"}, emailtest.Trouble{}, "La liaison protégée avec 127.0.0.1:", "celui du certificat", "#imap-h"},
		{"TLS where the server begins in clear", []string{"smtp.security", "tls"}, emailtest.Trouble{}, "La liaison protégée avec 127.0.0.1:", "587 avec STARTTLS", "#smtp-h"},
		{"STARTTLS that is not offered", []string{"imap.port", port(saysOnly(t, "* OK ready\r\nc0 BAD what?\r\n")), "imap.security", "starttls"}, emailtest.Trouble{}, "n’offre pas STARTTLS", "143 et 587 avec STARTTLS", "#imap-h"},
		{"no way in with a password", []string{"imap.port", port(saysOnly(t, "* OK [CAPABILITY IMAP4rev1 LOGINDISABLED] ready\r\n"))}, emailtest.Trouble{}, "ne laisse pas entrer avec un mot de passe", "Le port et la liaison vont ensemble", "#imap-h"},
		{"no mail server at all", []string{"imap.port", ssh}, emailtest.Trouble{}, "pas comme il faut : IMAP pour recevoir", "Vérifiez le nom et le port", "#imap-h"},
		{"the sending server to receive from", []string{"imap.port", port(plain.SMTP.Port)}, emailtest.Trouble{}, "pas comme il faut : IMAP pour recevoir", "Vérifiez le nom et le port", "#imap-h"},
		{"the receiving server to send by", []string{"smtp.port", port(plain.IMAP.Port)}, emailtest.Trouble{}, "pas comme il faut : IMAP pour recevoir", "Vérifiez le nom et le port", "#smtp-h"},
		{"a server that had enough", nil, emailtest.Trouble{Throttled: 20 * time.Minute}, "demande de réessayer plus tard", "attendez 20", "#imap-h"},
	}
}

// saysOnly listens on a port where everybody is told the same.
func saysOnly(t *testing.T, words string) (port int) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for c, err := l.Accept(); err == nil; c, err = l.Accept() {
			c.Write([]byte(words))
			t.Cleanup(func() { c.Close() })
		}
	}()
	return l.Addr().(*net.TCPAddr).Port
}

// Each failure says what happened, where, and what somebody can do; nothing that was typed is lost but the passwords.
func TestEveryWayThatConnectingFailsSaysWhatToDo(t *testing.T) {
	h, server, _ := mailHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	for _, c := range failures(t, server) {
		t.Run(c.name, func(t *testing.T) {
			server.Set(c.trouble)
			form := mailForm(server.Endpoint(mailAddress, ""), mailPassword, c.form...)
			p := b.Post(mailPath+"/settings", form...).Want(422)
			said := strings.ReplaceAll(p.Text("#resultat"), "\u00a0", " ")
			if !strings.Contains(said, c.reason) || !strings.Contains(said, c.advice) || !strings.Contains(said, "Retapez le mot de passe") {
				t.Errorf("it says %q", said)
			}
			if !p.Has("#resultat[autofocus]") || p.Attr("#resultat a.btn", "href") != c.begin || !p.Has(c.begin) || !strings.HasPrefix(p.Text("title"), p.Text("h2")) {
				t.Errorf("%q begins at %q", p.Text("title"), p.Attr("#resultat a.btn", "href"))
			}
			for i := 0; i < len(form); i += 2 {
				if field := p.Attr("[name="+form[i]+"]", "value"); field != form[i+1] && !strings.Contains(form[i], "password") && !strings.Contains(form[i], "security") {
					t.Errorf("%s was %q, is %q", form[i], form[i+1], field)
				}
			}
			if p.Attr("#ip", "value") != "" || p.Attr("#sp", "value") != "" || len(mailAccounts(t, h)) != 0 {
				t.Error("a password came back, or something was stored")
			}
		})
	}
}

// What it looks like, and where the focus is: on what happened, then on what is to be corrected.
func TestAFailedConnectionIsReadAndCorrectedOnAScreen(t *testing.T) {
	for name, v := range map[string]browsertest.View{
		"1440_matin": browsertest.Desk, "390_matin": browsertest.Phone, "1440_soir": browsertest.Desk.Evening(), "390_en": browsertest.Phone.Evening(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, server, _ := mailHouse(t, "127.0.0.1:*")
			if strings.HasSuffix(name, "en") {
				h.As(h.Owner).Post("/me", "name", h.Owner.Name, "language", "en-CA", "keys", "on").Want(303)
			}
			p := signedIn(t, h, v, "/sign-in", h.Owner)
			p.Allow("status of 422")
			for _, c := range failures(t, server)[:4] { // the others differ by their words
				server.Set(c.trouble)
				p.Goto(h.URL + mailPath + "/settings?address=" + mailAddress)
				p.Eval(`() => document.querySelector("#courriel details").open = true`)
				p.Fill("#ip", mailPassword)
				for i := 0; i < len(c.form); i += 2 {
					if strings.HasSuffix(c.form[i], "security") {
						p.Choose("[name='"+c.form[i]+"']", c.form[i+1])
					} else {
						p.Fill("[name='"+c.form[i]+"']", c.form[i+1])
					}
				}
				p.Follow("#courriel button.btn--lit")
				p.WaitFor("#resultat:focus")
				p.Fits()
				if c.begin == "#sp" { // the page that holds the most
					p.Axe()
				}
				p.Whole("branchement-" + strings.ReplaceAll(c.name, " ", "-") + "_" + name)
				p.Click("#resultat a.btn")
				p.WaitFor(c.begin + ":focus")
			}
			server.Set(emailtest.Trouble{})
			p.Goto(h.URL + mailPath + "/settings?address=" + mailAddress)
			for field, words := range map[string]string{"#ip": mailPassword, "#smtp-p": "99999", "#iu": "  "} {
				p.Fill(field, words)
			}
			p.Follow("#courriel button.btn--lit")
			p.WaitFor("#smtp-p:focus") // the first that is wrong
			p.Whole("branchement-champs_" + name)
		})
	}
}

// One address is one mailbox, however it is typed: it is connected anew, never read twice.
func TestAMailboxThatIsConnectedAlreadyIsSaidToBe(t *testing.T) {
	h, server, _ := mailHouse(t, "127.0.0.1:*")
	b := h.As(h.Owner)
	e := server.Endpoint(mailAddress, "")
	b.Post(mailPath+"/settings", mailForm(e, mailPassword)...).Want(303)
	p := b.Get(mailPath + "/settings?address=Bonjour@LeZinc.example").Want(200)
	if !strings.Contains(p.Text("main"), mailAddress+" est déjà branché") || p.Attr("#imap-p", "value") != strconv.Itoa(e.IMAP.Port) || !p.Has("#ip[autofocus]") {
		t.Errorf("%s", p.Text("main"))
	}
	e.Address = "Bonjour@LeZinc.example"
	b.Post(mailPath+"/settings", mailForm(e, mailPassword)...).Want(303)
	if all := mailAccounts(t, h); len(all) != 1 || all[0].Handle != mailAddress || all[0].State != place.AccountOK {
		t.Errorf("%+v", all)
	}
	b.Post(accountsPath + "/" + mailAccounts(t, h)[0].ID + "/disconnect").Want(303)
	if p := b.Get(mailPath + "/settings?address=" + mailAddress).Want(200); strings.Contains(p.Text("main"), "déjà branché") {
		t.Error("it was disconnected")
	}
}
